/* One thread: nothing comes in between. */
#ifndef BEE_HOST_BOARD_LOCK_H
#define BEE_HOST_BOARD_LOCK_H

#include <stdint.h>

static inline uint8_t board_lock(void)
{
    return 0;
}

static inline void board_unlock(uint8_t lock)
{
    (void)lock;
}

#endif
