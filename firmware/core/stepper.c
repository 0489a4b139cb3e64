#include "stepper.h"

#include <string.h>

#include "board.h"

stepper steppers[PROTOCOL_AXES];
static volatile uint8_t halted;

void stepper_reset(void)
{
    uint8_t lock = board_lock();
    memset(steppers, 0, sizeof steppers);
    halted = CAUSE_NONE;
    board_unlock(lock);
}

uint8_t stepper_room(uint8_t axis)
{
    const stepper *s = &steppers[axis];
    return (uint8_t)((s->tail - s->head - 1u) & (STEPPER_CHUNKS - 1u));
}

bool stepper_push(uint8_t axis)
{
    stepper *s = &steppers[axis];
    uint8_t next = (uint8_t)((s->head + 1u) & (STEPPER_CHUNKS - 1u));
    if (next == s->tail)
        return false;
    uint8_t lock = board_lock();
    bool is_free = halted == CAUSE_NONE;
    if (is_free)
        s->head = next;
    board_unlock(lock);
    if (is_free && s->left == 0)
        board_stepper_wake(axis);
    return is_free;
}

static int32_t position(const stepper *s)
{
    return s->direction > 0 ? s->ends_at - s->left : s->ends_at + s->left;
}

int32_t stepper_position(uint8_t axis)
{
    uint8_t lock = board_lock();
    int32_t steps = position(&steppers[axis]);
    board_unlock(lock);
    return steps;
}

void stepper_set_position(uint8_t axis, int32_t steps)
{
    uint8_t lock = board_lock();
    if (steppers[axis].left == 0)
        steppers[axis].ends_at = steps;
    board_unlock(lock);
}

bool stepper_idle(uint8_t axis)
{
    return steppers[axis].left == 0 && steppers[axis].head == steppers[axis].tail;
}

void stepper_halt(uint8_t cause)
{
    uint8_t lock = board_lock();
    for (uint8_t axis = 0; axis < PROTOCOL_AXES; axis++) {
        stepper *s = &steppers[axis];
        s->ends_at = position(s);
        s->left = 0;
        s->tail = s->head;
    }
    if (halted == CAUSE_NONE)
        halted = cause;
    board_unlock(lock);
}

uint8_t stepper_halted(void)
{
    return halted;
}

void stepper_release(void)
{
    halted = CAUSE_NONE;
}

bool stepper_load(stepper *s)
{
    if (s->left != 0)
        return true;
    if (s->head == s->tail)
        return false;
    const step_chunk *chunk = &s->chunks[s->tail];
    s->next_tick = chunk->first_tick;
    s->fraction = 0;
    s->interval = chunk->interval;
    s->interval_fraction = chunk->interval_fraction;
    s->direction = chunk->direction;
    s->flags = chunk->flags;
    s->ends_at += s->direction > 0 ? (int32_t)chunk->count : -(int32_t)chunk->count;
    s->left = chunk->count;
    s->tail = (uint8_t)((s->tail + 1u) & (STEPPER_CHUNKS - 1u));
    return true;
}

void stepper_pulse(uint8_t axis)
{
    stepper *s = &steppers[axis];
    board_step_pulse(axis, s->direction);
    s->left--;
    if (s->left != 0) {
        uint16_t sum = (uint16_t)(s->fraction + s->interval_fraction);
        s->fraction = (uint8_t)sum;
        s->next_tick = (uint16_t)(s->next_tick + s->interval + (sum >> 8));
        return;
    }
    if (s->flags & STEPPER_EVENT)
        stepper_event(axis);
    stepper_load(s);
}
