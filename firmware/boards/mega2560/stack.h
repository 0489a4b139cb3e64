#ifndef BEE_MEGA2560_STACK_H
#define BEE_MEGA2560_STACK_H
/* The unused stack is painted at start; board_stack_free (board.h) sees how far down the paint is gone. */
#endif
