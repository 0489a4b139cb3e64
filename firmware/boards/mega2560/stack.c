#include "stack.h"

#include <avr/io.h>

#include "board.h"

#define PAINT 0xc5u
#define DEPTH 300u /* bytes of paint in a row, more than any array on the stack: below them nothing was used */

extern uint8_t _end; /* first byte behind the variables */

void paint_stack(void) __attribute__((naked, used, section(".init1")));
void paint_stack(void)
{
    __asm__ volatile("    ldi r30, lo8(_end)\n"
                     "    ldi r31, hi8(_end)\n"
                     "    ldi r24, 0xc5\n"
                     "    ldi r25, hi8(__stack)\n"
                     "    rjmp 2f\n"
                     "1:  st Z+, r24\n"
                     "2:  cpi r30, lo8(__stack)\n"
                     "    cpc r31, r25\n"
                     "    brlo 1b\n"
                     "    breq 1b\n");
}

/* Looks on from where it ended the last time: a few steps each time, not the whole stack. */
uint16_t board_stack_free(void)
{
    static const uint8_t *lowest = (const uint8_t *)RAMEND;
    const uint8_t *at = lowest;
    uint16_t painted = 0;
    while (at > &_end && painted < DEPTH) {
        at--;
        painted = *at == PAINT ? (uint16_t)(painted + 1u) : 0;
        if (!painted)
            lowest = at;
    }
    return (uint16_t)(lowest - &_end);
}
