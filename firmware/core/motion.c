#include "motion.h"

#include <math.h>
#include <string.h>

#include "board.h"
#include "settings.h"
#include "stepper.h"

#define LOOK_AHEAD_TICKS (3u * BOARD_TICKS_PER_MS) /* planned at least so far ahead */
#define START_TICKS (BOARD_TICKS_PER_MS)           /* from rest, the first slice begins so late */
#define HALF (INT64_C(1) << 31)

typedef struct {
    int64_t position, velocity; /* planned, signed, 32 fraction bits */
    int64_t speeds[3];          /* at the end of each phase */
    int64_t change;             /* of speed, each slice of this phase */
    uint32_t left[3];           /* slices */
    uint8_t phase;
    int8_t direction;
    bool is_braking;
    int32_t target;
} axis_plan;

static axis_plan plans[PROTOCOL_AXES];
static uint8_t planning;  /* axes with slices left */
static uint8_t in_motion; /* axes with a speed at the horizon */
static uint32_t horizon;  /* tick at which the planned slices end */
static void (*hand_over_hook)(void), (*watch_hook)(void);

void motion_reset(void (*hand_over)(void), void (*watch)(void))
{
    memset(plans, 0, sizeof plans);
    planning = in_motion = 0;
    horizon = board_ticks();
    hand_over_hook = hand_over;
    watch_hook = watch;
}

static int32_t whole(int64_t position)
{
    return (int32_t)((position + HALF) >> 32);
}

void motion_set_position(uint8_t axis, int32_t steps)
{
    plans[axis].position = (int64_t)steps * (INT64_C(1) << 32);
    plans[axis].velocity = 0;
    steppers[axis].position = steps;
}

static void enter_phase(axis_plan *plan)
{
    while (plan->phase < 3 && plan->left[plan->phase] == 0)
        plan->phase++;
    if (plan->phase < 3)
        plan->change = (plan->speeds[plan->phase] - plan->velocity) / (int64_t)plan->left[plan->phase];
}

void motion_follow(uint8_t axis, int32_t target, const profile *p)
{
    axis_plan *plan = &plans[axis];
    int32_t from = whole(plan->position);
    if (target == from)
        return;
    plan->direction = target > from ? 1 : -1;
    plan->speeds[0] = plan->speeds[1] = plan->direction * p->cruise;
    plan->speeds[2] = plan->direction * p->v1;
    plan->left[0] = p->speed_up;
    plan->left[1] = p->even;
    plan->left[2] = p->slow_down;
    plan->phase = 0;
    plan->is_braking = false;
    plan->target = target;
    enter_phase(plan);
    planning |= (uint8_t)(1u << axis);
}

void motion_brake(uint8_t axes)
{
    for (uint8_t axis = 0; axis < PROTOCOL_AXES; axis++) {
        axis_plan *plan = &plans[axis];
        if (!(axes & (planning | in_motion) & (1u << axis)))
            continue;
        int64_t acceleration = settings.axes[axis].acceleration;
        int64_t speed = plan->velocity < 0 ? -plan->velocity : plan->velocity;
        plan->left[0] = plan->left[1] = 0;
        plan->left[2] = speed ? profile_slices_for(speed, acceleration) : 0;
        plan->speeds[2] = 0;
        plan->phase = 0;
        plan->is_braking = true;
        if (plan->left[2] == 0) { /* had not begun to move */
            planning &= (uint8_t)~(1u << axis);
            continue;
        }
        enter_phase(plan);
        planning |= (uint8_t)(1u << axis);
    }
}

void motion_flush(void)
{
    stepper_flush();
    planning = in_motion = 0;
    horizon = board_ticks();
    for (uint8_t axis = 0; axis < PROTOCOL_AXES; axis++) {
        motion_set_position(axis, steppers[axis].position);
        board_slice_planned(axis, horizon, 0, 0);
    }
}

int32_t motion_planned_steps(uint8_t axis)
{
    return whole(plans[axis].position);
}

int64_t motion_planned_velocity(uint8_t axis)
{
    return plans[axis].velocity;
}

static int64_t next_velocity(const axis_plan *plan)
{
    return plan->left[plan->phase] == 1 ? plan->speeds[plan->phase] : plan->velocity + plan->change;
}

void motion_peek(uint8_t axis, int64_t *position, int64_t *velocity)
{
    const axis_plan *plan = &plans[axis];
    *velocity = planning & (1u << axis) ? next_velocity(plan) : plan->velocity;
    *position = plan->position + (plan->velocity + *velocity) / 2;
}

uint8_t motion_planning(void)
{
    return planning;
}

bool motion_axis_at_rest(uint8_t axis)
{
    return !((planning | in_motion) & (1u << axis)) && stepper_idle(axis);
}

bool motion_at_rest(void)
{
    if (planning | in_motion)
        return false;
    for (uint8_t axis = 0; axis < PROTOCOL_AXES; axis++)
        if (!stepper_idle(axis))
            return false;
    return true;
}

/* Part of the slice (0..1) after which the axis has gone `distance` steps, speed changing evenly from v0 to v1. */
static float when(float distance, float v0, float v1)
{
    float root = v0 * v0 + 2.0f * (v1 - v0) * distance;
    float part = 2.0f * distance / (v0 + (root > 0.0f ? sqrtf(root) : 0.0f));
    return part < 1.0f ? part : 1.0f;
}

/* Pulses are given where the planned position passes the middle between two steps. */
static void push_steps(uint8_t axis, int64_t from, int64_t to, int64_t v0, int64_t v1)
{
    int32_t begin = whole(from), end = whole(to);
    if (begin == end)
        return;
    step_chunk chunk;
    chunk.direction = end > begin ? 1 : -1;
    chunk.count = (uint16_t)(end > begin ? end - begin : begin - end);
    int64_t gone = from + HALF - begin * (INT64_C(1) << 32); /* 0 to 1 step past the last middle, upwards */
    int64_t first = chunk.direction > 0 ? (INT64_C(1) << 32) - gone : gone;
    const float one = 4294967296.0f;
    float f0 = (float)(v0 < 0 ? -v0 : v0) / one, f1 = (float)(v1 < 0 ? -v1 : v1) / one, d = (float)first / one;
    float begins = when(d, f0, f1) * (float)SLICE_TICKS;
    chunk.first_tick = horizon + (uint32_t)begins;
    chunk.interval = 0;
    chunk.add = 0;
    if (chunk.count > 1) {
        float gaps = (float)(chunk.count - 1);
        float lasts = (when(d + gaps, f0, f1) * (float)SLICE_TICKS - begins) * 256.0f;
        float mean = 0.5f * (f0 + f1);
        float add = -(f1 - f0) / (mean * mean * mean) * (float)SLICE_TICKS * 256.0f;
        chunk.add = chunk.count > 2 ? (int32_t)add : 0;
        chunk.interval = (uint32_t)(lasts / gaps - (float)chunk.add * 0.5f * (gaps - 1.0f));
    }
    stepper_push(axis, &chunk);
}

static void plan_slice(uint8_t axis)
{
    axis_plan *plan = &plans[axis];
    const uint8_t bit = (uint8_t)(1u << axis);
    if (!(planning & bit)) {
        if (!(in_motion & bit))
            return;
        motion_brake(bit); /* a joint that should have been passed was not: the next segment was refused */
    }
    int64_t from = plan->position, v0 = plan->velocity;
    plan->velocity = next_velocity(plan);
    bool is_last = --plan->left[plan->phase] == 0;
    plan->position = from + (v0 + plan->velocity) / 2;
    if (is_last) {
        enter_phase(plan);
        if (plan->phase == 3) {
            planning &= (uint8_t)~bit;
            int32_t end = plan->is_braking ? whole(plan->position) : plan->target;
            if (plan->velocity == 0 || !plan->is_braking)
                plan->position = (int64_t)end * (INT64_C(1) << 32);
        }
    }
    if (plan->velocity != 0)
        in_motion |= bit;
    else
        in_motion &= (uint8_t)~bit;
    board_slice_planned(axis, horizon, v0, plan->velocity);
    push_steps(axis, from, plan->position, v0, plan->velocity);
}

void motion_poll(void)
{
    if (!(planning | in_motion))
        return;
    uint32_t now = board_ticks();
    if ((int32_t)(horizon - now) < (int32_t)START_TICKS)
        horizon = now + START_TICKS;
    while ((int32_t)(horizon - now) < (int32_t)LOOK_AHEAD_TICKS && (planning | in_motion)) {
        hand_over_hook();
        watch_hook();
        for (uint8_t axis = 0; axis < PROTOCOL_AXES; axis++)
            plan_slice(axis);
        horizon += SLICE_TICKS;
    }
}
