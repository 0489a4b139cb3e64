/*
 * The controller as host.h wants a board: simavr runs its program, pins and lines lead to the plant. See mega_host.h.
 */
#include "mega_host.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host.h"
#include "mega_cpu.h"
#include "mega_elf.h"
#include "mega_hx711.h"
#include "mega_outputs.h"
#include "mega_ports.h"
#include "mega_pulses.h"
#include "mega_servos.h"
#include "mega_timers.h"
#include "mega_uart.h"
#include "plant.h"

/* The AVR aligns nothing, so this is the layout of the program's memory. */
#pragma pack(push, 1)
#include "stepper.h"
#pragma pack(pop)

#define MS_CYCLES (MEGA_HZ / 1000u)
#define SLICES_KEPT 64u
#define MEMORY_MASK 0xFFFFu
#define PATH_SIZE 4096
#define UNTOUCHED 0xA5u /* what memory holds at power-on */

typedef struct {
    uint64_t begins; /* cycle */
    int32_t v0, v1;
} slice_record;

static char program_path[PATH_SIZE], error[PATH_SIZE + 64];
static mega_elf program;
static bool has_program;
static uint64_t now_ns, anchor_ns, anchor_cycle, heartbeat_ns;
static bool return_on_bytes;
static slice_record slices[PLANT_AXES][SLICES_KEPT];
static uint8_t slices_at[PLANT_AXES];

/* ---------------------------------------------------------------- time */

uint64_t mega_ns_of(uint64_t cycle)
{
    const uint64_t since = cycle - anchor_cycle;
    return anchor_ns + since / 2 * 125 + (since & 1 ? 62 : 0);
}

static uint64_t cycle_of(uint64_t ns)
{
    const uint64_t since = ns - anchor_ns;
    return anchor_cycle + since / 125 * 2 + since % 125 * 2 / 125;
}

static avr_cycle_count_t every_millisecond(avr_t *avr, avr_cycle_count_t when, void *context)
{
    (void)avr, (void)context;
    plant_advance(mega_ns_of(when));
    mega_servos_rest(when);
    mega_inputs_refresh();
    return when + MS_CYCLES;
}

/* ---------------------------------------------------------------- what the program tells (board.h) */

static uint32_t argument(uint8_t first_register)
{
    const uint8_t *r = &mega_avr->data[first_register];
    return (uint32_t)r[0] | (uint32_t)r[1] << 8 | (uint32_t)r[2] << 16 | (uint32_t)r[3] << 24;
}

/* board_slice_planned(uint8_t axis, uint32_t start_tick, int32_t speed) */
static void slice_planned(void)
{
    const uint8_t axis = mega_avr->data[24];
    if (axis >= PLANT_AXES)
        return;
    const int32_t before = slices[axis][slices_at[axis]].v1;
    slices_at[axis] = (uint8_t)((slices_at[axis] + 1u) % SLICES_KEPT);
    slices[axis][slices_at[axis]] = (slice_record){mega_tick_cycle(argument(20)), before, (int32_t)argument(16)};
}

static void heartbeat_accepted(void)
{
    heartbeat_ns = mega_ns_of(mega_avr->cycle);
}

/* ---------------------------------------------------------------- program */

static const char *path_of_program(void)
{
    if (program_path[0])
        return program_path;
    const char *given = getenv("BEE_MEGA2560_ELF");
    return given && given[0] ? given : MEGA_ELF;
}

static void load_program(void)
{
    uint32_t address;
    has_program = false;
    mega_cpu_forget_traps();
    mega_elf_close(&program);
    memset(mega_avr->flash, 0xFF, (size_t)mega_avr->flashend + 1);
    if (!mega_elf_open(&program, path_of_program(), error, sizeof error))
        return;
    mega_avr->codeend = mega_elf_flash(&program, mega_avr->flash, mega_avr->flashend + 1);
    if (!mega_avr->codeend) {
        snprintf(error, sizeof error, "%s: does not fit into the flash", path_of_program());
        return;
    }
    if (mega_elf_symbol(&program, "board_slice_planned", &address))
        mega_cpu_trap(address, slice_planned);
    if (mega_elf_symbol(&program, "safety_heartbeat", &address))
        mega_cpu_trap(address, heartbeat_accepted);
    error[0] = '\0';
    has_program = true;
}

int host_load_program(const char *elf_path)
{
    mega_elf elf;
    if (!mega_elf_open(&elf, elf_path, error, sizeof error))
        return -1;
    mega_elf_close(&elf);
    snprintf(program_path, sizeof program_path, "%s", elf_path);
    return 0;
}

const char *mega_error(void)
{
    return error;
}

int32_t mega_symbol(const char *name)
{
    uint32_t address;
    return has_program && mega_elf_symbol(&program, name, &address) ? (int32_t)address : -1;
}

int mega_read_memory(uint32_t address, uint8_t *bytes, uint32_t length)
{
    address &= MEMORY_MASK;
    if (!mega_avr || address > mega_avr->ramend || length > mega_avr->ramend + 1u - address)
        return -1;
    memcpy(bytes, mega_avr->data + address, length);
    return 0;
}

uint32_t mega_stack_low_water(void)
{
    const int32_t end = mega_symbol("_end");
    if (end < 0)
        return 0;
    uint32_t address = (uint32_t)end & MEMORY_MASK;
    uint32_t free_bytes = 0;
    while (address + free_bytes <= mega_avr->ramend && mega_avr->data[address + free_bytes] == UNTOUCHED)
        free_bytes++;
    return free_bytes;
}

/* ---------------------------------------------------------------- host.h */

static void after_reset(void)
{
    mega_timers_after_reset();
    mega_uart_after_reset();
    mega_ports_after_reset();
    mega_servos_refresh(mega_avr->cycle);
    mega_outputs_refresh();
    mega_hx711_after_reset();
    mega_cpu_at(mega_avr->cycle + MS_CYCLES, every_millisecond, NULL);
}

static bool create(void)
{
    if (mega_avr)
        return true;
    mega_cpu_create(after_reset);
    if (!mega_avr) {
        snprintf(error, sizeof error, "this simavr does not know the ATmega2560");
        return false;
    }
    mega_timers_create();
    mega_uart_create();
    mega_ports_create();
    mega_servos_create();
    mega_outputs_create();
    return true;
}

void host_power_on(uint64_t at_ns)
{
    now_ns = anchor_ns = at_ns;
    heartbeat_ns = 0;
    memset(slices, 0, sizeof slices);
    if (create())
        load_program();
    if (!has_program) {
        fprintf(stderr, "%s\n", error);
        return;
    }
    anchor_cycle = mega_avr->cycle;
    plant_advance(now_ns);
    mega_pulses_power_on();
    mega_servos_power_on();
    mega_uart_power_on();
    mega_hx711_power_on();
    mega_cpu_power_on();
    mega_outputs_power_on();
    mega_inputs_refresh();
}

uint64_t host_advance(uint64_t until_ns)
{
    if (!has_program) {
        now_ns = until_ns > now_ns ? until_ns : now_ns;
        plant_advance(now_ns);
        return now_ns;
    }
    mega_inputs_refresh();
    if (return_on_bytes && mega_uart_worth_reading())
        return now_ns;
    mega_uart_stop_when_worth_reading(return_on_bytes);
    const uint64_t until = cycle_of(until_ns);
    mega_cpu_run(until);
    const uint64_t reached_ns = mega_avr->cycle < until ? mega_ns_of(mega_avr->cycle) : until_ns;
    if (reached_ns > now_ns)
        now_ns = reached_ns < until_ns ? reached_ns : until_ns;
    return now_ns;
}

void host_return_on_bytes(int on)
{
    return_on_bytes = on != 0;
}

void host_uart_baud(uint32_t baud)
{
    mega_uart_line_baud(baud);
}

uint32_t host_uart_write(const uint8_t *bytes, uint32_t length)
{
    return has_program ? mega_uart_to_board(bytes, length, mega_avr->cycle) : 0;
}

uint32_t host_uart_read(uint8_t *bytes, uint32_t capacity)
{
    return mega_uart_from_board(bytes, capacity);
}

/* This board stops for every packet (HOST_RETURN_UNLESS_TELEMETRY is as HOST_RETURN_ON_ANY), so that it is read in time. */
uint32_t host_uart_read_portion(uint8_t *bytes, uint32_t capacity, uint64_t *at_ns)
{
    const uint32_t count = mega_uart_from_board(bytes, capacity);
    if (count)
        *at_ns = now_ns;
    return count;
}

void host_axis_profile(int axis, double *speed_steps_s, double *acceleration_steps_s2)
{
    const double one = 262144.0, slice_s = 0.002, slice_cycles = slice_s * MEGA_HZ;
    *speed_steps_s = *acceleration_steps_s2 = 0.0;
    for (uint8_t back = 0; has_program && back < SLICES_KEPT; back++) {
        const slice_record *s = &slices[axis][(uint8_t)(slices_at[axis] - back) % SLICES_KEPT];
        if (!s->begins || mega_avr->cycle < s->begins)
            continue;
        const double part = (double)(mega_avr->cycle - s->begins) / slice_cycles;
        const double change = (double)s->v1 - (double)s->v0;
        *speed_steps_s = (part < 1.0 ? (double)s->v0 + change * part : (double)s->v1) / one / slice_s;
        *acceleration_steps_s2 = part < 1.0 ? change / one / (slice_s * slice_s) : 0.0;
        return;
    }
}

int32_t host_axis_pulses(int axis)
{
    return mega_pulses(axis);
}

int32_t host_axis_steps(int axis)
{
    const int32_t address = mega_symbol("steppers");
    stepper s;
    if (address < 0 ||
        mega_read_memory((uint32_t)address + (uint32_t)axis * (uint32_t)sizeof s, (uint8_t *)&s, sizeof s))
        return 0;
    return s.ends_at - s.direction * s.left;
}

uint64_t host_last_heartbeat_ns(void)
{
    return heartbeat_ns;
}
