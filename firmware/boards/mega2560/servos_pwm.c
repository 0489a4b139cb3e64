/*
 * Servo pulses, every 20 ms, switched by the compare units themselves: at one match the output goes high, at the next
 * low; the interrupts in between only say what the next match is to do, so their delay does not show.
 */
#include "servos_pwm.h"

#include <avr/interrupt.h>

#include "board.h"
#include "messages.h"
#include "ports.h"

#define PERIOD 40000u  /* ticks of 0.5 us */
#define AT_ZERO 2000   /* 1 ms at 0 degrees */
#define AT_NINETY 4000 /* 2 ms at 90 degrees */
#define SHORTEST 1000
#define LONGEST 5000
#define SOON 200u

static volatile uint16_t widths[PROTOCOL_SERVOS]; /* 0: never commanded, no pulses */

/* Modes of the output at a match, in bits COMnx1:0. */
#define CLEAR_AT(timer, letter) (1u << JOIN(JOIN(COM, timer), JOIN(letter, 1)))
#define SET_AT(timer, letter) (CLEAR_AT(timer, letter) | 1u << JOIN(JOIN(COM, timer), JOIN(letter, 0)))

#define SERVO(number, timer, letter, port, bit)                                                      \
    ISR(JOIN(JOIN(TIMER, timer), JOIN(_COMP, JOIN(letter, _vect))))                                  \
    {                                                                                                \
        if (JOIN(JOIN(TCCR, timer), A) & 1u << JOIN(JOIN(COM, timer), JOIN(letter, 0))) {            \
            JOIN(JOIN(OCR, timer), letter) += widths[number];                                        \
            JOIN(JOIN(TCCR, timer), A) &= (uint8_t)~(1u << JOIN(JOIN(COM, timer), JOIN(letter, 0))); \
        } else {                                                                                     \
            JOIN(JOIN(OCR, timer), letter) += PERIOD - widths[number];                               \
            JOIN(JOIN(TCCR, timer), A) |= 1u << JOIN(JOIN(COM, timer), JOIN(letter, 0));             \
        }                                                                                            \
    }
SERVO_PINS(SERVO)
#undef SERVO

void servos_pwm_start(void)
{
#define SERVO(number, timer, letter, port, bit) \
    PORT_OF(port) &= (uint8_t)~MASK(bit);       \
    DDR_OF(port) |= MASK(bit);
    SERVO_PINS(SERVO)
#undef SERVO
}

void board_release_servo(uint8_t servo)
{
    uint8_t lock = board_lock();
    widths[servo] = 0;
    switch (servo) {
#define SERVO(number, timer, letter, port, bit)                                                  \
    case number:                                                                                 \
        JOIN(TIMSK, timer) &= (uint8_t)~(1u << JOIN(JOIN(OCIE, timer), letter));                 \
        JOIN(JOIN(TCCR, timer), A) &= (uint8_t)~SET_AT(timer, letter); /* the pin is low then */ \
        break;
        SERVO_PINS(SERVO)
#undef SERVO
    default:
        break;
    }
    board_unlock(lock);
}

static void begin(uint8_t servo)
{
    switch (servo) {
#define SERVO(number, timer, letter, port, bit)                                \
    case number:                                                               \
        JOIN(JOIN(OCR, timer), letter) = (uint16_t)(JOIN(TCNT, timer) + SOON); \
        JOIN(JOIN(TCCR, timer), A) |= SET_AT(timer, letter);                   \
        JOIN(TIFR, timer) = 1u << JOIN(JOIN(OCF, timer), letter);              \
        JOIN(TIMSK, timer) |= 1u << JOIN(JOIN(OCIE, timer), letter);           \
        break;
        SERVO_PINS(SERVO)
#undef SERVO
    default:
        break;
    }
}

void board_set_servo(uint8_t servo, int16_t centideg)
{
    int32_t width = AT_ZERO + (int32_t)centideg * (AT_NINETY - AT_ZERO) / 9000;
    if (width < SHORTEST)
        width = SHORTEST;
    if (width > LONGEST)
        width = LONGEST;
    uint8_t lock = board_lock();
    bool is_first = widths[servo] == 0;
    widths[servo] = (uint16_t)width;
    if (is_first)
        begin(servo);
    board_unlock(lock);
}
