#ifndef BEE_MEGA2560_SERVOS_PWM_H
#define BEE_MEGA2560_SERVOS_PWM_H

void servos_pwm_start(void);

#endif
