/* The step timer: timers 1, 3, 4 and 5 count together at 2 MHz; timer 0 ticks every 200 us and asks for the polls. */
#ifndef BEE_MEGA2560_CLOCK_H
#define BEE_MEGA2560_CLOCK_H

#define POLL_MS 2u
#define TICKS_A_POLL (5u * POLL_MS) /* of timer 0 */

void clock_start(void);

#endif
