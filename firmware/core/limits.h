/* What a motion may not do, whatever the host asks. Checks only; nothing here has an effect. */
#ifndef BEE_LIMITS_H
#define BEE_LIMITS_H

#include <stdbool.h>
#include <stdint.h>

#include "messages.h"

/* Why something is refused: cause is one of enum cause; axis, value and limit as PROTOCOL.md says for each. */
typedef struct {
    uint8_t cause, axis;
    int32_t value, limit;
} refusal;

static inline refusal refused(uint8_t cause, uint8_t axis, int32_t value, int32_t limit)
{
    return (refusal){cause, axis, value, limit};
}

#define ACCEPTED ((refusal){CAUSE_NONE, PROTOCOL_NO_AXIS, 0, 0})

/* An axis whose place was told, not found, moves no faster than it homes. */
refusal limits_move(const message_segment_axis *move, uint8_t referenced, uint8_t told);

/* Whether an axis may be told that it stands at a place: it does not know it yet, the place is within its travel, its end
 * stop does not say otherwise, and the beams of its side would not stand too close. */
refusal limits_place(uint8_t axis, int32_t place, uint8_t referenced);

/* Lift and scan beam of each side with all axes at the positions given; sides with an unreferenced beam are not
 * judged: such a beam does not move. */
refusal limits_separation(const int32_t positions[PROTOCOL_AXES], uint8_t referenced);

/* The same for the beams while they would brake after one more slice of their planned motion. Called before each slice:
 * if it refuses, braking now still keeps them apart. */
refusal limits_separation_ahead(uint8_t referenced);

/* Forks do not swing under load. */
refusal limits_fork(uint8_t servo);

/* The hard load limit of both sides. */
refusal limits_load(void);

/* An end stop that is pressed more than 1 mm above its switching point, or open more than 1 mm below it, on one of the
 * axes given: steps were lost. */
refusal limits_end_stops(uint8_t axes);

#endif
