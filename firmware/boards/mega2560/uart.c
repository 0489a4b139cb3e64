#include "uart.h"

#include <avr/interrupt.h>
#include <avr/io.h>
#include <string.h>

#include "board.h"
#include "wake.h"

#define RECEIVED 256u /* the index of one byte wraps by itself */
#define TO_SEND 128u
#define WRAPPED(index) ((uint8_t)((index) & (TO_SEND - 1u)))
#define DIVIDER ((F_CPU + 4ul * BAUD) / (8ul * BAUD) - 1ul)

static uint8_t received[RECEIVED];
uint8_t uart_to_send[TO_SEND]; /* these three also for uart_interrupt.S */
volatile uint8_t uart_send_head, uart_send_tail;
static volatile uint8_t received_head, received_tail;
static volatile uint16_t lost;
static volatile uint8_t ends_received;
static uint8_t ends_read;

void uart_start(void)
{
    UBRR0 = DIVIDER;
    UCSR0A = 1u << U2X0;
    UCSR0C = 1u << UCSZ01 | 1u << UCSZ00;
    UCSR0B = 1u << RXEN0 | 1u << TXEN0 | 1u << RXCIE0;
}

ISR(USART0_RX_vect)
{
    const uint8_t is_overrun = UCSR0A & 1u << DOR0;
    const uint8_t byte = UDR0;
    const uint8_t head = received_head, next = (uint8_t)(head + 1u);
    if (is_overrun)
        lost++;
    if (next == received_tail) {
        lost++;
        return;
    }
    received[head] = byte;
    received_head = next;
    if (byte == 0) {
        ends_received++;
        WAKE |= WAKE_PACKET;
    }
}

uint16_t board_uart_read(uint8_t *bytes, uint16_t capacity)
{
    uint16_t count = 0;
    uint8_t tail = received_tail;
    const uint8_t head = received_head;
    while (count < capacity && tail != head) {
        const uint8_t byte = received[tail++];
        bytes[count++] = byte;
        if (byte == 0) {
            ends_read++;
            break;
        }
    }
    received_tail = tail;
    if (ends_received != ends_read)
        WAKE |= WAKE_PACKET; /* the next one */
    return count;
}

bool board_uart_write(const uint8_t *bytes, uint8_t length)
{
    uint8_t head = uart_send_head;
    if (WRAPPED(uart_send_tail - head - 1u) < length)
        return false;
    for (uint8_t i = 0; i < length; i++, head = WRAPPED(head + 1u))
        uart_to_send[head] = bytes[i];
    uart_send_head = head;
    uint8_t lock = board_lock();
    UCSR0B |= 1u << UDRIE0;
    board_unlock(lock);
    return true;
}

uint16_t board_bytes_lost(void)
{
    uint8_t lock = board_lock();
    uint16_t count = lost;
    board_unlock(lock);
    return count;
}
