/* The whole board on a bench: bytes in, pulses out. */
#include <string.h>

#include "bench_plant.h"
#include "check.h"
#include "host.h"
#include "link.h"
#include "messages.h"
#include "packet.h"
#include "plant.h"
#include "safety.h"

static uint8_t sequence;

static void send(uint8_t control, const uint8_t *message, uint8_t size)
{
    uint8_t wire[PROTOCOL_HOST_PACKET_MAX];
    host_uart_write(wire, packet_encode(wire, control, message, size));
}

static void start(void)
{
    static uint64_t origin;
    origin += 1000000000ull;
    bench_reset();
    host_power_on(origin);
    sequence = 0;
}

static void run_ms(uint32_t ms)
{
    static uint8_t thrown_away[4096];
    uint64_t now = host_advance(0);
    host_advance(now + ms * 1000000ull);
    while (host_uart_read(thrown_away, sizeof thrown_away))
        ;
}

static uint64_t all_pulses(void)
{
    uint64_t sum = 0;
    for (int axis = 0; axis < PLANT_AXES; axis++)
        sum += bench_pulses(axis);
    return sum;
}

static void hello(void)
{
    uint8_t m[MESSAGE_HELLO_SIZE] = {MESSAGE_HELLO, 1, 2, 3, 4, PROTOCOL_VERSION, 0};
    for (int i = 0; i < 4; i++)
        m[7 + i] = (uint8_t)(PROTOCOL_SCHEMA >> (8 * i));
    send(1, m, sizeof m);
    run_ms(5);
}

static void test_noise_moves_nothing(void)
{
    start();
    hello();
    for (int i = 0; i < 20000; i++) {
        uint8_t noise[64];
        for (uint32_t k = 0; k < sizeof noise; k++)
            noise[k] = (uint8_t)(any(8) ? any(256) : 0);
        host_uart_write(noise, sizeof noise);
        run_ms(3);
    }
    CHECK(all_pulses() == 0 && !bench_rail(), "noise moved the machine");
}

/* Well-formed packets with random messages: whatever they say, no motion without an accepted configuration. */
static void test_random_commands_move_nothing_unconfigured(void)
{
    start();
    hello();
    for (int i = 0; i < 30000; i++) {
        uint8_t m[PACKET_CONTENT_MAX], size = (uint8_t)(1 + any(PACKET_CONTENT_MAX));
        for (uint8_t k = 0; k < size; k++)
            m[k] = (uint8_t)any(256);
        m[0] = (uint8_t)(10 + any(30));
        send((uint8_t)(PACKET_RELIABLE | (sequence++ & 0x7f)), m, size);
        run_ms(3);
        uint8_t ack[2] = {MESSAGE_HOST_ACK, (uint8_t)any(128)};
        send(2, ack, sizeof ack);
    }
    CHECK(link_counts.packets >= 59990 && link_counts.gaps == 0, "%u packets, %u gaps", link_counts.packets,
          link_counts.gaps);
    CHECK(all_pulses() == 0 && !bench_rail() && safety_state() == STATE_UNCONFIGURED, "moved unconfigured");
}

static void test_no_motion_before_hello(void)
{
    start();
    uint8_t arm[MESSAGE_ARM_SIZE] = {MESSAGE_ARM};
    send(PACKET_RELIABLE, arm, sizeof arm);
    run_ms(100);
    CHECK(safety_state() == STATE_UNCONFIGURED && !bench_rail(), "armed without a session");
}

static void set_heater(uint16_t permille)
{
    uint8_t m[MESSAGE_SET_OUTPUT_SIZE] = {MESSAGE_SET_OUTPUT, PLANT_HEATER, (uint8_t)permille,
                                          (uint8_t)(permille >> 8)};
    send((uint8_t)(PACKET_RELIABLE | (sequence++ & 0x7f)), m, sizeof m);
    run_ms(3);
}

static void heartbeat(void)
{
    uint8_t m[MESSAGE_HEARTBEAT_SIZE] = {MESSAGE_HEARTBEAT};
    send(1, m, sizeof m);
    run_ms(3);
}

/* Also in a board that was never configured. */
static void test_nothing_heats_without_a_host(void)
{
    start();
    hello();
    set_heater(1000);
    CHECK(bench_output(PLANT_HEATER) == 0, "a heater that no heartbeat looks after");
    heartbeat();
    set_heater(1000);
    CHECK(bench_output(PLANT_HEATER) == 1000, "a host may heat");
    run_ms(3005);
    CHECK(bench_output(PLANT_HEATER) == 0, "the host died, the heater did not");
    set_heater(1000);
    CHECK(bench_output(PLANT_HEATER) == 0, "commands are no heartbeats");
}

int main(void)
{
    test_nothing_heats_without_a_host();
    test_no_motion_before_hello();
    test_noise_moves_nothing();
    test_random_commands_move_nothing_unconfigured();
    puts("board: ok");
    return 0;
}
