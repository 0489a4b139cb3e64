/*
 * Trapezoids in slices of time. All ramps begin and end at slice boundaries, so axes that are given equal moves
 * execute bit for bit the same slices, and a move ends exactly on its target.
 *
 * Units: distances in whole steps; speeds in steps per slice and accelerations in steps per slice², both with 22
 * fraction bits. Speeds here are magnitudes, below 512 steps per slice.
 */
#ifndef BEE_PROFILE_H
#define BEE_PROFILE_H

#include <stdbool.h>
#include <stdint.h>

#define SLICES_PER_SECOND 500
#define SLICE_TICKS UINT32_C(4000) /* 2 ms */
#define PROFILE_BITS 22
#define PROFILE_ONE (INT32_C(1) << PROFILE_BITS)

/* Slices of the five phases: at v0, to the cruising speed (up or down), at it, to v1, at v1. */
enum profile_phase { PROFILE_LEAD, PROFILE_UP, PROFILE_EVEN, PROFILE_DOWN, PROFILE_TAIL, PROFILE_PHASES };

typedef struct {
    int32_t v0, cruise, v1;
    uint32_t slices[PROFILE_PHASES];
} profile;

/* From 1/256 steps/s: times 2^14 / 500; whole steps per slice come out exactly. */
static inline int32_t profile_speed(uint32_t speed_q8)
{
    return (int32_t)(((uint64_t)speed_q8 * UINT32_C(549755814)) >> 24);
}

/* From 1/256 steps/s²: times 2^14 / 500², rounded down. */
static inline int32_t profile_acceleration(uint32_t acceleration_q8)
{
    return (int32_t)(((uint64_t)acceleration_q8 * UINT32_C(281474976)) >> 32);
}

static inline uint32_t profile_slices(const profile *p)
{
    uint32_t sum = 0;
    for (uint8_t phase = 0; phase < PROFILE_PHASES; phase++)
        sum += p->slices[phase];
    return sum;
}

/* What a profile may do. `settle`: so many slices are spent at v0 after the beginning and at v1 before the end, if those
 * are not 0: whatever averages over so many slices goes through both ends at exactly that speed. */
typedef struct {
    int32_t speed, acceleration;
    uint8_t settle;
} profile_limits;

/* The quickest profile over `distance` steps (below 2^28) from speed v0, never above the limits, that ends at `v1_max`
 * or, where quantisation or distance ask for it, below. With v1_max 0 it ends at rest. False if v0 is too high to do
 * that; never with v0 from profile_entry_speed. */
bool profile_plan(profile *p, uint32_t distance, int32_t v0, profile_limits limits, int32_t v1_max);

/* Slices that a change of speed takes at least; 1 for none. */
uint32_t profile_slices_for(int32_t change, int32_t acceleration);

/* The highest speed at which a move of `distance` may be entered so that it can still end at rest. */
int32_t profile_entry_speed(uint32_t distance, profile_limits limits);

#endif
