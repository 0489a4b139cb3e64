#ifndef BEE_MEGA2560_INPUTS_H
#define BEE_MEGA2560_INPUTS_H

void inputs_start(void);

#endif
