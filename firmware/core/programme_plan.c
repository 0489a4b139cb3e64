#include "programme_plan.h"

#include "motion.h"
#include "settings.h"

static uint32_t magnitude(int32_t way)
{
    return (uint32_t)(way < 0 ? -way : way);
}

static profile_limits limits_of(const segment_move *move)
{
    return (profile_limits){move->speed, move->acceleration,
                            settings.smoothing ? (uint8_t)(1u << settings.smoothing) : 0};
}

static int32_t way_of(segment_at at, uint8_t axis)
{
    return at(0)->moves[axis].target - motion_planned_steps(axis);
}

/* Way of an axis in the segment after this one; 0 if it has none. */
static int32_t way_on(segment_at at, uint8_t axis)
{
    const segment *next = at(1);
    return next && (next->axes & (1u << axis)) ? next->moves[axis].target - at(0)->moves[axis].target : 0;
}

static bool is_same_size(int32_t a, int32_t b)
{
    return magnitude(a) == magnitude(b);
}

/* Two axes make the same move, wherever they are: their profiles are the same, to the last slice. */
static bool move_alike(segment_at at, uint8_t a, uint8_t b)
{
    const segment_move *one = &at(0)->moves[a], *other = &at(0)->moves[b];
    return one->speed == other->speed && one->acceleration == other->acceleration &&
           is_same_size(way_of(at, a), way_of(at, b)) &&
           is_same_size(motion_planned_velocity(a), motion_planned_velocity(b));
}

/* And they go on alike, in their direction. */
static bool go_on_alike(segment_at at, uint8_t a, uint8_t b)
{
    const segment_move *one = &at(1)->moves[a], *other = &at(1)->moves[b];
    return one->speed == other->speed && one->acceleration == other->acceleration &&
           is_same_size(way_on(at, a), way_on(at, b)) && (way_on(at, b) > 0) == (way_of(at, b) > 0);
}

/* The axis goes on in its direction behind an open joint. */
static bool goes_on(segment_at at, uint8_t axis)
{
    int32_t way = way_of(at, axis), on = way_on(at, axis);
    return way != 0 && on != 0 && (on > 0) == (way > 0);
}

/* Which axes go through the end of the segment without stopping: they must come to it at the same instant, so it is one
 * axis, or a group that makes one and the same move; of several, the one that is likely to come last. */
static uint8_t passing_axes(segment_at at)
{
    const segment *s = at(0), *next = at(1);
    uint8_t last = PROTOCOL_NO_AXIS, group = 0;
    float longest = 0.0f;
    if (!next || !segment_joint_is_open(s, next))
        return 0;
    for (uint8_t axis = 0; axis < PROTOCOL_AXES; axis++) {
        if (!(s->axes & (1u << axis)) || !goes_on(at, axis))
            continue;
        float lasts = (float)magnitude(way_of(at, axis)) / (float)s->moves[axis].speed;
        if (lasts > longest) {
            longest = lasts;
            last = axis;
        }
    }
    for (uint8_t axis = 0; last != PROTOCOL_NO_AXIS && axis < PROTOCOL_AXES; axis++)
        if ((s->axes & (1u << axis)) && goes_on(at, axis) && move_alike(at, last, axis) && go_on_alike(at, last, axis))
            group |= (uint8_t)(1u << axis);
    return group;
}

/* Speed at which an axis goes through the end of the segment: the lower of the two speeds, and low enough to stop within
 * the next segment, whatever is asked after that. */
static int32_t joint_speed(segment_at at, uint8_t axis)
{
    int32_t entry = profile_entry_speed(magnitude(way_on(at, axis)), limits_of(&at(1)->moves[axis]));
    return entry < at(0)->moves[axis].speed ? entry : at(0)->moves[axis].speed;
}

/* `alike`: axes planned before in the same way, passing or not. */
static bool plan_axis(segment_at at, uint8_t axis, profile plans[PROTOCOL_AXES], uint8_t alike, bool passes)
{
    const segment_move *move = &at(0)->moves[axis];
    int32_t way = way_of(at, axis), v0 = motion_planned_velocity(axis);
    for (uint8_t other = 0; other < axis; other++)
        if ((alike & (1u << other)) && move_alike(at, other, axis)) {
            plans[axis] = plans[other];
            return true;
        }
    plans[axis] = (profile){0};
    return way == 0 || profile_plan(&plans[axis], magnitude(way), v0 < 0 ? -v0 : v0, limits_of(move),
                                    passes ? joint_speed(at, axis) : 0);
}

static bool plan_mask(segment_at at, uint8_t axes, profile plans[PROTOCOL_AXES], bool passes, uint32_t *longest)
{
    *longest = 0;
    for (uint8_t axis = 0; axis < PROTOCOL_AXES; axis++) {
        if (!(axes & (1u << axis)))
            continue;
        if (!plan_axis(at, axis, plans, axes, passes))
            return false;
        if (profile_slices(&plans[axis]) > *longest)
            *longest = profile_slices(&plans[axis]);
    }
    return true;
}

/* Axes that pass the joint come to it last; an axis that is there before them waits. Otherwise all of them stop. */
bool programme_plan(segment_at at, profile plans[PROTOCOL_AXES], bool *passes)
{
    const uint8_t axes = at(0)->axes;
    uint8_t group = passing_axes(at);
    uint32_t passing = 0, waiting = 0;
    if (!plan_mask(at, group, plans, true, &passing) || !plan_mask(at, axes & (uint8_t)~group, plans, false, &waiting))
        return false;
    *passes = false;
    for (uint8_t axis = 0; axis < PROTOCOL_AXES; axis++)
        *passes = *passes || ((group & (1u << axis)) && plans[axis].v1 != 0);
    if (!*passes || waiting <= passing)
        return true;
    *passes = false;
    return plan_mask(at, group, plans, false, &passing);
}
