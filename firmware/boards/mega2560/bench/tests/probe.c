/*
 * A program for the ATmega2560 that uses every part of the chip that the bench stands for, and no more. test_bench.c
 * sends it single letters and looks at its pins and its memory.
 */
#include <avr/interrupt.h>
#include <avr/io.h>
#include <avr/sleep.h>
#include <avr/wdt.h>
#include <stdbool.h>
#include <stdint.h>
#include <util/delay_basic.h>

#define STEP_TICKS 200u /* 10 kHz */
#define SERVO_PERIOD 40000u
#define RING 64u

volatile uint8_t reset_cause __attribute__((section(".noinit")));
volatile uint16_t boots_seen __attribute__((section(".noinit")));
volatile uint16_t int5_edges, pcint1_edges, pcint2_edges, polls, steps_left;
volatile int32_t readings[2];
volatile uint16_t servo_ticks = 3000; /* 1500 us */
volatile uint8_t torn;                /* a 16-bit register was read wrong */
static volatile uint8_t ring[RING], ring_head, ring_tail;
static volatile uint8_t command;
static bool is_servo_high;

/* As the real program has them (board.h, safety.h). */
__attribute__((noinline, noclone)) void board_slice_planned(uint8_t axis, uint32_t start_tick, int32_t speed)
{
    __asm__ volatile("" ::"r"(axis), "r"(start_tick), "r"(speed));
}

__attribute__((noinline, noclone)) void safety_heartbeat(void)
{
    __asm__ volatile("");
}

void __attribute__((naked, used, section(".init3"))) stop_watchdog(void)
{
    reset_cause = MCUSR;
    MCUSR = 0;
    wdt_disable();
}

ISR(TIMER1_COMPC_vect) /* axis 0 */
{
    PORTF |= 1;
    OCR1C += STEP_TICKS;
    _delay_loop_1(14);
    PORTF &= (uint8_t)~1;
    if (--steps_left == 0)
        TIMSK1 = 0;
}

ISR(TIMER5_COMPA_vect) /* axis 5 */
{
    PORTG |= 2;
    OCR5A += 400;
    _delay_loop_1(14);
    PORTG &= (uint8_t)~2;
}

ISR(INT5_vect)
{
    int5_edges++;
}

ISR(PCINT1_vect)
{
    pcint1_edges++;
}

ISR(PCINT2_vect)
{
    pcint2_edges++;
    if (PINK & 0x18) { /* door or e-stop */
        TIMSK1 = 0;
        TIMSK5 = 0;
    }
}

ISR(TIMER0_COMPA_vect)
{
    polls++;
}

ISR(USART0_RX_vect)
{
    uint8_t byte = UDR0;
    command = byte;
    ring[ring_head] = byte;
    ring_head = (ring_head + 1) % RING;
    UCSR0B |= 1 << UDRIE0;
}

ISR(USART0_UDRE_vect)
{
    UDR0 = ring[ring_tail];
    ring_tail = (ring_tail + 1) % RING;
    if (ring_tail == ring_head)
        UCSR0B &= (uint8_t)~(1 << UDRIE0);
}

static int32_t read_cell(uint8_t side)
{
    uint32_t bits = 0;
    for (uint8_t i = 0; i < 25; i++) {
        if (side)
            PORTB |= 8;
        else
            PORTF |= 8;
        _delay_loop_1(5);
        if (i < 24)
            bits = bits << 1 | ((PINF >> (side ? 4 : 5)) & 1);
        if (side)
            PORTB &= (uint8_t)~8;
        else
            PORTF &= (uint8_t)~8;
        _delay_loop_1(5);
    }
    return (int32_t)(bits << 8) >> 8;
}

static void drive_servo(void)
{
    cli();
    if (TIFR1 & 1 << OCF1A) {
        TIFR1 = 1 << OCF1A;
        is_servo_high = !is_servo_high;
        TCCR1A = is_servo_high ? 2 << COM1A0 : 3 << COM1A0;
        OCR1A += is_servo_high ? servo_ticks : SERVO_PERIOD - servo_ticks;
    }
    sei();
}

static void start_timers(void)
{
    GTCCR = 1 << TSM | 1 << PSRSYNC;
    TCCR1B = TCCR3B = TCCR4B = TCCR5B = 1 << CS11; /* 2 MHz */
    OCR1A = 10000;
    TCCR1A = 3 << COM1A0;
    OCR0A = 249; /* every millisecond */
    TCCR0A = 1 << WGM01;
    TCCR0B = 3;
    TIMSK0 = 1 << OCIE0A;
    GTCCR = 0;
    TCCR2A = 2 << COM2A0 | 2 << COM2B0 | 1 << WGM20;
    TCCR2B = 4;
}

static void obey(uint8_t letter)
{
    switch (letter) {
    case 's': /* 1000 steps up */
        PORTF |= 2;
        steps_left = 1000;
        OCR1C = TCNT1 + 100;
        TIFR1 = 1 << OCF1C;
        TIMSK1 = 1 << OCIE1C;
        break;
    case 'd': /* steps down until the door opens */
        PORTF &= (uint8_t)~2;
        PORTL |= 1 << 5;
        steps_left = 0;
        OCR1C = TCNT1 + 200;
        OCR5A = TCNT5 + 300;
        TIFR1 = 1 << OCF1C;
        TIFR5 = 1 << OCF5A;
        TIMSK1 = 1 << OCIE1C;
        TIMSK5 = 1 << OCIE5A;
        break;
    case 'l':
        OCR2A = 51;
        OCR2B = 255;
        PORTB |= 1 << 2 | 1 << 1;
        break;
    case 'p': {
        uint32_t tick = TCNT1;
        board_slice_planned(3, tick + 2000, 524288);
        break;
    }
    case 'b':
        safety_heartbeat();
        break;
    case 'c': /* busy for 20 ms with interrupts off: bytes are lost */
        cli();
        for (uint8_t i = 0; i < 20; i++)
            _delay_loop_2(4000);
        sei();
        break;
    case 't': /* a half-done 16-bit access is disturbed */
        TIMSK3 = 0;
        OCR3A = 0x1234;
        OCR3BH = 0x55;
        OCR3AH = 0x66; /* as an interrupt would */
        OCR3BL = 0x77;
        torn = OCR3B == 0x6677;
        break;
    case 'z': /* deep stack */
    {
        volatile uint8_t deep[500];
        for (uint16_t i = 0; i < sizeof deep; i++)
            deep[i] = (uint8_t)i;
        break;
    }
    default:
        break;
    }
}

int main(void)
{
    boots_seen++;
    DDRF = 0x0B;
    DDRG = 0x02;
    DDRL = 0x2A;
    DDRB = 0xFE;
    DDRH = 0x68;
    PORTF |= 0x30;
    PORTE |= 0x30;
    PORTJ |= 3;
    PORTK |= 0x1E;
    PORTL |= 0x81;
    PORTD |= 0x0C;
    UCSR0A = 1 << U2X0;
    UBRR0 = 7; /* 250000 */
    UCSR0B = 1 << RXEN0 | 1 << TXEN0 | 1 << RXCIE0;
    start_timers();
    EICRB = 1 << ISC50;
    EIFR = 0xFF;
    EIMSK = 1 << INT5;
    PCMSK1 = 0x06;
    PCMSK2 = 0x1E;
    PCICR = 6;
    wdt_enable(WDTO_250MS);
    set_sleep_mode(SLEEP_MODE_IDLE);
    sei();
    for (;;) {
        wdt_reset();
        drive_servo();
        if (command) {
            uint8_t letter = command;
            command = 0;
            obey(letter);
        }
        if (!(PINF & 0x20))
            readings[0] = read_cell(0);
        if (!(PINF & 0x10))
            readings[1] = read_cell(1);
        sleep_enable();
        sleep_cpu();
        sleep_disable();
    }
}
