#include "clock.h"

#include <avr/interrupt.h>
#include <avr/io.h>

#include "board.h"
#include "safety_chain.h"
#include "wake.h"

#define PRESCALE_8 (1u << 1)
#define PRESCALE_64_T0 (1u << CS01 | 1u << CS00)
#define TICK_COUNTS 75u /* 300 us at 250 kHz */

static volatile uint16_t overflows;
static volatile uint8_t overflows_top;

void clock_start(void)
{
    GTCCR = 1u << TSM | 1u << PSRSYNC; /* hold the prescaler while all are set, so that they count together */
    TCCR1B = TCCR3B = TCCR4B = TCCR5B = PRESCALE_8;
    TCNT1 = TCNT3 = TCNT4 = TCNT5 = 0;
    TIMSK5 |= 1u << TOIE5;
    TCCR0A = 1u << WGM01;
    TCCR0B = PRESCALE_64_T0;
    OCR0A = TICK_COUNTS - 1u;
    TIMSK0 = 1u << OCIE0A;
    GTCCR = 0;
}

ISR(TIMER5_OVF_vect)
{
    if (++overflows == 0)
        overflows_top++;
}

ISR(TIMER0_COMPA_vect)
{
    safety_chain_look();
    static uint8_t ticks;
    if (++ticks == TICKS_A_POLL) {
        ticks = 0;
        WAKE |= WAKE_POLL;
    }
}

uint32_t board_ticks(void)
{
    uint8_t lock = board_lock();
    uint16_t low = TCNT5, high = overflows;
    if ((TIFR5 & 1u << TOV5) && low < 0x8000u)
        high++;
    board_unlock(lock);
    return (uint32_t)high << 16 | low;
}

/* Half the ticks, with one bit more at the top than they have. */
uint32_t board_micros(void)
{
    uint8_t lock = board_lock();
    uint16_t low = TCNT5, high = overflows;
    uint8_t top = overflows_top;
    if ((TIFR5 & 1u << TOV5) && low < 0x8000u && ++high == 0)
        top++;
    board_unlock(lock);
    uint32_t half = ((uint32_t)high << 16 | low) >> 1;
    return top & 1u ? half | UINT32_C(0x80000000) : half;
}
