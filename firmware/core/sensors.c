#include "sensors.h"

#include <string.h>

#include "board.h"
#include "settings.h"
#include "stepper.h"

#define SAMPLES 8u /* two means of four */
#define MEAN_OF 4u
#define MEANS_PER_SECOND 20 /* 80 Hz / 4 */
#define EDGES 6u

static struct {
    int32_t counts[SAMPLES];
    uint8_t at;
    bool has_begun;
    int32_t grams, rate_g_s;
    uint32_t read_us;
} cells[PROTOCOL_SIDES];

static volatile uint8_t watched_pins, watched_end_stops, end_stops_seen;
static int32_t end_stop_position[PROTOCOL_AXES];
static bool pin_level[PROTOCOL_SIDES];
static pin_edge edges[EDGES];
static volatile uint8_t edge_head, edge_tail;
static volatile bool edges_lost;

void sensors_reset(void)
{
    memset(cells, 0, sizeof cells);
    for (uint8_t side = 0; side < PROTOCOL_SIDES; side++)
        cells[side].read_us = board_micros() - (LOAD_SILENT_MS + 1u) * UINT32_C(1000); /* nothing is known yet */
    watched_pins = watched_end_stops = end_stops_seen = 0;
    edge_head = edge_tail = 0;
    edges_lost = false;
}

void sensors_positions(int32_t positions[PROTOCOL_TELEMETRY_AXES])
{
    for (uint8_t axis = 0; axis < PROTOCOL_TELEMETRY_AXES; axis++)
        positions[axis] = stepper_position(axis); /* one by one: interrupts are not to wait for all of them */
}

/* ---------------------------------------------------------------- edges */

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

static void look_at_end_stop(uint8_t axis)
{
    const uint8_t bit = (uint8_t)(1u << axis);
    if (!board_end_stop(axis))
        return;
    end_stop_position[axis] = stepper_position(axis);
    end_stops_seen |= bit;
    watched_end_stops &= (uint8_t)~bit;
}

void sensors_look(uint8_t axes, uint8_t sides)
{
    for (uint8_t axis = 0; axis < PROTOCOL_AXES; axis++)
        if (axes & watched_end_stops & (1u << axis))
            look_at_end_stop(axis);
    for (uint8_t side = 0; side < PROTOCOL_SIDES; side++)
        if (sides & watched_pins & (1u << side))
            look_at_pin(side);
}

uint8_t sensors_watched_axes(void)
{
    return watched_end_stops;
}

uint8_t sensors_watched_sides(void)
{
    return watched_pins;
}

void sensors_watch_pins(uint8_t sides)
{
    uint8_t lock = board_lock();
    if (!watched_pins) { /* what was seen before belongs to nobody any more */
        edge_tail = edge_head;
        edges_lost = false;
    }
    for (uint8_t side = 0; side < PROTOCOL_SIDES; side++)
        if (sides & ~watched_pins & (1u << side))
            pin_level[side] = board_pin(side);
    watched_pins = sides;
    board_unlock(lock);
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
    uint8_t lock = board_lock();
    bool lost = edges_lost;
    edges_lost = false;
    board_unlock(lock);
    return lost;
}

void sensors_watch_end_stop(uint8_t axis, bool on)
{
    const uint8_t bit = (uint8_t)(1u << axis);
    uint8_t lock = board_lock();
    end_stops_seen &= (uint8_t)~bit;
    watched_end_stops = (uint8_t)(on ? watched_end_stops | bit : watched_end_stops & ~bit);
    board_unlock(lock);
}

bool sensors_end_stop_seen(uint8_t axis, int32_t *position)
{
    uint8_t lock = board_lock();
    *position = end_stop_position[axis];
    bool is_seen = (end_stops_seen & (1u << axis)) != 0;
    board_unlock(lock);
    return is_seen;
}

/* ---------------------------------------------------------------- loads */

static int32_t grams(uint8_t side, uint8_t newest)
{
    int32_t sum = 0;
    for (uint8_t i = 0; i < MEAN_OF; i++)
        sum += cells[side].counts[(uint8_t)(newest - i) % SAMPLES];
    int32_t counts = sum / (int32_t)MEAN_OF - settings.load_offset[side];
    return settings.is_accepted ? (int32_t)((float)counts * settings.grams_per_count[side]) : 0;
}

static void take(uint8_t side, int32_t counts)
{
    cells[side].read_us = board_micros();
    if (!cells[side].has_begun)
        for (uint8_t i = 0; i < SAMPLES; i++)
            cells[side].counts[i] = counts;
    cells[side].has_begun = true;
    uint8_t at = cells[side].at = (uint8_t)((cells[side].at + 1u) % SAMPLES);
    cells[side].counts[at] = counts;
    cells[side].grams = grams(side, at);
    cells[side].rate_g_s = (cells[side].grams - grams(side, (uint8_t)(at + SAMPLES - MEAN_OF))) * MEANS_PER_SECOND;
}

bool sensors_poll(void)
{
    bool is_new = false;
    if (watched_end_stops | watched_pins) {
        uint8_t lock = board_lock();
        sensors_look(watched_end_stops, watched_pins);
        board_unlock(lock);
    }
    for (uint8_t side = 0; side < PROTOCOL_SIDES; side++) {
        int32_t counts;
        if (board_load_counts(side, &counts)) {
            take(side, counts);
            is_new = true;
        }
    }
    return is_new;
}

int32_t sensors_load_g(uint8_t side)
{
    return cells[side].grams;
}

int32_t sensors_load_rate_g_s(uint8_t side)
{
    return cells[side].rate_g_s;
}

bool sensors_load_is_silent(uint8_t side)
{
    return board_micros() - cells[side].read_us > LOAD_SILENT_MS * UINT32_C(1000);
}

uint32_t sensors_load_age_ms(uint8_t side)
{
    return (board_micros() - cells[side].read_us) / 1000u;
}
