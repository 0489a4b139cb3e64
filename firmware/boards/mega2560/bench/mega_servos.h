/* Servo pulses: compare matches that set and clear a pin. (The irqs that simavr 1.6 offers for that also come when a
 * compare register is written.) */
#ifndef BEE_MEGA_SERVOS_H
#define BEE_MEGA_SERVOS_H

#include <stdint.h>

void mega_servos_create(void);
void mega_servos_power_on(void);
/* The program has changed a servo pin or how it is connected. */
void mega_servos_refresh(uint64_t cycle);
void mega_servos_rest(uint64_t cycle); /* now and then */

#endif
