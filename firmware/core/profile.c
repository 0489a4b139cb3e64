#include "profile.h"

#include <math.h>

#define ONE 4294967296.0f

static int64_t smaller(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* Slices for a change of speed. One part in 4096 of one slice is given away, so that a ramp that would fit whole
 * slices does not need another because its acceleration was rounded down. */
uint32_t profile_slices_for(int64_t change, int64_t acceleration)
{
    if (change <= acceleration)
        return 1;
    return (uint32_t)((change - (acceleration >> 12) + acceleration - 1) / acceleration);
}

int64_t profile_entry_speed(uint32_t distance, int64_t acceleration, int64_t v1)
{
    /* v²/2a + 2v <= d + v1²/2a: braking distance and two slices for rounding to slice boundaries */
    float a = (float)acceleration, d = (float)distance * ONE, f1 = (float)v1;
    float v = sqrtf(4.0f * a * a + 2.0f * a * d + f1 * f1) * 0.999f - 2.0f * a;
    return v > 0.0f ? (int64_t)v : 0;
}

static int64_t peak_speed(uint32_t distance, int64_t v0, int64_t v1, int64_t speed, int64_t acceleration)
{
    float a = (float)acceleration, d = (float)distance * ONE, f0 = (float)v0, f1 = (float)v1;
    float peak = sqrtf(a * d + 0.5f * (f0 * f0 + f1 * f1));
    int64_t whole = peak < (float)speed ? (int64_t)peak : speed;
    if (whole < v0)
        whole = v0;
    if (whole < v1)
        whole = v1;
    return smaller(whole, speed) > 0 ? smaller(whole, speed) : 1;
}

bool profile_plan(profile *p, uint32_t distance, int64_t v0, int64_t speed, int64_t acceleration, int64_t v1_max)
{
    const int64_t twice = (int64_t)distance << 33;
    int64_t v1 = smaller(smaller(v1_max, speed), profile_entry_speed(distance, acceleration, v0));
    uint32_t longer = 0; /* slices added to the first phase so that a drop from v0 is gentle enough */
    for (uint16_t attempt = 0; attempt < 400; attempt++) {
        int64_t peak = peak_speed(distance, v0, v1, speed, acceleration);
        uint32_t n1 = profile_slices_for(peak - v0, acceleration) + longer;
        uint32_t n3 = profile_slices_for(peak - v1, acceleration);
        int64_t rest = twice - v0 * (int64_t)n1 - v1 * (int64_t)n3;
        if (rest < 0) {
            if (v1 == 0)
                return false;
            v1 = v1 > acceleration ? v1 - acceleration : 0;
            continue;
        }
        int64_t least = (rest + peak - 1) / peak; /* twice the mean number of slices at cruise speed */
        int64_t over = least - (int64_t)n1 - (int64_t)n3;
        uint32_t n2 = over > 0 ? (uint32_t)((over + 1) / 2) : 0;
        int64_t cruise = rest / ((int64_t)n1 + (int64_t)n3 + 2 * (int64_t)n2);
        if (v1 - cruise > acceleration * (int64_t)n3) {
            int64_t excess = (v1 - cruise - acceleration * (int64_t)n3) / 2;
            v1 -= excess > acceleration ? excess : acceleration;
            if (v1 < 0)
                v1 = 0;
            continue;
        }
        if (v0 - cruise > acceleration * (int64_t)n1) {
            longer++;
            continue;
        }
        *p = (profile){v0, cruise, v1, n1, n2, n3};
        return true;
    }
    return false;
}
