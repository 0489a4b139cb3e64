/*
 * The controller's program in simavr: host.h is its face, and this is what a test of the real program needs beyond that.
 * Cycles are those of 16 MHz, counted since the library was loaded; they do not depend on the machine.
 */
#ifndef BEE_MEGA_HOST_H
#define BEE_MEGA_HOST_H

#include <stdint.h>

/* The program (ELF) that the next host_power_on loads, instead of $BEE_MEGA2560_ELF or the one built beside this library.
 * Returns 0, or -1 if it cannot be read: see mega_error. */
int host_load_program(const char *elf_path);

/* Why there is no program to run, in a line; empty if there is one. */
const char *mega_error(void);

uint64_t mega_cycles(void);
uint64_t mega_sleep_cycles(void); /* of these, since power-on, those in sleep */
uint64_t mega_ns_of(uint64_t cycle);

/* 1 when the processor has left its program (bad address or instruction); it stays so until a reset. */
int mega_crashed(void);
uint32_t mega_watchdog_resets(void);
/* From now on the processor loops for ever with interrupts off, in an instruction at the end of the flash. */
void mega_set_hang(void);

/* How often an interrupt (vector number of the datasheet, 1 is INT0) was handled since power-on, the cycles of that
 * including entry, `reti` and interrupts within it, and the longest. */
void mega_interrupt_cycles(int vector, uint64_t *count, uint64_t *cycles, uint32_t *longest);
void mega_forget_interrupt_cycles(void);
/* Bytes between the program's data and the deepest the stack has been since power-on. */
uint32_t mega_stack_low_water(void);
/* Where a symbol of the program is, and the memory there. -1 if there is no such symbol. */
int32_t mega_symbol(const char *name);
int mega_read_memory(uint32_t address, uint8_t *bytes, uint32_t length);

/* Where the processor is now: address in the program. For a profile, ask often. */
uint32_t mega_program_counter(void);

/* Step pulses. Recording begins anew with each call; bit n of the mask is axis n. */
void mega_record_pulses(uint32_t axis_mask);
/* Rising edges in order: axis, direction (+1 or -1) and cycle. Returns how many were recorded; copies at most `capacity`. */
uint32_t mega_recorded_pulses(uint8_t *axes, int8_t *directions, uint64_t *cycles, uint32_t capacity);
/* The shortest seen since the last mega_record_pulses or power-on: step input high, low, and direction input unchanged
 * before a rising edge. UINT32_MAX when there was none. */
void mega_pulse_minimum(int axis, uint32_t *high_cycles, uint32_t *low_cycles, uint32_t *direction_cycles);
/* Of the newest pulse of an axis, or of all axes (-1); 0 when there was none since power-on. */
uint64_t mega_last_pulse_cycle(int axis);

/* Serial line. */
uint32_t mega_uart_overruns(void);       /* bytes lost because the program took none in time */
uint32_t mega_uart_framing_errors(void); /* bytes that came or went at a rate more than 4 % off the board's */
uint32_t mega_uart_writes_lost(void);    /* bytes that the program wrote while the transmitter was full */
uint32_t mega_uart_board_baud(void);     /* what the program has set */
uint32_t mega_uart_sent(void);           /* bytes that have left the board since power-on */

/* Load cells: unplugged, the data line stays high. Returns readings taken by the program since power-on. */
void mega_load_cell_unplug(int side, int unplugged);
uint32_t mega_load_cell_readings(int side);
uint32_t mega_load_cell_power_downs(int side); /* clock high for more than 60 us */

/* The newest servo pulse: its width and its distance from the one before, in cycles; 0 when there was none. */
void mega_servo_pulse(int servo, uint32_t *width_cycles, uint32_t *period_cycles);

#endif
