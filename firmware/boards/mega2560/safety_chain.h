/*
 * Door and e-stop, looked at every 300 us from an interrupt. Their contacts open the motor rail in hardware, too; here
 * the pulses end and the relay opens, whatever the main loop is busy with.
 */
#ifndef BEE_MEGA2560_SAFETY_CHAIN_H
#define BEE_MEGA2560_SAFETY_CHAIN_H

#include <avr/io.h>

#include "messages.h"
#include "ports.h"
#include "wake.h"

extern volatile uint8_t safety_chain_cause; /* why the pulses were cut; CAUSE_NONE: they were not */
#define LOOKS 2u
extern volatile uint8_t safety_chain_open; /* looks in a row that found it open, up to LOOKS */

#define STEP_INTERRUPTS_1 (1u << OCIE1C)
#define STEP_INTERRUPTS_3 (1u << OCIE3B | 1u << OCIE3C)
#define STEP_INTERRUPTS_4 (1u << OCIE4B | 1u << OCIE4C)
#define STEP_INTERRUPTS_5 (1u << OCIE5A | 1u << OCIE5B | 1u << OCIE5C)

void safety_chain_start(void);

/* In the main loop, before the core: hand what the interrupt has seen to the core. */
void safety_chain_poll(void);

/* In the interrupt, short: two looks in a row must agree, which a spark does not. */
static inline void safety_chain_look(void)
{
    const uint8_t open = PIN_OF(ESTOP_PORT) & MASK(ESTOP_BIT), door = PIN_OF(DOOR_PORT) & MASK(DOOR_BIT);
    if (!(open | door)) {
        safety_chain_open = 0;
        return;
    }
    if (safety_chain_open == 0) {
        safety_chain_open = 1;
        return;
    }
    safety_chain_open = LOOKS;
    if (safety_chain_cause != CAUSE_NONE)
        return;
    TIMSK1 &= (uint8_t)~STEP_INTERRUPTS_1;
    TIMSK3 &= (uint8_t)~STEP_INTERRUPTS_3;
    TIMSK4 &= (uint8_t)~STEP_INTERRUPTS_4;
    TIMSK5 &= (uint8_t)~STEP_INTERRUPTS_5;
    PORT_OF(RELAY_PORT) &= (uint8_t)~MASK(RELAY_BIT);
    WAKE |= WAKE_CHAIN;
    safety_chain_cause = open ? CAUSE_ESTOP_PRESSED : CAUSE_DOOR_OPEN;
}

#endif
