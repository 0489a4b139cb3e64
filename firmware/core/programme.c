#include "programme.h"

#include <string.h>

#include "board.h"
#include "link.h"
#include "motion.h"
#include "outputs.h"
#include "safety.h"
#include "segment.h"
#include "sensors.h"
#include "servos.h"
#include "settings.h"

#define DWELL_MAX_MS 4000000 /* in microseconds it must fit 32 bits */

enum phase { IDLE, WAITING, RUNNING, CUT_SHORT, DWELLING };

/* The buffer: a ring of segments, the first of which is being executed. */
static segment buffer[PROGRAMME_SEGMENTS];
static uint8_t first, filled;
static segment incoming;
static bool is_incoming;

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

void programme_reset(void)
{
    first = filled = 0;
    is_incoming = false;
    memset(&upload, 0, sizeof upload);
    phase = IDLE;
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
    if (phase != IDLE)
        return; /* the result of programme_start says busy */
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

static void segment_part(const uint8_t *message)
{
    if (!upload.is_open || upload.why.cause != CAUSE_NONE)
        return;
    if (message[0] == MESSAGE_SEGMENT_BEGIN) {
        message_segment_begin m;
        message_read_segment_begin(message + 1, &m);
        memset(&incoming, 0, sizeof incoming);
        incoming.number = m.segment;
        incoming.dwell_ms = m.dwell_ms;
        incoming.latches = m.latches;
        is_incoming = true;
        if (m.segment != upload.received || m.segment >= upload.count)
            refuse(refused(CAUSE_WRONG_SEGMENT, PROTOCOL_NO_AXIS, m.segment, upload.received));
        else if (m.dwell_ms > DWELL_MAX_MS)
            refuse(refused(CAUSE_WRONG_SEGMENT, PROTOCOL_NO_AXIS, (int32_t)m.dwell_ms, DWELL_MAX_MS));
    } else if (!is_incoming) {
        refuse(refused(CAUSE_WRONG_SEGMENT, PROTOCOL_NO_AXIS, message[0], upload.received));
    } else {
        refuse(segment_add(&incoming, message));
    }
}

static void segment_complete(const uint8_t *fields)
{
    message_segment_end m;
    message_read_segment_end(fields, &m);
    if (!upload.is_open || upload.why.cause != CAUSE_NONE)
        return;
    if (!is_incoming || m.segment != incoming.number)
        refuse(refused(CAUSE_WRONG_SEGMENT, PROTOCOL_NO_AXIS, m.segment, upload.received));
    refuse(segment_check(&incoming, upload.positions));
    if (!upload.is_check && filled == PROGRAMME_SEGMENTS)
        refuse(refused(CAUSE_BUFFER_FULL, PROTOCOL_NO_AXIS, filled, PROGRAMME_SEGMENTS));
    is_incoming = false;
    if (upload.why.cause != CAUSE_NONE)
        return;
    upload.received++;
    if (!upload.is_check)
        buffer[(first + filled++) % PROGRAMME_SEGMENTS] = incoming;
}

static void start(const uint8_t *fields)
{
    message_programme_start m;
    message_read_programme_start(fields, &m);
    refusal why = upload.why;
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

/* ---------------------------------------------------------------- reporting */

static void copy_positions(int32_t to[PROTOCOL_TELEMETRY_AXES], const int32_t from[PROTOCOL_AXES])
{
    for (uint8_t axis = 0; axis < PROTOCOL_TELEMETRY_AXES; axis++)
        to[axis] = from[axis];
}

void programme_report_end(uint16_t number, uint8_t end, uint16_t segments_done, refusal why)
{
    uint8_t bytes[MESSAGE_POSITIONS_SIZE];
    int32_t all[PROTOCOL_AXES];
    message_positions p;
    sensors_positions(all);
    copy_positions(p.positions, all);
    link_event(bytes, message_write_positions(bytes, &p));
    uint8_t more[MESSAGE_PROGRAMME_END_SIZE];
    message_programme_end m = {number, end, segments_done, why.cause, why.axis, why.value, why.limit};
    link_event(more, message_write_programme_end(more, &m));
}

static void report_segment(void)
{
    uint8_t bytes[MESSAGE_SEGMENT_DONE_SIZE];
    message_segment_done m = {upload.done, board_micros()};
    link_event(bytes, message_write_segment_done(bytes, &m));
}

static void report_latch(const pin_edge *edge)
{
    uint8_t bytes[MESSAGE_LATCH_SIZE];
    message_latch m = {
        .side = edge->side, .is_rising = edge->is_rising, .segment = upload.done, .time_us = edge->time_us};
    copy_positions(m.positions, edge->positions);
    link_event(bytes, message_write_latch(bytes, &m));
}

static void report_trip(uint8_t guard, uint8_t side, const int32_t positions[PROTOCOL_AXES])
{
    uint8_t bytes[MESSAGE_TRIP_SIZE];
    message_trip m = {.guard = guard, .segment = upload.done, .load_g = sensors_load_g(side)};
    copy_positions(m.positions, positions);
    link_event(bytes, message_write_trip(bytes, &m));
}

/* ---------------------------------------------------------------- executing */

static void finish(uint8_t end, refusal why)
{
    uint16_t done = upload.done;
    phase = IDLE;
    upload.is_open = false;
    filled = 0;
    sensors_watch_pins(0);
    programme_report_end(upload.number, end, done, why);
}

void programme_abort(uint8_t end, refusal why)
{
    if (phase != IDLE)
        finish(end, why);
    upload.is_open = false;
}

static const segment *current(void)
{
    return &buffer[first];
}

/* Speed at which an axis may go through the end of the current segment: the lower of the two speeds, and low enough to
 * stop within the next segment. */
static int64_t joint_speed(uint8_t axis)
{
    if (filled < 2)
        return 0;
    const segment *s = current(), *next = &buffer[(first + 1u) % PROGRAMME_SEGMENTS];
    if (!segment_joint_is_open(s, next) || !(s->axes & next->axes & (1u << axis)))
        return 0;
    int32_t here = s->moves[axis].target, on = next->moves[axis].target - here, from = motion_planned_steps(axis);
    if ((on > 0) != (here > from) || on == 0)
        return 0;
    int64_t speed = profile_speed(s->moves[axis].speed), other = profile_speed(next->moves[axis].speed);
    int64_t entry =
        profile_entry_speed((uint32_t)(on < 0 ? -on : on), profile_acceleration(next->moves[axis].acceleration), 0);
    speed = other < speed ? other : speed;
    return entry < speed ? entry : speed;
}

static bool plan_axis(uint8_t axis, bool may_pass, profile *p)
{
    const segment_move *move = &current()->moves[axis];
    int32_t distance = move->target - motion_planned_steps(axis);
    int64_t v0 = motion_planned_velocity(axis);
    return profile_plan(p, (uint32_t)(distance < 0 ? -distance : distance), v0 < 0 ? -v0 : v0,
                        profile_speed(move->speed), profile_acceleration(move->acceleration),
                        may_pass ? joint_speed(axis) : 0);
}

/* Axes that pass a joint arrive together and last. One that would arrive earlier stops at the joint and waits; if
 * stopping makes it the last, all of them stop. */
static bool plan_axes(profile plans[PROTOCOL_AXES], bool may_pass)
{
    const uint8_t axes = current()->axes;
    uint32_t passing = 0, longest = 0;
    for (uint8_t axis = 0; axis < PROTOCOL_AXES; axis++) {
        if (!(axes & (1u << axis)))
            continue;
        if (!plan_axis(axis, may_pass, &plans[axis]))
            return false;
        if (plans[axis].v1 && profile_slices(&plans[axis]) > passing)
            passing = profile_slices(&plans[axis]);
    }
    for (uint8_t axis = 0; axis < PROTOCOL_AXES; axis++) {
        if (!(axes & (1u << axis)))
            continue;
        if (plans[axis].v1 && profile_slices(&plans[axis]) < passing && !plan_axis(axis, false, &plans[axis]))
            return false;
        if (profile_slices(&plans[axis]) > longest)
            longest = profile_slices(&plans[axis]);
    }
    passes = passing > 0;
    return !passes || longest == passing || plan_axes(plans, false);
}

static refusal check_now(const segment *s)
{
    int32_t positions[PROTOCOL_AXES];
    for (uint8_t axis = 0; axis < PROTOCOL_AXES; axis++)
        positions[axis] = motion_planned_steps(axis);
    refusal why = segment_check(s, positions);
    for (uint8_t servo = 0; servo < PROTOCOL_SERVOS && why.cause == CAUSE_NONE; servo++)
        if ((s->servos & (1u << servo)) && servos_angle(servo) != s->angles[servo])
            why = limits_fork(servo);
    return why;
}

static uint8_t watched_pins(const segment *s)
{
    uint8_t sides = s->latches;
    for (uint8_t i = 0; i < s->guard_count; i++)
        if (s->guards[i].kind == GUARD_PIN_EDGE)
            sides |= (uint8_t)(1u << s->guards[i].side);
    return sides;
}

static void begin_segment(void)
{
    const segment *s = current();
    profile plans[PROTOCOL_AXES];
    refusal why = check_now(s);
    if (why.cause == CAUSE_NONE && !plan_axes(plans, true))
        why = refused(CAUSE_WRONG_SEGMENT, PROTOCOL_NO_AXIS, s->number, s->number); /* cannot be: see profile.h */
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
    for (uint8_t servo = 0; servo < PROTOCOL_SERVOS; servo++)
        if (s->servos & (1u << servo))
            servos_command(servo, s->angles[servo]);
    sensors_watch_pins(watched_pins(s));
    for (uint8_t axis = 0; axis < PROTOCOL_AXES; axis++)
        if (s->axes & (1u << axis))
            motion_follow(axis, s->moves[axis].target, &plans[axis]);
    phase = RUNNING;
}

static void next_segment(void)
{
    report_segment();
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
    if (phase == RUNNING && passes && motion_planning() == 0 && !safety_is_stopping())
        next_segment();
}

static bool is_awake(const message_segment_guard *guard)
{
    int32_t positions[PROTOCOL_AXES];
    if (guard->axis == PROTOCOL_NO_AXIS)
        return true;
    sensors_positions(positions);
    return positions[guard->axis] > guard->above;
}

static void trip(uint8_t index, const int32_t positions[PROTOCOL_AXES])
{
    const message_segment_guard *guard = &current()->guards[index];
    report_trip(index, guard->side, positions);
    if (guard->is_fault) {
        safety_stop(refused(CAUSE_GUARD_TRIPPED, index, sensors_load_g(guard->side), guard->threshold_g));
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
            report_latch(&edge);
        for (uint8_t i = 0; i < s->guard_count && is_guarded(); i++)
            if (s->guards[i].kind == GUARD_PIN_EDGE && s->guards[i].side == edge.side && is_awake(&s->guards[i]))
                trip(i, edge.positions);
    }
}

static void watch_loads(void)
{
    const segment *s = current();
    for (uint8_t i = 0; i < s->guard_count && is_guarded(); i++) {
        const message_segment_guard *guard = &s->guards[i];
        int32_t load = sensors_load_g(guard->side), positions[PROTOCOL_AXES];
        bool is_over = guard->kind == GUARD_LOAD_ABOVE && load > guard->threshold_g;
        bool is_under = guard->kind == GUARD_LOAD_BELOW && load < guard->threshold_g;
        if ((is_over || is_under) && is_awake(guard)) {
            sensors_positions(positions);
            trip(i, positions);
        }
    }
}

void programme_poll(bool new_loads)
{
    if (phase == IDLE)
        return;
    if (phase != WAITING)
        watch_pins();
    if (phase == WAITING && !safety_is_stopping() && safety_rail_settled()) {
        if (upload.count == 0) {
            finish(END_DONE, ACCEPTED);
            safety_end_motion();
        } else if (filled) {
            begin_segment();
        }
        return;
    }
    if (new_loads && is_guarded())
        watch_loads();
    if (phase == IDLE || phase == WAITING || safety_is_stopping() || !motion_at_rest() || !servos_arrived())
        return;
    if (phase == RUNNING) {
        phase = DWELLING;
        dwell_since = board_micros();
    }
    if (phase == CUT_SHORT || board_micros() - dwell_since >= current()->dwell_ms * 1000u)
        next_segment();
}
