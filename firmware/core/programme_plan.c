#include "programme_plan.h"

#include "motion.h"
#include "settings.h"

static uint32_t magnitude(int32_t way)
{
    return (uint32_t)(way < 0 ? -way : way);
}

static int32_t smaller(int32_t a, int32_t b)
{
    return a < b ? a : b;
}

static profile_limits limits_of(const segment_move *move)
{
    return (profile_limits){move->speed, move->acceleration,
                            settings.smoothing ? (uint8_t)(1u << settings.smoothing) : 0};
}

/* Speed at which an axis may go through the end of the first segment: the lower of the two speeds, and low enough to stop
 * within the next segment, whatever is asked after that. */
static int32_t joint_speed(segment_at at, uint8_t axis, int32_t way)
{
    const segment *s = at(0), *next = at(1);
    if (!next || !segment_joint_is_open(s, next) || !(next->axes & (1u << axis)))
        return 0;
    const segment_move *move = &s->moves[axis], *after = &next->moves[axis];
    int32_t on = after->target - move->target;
    if (on == 0 || (on > 0) != (way > 0))
        return 0;
    return smaller(profile_entry_speed(magnitude(on), limits_of(after)), move->speed);
}

static bool plan_axis(segment_at at, uint8_t axis, bool may_pass, profile *p)
{
    const segment_move *move = &at(0)->moves[axis];
    int32_t way = move->target - motion_planned_steps(axis), v0 = motion_planned_velocity(axis);
    *p = (profile){0};
    if (way == 0)
        return true;
    return profile_plan(p, magnitude(way), v0 < 0 ? -v0 : v0, limits_of(move),
                        may_pass ? joint_speed(at, axis, way) : 0);
}

static bool is_same(const segment_move *a, const segment_move *b)
{
    return a->target == b->target && a->speed == b->speed && a->acceleration == b->acceleration;
}

/* Two axes that come from the same place at the same speed and go the same way: a pair of beams. */
static bool are_a_pair(segment_at at, uint8_t a, uint8_t b, bool may_pass)
{
    const segment *s = at(0), *next = may_pass ? at(1) : 0;
    const uint8_t bit_a = (uint8_t)(1u << a), bit_b = (uint8_t)(1u << b);
    if (!(s->axes & bit_a) || !is_same(&s->moves[a], &s->moves[b]) ||
        motion_planned_steps(a) != motion_planned_steps(b) || motion_planned_velocity(a) != motion_planned_velocity(b))
        return false;
    if (!next)
        return true;
    if (((next->axes & bit_a) != 0) != ((next->axes & bit_b) != 0))
        return false;
    return !(next->axes & bit_a) || is_same(&next->moves[a], &next->moves[b]);
}

static bool take_over(segment_at at, uint8_t axis, profile plans[PROTOCOL_AXES], bool may_pass)
{
    for (uint8_t other = 0; other < axis; other++)
        if (are_a_pair(at, other, axis, may_pass)) {
            plans[axis] = plans[other];
            return true;
        }
    return false;
}

static bool plan_all(segment_at at, profile plans[PROTOCOL_AXES], bool may_pass, bool *passes)
{
    const uint8_t axes = at(0)->axes;
    uint32_t passing = 0, longest = 0;
    for (uint8_t axis = 0; axis < PROTOCOL_AXES; axis++) {
        if (!(axes & (1u << axis)))
            continue;
        if (!take_over(at, axis, plans, may_pass) && !plan_axis(at, axis, may_pass, &plans[axis]))
            return false;
        if (plans[axis].v1 && profile_slices(&plans[axis]) > passing)
            passing = profile_slices(&plans[axis]);
    }
    for (uint8_t axis = 0; axis < PROTOCOL_AXES; axis++) {
        if (!(axes & (1u << axis)))
            continue;
        if (plans[axis].v1 && profile_slices(&plans[axis]) < passing && !plan_axis(at, axis, false, &plans[axis]))
            return false;
        if (profile_slices(&plans[axis]) > longest)
            longest = profile_slices(&plans[axis]);
    }
    *passes = passing > 0;
    return !*passes || longest == passing || plan_all(at, plans, false, passes);
}

/* Axes that pass a joint arrive together and last. One that would arrive earlier stops at the joint and waits; if
 * stopping makes it the last, all of them stop. */
bool programme_plan(segment_at at, profile plans[PROTOCOL_AXES], bool *passes)
{
    return plan_all(at, plans, at(1) != 0, passes);
}
