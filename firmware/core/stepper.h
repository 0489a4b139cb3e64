/*
 * Step pulses. The planner (foreground) fills a short ring of chunks for each axis; the step interrupt counts them down.
 * A chunk is `count` pulses at even distances: integer additions are all that the interrupt does. Times are the low 16
 * bits of the step timer (board.h), which wraps after 32 ms; nothing is planned further ahead than half of that.
 */
#ifndef BEE_STEPPER_H
#define BEE_STEPPER_H

#include <stdbool.h>
#include <stdint.h>

#include "messages.h"

#define STEPPER_CHUNKS 8u      /* a power of two */
#define STEPPER_EVENT 0x01u    /* flag: call stepper_event after the last pulse of the chunk */
#define STEPPER_COUNT_MAX 255u /* pulses in a chunk */

/* 8 bytes: boards whose interrupt is not written in C know this layout, and that of `stepper` up to `ends_at`. */
typedef struct {
    uint16_t first_tick;
    uint16_t interval;         /* ticks */
    uint8_t interval_fraction; /* 1/256 tick */
    uint8_t count;
    int8_t direction;
    uint8_t flags;
} step_chunk;

typedef struct {
    volatile uint8_t left; /* pulses left in the chunk being executed */
    uint8_t fraction;
    uint16_t interval;
    uint8_t interval_fraction;
    int8_t direction;
    uint8_t flags;
    volatile uint8_t head, tail; /* head: written by the planner, tail: by the interrupt */
    volatile int32_t ends_at;    /* position at the end of the chunk being executed */
    uint16_t next_tick;          /* when the next pulse is due, while left > 0 */
    step_chunk chunks[STEPPER_CHUNKS];
} stepper;

extern stepper steppers[PROTOCOL_AXES];

void stepper_reset(void);

uint8_t stepper_room(uint8_t axis); /* chunks that fit */
/* Where to write the next chunk, if there is room; stepper_push hands it over. False after stepper_halt until
 * stepper_release: then it is dropped. */
static inline step_chunk *stepper_next_chunk(uint8_t axis)
{
    return &steppers[axis].chunks[steppers[axis].head];
}
bool stepper_push(uint8_t axis);

/* Steps from the machine's zero by pulses given, once homed. */
int32_t stepper_position(uint8_t axis);
void stepper_set_position(uint8_t axis, int32_t steps); /* of an idle axis */
bool stepper_idle(uint8_t axis);

/* Door or e-stop, from any context: not one pulse more until stepper_release. `cause` is that of the first call. */
void stepper_halt(uint8_t cause);
uint8_t stepper_halted(void); /* cause, or CAUSE_NONE */
void stepper_release(void);

/* For the interrupt: load the next chunk if none is being executed. True if a pulse is due at next_tick. */
bool stepper_load(stepper *s);
/* For the interrupt: give the pulse that is due, then prepare the next. */
void stepper_pulse(uint8_t axis);

/* Implemented by programme.c, called in interrupt context: the last pulse of a flagged chunk was given. */
void stepper_event(uint8_t axis);

#endif
