/* The step timer: timers 1, 3, 4 and 5 count together at 2 MHz; timer 0 ticks every 200 us. */
#ifndef BEE_MEGA2560_CLOCK_H
#define BEE_MEGA2560_CLOCK_H

#include <stdbool.h>

#define TICKS_A_POLL 5u /* of timer 0: a millisecond */

void clock_start(void);

/* Once a millisecond true. */
bool clock_poll_is_due(void);

#endif
