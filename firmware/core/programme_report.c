#include "programme_report.h"

#include <string.h>

#include "board.h"
#include "link.h"
#include "programme.h"

void programme_report_positions(void)
{
    uint8_t bytes[MESSAGE_POSITIONS_SIZE];
    message_positions m;
    sensors_positions(m.positions);
    link_event(bytes, message_write_positions(bytes, &m));
}

void programme_report_end(uint16_t number, uint8_t end, uint16_t segments_done, refusal why)
{
    uint8_t bytes[MESSAGE_PROGRAMME_END_SIZE];
    message_programme_end m = {number, end, segments_done, why.cause, why.axis, why.value, why.limit};
    programme_report_positions();
    link_event(bytes, message_write_programme_end(bytes, &m));
}

void programme_report_segment(uint16_t segment)
{
    uint8_t bytes[MESSAGE_SEGMENT_DONE_SIZE];
    message_segment_done m = {segment, board_micros()};
    link_event(bytes, message_write_segment_done(bytes, &m));
}

void programme_report_held(uint16_t segment)
{
    uint8_t bytes[MESSAGE_HELD_SIZE];
    message_held m = {segment, board_micros()};
    programme_report_positions();
    link_event(bytes, message_write_held(bytes, &m));
}

void programme_report_latch(uint16_t segment, const pin_edge *edge)
{
    uint8_t bytes[MESSAGE_LATCH_SIZE];
    message_latch m = {.side = edge->side, .is_rising = edge->is_rising, .segment = segment, .time_us = edge->time_us};
    memcpy(m.positions, edge->positions, sizeof m.positions);
    link_event(bytes, message_write_latch(bytes, &m));
}

void programme_report_trip(uint16_t segment, uint8_t guard, int32_t load_g,
                           const int32_t positions[PROTOCOL_TELEMETRY_AXES])
{
    uint8_t bytes[MESSAGE_TRIP_SIZE];
    message_trip m = {.guard = guard, .segment = segment, .load_g = load_g};
    memcpy(m.positions, positions, sizeof m.positions);
    link_event(bytes, message_write_trip(bytes, &m));
}

void programme_report_output(uint16_t segment, uint8_t output, uint32_t time_us,
                             const int32_t positions[PROTOCOL_TELEMETRY_AXES])
{
    uint8_t bytes[MESSAGE_OUTPUT_SET_SIZE];
    message_output_set m = {.output = output, .segment = segment, .time_us = time_us};
    memcpy(m.positions, positions, sizeof m.positions);
    link_event(bytes, message_write_output_set(bytes, &m));
}

void programme_report_stop(uint8_t category, refusal why)
{
    uint8_t bytes[MESSAGE_STOPPED_SIZE];
    message_stopped m = {
        .category = category,
        .cause = why.cause,
        .axis = why.axis,
        .segment = programme_segment(),
        .time_us = board_micros(),
        .loads_g = {sensors_load_g(0), sensors_load_g(1)},
        .value = why.value,
        .limit = why.limit,
    };
    programme_report_positions();
    link_event(bytes, message_write_stopped(bytes, &m));
}
