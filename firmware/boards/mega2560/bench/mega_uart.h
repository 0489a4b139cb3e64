/*
 * USART 0 as the chip has it, in the place of simavr's: two bytes of receive buffer and a shift register, overrun and
 * framing errors, a transmit buffer of one byte, 10 bits to a byte. And the serial line between it and the host.
 */
#ifndef BEE_MEGA_UART_H
#define BEE_MEGA_UART_H

#include <stdbool.h>
#include <stdint.h>

void mega_uart_create(void);
void mega_uart_power_on(void);    /* bytes in flight are lost */
void mega_uart_after_reset(void); /* of the processor: the line goes on */

void mega_uart_line_baud(uint32_t baud);
uint32_t mega_uart_to_board(const uint8_t *bytes, uint32_t length, uint64_t cycle);
uint32_t mega_uart_from_board(uint8_t *bytes, uint32_t capacity);

/* Something to read that will not soon be more: the end of a packet has arrived, or nothing is on its way. */
bool mega_uart_worth_reading(void);
/* Stop the processor as soon as that is so. */
void mega_uart_stop_when_worth_reading(bool stop);

#endif
