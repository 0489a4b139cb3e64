#include "judge.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host.h"
#include "link.h"
#include "safety.h"
#include "settings.h"
#include "wire.h"

/* The bench, with wires for pulses and relay that pass here first. */
#define plant_step bench_plant_step
#define plant_motor_rail bench_plant_motor_rail
#include "../bench_plant.c"
#undef plant_step
#undef plant_motor_rail

#define MS 1000000ull
#define NEVER UINT64_MAX
#define STATES 7
#define FACTS 512u
#define CATEGORY_0_NS (1 * MS)
#define UNHEARD_NS (4 * MS)       /* a packet that has arrived is taken by then, at the speed of the real line */
#define LOOK_AHEAD_NS (16 * MS)   /* until the first slice that is not planned, to whole slices, and a poll */
#define SMOOTHING_NS (32 * MS)    /* the longest mean over which ramps are rounded */
#define LOAD_FILTER_NS (105 * MS) /* four samples at 80 Hz and the wait for the next; or a cell that says nothing */
#define LONGEST_DEADLINE_MS 3000u

/* ------------------------------------------------------------------------------------------ transitions of SAFETY.md */

#define TO(state) (1u << STATE_##state)

static const uint8_t by_itself[STATES] = {
    [STATE_DISARMED] = TO(ESTOP),
    [STATE_ARMED] = TO(STOPPED) | TO(ESTOP),
    [STATE_MOVING] = TO(ARMED) | TO(STOPPED) | TO(DISARMED) | TO(ESTOP) | TO(HOLDING),
    [STATE_HOLDING] = TO(STOPPED) | TO(DISARMED) | TO(ESTOP),
    [STATE_STOPPED] = TO(ESTOP),
};

static const uint8_t by_command[STATES] = {
    [STATE_UNCONFIGURED] = TO(DISARMED),
    [STATE_DISARMED] = TO(ARMED) | TO(STOPPED) | TO(UNCONFIGURED),
    [STATE_ARMED] = TO(MOVING) | TO(STOPPED) | TO(DISARMED),
    [STATE_MOVING] = TO(HOLDING),
    [STATE_HOLDING] = TO(MOVING) | TO(STOPPED) | TO(DISARMED),
    [STATE_STOPPED] = TO(ARMED) | TO(UNCONFIGURED),
    [STATE_ESTOP] = TO(ARMED) | TO(UNCONFIGURED),
};

/* States reachable from a set of states. */
static uint8_t after(uint8_t set, const uint8_t edges[STATES])
{
    uint8_t reached = 0;
    for (int state = 0; state < STATES; state++)
        if (set & (1u << state))
            reached |= edges[state];
    return reached;
}

static bool is_reachable(uint8_t from, uint8_t to, uint32_t commands)
{
    uint8_t set = (uint8_t)(1u << from);
    for (uint32_t used = 0; used <= commands && used <= STATES; used++) {
        for (int i = 0; i < STATES; i++)
            set |= after(set, by_itself);
        if (set & (1u << to))
            return true;
        set |= after(set, by_command);
    }
    return false;
}

/* ------------------------------------------------------------------------------------------ what is known */

enum fact_kind { HEARTBEAT, HELLO, STOP, ARM, CONFIGURE_DONE, OTHER_COMMAND };

typedef struct {
    uint64_t arrives_ns;
    uint32_t value;
    uint16_t packet; /* which of all good packets since power-on */
    uint8_t kind;
} fact;

static struct {
    uint64_t now_ns, byte_ns, line_free_ns;
    bool only_noise;
    wire_reader to_board, from_board;
    fact facts[FACTS];
    uint32_t facts_head, facts_tail;
    uint16_t packets; /* good ones that were sent */
    bool has_session;
    uint32_t nonce;
    uint16_t token;
    uint64_t heard_ns;    /* the last heartbeat; NEVER: none in this session */
    uint64_t closed_ns;   /* the relay closed last */
    uint64_t rest_by_ns;  /* a stop was delivered: nothing moves later than this; NEVER: none */
    uint64_t open_ns;     /* door or e-stop opened; NEVER: both are closed */
    uint64_t overload_ns; /* a load is above the hard limit since */
    uint64_t outputs_ns;  /* without a host since, as far as outputs go */
    uint64_t pressed_ns[PROTOCOL_AXES];
    bool was_configured, was_armed;
    uint8_t state;
    bool was_welcomed, has_missed;
    uint8_t next_sequence;
    uint32_t arms_accepted, ends_done;
} seen;

__attribute__((noreturn, format(printf, 1, 2))) static void fault(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fprintf(stderr, "forbidden at %.3f ms, state %u: ", (double)seen.now_ns / 1e6, safety_state());
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
    abort();
}

void judge_begin(uint64_t now_ns, uint64_t byte_ns)
{
    memset(&seen, 0, sizeof seen);
    seen.now_ns = seen.line_free_ns = now_ns;
    seen.byte_ns = byte_ns;
    seen.to_board.longest = PROTOCOL_HOST_PACKET_MAX;
    seen.from_board.longest = PROTOCOL_BOARD_PACKET_MAX - 1;
    seen.heard_ns = seen.rest_by_ns = seen.open_ns = seen.overload_ns = NEVER;
    seen.outputs_ns = now_ns;
    for (uint8_t axis = 0; axis < PROTOCOL_AXES; axis++)
        seen.pressed_ns[axis] = NEVER;
    seen.state = STATE_UNCONFIGURED;
    judge_inputs(door_closed, estop_ok, now_ns);
}

void judge_only_noise(void)
{
    seen.only_noise = true;
}

uint64_t judge_byte_ns(void)
{
    return seen.byte_ns;
}

uint8_t judge_next_expected(void)
{
    return seen.next_sequence;
}

uint16_t judge_stop_token(void)
{
    return seen.token;
}

uint32_t judge_arms_accepted(void)
{
    return seen.arms_accepted;
}

uint32_t judge_ends_done(void)
{
    return seen.ends_done;
}

/* ------------------------------------------------------------------------------------------ what is sent and set */

static void note(uint8_t kind, uint32_t value, uint64_t arrives_ns)
{
    if (seen.facts_head - seen.facts_tail < FACTS)
        seen.facts[seen.facts_head++ % FACTS] = (fact){arrives_ns, value, seen.packets, kind};
}

static uint32_t little_endian(const uint8_t *bytes, int count)
{
    uint32_t value = 0;
    for (int i = 0; i < count; i++)
        value |= (uint32_t)bytes[i] << (8 * i);
    return value;
}

static void note_express(const uint8_t *message, uint64_t arrives_ns)
{
    if (message[0] == MESSAGE_HEARTBEAT)
        note(HEARTBEAT, 0, arrives_ns);
    else if (message[0] == MESSAGE_STOP)
        note(STOP, little_endian(message + 1, 2), arrives_ns);
    else if (message[0] == MESSAGE_HELLO && little_endian(message + 5, 2) == PROTOCOL_VERSION &&
             little_endian(message + 7, 4) == PROTOCOL_SCHEMA)
        note(HELLO, little_endian(message + 1, 4), arrives_ns);
}

static void note_reliable(const uint8_t *message, uint64_t arrives_ns)
{
    if (message[0] == MESSAGE_ARM)
        note(ARM, 0, arrives_ns);
    else if (message[0] == MESSAGE_CONFIGURE_DONE)
        note(CONFIGURE_DONE, 0, arrives_ns);
    else
        note(OTHER_COMMAND, 0, arrives_ns);
}

void judge_sent(const uint8_t *bytes, uint32_t count, uint64_t now_ns)
{
    uint8_t content[WIRE_LONGEST];
    if (seen.line_free_ns < now_ns)
        seen.line_free_ns = now_ns;
    for (uint32_t i = 0; i < count; i++) {
        seen.line_free_ns += seen.byte_ns;
        int length = wire_read(&seen.to_board, bytes[i], content);
        seen.packets = (uint16_t)(seen.packets + (length > 0));
        for (int at = 1; at < length;) {
            uint8_t size = message_size_from_host(content[at]);
            if (size == 0 || at + size > length)
                break;
            if (content[0] & 0x80u)
                note_reliable(content + at, seen.line_free_ns);
            else
                note_express(content + at, seen.line_free_ns);
            at += size;
        }
    }
}

void judge_inputs(bool is_door_closed, bool is_estop_ok, uint64_t now_ns)
{
    if (is_door_closed && is_estop_ok)
        seen.open_ns = NEVER;
    else if (seen.open_ns == NEVER)
        seen.open_ns = now_ns;
}

/* ------------------------------------------------------------------------------------------ what is pulsed */

/* The longest controlled stop of the configured machine. */
static uint64_t braking_ns(void)
{
    double longest_s = 0.0;
    for (uint8_t axis = 0; axis < PROTOCOL_AXES; axis++) {
        const axis_settings *a = &settings.axes[axis];
        if (a->is_used && (double)a->speed_q8 / a->acceleration_q8 > longest_s)
            longest_s = (double)a->speed_q8 / a->acceleration_q8;
    }
    return (uint64_t)(longest_s * 1.01 * 1e9) + LOOK_AHEAD_NS + SMOOTHING_NS;
}

static uint64_t deadline_ns(void)
{
    return (settings.is_accepted ? settings.heartbeat_deadline_ms : LONGEST_DEADLINE_MS) * MS;
}

static bool is_past(uint64_t since_ns, uint64_t allowed_ns)
{
    return since_ns != NEVER && seen.now_ns > since_ns && seen.now_ns - since_ns > allowed_ns;
}

static void judge_limits(int axis, int32_t position)
{
    const axis_settings *a = &settings.axes[axis];
    if (!(safety_referenced() & (1u << axis)))
        return;
    if (position < a->minimum || position > a->maximum)
        fault("axis %d pulsed to %" PRId32 ", outside %" PRId32 "..%" PRId32, axis, position, a->minimum, a->maximum);
}

/* Both beams of a side know where they are: no pulse that brings them closer when they are too close. */
static void judge_separation(int axis, int direction)
{
    const int side = axis & 1;
    const uint8_t both = (uint8_t)(1u << side | 1u << (side + 2));
    if (axis > 3 || (safety_referenced() & both) != both)
        return;
    const axis_settings *lift = &settings.axes[side], *scan = &settings.axes[side + 2];
    double gap_mm = (double)host_axis_steps(side) * 1e3 / lift->steps_per_m -
                    (double)host_axis_steps(side + 2) * 1e3 / scan->steps_per_m;
    double rounding_mm = 4e3 / lift->steps_per_m + 4e3 / scan->steps_per_m + 0.02;
    bool is_closer = (axis == side) == (direction < 0);
    if (is_closer && gap_mm < settings.beam_separation_um / 1e3 - rounding_mm)
        fault("axis %d: beams at %.3f mm come closer than %.3f mm", axis, gap_mm, settings.beam_separation_um / 1e3);
}

static void judge_end_stop(int axis, int32_t position)
{
    const axis_settings *a = &settings.axes[axis];
    bool is_early = (safety_referenced() & (1u << axis)) && plant_endstop(axis) &&
                    position > a->home + (int32_t)(a->steps_per_m / 1000u) + 1;
    if (!is_early)
        seen.pressed_ns[axis] = NEVER;
    else if (seen.pressed_ns[axis] == NEVER)
        seen.pressed_ns[axis] = seen.now_ns;
    else if (is_past(seen.pressed_ns[axis], 12 * MS))
        fault("axis %d goes on with its end stop pressed where it should be free", axis);
}

void plant_step(int axis, int direction, uint64_t now_ns)
{
    seen.now_ns = now_ns;
    const uint8_t state = safety_state();
    const int32_t position = host_axis_steps(axis) + direction;
    if (seen.only_noise)
        fault("noise gave a pulse on axis %d", axis);
    if (!seen.was_configured || !settings.is_accepted || !settings.axes[axis].is_used)
        fault("axis %d pulsed without a configuration", axis);
    if (!seen.was_armed || (state != STATE_MOVING && state != STATE_HOLDING))
        fault("axis %d pulsed while nothing may move", axis);
    if (!rail || !safety_rail_settled())
        fault("axis %d pulsed without power", axis);
    if (is_past(seen.open_ns, CATEGORY_0_NS))
        fault("axis %d pulsed %.3f ms after door or e-stop opened", axis, (double)(now_ns - seen.open_ns) / 1e6);
    if (seen.heard_ns == NEVER && seen.rest_by_ns == NEVER)
        fault("axis %d pulsed without a heartbeat", axis);
    if (is_past(seen.heard_ns, deadline_ns() + 2 * MS + braking_ns()))
        fault("axis %d pulsed %.3f ms after the last heartbeat", axis, (double)(now_ns - seen.heard_ns) / 1e6);
    if (seen.rest_by_ns != NEVER && now_ns > seen.rest_by_ns)
        fault("axis %d pulsed later than a stop allows", axis);
    if (is_past(seen.overload_ns, LOAD_FILTER_NS + braking_ns()))
        fault("axis %d pulsed in spite of the load", axis);
    judge_limits(axis, position);
    judge_separation(axis, direction);
    judge_end_stop(axis, position);
    bench_plant_step(axis, direction, now_ns);
}

/* Without power everything rests: what was stopped is over, and only a new arm may follow. */
void plant_motor_rail(int on, uint64_t now_ns)
{
    if (!on) {
        seen.rest_by_ns = NEVER;
        seen.was_armed = false;
    } else if (!rail) {
        seen.closed_ns = now_ns;
    }
    bench_plant_motor_rail(on, now_ns);
}

/* ------------------------------------------------------------------------------------------ what each poll leaves */

/* A stop was delivered. If the relay closed in the same poll, the arm came after it. */
static void must_rest(void)
{
    if (seen.rest_by_ns == NEVER && rail && seen.closed_ns != seen.now_ns)
        seen.rest_by_ns = seen.now_ns + braking_ns();
}

/* The board counts the packets that it takes: what it has not taken yet has not happened. */
static const fact *next_fact(void)
{
    const fact *f = &seen.facts[seen.facts_tail % FACTS];
    if (seen.facts_tail == seen.facts_head)
        return NULL;
    if ((int16_t)(link_counts.packets - f->packet) >= 0) {
        seen.facts_tail++;
        return f;
    }
    if (seen.byte_ns && is_past(f->arrives_ns, UNHEARD_NS))
        fault("the board leaves packets lying for %.3f ms", (double)(seen.now_ns - f->arrives_ns) / 1e6);
    return NULL;
}

/* Returns how many commands the board may have taken. */
static uint32_t deliver(void)
{
    uint32_t commands = 0;
    const fact *f;
    while ((f = next_fact()) != NULL) {
        commands += f->kind != HEARTBEAT;
        switch (f->kind) {
        case HEARTBEAT:
            if (seen.has_session)
                seen.heard_ns = seen.now_ns;
            break;
        case HELLO:
            if (seen.has_session && seen.nonce == f->value)
                break;
            seen.has_session = true;
            seen.nonce = f->value;
            seen.was_welcomed = seen.has_missed = false;
            seen.token = 0;
            seen.heard_ns = NEVER;
            must_rest();
            break;
        case STOP:
            if (seen.has_session && f->value != seen.token) {
                seen.token = (uint16_t)f->value;
                must_rest();
            }
            break;
        case ARM:
            seen.was_armed = true;
            break;
        case CONFIGURE_DONE:
            seen.was_configured = true;
            break;
        default:
            break;
        }
    }
    return commands;
}

static void judge_outputs(void)
{
    bool is_late = seen.heard_ns == NEVER || is_past(seen.heard_ns, deadline_ns() + 2 * MS);
    if (!is_late)
        seen.outputs_ns = NEVER;
    else if (seen.outputs_ns == NEVER)
        seen.outputs_ns = seen.now_ns;
    /* without any heartbeat the longest deadline counts from the beginning */
    uint64_t patience_ns = seen.heard_ns == NEVER ? LONGEST_DEADLINE_MS * MS + 2 * MS : 0;
    if (is_past(seen.outputs_ns, patience_ns) && outputs[PLANT_HEATER])
        fault("the heater is on without a host");
    if (is_past(seen.outputs_ns, patience_ns) && outputs[PLANT_STROBE])
        fault("the strobe is on without a host");
}

static void judge_load(void)
{
    bool is_over = false; /* or not known to be */
    for (uint8_t side = 0; side < PROTOCOL_SIDES && settings.is_accepted; side++) {
        double grams = ((double)loads[side] - settings.load_offset[side]) * (double)settings.grams_per_count[side];
        is_over |= silent_loads[side] || grams > settings.load_limit_g + 1.0;
    }
    if (!is_over)
        seen.overload_ns = NEVER;
    else if (seen.overload_ns == NEVER)
        seen.overload_ns = seen.now_ns;
}

void judge_polled(uint64_t now_ns)
{
    seen.now_ns = now_ns;
    uint32_t commands = deliver();
    const uint8_t state = safety_state();
    if (state >= STATES || !is_reachable(seen.state, state, commands))
        fault("state %u became %u with %" PRIu32 " commands", seen.state, state, commands);
    bool may_have_power = state == STATE_ARMED || state == STATE_MOVING || state == STATE_HOLDING;
    if ((rail != 0) != may_have_power)
        fault("the motor relay is %s", rail ? "closed" : "open");
    if (is_past(seen.open_ns, CATEGORY_0_NS) && rail)
        fault("the motor relay is closed while door or e-stop is open");
    seen.state = state;
    judge_outputs();
    judge_load();
}

/* ------------------------------------------------------------------------------------------ what the board says */

static void judge_message(const uint8_t *message)
{
    switch (message[0]) {
    case MESSAGE_WELCOME:
        if (!seen.was_welcomed && little_endian(message + 1, 4) == seen.nonce) {
            seen.was_welcomed = true;
            seen.next_sequence = 0;
        }
        break;
    case MESSAGE_RESULT:
        seen.arms_accepted += message[1] == MESSAGE_ARM && message[2] == CAUSE_NONE;
        break;
    case MESSAGE_PROGRAMME_END:
        seen.ends_done += message[3] == END_DONE;
        break;
    case MESSAGE_STATUS:
        if (message[1] >= STATES)
            fault("status tells state %u", message[1]);
        break;
    default:
        break;
    }
}

/* Reliable packets come in order, each again until it is acknowledged. */
static bool is_repetition(uint8_t sequence)
{
    if (!(sequence & 0x80u))
        return false;
    if (!seen.was_welcomed) { /* of a session that has ended, or that the host does not know to have begun */
        seen.has_missed = true;
        return true;
    }
    uint8_t behind = (uint8_t)(seen.next_sequence - sequence) & 0x7fu;
    if (behind > PROTOCOL_WINDOW && seen.has_missed)
        return true; /* it will be sent again */
    if (behind > PROTOCOL_WINDOW)
        fault("the board left out reliable packets before %u, %u was expected", sequence & 0x7fu, seen.next_sequence);
    if (behind == 0)
        seen.next_sequence = (seen.next_sequence + 1u) & 0x7fu;
    return behind != 0;
}

static void judge_packet(const uint8_t *content, int length)
{
    bool is_repeated = is_repetition(content[0]);
    for (int at = 1; at < length; at += wire_board_message_size(content[at])) {
        uint8_t size = wire_board_message_size(content[at]);
        if (size == 0 || at + size > length)
            fault("the board sent message %u, %d bytes before the end of its packet", content[at], length - at);
        if (!is_repeated)
            judge_message(content + at);
    }
}

void judge_received(const uint8_t *bytes, uint32_t count)
{
    uint8_t content[WIRE_LONGEST];
    for (uint32_t i = 0; i < count; i++) {
        int length = wire_read(&seen.from_board, bytes[i], content);
        if (length < 0)
            fault("the board sent something that is no packet");
        if (length > 0)
            judge_packet(content, length);
    }
}
