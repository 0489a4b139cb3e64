/*
 * The transmitter takes the next byte: seven thousand times a second with telemetry, so in assembler, with the registers of
 * the step interrupts (step_interrupt.S). The ring has 128 places (uart.c).
 */
#include <avr/io.h>

.section .text
.global USART0_UDRE_vect
.type USART0_UDRE_vect, @function
USART0_UDRE_vect:
    in r2, _SFR_IO_ADDR(SREG)
    lds r3, uart_send_tail
    lds r4, uart_send_head
    cp r3, r4
    breq 1f
    push r30
    push r31
    mov r30, r3
    clr r31
    subi r30, lo8(-(uart_to_send))
    sbci r31, hi8(-(uart_to_send))
    ld r4, Z
    sts _SFR_MEM_ADDR(UDR0), r4
    inc r3
    clt
    bld r3, 7                   ; 128 becomes 0
    sts uart_send_tail, r3
    pop r31
    pop r30
    out _SFR_IO_ADDR(SREG), r2
    reti
1:  lds r4, _SFR_MEM_ADDR(UCSR0B)
    clt
    bld r4, UDRIE0              ; nothing left
    sts _SFR_MEM_ADDR(UCSR0B), r4
    out _SFR_IO_ADDR(SREG), r2
    reti
