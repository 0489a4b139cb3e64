/*
 * The simulated board: simulated time, a serial line, and the plant at the end of the pins. Event-driven: it jumps from
 * step pulse to step pulse and to the polls of the main loop, once a millisecond.
 */
#include "host.h"

#include <stdbool.h>
#include <string.h>

#include "board.h"
#include "core.h"
#include "messages.h"
#include "plant.h"
#include "profile.h"
#include "safety.h"
#include "sensors.h"
#include "stepper.h"

#define LINE_SIZE 4096u
#define NEVER UINT64_MAX
#define SLICES_KEPT 8u
#define NS_PER_TICK 500u
#define LOAD_PERIOD_TICKS (BOARD_TICKS_PER_MS * 25u / 2u) /* 80 Hz */

/* What a host that waits for nothing in particular misses if it is not told of a packet at once. Of positions it knows no
 * time, of states that of the newest. */
typedef enum { NOTHING, TIME_OF_NEWEST, ITS_TIME, EVERYTHING } loss;

typedef struct {
    uint8_t bytes[LINE_SIZE];
    uint8_t losses[LINE_SIZE]; /* a loss for the last byte of a packet, NOTHING for the others */
    uint64_t arrives_ns[LINE_SIZE];
    uint32_t head, tail; /* free-running */
    uint64_t busy_until_ns;
} serial_line;

typedef struct {
    uint64_t begins; /* ticks */
    int32_t v0, v1;
} slice_record;

const uint8_t board_kind = BOARD_KIND_HOST;
static uint16_t boots;
const uint16_t *const board_boots = &boots;

static uint64_t now_ns, now_ticks, next_poll; /* ticks of 500 ns */
static uint64_t power_on_ns;
static int32_t pulses[PROTOCOL_AXES];
static uint64_t next_load[PROTOCOL_SIDES];
static uint64_t due[PROTOCOL_AXES]; /* ticks of the next pulse of each axis */
static serial_line to_board, to_host;
static uint64_t byte_ns = 40000;
static int return_on_bytes;
static uint64_t urgent_ns = NEVER; /* when the first unread packet arrives that the host must be told of at once */
static slice_record slices[PROTOCOL_AXES][SLICES_KEPT];
static uint8_t slices_at[PROTOCOL_AXES];

static uint64_t ticks_of(uint64_t ns)
{
    return ns / NS_PER_TICK;
}

static uint64_t ns_of(uint64_t ticks)
{
    return ticks * NS_PER_TICK;
}

/* ---------------------------------------------------------------- the line */

static bool line_put(serial_line *line, const uint8_t *bytes, uint32_t length, bool as_one)
{
    if (LINE_SIZE - (line->head - line->tail) < length)
        return false;
    if (line->busy_until_ns < now_ns)
        line->busy_until_ns = now_ns;
    uint64_t last = line->busy_until_ns + length * byte_ns;
    for (uint32_t i = 0; i < length; i++) {
        line->busy_until_ns += byte_ns;
        line->bytes[line->head % LINE_SIZE] = bytes[i];
        line->losses[line->head % LINE_SIZE] = NOTHING;
        line->arrives_ns[line->head++ % LINE_SIZE] = as_one ? last : line->busy_until_ns;
    }
    return true;
}

static bool line_has(const serial_line *line)
{
    return line->head != line->tail && line->arrives_ns[line->tail % LINE_SIZE] <= now_ns;
}

/* COBS leaves sequence and number of the first message where they are, or puts one in the place of a zero sequence. */
static loss loss_of(const uint8_t *packet, uint8_t length)
{
    if (length < 3 || (packet[0] != 1 && packet[1] & 0x80))
        return EVERYTHING;
    switch (packet[2]) {
    case MESSAGE_AXES:
    case MESSAGE_HEALTH:
        return NOTHING;
    case MESSAGE_STATUS:
        return TIME_OF_NEWEST;
    case MESSAGE_HEARTBEAT_ECHO:
        return ITS_TIME;
    default:
        return EVERYTHING;
    }
}

static bool host_is_waiting(void)
{
    if (return_on_bytes == HOST_RETURN_ON_ANY)
        return line_has(&to_host);
    return return_on_bytes == HOST_RETURN_UNLESS_TELEMETRY &&
           (urgent_ns <= now_ns || to_host.head - to_host.tail > LINE_SIZE / 2);
}

/* When host_advance would first have stopped for a byte. */
static uint64_t seen_ns(uint64_t arrives_ns)
{
    const uint64_t tick = (arrives_ns + NS_PER_TICK - 1) / NS_PER_TICK;
    const uint64_t polls = next_poll > tick ? (next_poll - tick) / BOARD_TICKS_PER_MS : 0;
    const uint64_t poll_ns = (next_poll - polls * BOARD_TICKS_PER_MS) * NS_PER_TICK;
    return poll_ns < now_ns ? poll_ns : now_ns;
}

static uint32_t line_take(serial_line *line, uint8_t *bytes, uint32_t capacity)
{
    uint32_t count = 0;
    while (count < capacity && line_has(line))
        bytes[count++] = line->bytes[line->tail++ % LINE_SIZE];
    return count;
}

uint16_t board_uart_read(uint8_t *bytes, uint16_t capacity)
{
    uint16_t count = 0;
    while (count < capacity && line_take(&to_board, &bytes[count], 1))
        if (bytes[count++] == 0)
            break;
    return count;
}

bool board_uart_write(const uint8_t *bytes, uint8_t length)
{
    /* a board has a small transmit buffer: refuse what could not leave within 20 ms */
    if (byte_ns && to_host.busy_until_ns > now_ns + 20000000u)
        return false;
    if (!line_put(&to_host, bytes, length, true))
        return false;
    const uint32_t last = (to_host.head - 1u) % LINE_SIZE;
    to_host.losses[last] = loss_of(bytes, length);
    if (to_host.losses[last] == EVERYTHING && urgent_ns == NEVER)
        urgent_ns = to_host.arrives_ns[last];
    return true;
}

uint32_t host_uart_write(const uint8_t *bytes, uint32_t length)
{
    uint32_t room = LINE_SIZE - (to_board.head - to_board.tail);
    if (length > room)
        length = room;
    line_put(&to_board, bytes, length, false);
    return length;
}

static void find_urgent(void)
{
    urgent_ns = NEVER;
    for (uint32_t at = to_host.tail; at != to_host.head && urgent_ns == NEVER; at++)
        if (to_host.losses[at % LINE_SIZE] == EVERYTHING)
            urgent_ns = to_host.arrives_ns[at % LINE_SIZE];
}

uint32_t host_uart_read(uint8_t *bytes, uint32_t capacity)
{
    const uint32_t count = line_take(&to_host, bytes, capacity);
    find_urgent();
    return count;
}

static bool is_newest(uint32_t at)
{
    for (uint32_t later = at + 1; later != to_host.head && to_host.arrives_ns[later % LINE_SIZE] <= now_ns; later++)
        if (to_host.losses[later % LINE_SIZE] == TIME_OF_NEWEST)
            return false;
    return true;
}

uint32_t host_uart_read_portion(uint8_t *bytes, uint32_t capacity, uint64_t *at_ns)
{
    uint32_t count = 0;
    for (bool is_over = false; count < capacity && !is_over && line_has(&to_host);) {
        const uint32_t at = to_host.tail;
        const loss lost = to_host.losses[at % LINE_SIZE];
        is_over = lost >= ITS_TIME || (lost == TIME_OF_NEWEST && is_newest(at));
        *at_ns = seen_ns(to_host.arrives_ns[at % LINE_SIZE]);
        line_take(&to_host, &bytes[count++], 1);
    }
    find_urgent();
    return count;
}

void host_uart_baud(uint32_t baud)
{
    byte_ns = baud ? 10000000000u / baud : 0;
}

void host_return_on_bytes(int on)
{
    return_on_bytes = on;
}

/* ---------------------------------------------------------------- pins and time */

uint32_t board_ticks(void)
{
    return (uint32_t)now_ticks;
}

uint32_t board_micros(void)
{
    return (uint32_t)((now_ns - power_on_ns) / 1000);
}

void board_step_pulse(uint8_t axis, int8_t direction)
{
    pulses[axis] += direction;
    plant_step(axis, direction, now_ns);
}

bool board_end_stop(uint8_t axis)
{
    return plant_endstop(axis) != 0;
}

bool board_pin(uint8_t side)
{
    return plant_pin(side) != 0;
}

bool board_door_closed(void)
{
    return plant_door_closed() != 0;
}

bool board_estop_ok(void)
{
    return plant_estop_ok() != 0;
}

bool board_motors_ready(void)
{
    return plant_motors_ready() != 0;
}

bool board_load_counts(uint8_t side, int32_t *counts)
{
    if (now_ticks < next_load[side])
        return false;
    next_load[side] += LOAD_PERIOD_TICKS;
    if (plant_load_is_silent(side))
        return false;
    *counts = plant_load_counts(side);
    return true;
}

void board_set_servo(uint8_t servo, int16_t centideg)
{
    plant_set_servo(servo, centideg, now_ns);
}

void board_release_servo(uint8_t servo)
{
    plant_release_servo(servo);
}

void board_set_output(uint8_t output, uint16_t permille)
{
    plant_set_output(output, permille, now_ns);
}

void board_set_motor_rail(bool on)
{
    plant_motor_rail(on, now_ns);
}

/* The loop below looks at every axis after each poll. */
void board_stepper_wake(uint8_t axis)
{
    (void)axis;
}

uint8_t board_reset_cause(void)
{
    return RESET_CAUSE_POWER;
}

uint16_t board_bytes_lost(void)
{
    return 0;
}

uint16_t board_stack_free(void)
{
    return 0;
}

static uint64_t widen(uint16_t tick)
{
    return now_ticks + (uint64_t)(int64_t)(int16_t)(tick - (uint16_t)now_ticks);
}

void board_slice_planned(uint8_t axis, uint32_t start_tick, int32_t speed)
{
    const int32_t before = slices[axis][slices_at[axis]].v1;
    slices_at[axis] = (uint8_t)((slices_at[axis] + 1u) % SLICES_KEPT);
    slices[axis][slices_at[axis]] =
        (slice_record){now_ticks + (uint64_t)(int64_t)(int32_t)(start_tick - (uint32_t)now_ticks), before, speed};
}

/* ---------------------------------------------------------------- running */

static void refresh_due(void)
{
    for (uint8_t axis = 0; axis < PROTOCOL_AXES; axis++)
        due[axis] = stepper_load(&steppers[axis]) ? widen(steppers[axis].next_tick) : NEVER;
}

/* A pulse may have closed an end stop or moved a pin past its sensor. */
static void look_after_pulse(uint8_t axis)
{
    const uint8_t side = axis % PROTOCOL_SIDES;
    if ((sensors_watched_axes() & (1u << axis)) || (axis >= PROTOCOL_SIDES && (sensors_watched_sides() & (1u << side))))
        sensors_look((uint8_t)(1u << axis), (uint8_t)(1u << side));
}

static void pulse_until(uint64_t limit)
{
    for (;;) {
        uint8_t axis = 0;
        for (uint8_t i = 1; i < PROTOCOL_AXES; i++)
            if (due[i] < due[axis])
                axis = i;
        if (due[axis] >= limit)
            return;
        if (due[axis] > now_ticks)
            now_ticks = due[axis];
        now_ns = ns_of(now_ticks);
        stepper_pulse(axis);
        look_after_pulse(axis);
        due[axis] = steppers[axis].left ? widen(steppers[axis].next_tick) : NEVER;
    }
}

static void poll(void)
{
    plant_advance(now_ns);
    core_poll();
    refresh_due();
    next_poll += BOARD_TICKS_PER_MS;
}

void host_power_on(uint64_t at_ns)
{
    memset(&to_board, 0, sizeof to_board);
    memset(&to_host, 0, sizeof to_host);
    urgent_ns = NEVER;
    memset(slices, 0, sizeof slices);
    memset(pulses, 0, sizeof pulses);
    now_ns = power_on_ns = at_ns;
    now_ticks = ticks_of(at_ns);
    next_poll = now_ticks + BOARD_TICKS_PER_MS;
    for (uint8_t side = 0; side < PROTOCOL_SIDES; side++)
        next_load[side] = now_ticks + LOAD_PERIOD_TICKS;
    boots++;
    plant_advance(now_ns);
    core_start();
    refresh_due();
}

uint64_t host_advance(uint64_t until_ns)
{
    if (host_is_waiting())
        return now_ns;
    const uint64_t until = ticks_of(until_ns);
    while (next_poll <= until) {
        pulse_until(next_poll);
        now_ticks = next_poll;
        now_ns = ns_of(now_ticks);
        poll();
        if (host_is_waiting())
            return now_ns;
    }
    pulse_until(until);
    if (until > now_ticks)
        now_ticks = until;
    if (until_ns > now_ns)
        now_ns = until_ns;
    return now_ns;
}

/* ---------------------------------------------------------------- looking in */

void host_axis_profile(int axis, double *speed_steps_s, double *acceleration_steps_s2)
{
    const double one = 262144.0, per_s = SLICES_PER_SECOND;
    *speed_steps_s = *acceleration_steps_s2 = 0.0;
    for (uint8_t back = 0; back < SLICES_KEPT; back++) {
        const slice_record *s = &slices[axis][(uint8_t)(slices_at[axis] - back) % SLICES_KEPT];
        if (now_ticks < s->begins)
            continue;
        double part = (double)(now_ticks - s->begins) / SLICE_TICKS, change = (double)(s->v1 - s->v0);
        *speed_steps_s = (part < 1.0 ? (double)s->v0 + change * part : (double)s->v1) / one * per_s;
        *acceleration_steps_s2 = part < 1.0 ? change / one * per_s * per_s : 0.0;
        return;
    }
}

int32_t host_axis_pulses(int axis)
{
    return pulses[axis];
}

int32_t host_axis_steps(int axis)
{
    return stepper_position((uint8_t)axis);
}

uint64_t host_last_heartbeat_ns(void)
{
    uint32_t at_us;
    if (!safety_heartbeat_seen(&at_us))
        return 0;
    return now_ns - (uint64_t)(board_micros() - at_us) * 1000u;
}
