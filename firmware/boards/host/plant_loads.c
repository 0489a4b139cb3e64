/* Load cells: a new sample 80 times a second, with noise from a small generator of our own, and what can be wrong. */
#include "plant_parts.h"

enum { LOAD_PERIOD_NS = 12500000 };
static const double NS_PER_H = 3.6e12;
static uint64_t noise_state;
static uint64_t next_load_ns;
static int32_t load_counts[PLANT_SIDES];
static bool is_load_silent[PLANT_SIDES];

static double uniform(void)
{
    noise_state ^= noise_state << 13; /* xorshift64, Marsaglia 2003 */
    noise_state ^= noise_state >> 7;
    noise_state ^= noise_state << 17;
    return (double)(noise_state >> 11) / 9007199254740992.0;
}

/* Nearly normal with standard deviation 1: four uniform numbers have variance 4/12. */
static double normal(void)
{
    return (uniform() + uniform() + uniform() + uniform() - 2.0) * 1.7320508075688772;
}

static void sample_loads(void)
{
    const double hours = (double)truth.now_ns / NS_PER_H;
    for (int side = 0; side < PLANT_SIDES; side++) {
        const double wrong_kg = world.load_zero_kg[side] + world.load_drift_kg_h[side] * hours;
        const double kg = truth.load_kg[side] + wrong_kg + world.load_noise_kg * normal();
        if (!world.is_load_stuck[side]) {
            load_counts[side] = (int32_t)lround(world.offset_counts[side] + world.counts_per_kg[side] * kg);
        }
    }
}

void loads_advance(void)
{
    if (truth.now_ns >= next_load_ns) {
        next_load_ns += LOAD_PERIOD_NS;
        sample_loads();
    }
}

void loads_reset(void)
{
    noise_state = 0x9E3779B97F4A7C15u ^ world.seed;
    next_load_ns = 0;
    sample_loads();
}

int plant_load_is_silent(int side)
{
    return is_load_silent[side];
}

void plant_silence_load(int side, int silent)
{
    is_load_silent[side] = silent != 0;
}

int32_t plant_load_counts(int side)
{
    return load_counts[side];
}
