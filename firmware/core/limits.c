#include "limits.h"

#include "board.h"
#include "motion.h"
#include "profile.h"
#include "sensors.h"
#include "settings.h"
#include "stepper.h"

#define LIFT(side) (side)
#define SCAN(side) ((uint8_t)((side) + 2u))
#define BEAMS 0x0fu
#define TOLERANCE_STEPS 2       /* of rounding millimetres to steps, each beam */
#define AHEAD_TOLERANCE_SHIFT 7 /* of steps per metre, as ways with WAY_BITS: 0.008 mm */
#define WAY_BITS 10
#define END_STOP_PLAY_SHIFT 10 /* of steps per metre: 0.98 mm */

refusal limits_move(const message_segment_axis *move, uint8_t referenced, uint8_t told)
{
    if (move->axis >= PROTOCOL_AXES || !settings.axes[move->axis].is_used)
        return refused(CAUSE_UNKNOWN_AXIS, PROTOCOL_NO_AXIS, move->axis, 0);
    const axis_settings *axis = &settings.axes[move->axis];
    if (!(referenced & (1u << move->axis)))
        return refused(CAUSE_NOT_REFERENCED, move->axis, 0, 0);
    if (move->target < axis->minimum)
        return refused(CAUSE_BELOW_MINIMUM, move->axis, move->target, axis->minimum);
    if (move->target > axis->maximum)
        return refused(CAUSE_ABOVE_MAXIMUM, move->axis, move->target, axis->maximum);
    const uint32_t most = told & (1u << move->axis) ? axis->homing_speed_q8 : axis->speed_q8;
    if (move->speed > most || profile_speed(move->speed) == 0)
        return refused(CAUSE_SPEED_LIMIT, move->axis, (int32_t)move->speed, (int32_t)most);
    if (move->acceleration > axis->acceleration_q8 || profile_acceleration(move->acceleration) == 0)
        return refused(CAUSE_ACCELERATION_LIMIT, move->axis, (int32_t)move->acceleration,
                       (int32_t)axis->acceleration_q8);
    return ACCEPTED;
}

static bool is_judged(uint8_t side, uint8_t referenced)
{
    uint8_t both = (uint8_t)(1u << LIFT(side) | 1u << SCAN(side));
    return (referenced & both) == both;
}

static int32_t in_lift_steps(uint8_t side, int32_t scan_steps)
{
    const uint32_t scale = settings.lift_per_scan[side];
    return scale == UINT32_C(1) << 24 ? scan_steps : (int32_t)(((int64_t)scan_steps * (int64_t)scale) >> 24);
}

/* Lowest lift position, in lift steps, above a scan beam at `scan`. */
static int32_t lowest_lift(uint8_t side, int32_t scan)
{
    return in_lift_steps(side, scan) + settings.beam_separation[side];
}

refusal limits_separation(const int32_t positions[PROTOCOL_AXES], uint8_t referenced)
{
    for (uint8_t side = 0; side < PROTOCOL_SIDES; side++) {
        if (!is_judged(side, referenced))
            continue;
        int32_t lowest = lowest_lift(side, positions[SCAN(side)]) - TOLERANCE_STEPS;
        if (positions[LIFT(side)] < lowest)
            return refused(CAUSE_BEAM_SEPARATION, LIFT(side), positions[LIFT(side)], lowest);
    }
    return ACCEPTED;
}

/* Both beams stop within what they are apart, at whatever speed. */
static bool is_far(uint8_t side)
{
    int32_t gap = motion_planned_steps(LIFT(side)) - lowest_lift(side, motion_planned_steps(SCAN(side)));
    return gap > settings.longest_braking[side];
}

/* A beam after one more slice of its planned motion, and then braking. Steps of the lift axis; near positions and ways
 * have WAY_BITS fraction bits, velocities PROFILE_BITS. */
typedef struct {
    int32_t way, velocity; /* way from the planned position of the scan beam */
    uint32_t rests;        /* slices of braking */
} braking_beam;

static braking_beam after_next_slice(uint8_t side, uint8_t axis)
{
    int32_t steps, fraction, velocity;
    motion_peek(axis, &steps, &fraction, &velocity);
    int32_t speed = velocity < 0 ? -velocity : velocity;
    int32_t moved = (steps - motion_planned_steps(axis)) * (1 << WAY_BITS) + (fraction >> (PROFILE_BITS - WAY_BITS));
    return (braking_beam){
        .way = axis == LIFT(side) ? moved : in_lift_steps(side, moved),
        .velocity = axis == LIFT(side) ? velocity : in_lift_steps(side, velocity),
        .rests = speed ? profile_slices_for(speed, settings.axes[axis].acceleration) : 0,
    };
}

static int32_t way_to_rest(const braking_beam *beam)
{
    int32_t slices = (int32_t)beam->rests;
    return (beam->velocity >> (PROFILE_BITS - WAY_BITS)) * slices / 2;
}

/* Smallest gap while both brake: now, when both are at rest, or in between if the closing speed falls to nothing (the
 * beam behind was quicker, but brakes harder). */
static int32_t closest(int32_t gap, const braking_beam *lift, const braking_beam *scan)
{
    int32_t at_rest = gap + way_to_rest(lift) - way_to_rest(scan);
    int32_t least = gap < at_rest ? gap : at_rest;
    int32_t closing = scan->velocity - lift->velocity;
    if (closing <= 0 || lift->rests == 0 || scan->rests == 0)
        return least;
    int32_t eases = scan->velocity / (int32_t)scan->rests - lift->velocity / (int32_t)lift->rests;
    if (eases <= 0)
        return least;
    uint32_t slices = (uint32_t)(closing / eases) + 1u;
    if (slices >= lift->rests || slices >= scan->rests)
        return least;
    int32_t between = gap - (closing >> (PROFILE_BITS - WAY_BITS)) * (int32_t)slices / 2 - 1;
    return between < least ? between : least;
}

refusal limits_separation_ahead(uint8_t referenced)
{
    if (!(motion_moving() & BEAMS))
        return ACCEPTED;
    for (uint8_t side = 0; side < PROTOCOL_SIDES; side++) {
        if (!(motion_moving() & (1u << LIFT(side) | 1u << SCAN(side))) || !is_judged(side, referenced) || is_far(side))
            continue;
        braking_beam lift = after_next_slice(side, LIFT(side)), scan = after_next_slice(side, SCAN(side));
        int32_t lowest = lowest_lift(side, motion_planned_steps(SCAN(side)));
        int32_t now = (motion_planned_steps(LIFT(side)) - lowest) * (1 << WAY_BITS);
        int32_t least = closest(now + lift.way - scan.way, &lift, &scan);
        int32_t tolerance = (int32_t)(settings.axes[LIFT(side)].steps_per_m >> AHEAD_TOLERANCE_SHIFT);
        if (least < -tolerance && least < now - tolerance) /* beams that are too close may move apart */
            return refused(CAUSE_SEPARATION, LIFT(side), motion_planned_steps(LIFT(side)), lowest);
    }
    return ACCEPTED;
}

refusal limits_fork(uint8_t servo)
{
    if (servo >= PROTOCOL_SIDES) /* forks are servos 0 and 1, on the side of their number */
        return ACCEPTED;
    int32_t load = sensors_load_g(servo);
    if (load > settings.fork_load_g)
        return refused(CAUSE_FORK_LOADED, servo, load, settings.fork_load_g);
    return ACCEPTED;
}

refusal limits_load(void)
{
    for (uint8_t side = 0; side < PROTOCOL_SIDES; side++)
        if (sensors_load_is_silent(side))
            return refused(CAUSE_LOAD_SILENT, side, (int32_t)sensors_load_age_ms(side), LOAD_SILENT_MS);
    for (uint8_t side = 0; side < PROTOCOL_SIDES; side++)
        if (sensors_load_g(side) > settings.load_limit_g)
            return refused(CAUSE_LOAD_LIMIT, side, sensors_load_g(side), settings.load_limit_g);
    return ACCEPTED;
}

static refusal end_stop_at(uint8_t axis, int32_t at)
{
    const axis_settings *s = &settings.axes[axis];
    const int32_t play = (int32_t)(s->steps_per_m >> END_STOP_PLAY_SHIFT);
    if (at > s->home + play && board_end_stop(axis))
        return refused(CAUSE_END_STOP_EARLY, axis, at, s->home);
    if (at < s->home - play && !board_end_stop(axis))
        return refused(CAUSE_END_STOP_LATE, axis, at, s->home);
    return ACCEPTED;
}

refusal limits_end_stops(uint8_t axes)
{
    refusal why = ACCEPTED;
    for (uint8_t axis = 0; axes && why.cause == CAUSE_NONE; axis++, axes >>= 1)
        if (axes & 1u)
            why = end_stop_at(axis, stepper_position(axis));
    return why;
}

refusal limits_place(uint8_t axis, int32_t place, uint8_t referenced)
{
    if (axis >= PROTOCOL_AXES || !settings.axes[axis].is_used)
        return refused(CAUSE_UNKNOWN_AXIS, PROTOCOL_NO_AXIS, axis, 0);
    const axis_settings *s = &settings.axes[axis];
    if (referenced & (1u << axis))
        return refused(CAUSE_ALREADY_REFERENCED, axis, stepper_position(axis), place);
    if (place < s->minimum)
        return refused(CAUSE_BELOW_MINIMUM, axis, place, s->minimum);
    if (place > s->maximum)
        return refused(CAUSE_ABOVE_MAXIMUM, axis, place, s->maximum);
    refusal why = end_stop_at(axis, place);
    if (why.cause != CAUSE_NONE || !((1u << axis) & BEAMS))
        return why;
    int32_t positions[PROTOCOL_AXES];
    for (uint8_t beam = 0; beam < PROTOCOL_AXES; beam++)
        positions[beam] = beam == axis ? place : motion_planned_steps(beam);
    const uint8_t side = axis % PROTOCOL_SIDES, pair = (uint8_t)(1u << LIFT(side) | 1u << SCAN(side));
    return limits_separation(positions, (uint8_t)((referenced | 1u << axis) & pair));
}
