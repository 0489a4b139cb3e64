/*
 * The step interrupt of each axis: what stepper_pulse and stepper_load of core/stepper.c do, in about 60 cycles.
 *
 * Registers r2 to r7 belong to these interrupts, r7:r6 always holds 6: the compiler is told to leave them alone (-ffixed-r2 ...), and the
 * build looks that nothing else in the program uses them (the libraries might). They are never nested.
 *
 * The compare register holds `next_tick`, when the next pulse is due, unless that has passed: then the pulse comes as soon
 * as the driver allows, and those after it are due as if it had come in time.
 */
#include <avr/io.h>

#include "pins.h"
#include "stepper_layout.h"

#define JOIN_(a, b) a##b
#define JOIN(a, b) JOIN_(a, b)
#define JOIN3_(a, b, c) a##b##c
#define JOIN3(a, b, c) JOIN3_(a, b, c)
#define SREG_IO _SFR_IO_ADDR(SREG)

/* A bit of a port on or off; 2 cycles, or 6 on ports beyond the reach of sbi. Uses r5 there. */
.macro PORT_BIT port, bit, on
    .if \port < 0x40
        .if \on
            sbi \port - 0x20, \bit
        .else
            cbi \port - 0x20, \bit
        .endif
    .else
        lds r5, \port
        .if \on
            set
        .else
            clt
        .endif
        bld r5, \bit
        sts \port, r5
    .endif
.endm

/* r4:r3, just written to the compare register, less the counter: minus if it is less than 6 counts ahead (r7:r6), so that
 * the step input could be low for less than 2.5 us (40 cycles) or the match be missed, to come again in 32 ms. */
.macro IS_IT_AHEAD
    lds r5, count_register
    sub r3, r5
    lds r5, count_register + 1
    sbc r4, r5
    sub r3, r6
    sbc r4, r7
.endm

/* Then the next pulse comes in 4 counts: with the step input low already, as soon as the driver allows. */
.macro SOON
    lds r3, count_register
    lds r4, count_register + 1
    clr r5
    set
    bld r5, 2
    add r3, r5
    adc r4, r7
    sts compare_register + 1, r4
    sts compare_register, r3
    sbi flag_register, flag_bit ; it may have matched before it was put off
.endm

.macro STEP_INTERRUPT axis, vector, bit, dir_bit
.set at, steppers + \axis * STEPPER_SIZE
12: out SREG_IO, r2
    reti
.global \vector
.type \vector, @function
\vector:
    in r2, SREG_IO
    lds r3, at + STEPPER_LEFT
    tst r3
    breq 12b                    ; idle: the compare register passed by
    PORT_BIT step_register, \bit, 1
    dec r3
    sts at + STEPPER_LEFT, r3
    breq 3f
    lds r4, at + STEPPER_FRACTION
    lds r5, at + STEPPER_INTERVAL_FRACTION
    add r4, r5
    sts at + STEPPER_FRACTION, r4
    lds r3, at + STEPPER_NEXT_TICK
    lds r4, at + STEPPER_NEXT_TICK + 1
    lds r5, at + STEPPER_INTERVAL
    adc r3, r5
    lds r5, at + STEPPER_INTERVAL + 1
    adc r4, r5
    sts at + STEPPER_NEXT_TICK, r3
    sts at + STEPPER_NEXT_TICK + 1, r4
    sts compare_register + 1, r4
    sts compare_register, r3
    IS_IT_AHEAD
    brpl 13f
    rjmp 2f
13: PORT_BIT step_register, \bit, 0 ; the pulse has lasted 2.5 us
    out SREG_IO, r2
    reti

3:  push r24                    ; that was the last pulse of a chunk: take the next chunk from the ring
    push r25
    push r26
    push r27
    lds r24, at + STEPPER_FLAGS
    sbrc r24, 0
    rjmp 6f
4:  lds r24, at + STEPPER_TAIL
    lds r25, at + STEPPER_HEAD
    cp r24, r25
    brne 10f
    rjmp 5f                     ; nothing is planned: the axis is idle
10: mov r26, r24
    lsl r26
    lsl r26
    lsl r26
    clr r27
    subi r26, lo8(-(at + STEPPER_RING))
    sbci r27, hi8(-(at + STEPPER_RING))
    inc r24
    andi r24, STEPPER_RING_MASK
    sts at + STEPPER_TAIL, r24
    nop                         ; 2.5 us here, too
    nop
    nop
    nop
    PORT_BIT step_register, \bit, 0
    ld r3, X+
    ld r4, X+
    sts at + STEPPER_NEXT_TICK, r3
    sts at + STEPPER_NEXT_TICK + 1, r4
    sts compare_register + 1, r4
    sts compare_register, r3
    IS_IT_AHEAD
    brpl 11f
    SOON
11: ld r5, X+
    sts at + STEPPER_INTERVAL, r5
    ld r5, X+
    sts at + STEPPER_INTERVAL + 1, r5
    ld r5, X+
    sts at + STEPPER_INTERVAL_FRACTION, r5
    ld r25, X+
    ld r24, X+
    ld r4, X
    sts at + STEPPER_FLAGS, r4
    sts at + STEPPER_DIRECTION, r24
    sts at + STEPPER_LEFT, r25
    clr r4
    sts at + STEPPER_FRACTION, r4
    sbrc r24, 7
    rjmp 7f
    PORT_BIT direction_register, \dir_bit, 1
    lds r3, at + STEPPER_ENDS_AT
    add r3, r25
    sts at + STEPPER_ENDS_AT, r3
    lds r3, at + STEPPER_ENDS_AT + 1
    adc r3, r4
    sts at + STEPPER_ENDS_AT + 1, r3
    lds r3, at + STEPPER_ENDS_AT + 2
    adc r3, r4
    sts at + STEPPER_ENDS_AT + 2, r3
    lds r3, at + STEPPER_ENDS_AT + 3
    adc r3, r4
    sts at + STEPPER_ENDS_AT + 3, r3
    rjmp 9f
7:  PORT_BIT direction_register, \dir_bit, 0
    lds r3, at + STEPPER_ENDS_AT
    sub r3, r25
    sts at + STEPPER_ENDS_AT, r3
    lds r3, at + STEPPER_ENDS_AT + 1
    sbc r3, r4
    sts at + STEPPER_ENDS_AT + 1, r3
    lds r3, at + STEPPER_ENDS_AT + 2
    sbc r3, r4
    sts at + STEPPER_ENDS_AT + 2, r3
    lds r3, at + STEPPER_ENDS_AT + 3
    sbc r3, r4
    sts at + STEPPER_ENDS_AT + 3, r3
    rjmp 9f
5:  nop                         ; 2.5 us here, too
    nop
    nop
    nop
    nop
    nop
    nop
    nop
    nop
    nop
    nop
    nop
    nop
    nop
    nop
    PORT_BIT step_register, \bit, 0
9:  pop r27
    pop r26
    pop r25
    pop r24
    out SREG_IO, r2
    reti

2:  PORT_BIT step_register, \bit, 0
    SOON
    out SREG_IO, r2
    reti

6:  ldi r24, \axis              ; something is to happen at this step
    rcall call_event
    rjmp 4b
.endm

.section .text

/* stepper_event(r24) from an interrupt, where r24 to r27 are saved already. */
call_event:
    push r0
    push r1
    push r18
    push r19
    push r20
    push r21
    push r22
    push r23
    push r30
    push r31
    clr r1
    call stepper_event
    pop r31
    pop r30
    pop r23
    pop r22
    pop r21
    pop r20
    pop r19
    pop r18
    pop r1
    pop r0
    ret

#define AXIS(number, port, bit, dir_port, dir_bit, timer, letter)                                                       \
    .set step_register, _SFR_MEM_ADDR(JOIN(PORT, port)) $                                                               \
    .set direction_register, _SFR_MEM_ADDR(JOIN(PORT, dir_port)) $                                                      \
    .set compare_register, _SFR_MEM_ADDR(JOIN3(OCR, timer, JOIN(letter, L))) $                                     \
    .set flag_register, _SFR_IO_ADDR(JOIN(TIFR, timer)) $                                                               \
    .set flag_bit, (JOIN3(OCF, timer, letter)) $                                                                          \
    .set count_register, _SFR_MEM_ADDR(JOIN3(TCNT, timer, L)) $                                                    \
    STEP_INTERRUPT number, JOIN(JOIN(TIMER, timer), JOIN(_COMP, JOIN(letter, _vect))), bit, dir_bit $

STEP_PINS(AXIS)
