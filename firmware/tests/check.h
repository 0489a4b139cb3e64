/* The smallest test harness: a failed check names itself and ends the program. */
#ifndef BEE_CHECK_H
#define BEE_CHECK_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define CHECK(condition, ...)                                               \
    do {                                                                    \
        if (!(condition)) {                                                 \
            fprintf(stderr, "%s:%d: %s: ", __FILE__, __LINE__, #condition); \
            fprintf(stderr, __VA_ARGS__);                                   \
            fprintf(stderr, "\n");                                          \
            exit(1);                                                        \
        }                                                                   \
    } while (0)

/* xorshift64*: the same numbers on every machine. */
static uint64_t check_seed = 88172645463325252ull;

static inline uint32_t any(uint32_t below)
{
    check_seed ^= check_seed >> 12;
    check_seed ^= check_seed << 25;
    check_seed ^= check_seed >> 27;
    return (uint32_t)((check_seed * 2685821657736338717ull) >> 33) % below;
}

#endif
