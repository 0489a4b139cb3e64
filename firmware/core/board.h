/*
 * What the core needs from a board. Each board under boards/ implements these functions and calls the core:
 * core_start once, core_poll from its main loop (at least every two milliseconds), and from interrupts stepper_pulse (or its
 * own version of it), sensors_look, and stepper_halt where it can see door and e-stop by itself.
 */
#ifndef BEE_BOARD_H
#define BEE_BOARD_H

#include <stdbool.h>
#include <stdint.h>

#define BOARD_TICKS_PER_MS 2000u /* the step timer counts 2 MHz, on every board */

extern const uint8_t board_kind;          /* one of enum board_kind */
extern const uint16_t *const board_boots; /* how often the board was powered on, as far as it can know */

uint8_t board_reset_cause(void); /* one of enum reset_cause */

uint32_t board_ticks(void);  /* of the step timer, wraps at 32 bits */
uint32_t board_micros(void); /* since power-on, wraps at 32 bits */

/* Keep interrupts that share data with the foreground away; returns what board_unlock needs. May be nested. */
static inline uint8_t board_lock(void);
static inline void board_unlock(uint8_t lock);
#include "board_lock.h"

/* A chunk was pushed for an axis that was idle. */
void board_stepper_wake(uint8_t axis);

/* Called in interrupt context: one pulse on the step pin. */
void board_step_pulse(uint8_t axis, int8_t direction);

bool board_end_stop(uint8_t axis);
bool board_pin(uint8_t side);
bool board_door_closed(void);
bool board_estop_ok(void);
bool board_motors_ready(void); /* no driver reports an alarm; means nothing while the motor rail is off */

/* True, with the raw reading, once for each conversion of a load cell (80 Hz). */
bool board_load_counts(uint8_t side, int32_t *counts);

void board_set_servo(uint8_t servo, int16_t centideg);
void board_release_servo(uint8_t servo);                  /* no more pulses: it stays where it is */
void board_set_output(uint8_t output, uint16_t permille); /* from any context */
void board_set_motor_rail(bool on);

/* Bytes that have arrived, at most up to and with the first zero (the end of a packet). */
uint16_t board_uart_read(uint8_t *bytes, uint16_t capacity);
/* All or nothing: false when there is no room for the whole packet now. */
bool board_uart_write(const uint8_t *bytes, uint8_t length);
uint16_t board_bytes_lost(void); /* received, but not taken in time; since power-on */
uint16_t board_stack_free(void); /* least so far, in bytes; 0 where nobody counts */

/* Over the slice of 2 ms from `start_tick` the speed of an axis goes evenly to `speed` (steps per slice, 18 fraction bits)
 * from that of the call before; it stays so until the next call. For whoever watches the commanded profile; empty on a
 * board. */
void board_slice_planned(uint8_t axis, uint32_t start_tick, int32_t speed);

/* Tables that a board keeps out of its RAM. */
#ifdef __AVR__
#include <avr/pgmspace.h>
#define BOARD_TABLE PROGMEM
#define board_table_u32(entry) pgm_read_dword(entry)
#else
#define BOARD_TABLE
#define board_table_u32(entry) (*(entry))
#endif

#endif
