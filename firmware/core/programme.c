#include "programme.h"

#include <string.h>

#include "board.h"
#include "link.h"
#include "motion.h"
#include "outputs.h"
#include "programme_plan.h"
#include "programme_report.h"
#include "safety.h"
#include "segment.h"
#include "sensors.h"
#include "servos.h"
#include "settings.h"
#include "stepper.h"

#define DWELL_MAX_MS 4000000 /* in microseconds it must fit 32 bits */

enum phase { IDLE, WAITING, RUNNING, CUT_SHORT, DWELLING };

/* The buffer: a ring of segments, the first of which is being executed. */
static segment buffer[PROGRAMME_SEGMENTS];
static uint8_t first, filled;
static bool is_ignored;  /* a second programme comes while one is executed */
static bool is_incoming; /* a segment is put together in the first free place */

static struct {
    uint16_t number, count, received, done;
    bool is_open;  /* segments are accepted */
    bool is_check; /* validate only */
    refusal why;   /* first refusal while receiving */
    uint16_t refused_segment;
    int32_t positions[PROTOCOL_AXES]; /* where the axes are after the segments received */
} upload;

static uint8_t phase;
static bool passes; /* the joint at the end of this segment is passed */
static uint32_t dwell_since;
static bool is_held, held_told;

/* The output event of the segment, as the step interrupt left it. */
static struct {
    volatile bool has_happened;
    uint32_t time_us;
    int32_t positions[PROTOCOL_TELEMETRY_AXES];
} event;

void programme_reset(void)
{
    first = filled = 0;
    is_incoming = false;
    memset(&upload, 0, sizeof upload);
    phase = IDLE;
    is_ignored = is_held = held_told = event.has_happened = false;
}

uint16_t programme_segment(void)
{
    return upload.done;
}

/* ---------------------------------------------------------------- receiving */

static void begin(const uint8_t *fields)
{
    message_programme_begin m;
    message_read_programme_begin(fields, &m);
    is_ignored = phase != IDLE; /* until programme_start, whose result says busy */
    if (is_ignored)
        return;
    memset(&upload, 0, sizeof upload);
    first = filled = 0;
    is_incoming = false;
    upload.number = m.programme;
    upload.count = m.segments;
    upload.is_check = m.check_only != 0;
    upload.is_open = true;
    upload.why = safety_may_move();
    for (uint8_t axis = 0; axis < PROTOCOL_AXES; axis++)
        upload.positions[axis] = motion_planned_steps(axis);
}

static void refuse(refusal why)
{
    if (upload.why.cause != CAUSE_NONE || why.cause == CAUSE_NONE)
        return;
    upload.why = why;
    upload.refused_segment = upload.received;
    if (phase != IDLE)
        safety_stop(why); /* a later segment of a running programme; the check beforehand makes this rare */
}

static segment *incoming(void)
{
    return &buffer[(first + filled) % PROGRAMME_SEGMENTS];
}

static void segment_part(const uint8_t *message)
{
    if (is_ignored || !upload.is_open || upload.why.cause != CAUSE_NONE)
        return;
    if (message[0] == MESSAGE_SEGMENT_BEGIN) {
        message_segment_begin m;
        message_read_segment_begin(message + 1, &m);
        is_incoming = filled < PROGRAMME_SEGMENTS;
        if (is_incoming)
            segment_begin(incoming(), m.segment, m.dwell_ms, m.latches);
        else
            refuse(refused(CAUSE_BUFFER_FULL, PROTOCOL_NO_AXIS, filled, PROGRAMME_SEGMENTS));
        if (m.segment != upload.received || m.segment >= upload.count)
            refuse(refused(CAUSE_WRONG_SEGMENT, PROTOCOL_NO_AXIS, m.segment, upload.received));
        else if (m.dwell_ms > DWELL_MAX_MS)
            refuse(refused(CAUSE_WRONG_SEGMENT, PROTOCOL_NO_AXIS, (int32_t)m.dwell_ms, DWELL_MAX_MS));
    } else if (!is_incoming) {
        refuse(refused(CAUSE_WRONG_SEGMENT, PROTOCOL_NO_AXIS, message[0], upload.received));
    } else {
        refuse(segment_add(incoming(), message));
    }
}

static void segment_complete(const uint8_t *fields)
{
    message_segment_end m;
    message_read_segment_end(fields, &m);
    if (is_ignored || !upload.is_open || upload.why.cause != CAUSE_NONE)
        return;
    if (!is_incoming || m.segment != incoming()->number)
        refuse(refused(CAUSE_WRONG_SEGMENT, PROTOCOL_NO_AXIS, m.segment, upload.received));
    else
        refuse(segment_check(incoming(), upload.positions));
    is_incoming = false;
    if (upload.why.cause != CAUSE_NONE)
        return;
    upload.received++;
    if (!upload.is_check)
        filled++;
}

static void start(const uint8_t *fields)
{
    message_programme_start m;
    message_read_programme_start(fields, &m);
    refusal why = upload.why;
    is_ignored = false;
    if (phase != IDLE) {
        why = refused(CAUSE_BUSY, PROTOCOL_NO_AXIS, safety_state(), 0);
    } else if (!upload.is_open || m.programme != upload.number) {
        why = safety_may_move();
        if (why.cause == CAUSE_NONE)
            why = refused(CAUSE_WRONG_SEGMENT, PROTOCOL_NO_AXIS, m.programme, upload.number);
    } else if (why.cause == CAUSE_NONE && !upload.is_check) {
        why = safety_begin_motion();
    }
    if (phase == IDLE && (why.cause != CAUSE_NONE || upload.is_check))
        upload.is_open = false;
    else if (phase == IDLE)
        phase = WAITING;
    link_result_segment(MESSAGE_PROGRAMME_START, why.cause, why.axis, upload.refused_segment, why.value, why.limit);
}

void programme_receive(const uint8_t *message)
{
    switch (message[0]) {
    case MESSAGE_PROGRAMME_BEGIN:
        begin(message + 1);
        break;
    case MESSAGE_SEGMENT_END:
        segment_complete(message + 1);
        break;
    case MESSAGE_PROGRAMME_START:
        start(message + 1);
        break;
    default:
        segment_part(message);
        break;
    }
}

/* ---------------------------------------------------------------- executing */

static const segment *current(void)
{
    return &buffer[first];
}

static const segment *in_buffer(uint8_t index)
{
    return index < filled ? &buffer[(first + index) % PROGRAMME_SEGMENTS] : 0;
}

static void report_event(void)
{
    if (!event.has_happened)
        return;
    event.has_happened = false;
    programme_report_output(upload.done, current()->event.output, event.time_us, event.positions);
}

/* In interrupt context: the axis stands where the segment wants its output set. */
void stepper_event(uint8_t axis)
{
    (void)axis;
    const segment_event *wanted = &current()->event;
    outputs_set(wanted->output, wanted->permille);
    event.time_us = board_micros();
    sensors_positions(event.positions);
    event.has_happened = true;
}

static void finish(uint8_t end, refusal why)
{
    uint16_t done = upload.done;
    report_event();
    phase = IDLE;
    upload.is_open = false;
    filled = 0;
    is_held = false;
    motion_forget_event();
    sensors_watch_pins(0);
    for (uint8_t axis = 0; axis < PROTOCOL_AXES; axis++)
        sensors_watch_end_stop(axis, false);
    programme_report_end(upload.number, end, done, why);
}

void programme_abort(uint8_t end, refusal why)
{
    if (phase != IDLE)
        finish(end, why);
    upload.is_open = false;
}

static refusal check_forks(const segment *s)
{
    refusal why = ACCEPTED;
    for (uint8_t servo = 0; servo < PROTOCOL_SERVOS && why.cause == CAUSE_NONE; servo++)
        if ((s->servos & (1u << servo)) && servos_angle(servo) != s->angles[servo])
            why = limits_fork(servo);
    return why;
}

static refusal check_now(const segment *s)
{
    int32_t positions[PROTOCOL_AXES];
    for (uint8_t axis = 0; axis < PROTOCOL_AXES; axis++)
        positions[axis] = motion_planned_steps(axis);
    refusal why = segment_check(s, positions);
    return why.cause == CAUSE_NONE ? check_forks(s) : why;
}

static void watch_inputs(const segment *s)
{
    uint8_t sides = s->latches;
    for (uint8_t i = 0; i < s->guard_count; i++) {
        if (s->guards[i].kind == GUARD_PIN_EDGE)
            sides |= (uint8_t)(1u << s->guards[i].side);
        else if (s->guards[i].kind == GUARD_END_STOP)
            sensors_watch_end_stop(s->guards[i].side, true);
    }
    sensors_watch_pins(sides);
}

static void command_servos(const segment *s)
{
    for (uint8_t servo = 0; servo < PROTOCOL_SERVOS; servo++)
        if (s->servos & (1u << servo))
            servos_command(servo, s->angles[servo]);
}

static void follow(const segment *s, const profile plans[PROTOCOL_AXES])
{
    for (uint8_t axis = 0; axis < PROTOCOL_AXES; axis++)
        if (s->axes & (1u << axis))
            motion_follow(axis, s->moves[axis].target, &plans[axis]);
}

static refusal plan(profile plans[PROTOCOL_AXES])
{
    if (programme_plan(in_buffer, plans, &passes))
        return ACCEPTED;
    return refused(CAUSE_WRONG_SEGMENT, PROTOCOL_NO_AXIS, current()->number, current()->number); /* see profile.h */
}

static void begin_segment(void)
{
    const segment *s = current();
    profile plans[PROTOCOL_AXES];
    refusal why = check_now(s);
    if (why.cause == CAUSE_NONE)
        why = plan(plans);
    if (why.cause != CAUSE_NONE && upload.done == 0) {
        finish(END_REFUSED, why);
        safety_end_motion();
        return;
    }
    if (why.cause != CAUSE_NONE) {
        safety_stop(why);
        return;
    }
    for (uint8_t output = 0; output < PROTOCOL_OUTPUTS; output++)
        if (s->outputs & (1u << output))
            outputs_set(output, s->permille[output]);
    command_servos(s);
    watch_inputs(s);
    if (s->event.axis != PROTOCOL_NO_AXIS)
        motion_event_at(s->event.axis, s->event.at);
    follow(s, plans);
    phase = RUNNING;
}

static void next_segment(void)
{
    report_event();
    programme_report_segment(upload.done);
    upload.done++;
    first = (uint8_t)((first + 1u) % PROGRAMME_SEGMENTS);
    filled--;
    passes = false;
    phase = WAITING;
    if (upload.done == upload.count) {
        finish(END_DONE, ACCEPTED);
        safety_end_motion();
    } else if (filled) {
        begin_segment();
    }
}

void programme_before_slice(void)
{
    if (phase == RUNNING && passes && !is_held && motion_planning() == 0 && !safety_is_stopping())
        next_segment();
}

/* ---------------------------------------------------------------- hold and resume */

refusal programme_hold(void)
{
    if (phase == IDLE || is_held || safety_is_stopping())
        return refused(CAUSE_NOTHING_TO_HOLD, PROTOCOL_NO_AXIS, safety_state(), STATE_MOVING);
    is_held = true;
    held_told = false;
    safety_hold();
    motion_brake(0xffu);
    servos_freeze();
    if (phase == DWELLING) /* what is left of it comes after resume */
        dwell_since = board_micros() - dwell_since;
    return ACCEPTED;
}

/* A held joint that was passed may lie behind: what is beyond the end of this segment belongs to the next. */
static bool is_beyond(uint8_t axis)
{
    int32_t way = current()->moves[axis].target - motion_planned_steps(axis);
    return passes && way != 0 && (way > 0) != (motion_direction(axis) > 0);
}

static refusal run_on(void)
{
    profile plans[PROTOCOL_AXES];
    const segment rest = *current();
    refusal why = check_forks(&rest);
    if (why.cause != CAUSE_NONE)
        return why;
    for (uint8_t axis = 0; axis < PROTOCOL_AXES; axis++)
        if ((rest.axes & (1u << axis)) && is_beyond(axis))
            buffer[first].axes &= (uint8_t)~(1u << axis);
    why = plan(plans);
    if (why.cause != CAUSE_NONE)
        return why;
    command_servos(&rest);
    follow(current(), plans);
    return ACCEPTED;
}

refusal programme_resume(void)
{
    refusal why = ACCEPTED;
    if (!is_held || !held_told || safety_is_stopping())
        return refused(CAUSE_NOTHING_TO_HOLD, PROTOCOL_NO_AXIS, safety_state(), STATE_HOLDING);
    why = limits_load();
    if (why.cause == CAUSE_NONE && phase == RUNNING)
        why = run_on();
    if (why.cause != CAUSE_NONE)
        return why;
    if (phase == DWELLING)
        dwell_since = board_micros() - dwell_since;
    is_held = false;
    safety_resume();
    return ACCEPTED;
}

/* ---------------------------------------------------------------- guards */

static bool is_awake(const message_segment_guard *guard)
{
    return guard->axis == PROTOCOL_NO_AXIS || stepper_position(guard->axis) > guard->above;
}

static int32_t measured(const message_segment_guard *guard)
{
    if (guard->kind == GUARD_LOAD_RATE)
        return sensors_load_rate_g_s(guard->side);
    return guard->side < PROTOCOL_SIDES ? sensors_load_g(guard->side) : 0;
}

static void trip(uint8_t index, const int32_t positions[PROTOCOL_TELEMETRY_AXES])
{
    const message_segment_guard *guard = &current()->guards[index];
    programme_report_trip(upload.done, index, measured(guard), positions);
    if (guard->is_fault) {
        safety_stop(refused(CAUSE_GUARD_TRIPPED, index, measured(guard), guard->threshold_g));
        return;
    }
    motion_brake(0xffu);
    phase = CUT_SHORT;
}

static bool is_guarded(void)
{
    return (phase == RUNNING || phase == DWELLING) && !safety_is_stopping();
}

static void watch_pins(void)
{
    pin_edge edge;
    while (phase != IDLE && sensors_next_edge(&edge)) {
        const segment *s = current();
        if (s->latches & (1u << edge.side))
            programme_report_latch(upload.done, &edge);
        for (uint8_t i = 0; i < s->guard_count && is_guarded(); i++)
            if (s->guards[i].kind == GUARD_PIN_EDGE && s->guards[i].side == edge.side && is_awake(&s->guards[i]))
                trip(i, edge.positions);
    }
}

static void watch_end_stops(void)
{
    const segment *s = current();
    for (uint8_t i = 0; i < s->guard_count && is_guarded(); i++) {
        const message_segment_guard *guard = &s->guards[i];
        int32_t at, positions[PROTOCOL_TELEMETRY_AXES];
        if (guard->kind != GUARD_END_STOP || !sensors_end_stop_seen(guard->side, &at))
            continue;
        sensors_watch_end_stop(guard->side, false);
        sensors_positions(positions);
        if (guard->side < PROTOCOL_TELEMETRY_AXES)
            positions[guard->side] = at;
        if (is_awake(guard))
            trip(i, positions);
        else
            sensors_watch_end_stop(guard->side, true);
    }
}

static bool is_crossed(const message_segment_guard *guard)
{
    switch (guard->kind) {
    case GUARD_LOAD_ABOVE:
    case GUARD_LOAD_RATE:
        return measured(guard) > guard->threshold_g;
    case GUARD_LOAD_BELOW:
        return measured(guard) < guard->threshold_g;
    default:
        return false;
    }
}

static void watch_loads(void)
{
    const segment *s = current();
    for (uint8_t i = 0; i < s->guard_count && is_guarded(); i++) {
        int32_t positions[PROTOCOL_TELEMETRY_AXES];
        if (is_crossed(&s->guards[i]) && is_awake(&s->guards[i])) {
            sensors_positions(positions);
            trip(i, positions);
        }
    }
}

/* ---------------------------------------------------------------- */

static bool is_at_rest(void)
{
    return motion_at_rest() && servos_arrived();
}

static void run_phase(void)
{
    if (phase == WAITING) {
        if (!safety_rail_settled())
            return;
        if (upload.count == 0) {
            finish(END_DONE, ACCEPTED);
            safety_end_motion();
        } else if (filled) {
            begin_segment();
        }
        return;
    }
    if (!is_at_rest())
        return;
    if (phase == RUNNING) {
        phase = DWELLING;
        dwell_since = board_micros();
    }
    if (phase == CUT_SHORT || board_micros() - dwell_since >= current()->dwell_ms * 1000u)
        next_segment();
}

void programme_poll(bool new_loads)
{
    if (phase == IDLE)
        return;
    if (phase != WAITING) {
        report_event();
        watch_pins();
    }
    if (is_guarded())
        watch_end_stops();
    if (new_loads && is_guarded())
        watch_loads();
    if (phase == IDLE || safety_is_stopping())
        return;
    if (!is_held) {
        run_phase();
    } else if (!held_told && is_at_rest()) {
        held_told = true;
        programme_report_held(upload.done);
    }
}
