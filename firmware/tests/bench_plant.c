#include "bench_plant.h"

#include <stdlib.h>
#include <string.h>

#include "plant.h"

#define RECORD 2000000

static int32_t positions[PLANT_AXES];
static int door_closed, estop_ok, motors_ready, rail;
static int silent_loads[PLANT_SIDES];
static int32_t loads[PLANT_SIDES];
static int blocked[PLANT_AXES], end_stop_state[PLANT_AXES];
static int32_t pins[PLANT_SIDES][BENCH_PINS], pin_range[PLANT_SIDES];
static int pin_count[PLANT_SIDES], pin_forced[PLANT_SIDES];
static int32_t servos[PLANT_SERVOS];
static int outputs[PLANT_OUTPUTS];
static uint64_t pulses[PLANT_AXES], last_pulse_ns[PLANT_AXES];
static uint64_t recorded[RECORD];
static int record_axis, record_count;
static int pair_a, pair_b;
static int32_t pair_start, pair_apart;

void bench_reset(void)
{
    door_closed = estop_ok = motors_ready = 1;
    rail = 0;
    memset(loads, 0, sizeof loads);
    memset(silent_loads, 0, sizeof silent_loads);
    memset(blocked, 0, sizeof blocked);
    memset(pin_count, 0, sizeof pin_count);
    memset(pulses, 0, sizeof pulses);
    memset(last_pulse_ns, 0, sizeof last_pulse_ns);
    for (int axis = 0; axis < PLANT_AXES; axis++) {
        positions[axis] = 10000;
        end_stop_state[axis] = -1;
    }
    pin_forced[0] = pin_forced[1] = -1;
    record_axis = pair_a = -1;
    record_count = 0;
}

void bench_place(int axis, int32_t steps_above_end_stop)
{
    positions[axis] = steps_above_end_stop;
}

int32_t bench_position(int axis)
{
    return positions[axis];
}

void bench_set_door(int closed)
{
    door_closed = closed;
}

void bench_set_estop(int ok)
{
    estop_ok = ok;
}

void bench_set_load(int side, int32_t counts)
{
    loads[side] = counts;
}

void bench_block(int axis, int is_blocked)
{
    blocked[axis] = is_blocked;
}

void bench_break_end_stop(int axis, int state)
{
    end_stop_state[axis] = state;
}

void bench_set_pins(int side, const int32_t *at, int count, int32_t range)
{
    pin_count[side] = count < BENCH_PINS ? count : BENCH_PINS;
    pin_range[side] = range;
    memcpy(pins[side], at, (size_t)pin_count[side] * sizeof *at);
}

void bench_force_pin(int side, int state)
{
    pin_forced[side] = state;
}

int32_t bench_servo(int servo)
{
    return servos[servo];
}

int bench_output(int output)
{
    return outputs[output];
}

int bench_rail(void)
{
    return rail && door_closed && estop_ok;
}

uint64_t bench_pulses(int axis)
{
    return pulses[axis];
}

uint64_t bench_last_pulse_ns(int axis)
{
    return last_pulse_ns[axis];
}

void bench_record(int axis)
{
    record_axis = axis;
    record_count = 0;
}

int bench_recorded(uint64_t *times_ns, int capacity)
{
    int count = record_count < capacity ? record_count : capacity;
    memcpy(times_ns, recorded, (size_t)count * sizeof *recorded);
    return record_count;
}

void bench_watch_pair(int a, int b)
{
    pair_a = a;
    pair_b = b;
    pair_start = positions[a] - positions[b];
    pair_apart = 0;
}

int32_t bench_pair_apart(void)
{
    return pair_apart;
}

void plant_step(int axis, int direction, uint64_t now_ns)
{
    pulses[axis]++;
    last_pulse_ns[axis] = now_ns;
    if (axis == record_axis && record_count < RECORD)
        recorded[record_count++] = now_ns;
    if (!bench_rail() || blocked[axis])
        return;
    positions[axis] += direction;
    if (pair_a >= 0 && (axis == pair_a || axis == pair_b)) {
        int32_t apart = abs(positions[pair_a] - positions[pair_b] - pair_start);
        if (apart > pair_apart)
            pair_apart = apart;
    }
}

void plant_release_servo(int servo)
{
    (void)servo; /* it shows the angle last asked for */
}

void plant_set_servo(int servo, int32_t commanded_centideg, uint64_t now_ns)
{
    (void)now_ns;
    servos[servo] = commanded_centideg;
}

void plant_set_output(int output, uint16_t permille, uint64_t now_ns)
{
    (void)now_ns;
    outputs[output] = permille;
}

void plant_motor_rail(int on, uint64_t now_ns)
{
    (void)now_ns;
    rail = on;
}

void plant_advance(uint64_t now_ns)
{
    (void)now_ns;
}

int plant_endstop(int axis)
{
    if (end_stop_state[axis] >= 0)
        return end_stop_state[axis];
    return positions[axis] <= 0;
}

int plant_pin(int side)
{
    if (pin_forced[side] >= 0)
        return pin_forced[side];
    int32_t at = positions[PLANT_SHUTTLE_LEFT + side];
    for (int i = 0; i < pin_count[side]; i++)
        if (abs(at - pins[side][i]) <= pin_range[side])
            return 1;
    return 0;
}

int plant_door_closed(void)
{
    return door_closed;
}

int plant_estop_ok(void)
{
    return estop_ok;
}

void bench_set_motors_ready(int ready)
{
    motors_ready = ready;
}

int plant_motors_ready(void)
{
    return motors_ready;
}

void bench_silence_load(int side, int silent)
{
    silent_loads[side] = silent;
}

int plant_load_is_silent(int side)
{
    return silent_loads[side];
}

int32_t plant_load_counts(int side)
{
    return loads[side];
}
