#include "homing.h"

#include "board.h"
#include "motion.h"
#include "link.h"
#include "programme_report.h"
#include "safety.h"
#include "sensors.h"
#include "settings.h"
#include "stepper.h"

#define CLEARING_TRIES 5u /* back-offs until a pressed end stop must be free */

enum phase { REST, CLEARING, APPROACH, BACKING_OFF, SLOW_APPROACH, TO_HOME };

typedef struct {
    uint8_t phase, tries;
    bool is_braking;
} axis_homing;

static axis_homing homings[PROTOCOL_AXES];
static uint8_t active;       /* mask of axes still homing */
static uint8_t asked, known; /* known: referenced before */
static uint8_t told;         /* axes that did not find their place, but were told it */
static bool is_running, has_begun;
static uint16_t number;

void homing_reset(void)
{
    active = told = 0;
    is_running = false;
}

bool homing_is_active(void)
{
    return is_running;
}

static void go(uint8_t axis, int32_t distance, uint32_t speed_q8)
{
    const axis_settings *s = &settings.axes[axis];
    profile p;
    uint32_t length = (uint32_t)(distance < 0 ? -distance : distance);
    homings[axis].is_braking = false;
    if (profile_plan(&p, length, 0, (profile_limits){profile_speed(speed_q8), s->acceleration, 0}, 0))
        motion_follow(axis, motion_planned_steps(axis) + distance, &p);
}

static uint32_t approach_speed(uint8_t axis)
{
    /* a lift beam never runs down faster than the scan beam below it, which may be on its way too */
    uint32_t own = settings.axes[axis].homing_speed_q8;
    if (axis >= PROTOCOL_SIDES || !(asked & (1u << (axis + 2u))))
        return own;
    const axis_settings *lift = &settings.axes[axis], *scan = &settings.axes[axis + 2u];
    uint64_t same = (uint64_t)scan->homing_speed_q8 * lift->steps_per_m / scan->steps_per_m;
    return same < own ? (uint32_t)same : own;
}

static void enter(uint8_t axis, uint8_t phase)
{
    const axis_settings *s = &settings.axes[axis];
    const int32_t travel = s->maximum - s->minimum;
    homings[axis].phase = phase;
    switch (phase) {
    case CLEARING:
    case BACKING_OFF:
        go(axis, s->homing_backoff, s->homing_speed_q8);
        break;
    case APPROACH:
        sensors_watch_end_stop(axis, true);
        go(axis, -(travel + 2 * s->homing_backoff), approach_speed(axis));
        break;
    case SLOW_APPROACH:
        sensors_watch_end_stop(axis, true);
        go(axis, -2 * s->homing_backoff, s->homing_slow_speed_q8);
        break;
    case TO_HOME:
        go(axis, s->home - motion_planned_steps(axis), s->homing_slow_speed_q8);
        break;
    default:
        break;
    }
}

/* A scan beam whose end stop reads pressed goes up to clear it, wherever it is: a broken wire must not drive it into the
 * lift beam above. By the pulses counted, if that beam knows its place. */
static refusal check_clearing(uint8_t axes)
{
    for (uint8_t lift = 0; lift < PROTOCOL_SIDES; lift++) {
        const uint8_t scan = (uint8_t)(lift + 2u);
        const bool may_rise = (axes & (1u << scan)) && !(axes & (1u << lift)) && board_end_stop(scan);
        if (!may_rise || !(safety_referenced() & (1u << lift)))
            continue;
        int32_t positions[PROTOCOL_AXES] = {0};
        positions[lift] = motion_planned_steps(lift);
        positions[scan] = motion_planned_steps(scan) + (int32_t)CLEARING_TRIES * settings.axes[scan].homing_backoff;
        refusal why = limits_separation(positions, (uint8_t)(1u << lift | 1u << scan));
        if (why.cause != CAUSE_NONE)
            return why;
    }
    return ACCEPTED;
}

static refusal check(uint8_t axes)
{
    for (uint8_t axis = 0; axis < PROTOCOL_AXES; axis++) {
        if (!(axes & (1u << axis)))
            continue;
        if (!settings.axes[axis].is_used)
            return refused(CAUSE_UNKNOWN_AXIS, PROTOCOL_NO_AXIS, axis, 0);
        if (axis >= PROTOCOL_SIDES)
            continue;
        uint8_t scan = (uint8_t)(axis + 2u);
        bool scan_is_safe = (safety_referenced() & (1u << scan)) &&
                            motion_planned_steps(scan) <= settings.axes[scan].home + settings.axes[scan].homing_backoff;
        if (settings.axes[scan].is_used && !(axes & (1u << scan)) && !scan_is_safe)
            return refused(CAUSE_HOMING_ORDER, axis, 0, 0);
    }
    return axes ? check_clearing(axes) : refused(CAUSE_UNKNOWN_AXIS, PROTOCOL_NO_AXIS, 0, 0);
}

refusal homing_start(uint16_t programme, uint8_t axes)
{
    refusal why = safety_may_move();
    if (why.cause == CAUSE_NONE)
        why = check(axes);
    if (why.cause == CAUSE_NONE)
        why = safety_begin_motion();
    if (why.cause != CAUSE_NONE)
        return why;
    number = programme;
    asked = active = axes;
    is_running = true;
    has_begun = false;
    return ACCEPTED;
}

uint8_t homing_told(void)
{
    return told;
}

refusal homing_tell_place(uint8_t axis, int32_t place)
{
    refusal why = safety_may_move();
    if (why.cause == CAUSE_NONE)
        why = limits_place(axis, place, safety_referenced());
    if (why.cause != CAUSE_NONE)
        return why;
    motion_set_position(axis, place);
    told |= (uint8_t)(1u << axis);
    safety_set_referenced(axis, true);
    return ACCEPTED;
}

static void begin(void)
{
    has_begun = true;
    known = safety_referenced() & (uint8_t)~told; /* what was told is no measure of lost steps */
    told &= (uint8_t)~active;
    for (uint8_t axis = 0; axis < PROTOCOL_AXES; axis++) {
        if (!(active & (1u << axis)))
            continue;
        safety_set_referenced(axis, false);
        homings[axis].tries = 0;
        enter(axis, board_end_stop(axis) ? CLEARING : APPROACH);
    }
}

static void fault(uint8_t axis, uint8_t cause)
{
    safety_stop(refused(cause, axis, stepper_position(axis), settings.axes[axis].home));
}

static void found(uint8_t axis, int32_t closed_at)
{
    const int32_t home = settings.axes[axis].home;
    uint8_t bytes[MESSAGE_REFERENCE_SIZE];
    message_reference m = {axis, (known & (1u << axis)) != 0, closed_at, home};
    link_event(bytes, message_write_reference(bytes, &m));
    motion_set_position(axis, home + stepper_position(axis) - closed_at);
    enter(axis, TO_HOME);
}

static void next_phase(uint8_t axis)
{
    axis_homing *h = &homings[axis];
    int32_t closed_at;
    switch (h->phase) {
    case CLEARING:
        if (!board_end_stop(axis))
            enter(axis, APPROACH);
        else if (++h->tries < CLEARING_TRIES)
            enter(axis, CLEARING);
        else
            fault(axis, CAUSE_END_STOP_STUCK);
        break;
    case APPROACH:
        if (sensors_end_stop_seen(axis, &closed_at))
            enter(axis, BACKING_OFF);
        else
            fault(axis, CAUSE_END_STOP_MISSING);
        break;
    case BACKING_OFF:
        if (board_end_stop(axis))
            fault(axis, CAUSE_END_STOP_STUCK);
        else
            enter(axis, SLOW_APPROACH);
        break;
    case SLOW_APPROACH:
        if (sensors_end_stop_seen(axis, &closed_at))
            found(axis, closed_at);
        else
            fault(axis, CAUSE_END_STOP_MISSING);
        break;
    default: /* TO_HOME */
        safety_set_referenced(axis, true);
        active &= (uint8_t)~(1u << axis);
        break;
    }
}

static void poll_axis(uint8_t axis)
{
    axis_homing *h = &homings[axis];
    int32_t closed_at;
    bool is_approaching = h->phase == APPROACH || h->phase == SLOW_APPROACH;
    if (is_approaching && !h->is_braking && sensors_end_stop_seen(axis, &closed_at)) {
        h->is_braking = true;
        motion_brake((uint8_t)(1u << axis));
    }
    if (motion_axis_at_rest(axis))
        next_phase(axis);
}

static void finish(uint8_t end, refusal why)
{
    for (uint8_t axis = 0; axis < PROTOCOL_AXES; axis++)
        sensors_watch_end_stop(axis, false);
    is_running = false;
    active = 0;
    programme_report_end(number, end, 0, why);
}

void homing_abort(uint8_t end, refusal why)
{
    if (is_running)
        finish(end, why);
}

void homing_poll(void)
{
    if (!is_running || safety_is_stopping())
        return;
    if (!has_begun) {
        if (safety_rail_settled())
            begin();
        return;
    }
    for (uint8_t axis = 0; axis < PROTOCOL_AXES; axis++)
        if ((active & (1u << axis)) && !safety_is_stopping())
            poll_axis(axis);
    if (active == 0 && is_running) {
        finish(END_DONE, ACCEPTED);
        safety_end_motion();
    }
}
