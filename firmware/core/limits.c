#include "limits.h"

#include "board.h"
#include "motion.h"
#include "sensors.h"
#include "settings.h"
#include "stepper.h"

#define LIFT(side) (side)
#define SCAN(side) ((uint8_t)((side) + 2u))
#define TOLERANCE_STEPS 2     /* of rounding millimetres to steps, each beam */
#define AHEAD_TOLERANCE_UM 50 /* 1 ms at 40 mm/s: braking lasts whole slices */

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
static int64_t lowest_lift(uint8_t side, int64_t scan, int64_t separation_um)
{
    int64_t lift_per_m = settings.axes[LIFT(side)].steps_per_m;
    int64_t scan_per_m = settings.axes[SCAN(side)].steps_per_m;
    return scan * lift_per_m / scan_per_m + separation_um * lift_per_m / 1000000;
}

refusal limits_separation(const int32_t positions[PROTOCOL_AXES], uint8_t referenced)
{
    for (uint8_t side = 0; side < PROTOCOL_SIDES; side++) {
        if (!is_judged(side, referenced))
            continue;
        int64_t lowest = lowest_lift(side, positions[SCAN(side)], settings.beam_separation_um) - TOLERANCE_STEPS;
        if (positions[LIFT(side)] < lowest)
            return refused(CAUSE_BEAM_SEPARATION, LIFT(side), positions[LIFT(side)], (int32_t)lowest);
    }
    return ACCEPTED;
}

static int64_t braking_steps(uint8_t axis)
{
    float v = (float)motion_planned_velocity(axis) / 4294967296.0f;
    float a = (float)settings.axes[axis].acceleration / 4294967296.0f;
    return (int64_t)(v * v / (2.0f * a));
}

refusal limits_separation_ahead(uint8_t referenced)
{
    for (uint8_t side = 0; side < PROTOCOL_SIDES; side++) {
        int64_t lift_v = motion_planned_velocity(LIFT(side)), scan_v = motion_planned_velocity(SCAN(side));
        bool is_closing = lift_v < 0 || scan_v > 0;
        if (!is_closing || !is_judged(side, referenced))
            continue;
        int64_t lift = motion_planned_steps(LIFT(side)), scan = motion_planned_steps(SCAN(side));
        lift += lift_v < 0 ? -braking_steps(LIFT(side)) : braking_steps(LIFT(side));
        scan += scan_v > 0 ? braking_steps(SCAN(side)) : -braking_steps(SCAN(side));
        int64_t lowest = lowest_lift(side, scan, (int64_t)settings.beam_separation_um - AHEAD_TOLERANCE_UM);
        if (lift < lowest)
            return refused(CAUSE_SEPARATION, LIFT(side), (int32_t)lift, (int32_t)lowest);
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
        int32_t highest = s->home + (int32_t)(s->steps_per_m / 1000u);
        if (steppers[axis].position > highest && board_end_stop(axis))
            return refused(CAUSE_END_STOP_EARLY, axis, steppers[axis].position, s->home);
    }
    return ACCEPTED;
}
