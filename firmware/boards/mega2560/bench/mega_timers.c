#include "mega_timers.h"

#include <stddef.h>

#include "mega_cpu.h"

#define TIMERS 6
#define GTCCR 0x43u
#define GTCCR_TSM 0x80u
#define GTCCR_PSRSYNC 0x01u
#define WRAP_CYCLES (65536ull * MEGA_TICK_CYCLES)

typedef struct {
    avr_timer_t *timer;
    uint8_t shared; /* the byte that halves pass through */
    uint16_t held;  /* count while GTCCR holds the timer */
    mega_write count_low, compare_low[AVR_TIMER_COMP_COUNT];
    avr_io_read_t read_count;
} timer_state;

static timer_state timers[TIMERS];
static uint64_t reset_cycle;

avr_timer_t *mega_timer(uint8_t number)
{
    return number < TIMERS ? timers[number].timer : NULL;
}

uint64_t mega_timer_match(const avr_timer_t *timer, uint8_t channel)
{
    uint64_t match = timer->tov_base + timer->comp[channel].comp_cycles;
    return match > mega_avr->cycle ? match - timer->tov_cycles : match;
}

uint64_t mega_tick_cycle(uint32_t tick)
{
    const avr_timer_t *timer = timers[1].timer;
    const uint64_t start = reset_cycle + (timer->tov_base - reset_cycle) % WRAP_CYCLES;
    const uint64_t now = (mega_avr->cycle - start) / MEGA_TICK_CYCLES;
    const int64_t ahead = (int32_t)(tick - (uint32_t)now);
    return start + (uint64_t)((int64_t)now + ahead) * MEGA_TICK_CYCLES;
}

/* ---------------------------------------------------------------- halves of 16-bit registers */

static void write_high(avr_t *avr, avr_io_addr_t address, uint8_t value, void *context)
{
    (void)avr, (void)address;
    ((timer_state *)context)->shared = value;
}

static uint8_t read_high(avr_t *avr, avr_io_addr_t address, void *context)
{
    (void)avr, (void)address;
    return ((timer_state *)context)->shared;
}

static uint8_t read_count_low(avr_t *avr, avr_io_addr_t address, void *context)
{
    timer_state *t = context;
    const uint8_t low = t->read_count(avr, address, t->timer);
    t->shared = avr->data[t->timer->r_tcnth];
    return low;
}

static void write_count_low(avr_t *avr, avr_io_addr_t address, uint8_t value, void *context)
{
    timer_state *t = context;
    avr->data[t->timer->r_tcnth] = t->shared;
    t->held = (uint16_t)(t->shared << 8 | value);
    t->count_low.call(avr, address, value, t->count_low.context);
}

static void write_compare_low(avr_t *avr, avr_io_addr_t address, uint8_t value, void *context)
{
    timer_state *t = context;
    for (uint8_t i = 0; i < AVR_TIMER_COMP_COUNT; i++) {
        if (t->timer->comp[i].r_ocr != address)
            continue;
        avr->data[t->timer->comp[i].r_ocrh] = t->shared;
        t->compare_low[i].call(avr, address, value, t->compare_low[i].context);
    }
}

static void write_capture_low(avr_t *avr, avr_io_addr_t address, uint8_t value, void *context)
{
    timer_state *t = context;
    avr->data[t->timer->r_icrh] = t->shared;
    avr->data[address] = value;
}

static void hook_halves(timer_state *t)
{
    avr_timer_t *timer = t->timer;
    mega_cpu_hook_write(timer->r_tcnth, write_high, t, NULL);
    mega_cpu_hook_write(timer->r_icrh, write_high, t, NULL);
    mega_cpu_hook_write(timer->r_tcnt, write_count_low, t, &t->count_low);
    mega_cpu_hook_write(timer->r_icr, write_capture_low, t, NULL);
    for (uint8_t i = 0; i < AVR_TIMER_COMP_COUNT; i++) {
        mega_cpu_hook_write(timer->comp[i].r_ocrh, write_high, t, NULL);
        mega_cpu_hook_write(timer->comp[i].r_ocr, write_compare_low, t, &t->compare_low[i]);
    }
    t->read_count = mega_avr->io[AVR_DATA_TO_IO(timer->r_tcnt)].r.c;
    mega_avr->io[AVR_DATA_TO_IO(timer->r_tcnt)].r.c = read_count_low;
    mega_avr->io[AVR_DATA_TO_IO(timer->r_tcnt)].r.param = t;
    mega_avr->io[AVR_DATA_TO_IO(timer->r_tcnth)].r.c = read_high;
    mega_avr->io[AVR_DATA_TO_IO(timer->r_tcnth)].r.param = t;
}

/* ---------------------------------------------------------------- flags */

static void clear_flag(avr_int_vector_t *vector, uint8_t bits)
{
    if (vector->vector && bits & vector->raised.mask << vector->raised.bit)
        avr_clear_interrupt(mega_avr, vector);
}

static void raise_enabled(avr_int_vector_t *vector)
{
    if (vector->vector && !vector->pending && avr_regbit_get(mega_avr, vector->raised) &&
        avr_regbit_get(mega_avr, vector->enable))
        avr_raise_interrupt(mega_avr, vector);
}

static void write_flags(avr_t *avr, avr_io_addr_t address, uint8_t value, void *context)
{
    (void)avr, (void)address;
    avr_timer_t *timer = ((timer_state *)context)->timer;
    const uint8_t bits = mega_cpu_sbi_mask() ? mega_cpu_sbi_mask() : value;
    clear_flag(&timer->overflow, bits);
    clear_flag(&timer->icr, bits);
    for (uint8_t i = 0; i < AVR_TIMER_COMP_COUNT; i++)
        clear_flag(&timer->comp[i].interrupt, bits);
}

static void write_enables(avr_t *avr, avr_io_addr_t address, uint8_t value, void *context)
{
    avr_timer_t *timer = ((timer_state *)context)->timer;
    avr->data[address] = value;
    raise_enabled(&timer->overflow);
    raise_enabled(&timer->icr);
    for (uint8_t i = 0; i < AVR_TIMER_COMP_COUNT; i++)
        raise_enabled(&timer->comp[i].interrupt);
}

/* ---------------------------------------------------------------- all timers held and started together */

static void hold(timer_state *t)
{
    const avr_timer_t *timer = t->timer;
    t->held = timer->tov_cycles ? (uint16_t)((mega_avr->cycle - timer->tov_base) / timer->cs_div_value) : 0;
}

static void release(timer_state *t)
{
    avr_timer_t *timer = t->timer;
    if (timer->tov_cycles <= 1)
        return;
    mega_avr->data[timer->r_tcnth] = (uint8_t)(t->held >> 8);
    t->count_low.call(mega_avr, timer->r_tcnt, (uint8_t)t->held, t->count_low.context);
}

static void write_gtccr(avr_t *avr, avr_io_addr_t address, uint8_t value, void *context)
{
    (void)context;
    const uint8_t hold_all = GTCCR_TSM | GTCCR_PSRSYNC;
    const bool was_held = (avr->data[address] & hold_all) == hold_all;
    const bool is_held = (value & hold_all) == hold_all;
    avr->data[address] = value & GTCCR_TSM ? value : 0;
    for (uint8_t i = 0; i < TIMERS; i++) {
        if (!timers[i].timer || !timers[i].timer->r_tcnth || was_held == is_held)
            continue;
        if (is_held)
            hold(&timers[i]);
        else
            release(&timers[i]);
    }
}

void mega_timers_create(void)
{
    for (uint8_t i = 0; i < TIMERS; i++) {
        timer_state *t = &timers[i];
        t->timer = mega_cpu_module("timer", (char)('0' + i));
        mega_cpu_hook_write(t->timer->overflow.raised.reg, write_flags, t, NULL);
        mega_cpu_hook_write(t->timer->overflow.enable.reg, write_enables, t, NULL);
        if (t->timer->r_tcnth)
            hook_halves(t);
    }
    mega_cpu_hook_write(GTCCR, write_gtccr, NULL, NULL);
}

void mega_timers_after_reset(void)
{
    reset_cycle = mega_avr->cycle;
    for (uint8_t i = 0; i < TIMERS; i++) {
        avr_timer_t *timer = timers[i].timer;
        timers[i].shared = 0;
        timers[i].held = 0;
        timer->cs_div_value = 0;
        timer->tov_cycles = 0;
        timer->tov_base = 0;
    }
}
