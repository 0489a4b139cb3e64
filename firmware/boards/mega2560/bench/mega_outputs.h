/* Lights, fan, heater and motor relay: pins, and the pulse width that timer 2 makes of two of them. */
#ifndef BEE_MEGA_OUTPUTS_H
#define BEE_MEGA_OUTPUTS_H

void mega_outputs_create(void);
void mega_outputs_power_on(void);
void mega_outputs_refresh(void);

#endif
