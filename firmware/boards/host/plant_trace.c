#include "plant_trace.h"

#include <string.h>

#include "plant_parts.h"

enum { PERIODS = 2048, ROWS = 2 * PERIODS };
#define RESTING_MM 0.05 /* as HANGING_MM in plant_frames.c */

static plant_trace_row_t rows[ROWS];
static plant_trace_row_t instant;
static int32_t count;
static int32_t events; /* among the rows */
static uint64_t period_ns, next_ns;
static plant_profile_t *axis_profile;
static plant_heartbeat_t *last_heartbeat;

static double mean(const double of_sides[PLANT_SIDES])
{
    return (of_sides[0] + of_sides[1]) / 2.0;
}

static void look_at_axes(plant_trace_row_t *row)
{
    memcpy(row->position_mm, truth.position_mm, sizeof row->position_mm);
    for (int axis = 0; axis < PLANT_USED_AXES; axis++) {
        double speed_steps_s = 0.0, acceleration_steps_s2 = 0.0;
        if (axis_profile) {
            axis_profile(axis, &speed_steps_s, &acceleration_steps_s2);
        }
        const double steps_per_mm = world.axes[axis].steps_per_mm;
        row->speed_mm_s[axis] = speed_steps_s / steps_per_mm;
        /* what the board makes of its plan once the rail is dead shakes nothing */
        row->acceleration_mm_s2[axis] = truth.is_rail_on ? acceleration_steps_s2 / steps_per_mm : 0.0;
    }
}

static void look_at_frames(plant_trace_row_t *row)
{
    const int box = open_box();
    row->open_box = box;
    row->resting = 0;
    for (int index = 0; box && index < PLANT_MAX_FRAMES; index++) {
        const plant_frame_truth_t *frame = &truth.frames[box - 1][index];
        const bool rests = frame->lift_mm[0] <= RESTING_MM && frame->lift_mm[1] <= RESTING_MM;
        row->frame_y_mm[index] = mean(frame->y_mm);
        row->resting |= rests && world.frames[box - 1][index].is_present ? 1 << index : 0;
    }
    const int held = truth.held[0] ? truth.held[0] : truth.held[1];
    for (int side = 0; side < PLANT_SIDES; side++) {
        row->held_lift_mm[side] = box && held ? truth.frames[box - 1][held - 1].lift_mm[side] : 0.0;
    }
}

static void look(plant_trace_row_t *row)
{
    row->at_ns = truth.now_ns;
    row->heartbeat_ns = last_heartbeat ? last_heartbeat() : 0;
    look_at_axes(row);
    memcpy(row->servo_deg, truth.servo_deg, sizeof row->servo_deg);
    memcpy(row->outputs, truth.outputs, sizeof row->outputs);
    memcpy(row->load_kg, truth.load_kg, sizeof row->load_kg);
    memcpy(row->edge_mm, truth.edge_mm, sizeof row->edge_mm);
    memcpy(row->held, truth.held, sizeof row->held);
    memcpy(row->pins, truth.pins, sizeof row->pins);
    memcpy(row->is_swinging, truth.is_swinging, sizeof row->is_swinging);
    for (int side = 0; side < PLANT_SIDES; side++) {
        row->load_counts[side] = plant_load_counts(side);
    }
    row->stack_level = truth.stack_level;
    row->is_rail_on = truth.is_rail_on;
    row->is_door_closed = world.is_door_closed;
    row->is_estop_ok = world.is_estop_ok;
    row->event = 0;
    look_at_frames(row);
}

void trace_advance(void)
{
    if (period_ns && truth.now_ns >= next_ns && count < ROWS) {
        look(&rows[count++]);
        next_ns += period_ns;
    }
}

bool trace_event(const plant_event_t *event)
{
    if (!period_ns) {
        return false;
    }
    if (events == ROWS - PERIODS) {
        truth.events_lost++;
        return true;
    }
    events++;
    plant_trace_row_t *row = &rows[count++];
    look(row);
    row->event = event->kind;
    row->event_side = event->side;
    row->event_level = event->level;
    row->event_frame = event->frame;
    row->event_value = event->value;
    return true;
}

void plant_trace_begin(uint64_t every_ns, plant_profile_t *profile, plant_heartbeat_t *heartbeat)
{
    period_ns = every_ns;
    next_ns = truth.now_ns + every_ns;
    axis_profile = profile;
    last_heartbeat = heartbeat;
    plant_trace_clear();
}

const plant_trace_row_t *plant_trace_rows(void)
{
    return rows;
}

int32_t plant_trace_count(void)
{
    return count;
}

void plant_trace_clear(void)
{
    count = events = 0;
}

int32_t plant_trace_periods(void)
{
    return PERIODS;
}

const plant_trace_row_t *plant_trace_now(void)
{
    look(&instant);
    return &instant;
}

uint32_t plant_trace_row_size(void)
{
    return sizeof(plant_trace_row_t);
}
