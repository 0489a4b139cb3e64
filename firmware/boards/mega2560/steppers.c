/* Eight compare channels of four timers that count together: starting them, and stopping all of them at once. */
#include "steppers.h"

#include <avr/interrupt.h>
#include <stddef.h>

#include "board.h"
#include "ports.h"
#include "stepper.h"
#include "stepper_layout.h"

#define SOON 8u /* ticks: nearer than that a compare value may be passed before it is written */

#define HOLDS(field, at) \
    _Static_assert(offsetof(stepper, field) == (at), "step_interrupt.S looks elsewhere for " #field)
HOLDS(left, STEPPER_LEFT);
HOLDS(fraction, STEPPER_FRACTION);
HOLDS(interval, STEPPER_INTERVAL);
HOLDS(interval_fraction, STEPPER_INTERVAL_FRACTION);
HOLDS(direction, STEPPER_DIRECTION);
HOLDS(flags, STEPPER_FLAGS);
HOLDS(head, STEPPER_HEAD);
HOLDS(tail, STEPPER_TAIL);
HOLDS(ends_at, STEPPER_ENDS_AT);
HOLDS(next_tick, STEPPER_NEXT_TICK);
HOLDS(chunks, STEPPER_RING);
_Static_assert(sizeof(stepper) == STEPPER_SIZE && sizeof(step_chunk) == 8, "step_interrupt.S counts otherwise");
_Static_assert(STEPPER_CHUNKS == STEPPER_RING_MASK + 1, "step_interrupt.S wraps elsewhere");
_Static_assert(offsetof(step_chunk, interval) == 2 && offsetof(step_chunk, interval_fraction) == 4 &&
                   offsetof(step_chunk, count) == 5 && offsetof(step_chunk, direction) == 6 &&
                   offsetof(step_chunk, flags) == 7,
               "step_interrupt.S reads chunks otherwise");

void steppers_start(void)
{
#define AXIS(number, port, bit, dir_port, dir_bit, timer, letter) \
    DDR_OF(port) |= MASK(bit);                                    \
    DDR_OF(dir_port) |= MASK(dir_bit);
    STEP_PINS(AXIS)
#undef AXIS
    steppers_enable(true);
}

void steppers_enable(bool on)
{
#define AXIS(number, port, bit, dir_port, dir_bit, timer, letter)    \
    if (on)                                                          \
        JOIN(TIMSK, timer) |= MASK(JOIN(JOIN(OCIE, timer), letter)); \
    else                                                             \
        JOIN(TIMSK, timer) &= (uint8_t)~MASK(JOIN(JOIN(OCIE, timer), letter));
    uint8_t lock = board_lock();
    STEP_PINS(AXIS)
    board_unlock(lock);
#undef AXIS
}

static void set_direction(uint8_t axis, int8_t direction)
{
    switch (axis) {
#define AXIS(number, port, bit, dir_port, dir_bit, timer, letter) \
    case number:                                                  \
        if (direction > 0)                                        \
            PORT_OF(dir_port) |= MASK(dir_bit);                   \
        else                                                      \
            PORT_OF(dir_port) &= (uint8_t)~MASK(dir_bit);         \
        break;
        STEP_PINS(AXIS)
#undef AXIS
    default:
        break;
    }
}

static void set_compare(uint8_t axis, uint16_t tick)
{
    switch (axis) {
#define AXIS(number, port, bit, dir_port, dir_bit, timer, letter) \
    case number:                                                  \
        JOIN(JOIN(OCR, timer), letter) = tick;                    \
        JOIN(TIFR, timer) = MASK(JOIN(JOIN(OCF, timer), letter)); \
        break;
        STEP_PINS(AXIS)
#undef AXIS
    default:
        break;
    }
}

void board_stepper_wake(uint8_t axis)
{
    stepper *s = &steppers[axis];
    uint8_t lock = board_lock();
    if (s->left == 0 && stepper_load(s)) {
        uint16_t tick = s->next_tick, soonest = (uint16_t)(TCNT1 + SOON);
        set_direction(axis, s->direction);
        set_compare(axis, (int16_t)(tick - soonest) < 0 ? soonest : tick);
    }
    board_unlock(lock);
}

/* The pulses are given by step_interrupt.S; the core's stepper_pulse is not used here. */
void board_step_pulse(uint8_t axis, int8_t direction)
{
    (void)axis;
    (void)direction;
}
