/* Interrupts off, and as they were before. */
#ifndef BEE_MEGA2560_BOARD_LOCK_H
#define BEE_MEGA2560_BOARD_LOCK_H

#include <avr/interrupt.h>
#include <avr/io.h>
#include <stdint.h>

static inline uint8_t board_lock(void)
{
    uint8_t lock = SREG;
    cli();
    return lock;
}

static inline void board_unlock(uint8_t lock)
{
    __asm__ volatile("" ::: "memory");
    SREG = lock;
}

#endif
