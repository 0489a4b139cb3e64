#include "clock.h"

#include <avr/interrupt.h>
#include <avr/io.h>

#include "board.h"
#include "safety_chain.h"

#define PRESCALE_8 (1u << 1)
#define PRESCALE_64_T0 (1u << CS01 | 1u << CS00)
#define TICK_COUNTS 50u /* 200 us at 250 kHz */

static volatile uint32_t overflows;
static volatile uint8_t ticks_left;

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
    overflows++;
}

ISR(TIMER0_COMPA_vect)
{
    safety_chain_look();
    if (ticks_left)
        ticks_left--;
}

bool clock_poll_is_due(void)
{
    if (ticks_left)
        return false;
    ticks_left = TICKS_A_POLL;
    return true;
}

/* Low 16 bits, and how often they have overflowed. */
static uint32_t read(uint16_t *low)
{
    uint8_t lock = board_lock();
    uint16_t count = TCNT5;
    uint32_t high = overflows;
    if ((TIFR5 & 1u << TOV5) && count < 0x8000u)
        high++;
    board_unlock(lock);
    *low = count;
    return high;
}

uint32_t board_ticks(void)
{
    uint16_t low;
    uint32_t high = read(&low);
    return high << 16 | low;
}

uint32_t board_micros(void)
{
    uint16_t low;
    uint32_t high = read(&low);
    return high << 15 | low >> 1;
}

uint8_t board_lock(void)
{
    uint8_t lock = SREG;
    cli();
    return lock;
}

void board_unlock(uint8_t lock)
{
    __asm__ volatile("" ::: "memory");
    SREG = lock;
}
