#include "link.h"

#include <string.h>

#include "board.h"
#include "commands.h"
#include "packet.h"
#include "safety.h"

#define EVENTS 16u /* a power of two, more than the window */
#define RESEND_US 40000u

typedef struct {
    uint8_t bytes[PACKET_CONTENT_MAX];
    uint8_t size;
} event;

link_counters link_counts;
static packet_receiver receiver;
static bool is_open;
static uint32_t session_nonce;
static uint8_t expected; /* next sequence number from the host */
static bool ack_due;
static uint8_t express_count; /* sequence of express packets: lets the host count losses */

static event events[EVENTS];
static uint8_t first, unsent, next; /* free-running: oldest not acknowledged, next to send, next free */
static uint8_t furthest;            /* the same: next that was never sent, while `unsent` goes back to send again */
static uint32_t sent_us;
static bool overflowed;

void link_reset(void)
{
    memset(&link_counts, 0, sizeof link_counts);
    memset(&receiver, 0, sizeof receiver);
    is_open = ack_due = overflowed = false;
    expected = express_count = first = unsent = next = furthest = 0;
    session_nonce = 0;
}

bool link_has_session(void)
{
    return is_open;
}

bool link_overflowed(void)
{
    bool was = overflowed;
    overflowed = false;
    return was;
}

static bool send(uint8_t sequence, const uint8_t *messages, uint8_t size)
{
    uint8_t wire[PROTOCOL_BOARD_PACKET_MAX];
    return board_uart_write(wire, packet_encode(wire, sequence, messages, size));
}

bool link_express(const uint8_t *message, uint8_t size)
{
    return send(express_count++ & 0x7fu, message, size);
}

bool link_telemetry(const uint8_t *message, uint8_t size)
{
    if (send(express_count & 0x7fu, message, size)) {
        express_count++;
        return true;
    }
    link_counts.telemetry_skipped++;
    return false;
}

void link_event(const uint8_t *message, uint8_t size)
{
    if ((uint8_t)(next - first) == EVENTS) {
        overflowed = true;
        return;
    }
    event *e = &events[next % EVENTS];
    /* the caller's buffer is written by the call that gives size */
    // cppcheck-suppress uninitvar
    memcpy(e->bytes, message, size);
    e->size = size;
    next++;
}

void link_result_segment(uint8_t message, uint8_t cause, uint8_t axis, uint16_t segment, int32_t value, int32_t limit)
{
    uint8_t bytes[MESSAGE_RESULT_SIZE];
    message_result m = {message, cause, axis, segment, value, limit};
    link_event(bytes, message_write_result(bytes, &m));
}

void link_result(uint8_t message, uint8_t cause, uint8_t axis, int32_t value, int32_t limit)
{
    link_result_segment(message, cause, axis, 0, value, limit);
}

static void acknowledge(void)
{
    uint8_t ack[MESSAGE_BOARD_ACK_SIZE] = {MESSAGE_BOARD_ACK, expected};
    if (ack_due && link_express(ack, sizeof ack)) /* no room: with the next poll */
        ack_due = false;
}

void link_send_events(void)
{
    uint32_t now = board_micros();
    if (!is_open)
        return;
    acknowledge();
    if (unsent != first && now - sent_us >= RESEND_US) {
        link_counts.resent = (uint16_t)(link_counts.resent + (uint8_t)(unsent - first));
        unsent = first;
    }
    while (unsent != next && (uint8_t)(unsent - first) < PROTOCOL_WINDOW) {
        const event *e = &events[unsent % EVENTS];
        if (!send((uint8_t)(PACKET_RELIABLE | (unsent & 0x7fu)), e->bytes, e->size))
            return;
        if (unsent == first)
            sent_us = now;
        unsent++;
        if ((int8_t)(unsent - furthest) > 0)
            furthest = unsent;
    }
}

static void acknowledged(uint8_t next_expected)
{
    uint8_t count = (uint8_t)(next_expected - first) & 0x7fu;
    if (count == 0 || count > (uint8_t)(furthest - first))
        return; /* old or nonsense */
    first = (uint8_t)(first + count);
    if ((int8_t)(unsent - first) < 0)
        unsent = first; /* heard after we had begun to resend */
    sent_us = board_micros();
}

static void hello(const uint8_t *fields)
{
    message_hello m;
    message_read_hello(fields, &m);
    bool is_mine = m.protocol == PROTOCOL_VERSION && m.schema == PROTOCOL_SCHEMA;
    if (is_mine && !(is_open && session_nonce == m.nonce)) {
        is_open = true;
        session_nonce = m.nonce;
        expected = first = unsent = next = furthest = 0;
        ack_due = overflowed = false;
        safety_new_session(); /* last, so that the new host hears of the stop */
    }
    uint8_t bytes[MESSAGE_WELCOME_SIZE];
    message_welcome w = {
        .nonce = m.nonce,
        .protocol = PROTOCOL_VERSION,
        .schema = PROTOCOL_SCHEMA,
        .board_kind = board_kind,
        .boots = *board_boots,
        .configuration = commands_configuration(),
        .segment_capacity = commands_segment_capacity(),
        .state = safety_state(),
        .reset_cause = board_reset_cause(),
    };
    link_express(bytes, message_write_welcome(bytes, &w));
}

static void express(const uint8_t *message)
{
    switch (message[0]) {
    case MESSAGE_HEARTBEAT: {
        message_heartbeat m;
        message_read_heartbeat(message + 1, &m);
        safety_heartbeat();
        uint8_t bytes[MESSAGE_HEARTBEAT_ECHO_SIZE];
        message_heartbeat_echo echo = {m.counter, board_micros()};
        link_express(bytes, message_write_heartbeat_echo(bytes, &echo));
        break;
    }
    case MESSAGE_STOP: {
        message_stop m;
        message_read_stop(message + 1, &m);
        safety_stop_asked(m.token, m.cause);
        uint8_t bytes[MESSAGE_STOP_HEARD_SIZE];
        message_stop_heard heard = {m.token};
        link_express(bytes, message_write_stop_heard(bytes, &heard));
        break;
    }
    case MESSAGE_HOST_ACK:
        acknowledged(message[1]);
        break;
    default:
        link_counts.unknown++;
        break;
    }
}

static void no_session(void)
{
    uint8_t bytes[MESSAGE_NO_SESSION_SIZE] = {MESSAGE_NO_SESSION};
    link_express(bytes, sizeof bytes);
}

static void messages(const uint8_t *bytes, uint8_t length, bool is_reliable)
{
    while (length) {
        uint8_t size = message_size_from_host(bytes[0]);
        if (size == 0 || size > length) {
            link_counts.unknown++;
            if (is_reliable)
                link_result(bytes[0], CAUSE_UNKNOWN_MESSAGE, PROTOCOL_NO_AXIS, bytes[0], 0);
            return;
        }
        if (is_reliable)
            commands_receive(bytes, size);
        else if (bytes[0] == MESSAGE_HELLO)
            hello(bytes + 1);
        else if (is_open)
            express(bytes);
        else
            no_session();
        bytes += size;
        length = (uint8_t)(length - size);
    }
}

static void packet(void)
{
    uint8_t sequence = receiver.bytes[0], length = (uint8_t)(receiver.length - 1u);
    const uint8_t *content = receiver.bytes + 1;
    link_counts.packets++;
    if (!(sequence & PACKET_RELIABLE)) {
        messages(content, length, false);
        return;
    }
    if (!is_open) {
        no_session();
        return;
    }
    ack_due = true;
    if ((sequence & 0x7fu) != expected) {
        link_counts.gaps++; /* a repetition, or one before it was lost: the host resends from what we acknowledge */
        return;
    }
    expected = (expected + 1u) & 0x7fu;
    messages(content, length, true);
}

bool link_poll(void)
{
    uint8_t bytes[16];
    uint16_t count;
    while ((count = board_uart_read(bytes, sizeof bytes)) != 0) {
        for (uint16_t i = 0; i < count; i++) {
            enum packet_event seen = packet_receive(&receiver, bytes[i]);
            if (seen == PACKET_NONE)
                continue;
            if (seen == PACKET_GOOD)
                packet();
            else
                link_counts.bad_packets++;
            receiver.length = 0;
            acknowledge();
            return true; /* a zero is the last of the bytes read */
        }
    }
    return false;
}
