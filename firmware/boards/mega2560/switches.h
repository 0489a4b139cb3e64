#ifndef BEE_MEGA2560_SWITCHES_H
#define BEE_MEGA2560_SWITCHES_H

void switches_start(void);
void switches_poll(void); /* every POLL_US */

#endif
