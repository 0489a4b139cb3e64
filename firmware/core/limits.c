#include "limits.h"

#include "board.h"
#include "motion.h"
#include "profile.h"
#include "sensors.h"
#include "settings.h"
#include "stepper.h"

#define LIFT(side) (side)
#define SCAN(side) ((uint8_t)((side) + 2u))
#define TOLERANCE_STEPS 2 /* of rounding millimetres to steps, each beam */
#define AHEAD_TOLERANCE_MM 0.01f
#define END_STOP_PLAY_PER_M 1000u /* 1 mm */
#define ONE ((float)PROFILE_ONE)

refusal limits_move(const message_segment_axis *move, uint8_t referenced)
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
    if (move->speed > axis->speed_q8 || profile_speed(move->speed) == 0)
        return refused(CAUSE_SPEED_LIMIT, move->axis, (int32_t)move->speed, (int32_t)axis->speed_q8);
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

/* Lowest lift position, in lift steps, above a scan beam at `scan`. */
static int32_t lowest_lift(uint8_t side, int32_t scan)
{
    if (!settings.same_scale[side])
        scan = (int32_t)((int64_t)scan * settings.axes[LIFT(side)].steps_per_m / settings.axes[SCAN(side)].steps_per_m);
    return scan + settings.beam_separation[side];
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

/* A beam that brakes: where it is (mm), its speed (mm a slice, upwards), and the slices until it rests. */
typedef struct {
    float at, speed, rests;
} braking_beam;

static braking_beam beam_after_next_slice(uint8_t axis)
{
    int32_t steps, fraction, velocity;
    motion_peek(axis, &steps, &fraction, &velocity);
    const float mm = 1000.0f / (float)settings.axes[axis].steps_per_m;
    int32_t speed = velocity < 0 ? -velocity : velocity, most = settings.axes[axis].acceleration;
    return (braking_beam){
        .at = ((float)steps + (float)fraction / ONE) * mm,
        .speed = (float)velocity / ONE * mm,
        .rests = speed ? (float)profile_slices_for(speed, most) : 0.0f,
    };
}

static float place_at(const braking_beam *beam, float slices)
{
    if (beam->rests <= 0.0f)
        return beam->at;
    float t = slices < beam->rests ? slices : beam->rests;
    return beam->at + beam->speed * t * (1.0f - 0.5f * t / beam->rests);
}

/* Smallest distance while both brake: at the beginning, when one of them comes to rest, or in between when their speeds
 * are equal. */
static float closest(const braking_beam *lift, const braking_beam *scan)
{
    float times[4] = {0.0f, lift->rests, scan->rests, 0.0f};
    float slowing_lift = lift->rests > 0.0f ? lift->speed / lift->rests : 0.0f;
    float slowing_scan = scan->rests > 0.0f ? scan->speed / scan->rests : 0.0f;
    if (slowing_lift != slowing_scan) {
        float equal = (lift->speed - scan->speed) / (slowing_lift - slowing_scan);
        times[3] = equal > 0.0f ? equal : 0.0f;
    }
    float least = place_at(lift, 0.0f) - place_at(scan, 0.0f);
    for (uint8_t i = 1; i < 4; i++) {
        float gap = place_at(lift, times[i]) - place_at(scan, times[i]);
        least = gap < least ? gap : least;
    }
    return least;
}

/* Both beams stop within what they are apart, at whatever speed. */
static bool is_far(uint8_t side)
{
    int32_t gap = motion_planned_steps(LIFT(side)) - lowest_lift(side, motion_planned_steps(SCAN(side)));
    return gap > settings.longest_braking[side];
}

#define GAP_BITS 10

typedef struct {
    int32_t steps, fraction, velocity;
    uint32_t rests; /* slices of braking */
} beam_state;

static beam_state look_ahead(uint8_t axis)
{
    beam_state beam;
    motion_peek(axis, &beam.steps, &beam.fraction, &beam.velocity);
    int32_t speed = beam.velocity < 0 ? -beam.velocity : beam.velocity;
    beam.rests = speed ? profile_slices_for(speed, settings.axes[axis].acceleration) : 0;
    return beam;
}

/* Way to rest, in steps with GAP_BITS fraction bits, rounded up. */
static int32_t way_to_rest(const beam_state *beam)
{
    int32_t speed = beam->velocity < 0 ? -beam->velocity : beam->velocity;
    return (int32_t)((((uint32_t)speed >> (PROFILE_BITS - GAP_BITS)) + 1u) * beam->rests / 2u) + 1;
}

/* What can be seen without working out both motions: neither comes towards the other, or braking one by one leaves
 * enough, or the lift beam goes ahead of the scan beam at least as fast and as long. */
static bool keep_apart_surely(uint8_t side)
{
    if (!settings.same_scale[side])
        return false;
    beam_state lift = look_ahead(LIFT(side)), scan = look_ahead(SCAN(side));
    int32_t gap = ((lift.steps - scan.steps - settings.beam_separation[side]) * (1 << GAP_BITS)) +
                  ((lift.fraction - scan.fraction) >> (PROFILE_BITS - GAP_BITS));
    if (gap < 0)
        return false;
    if (scan.velocity > 0 && lift.velocity >= scan.velocity && lift.rests >= scan.rests)
        return true;
    int32_t towards = (lift.velocity < 0 ? way_to_rest(&lift) : 0) + (scan.velocity > 0 ? way_to_rest(&scan) : 0);
    return gap >= towards;
}

refusal limits_separation_ahead(uint8_t referenced)
{
    for (uint8_t side = 0; side < PROTOCOL_SIDES; side++) {
        if (!(motion_moving() & (1u << LIFT(side) | 1u << SCAN(side))) || !is_judged(side, referenced) || is_far(side) || keep_apart_surely(side))
            continue;
        braking_beam lift = beam_after_next_slice(LIFT(side)), scan = beam_after_next_slice(SCAN(side));
        float allowed = (float)settings.beam_separation_um / 1000.0f - AHEAD_TOLERANCE_MM;
        float now = (float)motion_planned_steps(LIFT(side)) * 1000.0f / (float)settings.axes[LIFT(side)].steps_per_m -
                    (float)motion_planned_steps(SCAN(side)) * 1000.0f / (float)settings.axes[SCAN(side)].steps_per_m;
        float least = closest(&lift, &scan);
        if (least < allowed && least < now - AHEAD_TOLERANCE_MM) /* beams that are too close may move apart */
            return refused(CAUSE_SEPARATION, LIFT(side), motion_planned_steps(LIFT(side)),
                           lowest_lift(side, motion_planned_steps(SCAN(side))));
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
        if (sensors_load_age_ms(side) > LOAD_SILENT_MS)
            return refused(CAUSE_LOAD_SILENT, side, (int32_t)sensors_load_age_ms(side), LOAD_SILENT_MS);
    for (uint8_t side = 0; side < PROTOCOL_SIDES; side++)
        if (sensors_load_g(side) > settings.load_limit_g)
            return refused(CAUSE_LOAD_LIMIT, side, sensors_load_g(side), settings.load_limit_g);
    return ACCEPTED;
}

refusal limits_end_stops(uint8_t axes)
{
    for (uint8_t axis = 0; axis < PROTOCOL_AXES; axis++) {
        const axis_settings *s = &settings.axes[axis];
        if (!(axes & (1u << axis)))
            continue;
        int32_t at = stepper_position(axis), play = (int32_t)(s->steps_per_m / END_STOP_PLAY_PER_M);
        if (at > s->home + play && board_end_stop(axis))
            return refused(CAUSE_END_STOP_EARLY, axis, at, s->home);
        if (at < s->home - play && !board_end_stop(axis))
            return refused(CAUSE_END_STOP_LATE, axis, at, s->home);
    }
    return ACCEPTED;
}
