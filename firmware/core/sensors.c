#include "sensors.h"

#include <string.h>

#include "board.h"
#include "settings.h"
#include "stepper.h"

#define LOAD_PERIOD_US 12500u
#define LOAD_SAMPLES 4u
#define EDGES 8u

/* Axes whose motion can change what the sensor of a side sees: its scan beam and its shuttle. */
static const uint8_t pin_axes[PROTOCOL_SIDES] = {1u << 2 | 1u << 4, 1u << 3 | 1u << 5};

static int32_t samples[PROTOCOL_SIDES][LOAD_SAMPLES];
static int32_t loads_g[PROTOCOL_SIDES];
static uint8_t sample_at, samples_seen;
static uint32_t sampled_us;

static volatile uint8_t watched_pins, watched_end_stops, end_stops_seen;
static int32_t end_stop_position[PROTOCOL_AXES];
static bool pin_level[PROTOCOL_SIDES];
static pin_edge edges[EDGES];
static volatile uint8_t edge_head, edge_tail;
static volatile bool edges_lost;

void sensors_reset(void)
{
    memset(samples, 0, sizeof samples);
    memset(loads_g, 0, sizeof loads_g);
    sample_at = samples_seen = 0;
    sampled_us = board_micros();
    watched_pins = watched_end_stops = end_stops_seen = 0;
    edge_head = edge_tail = 0;
    edges_lost = false;
}

void sensors_positions(int32_t positions[PROTOCOL_AXES])
{
    for (uint8_t axis = 0; axis < PROTOCOL_AXES; axis++)
        positions[axis] = steppers[axis].position;
}

static void update_watch(void)
{
    uint8_t axes = watched_end_stops;
    for (uint8_t side = 0; side < PROTOCOL_SIDES; side++)
        if (watched_pins & (1u << side))
            axes |= pin_axes[side];
    stepper_watched = axes;
}

static void look_at_pin(uint8_t side)
{
    bool level = board_pin(side);
    if (level == pin_level[side])
        return;
    pin_level[side] = level;
    uint8_t next = (uint8_t)((edge_head + 1u) % EDGES);
    if (next == edge_tail) {
        edges_lost = true;
        return;
    }
    pin_edge *edge = &edges[edge_head];
    edge->side = side;
    edge->is_rising = level;
    edge->time_us = board_micros();
    sensors_positions(edge->positions);
    edge_head = next;
}

void stepper_watch(uint8_t axis)
{
    const uint8_t bit = (uint8_t)(1u << axis);
    if ((watched_end_stops & bit) && board_end_stop(axis)) {
        end_stop_position[axis] = steppers[axis].position;
        end_stops_seen |= bit;
        watched_end_stops &= (uint8_t)~bit;
    }
    for (uint8_t side = 0; side < PROTOCOL_SIDES; side++)
        if ((watched_pins & (1u << side)) && (pin_axes[side] & bit))
            look_at_pin(side);
}

void sensors_watch_pins(uint8_t sides)
{
    for (uint8_t side = 0; side < PROTOCOL_SIDES; side++)
        if (sides & ~watched_pins & (1u << side))
            pin_level[side] = board_pin(side);
    watched_pins = sides;
    update_watch();
}

bool sensors_next_edge(pin_edge *edge)
{
    if (edge_head == edge_tail)
        return false;
    *edge = edges[edge_tail];
    edge_tail = (uint8_t)((edge_tail + 1u) % EDGES);
    return true;
}

bool sensors_edges_lost(void)
{
    bool lost = edges_lost;
    edges_lost = false;
    return lost;
}

void sensors_watch_end_stop(uint8_t axis, bool on)
{
    const uint8_t bit = (uint8_t)(1u << axis);
    end_stops_seen &= (uint8_t)~bit;
    watched_end_stops = (uint8_t)(on ? watched_end_stops | bit : watched_end_stops & ~bit);
    update_watch();
}

bool sensors_end_stop_seen(uint8_t axis, int32_t *position)
{
    *position = end_stop_position[axis];
    return (end_stops_seen & (1u << axis)) != 0;
}

static void sample_loads(void)
{
    for (uint8_t side = 0; side < PROTOCOL_SIDES; side++) {
        samples[side][sample_at] = board_load_counts(side);
        if (samples_seen == 0)
            for (uint8_t i = 1; i < LOAD_SAMPLES; i++)
                samples[side][i] = samples[side][0];
        int64_t sum = 0;
        for (uint8_t i = 0; i < LOAD_SAMPLES; i++)
            sum += samples[side][i];
        int64_t counts = sum / (int64_t)LOAD_SAMPLES - settings.load_offset[side];
        loads_g[side] =
            settings.is_accepted ? (int32_t)(counts * 1000000 / (int64_t)settings.counts_per_tonne[side]) : 0;
    }
    samples_seen = 1;
    sample_at = (uint8_t)((sample_at + 1u) % LOAD_SAMPLES);
}

bool sensors_poll(void)
{
    for (uint8_t side = 0; side < PROTOCOL_SIDES; side++)
        if (watched_pins & (1u << side))
            look_at_pin(side);
    if (board_micros() - sampled_us < LOAD_PERIOD_US)
        return false;
    sampled_us += LOAD_PERIOD_US;
    sample_loads();
    return true;
}

int32_t sensors_load_g(uint8_t side)
{
    return loads_g[side];
}
