/* The serial line to the host: USART 0, 8N1, BAUD as built (250000). */
#ifndef BEE_MEGA2560_UART_H
#define BEE_MEGA2560_UART_H

#include <stdbool.h>

bool uart_packet_waits(void); /* the end of a packet has arrived that was not read yet */

void uart_start(void);

#endif
