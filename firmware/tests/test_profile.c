/* A profile covers exactly its distance, within the speed and acceleration asked for, whatever is asked. */
#include "check.h"
#include "profile.h"

static int64_t magnitude(int64_t v)
{
    return v < 0 ? -v : v;
}

static void obeys(const profile *p, uint32_t distance, int64_t v0, int64_t speed, int64_t a, int64_t v1_max)
{
    CHECK(p->v0 == v0 && p->v1 >= 0 && p->v1 <= v1_max, "end speed %lld of at most %lld", (long long)p->v1,
          (long long)v1_max);
    CHECK(p->cruise >= 0 && p->cruise <= speed, "cruise %lld above %lld", (long long)p->cruise, (long long)speed);
    int64_t given_away = a >> 12; /* see slices_for */
    CHECK(magnitude(p->cruise - v0) <= a * (int64_t)p->speed_up + given_away, "first ramp too steep");
    CHECK(magnitude(p->cruise - p->v1) <= a * (int64_t)p->slow_down + given_away, "last ramp too steep");
    __int128 twice = (__int128)(v0 + p->cruise) * p->speed_up + (__int128)2 * p->cruise * p->even +
                     (__int128)(p->cruise + p->v1) * p->slow_down;
    __int128 missing = ((__int128)distance << 33) - twice;
    CHECK(missing >= 0 && missing <= 2 * (__int128)profile_slices(p), "distance %u: off by %lld / 2^33 steps", distance,
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
        CHECK(profile_plan(&p, distance, 0, profile_speed(speed), profile_acceleration(a), 0), "%u steps", distance);
        obeys(&p, distance, 0, profile_speed(speed), profile_acceleration(a), 0);
    }
}

static void test_a_short_move_is_not_slower_than_it_must_be(void)
{
    for (int i = 0; i < 20000; i++) {
        uint32_t distance = any_distance();
        double speed = 400 + any(16000), a = 4000 + any(60000);
        profile p;
        CHECK(profile_plan(&p, distance, 0, profile_speed((uint32_t)(speed * 256)),
                           profile_acceleration((uint32_t)(a * 256)), 0),
              "%u", distance);
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
        int64_t v0 = 0;
        uint32_t distance = any_distance(), speed = 256 * (100 + any(16000)), a = 256 * (1000 + any(60000));
        for (int i = 0; i < 8; i++) {
            uint32_t next = any_distance(), next_speed = 256 * (100 + any(16000)), next_a = 256 * (1000 + any(60000));
            int64_t joint = profile_entry_speed(next, profile_acceleration(next_a), 0);
            if (joint > profile_speed(speed))
                joint = profile_speed(speed);
            if (joint > profile_speed(next_speed))
                joint = profile_speed(next_speed);
            if (i == 7)
                joint = 0;
            profile p;
            CHECK(profile_plan(&p, distance, v0, profile_speed(speed), profile_acceleration(a), joint),
                  "chain %d, move %d: %u steps from speed %lld", chain, i, distance, (long long)v0);
            obeys(&p, distance, v0, profile_speed(speed), profile_acceleration(a), joint);
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
