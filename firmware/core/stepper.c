#include "stepper.h"

#include <string.h>

#include "board.h"

stepper steppers[PROTOCOL_AXES];
volatile uint8_t stepper_watched;

void stepper_reset(void)
{
    memset(steppers, 0, sizeof steppers);
    stepper_watched = 0;
}

bool stepper_push(uint8_t axis, const step_chunk *chunk)
{
    stepper *s = &steppers[axis];
    uint8_t next = (uint8_t)((s->head + 1u) & (STEPPER_CHUNKS - 1u));
    if (next == s->tail)
        return false;
    s->chunks[s->head] = *chunk;
    s->head = next;
    return true;
}

bool stepper_load(stepper *s)
{
    if (s->left != 0)
        return true;
    if (s->head == s->tail)
        return false;
    const step_chunk *chunk = &s->chunks[s->tail];
    s->next_tick = chunk->first_tick;
    s->interval = chunk->interval;
    s->add = chunk->add;
    s->fraction = 0;
    s->direction = chunk->direction;
    s->left = chunk->count;
    s->tail = (uint8_t)((s->tail + 1u) & (STEPPER_CHUNKS - 1u));
    return true;
}

void stepper_flush(void)
{
    for (uint8_t axis = 0; axis < PROTOCOL_AXES; axis++) {
        steppers[axis].left = 0;
        steppers[axis].tail = steppers[axis].head;
    }
}

void stepper_pulse(uint8_t axis)
{
    stepper *s = &steppers[axis];
    board_step_pulse(axis, s->direction);
    s->position += s->direction;
    s->pulses += s->direction;
    s->left--;
    if (s->left != 0) {
        uint32_t sum = s->interval + s->fraction;
        s->next_tick += sum >> 8;
        s->fraction = (uint8_t)sum;
        s->interval = (uint32_t)((int32_t)s->interval + s->add);
    } else {
        stepper_load(s);
    }
    if (stepper_watched & (1u << axis))
        stepper_watch(axis);
}
