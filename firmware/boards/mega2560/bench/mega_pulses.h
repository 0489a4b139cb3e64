/* Step and direction inputs of the motor drivers: the plant moves, and every edge is measured. */
#ifndef BEE_MEGA_PULSES_H
#define BEE_MEGA_PULSES_H

#include <stdbool.h>
#include <stdint.h>

void mega_pulses_power_on(void);
void mega_step_changed(int axis, bool level, bool direction, uint64_t cycle);
void mega_direction_changed(int axis, uint64_t cycle);
int32_t mega_pulses(int axis); /* upwards minus downwards since power-on */

#endif
