/* The serial line to the host: USART 0, 8N1, BAUD as built (250000). */
#ifndef BEE_MEGA2560_UART_H
#define BEE_MEGA2560_UART_H

void uart_start(void);

#endif
