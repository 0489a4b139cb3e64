#include "safety.h"

#include "board.h"
#include "homing.h"
#include "link.h"
#include "motion.h"
#include "outputs.h"
#include "programme.h"
#include "programme_report.h"
#include "sensors.h"
#include "servos.h"
#include "settings.h"
#include "stepper.h"

#define RAIL_SETTLES_US 50000u /* relay bounce and driver wake-up */
#define ALARM_US 1000u         /* door and e-stop take the drivers' supply a moment before the board sees why */

static uint8_t state;
static uint8_t last_cause;
static uint8_t referenced;
static bool rail_is_on;
static uint32_t rail_on_us;
static bool is_alarmed;
static uint32_t alarmed_us;
static bool is_stopping; /* a category 1 stop is decelerating */
static refusal why_stopping;
static bool heartbeat_came; /* ever in this session */
static bool heartbeat_seen; /* and none was late since */
static uint32_t heartbeat_us;
static uint16_t stop_token; /* of the newest stop heard */

static void set_rail(bool on)
{
    if (on && !rail_is_on)
        rail_on_us = board_micros();
    rail_is_on = on;
    board_set_motor_rail(on);
}

void safety_reset(void)
{
    state = STATE_UNCONFIGURED;
    last_cause = CAUSE_NONE;
    referenced = 0;
    is_stopping = heartbeat_came = heartbeat_seen = is_alarmed = false;
    stop_token = 0;
    set_rail(false);
}

uint8_t safety_state(void)
{
    return state;
}

uint8_t safety_cause(void)
{
    return last_cause;
}

uint8_t safety_referenced(void)
{
    return referenced;
}

bool safety_rail(void)
{
    return rail_is_on;
}

bool safety_rail_settled(void)
{
    return rail_is_on && board_micros() - rail_on_us >= RAIL_SETTLES_US;
}

bool safety_is_stopping(void)
{
    return is_stopping;
}

bool safety_is_live(void)
{
    return state == STATE_ARMED || state == STATE_MOVING || state == STATE_HOLDING;
}

void safety_heartbeat(void)
{
    heartbeat_came = heartbeat_seen = true;
    heartbeat_us = board_micros();
}

bool safety_heartbeat_seen(uint32_t *at_us)
{
    *at_us = heartbeat_us;
    return heartbeat_came;
}

bool safety_hears_host(void)
{
    return heartbeat_seen;
}

static uint32_t heartbeat_age_ms(void)
{
    return (board_micros() - heartbeat_us) / 1000u;
}

static uint16_t deadline_ms(void)
{
    return settings.is_accepted ? settings.heartbeat_deadline_ms : HEARTBEAT_DEADLINE_MAX_MS;
}

static bool heartbeat_is_late(void)
{
    return !heartbeat_seen || board_micros() - heartbeat_us > deadline_ms() * UINT32_C(1000);
}

void safety_configured(bool is_same_as_before)
{
    stepper_release();
    if (!is_same_as_before)
        referenced = 0;
    if (state == STATE_UNCONFIGURED)
        state = STATE_DISARMED;
}

void safety_unconfigured(void)
{
    set_rail(false);
    state = STATE_UNCONFIGURED;
}

void safety_set_referenced(uint8_t axis, bool is_referenced)
{
    if (is_referenced)
        referenced |= (uint8_t)(1u << axis);
    else
        referenced &= (uint8_t)~(1u << axis);
}

static void tell_programmes(refusal why)
{
    uint8_t end = why.cause == CAUSE_GUARD_TRIPPED ? END_GUARD : END_STOPPED;
    programme_abort(end, why);
    homing_abort(end, why);
}

static void come_to_rest(void)
{
    is_stopping = false;
    set_rail(false);
    state = why_stopping.cause == CAUSE_DISARM_ASKED ? STATE_DISARMED : STATE_STOPPED;
    tell_programmes(why_stopping);
}

void safety_stop(refusal why)
{
    if (is_stopping || !safety_is_live())
        return;
    is_stopping = true;
    why_stopping = why;
    last_cause = why.cause;
    motion_brake(0xffu);
    servos_freeze();
    programme_report_stop(1, why);
    if (motion_at_rest())
        come_to_rest();
}

static void stop_at_once(uint8_t cause)
{
    refusal why = refused(cause, PROTOCOL_NO_AXIS, 0, 0);
    set_rail(false);
    motion_flush();
    servos_freeze();
    outputs_safe();
    is_stopping = false;
    last_cause = cause;
    for (uint8_t axis = 0; axis < PROTOCOL_AXES; axis++)
        if (!settings.axes[axis].keeps_position)
            safety_set_referenced(axis, false);
    state = STATE_ESTOP;
    programme_report_stop(0, why);
    tell_programmes(why);
}

static refusal inputs(void)
{
    if (!board_estop_ok())
        return refused(CAUSE_ESTOP_PRESSED, PROTOCOL_NO_AXIS, 0, 0);
    if (!board_door_closed())
        return refused(CAUSE_DOOR_OPEN, PROTOCOL_NO_AXIS, 0, 0);
    return ACCEPTED;
}

refusal safety_arm(uint16_t token)
{
    if (state == STATE_UNCONFIGURED)
        return refused(CAUSE_NOT_CONFIGURED, PROTOCOL_NO_AXIS, 0, 0);
    if (state == STATE_MOVING || state == STATE_HOLDING || is_stopping)
        return refused(CAUSE_BUSY, PROTOCOL_NO_AXIS, state, 0);
    if (token != stop_token)
        return refused(CAUSE_STOP_ASKED, PROTOCOL_NO_AXIS, token, stop_token);
    refusal why = inputs();
    if (why.cause != CAUSE_NONE)
        return why;
    if (heartbeat_is_late())
        return refused(CAUSE_NO_HEARTBEAT, PROTOCOL_NO_AXIS, heartbeat_seen ? (int32_t)heartbeat_age_ms() : 0,
                       deadline_ms());
    why = limits_load();
    if (why.cause != CAUSE_NONE)
        return why;
    last_cause = CAUSE_NONE;
    stepper_release();
    set_rail(true);
    state = STATE_ARMED;
    return ACCEPTED;
}

refusal safety_disarm(void)
{
    refusal asked = refused(CAUSE_DISARM_ASKED, PROTOCOL_NO_AXIS, 0, 0);
    if (state == STATE_UNCONFIGURED)
        return refused(CAUSE_NOT_CONFIGURED, PROTOCOL_NO_AXIS, 0, 0);
    safety_stop(asked);
    return ACCEPTED;
}

refusal safety_may_move(void)
{
    if (state == STATE_UNCONFIGURED)
        return refused(CAUSE_NOT_CONFIGURED, PROTOCOL_NO_AXIS, 0, 0);
    if (state == STATE_MOVING || state == STATE_HOLDING || is_stopping)
        return refused(CAUSE_BUSY, PROTOCOL_NO_AXIS, state, 0);
    if (state != STATE_ARMED)
        return refused(CAUSE_NOT_ARMED, PROTOCOL_NO_AXIS, state, STATE_ARMED);
    return limits_load();
}

refusal safety_begin_motion(void)
{
    refusal why = safety_may_move();
    if (why.cause == CAUSE_NONE)
        state = STATE_MOVING;
    return why;
}

void safety_end_motion(void)
{
    if (state == STATE_MOVING && !is_stopping)
        state = STATE_ARMED;
}

void safety_hold(void)
{
    if (state == STATE_MOVING && !is_stopping)
        state = STATE_HOLDING;
}

void safety_resume(void)
{
    if (state == STATE_HOLDING && !is_stopping)
        state = STATE_MOVING;
}

void safety_stop_asked(uint16_t token, uint8_t cause)
{
    bool is_repeated = token == stop_token;
    stop_token = token;
    if (is_repeated)
        return;
    if (state == STATE_DISARMED) {
        state = STATE_STOPPED;
        last_cause = CAUSE_STOP_ASKED;
    }
    safety_stop(refused(cause == CAUSE_LEASE_LOST ? CAUSE_LEASE_LOST : CAUSE_STOP_ASKED, PROTOCOL_NO_AXIS, 0, 0));
}

void safety_new_session(void)
{
    heartbeat_came = heartbeat_seen = false;
    stop_token = 0;
    outputs_safe();
    safety_stop(refused(CAUSE_HOST_CHANGED, PROTOCOL_NO_AXIS, 0, 0));
}

/* Without a host, nothing moves and nothing heats, whatever the state. */
static void watch_heartbeat(void)
{
    if (!heartbeat_seen || !heartbeat_is_late())
        return;
    heartbeat_seen = false;
    outputs_safe();
    safety_stop(refused(CAUSE_HEARTBEAT_LOST, PROTOCOL_NO_AXIS, (int32_t)heartbeat_age_ms(), deadline_ms()));
}

/* A gap in the pulses of a moving axis may have cost steps. */
static void watch_planner(void)
{
    uint16_t late = motion_lateness();
    if (!late)
        return;
    referenced &= (uint8_t)~motion_moving();
    safety_stop(refused(CAUSE_PLANNER_LATE, PROTOCOL_NO_AXIS, late, 0));
}

/* One axis at each poll is soon enough for an end stop, and leaves time for the rest: 8 polls are 0.6 mm at 40 mm/s. */
static uint8_t next_axis(void)
{
    static uint8_t bit;
    bit = (uint8_t)(bit << 1);
    if (!bit)
        bit = 1;
    return bit;
}

static void watch_motion(void)
{
    refusal why = limits_load();
    if (why.cause != CAUSE_NONE)
        safety_stop(why);
    watch_planner();
    if (link_overflowed() || sensors_edges_lost())
        safety_stop(refused(CAUSE_EVENT_OVERFLOW, PROTOCOL_NO_AXIS, 0, 0));
    why = homing_is_active() ? ACCEPTED : limits_end_stops(motion_moving() & referenced & next_axis());
    if (why.cause != CAUSE_NONE) {
        safety_set_referenced(why.axis, false);
        safety_stop(why);
    }
}

/* A driver that raises an alarm has let go of its motor, or is about to: whoever waits for a ramp lets the other motors run on. */
static bool motor_alarm(void)
{
    if (!safety_rail_settled() || board_motors_ready()) {
        is_alarmed = false;
        return false;
    }
    if (!is_alarmed)
        alarmed_us = board_micros();
    is_alarmed = true;
    return board_micros() - alarmed_us >= ALARM_US;
}

void safety_poll(void)
{
    refusal why = inputs();
    if (why.cause == CAUSE_NONE)
        why.cause = stepper_halted(); /* open for an instant: seen by the board alone */
    if (why.cause == CAUSE_NONE && motor_alarm())
        why.cause = CAUSE_MOTOR_ALARM;
    if (why.cause != CAUSE_NONE && state != STATE_ESTOP && state != STATE_UNCONFIGURED)
        stop_at_once(why.cause);
    watch_heartbeat();
    if (safety_is_live())
        watch_motion();
    if (is_stopping && motion_at_rest())
        come_to_rest();
}
