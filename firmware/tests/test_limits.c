/*
 * limits.c alone, between neighbours that are played: every limit at its last allowed and its first refused value, and what
 * a refusal names. Beams that would come too close are judged by a second opinion that counts every slice of braking.
 */
#include "limits.h"

#include <math.h>
#include <string.h>

#include "check.h"
#include "neighbours.h"
#include "profile.h"
#include "sensors.h"
#include "settings.h"

#define ALL 0xffu
#define STEPS_PER_M 81920u
#define MM 80 /* steps, as end stops are judged */
#define SPEED_Q8 (16000u << 8)
#define HOMING_Q8 (700u << 8)
#define ACCELERATION_Q8 (32000u << 8)
#define SEPARATION 9000 /* steps of the lift axis */
#define FAR 40000
#define SAME_SCALE (UINT32_C(1) << 24)

static void begin(void)
{
    neighbours_reset();
    memset(&settings, 0, sizeof settings);
    settings.load_limit_g = 60000;
    settings.fork_load_g = 1000;
    for (uint8_t axis = 0; axis < PROTOCOL_AXES; axis++)
        settings.axes[axis] = (axis_settings){
            .is_used = true,
            .steps_per_m = STEPS_PER_M,
            .home = 100 * axis,
            .minimum = -1000 * (axis + 1),
            .maximum = 2000 * (axis + 1),
            .speed_q8 = SPEED_Q8,
            .homing_speed_q8 = HOMING_Q8,
            .acceleration_q8 = ACCELERATION_Q8,
            .acceleration = profile_acceleration(ACCELERATION_Q8),
        };
    for (uint8_t side = 0; side < PROTOCOL_SIDES; side++) {
        settings.beam_separation[side] = SEPARATION;
        settings.longest_braking[side] = FAR;
        settings.lift_per_scan[side] = SAME_SCALE;
    }
}

static void expect(refusal why, uint8_t cause, uint8_t axis, int32_t value, int32_t limit)
{
    CHECK(why.cause == cause && why.axis == axis && why.value == value && why.limit == limit,
          "cause %u, axis %u, value %d, limit %d instead of %u, %u, %d, %d", why.cause, why.axis, why.value, why.limit,
          cause, axis, value, limit);
}

static void expect_accepted(refusal why)
{
    expect(why, CAUSE_NONE, PROTOCOL_NO_AXIS, 0, 0);
}

/* ------------------------------------------------------------------------------------------ moves */

static refusal move(uint8_t axis, int32_t target, uint32_t speed, uint32_t acceleration)
{
    message_segment_axis m = {axis, target, speed, acceleration};
    return limits_move(&m, ALL, 0);
}

static void test_targets_speeds_and_accelerations(void)
{
    begin();
    const uint32_t least_speed = 1, least_acceleration = 16;
    CHECK(profile_acceleration(least_acceleration) == 1 && profile_acceleration(least_acceleration - 1) == 0, "least");
    for (uint8_t axis = 0; axis < PROTOCOL_AXES; axis++) {
        const axis_settings *a = &settings.axes[axis];
        expect_accepted(move(axis, a->minimum, SPEED_Q8, ACCELERATION_Q8));
        expect_accepted(move(axis, a->maximum, least_speed, least_acceleration));
        expect(move(axis, a->minimum - 1, 1, 256), CAUSE_BELOW_MINIMUM, axis, a->minimum - 1, a->minimum);
        expect(move(axis, a->maximum + 1, 1, 256), CAUSE_ABOVE_MAXIMUM, axis, a->maximum + 1, a->maximum);
        expect(move(axis, 0, SPEED_Q8 + 1, 256), CAUSE_SPEED_LIMIT, axis, SPEED_Q8 + 1, SPEED_Q8);
        expect(move(axis, 0, 0, 256), CAUSE_SPEED_LIMIT, axis, 0, SPEED_Q8);
        expect(move(axis, 0, 1, ACCELERATION_Q8 + 1), CAUSE_ACCELERATION_LIMIT, axis, ACCELERATION_Q8 + 1,
               ACCELERATION_Q8);
        expect(move(axis, 0, 1, least_acceleration - 1), CAUSE_ACCELERATION_LIMIT, axis, 15, ACCELERATION_Q8);
    }
}

static void test_axes_that_are_not_there_or_not_referenced(void)
{
    begin();
    expect(move(PROTOCOL_AXES, 0, 1, 256), CAUSE_UNKNOWN_AXIS, PROTOCOL_NO_AXIS, PROTOCOL_AXES, 0);
    settings.axes[7].is_used = false;
    expect(move(7, 0, 1, 256), CAUSE_UNKNOWN_AXIS, PROTOCOL_NO_AXIS, 7, 0);
    for (uint8_t axis = 0; axis < 7; axis++) {
        message_segment_axis m = {axis, 0, 1, 256};
        expect_accepted(limits_move(&m, (uint8_t)(1u << axis), 0));
        expect(limits_move(&m, (uint8_t)~(1u << axis), ALL), CAUSE_NOT_REFERENCED, axis, 0, 0);
    }
}

static void test_a_told_axis_moves_at_homing_speed(void)
{
    begin();
    for (uint8_t axis = 0; axis < PROTOCOL_AXES; axis++) {
        const uint8_t bit = (uint8_t)(1u << axis);
        message_segment_axis m = {axis, 0, HOMING_Q8, 256};
        expect_accepted(limits_move(&m, ALL, bit));
        m.speed = HOMING_Q8 + 1;
        expect(limits_move(&m, ALL, bit), CAUSE_SPEED_LIMIT, axis, HOMING_Q8 + 1, HOMING_Q8);
        expect_accepted(limits_move(&m, ALL, (uint8_t)~bit));
    }
}

/* ------------------------------------------------------------------------------------------ places that are told */

static void test_a_place_within_the_travel_is_told_to_an_axis_that_does_not_know_it(void)
{
    for (uint8_t axis = 4; axis < PROTOCOL_AXES; axis++) {
        const uint8_t others = (uint8_t)~(1u << axis);
        begin();
        const axis_settings *a = &settings.axes[axis];
        world.positions[axis] = 7;
        expect(limits_place(axis, 0, ALL), CAUSE_ALREADY_REFERENCED, axis, 7, 0);
        expect_accepted(limits_place(axis, a->maximum, others));
        expect(limits_place(axis, a->maximum + 1, others), CAUSE_ABOVE_MAXIMUM, axis, a->maximum + 1, a->maximum);
        world.end_stops = (uint8_t)(1u << axis);
        expect_accepted(limits_place(axis, a->minimum, others));
        expect(limits_place(axis, a->minimum - 1, others), CAUSE_BELOW_MINIMUM, axis, a->minimum - 1, a->minimum);
        settings.axes[axis].is_used = false;
        expect(limits_place(axis, 0, others), CAUSE_UNKNOWN_AXIS, PROTOCOL_NO_AXIS, axis, 0);
    }
    expect(limits_place(PROTOCOL_AXES, 0, 0), CAUSE_UNKNOWN_AXIS, PROTOCOL_NO_AXIS, PROTOCOL_AXES, 0);
}

static void test_an_end_stop_contradicts_a_told_place(void)
{
    for (uint8_t axis = 4; axis < PROTOCOL_AXES; axis++) {
        const uint8_t bit = (uint8_t)(1u << axis), others = (uint8_t)~bit;
        begin();
        const int32_t home = settings.axes[axis].home;
        expect_accepted(limits_place(axis, home - MM, others));
        expect(limits_place(axis, home - MM - 1, others), CAUSE_END_STOP_LATE, axis, home - MM - 1, home);
        world.end_stops = bit;
        expect_accepted(limits_place(axis, home + MM, others));
        expect(limits_place(axis, home + MM + 1, others), CAUSE_END_STOP_EARLY, axis, home + MM + 1, home);
    }
}

static void test_a_told_place_keeps_the_beams_apart(void)
{
    for (uint8_t side = 0; side < PROTOCOL_SIDES; side++) {
        const uint8_t lift = side, scan = (uint8_t)(side + 2u), scan_bit = (uint8_t)(1u << scan);
        begin();
        settings.axes[lift].maximum = settings.axes[scan].maximum = 2 * SEPARATION;
        world.planned[lift] = SEPARATION + 500;
        expect_accepted(limits_place(scan, 502, (uint8_t)~scan_bit));
        expect(limits_place(scan, 503, (uint8_t)~scan_bit), CAUSE_BEAM_SEPARATION, lift, SEPARATION + 500,
               SEPARATION + 501);
        expect_accepted(limits_place(scan, 2000, 0)); /* nobody knows where the lift beam is */
        world.planned[scan] = 400;
        expect_accepted(limits_place(lift, SEPARATION + 398, scan_bit));
        expect(limits_place(lift, SEPARATION + 397, scan_bit), CAUSE_BEAM_SEPARATION, lift, SEPARATION + 397,
               SEPARATION + 398);
    }
}

/* ------------------------------------------------------------------------------------------ beams at an end */

static void test_beams_at_the_end_of_a_segment(void)
{
    for (uint8_t side = 0; side < PROTOCOL_SIDES; side++) {
        const uint8_t scan = (uint8_t)(side + 2u);
        int32_t at[PROTOCOL_AXES] = {50000, 50000, 0, 0};
        begin();
        expect_accepted(limits_separation(at, ALL));
        for (int32_t place = -20000; place <= 20000; place += 10000) {
            const int32_t lowest = place + SEPARATION - 2;
            at[scan] = place;
            at[side] = lowest;
            expect_accepted(limits_separation(at, ALL));
            at[side] = lowest - 1;
            expect(limits_separation(at, ALL), CAUSE_BEAM_SEPARATION, side, lowest - 1, lowest);
            expect(limits_separation(at, (uint8_t)(1u << side | 1u << scan)), CAUSE_BEAM_SEPARATION, side, lowest - 1,
                   lowest);
            expect_accepted(limits_separation(at, (uint8_t)~(1u << side)));
            expect_accepted(limits_separation(at, (uint8_t)~(1u << scan)));
        }
    }
}

static void test_beams_of_different_scales(void)
{
    begin();
    settings.lift_per_scan[1] = 3 * SAME_SCALE;
    settings.axes[1].steps_per_m = 3 * STEPS_PER_M;
    int32_t at[PROTOCOL_AXES] = {50000, 3 * 5000 + SEPARATION - 2, 0, 5000};
    expect_accepted(limits_separation(at, ALL));
    at[1]--;
    expect(limits_separation(at, ALL), CAUSE_BEAM_SEPARATION, 1, 3 * 5000 + SEPARATION - 3, 3 * 5000 + SEPARATION - 2);
}

/* ------------------------------------------------------------------------------------------ beams that would brake */

typedef struct {
    double at, speed;    /* steps, steps a slice, upwards, after the next slice */
    double acceleration; /* steps a slice, each slice */
} beam;

/* Smallest gap in steps of the lift, in sixteenths of slices, while each brakes evenly in whole slices. */
static double least_gap(beam lift, beam scan, double lift_steps_per_scan_step)
{
    const double speeds[2] = {lift.speed, scan.speed}, most[2] = {lift.acceleration, scan.acceleration};
    double rests[2], longest = 0.0, least = 1e9;
    for (int i = 0; i < 2; i++) {
        rests[i] = speeds[i] == 0.0 ? 0.0 : fmax(1.0, ceil(fabs(speeds[i]) / most[i] - 1.0 / 4096));
        longest = fmax(longest, rests[i]);
    }
    for (double t = 0.0; t <= longest + 0.01; t += 1.0 / 16) {
        double places[2] = {lift.at, scan.at};
        for (int i = 0; i < 2; i++) {
            double braked = fmin(t, rests[i]);
            if (rests[i] > 0.0)
                places[i] += speeds[i] * braked * (1.0 - 0.5 * braked / rests[i]);
        }
        least = fmin(least, places[0] - places[1] * lift_steps_per_scan_step - SEPARATION);
    }
    return least;
}

/* Puts a beam so that one more slice brings it where `b` says. */
static void place(uint8_t axis, beam b)
{
    double planned = floor(b.at - b.speed);
    world.planned[axis] = (int32_t)planned;
    world.advances[axis] = (int32_t)floor(b.at) - world.planned[axis];
    world.fractions[axis] = (int32_t)((b.at - floor(b.at)) * PROFILE_ONE);
    world.velocities[axis] = (int32_t)(b.speed * PROFILE_ONE);
}

static beam any_beam(uint8_t axis, double most)
{
    axis_settings *a = &settings.axes[axis];
    a->acceleration = a->acceleration / 4 * (int32_t)(1 + any(8));
    return (beam){
        .speed = any(5) ? ((double)any(2001) - 1000.0) / 1000.0 * most : 0.0,
        .acceleration = (double)a->acceleration / PROFILE_ONE,
    };
}

static void judge_beams(uint8_t side, double scale)
{
    const double most = (double)profile_speed(SPEED_Q8) / PROFILE_ONE, tolerance = STEPS_PER_M * scale / 128.0 / 1024.0;
    beam lift = any_beam(side, most * scale), scan = any_beam((uint8_t)(side + 2u), most);
    lift.at = any(20000) / 16.0;
    scan.at = (lift.at - SEPARATION - any(900) + 60.0) / scale;
    place(side, lift);
    place((uint8_t)(side + 2u), scan);
    const int32_t lowest = (int32_t)floor(world.planned[side + 2] * scale + 1e-9) + SEPARATION;
    double now = world.planned[side] - lowest, least = least_gap(lift, scan, scale);
    bool is_refused = limits_separation_ahead(ALL).cause != CAUSE_NONE;
    const double unsure = 0.15 * scale; /* steps: slices and bits are rounded */
    if (least < -tolerance - unsure && least < now - tolerance - unsure) {
        CHECK(is_refused, "side %u: lift %g at %g, scan %g at %g come to %g, now %g", side, lift.at, lift.speed,
              scan.at, scan.speed, least, now);
        expect(limits_separation_ahead(ALL), CAUSE_SEPARATION, side, world.planned[side], lowest);
    }
    if (least > -tolerance + unsure || least > now - tolerance + unsure)
        CHECK(!is_refused, "side %u: lift %g at %g, scan %g at %g come only to %g, now %g", side, lift.at, lift.speed,
              scan.at, scan.speed, least, now);
}

static void test_beams_are_stopped_before_they_come_too_close(void)
{
    for (int i = 0; i < 10000; i++) {
        const uint8_t side = (uint8_t)(i % 2);
        const double scale = i % 4 < 2 ? 1.0 : 2.0;
        begin();
        for (uint8_t axis = 0; axis < 4; axis++)
            world.planned[axis] = axis < 2 ? 50000 : 0;
        settings.lift_per_scan[side] = (uint32_t)(SAME_SCALE * scale);
        settings.axes[side].steps_per_m = (uint32_t)(STEPS_PER_M * scale);
        world.moving = (uint8_t)(1u << (any(2) ? side : side + 2));
        judge_beams(side, scale);
    }
}

static void test_beams_far_apart_need_no_judgement(void)
{
    begin();
    world.planned[0] = world.planned[1] = 50000;
    world.moving = ALL;
    settings.longest_braking[0] = 500;
    world.planned[2] = 3000;
    world.planned[0] = 3000 + SEPARATION + 501;
    world.velocities[0] = -200 * PROFILE_ONE;
    expect_accepted(limits_separation_ahead(ALL));
    world.planned[0]--;
    expect(limits_separation_ahead(ALL), CAUSE_SEPARATION, 0, 3000 + SEPARATION + 500, 3000 + SEPARATION);
}

static void test_beams_at_rest_or_without_a_place_are_not_judged(void)
{
    for (uint8_t side = 0; side < PROTOCOL_SIDES; side++) {
        const uint8_t scan = (uint8_t)(side + 2u);
        begin();
        world.planned[0] = world.planned[1] = 50000;
        world.planned[side] = SEPARATION - 100;
        world.velocities[side] = -20 * PROFILE_ONE;
        world.advances[side] = -20;
        expect_accepted(limits_separation_ahead(ALL));
        world.moving = (uint8_t)~(1u << side | 1u << scan);
        expect_accepted(limits_separation_ahead(ALL));
        world.moving = (uint8_t)(1u << side);
        expect(limits_separation_ahead(ALL), CAUSE_SEPARATION, side, SEPARATION - 100, SEPARATION);
        world.moving = (uint8_t)(1u << scan);
        expect(limits_separation_ahead(ALL), CAUSE_SEPARATION, side, SEPARATION - 100, SEPARATION);
        expect_accepted(limits_separation_ahead((uint8_t)~(1u << side)));
        expect_accepted(limits_separation_ahead((uint8_t)~(1u << scan)));
    }
}

/* ------------------------------------------------------------------------------------------ loads, forks, end stops */

static void test_loads(void)
{
    begin();
    world.load_g[0] = world.load_g[1] = 60000;
    world.load_age_ms[0] = world.load_age_ms[1] = LOAD_SILENT_MS;
    expect_accepted(limits_load());
    for (uint8_t side = 0; side < PROTOCOL_SIDES; side++) {
        begin();
        world.load_g[side] = 60001;
        expect(limits_load(), CAUSE_LOAD_LIMIT, side, 60001, 60000);
        world.load_age_ms[side] = LOAD_SILENT_MS + 1;
        expect(limits_load(), CAUSE_LOAD_SILENT, side, LOAD_SILENT_MS + 1, LOAD_SILENT_MS);
    }
}

static void test_forks(void)
{
    begin();
    world.load_g[0] = world.load_g[1] = 1000;
    for (uint8_t servo = 0; servo < PROTOCOL_SERVOS; servo++)
        expect_accepted(limits_fork(servo));
    for (uint8_t side = 0; side < PROTOCOL_SIDES; side++) {
        begin();
        world.load_g[side] = 1001;
        for (uint8_t servo = 0; servo < PROTOCOL_SERVOS; servo++)
            if (servo == side)
                expect(limits_fork(servo), CAUSE_FORK_LOADED, side, 1001, 1000);
            else
                expect_accepted(limits_fork(servo));
    }
}

static void test_end_stops(void)
{
    for (uint8_t axis = 0; axis < PROTOCOL_AXES; axis++) {
        begin();
        const int32_t home = settings.axes[axis].home;
        for (uint8_t other = 0; other < PROTOCOL_AXES; other++)
            world.positions[other] = settings.axes[other].home;
        const uint8_t bit = (uint8_t)(1u << axis);
        world.end_stops = bit;
        world.positions[axis] = home + MM;
        expect_accepted(limits_end_stops(ALL));
        world.positions[axis]++;
        expect(limits_end_stops(ALL), CAUSE_END_STOP_EARLY, axis, home + MM + 1, home);
        expect(limits_end_stops(bit), CAUSE_END_STOP_EARLY, axis, home + MM + 1, home);
        expect_accepted(limits_end_stops((uint8_t)~bit));
        world.end_stops = 0;
        expect_accepted(limits_end_stops(ALL));
        world.positions[axis] = home - MM;
        expect_accepted(limits_end_stops(ALL));
        world.positions[axis]--;
        expect(limits_end_stops(ALL), CAUSE_END_STOP_LATE, axis, home - MM - 1, home);
        expect_accepted(limits_end_stops((uint8_t)~bit));
        world.end_stops = bit;
        expect_accepted(limits_end_stops(ALL));
    }
}

int main(void)
{
    test_targets_speeds_and_accelerations();
    test_axes_that_are_not_there_or_not_referenced();
    test_a_told_axis_moves_at_homing_speed();
    test_a_place_within_the_travel_is_told_to_an_axis_that_does_not_know_it();
    test_an_end_stop_contradicts_a_told_place();
    test_a_told_place_keeps_the_beams_apart();
    test_beams_at_the_end_of_a_segment();
    test_beams_of_different_scales();
    test_beams_are_stopped_before_they_come_too_close();
    test_beams_far_apart_need_no_judgement();
    test_beams_at_rest_or_without_a_place_are_not_judged();
    test_loads();
    test_forks();
    test_end_stops();
    puts("limits: ok");
    return 0;
}
