/* Servos: forks and hooks swing in and out, a little behind the pulse width that the board ramps. */
#include "plant_parts.h"

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

void swing_advance(double seconds)
{
    for (int servo = 0; servo < PLANT_SERVOS; servo++) {
        advance_servo(servo, seconds);
    }
}

void swing_reset(void)
{
    for (int servo = 0; servo < PLANT_SERVOS; servo++) {
        truth.servo_deg[servo] = truth.servo_target_deg[servo] = world.servo_start_deg[servo];
        target_changed_ns[servo] = 0;
    }
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
