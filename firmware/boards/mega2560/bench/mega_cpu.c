#include "mega_cpu.h"

#include <string.h>

#include <simavr/sim_core.h>

#include "mega_host.h"

#define ENTRY_CYCLES 5u /* interrupt response of processors whose program counter has 3 bytes; again after sleep */
#define RETI_CYCLES 5u
#define LONGEST_STEP 4u
#define TRAPS 8
#define OP_SLEEP 0x9588u
#define OP_HANG 0xCFFFu /* rjmp to itself */
#define GARBAGE 0xA5u
#define NESTED 16

typedef struct {
    uint32_t address;
    uint16_t opcode;
    void (*call)(void);
} trap_point;

avr_t *mega_avr;
static void (*call_after_reset)(void);
static trap_point traps[TRAPS];
static int trap_count;
static uint64_t run_until, slept;
static bool is_stopped, is_running, was_asleep;
static uint32_t watchdog_resets;

static struct {
    uint64_t count, cycles;
    uint32_t longest;
} vectors[MEGA_VECTORS];
static struct {
    uint8_t vector;
    uint64_t since;
} nested[NESTED];
static int depth;

/* The watchdog of simavr resets by putting a function in the place of this one. */
static void run_nothing(avr_t *avr)
{
    (void)avr;
}

static uint16_t opcode_at(uint32_t address)
{
    return (uint16_t)(mega_avr->flash[address] | mega_avr->flash[address + 1] << 8);
}

static void put_opcode(uint32_t address, uint16_t opcode)
{
    mega_avr->flash[address] = (uint8_t)opcode;
    mega_avr->flash[address + 1] = (uint8_t)(opcode >> 8);
}

/* ---------------------------------------------------------------- events */

void mega_cpu_at(uint64_t cycle, avr_cycle_timer_t event, void *context)
{
    avr_cycle_timer_register(mega_avr, cycle - mega_avr->cycle, event, context);
}

void mega_cpu_stop(void)
{
    is_stopped = true;
}

static avr_cycle_count_t stop_now(avr_t *avr, avr_cycle_count_t when, void *context)
{
    (void)avr, (void)when, (void)context;
    is_stopped = true;
    return 0;
}

/* ---------------------------------------------------------------- resets */

static void after_reset(void)
{
    mega_avr->run_cycle_limit = 1u << 30;
    mega_avr->run_cycle_count = 1;
    depth = 0;
    was_asleep = false;
    for (uint8_t i = 0; i < 8; i++)
        mega_avr->sreg[i] = 0;
    call_after_reset();
    if (is_running)
        mega_cpu_at(run_until, stop_now, NULL);
}

void mega_cpu_power_on(void)
{
    memset(mega_avr->data, GARBAGE, (size_t)mega_avr->ramend + 1);
    mega_avr->run = run_nothing;
    avr_reset(mega_avr);
    avr_regbit_set(mega_avr, mega_avr->reset_flags.porf);
    memset(vectors, 0, sizeof vectors);
    slept = 0;
    watchdog_resets = 0;
    after_reset();
}

static void look_at_watchdog(void)
{
    if (mega_avr->run == run_nothing)
        return;
    mega_avr->run(mega_avr);
    mega_avr->run = run_nothing;
    watchdog_resets++;
    after_reset();
}

/* ---------------------------------------------------------------- traps */

void mega_cpu_forget_traps(void)
{
    trap_count = 0;
}

void mega_cpu_trap(uint32_t address, void (*call)(void))
{
    if (trap_count == TRAPS)
        return;
    traps[trap_count++] = (trap_point){address, opcode_at(address), call};
    put_opcode(address, OP_SLEEP);
}

/* A trap is a SLEEP in the place of an instruction. After one, simavr always returns from its decoder. */
static uint32_t take_trap(uint32_t next)
{
    for (int i = 0; i < trap_count; i++) {
        if (traps[i].address != mega_avr->pc)
            continue;
        mega_avr->state = cpu_Running;
        mega_avr->cycle--;
        traps[i].call();
        put_opcode(traps[i].address, traps[i].opcode);
        mega_avr->run_cycle_count = 0;
        next = avr_run_one(mega_avr);
        put_opcode(traps[i].address, OP_SLEEP);
        break;
    }
    return next;
}

/* ---------------------------------------------------------------- interrupts */

/* simavr raises this when a handler begins, before it counts it as running, and at `reti`, after. */
static void handler_changed(avr_irq_t *irq, uint32_t value, void *context)
{
    (void)irq, (void)context;
    if (mega_avr->interrupts.running_ptr == depth) {
        if (depth < NESTED) {
            nested[depth].vector = (uint8_t)value;
            nested[depth].since = mega_avr->cycle;
        }
        depth++;
    } else if (depth > 0 && --depth < NESTED && nested[depth].vector < MEGA_VECTORS) {
        uint64_t took = mega_avr->cycle + RETI_CYCLES - nested[depth].since;
        uint8_t vector = nested[depth].vector;
        vectors[vector].count++;
        vectors[vector].cycles += took;
        if (took > vectors[vector].longest)
            vectors[vector].longest = (uint32_t)took;
    }
}

/* In steps as long as an instruction at most: simavr forgets a comparison with 0 when it looks at an overflow more than
 * one count too late. */
static void pass_cycles(uint8_t cycles)
{
    while (cycles) {
        const uint8_t step = cycles < LONGEST_STEP ? cycles : LONGEST_STEP;
        mega_avr->cycle += step;
        cycles = (uint8_t)(cycles - step);
        avr_cycle_timer_process(mega_avr);
    }
}

static void serve_interrupts(void)
{
    const uint8_t running = mega_avr->interrupts.running_ptr;
    /* once more when it has just counted the instruction after `sei` or `reti`, and for each interrupt that is masked */
    do
        avr_service_interrupts(mega_avr);
    while (mega_avr->interrupt_state > 0 && mega_avr->interrupts.running_ptr == running);
    if (mega_avr->interrupts.running_ptr == running)
        return;
    pass_cycles(was_asleep ? 2 * ENTRY_CYCLES : ENTRY_CYCLES);
    was_asleep = false;
}

/* ---------------------------------------------------------------- running */

static void run_some(void)
{
    uint32_t next = avr_run_one(mega_avr);
    if (opcode_at(mega_avr->pc) == OP_SLEEP)
        next = take_trap(next);
    mega_avr->pc = next;
    was_asleep = mega_avr->state == cpu_Sleeping;
    avr_cycle_timer_process(mega_avr);
}

/* Asleep, or crashed: nothing but timers. */
static void pass_time(void)
{
    const uint64_t gap = avr_cycle_timer_process(mega_avr);
    if (mega_avr->state == cpu_Running || is_stopped)
        return;
    mega_avr->cycle += gap;
    slept += gap;
    avr_cycle_timer_process(mega_avr);
}

void mega_cpu_run(uint64_t cycle)
{
    if (mega_avr->cycle >= cycle)
        return;
    run_until = cycle;
    is_stopped = false;
    is_running = true;
    mega_cpu_at(cycle, stop_now, NULL);
    while (!is_stopped) {
        if (mega_avr->state == cpu_Running)
            run_some();
        else
            pass_time();
        look_at_watchdog();
        if (mega_avr->interrupt_state)
            serve_interrupts();
    }
    is_running = false;
}

/* ---------------------------------------------------------------- the program's accesses */

uint64_t mega_cpu_write_cycle(void)
{
    const bool is_out = (opcode_at(mega_avr->pc) & 0xF800u) == 0xB800u;
    return mega_avr->cycle + (is_out ? 1 : 2);
}

uint8_t mega_cpu_sbi_mask(void)
{
    const uint16_t opcode = opcode_at(mega_avr->pc);
    return (opcode & 0xFF00u) == 0x9A00u ? (uint8_t)(1u << (opcode & 7u)) : 0;
}

void mega_cpu_hook_write(uint16_t address, avr_io_write_t call, void *context, mega_write *before)
{
    const uint16_t io = AVR_DATA_TO_IO(address);
    if (before)
        *before = (mega_write){mega_avr->io[io].w.c, mega_avr->io[io].w.param};
    mega_avr->io[io].w.c = call;
    mega_avr->io[io].w.param = context;
}

void *mega_cpu_module(const char *kind, char name)
{
    for (avr_io_t *io = mega_avr->io_port; io; io = io->next)
        if (!strcmp(io->kind, kind) && *((const char *)io + sizeof *io) == name)
            return io;
    return NULL;
}

void mega_cpu_create(void (*call)(void))
{
    call_after_reset = call;
    mega_avr = avr_make_mcu_by_name("atmega2560");
    if (!mega_avr)
        return;
    avr_init(mega_avr);
    mega_avr->frequency = MEGA_HZ;
    mega_avr->log = LOG_ERROR;
    mega_avr->run = run_nothing;
    avr_irq_register_notify(avr_get_interrupt_irq(mega_avr, AVR_INT_ANY) + AVR_INT_IRQ_RUNNING, handler_changed, NULL);
}

/* ---------------------------------------------------------------- looking in (mega_host.h) */

uint32_t mega_program_counter(void)
{
    return mega_avr->pc;
}

uint64_t mega_cycles(void)
{
    return mega_avr ? mega_avr->cycle : 0;
}

uint64_t mega_sleep_cycles(void)
{
    return slept;
}

uint32_t mega_watchdog_resets(void)
{
    return watchdog_resets;
}

int mega_crashed(void)
{
    return mega_avr && mega_avr->state != cpu_Running && mega_avr->state != cpu_Sleeping;
}

void mega_interrupt_cycles(int vector, uint64_t *count, uint64_t *cycles, uint32_t *longest)
{
    const bool known = vector >= 0 && vector < MEGA_VECTORS;
    *count = known ? vectors[vector].count : 0;
    *cycles = known ? vectors[vector].cycles : 0;
    *longest = known ? vectors[vector].longest : 0;
}

void mega_forget_interrupt_cycles(void)
{
    memset(vectors, 0, sizeof vectors);
}

void mega_set_hang(void)
{
    const uint32_t address = mega_avr->flashend - 3;
    put_opcode(address, OP_HANG);
    avr_sreg_set(mega_avr, S_I, 0);
    mega_avr->state = cpu_Running;
    mega_avr->pc = address;
}
