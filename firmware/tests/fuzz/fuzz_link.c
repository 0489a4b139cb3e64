/*
 * libFuzzer against the link alone: link.c, packet.c and messages.c between a line and the rest of a board that is played
 * here. What the link hands on must be, in order and exactly once, what PROTOCOL.md says of the bytes that came; what it
 * sends must reach a host in order and whole.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "board.h"
#include "commands.h"
#include "link.h"
#include "safety.h"
#include "wire.h"

#define QUEUE 1024u
#define RESEND_US 40000u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

__attribute__((noreturn, format(printf, 1, 2))) static void fault(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fputs("forbidden: ", stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
    abort();
}

typedef struct {
    uint8_t bytes[PROTOCOL_HOST_PACKET_MAX];
    uint8_t size;
} item;

typedef struct {
    item items[QUEUE];
    uint32_t head, tail;
} queue;

static void push(queue *q, const uint8_t *bytes, size_t size)
{
    if (q->head - q->tail == QUEUE)
        fault("a script is too long");
    item *it = &q->items[q->head++ % QUEUE];
    memcpy(it->bytes, bytes, size);
    it->size = (uint8_t)size;
}

static uint32_t length_of(const queue *q)
{
    return q->head - q->tail;
}

/* The oldest must be these bytes. */
static void expect(queue *q, const uint8_t *bytes, size_t size, const char *what)
{
    if (q->head == q->tail)
        fault("%s %u, but nothing was due", what, bytes[0]);
    const item *it = &q->items[q->tail++ % QUEUE];
    if (it->size != size || memcmp(it->bytes, bytes, size) != 0)
        fault("%s %u instead of %u", what, bytes[0], it->bytes[0]);
}

/* ------------------------------------------------------------------------------------------ what should happen */

static struct {
    uint32_t micros;
    bool line_is_full;
    uint8_t to_board[8192];
    uint32_t to_board_head, to_board_tail;
    wire_reader reader, from_board;
    bool has_session;
    uint32_t nonce;
    uint8_t expected;
    queue calls;          /* messages that the link is to hand on */
    queue events;         /* reliable messages of the board that the host has not acknowledged */
    uint8_t host_expects; /* of the board's reliable stream */
    uint8_t acknowledged;
    uint32_t heard; /* of those in `events` */
    int unknown;    /* a message that the link itself is to refuse; -1: none */
} model;

static uint32_t little_endian(const uint8_t *bytes, int count)
{
    uint32_t value = 0;
    for (int i = 0; i < count; i++)
        value |= (uint32_t)bytes[i] << (8 * i);
    return value;
}

static void model_acknowledged(uint8_t next)
{
    uint8_t count = (uint8_t)(next - model.acknowledged) & 0x7fu;
    if (count == 0 || count > PROTOCOL_WINDOW || count > model.heard)
        return; /* old, or of what was never sent: bytes may say anything */
    model.events.tail += count;
    model.heard -= count;
    model.acknowledged = (model.acknowledged + count) & 0x7fu;
}

static void model_express(const uint8_t *message, uint8_t size)
{
    if (message[0] == MESSAGE_HELLO) {
        bool is_mine =
            little_endian(message + 5, 2) == PROTOCOL_VERSION && little_endian(message + 7, 4) == PROTOCOL_SCHEMA;
        uint32_t nonce = little_endian(message + 1, 4);
        if (!is_mine || (model.has_session && model.nonce == nonce))
            return;
        model.has_session = true;
        model.nonce = nonce;
        model.expected = model.host_expects = model.acknowledged = 0;
        model.heard = 0;
        model.events.tail = model.events.head;
        push(&model.calls, message, 1);
    } else if (model.has_session && message[0] == MESSAGE_HOST_ACK) {
        model_acknowledged(message[1]);
    } else if (model.has_session && (message[0] == MESSAGE_HEARTBEAT || message[0] == MESSAGE_STOP)) {
        push(&model.calls, message, message[0] == MESSAGE_HEARTBEAT ? 1 : size);
    }
}

static void model_packet(const uint8_t *content, int length)
{
    bool is_reliable = content[0] & 0x80u;
    if (is_reliable) {
        if (!model.has_session || (content[0] & 0x7fu) != model.expected)
            return;
        model.expected = (model.expected + 1u) & 0x7fu;
    }
    for (int at = 1; at < length;) {
        uint8_t size = message_size_from_host(content[at]);
        if (size == 0 || at + size > length) {
            if (is_reliable)
                model.unknown = content[at];
            break;
        }
        if (is_reliable)
            push(&model.calls, content + at, size);
        else
            model_express(content + at, size);
        at += size;
    }
}

static void line_in(const uint8_t *bytes, size_t count)
{
    for (size_t i = 0; i < count && model.to_board_head - model.to_board_tail < sizeof model.to_board; i++)
        model.to_board[model.to_board_head++ % sizeof model.to_board] = bytes[i];
}

/* ------------------------------------------------------------------------------------------ the rest of the board */

const uint8_t board_kind = BOARD_KIND_HOST;
static const uint16_t boots = 1;
const uint16_t *const board_boots = &boots;

uint32_t board_micros(void)
{
    return model.micros;
}

uint8_t board_reset_cause(void)
{
    return RESET_CAUSE_POWER;
}

/* The link took a message for the host, or says that it could not. */
static void was_queued(const uint8_t *message, uint8_t size)
{
    if (!link_overflowed())
        push(&model.events, message, size);
    else if (length_of(&model.events) <= PROTOCOL_WINDOW)
        fault("no room after %" PRIu32 " events", length_of(&model.events));
}

static void was_refused(void)
{
    if (model.unknown < 0)
        return;
    const uint8_t id = (uint8_t)model.unknown;
    was_queued((uint8_t[MESSAGE_RESULT_SIZE]){MESSAGE_RESULT, id, CAUSE_UNKNOWN_MESSAGE, PROTOCOL_NO_AXIS, 0, 0, id},
               MESSAGE_RESULT_SIZE);
    model.unknown = -1;
}

/* Up to the end of a packet, so that the model has seen no more than the link. */
uint16_t board_uart_read(uint8_t *bytes, uint16_t capacity)
{
    uint8_t content[WIRE_LONGEST];
    uint16_t count = 0;
    was_refused();
    while (count < capacity && model.to_board_tail != model.to_board_head) {
        bytes[count] = model.to_board[model.to_board_tail++ % sizeof model.to_board];
        int length = wire_read(&model.reader, bytes[count], content);
        if (length > 0)
            model_packet(content, length);
        if (bytes[count++] == 0)
            break;
    }
    return count;
}

static void hear_reliable(uint8_t sequence, const uint8_t *messages, int size)
{
    uint8_t ahead = (uint8_t)(sequence - model.host_expects) & 0x7fu;
    if (ahead == 0) {
        if (model.heard >= length_of(&model.events))
            fault("a reliable packet that nobody queued");
        const item *it = &model.events.items[(model.events.tail + model.heard) % QUEUE];
        if (it->size != size || memcmp(it->bytes, messages, it->size) != 0)
            fault("a reliable packet differs from what was queued");
        model.heard++;
        model.host_expects = (model.host_expects + 1u) & 0x7fu;
    } else if (ahead < 0x80u - PROTOCOL_WINDOW) {
        fault("reliable packets were left out");
    }
}

bool board_uart_write(const uint8_t *bytes, uint8_t length)
{
    uint8_t content[WIRE_LONGEST];
    if (model.line_is_full)
        return false;
    for (uint8_t i = 0; i < length; i++) {
        int size = wire_read(&model.from_board, bytes[i], content);
        if (size < 0 || (i + 1 == length) != (size > 0))
            fault("the link wrote something that is not one packet");
        if (size == 0)
            continue;
        if (!model.has_session && content[1] != MESSAGE_WELCOME && content[1] != MESSAGE_NO_SESSION)
            fault("message %u without a session", content[1]);
        if (content[0] & 0x80u)
            hear_reliable(content[0] & 0x7fu, content + 1, size - 1);
    }
    return true;
}

/* Half of the commands are answered, as in a board. */
void commands_receive(const uint8_t *message, uint8_t size)
{
    expect(&model.calls, message, size, "command");
    if (message[0] & 1u)
        return;
    uint8_t result[MESSAGE_RESULT_SIZE] = {MESSAGE_RESULT, message[0], 1, 2};
    link_result(message[0], 1, 2, 0, 0);
    was_queued(result, sizeof result);
}

uint32_t commands_configuration(void)
{
    return 0;
}

uint8_t commands_segment_capacity(void)
{
    return 8;
}

uint8_t safety_state(void)
{
    return STATE_UNCONFIGURED;
}

void safety_new_session(void)
{
    expect(&model.calls, (uint8_t[]){MESSAGE_HELLO}, 1, "session");
}

void safety_heartbeat(void)
{
    expect(&model.calls, (uint8_t[]){MESSAGE_HEARTBEAT}, 1, "heartbeat");
}

void safety_stop_asked(uint16_t token, uint8_t cause)
{
    expect(&model.calls, (uint8_t[]){MESSAGE_STOP, (uint8_t)token, (uint8_t)(token >> 8), cause}, MESSAGE_STOP_SIZE,
           "stop");
}

/* ------------------------------------------------------------------------------------------ scripts */

static const uint8_t *input;
static size_t input_left;

static uint8_t take(void)
{
    if (input_left == 0)
        return 0;
    input_left--;
    return *input++;
}

static void poll(void)
{
    while (link_poll())
        was_refused();
    was_refused();
    if (model.calls.head != model.calls.tail)
        fault("message %u was not handed on", model.calls.items[model.calls.tail % QUEUE].bytes[0]);
    link_send_events();
}

static void op_raw(void)
{
    uint8_t bytes[32], count = take() & 31u;
    for (uint8_t i = 0; i < count; i++)
        bytes[i] = take();
    line_in(bytes, count);
}

/* Any content: a whole packet of the stream, repeated, in advance, or damaged. */
static void packet(uint8_t control, const uint8_t *messages, uint8_t size, uint8_t damage)
{
    uint8_t wire[128];
    size_t length = wire_encode(wire, control, messages, size);
    if (damage)
        wire[damage % length] ^= damage;
    line_in(wire, length);
}

static void op_packet(void)
{
    uint8_t bytes[64], how = take(), count = take() & 63u;
    for (uint8_t i = 0; i < count; i++)
        bytes[i] = take();
    uint8_t sequence = (uint8_t)(model.expected + (how & 8u ? take() : 0u)) & 0x7fu;
    packet(how & 1u ? (uint8_t)(0x80u | sequence) : sequence, bytes, count, how & 2u ? take() : 0);
}

/* One message of the table with fields of zeros but the first. */
static void op_message(void)
{
    uint8_t bytes[64] = {take(), take()}, size = message_size_from_host(bytes[0]);
    if (size == 0)
        return;
    bool is_reliable = bytes[0] >= MESSAGE_CONFIGURE_BEGIN;
    packet(is_reliable ? (uint8_t)(0x80u | model.expected) : 0, bytes, size, 0);
}

static void op_hello(void)
{
    uint8_t message[MESSAGE_HELLO_SIZE] = {MESSAGE_HELLO, take(), 0, 0, 0, PROTOCOL_VERSION, 0};
    for (int i = 0; i < 4; i++)
        message[7 + i] = (uint8_t)(PROTOCOL_SCHEMA >> (8 * i));
    packet(1, message, sizeof message, 0);
}

static void op_acknowledge(void)
{
    packet(2, (uint8_t[]){MESSAGE_HOST_ACK, model.host_expects}, MESSAGE_HOST_ACK_SIZE, 0);
}

static void op_acknowledge_late(void)
{
    uint8_t behind = take() & 7u;
    packet(2, (uint8_t[]){MESSAGE_HOST_ACK, (uint8_t)(model.host_expects - behind) & 0x7fu}, MESSAGE_HOST_ACK_SIZE, 0);
}

static void op_event(void)
{
    uint8_t message[PROTOCOL_BOARD_PACKET_MAX], how = take();
    uint8_t size = (uint8_t)(1 + how % (PROTOCOL_BOARD_PACKET_MAX - 7u));
    memset(message, how, sizeof message);
    link_event(message, size);
    was_queued(message, size);
}

static void op_telemetry(void)
{
    uint8_t message[MESSAGE_STATUS_SIZE] = {MESSAGE_STATUS};
    if (model.has_session && link_telemetry(message, sizeof message) == model.line_is_full)
        fault("telemetry says that it was sent, and was not, or the other way round");
}

static void op_line(void)
{
    model.line_is_full = take() & 1u;
}

static void op_time(void)
{
    model.micros += take() * 1000u;
    poll();
}

static void op_poll(void)
{
    poll();
}

static void (*const operations[])(void) = {
    op_raw,   op_packet,    op_message, op_hello, op_acknowledge, op_acknowledge_late,
    op_event, op_telemetry, op_line,    op_time,  op_poll,
};
#define OPERATIONS (sizeof operations / sizeof operations[0])

/* Once the line is good and the host answers, everything that was queued has arrived. */
static void drain(void)
{
    model.line_is_full = false;
    line_in((uint8_t[]){0}, 1);
    poll();
    for (int i = 0; model.has_session && i < 200 && length_of(&model.events); i++) {
        model.micros += RESEND_US;
        poll();
        op_acknowledge();
        poll();
    }
    if (model.has_session && length_of(&model.events))
        fault("%" PRIu32 " events never arrived", length_of(&model.events));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    memset(&model, 0, sizeof model);
    model.unknown = -1;
    model.reader.longest = PROTOCOL_HOST_PACKET_MAX;
    model.from_board.longest = PROTOCOL_BOARD_PACKET_MAX - 1;
    input = data;
    input_left = size;
    link_reset();
    while (input_left) {
        operations[take() % OPERATIONS]();
        if (model.to_board_head - model.to_board_tail > 4096)
            poll();
    }
    drain();
    return 0;
}
