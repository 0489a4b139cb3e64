#include "motion.h"

#include <string.h>

#include "board.h"
#include "settings.h"
#include "stepper.h"

#define LOOK_AHEAD_TICKS (8u * BOARD_TICKS_PER_MS) /* planned at least so far ahead */
#define START_TICKS (BOARD_TICKS_PER_MS)           /* from rest, the first slice begins so late */
#define ONE_CHUNK (INT32_C(240) * PROFILE_ONE)     /* a slice with more is two chunks, or about to be */
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
    int32_t sum;
    uint8_t rest;  /* of rounding ways */
    int32_t steps; /* executed position at the horizon, plus a half, rounded down */
    int32_t fraction;
    int32_t way;          /* of the slice before */
    uint8_t settled;      /* slices in a row whose planned way was the same */
    uint32_t interval;    /* of pulses, 1/256 tick, for `way` */
    int32_t ways[WINDOW]; /* 18 fraction bits */
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

/* Without the bits that the window drops: an even speed gives even ways, and the interval need not be worked out anew. */
static int32_t signed_speed(int32_t speed, int8_t direction)
{
    int32_t even = speed & ~(int32_t)((1 << WINDOW_SHIFT) - 1);
    return direction > 0 ? even : -even;
}

void motion_follow(uint8_t axis, int32_t target, const profile *p)
{
    axis_plan *plan = &plans[axis];
    int32_t from = nearest(plan);
    if (target == from)
        return;
    plan->direction = target > from ? 1 : -1;
    plan->cruise = signed_speed(p->cruise, plan->direction);
    plan->end = signed_speed(p->v1, plan->direction);
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
        board_slice_planned(axis, horizon, 0);
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
    *steps += (int16_t)(sum >> 16) >> (PROFILE_BITS - 16); /* in two parts: an 8-bit controller shifts bit by bit */
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
            if (!plan->is_braking) { /* what braking leaves of a step would be a jolt */
                plan->steps = plan->target;
                plan->fraction = 0;
            }
        }
    }
    uint16_t whole = (uint16_t)(plan->steps - steps); /* below 512, either way */
    return (int32_t)((uint32_t)(uint16_t)(whole << (PROFILE_BITS - 16)) << 16) + (plan->fraction - fraction);
}

/* ---------------------------------------------------------------- pulses */

/* (a * b) >> 16 without 64 bits. */
static uint32_t scaled(uint32_t a, uint16_t b)
{
    uint16_t high = (uint16_t)(a >> 16);
    uint32_t low = ((uint32_t)(uint16_t)a * b) >> 16;
    return high ? (uint32_t)high * b + low : low;
}

/* Runs of pulses from `tick_q8` after the beginning of the slice; returns where the next pulse would be. */
static uint32_t push_chunks(uint8_t axis, uint32_t tick_q8, uint16_t count, uint8_t flags)
{
    const uint32_t interval = means[axis].interval;
    while (count) {
        uint8_t some = count > STEPPER_COUNT_MAX ? STEPPER_COUNT_MAX : (uint8_t)count;
        count = (uint16_t)(count - some);
        step_chunk *chunk = stepper_next_chunk(axis);
        chunk->first_tick = (uint16_t)((uint16_t)horizon + (uint16_t)(tick_q8 >> 8));
        chunk->interval = (uint16_t)(interval >> 8);
        chunk->interval_fraction = (uint8_t)interval;
        chunk->count = some;
        chunk->direction = means[axis].way > 0 ? 1 : -1;
        chunk->flags = count ? 0 : flags;
        if (!stepper_push(axis) && stepper_halted() == CAUSE_NONE)
            lateness = 1; /* cannot be: there was room. Steps are missing then, and the machine stops */
        if (count || flags)
            tick_q8 += interval * some;
    }
    return tick_q8;
}

/* An output is to be set in this slice: the pulse that gets the axis there ends a chunk of its own. Returns how many pulses
 * that are. */
static uint16_t push_up_to_event(uint8_t axis, uint32_t *tick_q8, int32_t begin, uint16_t count)
{
    int32_t ahead = means[axis].way > 0 ? event_steps - begin : begin - event_steps;
    if (ahead <= 0 || ahead > (int32_t)count)
        return 0;
    *tick_q8 = push_chunks(axis, *tick_q8, (uint16_t)ahead, STEPPER_EVENT);
    motion_forget_event();
    return (uint16_t)ahead;
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
    uint32_t tick_q8 = scaled(mean->interval, share);
    if (tick_q8 >= SLICE_TICKS * 256u)
        tick_q8 = SLICE_TICKS * 256u - 1u;
    uint16_t count = (uint16_t)mean->steps - (uint16_t)begin;
    if (!is_up)
        count = (uint16_t)-count;
    if (axis == event_axis)
        count = (uint16_t)(count - push_up_to_event(axis, &tick_q8, begin, count));
    push_chunks(axis, tick_q8, count, 0);
}

static uint8_t window_mask(void)
{
    return (uint8_t)((1u << settings.smoothing) - 1u);
}

static uint8_t settled_more(uint8_t settled)
{
    return settled < WINDOW ? (uint8_t)(settled + 1u) : settled;
}

static void smooth_slice(uint8_t axis, int32_t planned_way)
{
    axis_mean *mean = &means[axis];
    const uint8_t bit = (uint8_t)(1u << axis), at = window_at & window_mask();
    int32_t exact = planned_way + mean->rest;
    int32_t way = exact >> WINDOW_SHIFT;
    mean->settled = way == mean->ways[(at - 1u) & window_mask()] ? settled_more(mean->settled) : 0;
    mean->rest = (uint8_t)(exact & ((1 << WINDOW_SHIFT) - 1));
    mean->sum += way - mean->ways[at];
    mean->ways[at] = way;
    int32_t now = mean->sum;
    for (uint8_t shift = settings.smoothing; shift < WINDOW_SHIFT; shift++)
        now *= 2;
    int32_t edge = mean_of(mean->way, now) >> WINDOW_SHIFT;
    board_slice_planned(axis, horizon - SLICE_TICKS, edge);
    if (now != mean->way) {
        mean->way = now;
        mean->interval = 0;
    }
    push_steps(axis, now);
    if ((planning & bit) || plans[axis].velocity || mean->sum || edge) {
        moving |= bit;
    } else {
        moving &= (uint8_t)~bit;
        rest_at(axis, mean->steps);
    }
}

/* At an even speed for a whole window nothing has to be worked out. */
static bool cruises(uint8_t axis)
{
    axis_plan *plan = &plans[axis];
    if (plan->phase != PROFILE_EVEN || means[axis].settled < WINDOW || plan->left[PROFILE_EVEN] <= 1)
        return false;
    plan->left[PROFILE_EVEN]--;
    go(&plan->steps, &plan->fraction, plan->velocity);
    push_steps(axis, means[axis].way);
    return true;
}

static void next_slice(void)
{
    uint8_t axes = planning | moving;
    for (uint8_t axis = 0; axes; axis++, axes >>= 1)
        if ((axes & 1u) && !cruises(axis))
            smooth_slice(axis, plan_slice(axis));
    window_at = (uint8_t)((window_at + 1u) & window_mask());
    horizon += SLICE_TICKS;
}

static uint8_t chunks_needed(uint8_t axis)
{
    int32_t way = means[axis].way;
    uint8_t chunks = way > ONE_CHUNK || way < -ONE_CHUNK ? 2u : 1u;
    return axis == event_axis ? (uint8_t)(chunks + 1u) : chunks; /* an event splits one */
}

static bool there_is_room(void)
{
    uint8_t axes = planning | moving;
    for (uint8_t axis = 0; axes; axis++, axes >>= 1)
        if ((axes & 1u) && stepper_room(axis) < chunks_needed(axis))
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
