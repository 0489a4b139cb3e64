/* Four servos, moved at their configured speed. Nothing measures where they are: arrival is by the modelled speed. */
#ifndef BEE_SERVOS_H
#define BEE_SERVOS_H

#include <stdbool.h>
#include <stdint.h>

void servos_reset(void);
void servos_command(uint8_t servo, int16_t centideg);
bool servos_arrived(void);
void servos_freeze(void);            /* hold where they are now */
int16_t servos_angle(uint8_t servo); /* PROTOCOL_SERVO_UNKNOWN before the first command since power-on */
void servos_poll(void);

#endif
