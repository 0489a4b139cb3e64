#include "profile.h"

#include <math.h>

#define ATTEMPTS 8u /* one or two are usual; each takes an 8-bit controller half a millisecond */

/* A quotient below 2^32; a division of 64 by 64 bits takes an 8-bit controller four times as long. */
static uint32_t divided(uint64_t dividend, uint32_t divisor)
{
    uint32_t high = (uint32_t)(dividend >> 32), low = (uint32_t)dividend;
    uint8_t bit = 0;
    for (; bit < 24 && (high >> 24) == 0 && (high << 8 | low >> 24) < divisor; bit = (uint8_t)(bit + 8u)) {
        high = high << 8 | low >> 24; /* eight digits that are zero */
        low <<= 8;
    }
    for (; bit < 32; bit++) {
        bool carry = (high & UINT32_C(0x80000000)) != 0;
        high = high << 1 | low >> 31;
        low <<= 1;
        if (carry || high >= divisor) {
            high -= divisor;
            low |= 1u;
        }
    }
    return low;
}

static int32_t smaller(int32_t a, int32_t b)
{
    return a < b ? a : b;
}

/* Slices for a change of speed. One part in 4096 of one slice is given away, so that a ramp that would fit whole
 * slices does not need another because its acceleration was rounded down. */
uint32_t profile_slices_for(int32_t change, int32_t acceleration)
{
    if (change <= acceleration)
        return 1;
    return ((uint32_t)change - ((uint32_t)acceleration >> 12) + (uint32_t)acceleration - 1u) / (uint32_t)acceleration;
}

int32_t profile_entry_speed(uint32_t distance, profile_limits limits)
{
    /* v²/2a + (2 + settle) v <= d: braking distance, two slices for rounding to slice boundaries, and settling */
    float a = (float)limits.acceleration, d = (float)distance * (float)PROFILE_ONE;
    float k = (2.0f + (float)limits.settle) * a;
    float v = sqrtf(k * k + 2.0f * a * d) * 0.9995f - k;
    return v <= 0.0f ? 0 : v < (float)limits.speed ? (int32_t)v : limits.speed;
}

static int32_t peak_speed(float distance, int32_t v0, int32_t v1, profile_limits limits)
{
    float f0 = (float)v0, f1 = (float)v1;
    float peak = sqrtf((float)limits.acceleration * distance + 0.5f * (f0 * f0 + f1 * f1));
    int32_t whole = peak < (float)limits.speed ? (int32_t)peak : limits.speed;
    if (whole < v0)
        whole = v0;
    if (whole < v1)
        whole = v1;
    return smaller(whole, limits.speed) > 0 ? smaller(whole, limits.speed) : 1;
}

/* The speed that can be reached from v0 over a distance, less what rounding to slices may take. */
static int32_t reachable(uint32_t distance, int32_t v0, profile_limits limits)
{
    float a = (float)limits.acceleration, f0 = (float)v0;
    float v = sqrtf(4.0f * a * a + 2.0f * a * (float)distance * (float)PROFILE_ONE + f0 * f0) * 0.9995f - 2.0f * a;
    return v <= 0.0f ? 0 : v < (float)limits.speed ? (int32_t)v : limits.speed;
}

/* rest / parts, which is near below `peak` mostly: then the difference takes a division of 32 bits only. */
static int32_t shared(int64_t rest, int32_t peak, uint32_t parts)
{
    uint64_t missing = (uint64_t)(uint32_t)peak * parts - (uint64_t)rest;
    if (missing > UINT32_MAX - parts)
        return (int32_t)divided((uint64_t)rest, parts);
    return peak - (int32_t)(((uint32_t)missing + parts - 1u) / parts);
}

static bool plan(profile *p, uint32_t distance, int32_t v0, profile_limits limits, int32_t v1)
{
    const int32_t acceleration = limits.acceleration;
    const uint32_t lead = v0 ? limits.settle : 0;
    const int64_t twice = ((int64_t)distance << (PROFILE_BITS + 1)) - 2 * (int64_t)v0 * (int32_t)lead;
    uint32_t longer = 0; /* slices added to the first phase so that a drop from v0 is gentle enough */
    for (uint16_t attempt = 0; attempt < ATTEMPTS; attempt++) {
        uint32_t tail = v1 ? limits.settle : 0;
        int64_t between = twice - 2 * (int64_t)v1 * (int32_t)tail;
        if (between < 0) {
            if (v1 == 0)
                return false;
            v1 = v1 > acceleration ? v1 - acceleration : 0;
            continue;
        }
        int32_t peak = peak_speed((float)between * 0.5f, v0, v1, limits);
        uint32_t n1 = profile_slices_for(peak - v0, acceleration) + longer;
        uint32_t n3 = profile_slices_for(peak - v1, acceleration);
        int64_t rest = between - (int64_t)v0 * (int32_t)n1 - (int64_t)v1 * (int32_t)n3;
        if (rest < 0) {
            if (v1 == 0)
                return false;
            v1 = v1 > acceleration ? v1 - acceleration : 0;
            continue;
        }
        /* twice the mean number of slices at cruise speed */
        uint32_t least = divided((uint64_t)rest + (uint32_t)peak - 1u, (uint32_t)peak);
        uint32_t n2 = least > n1 + n3 ? (least - n1 - n3 + 1u) / 2u : 0;
        int32_t cruise = shared(rest, peak, n1 + n3 + 2u * n2);
        if (v1 - cruise > acceleration * (int64_t)n3) {
            int64_t excess = (v1 - cruise - acceleration * (int64_t)n3) / 2;
            v1 = (int32_t)(v1 - (excess > acceleration ? excess : acceleration));
            if (v1 < 0)
                v1 = 0;
            continue;
        }
        if (v0 - cruise > acceleration * (int64_t)n1) {
            longer++;
            continue;
        }
        *p = (profile){v0, cruise, v1, {lead, n1, n2, n3, tail}};
        return true;
    }
    return false;
}

bool profile_plan(profile *p, uint32_t distance, int32_t v0, profile_limits limits, int32_t v1_max)
{
    if (v1_max && plan(p, distance, v0, limits, smaller(v1_max, reachable(distance, v0, limits))))
        return true;
    return plan(p, distance, v0, limits, 0);
}
