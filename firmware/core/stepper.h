/*
 * Step pulses. The planner (foreground) fills a short queue of chunks for each axis; the step timer's interrupt pops
 * them and pulses. A chunk is `count` pulses whose distance begins at `interval` and grows by `add` each time, in ticks
 * with 8 fraction bits: integer additions are all that the interrupt does.
 */
#ifndef BEE_STEPPER_H
#define BEE_STEPPER_H

#include <stdbool.h>
#include <stdint.h>

#include "messages.h"

#define STEPPER_CHUNKS 8u /* a power of two; one chunk a slice, two slices of look-ahead */

typedef struct {
    uint32_t first_tick;
    uint32_t interval;
    int32_t add;
    uint16_t count;
    int8_t direction;
} step_chunk;

typedef struct {
    step_chunk chunks[STEPPER_CHUNKS];
    volatile uint8_t head, tail; /* head: written by the planner, tail: by the interrupt */
    volatile uint16_t left;      /* pulses left in the chunk being executed */
    uint32_t next_tick;
    uint32_t interval;
    int32_t add;
    uint8_t fraction;
    int8_t direction;
    volatile int32_t position; /* steps from the machine's zero, once homed */
    volatile int32_t pulses;   /* since power-on */
} stepper;

extern stepper steppers[PROTOCOL_AXES];
/* Axes after whose pulses stepper_watch must be called. */
extern volatile uint8_t stepper_watched;

void stepper_reset(void);
bool stepper_push(uint8_t axis, const step_chunk *chunk);
/* Load the next chunk if none is being executed. True if a pulse is due at next_tick. */
bool stepper_load(stepper *s);
void stepper_flush(void);

static inline bool stepper_idle(uint8_t axis)
{
    return steppers[axis].left == 0 && steppers[axis].head == steppers[axis].tail;
}

/* Interrupt: give the pulse that is due, then prepare the next. */
void stepper_pulse(uint8_t axis);

/* Implemented by sensors.c: look at end stop or pin right after a pulse. */
void stepper_watch(uint8_t axis);

#endif
