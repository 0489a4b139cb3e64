#include "segment.h"

#include <string.h>

#include "homing.h"
#include "outputs.h"
#include "profile.h"
#include "safety.h"

#define ANGLE_MIN (-9000)
#define ANGLE_MAX 18000

void segment_begin(segment *s, uint16_t number, uint32_t dwell_ms, uint8_t latches)
{
    memset(s, 0, sizeof *s);
    s->number = number;
    s->dwell_ms = dwell_ms;
    s->latches = latches;
    s->event.axis = PROTOCOL_NO_AXIS;
}

static refusal unknown(int32_t number, uint32_t count)
{
    return refused(CAUSE_UNKNOWN_AXIS, PROTOCOL_NO_AXIS, number, (int32_t)count);
}

static refusal add_axis(segment *s, const uint8_t *fields)
{
    message_segment_axis m;
    message_read_segment_axis(fields, &m);
    refusal why = limits_move(&m, safety_referenced(), homing_told());
    if (why.cause == CAUSE_NONE) {
        s->axes |= (uint8_t)(1u << m.axis);
        s->moves[m.axis] = (segment_move){m.target, profile_speed(m.speed), profile_acceleration(m.acceleration)};
    }
    return why;
}

static refusal add_servo(segment *s, const uint8_t *fields)
{
    message_segment_servo m;
    message_read_segment_servo(fields, &m);
    if (m.servo >= PROTOCOL_SERVOS || m.angle < ANGLE_MIN || m.angle > ANGLE_MAX)
        return unknown(m.servo, PROTOCOL_SERVOS);
    s->servos |= (uint8_t)(1u << m.servo);
    s->angles[m.servo] = m.angle;
    return ACCEPTED;
}

static refusal add_event(segment *s, const message_segment_output *m)
{
    if (m->axis >= PROTOCOL_AXES)
        return unknown(m->axis, PROTOCOL_AXES);
    if (s->event.axis != PROTOCOL_NO_AXIS)
        return refused(CAUSE_WRONG_SEGMENT, PROTOCOL_NO_AXIS, 2, 1);
    s->event = (segment_event){.axis = m->axis, .output = m->output, .permille = m->permille, .at = m->at};
    return ACCEPTED;
}

static refusal add_output(segment *s, const uint8_t *fields)
{
    message_segment_output m;
    message_read_segment_output(fields, &m);
    if (m.output >= PROTOCOL_OUTPUTS || m.permille > OUTPUT_FULL)
        return unknown(m.output, PROTOCOL_OUTPUTS);
    if (m.axis != PROTOCOL_NO_AXIS)
        return add_event(s, &m);
    s->outputs |= (uint8_t)(1u << m.output);
    s->permille[m.output] = m.permille;
    return ACCEPTED;
}

static refusal add_guard(segment *s, const uint8_t *fields)
{
    message_segment_guard m;
    message_read_segment_guard(fields, &m);
    if (s->guard_count == PROTOCOL_SEGMENT_GUARDS)
        return refused(CAUSE_WRONG_SEGMENT, PROTOCOL_NO_AXIS, s->guard_count + 1, PROTOCOL_SEGMENT_GUARDS);
    if (m.kind > GUARD_END_STOP || m.side >= (m.kind == GUARD_END_STOP ? PROTOCOL_AXES : PROTOCOL_SIDES))
        return unknown(m.side, m.kind == GUARD_END_STOP ? PROTOCOL_AXES : PROTOCOL_SIDES);
    if (m.axis >= PROTOCOL_AXES && m.axis != PROTOCOL_NO_AXIS)
        return unknown(m.axis, PROTOCOL_AXES);
    s->guards[s->guard_count++] = m;
    return ACCEPTED;
}

refusal segment_add(segment *s, const uint8_t *message)
{
    switch (message[0]) {
    case MESSAGE_SEGMENT_AXIS:
        return add_axis(s, message + 1);
    case MESSAGE_SEGMENT_SERVO:
        return add_servo(s, message + 1);
    case MESSAGE_SEGMENT_OUTPUT:
        return add_output(s, message + 1);
    default:
        return add_guard(s, message + 1);
    }
}

/* From where the axis is (not including) to its target (including). */
static refusal event_is_on_way(const segment *s, const int32_t positions[PROTOCOL_AXES])
{
    const uint8_t axis = s->event.axis;
    if (axis == PROTOCOL_NO_AXIS)
        return ACCEPTED;
    int32_t from = positions[axis], to = s->axes & (1u << axis) ? s->moves[axis].target : from;
    bool is_passed = to > from ? s->event.at > from && s->event.at <= to : s->event.at < from && s->event.at >= to;
    return is_passed ? ACCEPTED : refused(CAUSE_EVENT_OFF_WAY, axis, s->event.at, to);
}

refusal segment_check(const segment *s, int32_t positions[PROTOCOL_AXES])
{
    int32_t after[PROTOCOL_AXES];
    for (uint8_t axis = 0; axis < PROTOCOL_AXES; axis++)
        after[axis] = s->axes & (1u << axis) ? s->moves[axis].target : positions[axis];
    refusal why = s->axes & 0x0fu ? limits_separation(after, safety_referenced()) : ACCEPTED;
    if (why.cause == CAUSE_NONE)
        why = event_is_on_way(s, positions);
    if (why.cause == CAUSE_NONE)
        for (uint8_t axis = 0; axis < PROTOCOL_AXES; axis++)
            positions[axis] = after[axis];
    return why;
}

static bool is_plain(const segment *s)
{
    return !s->guard_count && !s->servos && !s->outputs && !s->dwell_ms && s->event.axis == PROTOCOL_NO_AXIS;
}

bool segment_joint_is_open(const segment *s, const segment *next)
{
    return is_plain(s) && is_plain(next) && s->latches == next->latches;
}
