/* A segment in the buffer, put together from its messages and validated against the limits. */
#ifndef BEE_SEGMENT_H
#define BEE_SEGMENT_H

#include <stdbool.h>
#include <stdint.h>

#include "limits.h"

typedef struct {
    int32_t target;
    int32_t speed, acceleration; /* steps per slice and slice², 22 fraction bits */
} segment_move;

/* An output that is set when an axis gets to a position; no_axis: none. */
typedef struct {
    uint8_t axis, output;
    uint16_t permille;
    int32_t at;
} segment_event;

typedef struct {
    uint16_t number;
    uint32_t dwell_ms;
    uint8_t latches, axes, servos, outputs, guard_count; /* masks, and the length of guards */
    segment_move moves[PROTOCOL_AXES];
    int16_t angles[PROTOCOL_SERVOS];
    uint16_t permille[PROTOCOL_OUTPUTS];
    segment_event event;
    message_segment_guard guards[PROTOCOL_SEGMENT_GUARDS];
} segment;

void segment_begin(segment *s, uint16_t number, uint32_t dwell_ms, uint8_t latches);

/* Add the part that a segment message carries. */
refusal segment_add(segment *s, const uint8_t *message);

/* Check the whole against limits; `positions` holds where the axes are before it and, if accepted, after it. */
refusal segment_check(const segment *s, int32_t positions[PROTOCOL_AXES]);

/* True if the joint between two segments may be passed without stopping. */
bool segment_joint_is_open(const segment *s, const segment *next);

#endif
