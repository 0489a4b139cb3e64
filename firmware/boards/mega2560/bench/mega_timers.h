/*
 * What simavr 1.6 leaves out of the timers: the one byte through which the halves of all 16-bit registers of a timer pass
 * (a half-done access that an interrupt disturbs goes wrong here as on the chip), flags cleared one by one, interrupts
 * enabled after their flag was set, and GTCCR, which holds the timers until they start together.
 */
#ifndef BEE_MEGA_TIMERS_H
#define BEE_MEGA_TIMERS_H

#include <simavr/avr_timer.h>

#define MEGA_TICK_CYCLES 8u /* the step timer counts 2 MHz */

void mega_timers_create(void);
void mega_timers_after_reset(void);

avr_timer_t *mega_timer(uint8_t number);

/* Cycle of the compare match that is being reported. */
uint64_t mega_timer_match(const avr_timer_t *timer, uint8_t channel);

/* Cycle at which the step timer (timer 1, widened to 32 bits, 0 at its start) shows `tick`: the one nearest to now. */
uint64_t mega_tick_cycle(uint32_t tick);

#endif
