/* Where step_interrupt.S finds the fields of core/stepper.h; steppers.c asserts that this is so. */
#ifndef BEE_MEGA2560_STEPPER_LAYOUT_H
#define BEE_MEGA2560_STEPPER_LAYOUT_H

#define STEPPER_SIZE 79
#define STEPPER_LEFT 0
#define STEPPER_FRACTION 1
#define STEPPER_INTERVAL 2
#define STEPPER_INTERVAL_FRACTION 4
#define STEPPER_DIRECTION 5
#define STEPPER_FLAGS 6
#define STEPPER_HEAD 7
#define STEPPER_TAIL 8
#define STEPPER_ENDS_AT 9
#define STEPPER_NEXT_TICK 13
#define STEPPER_RING 15
#define STEPPER_RING_MASK 7 /* 8 chunks of 8 bytes: first tick, interval, its fraction, count, direction, flags */

#endif
