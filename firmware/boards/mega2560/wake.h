/* Why the main loop should run: bits in a register that interrupts reach with one instruction. */
#ifndef BEE_MEGA2560_WAKE_H
#define BEE_MEGA2560_WAKE_H

#include <avr/io.h>

#define WAKE GPIOR0
#define WAKE_POLL (1u << 0)   /* a poll is due */
#define WAKE_PACKET (1u << 1) /* the end of a packet has arrived */
#define WAKE_CHAIN (1u << 2)  /* door or e-stop opened */

#endif
