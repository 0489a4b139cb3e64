/* End stops and pin sensors: their levels, and interrupts at their edges. */
#include "inputs.h"

#include <avr/interrupt.h>

#include "board.h"
#include "ports.h"
#include "sensors.h"

#define ANY_EDGE 1u
#define NO_SIDES 0u
#define NO_AXES 0u

void inputs_start(void)
{
#define INPUT(number, port, bit) PORT_OF(port) |= MASK(bit);
    END_STOP_PINS(INPUT)
    PIN_SENSOR_PINS(INPUT)
#undef INPUT
    PORT_OF(MOTORS_READY_PORT) |= MASK(MOTORS_READY_BIT);
    EICRA = ANY_EDGE << ISC20 | ANY_EDGE << ISC30;
    EICRB = ANY_EDGE << ISC40 | ANY_EDGE << ISC50;
    EIFR = 0xff;
    EIMSK = 1u << INT2 | 1u << INT3 | 1u << INT4 | 1u << INT5;
    PCMSK1 = 1u << PCINT9 | 1u << PCINT10;
    PCMSK2 = 1u << PCINT17 | 1u << PCINT18;
    PCIFR = 0xff;
    PCICR = 1u << PCIE1 | 1u << PCIE2;
}

ISR(INT5_vect)
{
    sensors_look(1u << 0, NO_SIDES);
}

ISR(INT4_vect)
{
    sensors_look(1u << 1, NO_SIDES);
}

ISR(PCINT1_vect)
{
    sensors_look(1u << 2 | 1u << 3, NO_SIDES);
}

ISR(INT3_vect)
{
    sensors_look(1u << 4, NO_SIDES);
}

ISR(INT2_vect)
{
    sensors_look(1u << 5, NO_SIDES);
}

ISR(PCINT2_vect)
{
    sensors_look(NO_AXES, 1u << 0 | 1u << 1);
}

bool board_end_stop(uint8_t axis)
{
    switch (axis) {
#define INPUT(number, port, bit) \
    case number:                 \
        return (PIN_OF(port) & MASK(bit)) != 0;
        END_STOP_PINS(INPUT)
#undef INPUT
    default:
        return false;
    }
}

bool board_motors_ready(void)
{
    return !(PIN_OF(MOTORS_READY_PORT) & MASK(MOTORS_READY_BIT));
}

bool board_pin(uint8_t side)
{
    switch (side) {
#define INPUT(number, port, bit) \
    case number:                 \
        return !(PIN_OF(port) & MASK(bit));
        PIN_SENSOR_PINS(INPUT)
#undef INPUT
    default:
        return false;
    }
}
