#include "mega_uart.h"

#include <string.h>

#include <simavr/avr_uart.h>

#include "mega_cpu.h"
#include "mega_host.h"

#define LINE_SIZE 4096u
#define BITS_PER_BYTE 10u
#define BUFFERED 2u
#define GARBLED 0x55u
#define NS_PER_CYCLE 62.5

enum { RXC = 0x80, TXC = 0x40, UDRE = 0x20, FE = 0x10, DOR = 0x08, U2X = 0x02 }; /* UCSR0A */
enum { RXCIE = 0x80, TXCIE = 0x40, UDRIE = 0x20, RXEN = 0x10, TXEN = 0x08 };     /* UCSR0B */

typedef struct {
    uint8_t bytes[LINE_SIZE];
    uint32_t head, tail; /* free-running */
} byte_queue;

typedef struct {
    uint8_t byte;
    bool is_bad; /* framing error */
} received;

static avr_uart_t *uart;
static uint32_t line_baud = 250000;

static byte_queue to_board, to_host;
static bool arriving;           /* a byte is on its way to the board: the one at the tail of the queue */
static double arrives;          /* cycle at which its stop bit ends; not a whole one at every rate */
static bool packet_end_at_host; /* a byte 0 is among what the host has not read */
static bool stop_when_worth_reading;

static received buffered[BUFFERED], shifted_in;
static uint8_t buffered_count;
static bool is_shifted_in, is_overrun;
static uint8_t shifting_out, waiting_out;
static bool is_shifting_out, is_waiting_out;
static uint32_t overruns, framing_errors, writes_lost, sent;

static uint8_t *reg(uint16_t address)
{
    return &mega_avr->data[address];
}

static uint32_t bit_cycles(void)
{
    const uint32_t divisor = (*reg(uart->ubrrl.reg) | (*reg(uart->ubrrh.reg) & 15u) << 8) + 1u;
    return divisor * (*reg(uart->r_ucsra) & U2X ? 8u : 16u);
}

uint32_t mega_uart_board_baud(void)
{
    return MEGA_HZ / bit_cycles();
}

static double line_byte_cycles(void)
{
    return line_baud ? (double)MEGA_HZ / line_baud * BITS_PER_BYTE : bit_cycles() * BITS_PER_BYTE;
}

static bool is_rate_wrong(void)
{
    const double share = line_byte_cycles() / (bit_cycles() * BITS_PER_BYTE);
    return share < 0.96 || share > 1.04;
}

/* ---------------------------------------------------------------- flags and interrupts */

static void set_flag(uint8_t flag, bool on)
{
    *reg(uart->r_ucsra) = (uint8_t)(on ? *reg(uart->r_ucsra) | flag : *reg(uart->r_ucsra) & ~flag);
}

static void follow(avr_int_vector_t *vector, bool wanted)
{
    if (wanted && !vector->pending)
        avr_raise_interrupt(mega_avr, vector);
    else if (!wanted)
        vector->pending = 0;
}

static void update(void)
{
    set_flag(RXC, buffered_count > 0);
    set_flag(FE, buffered_count > 0 && buffered[0].is_bad);
    set_flag(DOR, is_overrun);
    set_flag(UDRE, !is_waiting_out);
    const uint8_t enabled = *reg(uart->r_ucsrb);
    follow(&uart->rxc, buffered_count > 0 && enabled & RXCIE);
    follow(&uart->udrc, !is_waiting_out && enabled & UDRIE);
}

/* ---------------------------------------------------------------- receiver */

static void byte_begins(void)
{
    if (buffered_count < BUFFERED || !is_shifted_in)
        return;
    is_shifted_in = false; /* a start bit while both buffers and the shift register are full */
    is_overrun = true;
    overruns++;
}

static void take_into_buffer(void)
{
    while (is_shifted_in && buffered_count < BUFFERED) {
        buffered[buffered_count++] = shifted_in;
        is_shifted_in = false;
    }
}

static void byte_came(uint8_t byte)
{
    if (!(*reg(uart->r_ucsrb) & RXEN))
        return;
    const bool is_bad = is_rate_wrong();
    framing_errors += is_bad;
    shifted_in = (received){is_bad ? byte ^ GARBLED : byte, is_bad};
    is_shifted_in = true;
    take_into_buffer();
    update();
}

static uint8_t read_data(avr_t *avr, avr_io_addr_t address, void *context)
{
    (void)avr, (void)address, (void)context;
    const uint8_t byte = buffered[0].byte;
    if (buffered_count) {
        buffered[0] = buffered[1];
        buffered_count--;
        is_overrun = false;
        take_into_buffer();
        update();
    }
    return byte;
}

/* ---------------------------------------------------------------- line to the board */

static void begin_arrival(double from);

static avr_cycle_count_t arrival(avr_t *avr, avr_cycle_count_t when, void *context)
{
    (void)avr, (void)when, (void)context;
    arriving = false;
    byte_came(to_board.bytes[to_board.tail++ % LINE_SIZE]);
    if (to_board.tail != to_board.head)
        begin_arrival(arrives);
    return 0;
}

static void begin_arrival(double from)
{
    arriving = true;
    arrives = from + line_byte_cycles();
    byte_begins();
    mega_cpu_at((uint64_t)(arrives + 0.999), arrival, NULL);
}

uint32_t mega_uart_to_board(const uint8_t *bytes, uint32_t length, uint64_t cycle)
{
    const uint32_t room = LINE_SIZE - (to_board.head - to_board.tail);
    if (length > room)
        length = room;
    for (uint32_t i = 0; i < length; i++)
        to_board.bytes[to_board.head++ % LINE_SIZE] = bytes[i];
    if (length && !arriving)
        begin_arrival((double)cycle);
    return length;
}

void mega_uart_line_baud(uint32_t baud)
{
    line_baud = baud;
}

/* ---------------------------------------------------------------- transmitter, line to the host */

static void reach_host(uint8_t byte)
{
    const bool is_bad = is_rate_wrong();
    framing_errors += is_bad;
    sent++;
    if (to_host.head - to_host.tail == LINE_SIZE)
        return; /* nobody reads */
    to_host.bytes[to_host.head++ % LINE_SIZE] = is_bad ? byte ^ GARBLED : byte;
    packet_end_at_host |= byte == 0;
    if (stop_when_worth_reading && mega_uart_worth_reading())
        mega_cpu_stop();
}

static avr_cycle_count_t byte_left(avr_t *avr, avr_cycle_count_t when, void *context)
{
    (void)context;
    const uint8_t byte = shifting_out;
    is_shifting_out = is_waiting_out;
    shifting_out = waiting_out;
    is_waiting_out = false;
    reach_host(byte);
    if (!is_shifting_out) {
        set_flag(TXC, true);
        if (*reg(uart->r_ucsrb) & TXCIE)
            avr_raise_interrupt(avr, &uart->txc);
    }
    update();
    return is_shifting_out ? when + bit_cycles() * BITS_PER_BYTE : 0;
}

static void write_data(avr_t *avr, avr_io_addr_t address, uint8_t value, void *context)
{
    (void)address, (void)context;
    if (!(*reg(uart->r_ucsrb) & TXEN) || is_waiting_out) {
        writes_lost++;
        return;
    }
    if (is_shifting_out) {
        waiting_out = value;
        is_waiting_out = true;
    } else {
        shifting_out = value;
        is_shifting_out = true;
        mega_cpu_at(avr->cycle + bit_cycles() * BITS_PER_BYTE, byte_left, NULL);
    }
    update();
}

uint32_t mega_uart_from_board(uint8_t *bytes, uint32_t capacity)
{
    uint32_t count = 0;
    while (count < capacity && to_host.tail != to_host.head)
        bytes[count++] = to_host.bytes[to_host.tail++ % LINE_SIZE];
    if (to_host.tail == to_host.head)
        packet_end_at_host = false;
    return count;
}

bool mega_uart_worth_reading(void)
{
    return to_host.head != to_host.tail && (packet_end_at_host || !is_shifting_out);
}

void mega_uart_stop_when_worth_reading(bool stop)
{
    stop_when_worth_reading = stop;
}

/* ---------------------------------------------------------------- control registers */

static void write_status(avr_t *avr, avr_io_addr_t address, uint8_t value, void *context)
{
    (void)context;
    if (value & TXC) {
        uart->txc.pending = 0;
        set_flag(TXC, false);
    }
    avr->data[address] = (uint8_t)((avr->data[address] & ~3) | (value & 3)); /* U2X and MPCM */
}

static void write_control(avr_t *avr, avr_io_addr_t address, uint8_t value, void *context)
{
    (void)context;
    avr->data[address] = value;
    if (!(value & RXEN)) {
        buffered_count = 0;
        is_shifted_in = is_overrun = false;
    }
    if (value & TXCIE && *reg(uart->r_ucsra) & TXC && !uart->txc.pending)
        avr_raise_interrupt(avr, &uart->txc);
    update();
}

static void store(avr_t *avr, avr_io_addr_t address, uint8_t value, void *context)
{
    (void)context;
    avr->data[address] = value;
}

void mega_uart_create(void)
{
    uart = mega_cpu_module("uart", '0');
    mega_cpu_hook_write(uart->r_udr, write_data, NULL, NULL);
    mega_cpu_hook_write(uart->r_ucsra, write_status, NULL, NULL);
    mega_cpu_hook_write(uart->r_ucsrb, write_control, NULL, NULL);
    mega_cpu_hook_write(uart->r_ucsrc, store, NULL, NULL);
    mega_cpu_hook_write(uart->ubrrl.reg, store, NULL, NULL);
    mega_avr->io[AVR_DATA_TO_IO(uart->r_udr)].r.c = read_data;
    mega_avr->io[AVR_DATA_TO_IO(uart->r_ucsra)].r.c = NULL;
}

void mega_uart_after_reset(void)
{
    buffered_count = 0;
    is_shifted_in = is_overrun = is_shifting_out = is_waiting_out = false;
    *reg(uart->r_ucsra) = UDRE;
    *reg(uart->r_ucsrb) = 0;
    *reg(uart->r_ucsrc) = 6; /* 8 bits */
    if (arriving)
        mega_cpu_at((uint64_t)(arrives + 0.999), arrival, NULL);
}

void mega_uart_power_on(void)
{
    to_board = (byte_queue){0};
    to_host = (byte_queue){0};
    arriving = packet_end_at_host = false;
    overruns = framing_errors = writes_lost = sent = 0;
}

uint32_t mega_uart_overruns(void)
{
    return overruns;
}

uint32_t mega_uart_framing_errors(void)
{
    return framing_errors;
}

uint32_t mega_uart_writes_lost(void)
{
    return writes_lost;
}

uint32_t mega_uart_sent(void)
{
    return sent;
}
