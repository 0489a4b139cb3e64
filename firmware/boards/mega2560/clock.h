/* The step timer: timers 1, 3, 4 and 5 count together at 2 MHz; timer 0 ticks every 300 us and asks for the polls. */
#ifndef BEE_MEGA2560_CLOCK_H
#define BEE_MEGA2560_CLOCK_H

#define POLL_US 1800u
#define TICKS_A_POLL 6u /* of timer 0 */

void clock_start(void);

#endif
