/*
 * The planner: each axis follows its profile slice by slice, all axes in the same slices, a few milliseconds ahead of
 * the step timer. Whatever begins or stops, begins or stops at a slice boundary for all axes at once.
 *
 * What is executed is the mean of the planned profile over the last 2^smoothing slices (docs/design/firmware.md). The
 * functions here speak of the planned profile, whose bounds the mean inherits, unless they say at rest or position.
 */
#ifndef BEE_MOTION_H
#define BEE_MOTION_H

#include <stdbool.h>
#include <stdint.h>

#include "profile.h"

#define MOTION_SMOOTHING_MAX 4u

/* `hand_over` is called before a slice is planned (a programme may go on to its next segment there), then `watch`, which
 * may look at the slice to come (motion_peek) and brake instead. */
void motion_reset(void (*hand_over)(void), void (*watch)(void));

/* Say where an axis at rest is. */
void motion_set_position(uint8_t axis, int32_t steps);

/* Plan an axis from where its planned motion ends now, `p` being a plan for exactly the distance to `target`. */
void motion_follow(uint8_t axis, int32_t target, const profile *p);

/* Slow down the axes of a mask with their configured maximum acceleration, from the planned horizon on. */
void motion_brake(uint8_t axes);

/* Forget everything planned; positions become those of the pulses given. */
void motion_flush(void);

/* Call stepper_event when the axis gets to a position; one axis at a time. Gone after motion_forget_event or a flush. */
void motion_event_at(uint8_t axis, int32_t steps);
void motion_forget_event(void);

int32_t motion_planned_steps(uint8_t axis);
int32_t motion_planned_velocity(uint8_t axis); /* signed, steps per slice, 22 fraction bits */
int8_t motion_direction(uint8_t axis);         /* of the latest move */
/* Position (whole steps, and 22 fraction bits) and velocity after the next slice as it stands. */
void motion_peek(uint8_t axis, int32_t *steps, int32_t *fraction, int32_t *velocity);
uint8_t motion_planning(void);          /* mask of axes whose profile has slices left */
uint8_t motion_moving(void);            /* mask of axes that are not at rest, as far as planned */
bool motion_axis_at_rest(uint8_t axis); /* planned and executed to the end */
bool motion_at_rest(void);

/* Ticks by which the planner once came too late for its own horizon since the last call; 0 if never. */
uint16_t motion_lateness(void);

void motion_poll(void);

#endif
