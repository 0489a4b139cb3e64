#include "motion.h"

#include <string.h>

#include "board.h"
#include "settings.h"
#include "stepper.h"

#define LOOK_AHEAD_TICKS (8u * BOARD_TICKS_PER_MS) /* planned at least so far ahead */
#define START_TICKS (BOARD_TICKS_PER_MS)           /* from rest, the first slice begins so late */
#define CHUNKS_PER_SLICE 3u                        /* 400 pulses are two chunks; an event splits one */
#define WINDOW (1u << MOTION_SMOOTHING_MAX)
#define FRACTION (PROFILE_ONE - 1)
#define HALF (PROFILE_ONE / 2)
/* Ways in the window have four fraction bits less than elsewhere, so that the sum of sixteen fits. */
#define WINDOW_SHIFT 4u

typedef struct {
    int32_t steps, fraction; /* planned position; 0 <= fraction < 1 step, 22 bits */
    int32_t velocity;        /* planned, signed, 22 fraction bits */
    int32_t cruise, end;     /* speeds */
    int32_t change;          /* of speed, each slice of this phase */
    uint32_t left[PROFILE_PHASES];
    uint8_t phase;
    int8_t direction;
    bool is_braking;
    int32_t target;
} axis_plan;

/* The mean: ways of the last slices, their sum, and what follows from it. */
typedef struct {
    int32_t ways[WINDOW]; /* 18 fraction bits */
    int32_t sum;
    uint8_t rest;  /* of rounding ways */
    int32_t steps; /* executed position at the horizon, plus a half, rounded down */
    int32_t fraction;
    int32_t way, speed; /* of the slice before; at the boundary before it */
    uint32_t interval;  /* of pulses, 1/256 tick, for `way` */
} axis_mean;

static axis_plan plans[PROTOCOL_AXES];
static axis_mean means[PROTOCOL_AXES];
static uint8_t planning; /* axes with slices left */
static uint8_t moving;   /* axes whose mean is not at rest at the horizon */
static uint8_t window_at;
static uint32_t horizon; /* tick at which the planned slices end */
static uint16_t lateness;
static uint8_t event_axis;
static int32_t event_steps;
static void (*hand_over_hook)(void), (*watch_hook)(void);

void motion_reset(void (*hand_over)(void), void (*watch)(void))
{
    memset(plans, 0, sizeof plans);
    memset(means, 0, sizeof means);
    for (uint8_t axis = 0; axis < PROTOCOL_AXES; axis++)
        means[axis].fraction = HALF;
    planning = moving = window_at = 0;
    lateness = 0;
    event_axis = PROTOCOL_NO_AXIS;
    horizon = board_ticks();
    hand_over_hook = hand_over;
    watch_hook = watch;
}

/* Nearest whole step of a planned position. */
static int32_t nearest(const axis_plan *plan)
{
    return plan->fraction >= HALF ? plan->steps + 1 : plan->steps;
}

static void rest_at(uint8_t axis, int32_t steps)
{
    axis_plan *plan = &plans[axis];
    plan->steps = steps;
    plan->fraction = plan->velocity = 0;
    memset(&means[axis], 0, sizeof means[axis]);
    means[axis].steps = steps;
    means[axis].fraction = HALF;
}

void motion_set_position(uint8_t axis, int32_t steps)
{
    rest_at(axis, steps);
    stepper_set_position(axis, steps);
}

/* Speed at the end of the phase. */
static int32_t speed_after(const axis_plan *plan)
{
    return plan->phase == PROFILE_LEAD ? plan->velocity : plan->phase >= PROFILE_DOWN ? plan->end : plan->cruise;
}

static void enter_phase(axis_plan *plan)
{
    while (plan->phase < PROFILE_PHASES && plan->left[plan->phase] == 0)
        plan->phase++;
    plan->change = 0;
    if (plan->phase == PROFILE_UP || plan->phase == PROFILE_DOWN)
        plan->change = (speed_after(plan) - plan->velocity) / (int32_t)plan->left[plan->phase];
}

void motion_follow(uint8_t axis, int32_t target, const profile *p)
{
    axis_plan *plan = &plans[axis];
    int32_t from = nearest(plan);
    if (target == from)
        return;
    plan->direction = target > from ? 1 : -1;
    plan->cruise = plan->direction > 0 ? p->cruise : -p->cruise;
    plan->end = plan->direction > 0 ? p->v1 : -p->v1;
    memcpy(plan->left, p->slices, sizeof plan->left);
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
        if (!(axes & (1u << axis)) || (!(planning & (1u << axis)) && plan->velocity == 0))
            continue;
        int32_t speed = plan->velocity < 0 ? -plan->velocity : plan->velocity;
        memset(plan->left, 0, sizeof plan->left);
        plan->left[PROFILE_DOWN] = speed ? profile_slices_for(speed, settings.axes[axis].acceleration) : 0;
        plan->end = 0;
        plan->phase = 0;
        plan->is_braking = true;
        if (speed == 0) { /* had not begun to move */
            planning &= (uint8_t)~(1u << axis);
            continue;
        }
        enter_phase(plan);
        planning |= (uint8_t)(1u << axis);
    }
}

void motion_flush(void)
{
    stepper_halt(CAUSE_NONE);
    planning = moving = 0;
    horizon = board_ticks();
    motion_forget_event();
    for (uint8_t axis = 0; axis < PROTOCOL_AXES; axis++) {
        motion_set_position(axis, stepper_position(axis));
        board_slice_planned(axis, horizon, 0, 0);
    }
}

void motion_event_at(uint8_t axis, int32_t steps)
{
    event_axis = axis;
    event_steps = steps;
}

void motion_forget_event(void)
{
    event_axis = PROTOCOL_NO_AXIS;
}

int32_t motion_planned_steps(uint8_t axis)
{
    return nearest(&plans[axis]);
}

int32_t motion_planned_velocity(uint8_t axis)
{
    return plans[axis].velocity;
}

int8_t motion_direction(uint8_t axis)
{
    return plans[axis].direction;
}

static int32_t next_velocity(const axis_plan *plan)
{
    return plan->left[plan->phase] == 1 ? speed_after(plan) : plan->velocity + plan->change;
}

static int32_t mean_of(int32_t a, int32_t b)
{
    return (a >> 1) + (b >> 1);
}

static void go(int32_t *steps, int32_t *fraction, int32_t way)
{
    int32_t sum = *fraction + way;
    *steps += sum >> PROFILE_BITS;
    *fraction = sum & FRACTION;
}

void motion_peek(uint8_t axis, int32_t *steps, int32_t *fraction, int32_t *velocity)
{
    const axis_plan *plan = &plans[axis];
    *velocity = planning & (1u << axis) ? next_velocity(plan) : plan->velocity;
    *steps = plan->steps;
    *fraction = plan->fraction;
    go(steps, fraction, mean_of(plan->velocity, *velocity));
}

uint8_t motion_planning(void)
{
    return planning;
}

uint8_t motion_moving(void)
{
    return planning | moving;
}

bool motion_axis_at_rest(uint8_t axis)
{
    return !((planning | moving) & (1u << axis)) && stepper_idle(axis);
}

bool motion_at_rest(void)
{
    if (planning | moving)
        return false;
    for (uint8_t axis = 0; axis < PROTOCOL_AXES; axis++)
        if (!stepper_idle(axis))
            return false;
    return true;
}

uint16_t motion_lateness(void)
{
    uint16_t was = lateness;
    lateness = 0;
    return was;
}

/* ---------------------------------------------------------------- the planned profile */

/* Way of the next slice, 22 fraction bits. */
static int32_t plan_slice(uint8_t axis)
{
    axis_plan *plan = &plans[axis];
    const uint8_t bit = (uint8_t)(1u << axis);
    if (!(planning & bit)) {
        if (plan->velocity == 0)
            return 0;
        motion_brake(bit); /* a joint that should have been passed was not: the next segment was refused */
    }
    int32_t steps = plan->steps, fraction = plan->fraction, v0 = plan->velocity;
    plan->velocity = next_velocity(plan);
    bool is_last = --plan->left[plan->phase] == 0;
    go(&plan->steps, &plan->fraction, mean_of(v0, plan->velocity));
    if (is_last) {
        enter_phase(plan);
        if (plan->phase == PROFILE_PHASES) {
            planning &= (uint8_t)~bit;
            plan->steps = plan->is_braking ? nearest(plan) : plan->target;
            plan->fraction = 0;
        }
    }
    return (plan->steps - steps) * PROFILE_ONE + (plan->fraction - fraction);
}

/* ---------------------------------------------------------------- pulses */

typedef struct {
    uint32_t tick_q8; /* of the next pulse, since the beginning of the slice */
    int32_t steps;    /* position before it */
} pulse_cursor;

static void push_chunks(uint8_t axis, pulse_cursor *at, uint16_t count, uint8_t flags)
{
    const axis_mean *mean = &means[axis];
    while (count) {
        uint8_t some = count > STEPPER_COUNT_MAX ? STEPPER_COUNT_MAX : (uint8_t)count;
        count = (uint16_t)(count - some);
        step_chunk chunk = {
            .first_tick = (uint16_t)(horizon + (at->tick_q8 >> 8)),
            .interval = (uint16_t)(mean->interval >> 8),
            .interval_fraction = (uint8_t)mean->interval,
            .count = some,
            .direction = mean->way > 0 ? 1 : -1,
            .flags = count ? 0 : flags,
        };
        stepper_push(axis, &chunk);
        at->tick_q8 += mean->interval * some;
        at->steps += mean->way > 0 ? (int32_t)some : -(int32_t)some;
    }
}

/* (a * b) >> 16 without 64 bits. */
static uint32_t scaled(uint32_t a, uint16_t b)
{
    return (a >> 16) * b + (((a & 0xffffu) * b) >> 16);
}

/* Pulses are given where the executed position passes the middle between two steps, at even speed within a slice. */
static void push_steps(uint8_t axis, int32_t way)
{
    axis_mean *mean = &means[axis];
    int32_t begin = mean->steps, before = mean->fraction;
    go(&mean->steps, &mean->fraction, way);
    if (mean->steps == begin)
        return;
    bool is_up = way > 0;
    uint32_t speed = (uint32_t)(is_up ? way : -way);
    if (mean->interval == 0)
        mean->interval = ((SLICE_TICKS * 256u) << 12) / ((speed >> 10) ? speed >> 10 : 1u);
    uint32_t to_first = (uint32_t)(is_up ? PROFILE_ONE - before : before);
    uint16_t share = to_first == (uint32_t)PROFILE_ONE ? UINT16_MAX : (uint16_t)(to_first >> (PROFILE_BITS - 16));
    pulse_cursor at = {.tick_q8 = scaled(mean->interval, share), .steps = begin};
    if (at.tick_q8 >= SLICE_TICKS * 256u)
        at.tick_q8 = SLICE_TICKS * 256u - 1u;
    uint16_t count = (uint16_t)(is_up ? mean->steps - begin : begin - mean->steps);
    if (axis == event_axis) {
        int32_t ahead = is_up ? event_steps - begin : begin - event_steps;
        if (ahead > 0 && ahead <= (int32_t)count) {
            push_chunks(axis, &at, (uint16_t)ahead, STEPPER_EVENT);
            count = (uint16_t)(count - ahead);
            motion_forget_event();
        }
    }
    push_chunks(axis, &at, count, 0);
}

static uint8_t window_mask(void)
{
    return (uint8_t)((1u << settings.smoothing) - 1u);
}

static void smooth_slice(uint8_t axis, int32_t planned_way)
{
    axis_mean *mean = &means[axis];
    const uint8_t bit = (uint8_t)(1u << axis), at = window_at & window_mask();
    int32_t exact = planned_way + mean->rest;
    int32_t way = exact >> WINDOW_SHIFT;
    mean->rest = (uint8_t)(exact & ((1 << WINDOW_SHIFT) - 1));
    mean->sum += way - mean->ways[at];
    mean->ways[at] = way;
    int32_t now = mean->sum * (1 << (WINDOW_SHIFT - settings.smoothing));
    int32_t edge = mean_of(mean->way, now) >> WINDOW_SHIFT;
    board_slice_planned(axis, horizon - SLICE_TICKS, mean->speed, edge);
    mean->speed = edge;
    if (now != mean->way) {
        mean->way = now;
        mean->interval = 0;
    }
    push_steps(axis, now);
    if ((planning & bit) || plans[axis].velocity || mean->sum || edge) {
        moving |= bit;
    } else {
        moving &= (uint8_t)~bit;
        rest_at(axis, nearest(&plans[axis]));
    }
}

static void next_slice(void)
{
    for (uint8_t axis = 0; axis < PROTOCOL_AXES; axis++)
        if ((planning | moving) & (1u << axis))
            smooth_slice(axis, plan_slice(axis));
    window_at = (uint8_t)((window_at + 1u) & window_mask());
    horizon += SLICE_TICKS;
}

static bool there_is_room(void)
{
    for (uint8_t axis = 0; axis < PROTOCOL_AXES; axis++)
        if (((planning | moving) & (1u << axis)) && stepper_room(axis) < CHUNKS_PER_SLICE)
            return false;
    return true;
}

void motion_poll(void)
{
    if (!(planning | moving))
        return;
    uint32_t now = board_ticks();
    if (!moving) {
        if ((int32_t)(horizon - now) < (int32_t)START_TICKS)
            horizon = now + START_TICKS;
    } else if ((int32_t)(horizon - now) < 0) {
        lateness = now - horizon < UINT16_MAX ? (uint16_t)(now - horizon) : UINT16_MAX;
        horizon = now + START_TICKS;
    }
    while ((int32_t)(horizon - now) < (int32_t)LOOK_AHEAD_TICKS && (planning | moving) && there_is_room()) {
        hand_over_hook();
        watch_hook();
        next_slice();
    }
}
