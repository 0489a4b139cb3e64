/* The machine and the hive behind the host board: axes by step pulses, power, inputs.
 *
 * Everything is deterministic: it depends on plant_world (with its seed), the step pulses and the time that passes, and
 * on nothing else. Positions are exact at every step; what follows from them (who carries what, which pin is felt) is
 * settled every SETTLE_STEPS, 20 to 25 micrometres of way.
 */
#include "plant_parts.h"

#include <string.h>

plant_world_t world;
plant_truth_t truth;
double level_bottom_mm[PLANT_MAX_LEVELS + 2];

/* Events: a ring; the twin empties it often. ------------------------------------------------------------------------ */

enum { EVENT_CAPACITY = 1024 };
static plant_event_t events[EVENT_CAPACITY];
static uint32_t events_in;
static uint32_t events_out;

void plant_event(plant_event_kind_t kind, int side, int level, int frame, double value)
{
    plant_event_t event = {
        .at_ns = truth.now_ns, .value = value, .kind = (int32_t)kind, .side = side, .level = level, .frame = frame};
    memcpy(event.position_mm, truth.position_mm, sizeof truth.position_mm);
    memcpy(event.servo_deg, truth.servo_deg, sizeof truth.servo_deg);
    memcpy(event.load_kg, truth.load_kg, sizeof truth.load_kg);
    if (kind > EVENT_LAST_HARMLESS) {
        bees_suffer(kind, level, frame);
    }
    if (trace_event(&event)) {
        return;
    }
    if (events_in - events_out == EVENT_CAPACITY) {
        truth.events_lost++;
        return;
    }
    events[events_in++ % EVENT_CAPACITY] = event;
}

int32_t plant_take_events(plant_event_t *into, int32_t capacity)
{
    int32_t taken = 0;
    while (taken < capacity && events_out != events_in) {
        into[taken++] = events[events_out++ % EVENT_CAPACITY];
    }
    return taken;
}

/* Axes. ------------------------------------------------------------------------------------------------------------- */

static double mm_per_step[PLANT_USED_AXES];
static int64_t lowest_step[PLANT_USED_AXES];
static int64_t highest_step[PLANT_USED_AXES];
static int32_t settle_in[PLANT_USED_AXES]; /* steps until the consequences are worked out */
static bool is_too_close[PLANT_SIDES];

static int32_t settle_steps(int axis)
{
    return axis < PLANT_SHUTTLE ? 8 : 2;
}

static void watch_beams(int side)
{
    const bool is_close = lift_mm(side) - plate_z_mm(side) < world.beam_separation_mm - 1.0;
    if (is_close && !is_too_close[side]) {
        plant_event(EVENT_BEAMS_COLLIDE, side, 0, 0, lift_mm(side) - plate_z_mm(side));
    }
    is_too_close[side] = is_close;
}

static void settle(int axis)
{
    settle_in[axis] = settle_steps(axis);
    if (axis < PLANT_SCAN) {
        stack_settle(axis - PLANT_LIFT);
        stack_settle(1 - (axis - PLANT_LIFT)); /* what tilts leans on the other fork */
        frames_settle(0);
        frames_settle(1);
        watch_beams(axis - PLANT_LIFT);
    } else {
        const int side = axis % PLANT_SIDES;
        frames_settle(side);
        if (axis < PLANT_SHUTTLE) {
            watch_beams(side);
        }
    }
}

/* A motor that has stood without power while its pulses went on does not catch a quick field again: it shakes until the
 * pulses come slowly, or the other way. */
enum { CATCHES_NS = 500000 };
static uint64_t pulsed_ns[PLANT_USED_AXES];
static int8_t pulsed_to[PLANT_USED_AXES];
static bool is_out_of_step[PLANT_USED_AXES];

/* The drivers follow their motors with encoders; one that is a whole step behind raises its alarm, until its supply goes. */
enum { ALARM_STEPS = 8 };
static int32_t behind_steps[PLANT_USED_AXES];
static bool is_alarm;

static void fall_behind(int axis)
{
    truth.lost_steps[axis]++;
    if (truth.is_rail_on && ++behind_steps[axis] >= ALARM_STEPS) {
        is_alarm = true;
    }
}

static void reset_drivers(void)
{
    is_alarm = false;
    for (int axis = 0; axis < PLANT_USED_AXES; axis++) {
        if (behind_steps[axis] >= ALARM_STEPS) {
            world.steps_to_lose[axis] = 0; /* whatever it was has passed while the motor stood */
        }
        behind_steps[axis] = 0;
    }
}

int plant_motors_ready(void)
{
    return truth.is_rail_on && !is_alarm;
}

static bool is_field_lost(int axis, int direction)
{
    const bool is_quick = truth.now_ns - pulsed_ns[axis] < CATCHES_NS && direction == pulsed_to[axis];
    pulsed_ns[axis] = truth.now_ns;
    pulsed_to[axis] = (int8_t)direction;
    const bool is_dead = !truth.is_rail_on || world.is_axis_stuck[axis];
    is_out_of_step[axis] = is_dead || (is_quick && is_out_of_step[axis]);
    return is_out_of_step[axis];
}

static bool is_overloaded(int axis, int direction, double motor_mm)
{
    if (axis >= PLANT_SHUTTLE) {
        return frames_stall_shuttle(axis - PLANT_SHUTTLE, direction, motor_mm);
    }
    return axis >= PLANT_SCAN && frames_hold_back(axis - PLANT_SCAN, direction);
}

static bool is_step_lost(int axis, int direction, int64_t next)
{
    if (is_field_lost(axis, direction) || next < lowest_step[axis] || next > highest_step[axis]) {
        return true;
    }
    if (world.steps_to_lose[axis] > 0) {
        world.steps_to_lose[axis]--;
        return true;
    }
    return is_overloaded(axis, direction, (double)next * mm_per_step[axis]);
}

void plant_step(int axis, int direction, uint64_t now_ns)
{
    if (axis >= PLANT_USED_AXES) {
        return; /* a spare driver: nothing hangs on it */
    }
    truth.now_ns = now_ns;
    const int64_t next = truth.steps[axis] + direction;
    if (is_step_lost(axis, direction, next)) {
        fall_behind(axis);
        return;
    }
    truth.steps[axis] = next;
    truth.position_mm[axis] = (double)next * mm_per_step[axis];
    if (axis >= PLANT_SHUTTLE) {
        frames_shift_plate(axis - PLANT_SHUTTLE);
    }
    if (--settle_in[axis] <= 0) {
        settle(axis);
    }
}

int plant_endstop(int axis)
{
    return axis < PLANT_USED_AXES && truth.position_mm[axis] <= world.axes[axis].home_mm + mm_per_step[axis] / 2.0;
}

static void reset_axes(void)
{
    for (int axis = 0; axis < PLANT_USED_AXES; axis++) {
        const plant_axis_t *made = &world.axes[axis];
        mm_per_step[axis] = 1.0 / made->steps_per_mm;
        lowest_step[axis] = llround((made->minimum_mm - world.overtravel_mm) * made->steps_per_mm);
        highest_step[axis] = llround((made->maximum_mm + world.overtravel_mm) * made->steps_per_mm);
        truth.steps[axis] = llround(made->start_mm * made->steps_per_mm);
        truth.position_mm[axis] = (double)truth.steps[axis] * mm_per_step[axis];
        settle_in[axis] = settle_steps(axis);
        pulsed_ns[axis] = 0;
        pulsed_to[axis] = 0;
        is_out_of_step[axis] = false;
    }
    is_too_close[0] = is_too_close[1] = false;
}

/* Power, inputs, outputs, time. ------------------------------------------------------------------------------------- */

static bool is_relay_on;
static bool was_door_closed;
static bool was_estop_ok;

static void update_rail(void)
{
    const bool is_sagging = truth.now_ns < world.rail_back_ns;
    const int32_t is_on = is_relay_on && world.is_door_closed && world.is_estop_ok && !is_sagging;
    if (is_on != truth.is_rail_on) {
        truth.is_rail_on = is_on;
        reset_drivers();
        plant_event(EVENT_MOTOR_RAIL, -1, 0, 0, is_on);
    }
}

void plant_motor_rail(int is_on, uint64_t now_ns)
{
    truth.now_ns = now_ns;
    is_relay_on = is_on;
    update_rail();
}

void plant_set_output(int output, uint16_t permille, uint64_t now_ns)
{
    const double value = permille / 1000.0;
    truth.now_ns = now_ns;
    if (value != truth.outputs[output]) {
        truth.outputs[output] = value;
        plant_event(EVENT_OUTPUT, output, 0, 0, value);
    }
}

int plant_pin(int side)
{
    return truth.pins[side];
}
int plant_door_closed(void)
{
    return world.is_door_closed;
}
int plant_estop_ok(void)
{
    return world.is_estop_ok;
}

static uint64_t advanced_ns;

void plant_advance(uint64_t now_ns)
{
    const double seconds = (double)(now_ns - advanced_ns) * 1e-9;
    truth.now_ns = advanced_ns = now_ns;
    if (world.rail_back_ns != 0) {
        update_rail();
        world.rail_back_ns = now_ns < world.rail_back_ns ? world.rail_back_ns : 0;
    }
    swing_advance(seconds);
    loads_advance();
    bees_live();
    trace_advance();
}

static void stack_up(void)
{
    level_bottom_mm[1] = world.base_mm;
    for (int box = 1; box <= world.boxes; box++) {
        level_bottom_mm[box + 1] = level_bottom_mm[box] + world.box_height_mm[box - 1];
    }
    level_bottom_mm[world.boxes + 2] = level_bottom_mm[world.boxes + 1] + world.lid_height_mm;
}

void plant_world_changed(void)
{
    stack_up();
    propolis_settle();
    if (was_door_closed != (world.is_door_closed != 0)) {
        was_door_closed = world.is_door_closed;
        plant_event(EVENT_DOOR, -1, 0, 0, world.is_door_closed);
    }
    if (was_estop_ok != (world.is_estop_ok != 0)) {
        was_estop_ok = world.is_estop_ok;
        plant_event(EVENT_ESTOP, -1, 0, 0, world.is_estop_ok);
    }
    update_rail();
    stack_weigh();
    for (int side = 0; side < PLANT_SIDES; side++) {
        stack_settle(side);
        frames_settle(side);
    }
}

void plant_power_on(void)
{
    memset(&truth, 0, sizeof truth);
    stack_up();
    events_in = events_out = 0;
    advanced_ns = 0;
    is_relay_on = false;
    was_door_closed = world.is_door_closed;
    was_estop_ok = world.is_estop_ok;
    reset_axes();
    reset_drivers();
    bees_reset();
    propolis_settle();
    stack_reset();
    swing_reset();
    frames_reset();
    loads_reset();
}

plant_world_t *plant_world(void)
{
    return &world;
}
plant_truth_t *plant_truth(void)
{
    return &truth;
}
uint32_t plant_world_size(void)
{
    return sizeof(plant_world_t);
}
uint32_t plant_truth_size(void)
{
    return sizeof(plant_truth_t);
}
uint32_t plant_event_size(void)
{
    return sizeof(plant_event_t);
}
