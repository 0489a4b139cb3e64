/* ATmega2560 at 16 MHz on a RAMPS board: start, the main loop, the watchdog. */
#include <avr/eeprom.h>
#include <avr/interrupt.h>
#include <avr/io.h>
#include <avr/sleep.h>
#include <avr/wdt.h>

#include "board.h"
#include "clock.h"
#include "core.h"
#include "inputs.h"
#include "load_cells.h"
#include "messages.h"
#include "ports.h"
#include "safety_chain.h"
#include "servos_pwm.h"
#include "stack.h"
#include "steppers.h"
#include "switches.h"
#include "uart.h"
#include "wake.h"

const uint8_t board_kind = BOARD_KIND_MEGA2560;
static uint16_t boots;
const uint16_t *const board_boots = &boots;
static uint16_t EEMEM kept_boots;
static uint8_t reset_flags __attribute__((section(".noinit")));

/* After a reset by the watchdog it runs on at its shortest time: off, before anything else. */
void before_main(void) __attribute__((naked, used, section(".init3")));
void before_main(void)
{
    reset_flags = MCUSR;
    MCUSR = 0;
    wdt_disable();
    __asm__ volatile("clr r7\n\tldi r24, 6\n\tmov r6, r24" ::: "r24"); /* constants of step_interrupt.S */
}

uint8_t board_reset_cause(void)
{
    if (reset_flags & 1u << WDRF)
        return RESET_CAUSE_WATCHDOG;
    if (reset_flags & 1u << BORF)
        return RESET_CAUSE_BROWN_OUT;
    if (reset_flags & 1u << EXTRF)
        return RESET_CAUSE_EXTERNAL;
    return RESET_CAUSE_POWER;
}

/* Empty, but seen by whoever watches the program run (bench/). */
void __attribute__((noinline, noclone)) board_slice_planned(uint8_t axis, uint32_t start_tick, int32_t speed)
{
    __asm__ volatile("" ::"r"(axis), "r"(start_tick), "r"(speed));
}

static void count_boots(void)
{
    boots = (uint16_t)(eeprom_read_word(&kept_boots) + 1u); /* an erased cell reads 0xffff: the first boot is 0 */
    eeprom_update_word(&kept_boots, boots);
}

/* Step interrupts come by the ten thousand: whether they woke us for something is seen in a few cycles. */
static uint8_t sleep_until_something(void)
{
    cli();
    while (!WAKE) {
        sei();
        sleep_cpu(); /* the instruction after sei is executed before any interrupt */
        cli();
    }
    uint8_t why = WAKE;
    WAKE = 0;
    sei();
    return why;
}

int main(void)
{
    safety_chain_start();
    switches_start();
    servos_pwm_start();
    inputs_start();
    load_cells_start();
    count_boots();
    clock_start();
    uart_start();
    set_sleep_mode(SLEEP_MODE_IDLE);
    sleep_enable();
    DDR_OF(LED_PORT) |= MASK(LED_BIT);
    core_start();
    steppers_start();
    sei();
    wdt_enable(WDTO_250MS);
    for (;;) {
        if (sleep_until_something() & WAKE_POLL)
            switches_poll();
        safety_chain_poll();
        core_poll();
        wdt_reset();
    }
}
