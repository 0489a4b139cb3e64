#include "mega_hx711.h"

#include <string.h>

#include "mega_cpu.h"
#include "mega_host.h"
#include "mega_ports.h"
#include "../pins.h"
#include "plant.h"

#define READING_CYCLES (MEGA_HZ / 80u)
#define SETTLING_READINGS 4u /* 50 ms at 80 readings a second */
#define POWER_DOWN_CYCLES (60u * (MEGA_HZ / 1000000u))
#define BITS 24u
#define PULSES_MAX 27u

typedef struct {
    bool is_unplugged, clock, data;
    uint8_t pulses;      /* since the reading was ready; 0 when none is being read */
    uint8_t last_pulses; /* of the reading before: they choose the channel and gain of this one */
    bool is_ready;
    int32_t reading, shifting;
    uint64_t next, rose; /* cycles */
    uint32_t readings, power_downs;
} load_cell;

typedef struct {
    char port;
    uint8_t bit;
} data_pin;

#define DATA_PIN(SIDE, DATA_PORT, DATA_BIT, CLOCK_PORT, CLOCK_BIT) {#DATA_PORT[0], DATA_BIT},
static const data_pin data_pins[PLANT_SIDES] = {LOAD_CELL_PINS(DATA_PIN)};
static load_cell cells[PLANT_SIDES];

static void show(int side, bool data)
{
    cells[side].data = data;
    mega_pin_input(data_pins[side].port, data_pins[side].bit, data || cells[side].is_unplugged);
}

static int32_t convert(int side)
{
    int32_t counts = cells[side].last_pulses == 26 ? 0 : plant_load_counts(side);
    if (cells[side].last_pulses == 27) /* gain 64 instead of 128 */
        counts /= 2;
    return counts > 0x7FFFFF ? 0x7FFFFF : counts < -0x800000 ? -0x800000 : counts;
}

static bool is_powered_down(const load_cell *cell, uint64_t cycle)
{
    return cell->clock && cycle - cell->rose > POWER_DOWN_CYCLES;
}

static avr_cycle_count_t reading_done(avr_t *avr, avr_cycle_count_t when, void *context)
{
    (void)avr;
    load_cell *cell = context;
    const int side = (int)(cell - cells);
    cell->next = when + READING_CYCLES;
    /* a reading that was left half read for so long is given up */
    const bool is_being_read = cell->pulses > 0 && cell->pulses <= BITS && when - cell->rose < READING_CYCLES;
    if (!is_powered_down(cell, when) && !is_being_read) {
        cell->last_pulses = cell->pulses ? cell->pulses : cell->last_pulses;
        cell->reading = convert(side);
        cell->is_ready = true;
        cell->pulses = 0;
        show(side, false);
    }
    return cell->next;
}

static void wake_up(int side, uint64_t cycle)
{
    load_cell *cell = &cells[side];
    cell->is_ready = false;
    cell->pulses = cell->last_pulses = 0;
    cell->power_downs++;
    cell->next = cycle + SETTLING_READINGS * READING_CYCLES;
    mega_cpu_at(cell->next, reading_done, cell);
    show(side, true);
}

void mega_hx711_clock(int side, bool level, uint64_t cycle)
{
    load_cell *cell = &cells[side];
    if (!level) {
        if (is_powered_down(cell, cycle))
            wake_up(side, cycle);
        cell->clock = false;
        return;
    }
    cell->clock = true;
    cell->rose = cycle;
    if (!cell->is_ready && !cell->pulses)
        return;
    if (cell->pulses < PULSES_MAX)
        cell->pulses++;
    if (cell->pulses == 1) {
        cell->is_ready = false;
        cell->shifting = cell->reading;
    }
    if (cell->pulses <= BITS) {
        show(side, cell->shifting >> (BITS - cell->pulses) & 1);
    } else {
        cell->readings += cell->pulses == BITS + 1;
        show(side, true);
    }
}

void mega_hx711_power_on(void)
{
    for (int side = 0; side < PLANT_SIDES; side++) {
        const bool is_unplugged = cells[side].is_unplugged;
        cells[side] = (load_cell){.is_unplugged = is_unplugged};
        /* each with its own phase */
        cells[side].next = mega_avr->cycle + SETTLING_READINGS * READING_CYCLES + (uint64_t)side * READING_CYCLES / 3;
        show(side, true);
    }
}

void mega_hx711_after_reset(void)
{
    for (int side = 0; side < PLANT_SIDES; side++)
        mega_cpu_at(cells[side].next, reading_done, &cells[side]);
}

void mega_load_cell_unplug(int side, int unplugged)
{
    cells[side].is_unplugged = unplugged != 0;
    if (mega_avr)
        show(side, cells[side].data);
}

uint32_t mega_load_cell_readings(int side)
{
    return cells[side].readings;
}

uint32_t mega_load_cell_power_downs(int side)
{
    return cells[side].power_downs;
}
