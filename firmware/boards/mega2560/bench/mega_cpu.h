/*
 * The ATmega2560 of simavr, with what simavr 1.6 leaves out of its time: 5 cycles to enter an interrupt, 5 more to wake,
 * no instruction more than one between `reti` and the next interrupt. Sleep takes simulated time only.
 */
#ifndef BEE_MEGA_CPU_H
#define BEE_MEGA_CPU_H

#include <stdbool.h>
#include <stdint.h>

#include <simavr/sim_avr.h>

#define MEGA_HZ 16000000u
#define MEGA_VECTORS 57

extern avr_t *mega_avr;

/* Once, before anything else: makes the processor; `after_reset` is called after each reset, when all registers of the
 * processor and all its timers are clear. */
void mega_cpu_create(void (*after_reset)(void));

/* An io module of the processor by kind ("port", "timer", "uart") and the letter or digit in its name. */
void *mega_cpu_module(const char *kind, char name);

/* Power comes: memory holds garbage, flash and EEPROM stay. */
void mega_cpu_power_on(void);

/* Runs until `cycle`, at most an instruction beyond, or until mega_cpu_stop is called from an event. */
void mega_cpu_run(uint64_t cycle);
void mega_cpu_stop(void);

/* Calls `event` at a cycle; it returns the cycle of the next call or 0. One event can be waiting for each pair. */
void mega_cpu_at(uint64_t cycle, avr_cycle_timer_t event, void *context);

/* Calls `trap` each time the instruction at a byte address of the flash is about to be executed. */
void mega_cpu_trap(uint32_t address, void (*trap)(void));
void mega_cpu_forget_traps(void);

/* Cycle at the end of the instruction in progress: when what it writes to a pin is seen outside. */
uint64_t mega_cpu_write_cycle(void);
/* The mask of an SBI in progress, which simavr executes as a write of the whole register; 0 for all other writes. */
uint8_t mega_cpu_sbi_mask(void);

/* Replaces what happens when the program accesses a register; `before` takes what was there. */
typedef struct {
    avr_io_write_t call;
    void *context;
} mega_write;
void mega_cpu_hook_write(uint16_t address, avr_io_write_t call, void *context, mega_write *before);

#endif
