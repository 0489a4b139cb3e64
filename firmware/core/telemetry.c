#include "telemetry.h"

#include "board.h"
#include "link.h"
#include "outputs.h"
#include "programme.h"
#include "safety.h"
#include "sensors.h"
#include "servos.h"
#include "settings.h"

#define PERIOD_UNCONFIGURED_MS 100u

#define HEALTH_US 1000000u

static uint32_t sent_us, health_us, polled_us;
static uint16_t poll_us_max;
static bool status_is_next;

void telemetry_reset(void)
{
    sent_us = health_us = polled_us = board_micros();
    poll_us_max = 0;
    status_is_next = false;
}

void telemetry_time_poll(void)
{
    uint32_t now = board_micros(), took = now - polled_us;
    polled_us = now;
    if (took > poll_us_max)
        poll_us_max = took < UINT16_MAX ? (uint16_t)took : UINT16_MAX;
}

static void send_health(void)
{
    uint8_t bytes[MESSAGE_HEALTH_SIZE];
    message_health m = {
        .packets = link_counts.packets,
        .bad_packets = link_counts.bad_packets,
        .gaps = link_counts.gaps,
        .resent = link_counts.resent,
        .telemetry_skipped = link_counts.telemetry_skipped,
        .unknown = link_counts.unknown,
        .bytes_lost = board_bytes_lost(),
        .poll_us_max = poll_us_max,
        .stack_free = board_stack_free(),
    };
    link_telemetry(bytes, message_write_health(bytes, &m));
}

static void send_axes(void)
{
    uint8_t bytes[MESSAGE_AXES_SIZE];
    message_axes m = {.time_us = board_micros()};
    sensors_positions(m.positions);
    link_telemetry(bytes, message_write_axes(bytes, &m));
}

static void send_status(void)
{
    uint8_t bytes[MESSAGE_STATUS_SIZE];
    message_status m = {
        .state = safety_state(),
        .cause = safety_cause(),
        .referenced = safety_referenced(),
        .rail = safety_rail(),
        .segment = programme_segment(),
    };
    m.inputs = (uint8_t)(board_door_closed() << 0 | board_estop_ok() << 1 | board_pin(0) << 2 | board_pin(1) << 3);
    for (uint8_t axis = 0; axis < PROTOCOL_AXES; axis++)
        if ((settings.axes[axis].is_used || !settings.is_accepted) && board_end_stop(axis))
            m.end_stops |= (uint8_t)(1u << axis);
    for (uint8_t servo = 0; servo < PROTOCOL_SERVOS; servo++)
        m.servos[servo] = servos_angle(servo);
    for (uint8_t output = 0; output < PROTOCOL_OUTPUTS; output++)
        m.outputs[output] = outputs_get(output);
    for (uint8_t side = 0; side < PROTOCOL_SIDES; side++)
        m.loads_g[side] = sensors_load_g(side);
    link_telemetry(bytes, message_write_status(bytes, &m));
}

/* Positions and status take turns, half a period apart: the echo of a heartbeat never waits behind both. */
void telemetry_poll(void)
{
    uint32_t half_us = (settings.is_accepted ? settings.telemetry_period_ms : PERIOD_UNCONFIGURED_MS) * UINT32_C(500);
    if (board_micros() - sent_us < half_us)
        return;
    sent_us += half_us;
    if (board_micros() - sent_us > 100000u)
        sent_us = board_micros();
    if (!link_has_session())
        return;
    status_is_next = !status_is_next;
    if (!status_is_next) {
        send_status();
        return;
    }
    send_axes();
    if (board_micros() - health_us >= HEALTH_US) {
        health_us = board_micros();
        send_health();
    }
}
