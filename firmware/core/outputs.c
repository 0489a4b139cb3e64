#include "outputs.h"

#include "board.h"
#include "messages.h"
#include "safety.h"

/* Strobe and heater are on only while the board hears its host. The red light and the fan stay as they are when it does
 * not (a person may be looking, smoke may be out). */
#define NEED_HOST (1u << 0 | 1u << 3)
#define STROBE 0u
#define FLASH_US 50000u /* white light is a flash and nothing else (rule R19), whatever the host forgets */

static volatile uint16_t values[PROTOCOL_OUTPUTS]; /* also written in interrupts (output at a position) */
static volatile uint32_t strobe_on_us;

bool outputs_needs_host(uint8_t output)
{
    return (NEED_HOST & (1u << output)) != 0;
}

bool outputs_may_be_on(void)
{
    return safety_hears_host() && board_door_closed() && board_estop_ok();
}

void outputs_reset(void)
{
    for (uint8_t output = 0; output < PROTOCOL_OUTPUTS; output++)
        outputs_set(output, 0);
}

void outputs_set(uint8_t output, uint16_t permille)
{
    uint8_t lock = board_lock();
    if (outputs_needs_host(output) && !outputs_may_be_on())
        permille = 0;
    values[output] = permille > OUTPUT_FULL ? OUTPUT_FULL : permille;
    if (output == STROBE)
        strobe_on_us = board_micros();
    board_set_output(output, values[output]);
    board_unlock(lock);
}

void outputs_poll(void)
{
    uint8_t lock = board_lock();
    if (values[STROBE] && board_micros() - strobe_on_us >= FLASH_US)
        outputs_set(STROBE, 0);
    board_unlock(lock);
    if (!outputs_may_be_on())
        outputs_safe();
}

uint16_t outputs_get(uint8_t output)
{
    return values[output];
}

void outputs_safe(void)
{
    for (uint8_t output = 0; output < PROTOCOL_OUTPUTS; output++)
        if (outputs_needs_host(output))
            outputs_set(output, 0);
}
