#include "safety_chain.h"

#include "board.h"
#include "stepper.h"
#include "steppers.h"

volatile uint8_t safety_chain_cause, safety_chain_open;

void safety_chain_start(void)
{
    PORT_OF(DOOR_PORT) |= MASK(DOOR_BIT); /* pull-ups: a cable that came off is an open door */
    PORT_OF(ESTOP_PORT) |= MASK(ESTOP_BIT);
    PORT_OF(RELAY_PORT) &= (uint8_t)~MASK(RELAY_BIT);
    DDR_OF(RELAY_PORT) |= MASK(RELAY_BIT);
}

void safety_chain_poll(void)
{
    if (safety_chain_cause == CAUSE_NONE)
        return;
    stepper_halt(safety_chain_cause); /* drops the pulses that were planned: the interrupts may come again */
    safety_chain_cause = CAUSE_NONE;
    steppers_enable(true);
}

bool board_door_closed(void)
{
    return safety_chain_open < LOOKS || !(PIN_OF(DOOR_PORT) & MASK(DOOR_BIT));
}

bool board_estop_ok(void)
{
    return safety_chain_open < LOOKS || !(PIN_OF(ESTOP_PORT) & MASK(ESTOP_BIT));
}

void board_set_motor_rail(bool on)
{
    uint8_t lock = board_lock();
    if (on && safety_chain_cause == CAUSE_NONE)
        PORT_OF(RELAY_PORT) |= MASK(RELAY_BIT);
    else
        PORT_OF(RELAY_PORT) &= (uint8_t)~MASK(RELAY_BIT);
    board_unlock(lock);
}
