/*
 * libFuzzer against the whole board: the input is a script (see `operations`) of bytes, packets, changes of inputs and
 * steps of time. The first byte says how; whatever happens, judge.c must have nothing to say.
 */
#include <string.h>

#include "bench_plant.h"
#include "host.h"
#include "judge.h"
#include "messages.h"
#include "safety.h"
#include "settings.h"
#include "wire.h"

#define MS 1000000ull
#define LONGEST_NS (4000 * MS) /* of simulated time, a script */
#define CONTENT_MAX (PROTOCOL_HOST_PACKET_MAX - 7u)
#define SHAKEN_FIELDS (8 + 6 * 11 + 4 * 2 + 2 * 3)
#define LOAD_LIMIT_G 60000
#define FORK_LOAD_G 1000
#define COUNTS_PER_TONNE 20000000

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* ------------------------------------------------------------------------------------------ the input */

static const uint8_t *input;
static size_t input_left;

static uint8_t take(void)
{
    if (input_left == 0)
        return 0;
    input_left--;
    return *input++;
}

static int32_t take_signed(void)
{
    return (int8_t)take();
}

/* ------------------------------------------------------------------------------------------ the host */

static struct {
    uint64_t now_ns, end_ns, next_poll_ns, next_beat_ns;
    uint64_t beat_period_ns; /* 0: no heartbeats by themselves */
    bool acknowledges, door_closed, estop_ok;
    uint8_t sequence, express;
    uint8_t damage; /* the next packet has a byte wrong, here; 0: none */
    uint8_t joined; /* messages still to be put into one packet */
    bool is_joined_reliable;
    uint8_t pending[CONTENT_MAX], pending_size;
    uint8_t last[PROTOCOL_HOST_PACKET_MAX + 8u]; /* packet on the wire */
    size_t last_size;
    uint32_t nonce;
    uint16_t counter, programme, token;
} host;

static void to_board(const uint8_t *bytes, size_t count)
{
    uint32_t taken = host_uart_write(bytes, (uint32_t)count);
    judge_sent(bytes, taken, host.now_ns);
}

static void send_packet(bool is_reliable, const uint8_t *messages, size_t size)
{
    uint8_t sequence = is_reliable ? (uint8_t)(0x80u | host.sequence) : host.express;
    if (is_reliable)
        host.sequence = (host.sequence + 1u) & 0x7fu;
    else
        host.express = (host.express + 1u) & 0x7fu;
    host.last_size = wire_encode(host.last, sequence, messages, size);
    if (host.damage)
        host.last[host.damage % host.last_size] ^= host.damage;
    host.damage = 0;
    to_board(host.last, host.last_size);
}

static void flush_joined(void)
{
    if (host.pending_size)
        send_packet(host.is_joined_reliable, host.pending, host.pending_size);
    host.pending_size = host.joined = 0;
}

static void send(bool is_reliable, const uint8_t *message, uint8_t size)
{
    if (host.joined == 0) {
        send_packet(is_reliable, message, size);
        return;
    }
    if (host.pending_size && (is_reliable != host.is_joined_reliable || host.pending_size + size > CONTENT_MAX))
        flush_joined();
    host.is_joined_reliable = is_reliable;
    memcpy(host.pending + host.pending_size, message, size);
    host.pending_size = (uint8_t)(host.pending_size + size);
    if (host.joined == 0 || --host.joined == 0)
        flush_joined();
}

static uint8_t *put(uint8_t *at, uint32_t value, int bytes)
{
    for (int i = 0; i < bytes; i++)
        *at++ = (uint8_t)(value >> (8 * i));
    return at;
}

/* A message of numbers: `widths` has one digit, the bytes of a field, for each of `values`. */
static void command(bool is_reliable, uint8_t id, const char *widths, const uint32_t *values)
{
    uint8_t message[64] = {id}, *at = message + 1;
    for (int i = 0; widths[i]; i++)
        at = put(at, values[i], widths[i] - '0');
    send(is_reliable, message, (uint8_t)(at - message));
}

static void heartbeat(void)
{
    command(false, MESSAGE_HEARTBEAT, "2", (uint32_t[]){host.counter++});
}

/* ------------------------------------------------------------------------------------------ time */

static void listen(void)
{
    uint8_t bytes[512];
    uint32_t count;
    uint8_t expected = judge_next_expected();
    while ((count = host_uart_read(bytes, sizeof bytes)) != 0)
        judge_received(bytes, count);
    if (host.acknowledges && judge_next_expected() != expected)
        send_packet(false, (uint8_t[]){MESSAGE_HOST_ACK, judge_next_expected()}, MESSAGE_HOST_ACK_SIZE);
}

static void run(uint64_t duration_ns)
{
    uint64_t until_ns = host.now_ns + duration_ns;
    if (until_ns > host.end_ns)
        until_ns = host.end_ns;
    while (host.next_poll_ns <= until_ns) {
        if (host.beat_period_ns && host.now_ns >= host.next_beat_ns) {
            heartbeat();
            host.next_beat_ns = host.now_ns + host.beat_period_ns;
        }
        host.now_ns = host_advance(host.next_poll_ns);
        judge_polled(host.now_ns);
        host.next_poll_ns += JUDGE_POLL_NS;
        listen();
    }
    host.now_ns = host_advance(until_ns);
}

static void run_while_moving(uint32_t longest_ms)
{
    run(3 * MS);
    for (uint32_t ms = 0; ms < longest_ms && safety_state() == STATE_MOVING && host.now_ns < host.end_ns; ms++)
        run(MS);
}

/* ------------------------------------------------------------------------------------------ what a host says */

/* A host that comes anew has a nonce that was never used. */
static void hello(bool is_anew, uint16_t version, uint32_t schema)
{
    bool is_right = version == PROTOCOL_VERSION && schema == PROTOCOL_SCHEMA;
    host.nonce += is_anew;
    command(false, MESSAGE_HELLO, "424", (uint32_t[]){host.nonce | (is_right ? 0 : 1u << 31), version, schema});
    host.sequence = 0;
    host.token = 0;
}

/* Three machines, each small enough that a whole visit takes a second. */
typedef struct {
    uint32_t steps_per_m, speed, acceleration, homing_speed, slow_speed, backoff;
    int32_t home, minimum, maximum;
} machine_axis;

static const machine_axis machines[][2] = {
    /* lift and shuttle                                           scan */
    {{80000, 16000, 160000, 3000, 1500, 250, 20000, 20000, 26000},
     {80000, 30000, 250000, 3000, 1500, 250, 8000, 8000, 25000}},
    {{400000, 6000, 16000, 3200, 1000, 700, 60000, 60000, 66000},
     {400000, 16000, 32000, 4800, 1000, 700, 10000, 10000, 62000}},
    {{10000, 400, 1000, 200, 100, 40, 0, -10, 400}, {20000, 30000, 200000, 900, 300, 60, -2400, -3200, 1000}},
};
#define MACHINES (sizeof machines / sizeof machines[0])

/* One field of one configuration message can be shaken. */
static struct {
    int field, shaken;
    uint32_t by;
    uint8_t bytes[512];
    size_t size;
} configuration;

static void configuring(uint8_t id, const char *widths, uint32_t *values)
{
    uint8_t *at = configuration.bytes + configuration.size;
    *at++ = id;
    for (int i = 0; widths[i]; i++) {
        if (configuration.field++ == configuration.shaken)
            values[i] ^= configuration.by;
        at = put(at, values[i], widths[i] - '0');
    }
    configuration.size = (size_t)(at - configuration.bytes);
    command(true, id, widths, values);
}

static void configure(uint8_t machine, uint8_t smoothing, uint8_t deadline, int shaken, uint32_t by)
{
    static const uint32_t deadlines_ms[] = {300, 100, 1000, 3000};
    configuration.field = 0;
    configuration.shaken = shaken;
    configuration.by = by;
    configuration.size = 0;
    configuring(MESSAGE_CONFIGURE_BEGIN, "11221444",
                (uint32_t[]){BOARD_KIND_HOST, 0x3f, deadlines_ms[deadline % 4u], 10, smoothing % 5u, 100000,
                             LOAD_LIMIT_G, FORK_LOAD_G});
    for (uint8_t axis = 0; axis < 6; axis++) {
        const machine_axis *m = &machines[machine % MACHINES][axis == 2 || axis == 3];
        configuring(MESSAGE_CONFIGURE_AXIS, "11444444444",
                    (uint32_t[]){axis, axis < 4, m->steps_per_m, (uint32_t)m->home, (uint32_t)m->minimum,
                                 (uint32_t)m->maximum, m->speed << 8, m->acceleration << 8, m->homing_speed << 8,
                                 m->slow_speed << 8, m->backoff});
    }
    for (uint8_t servo = 0; servo < PROTOCOL_SERVOS; servo++)
        configuring(MESSAGE_CONFIGURE_SERVO, "14", (uint32_t[]){servo, 90000});
    for (uint8_t side = 0; side < PROTOCOL_SIDES; side++)
        configuring(MESSAGE_CONFIGURE_LOAD, "144", (uint32_t[]){side, COUNTS_PER_TONNE, side * 1000u});
    uint32_t checksum = wire_crc(configuration.bytes, configuration.size);
    command(true, MESSAGE_CONFIGURE_DONE, "4", (uint32_t[]){checksum});
}

static void home(uint8_t axes)
{
    command(true, MESSAGE_HOME, "21", (uint32_t[]){host.programme++, axes});
}

static void arm(uint16_t token)
{
    command(true, MESSAGE_ARM, "2", (uint32_t[]){token});
}

/* A move of a segment: within the travel of the axis for all but a few values of `to`. */
static void segment_axis(uint8_t axis, uint8_t to, uint8_t how)
{
    const axis_settings *a = &settings.axes[axis % PROTOCOL_AXES];
    int64_t travel = (int64_t)a->maximum - a->minimum;
    int32_t target = (int32_t)(a->minimum + travel * (to - 1) / 252);
    uint32_t speed = a->speed_q8 >> (how & 7u), acceleration = a->acceleration_q8 >> (how >> 3 & 3u);
    command(true, MESSAGE_SEGMENT_AXIS, "1444", (uint32_t[]){axis, (uint32_t)target, speed + (how >> 7), acceleration});
}

static void segment_extras(uint8_t extras)
{
    if (extras & 1u) {
        uint32_t kind = take() % 6u, side = take() & 3u, axis = take(), above = (uint32_t)(take_signed() * 512);
        int32_t threshold = take_signed() * (LOAD_LIMIT_G / 128);
        command(true, MESSAGE_SEGMENT_GUARD, "111414",
                (uint32_t[]){kind, side, extras >> 7, (uint32_t)threshold, axis < 8 ? axis : PROTOCOL_NO_AXIS, above});
    }
    if (extras & 2u) {
        uint32_t output = take() % 5u, axis = take(), to = take();
        const axis_settings *a = &settings.axes[axis % PROTOCOL_AXES];
        int64_t at = a->minimum + ((int64_t)a->maximum - a->minimum) * to / 255;
        command(true, MESSAGE_SEGMENT_OUTPUT, "1214",
                (uint32_t[]){output, 1000, axis < 8 ? axis : PROTOCOL_NO_AXIS, (uint32_t)at});
    }
    if (extras & 4u)
        command(true, MESSAGE_SEGMENT_SERVO, "12", (uint32_t[]){take() % 5u, (uint32_t)(take_signed() * 100)});
}

static void programme(void)
{
    uint8_t how = take(), segments = (uint8_t)(1 + (how & 7u) + (how & 64u ? 4 : 0));
    uint16_t number = host.programme++;
    command(true, MESSAGE_PROGRAMME_BEGIN, "221", (uint32_t[]){number, segments, how >> 7});
    for (uint8_t i = 0; i < segments; i++) {
        uint8_t parts = take(), axes = (uint8_t)(1 + (parts & 3u));
        command(true, MESSAGE_SEGMENT_BEGIN, "241",
                (uint32_t[]){i, parts & 4u ? take() : 0u, parts & 8u ? take() & 3u : 0u});
        for (uint8_t k = 0; k < axes; k++) {
            uint8_t axis = take(), to = take();
            segment_axis(axis % 9u, to, parts & 16u ? take() : 0);
        }
        if (parts & 32u)
            segment_extras(take());
        command(true, MESSAGE_SEGMENT_END, "2", (uint32_t[]){i});
        run(how & 8u ? MS : 0);
    }
    command(true, MESSAGE_PROGRAMME_START, "2", (uint32_t[]){number});
}

/* ------------------------------------------------------------------------------------------ operations */

static void op_raw(void)
{
    uint8_t bytes[32], count = take() & 31u;
    for (uint8_t i = 0; i < count; i++)
        bytes[i] = take();
    to_board(bytes, count);
}

static void op_wait(void)
{
    run((1u + take()) * MS);
}

static void op_wait_a_little(void)
{
    run((1u + take()) * 16000ull);
}

static void op_finish(void)
{
    run_while_moving(1500);
}

static void op_hello(void)
{
    uint8_t anew = take(), version = take();
    hello(anew & 1u, version & 0x80u ? version : PROTOCOL_VERSION, version & 0x40u ? version : PROTOCOL_SCHEMA);
}

static void op_configure(void)
{
    uint8_t which = take();
    configure(which, which >> 2, which >> 5, -1, 0);
}

static void op_shaken_configure(void)
{
    uint8_t which = take(), field = take(), bits = take(), place = take();
    configure(which, which >> 2, which >> 5, field % SHAKEN_FIELDS, (uint32_t)bits << (place & 31u));
}

static void op_heartbeat(void)
{
    heartbeat();
}

static void op_heart(void)
{
    host.beat_period_ns = (uint64_t)(take() & 31u) * 10 * MS;
}

static void op_arm(void)
{
    arm(host.token);
}

static void op_arm_with(void)
{
    arm(take());
}

static void op_disarm(void)
{
    command(true, MESSAGE_DISARM, "", NULL);
}

static void op_home(void)
{
    home(take());
}

static void op_stop(void)
{
    uint8_t cause = take();
    host.token = (uint16_t)(host.token + !(cause & 0x80u));
    command(false, MESSAGE_STOP, "21", (uint32_t[]){host.token, cause & 0x7fu});
}

static void op_hold(void)
{
    command(true, MESSAGE_HOLD, "", NULL);
}

static void op_resume(void)
{
    command(true, MESSAGE_RESUME, "", NULL);
}

/* Any message with any fields, whole or cut. */
static void op_message(void)
{
    uint8_t message[PROTOCOL_HOST_PACKET_MAX] = {take()}, how = take();
    uint8_t size = message_size_from_host(message[0]);
    if (size == 0 || how & 0x80u)
        size = (uint8_t)(1 + (how & 31u));
    for (uint8_t i = 1; i < size; i++)
        message[i] = take();
    send(how & 0x40u, message, size);
}

static void op_door_and_estop(void)
{
    uint8_t bits = take();
    host.door_closed = bits & 1u;
    host.estop_ok = bits & 2u;
    bench_set_door(host.door_closed);
    bench_set_estop(host.estop_ok);
    judge_inputs(host.door_closed, host.estop_ok, host.now_ns);
}

static void op_end_stop(void)
{
    uint8_t what = take();
    bench_break_end_stop(what % PROTOCOL_AXES, (what >> 3) % 3 - 1);
}

static void op_load(void)
{
    uint8_t side = take() & 1u;
    int32_t part = take_signed(); /* 127: just above the limit */
    int64_t grams = part == 126 ? LOAD_LIMIT_G : (int64_t)LOAD_LIMIT_G * part / 126;
    bench_set_load(side, (int32_t)(grams * (COUNTS_PER_TONNE / 1000) / 1000 + side * 1000));
}

static void op_silence(void)
{
    uint8_t what = take();
    bench_silence_load(what & 1, what & 2);
}

static void op_pin(void)
{
    uint8_t what = take();
    bench_force_pin(what & 1, (what >> 1) % 3 - 1);
}

static void op_block(void)
{
    uint8_t what = take();
    bench_block(what % PROTOCOL_AXES, what & 8);
}

static void op_acknowledge(void)
{
    host.acknowledges = take() & 1u;
}

static void op_skew(void)
{
    host.sequence = (host.sequence + take()) & 0x7fu;
}

static void op_damage(void)
{
    host.damage = take();
}

static void op_power_cycle(void)
{
    host_power_on(host.now_ns);
    judge_begin(host.now_ns, judge_byte_ns());
    host.next_poll_ns = host.now_ns + JUDGE_POLL_NS;
}

static void op_join(void)
{
    host.joined = take() & 7u;
}

static void op_output(void)
{
    uint8_t what = take();
    command(true, MESSAGE_SET_OUTPUT, "12", (uint32_t[]){what % 5u, what & 0x80u ? 1000 : 0});
}

static void op_again(void)
{
    to_board(host.last, host.last_size);
}

static void op_ready(void)
{
    uint8_t which = take();
    host.acknowledges = true;
    host.beat_period_ns = 50 * MS;
    hello(true, PROTOCOL_VERSION, PROTOCOL_SCHEMA);
    run(20 * MS);
    configure(which, which >> 2, which >> 5, -1, 0);
    run(60 * MS);
    heartbeat();
    arm(0);
    run(10 * MS);
    home(0x3f);
    run_while_moving(1500);
}

static void (*const operations[])(void) = {
    op_raw,
    op_wait,
    op_wait_a_little,
    op_finish,
    op_hello,
    op_configure,
    op_shaken_configure,
    op_heartbeat,
    op_heart,
    op_arm,
    op_arm_with,
    op_disarm,
    op_home,
    op_stop,
    op_hold,
    op_resume,
    op_message,
    op_door_and_estop,
    op_end_stop,
    op_load,
    op_pin,
    op_block,
    op_acknowledge,
    op_skew,
    op_damage,
    op_power_cycle,
    op_join,
    op_output,
    op_again,
    op_ready,
    programme,
    op_silence,
};
#define OPERATIONS (sizeof operations / sizeof operations[0])

/* ------------------------------------------------------------------------------------------ a run */

static void power_on(uint32_t baud)
{
    static uint64_t origin_ns;
    memset(&host, 0, sizeof host);
    origin_ns += 10000 * MS; /* time never goes back, not even from one script to the next */
    host.now_ns = origin_ns;
    host.end_ns = origin_ns + LONGEST_NS;
    host.next_poll_ns = origin_ns + JUDGE_POLL_NS;
    host.door_closed = host.estop_ok = true;
    bench_reset();
    for (uint8_t axis = 0; axis < PROTOCOL_AXES; axis++)
        bench_place(axis, 60);
    host_return_on_bytes(0);
    host_uart_baud(baud);
    host_power_on(origin_ns);
    judge_begin(origin_ns, baud ? 10000000000ull / baud : 0);
}

/* Well-formed greetings, and then bytes and time only. */
static void noise(void)
{
    judge_only_noise();
    hello(true, PROTOCOL_VERSION, PROTOCOL_SCHEMA);
    while (input_left) {
        op_raw();
        run(take() * (MS / 8));
    }
    run(20 * MS);
}

static void script(void)
{
    while (input_left && host.now_ns < host.end_ns)
        operations[take() % OPERATIONS]();
    flush_joined();
    run(5 * MS);
    host.beat_period_ns = 0; /* the host dies; what it left behind must come to rest */
    host.end_ns += LONGEST_NS;
    run(500 * MS);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    input = data;
    input_left = size;
    const uint8_t how = take();
    power_on(how & 1u ? 250000 : 0);
    if ((how & 0xe0u) == 0xe0u)
        noise();
    else
        script();
    return 0;
}
