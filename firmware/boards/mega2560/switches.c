/* Strobe on or off; red light and fan by pulse width (timer 2); the heater on for a share of each second. */
#include "switches.h"

#include "board.h"
#include "clock.h"
#include "messages.h"
#include "ports.h"

enum { STROBE, RED_LIGHT, FAN, HEATER };
#define FULL 1000u
#define PRESCALE_64_T2 (1u << CS22)

#define HEATER_POLLS (1000000ul / POLL_US) /* a second */

static volatile uint16_t heater_on; /* of HEATER_POLLS */
static uint16_t heater_at;

void switches_start(void)
{
#define OUTPUT(number, port, bit)         \
    PORT_OF(port) &= (uint8_t)~MASK(bit); \
    DDR_OF(port) |= MASK(bit);
    OUTPUT_PINS(OUTPUT)
#undef OUTPUT
    TCCR2A = 1u << WGM20; /* phase correct, 490 Hz */
    TCCR2B = PRESCALE_64_T2;
}

static void switch_pin(uint8_t output, bool on)
{
    switch (output) {
#define OUTPUT(number, port, bit)                 \
    case number:                                  \
        if (on)                                   \
            PORT_OF(port) |= MASK(bit);           \
        else                                      \
            PORT_OF(port) &= (uint8_t)~MASK(bit); \
        break;
        OUTPUT_PINS(OUTPUT)
#undef OUTPUT
    default:
        break;
    }
}

static uint8_t duty(uint16_t permille)
{
    return (uint8_t)(((uint32_t)permille * 255u + FULL / 2u) / FULL);
}

void board_set_output(uint8_t output, uint16_t permille)
{
    uint8_t lock = board_lock();
    switch (output) {
    case STROBE:
        switch_pin(STROBE, permille != 0);
        break;
    case RED_LIGHT:
        OCR2A = duty(permille);
        TCCR2A = permille ? TCCR2A | 1u << COM2A1 : TCCR2A & (uint8_t)~(1u << COM2A1);
        break;
    case FAN:
        OCR2B = duty(permille);
        TCCR2A = permille ? TCCR2A | 1u << COM2B1 : TCCR2A & (uint8_t)~(1u << COM2B1);
        break;
    case HEATER:
        heater_on = (uint16_t)((uint32_t)permille * HEATER_POLLS / FULL);
        if (permille == 0)
            switch_pin(HEATER, false);
        break;
    default:
        break;
    }
    board_unlock(lock);
}

void switches_poll(void)
{
    heater_at = heater_at + 1u < HEATER_POLLS ? heater_at + 1u : 0;
    uint8_t lock = board_lock();
    switch_pin(HEATER, heater_at < heater_on);
    board_unlock(lock);
}
