/* A profile covers exactly its distance, within the speed and acceleration asked for, whatever is asked. */
#include "check.h"
#include "profile.h"

static int64_t magnitude(int64_t v)
{
    return v < 0 ? -v : v;
}

static void obeys(const profile *p, uint32_t distance, int64_t v0, profile_limits limits, int64_t v1_max)
{
    const int64_t speed = limits.speed, a = limits.acceleration;
    CHECK(p->v0 == v0 && p->v1 >= 0 && p->v1 <= v1_max, "end speed %lld of at most %lld", (long long)p->v1,
          (long long)v1_max);
    CHECK(p->cruise >= 0 && p->cruise <= speed, "cruise %lld above %lld", (long long)p->cruise, (long long)speed);
    int64_t given_away = a >> 12; /* see slices_for */
    CHECK(magnitude(p->cruise - v0) <= a * (int64_t)p->slices[PROFILE_UP] + given_away, "first ramp too steep");
    CHECK(magnitude(p->cruise - p->v1) <= a * (int64_t)p->slices[PROFILE_DOWN] + given_away, "last ramp too steep");
    CHECK(p->slices[PROFILE_LEAD] == (v0 ? limits.settle : 0) && p->slices[PROFILE_TAIL] == (p->v1 ? limits.settle : 0),
          "settles for %u and %u slices", p->slices[PROFILE_LEAD], p->slices[PROFILE_TAIL]);
    __int128 twice = (__int128)2 * v0 * p->slices[PROFILE_LEAD] + (__int128)(v0 + p->cruise) * p->slices[PROFILE_UP] +
                     (__int128)2 * p->cruise * p->slices[PROFILE_EVEN] +
                     (__int128)(p->cruise + p->v1) * p->slices[PROFILE_DOWN] +
                     (__int128)2 * p->v1 * p->slices[PROFILE_TAIL];
    __int128 missing = ((__int128)distance << 23) - twice;
    CHECK(missing >= 0 && missing <= 2 * (__int128)profile_slices(p), "distance %u: off by %lld / 2^23 steps", distance,
          (long long)missing);
}

static uint32_t any_distance(void)
{
    return 1 + any(2u << any(20));
}

static void test_moves_from_rest(void)
{
    for (int i = 0; i < 200000; i++) {
        uint32_t distance = any_distance(), speed = 256 + any(32000 * 256), a = 256 * (100 + any(60000));
        profile p;
        profile_limits limits = {profile_speed(speed), profile_acceleration(a), 16};
        CHECK(profile_plan(&p, distance, 0, limits, 0), "%u steps", distance);
        obeys(&p, distance, 0, limits, 0);
    }
}

static void test_a_short_move_is_not_slower_than_it_must_be(void)
{
    for (int i = 0; i < 20000; i++) {
        uint32_t distance = any_distance();
        double speed = 400 + any(16000), a = 4000 + any(60000);
        profile p;
        profile_limits limits = {profile_speed((uint32_t)(speed * 256)), profile_acceleration((uint32_t)(a * 256)), 16};
        CHECK(profile_plan(&p, distance, 0, limits, 0), "%u", distance);
        double ramp = speed * speed / a;
        double ideal = distance >= ramp ? distance / speed + speed / a : 2.0 * __builtin_sqrt(distance / a);
        double taken = profile_slices(&p) / (double)SLICES_PER_SECOND;
        CHECK(taken <= ideal * 1.0001 + 0.0101, "%u steps at %g, %g: %g s instead of %g", distance, speed, a, taken,
              ideal);
    }
}

static void test_chains_of_moves_passing_their_joints(void)
{
    for (int chain = 0; chain < 20000; chain++) {
        int32_t v0 = 0;
        const uint8_t settle = (uint8_t)(chain % 3 * 8);
        uint32_t distance = any_distance(), speed = 256 * (100 + any(16000)), a = 256 * (1000 + any(60000));
        for (int i = 0; i < 8; i++) {
            uint32_t next = any_distance(), next_speed = 256 * (100 + any(16000)), next_a = 256 * (1000 + any(60000));
            profile_limits limits = {profile_speed(speed), profile_acceleration(a), settle};
            profile_limits after = {profile_speed(next_speed), profile_acceleration(next_a), settle};
            int32_t joint = profile_entry_speed(next, after);
            if (joint > limits.speed)
                joint = limits.speed;
            if (i == 7)
                joint = 0;
            profile p;
            CHECK(profile_plan(&p, distance, v0, limits, joint), "chain %d, move %d: %u steps from speed %d", chain, i,
                  distance, (int)v0);
            obeys(&p, distance, v0, limits, joint);
            v0 = p.v1;
            distance = next;
            speed = next_speed;
            a = next_a;
        }
    }
}

int main(void)
{
    test_moves_from_rest();
    test_a_short_move_is_not_slower_than_it_must_be();
    test_chains_of_moves_passing_their_joints();
    puts("profile: ok");
    return 0;
}
