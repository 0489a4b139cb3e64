#ifndef BEE_MEGA2560_STEPPERS_H
#define BEE_MEGA2560_STEPPERS_H

#include <stdbool.h>

void steppers_start(void);
/* Let the step interrupts come, or keep all of them away at once. */
void steppers_enable(bool on);

#endif
