/* The machine and the hive behind the host board: axes by step pulses, servos, inputs, load cells.
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
    if (events_in - events_out == EVENT_CAPACITY) {
        truth.events_lost++;
        return;
    }
    plant_event_t *event = &events[events_in++ % EVENT_CAPACITY];
    *event = (plant_event_t){
        .at_ns = truth.now_ns, .value = value, .kind = (int32_t)kind, .side = side, .level = level, .frame = frame};
    memcpy(event->position_mm, truth.position_mm, sizeof truth.position_mm);
    memcpy(event->servo_deg, truth.servo_deg, sizeof truth.servo_deg);
    memcpy(event->load_kg, truth.load_kg, sizeof truth.load_kg);
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

static bool is_step_lost(int axis, int direction, int64_t next)
{
    if (!truth.is_rail_on || world.is_axis_stuck[axis] || next < lowest_step[axis] || next > highest_step[axis]) {
        return true;
    }
    if (world.steps_to_lose[axis] > 0) {
        world.steps_to_lose[axis]--;
        return true;
    }
    return axis >= PLANT_SCAN && axis < PLANT_SHUTTLE && truth.held[axis - PLANT_SCAN] &&
           frames_hold_back(axis - PLANT_SCAN, direction);
}

void plant_step(int axis, int direction, uint64_t now_ns)
{
    if (axis >= PLANT_USED_AXES) {
        return; /* a spare driver: nothing hangs on it */
    }
    truth.now_ns = now_ns;
    const int64_t next = truth.steps[axis] + direction;
    if (is_step_lost(axis, direction, next)) {
        truth.lost_steps[axis]++;
        return;
    }
    truth.steps[axis] = next;
    truth.position_mm[axis] = (double)next * mm_per_step[axis];
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
    }
    is_too_close[0] = is_too_close[1] = false;
}

/* Servos. ----------------------------------------------------------------------------------------------------------- */

/* A servo follows the pulse width a little faster than the board ramps it, and its swing is over once the pulse width
 * has stood still for some milliseconds. */
static const double FOLLOWS_FASTER = 1.2;
enum { SWING_OVER_NS = 5000000 };
static uint64_t target_changed_ns[PLANT_SERVOS];

static void servo_passes(int servo, double before_deg)
{
    const int side = servo % PLANT_SIDES;
    const bool was_in = before_deg > ENGAGED_DEG;
    const bool is_in = truth.servo_deg[servo] > ENGAGED_DEG;
    if (servo < PLANT_HOOK) {
        if (is_in && !was_in) {
            stack_fork_arrives(side);
        } else if (was_in && !is_in) {
            stack_fork_leaves(side);
        }
        return;
    }
    if (was_in && !is_in) {
        frames_hook_leaves(side);
    }
    frames_settle(side);
}

static void report_swing(int servo, bool is_moving)
{
    const plant_event_kind_t start = servo < PLANT_HOOK ? EVENT_FORK_SWING_START : EVENT_HOOK_SWING_START;
    if (is_moving != (truth.is_swinging[servo] != 0)) {
        truth.is_swinging[servo] = is_moving;
        plant_event(is_moving ? start : start + 1, servo % PLANT_SIDES, 0, 0, truth.servo_deg[servo]);
    }
}

static void advance_servo(int servo, double seconds)
{
    const double before_deg = truth.servo_deg[servo];
    const double way_deg = truth.servo_target_deg[servo] - before_deg;
    if (way_deg == 0.0 || !truth.is_rail_on) {
        if (truth.now_ns - target_changed_ns[servo] >= SWING_OVER_NS) {
            report_swing(servo, false);
        }
        return;
    }
    report_swing(servo, true);
    const double reach_deg = world.servo_speed_deg_s[servo] * FOLLOWS_FASTER * seconds;
    truth.servo_deg[servo] =
        fabs(way_deg) <= reach_deg ? truth.servo_target_deg[servo] : before_deg + copysign(reach_deg, way_deg);
    servo_passes(servo, before_deg);
}

void plant_set_servo(int servo, int32_t commanded_centideg, uint64_t now_ns)
{
    const double degrees = (double)commanded_centideg / 100.0;
    if (degrees != truth.servo_target_deg[servo]) {
        truth.servo_target_deg[servo] = degrees;
        target_changed_ns[servo] = now_ns;
    }
}

void plant_release_servo(int servo)
{
    truth.servo_target_deg[servo] = truth.servo_deg[servo];
}

/* Load cells: a new sample 80 times a second, noise from a small generator of our own. -------------------------------- */

enum { LOAD_PERIOD_NS = 12500000 };
static uint64_t noise_state;
static uint64_t next_load_ns;
static int32_t load_counts[PLANT_SIDES];

static double uniform(void)
{
    noise_state ^= noise_state << 13; /* xorshift64, Marsaglia 2003 */
    noise_state ^= noise_state >> 7;
    noise_state ^= noise_state << 17;
    return (double)(noise_state >> 11) / 9007199254740992.0;
}

/* Nearly normal with standard deviation 1: four uniform numbers have variance 4/12. */
static double normal(void)
{
    return (uniform() + uniform() + uniform() + uniform() - 2.0) * 1.7320508075688772;
}

static void sample_loads(void)
{
    for (int side = 0; side < PLANT_SIDES; side++) {
        const double kg = truth.load_kg[side] + world.load_noise_kg * normal();
        load_counts[side] = (int32_t)lround(world.offset_counts[side] + world.counts_per_kg[side] * kg);
    }
}

static bool is_load_silent[PLANT_SIDES];

int plant_load_is_silent(int side)
{
    return is_load_silent[side];
}

void plant_silence_load(int side, int silent)
{
    is_load_silent[side] = silent != 0;
}

int32_t plant_load_counts(int side)
{
    return load_counts[side];
}

/* Power, inputs, outputs, time. ------------------------------------------------------------------------------------- */

static bool is_relay_on;
static bool was_door_closed;
static bool was_estop_ok;

static void update_rail(void)
{
    const int32_t is_on = is_relay_on && world.is_door_closed && world.is_estop_ok;
    if (is_on != truth.is_rail_on) {
        truth.is_rail_on = is_on;
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
    for (int servo = 0; servo < PLANT_SERVOS; servo++) {
        advance_servo(servo, seconds);
    }
    if (now_ns >= next_load_ns) {
        next_load_ns += LOAD_PERIOD_NS;
        sample_loads();
    }
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
    noise_state = 0x9E3779B97F4A7C15u ^ world.seed;
    next_load_ns = 0;
    advanced_ns = 0;
    is_relay_on = false;
    was_door_closed = world.is_door_closed;
    was_estop_ok = world.is_estop_ok;
    reset_axes();
    stack_reset();
    for (int servo = 0; servo < PLANT_SERVOS; servo++) {
        truth.servo_deg[servo] = truth.servo_target_deg[servo] = world.servo_start_deg[servo];
        target_changed_ns[servo] = 0;
    }
    frames_reset();
    sample_loads();
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
