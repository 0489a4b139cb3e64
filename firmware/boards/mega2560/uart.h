/* The serial line to the host: USART 0, 8N1, BAUD as built (250000). */
#ifndef BEE_MEGA2560_UART_H
#define BEE_MEGA2560_UART_H

#include <stdbool.h>

extern volatile bool uart_packet_came; /* a zero byte was received since this was cleared */

void uart_start(void);

#endif
