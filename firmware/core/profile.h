/*
 * Trapezoids in slices of time. All ramps begin and end at slice boundaries, so axes that are given equal moves
 * execute bit for bit the same slices, and a move ends exactly on its target.
 *
 * Units: distances in whole steps; speeds in steps per slice and accelerations in steps per slice², both with 32
 * fraction bits. Speeds here are magnitudes.
 */
#ifndef BEE_PROFILE_H
#define BEE_PROFILE_H

#include <stdbool.h>
#include <stdint.h>

#define SLICES_PER_SECOND 500
#define SLICE_TICKS 32000u /* 2 ms */

typedef struct {
    int64_t v0, cruise, v1;
    uint32_t speed_up, even, slow_down; /* slices of the three phases; speed_up may also slow down */
} profile;

static inline int64_t profile_speed(uint32_t speed_q8)
{
    return (int64_t)(((uint64_t)speed_q8 << 24) / SLICES_PER_SECOND);
}

static inline int64_t profile_acceleration(uint32_t acceleration_q8)
{
    return (int64_t)(((uint64_t)acceleration_q8 << 24) / ((uint64_t)SLICES_PER_SECOND * SLICES_PER_SECOND));
}

static inline uint32_t profile_slices(const profile *p)
{
    return p->speed_up + p->even + p->slow_down;
}

/* The quickest profile over `distance` steps (below 2^28) from speed v0, never above `speed` nor `acceleration`, that
 * ends at `v1_max` or, where quantisation or distance ask for it, below. With v1_max 0 it ends at rest. False if v0 is
 * too high to do that; never with v0 from profile_entry_speed. */
bool profile_plan(profile *p, uint32_t distance, int64_t v0, int64_t speed, int64_t acceleration, int64_t v1_max);

/* Slices that a change of speed takes at least; 1 for none. */
uint32_t profile_slices_for(int64_t change, int64_t acceleration);

/* The highest speed at which a move of `distance` may be entered so that it can still end at `v1`. */
int64_t profile_entry_speed(uint32_t distance, int64_t acceleration, int64_t v1);

#endif
