#include "mega_pulses.h"

#include <stdlib.h>
#include <string.h>

#include "mega_host.h"
#include "mega_ports.h"
#include "plant.h"

typedef struct {
    int32_t pulses;
    uint64_t rose, fell, turned; /* cycles; 0 for never */
    bool has_turned;             /* since the last pulse */
    uint32_t high, low, setup;   /* shortest, in cycles */
} driver;

typedef struct {
    uint64_t cycle;
    uint8_t axis;
    int8_t direction;
} pulse;

static driver drivers[PLANT_AXES];
static pulse *record;
static uint32_t record_count, record_room, record_mask;
static uint64_t last_cycle;

static void forget_minima(void)
{
    for (int axis = 0; axis < PLANT_AXES; axis++)
        drivers[axis].high = drivers[axis].low = drivers[axis].setup = UINT32_MAX;
}

void mega_pulses_power_on(void)
{
    memset(drivers, 0, sizeof drivers);
    last_cycle = 0;
    forget_minima();
}

static void shortest(uint32_t *known, uint64_t from, uint64_t to)
{
    if (from && to - from < *known)
        *known = (uint32_t)(to - from);
}

static void keep(int axis, int direction, uint64_t cycle)
{
    if (!(record_mask >> axis & 1))
        return;
    if (record_count == record_room) {
        const uint32_t room = record_room ? 2 * record_room : 65536;
        pulse *more = realloc(record, room * sizeof *more);
        if (!more)
            return;
        record = more;
        record_room = room;
    }
    record[record_count++] = (pulse){cycle, (uint8_t)axis, (int8_t)direction};
}

void mega_step_changed(int axis, bool level, bool is_up, uint64_t cycle)
{
    driver *d = &drivers[axis];
    if (!level) {
        shortest(&d->high, d->rose, cycle);
        d->fell = cycle;
        return;
    }
    const int direction = is_up ? 1 : -1;
    shortest(&d->low, d->fell, cycle);
    if (d->has_turned)
        shortest(&d->setup, d->turned, cycle);
    d->has_turned = false;
    d->rose = last_cycle = cycle;
    d->pulses += direction;
    keep(axis, direction, cycle);
    plant_step(axis, direction, mega_ns_of(cycle));
    mega_inputs_refresh_axis(axis);
}

void mega_direction_changed(int axis, uint64_t cycle)
{
    drivers[axis].turned = cycle;
    drivers[axis].has_turned = true;
}

int32_t mega_pulses(int axis)
{
    return drivers[axis].pulses;
}

/* ---------------------------------------------------------------- looking in (mega_host.h) */

void mega_record_pulses(uint32_t axis_mask)
{
    record_mask = axis_mask;
    record_count = 0;
    forget_minima();
}

uint32_t mega_recorded_pulses(uint8_t *axes, int8_t *directions, uint64_t *cycles, uint32_t capacity)
{
    for (uint32_t i = 0; i < record_count && i < capacity; i++) {
        axes[i] = record[i].axis;
        directions[i] = record[i].direction;
        cycles[i] = record[i].cycle;
    }
    return record_count;
}

void mega_pulse_minimum(int axis, uint32_t *high_cycles, uint32_t *low_cycles, uint32_t *direction_cycles)
{
    *high_cycles = drivers[axis].high;
    *low_cycles = drivers[axis].low;
    *direction_cycles = drivers[axis].setup;
}

uint64_t mega_last_pulse_cycle(int axis)
{
    return axis < 0 ? last_cycle : drivers[axis].rose;
}
