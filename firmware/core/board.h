/*
 * What the core needs from a board. Each board under boards/ implements these functions and calls the core:
 * core_start once, core_poll from its main loop (at least every millisecond), stepper_pulse from the step timer.
 */
#ifndef BEE_BOARD_H
#define BEE_BOARD_H

#include <stdbool.h>
#include <stdint.h>

#define BOARD_TICKS_PER_MS 16000u /* the step timer counts 16 MHz and wraps at 32 bits */

extern const uint8_t board_kind;          /* one of enum board_kind */
extern const uint16_t *const board_boots; /* how often the board was powered on, as far as it can know */

uint32_t board_ticks(void);
uint32_t board_micros(void);

/* Called in interrupt context: one pulse on the step pin. */
void board_step_pulse(uint8_t axis, int8_t direction);

bool board_end_stop(uint8_t axis);
bool board_pin(uint8_t side);
bool board_door_closed(void);
bool board_estop_ok(void);

/* The newest raw reading of a load cell; sampled by the core at 80 Hz. */
int32_t board_load_counts(uint8_t side);

void board_set_servo(uint8_t servo, int16_t centideg);
void board_set_output(uint8_t output, uint16_t permille);
void board_set_motor_rail(bool on);

uint16_t board_uart_read(uint8_t *bytes, uint16_t capacity);
/* All or nothing: false when there is no room for the whole packet now. */
bool board_uart_write(const uint8_t *bytes, uint8_t length);

/* A slice of 2 ms was planned: from speed v0 to v1 (steps per slice, 32 fraction bits). For boards that watch the
 * commanded profile; empty elsewhere. */
void board_slice_planned(uint8_t axis, uint32_t start_tick, int64_t v0, int64_t v1);

#endif
