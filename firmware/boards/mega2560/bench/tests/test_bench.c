/* The bench of the controller itself, with a program made for that (probe.c): times, pins, line, load cells, watchdog. */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "bench_plant.h"
#include "check.h"
#include "host.h"
#include "mega_host.h"

#define MS 1000000ull
#define INT5_VECTOR 6

static uint64_t now;

static void pass_ms(double ms)
{
    now += (uint64_t)(ms * 1e6);
    CHECK(host_advance(now) == now, "stopped early");
}

static void send(char letter)
{
    CHECK(host_uart_write((const uint8_t *)&letter, 1) == 1, "line full");
    pass_ms(2);
}

static int64_t value(const char *name, uint8_t size)
{
    uint8_t bytes[4] = {0};
    const int32_t address = mega_symbol(name);
    CHECK(address >= 0 && !mega_read_memory((uint32_t)address, bytes, size), "%s", name);
    const uint32_t raw = bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
    return size == 4 ? (int32_t)raw : (int64_t)raw;
}

static void fresh(void)
{
    bench_reset();
    host_uart_baud(250000);
    host_return_on_bytes(0);
    host_power_on(now);
    CHECK(!mega_error()[0], "%s", mega_error());
    pass_ms(10);
}

static void sleep_takes_simulated_time(void)
{
    fresh();
    const uint64_t cycles = mega_cycles(), asleep = mega_sleep_cycles();
    const int64_t polls = value("polls", 2);
    pass_ms(500);
    CHECK(mega_cycles() - cycles == 8000000, "%llu", (unsigned long long)(mega_cycles() - cycles));
    CHECK(value("polls", 2) - polls == 500, "%lld", (long long)(value("polls", 2) - polls));
    CHECK((mega_sleep_cycles() - asleep) * 100 > 8000000ull * 95, "awake too long");
    CHECK(value("reset_cause", 1) == 1, "power-on reset");
    uint64_t count, all;
    uint32_t longest;
    mega_interrupt_cycles(21, &count, &all, &longest); /* TIMER0_COMPA */
    CHECK(count > 500 && all == count * longest, "%llu x %u", (unsigned long long)count, longest);
}

static void pulses_have_exact_times(void)
{
    static uint8_t axes[2000];
    static int8_t directions[2000];
    static uint64_t cycles[2000];
    uint32_t high, low, setup;
    fresh();
    mega_record_pulses(1);
    send('s');
    pass_ms(200);
    const uint32_t count = mega_recorded_pulses(axes, directions, cycles, 2000);
    CHECK(count == 1000 && host_axis_pulses(0) == 1000 && bench_position(0) == 10000, "no rail: pulses, no steps");
    for (uint32_t i = 1; i < count; i++) {
        const int64_t apart = (int64_t)(cycles[i] - cycles[i - 1]);
        CHECK(axes[i] == 0 && directions[i] == 1, "pulse %u", i);
        CHECK(llabs(apart - 1600) < 60, "%lld cycles apart", (long long)apart);
        CHECK(llabs((int64_t)(cycles[i] - cycles[0]) - 1600 * (int64_t)i) < 60, "drift at %u", i);
    }
    mega_pulse_minimum(0, &high, &low, &setup);
    CHECK(high == 54 && low > 1480 && low < 1560 && setup >= 40, "%u %u %u", high, low, setup);
    CHECK(mega_last_pulse_cycle(0) == cycles[count - 1], "last pulse");
    send('l'); /* with the relay, steps move */
    send('s');
    pass_ms(200);
    CHECK(bench_position(0) == 11000, "%d", bench_position(0));
}

static void door_stops_steps(void)
{
    fresh();
    send('l');
    send('d');
    pass_ms(50);
    CHECK(bench_position(0) < 9600 && bench_position(5) > 10200, "moving");
    const int64_t edges = value("pcint2_edges", 2);
    bench_set_door(0);
    const uint64_t opened = mega_cycles();
    pass_ms(50);
    CHECK(value("pcint2_edges", 2) == edges + 1, "an edge");
    CHECK(mega_last_pulse_cycle(-1) < opened + 200, "%lld", (long long)(mega_last_pulse_cycle(-1) - opened));
}

static void inputs_raise_interrupts(void)
{
    fresh();
    const int64_t first = value("int5_edges", 2), j = value("pcint1_edges", 2), k = value("pcint2_edges", 2);
    bench_break_end_stop(0, 1); /* PE5 */
    pass_ms(1);
    bench_break_end_stop(0, 0);
    pass_ms(1);
    bench_break_end_stop(2, 1); /* PJ1 */
    pass_ms(1);
    bench_break_end_stop(4, 1); /* PD3: not enabled */
    pass_ms(1);
    bench_force_pin(0, 1);
    pass_ms(1);
    bench_set_estop(0);
    pass_ms(1);
    CHECK(value("int5_edges", 2) == first + 2, "%lld", (long long)(value("int5_edges", 2) - first));
    CHECK(value("pcint1_edges", 2) == j + 1, "%lld", (long long)(value("pcint1_edges", 2) - j));
    CHECK(value("pcint2_edges", 2) == k + 2, "%lld", (long long)(value("pcint2_edges", 2) - k));
    uint64_t count, all;
    uint32_t longest;
    mega_interrupt_cycles(INT5_VECTOR, &count, &all, &longest);
    CHECK(count == 2 && longest > 20 && longest < 100, "%llu %u", (unsigned long long)count, longest);
}

static void an_end_stop_closes_within_its_step(void)
{
    fresh();
    send('l');
    bench_place(0, 100);
    send('d');
    pass_ms(30);
    CHECK(bench_position(0) < 0, "%d", bench_position(0));
    CHECK(value("int5_edges", 2) == 1, "%lld", (long long)value("int5_edges", 2));
}

static void bytes_take_their_time(void)
{
    uint8_t sent[100], back[200];
    fresh();
    for (uint8_t i = 0; i < sizeof sent; i++)
        sent[i] = (uint8_t)(200 - i);
    host_uart_write(sent, sizeof sent);
    pass_ms(0.08);
    CHECK(host_uart_read(back, 200) == 0 && mega_uart_sent() == 0, "not yet: 40 us there, 40 us back");
    pass_ms(0.02);
    CHECK(host_uart_read(back, 200) == 1 && back[0] == 200, "the first");
    pass_ms(100 * 0.04);
    CHECK(host_uart_read(back + 1, 199) == 99 && !memcmp(back, sent, 100), "echo");
    CHECK(mega_uart_overruns() == 0 && mega_uart_framing_errors() == 0 && mega_uart_writes_lost() == 0, "clean");
    CHECK(mega_uart_board_baud() == 250000, "%u", mega_uart_board_baud());
    host_uart_baud(115200);
    host_uart_write(sent, 1);
    pass_ms(1);
    CHECK(mega_uart_framing_errors() > 0, "wrong rate");
}

static void late_programs_lose_bytes(void)
{
    uint8_t many[50] = {1}, back[200];
    fresh();
    send('c');
    host_uart_read(back, 200);
    host_uart_write(many, sizeof many);
    pass_ms(40);
    CHECK(mega_uart_overruns() == 47, "%u", mega_uart_overruns()); /* 2 buffered, 1 in the shift register */
    CHECK(host_uart_read(back, 200) == 3, "what is left");
}

static void returns_when_there_is_something_to_read(void)
{
    uint8_t back[10];
    fresh();
    host_return_on_bytes(1);
    host_uart_write((const uint8_t *)"ab\0", 3);
    const uint64_t begun = now;
    now = host_advance(now + 100 * MS);
    CHECK(now - begun > 160000 && now - begun < 200000, "%llu", (unsigned long long)(now - begun));
    CHECK(host_advance(now + MS) == now, "unread");
    CHECK(host_uart_read(back, 10) == 3, "packet");
    host_uart_write((const uint8_t *)"x", 1);
    now = host_advance(now + 100 * MS);
    CHECK(host_uart_read(back, 10) == 1, "the line is idle");
}

static void load_cells_are_read(void)
{
    fresh();
    bench_set_load(0, 123456);
    bench_set_load(1, -8000000);
    pass_ms(100);
    CHECK(value("readings", 4) == 123456, "%lld", (long long)value("readings", 4));
    CHECK(mega_load_cell_readings(0) >= 4 && mega_load_cell_power_downs(0) == 0, "%u", mega_load_cell_readings(0));
    const uint32_t before = mega_load_cell_readings(1);
    pass_ms(1000);
    CHECK(mega_load_cell_readings(1) - before == 80, "%u", mega_load_cell_readings(1) - before);
    mega_load_cell_unplug(0, 1);
    const uint32_t unplugged = mega_load_cell_readings(0);
    bench_set_load(0, 5);
    pass_ms(100);
    CHECK(mega_load_cell_readings(0) == unplugged && value("readings", 4) == 123456, "unplugged");
    mega_load_cell_unplug(0, 0);
    pass_ms(100);
    CHECK(value("readings", 4) == 5, "again");
}

static void servos_and_outputs_follow(void)
{
    uint32_t width, period;
    fresh();
    pass_ms(100);
    mega_servo_pulse(0, &width, &period);
    CHECK(width == 24000 && period == 320000 && bench_servo(0) == 4500, "%u %u %d", width, period, bench_servo(0));
    CHECK(bench_output(1) == 0 && bench_rail() == 0, "safe");
    send('l');
    CHECK(bench_output(0) == 1000 && bench_output(1) == 200 && bench_output(2) == 1000 && bench_rail() == 1, "on");
    host_power_on(now);
    CHECK(bench_output(0) == 0 && bench_output(2) == 0 && bench_rail() == 0, "off without power");
}

static void watchdog_resets_what_hangs(void)
{
    fresh();
    send('l');
    send('s');
    mega_set_hang();
    const uint64_t hung = mega_cycles();
    pass_ms(200);
    CHECK(mega_watchdog_resets() == 0 && bench_rail() == 1, "not yet");
    pass_ms(100);
    CHECK(mega_watchdog_resets() == 1 && bench_rail() == 0, "%u", mega_watchdog_resets());
    CHECK(value("reset_cause", 1) == 8, "%lld", (long long)value("reset_cause", 1));
    CHECK(mega_last_pulse_cycle(-1) < hung + 200, "no pulses");
    const int64_t polls = value("polls", 2);
    pass_ms(1000);
    CHECK(mega_watchdog_resets() == 1 && value("polls", 2) - polls == 1000, "alive again");
    CHECK(value("readings", 4) == 0, "load cells too");
    send('s');
    pass_ms(200);
    CHECK(host_axis_pulses(0) >= 1000, "%d", host_axis_pulses(0));
}

static void the_planned_profile_is_seen(void)
{
    double speed, acceleration;
    fresh();
    CHECK(host_last_heartbeat_ns() == 0, "none");
    send('b');
    CHECK(now - host_last_heartbeat_ns() < 2 * MS, "heartbeat");
    host_uart_write((const uint8_t *)"p", 1); /* from 1 ms later on: none to 2 steps in a slice */
    pass_ms(0.5);
    host_axis_profile(3, &speed, &acceleration);
    CHECK(speed == 0, "%g", speed);
    pass_ms(1.54);
    host_axis_profile(3, &speed, &acceleration);
    CHECK(speed > 480 && speed < 560 && acceleration == 500000, "%g %g", speed, acceleration);
    pass_ms(1.5);
    host_axis_profile(3, &speed, &acceleration);
    CHECK(speed == 1000 && acceleration == 0, "%g %g: it stays so until the next slice", speed, acceleration);
}

static void halves_of_registers_share_a_byte(void)
{
    fresh();
    send('t');
    CHECK(value("torn", 1) == 1, "an access that was disturbed went well");
}

static void stack_depth_is_known(void)
{
    fresh();
    const uint32_t before = mega_stack_low_water();
    send('z');
    CHECK(before > 7000 && before - mega_stack_low_water() > 480, "%u %u", before, mega_stack_low_water());
}

int main(int count, char **arguments)
{
    CHECK(count == 2 && !host_load_program(arguments[1]), "%s", mega_error());
    now = 5 * MS;
    sleep_takes_simulated_time();
    pulses_have_exact_times();
    door_stops_steps();
    inputs_raise_interrupts();
    an_end_stop_closes_within_its_step();
    bytes_take_their_time();
    late_programs_lose_bytes();
    returns_when_there_is_something_to_read();
    load_cells_are_read();
    servos_and_outputs_follow();
    watchdog_resets_what_hangs();
    the_planned_profile_is_seen();
    halves_of_registers_share_a_byte();
    stack_depth_is_known();
    CHECK(host_load_program("/nowhere") == -1 && strstr(mega_error(), "/nowhere"), "%s", mega_error());
    printf("mega2560 bench: ok\n");
    return 0;
}
