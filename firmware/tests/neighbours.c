#include "neighbours.h"

#include <string.h>

#include "board.h"
#include "homing.h"
#include "link.h"
#include "motion.h"
#include "outputs.h"
#include "programme.h"
#include "programme_report.h"
#include "sensors.h"
#include "servos.h"
#include "stepper.h"

neighbours_inputs world;
neighbours_record done;

void neighbours_reset(void)
{
    memset(&world, 0, sizeof world);
    memset(&done, 0, sizeof done);
    world.door_closed = world.estop_ok = world.motors_ready = world.at_rest = true;
}

void neighbours_forget(void)
{
    bool relay = done.relay;
    memset(&done, 0, sizeof done);
    done.relay = relay;
}

const uint8_t board_kind = BOARD_KIND_HOST;

uint32_t board_micros(void)
{
    return world.micros;
}

bool board_door_closed(void)
{
    return world.door_closed;
}

bool board_estop_ok(void)
{
    return world.estop_ok;
}

bool board_motors_ready(void)
{
    return world.motors_ready;
}

bool board_end_stop(uint8_t axis)
{
    return world.end_stops >> axis & 1u;
}

void board_set_motor_rail(bool on)
{
    done.relay = on;
    done.relay_calls++;
}

bool homing_is_active(void)
{
    return world.homing;
}

void homing_abort(uint8_t end, refusal why)
{
    done.homing_aborts++;
    done.abort_end = end;
    done.abort_why = why;
}

void programme_abort(uint8_t end, refusal why)
{
    done.programme_aborts++;
    done.abort_end = end;
    done.abort_why = why;
}

uint16_t programme_segment(void)
{
    return world.segment;
}

void link_event(const uint8_t *message, uint8_t size)
{
    done.positions_told += message[0] == MESSAGE_POSITIONS;
    if (message[0] != MESSAGE_STOPPED || size != MESSAGE_STOPPED_SIZE)
        return;
    done.stops_told++;
    done.positions_came_first = done.positions_told == done.stops_told;
    done.stopped.category = message[1];
    done.stopped.cause = message[2];
    done.stopped.axis = message[3];
    memcpy(&done.stopped.segment, message + 4, 2);
    memcpy(&done.stopped.time_us, message + 6, 4);
    memcpy(done.stopped.loads_g, message + 10, 8);
    memcpy(&done.stopped.value, message + 18, 4);
    memcpy(&done.stopped.limit, message + 22, 4);
}

bool link_overflowed(void)
{
    return world.overflowed;
}

void link_result(uint8_t message, uint8_t cause, uint8_t axis, int32_t value, int32_t limit)
{
    done.results++;
    done.result = (message_result){message, cause, axis, 0, value, limit};
}

void motion_brake(uint8_t axes)
{
    done.brakes++;
    done.braked = axes;
}

void motion_flush(void)
{
    done.flushes++;
}

bool motion_at_rest(void)
{
    return world.at_rest;
}

uint8_t motion_moving(void)
{
    return world.moving;
}

uint16_t motion_lateness(void)
{
    return world.lateness;
}

int32_t motion_planned_steps(uint8_t axis)
{
    return world.planned[axis];
}

void motion_peek(uint8_t axis, int32_t *steps, int32_t *fraction, int32_t *velocity)
{
    *steps = world.planned[axis] + world.advances[axis];
    *fraction = world.fractions[axis];
    *velocity = world.velocities[axis];
}

void outputs_safe(void)
{
    done.outputs_safe++;
}

int32_t sensors_load_g(uint8_t side)
{
    return world.load_g[side];
}

uint32_t sensors_load_age_ms(uint8_t side)
{
    return world.load_age_ms[side];
}

bool sensors_load_is_silent(uint8_t side)
{
    return world.load_age_ms[side] > LOAD_SILENT_MS;
}

bool sensors_edges_lost(void)
{
    return world.edges_lost;
}

void sensors_positions(int32_t positions[PROTOCOL_TELEMETRY_AXES])
{
    memcpy(positions, world.positions, PROTOCOL_TELEMETRY_AXES * sizeof positions[0]);
}

void servos_freeze(void)
{
    done.freezes++;
}

int32_t stepper_position(uint8_t axis)
{
    return world.positions[axis];
}

uint8_t stepper_halted(void)
{
    return world.halted;
}

void stepper_release(void)
{
    done.releases++;
    world.halted = CAUSE_NONE;
}
