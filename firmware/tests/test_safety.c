/*
 * safety.c alone, between neighbours that are played: the table of SAFETY.md, and behind it limits and deadlines to the
 * unit, what is reported, what is remembered. tools/firmware_mutants.py breaks safety.c in every place and asks these tests.
 */
#include "safety.h"

#include <string.h>

#include "check.h"
#include "neighbours.h"
#include "safety_table.h"
#include "settings.h"

#define RAIL_SETTLES_US 50000u

/* ------------------------------------------------------------------------------------------ the table */

static const struct {
    const char *name;
    uint8_t cause;
} causes[] = {
    {"estop_pressed", CAUSE_ESTOP_PRESSED},
    {"door_open", CAUSE_DOOR_OPEN},
    {"heartbeat_lost", CAUSE_HEARTBEAT_LOST},
    {"load_limit", CAUSE_LOAD_LIMIT},
    {"stop_asked", CAUSE_STOP_ASKED},
    {"lease_lost", CAUSE_LEASE_LOST},
    {"guard_tripped", CAUSE_GUARD_TRIPPED},
    {"end_stop_early", CAUSE_END_STOP_EARLY},
    {"end_stop_missing", CAUSE_END_STOP_MISSING},
    {"end_stop_stuck", CAUSE_END_STOP_STUCK},
    {"end_stop_late", CAUSE_END_STOP_LATE},
    {"separation", CAUSE_SEPARATION},
    {"event_overflow", CAUSE_EVENT_OVERFLOW},
    {"host_changed", CAUSE_HOST_CHANGED},
    {"disarm_asked", CAUSE_DISARM_ASKED},
    {"load_silent", CAUSE_LOAD_SILENT},
    {"planner_late", CAUSE_PLANNER_LATE},
    {"motor_alarm", CAUSE_MOTOR_ALARM},
    {"not_configured", CAUSE_NOT_CONFIGURED},
    {"not_armed", CAUSE_NOT_ARMED},
    {"busy", CAUSE_BUSY},
    {"no_heartbeat", CAUSE_NO_HEARTBEAT},
};

static uint8_t cause_named(const char *name)
{
    for (size_t i = 0; i < sizeof causes / sizeof causes[0]; i++)
        if (strcmp(name, causes[i].name) == 0)
            return causes[i].cause;
    CHECK(false, "no cause %s", name);
    return CAUSE_NONE;
}

static enum column column_named(const char *name)
{
    for (enum column column = 0; column < COLUMNS; column++)
        if (strcmp(name, columns[column].name) == 0)
            return column;
    CHECK(false, "no state %s", name);
    return COLUMNS;
}

static bool is_closed(enum column column)
{
    return strcmp(columns[column].relay, "closed") == 0;
}

/* Where it happened; for messages of failed checks. */
static const char *event_name, *column_name;
#define EXPECT(condition) CHECK(condition, "'%s' while %s, now %s", event_name, column_name, columns[where()].name)

static void expect_state(enum column column)
{
    EXPECT(where() == column);
    EXPECT(done.relay == is_closed(column) && safety_rail() == is_closed(column));
    EXPECT(safety_is_live() == is_closed(column));
}

static void expect_told(uint8_t end, uint8_t cause)
{
    EXPECT(done.programme_aborts == 1 && done.homing_aborts == 1);
    EXPECT(done.abort_end == end && done.abort_why.cause == cause);
}

static void expect_nothing_stopped(void)
{
    EXPECT(done.stops_told == 0 && done.positions_told == 0);
    EXPECT(done.brakes == 0 && done.flushes == 0 && done.freezes == 0);
}

static void expect_stopped_by(uint8_t category, uint8_t cause)
{
    EXPECT(done.stops_told == 1 && done.positions_told == 1 && done.positions_came_first);
    EXPECT(done.stopped.category == category && done.stopped.cause == cause);
    EXPECT(done.freezes == 1 && safety_cause() == cause);
    EXPECT(category ? done.brakes == 1 && done.flushes == 0 : done.brakes == 0 && done.flushes == 1);
}

static void category_1(enum column from, uint8_t cause)
{
    const enum column rests = cause == CAUSE_DISARM_ASKED ? DISARMED : STOPPED;
    const uint8_t end = cause == CAUSE_GUARD_TRIPPED ? END_GUARD : END_STOPPED;
    expect_stopped_by(1, cause);
    EXPECT(done.braked == EVERY_AXIS);
    if (from != ARMED) {
        expect_state(BRAKING);
        EXPECT(safety_state() == (from == MOVING ? STATE_MOVING : STATE_HOLDING));
        EXPECT(done.programme_aborts == 0 && done.homing_aborts == 0);
        safety_poll();
        expect_state(BRAKING);
        world.at_rest = true;
        safety_poll();
        expect_stopped_by(1, cause);
    }
    expect_state(rests);
    expect_told(end, cause);
}

static void happen(const table_row *row, enum column from)
{
    const char *cell = row->cells[from];
    enter(from);
    event_name = row->name;
    column_name = columns[from].name;
    const uint8_t state = safety_state(), cause = safety_cause(), referenced = safety_referenced();
    const bool was_live = done.relay;
    const int answer = row->event();
    const bool is_safe = strchr(".1", cell[0]) && cell[1] == 'o';
    EXPECT((done.outputs_safe != 0) == (is_safe || cell[0] == '0'));
    EXPECT(answer == NO_ANSWER || answer == (cell[0] == '!' ? cause_named(cell + 1) : CAUSE_NONE));
    if (cell[0] == '1') {
        category_1(from, cause_named(strchr(cell, ' ') + 1));
    } else if (cell[0] == '0') {
        expect_stopped_by(0, cause_named(cell + 2));
        expect_state(ESTOP);
        expect_told(END_STOPPED, cause_named(cell + 2));
    } else if (cell[0] == '.' || cell[0] == '!') {
        expect_nothing_stopped();
        expect_state(from);
        EXPECT(safety_state() == state && safety_cause() == cause && done.relay == was_live);
        EXPECT((safety_referenced() != referenced) == (cell[1] == 'u' && cell[0] == '.'));
        EXPECT(done.programme_aborts == 0 && done.homing_aborts == 0);
    } else {
        expect_nothing_stopped();
        expect_state(column_named(cell));
    }
}

static void test_every_event_in_every_state(void)
{
    for (int i = 0; i < table_rows; i++)
        for (enum column from = 0; from < COLUMNS; from++)
            happen(&table[i], from);
}

/* ------------------------------------------------------------------------------------------ reports */

static void test_a_stop_is_reported_with_all_that_decided(void)
{
    enter(MOVING);
    world.segment = 0x1234;
    world.load_g[0] = -5;
    world.load_g[1] = 70000;
    safety_stop(refused(CAUSE_SEPARATION, 3, -100000, 200000));
    const message_stopped *m = &done.stopped;
    CHECK(m->category == 1 && m->cause == CAUSE_SEPARATION && m->axis == 3, "who");
    CHECK(m->segment == 0x1234 && m->time_us == world.micros, "where and when");
    CHECK(m->loads_g[0] == -5 && m->loads_g[1] == 70000, "loads");
    CHECK(m->value == -100000 && m->limit == 200000, "what decided");
}

static void test_the_first_cause_is_reported_until_a_category_0_stop(void)
{
    enter(MOVING);
    safety_stop(because(CAUSE_SEPARATION));
    safety_stop(because(CAUSE_GUARD_TRIPPED));
    CHECK(done.stops_told == 1 && safety_cause() == CAUSE_SEPARATION, "second cause");
    world.estop_ok = false;
    safety_poll();
    CHECK(done.stops_told == 2 && done.stopped.category == 0 && done.stopped.cause == CAUSE_ESTOP_PRESSED,
          "category 0");
    CHECK(done.stopped.axis == PROTOCOL_NO_AXIS && done.stopped.value == 0 && done.stopped.limit == 0, "no numbers");
    CHECK(where() == ESTOP && done.programme_aborts == 1, "one end");
    world.at_rest = true;
    safety_poll();
    CHECK(where() == ESTOP && done.programme_aborts == 1, "the older stop came back");
}

static void expect_numbers(refusal why, uint8_t axis, int32_t value, int32_t limit)
{
    CHECK(why.axis == axis && why.value == value && why.limit == limit, "axis %u, value %d, limit %d", why.axis,
          why.value, why.limit);
}

static refusal last_stop(void)
{
    return refused(done.stopped.cause, done.stopped.axis, done.stopped.value, done.stopped.limit);
}

static void test_refusals_name_what_decided(void)
{
    enter(UNCONFIGURED);
    expect_numbers(safety_arm(0), PROTOCOL_NO_AXIS, 0, 0);
    expect_numbers(safety_disarm(), PROTOCOL_NO_AXIS, 0, 0);
    expect_numbers(safety_may_move(), PROTOCOL_NO_AXIS, 0, 0);
    enter(MOVING);
    expect_numbers(safety_arm(0), PROTOCOL_NO_AXIS, STATE_MOVING, 0);
    expect_numbers(safety_may_move(), PROTOCOL_NO_AXIS, STATE_MOVING, 0);
    enter(DISARMED);
    expect_numbers(safety_may_move(), PROTOCOL_NO_AXIS, STATE_DISARMED, STATE_ARMED);
    safety_stop_asked(40000, CAUSE_STOP_ASKED);
    expect_numbers(safety_arm(39999), PROTOCOL_NO_AXIS, 39999, 40000);
    CHECK(safety_arm(40000).cause == CAUSE_NONE, "the newest token");
    expect_numbers(safety_disarm(), PROTOCOL_NO_AXIS, 0, 0);
    enter(DISARMED);
    world.door_closed = false;
    expect_numbers(safety_arm(0), PROTOCOL_NO_AXIS, 0, 0);
    world.estop_ok = false;
    expect_numbers(safety_arm(0), PROTOCOL_NO_AXIS, 0, 0);
    enter(ARMED);
    world.load_g[1] = LIMIT_G + 1;
    expect_numbers(safety_arm(0), 1, LIMIT_G + 1, LIMIT_G);
    world.load_age_ms[0] = 150;
    expect_numbers(safety_begin_motion(), 0, 150, SILENT_MS);
}

static void test_stops_name_what_decided(void)
{
    enter(ARMED);
    world.micros += 301999;
    safety_poll();
    expect_numbers(last_stop(), PROTOCOL_NO_AXIS, 301, DEADLINE_MS);
    enter(MOVING);
    safety_stop_asked(1, CAUSE_STOP_ASKED);
    expect_numbers(last_stop(), PROTOCOL_NO_AXIS, 0, 0);
    enter(MOVING);
    safety_new_session();
    expect_numbers(last_stop(), PROTOCOL_NO_AXIS, 0, 0);
    enter(MOVING);
    safety_disarm();
    expect_numbers(last_stop(), PROTOCOL_NO_AXIS, 0, 0);
    enter(MOVING);
    world.edges_lost = true;
    safety_poll();
    expect_numbers(last_stop(), PROTOCOL_NO_AXIS, 0, 0);
}

/* ------------------------------------------------------------------------------------------ heartbeats */

/* Age after which the machine is stopped for a heartbeat. */
static void expect_deadline_ms(uint32_t deadline_ms)
{
    const uint32_t at = world.micros;
    safety_heartbeat();
    neighbours_forget();
    for (uint32_t age = deadline_ms * 1000u - 1000u; age < deadline_ms * 1000u; age += 333u) {
        world.micros = at + age;
        safety_poll();
        CHECK(done.outputs_safe == 0 && safety_hears_host(), "late after %u us of %u ms", age, deadline_ms);
    }
    world.micros = at + deadline_ms * 1000u;
    safety_poll();
    CHECK(done.outputs_safe == 0 && safety_hears_host(), "late before %u ms", deadline_ms);
    world.micros++;
    safety_poll();
    CHECK(done.outputs_safe == 1 && !safety_hears_host(), "not late after %u ms", deadline_ms);
    safety_poll();
    CHECK(done.outputs_safe == 1, "late twice");
}

static void test_the_deadline_is_the_configured_one(void)
{
    const uint16_t deadlines_ms[] = {100, 300, 3000};
    for (int i = 0; i < 3; i++)
        for (enum column column = DISARMED; column < COLUMNS; column++) {
            enter(column);
            settings.heartbeat_deadline_ms = deadlines_ms[i];
            expect_deadline_ms(deadlines_ms[i]);
        }
    enter(UNCONFIGURED);
    settings.heartbeat_deadline_ms = 100; /* of a configuration that is not accepted yet */
    expect_deadline_ms(HEARTBEAT_DEADLINE_MAX_MS);
}

static void test_heartbeats_are_those_of_the_session(void)
{
    uint32_t at_us;
    enter(STOPPED);
    world.micros += 7;
    CHECK(safety_heartbeat_seen(&at_us) && at_us == 0xfffff000u, "when");
    safety_heartbeat();
    CHECK(safety_heartbeat_seen(&at_us) && at_us == 0xfffff007u, "when");
    world.micros += 1000000;
    refusal why = safety_arm(0);
    CHECK(why.cause == CAUSE_NO_HEARTBEAT, "armed");
    expect_numbers(why, PROTOCOL_NO_AXIS, 1000, DEADLINE_MS);
    safety_poll();
    CHECK(safety_heartbeat_seen(&at_us), "one came, if late");
    why = safety_arm(0);
    CHECK(why.cause == CAUSE_NO_HEARTBEAT, "armed");
    expect_numbers(why, PROTOCOL_NO_AXIS, 0, DEADLINE_MS);
    safety_heartbeat();
    CHECK(safety_hears_host() && safety_arm(0).cause == CAUSE_NONE, "not armed");
    safety_new_session();
    CHECK(!safety_heartbeat_seen(&at_us) && !safety_hears_host(), "of the host before");
    CHECK(safety_arm(0).cause == CAUSE_NO_HEARTBEAT, "armed");
    safety_heartbeat();
    CHECK(safety_heartbeat_seen(&at_us) && safety_arm(0).cause == CAUSE_NONE, "not armed");
}

/* ------------------------------------------------------------------------------------------ power */

static void expect_settled_after(uint32_t us)
{
    const uint32_t at = world.micros;
    for (uint32_t age = 0; age < us; age += us / 8u) {
        world.micros = at + age;
        CHECK(!safety_rail_settled(), "after %u us", age);
    }
    world.micros = at + us - 1u;
    CHECK(!safety_rail_settled(), "too early");
    world.micros = at + us;
    CHECK(safety_rail_settled(), "too late");
}

static void test_drivers_get_their_time_after_the_relay_closes(void)
{
    enter(DISARMED);
    settings.heartbeat_deadline_ms = 3000;
    CHECK(!safety_rail_settled(), "no power");
    CHECK(safety_arm(0).cause == CAUSE_NONE, "not armed");
    expect_settled_after(RAIL_SETTLES_US);
    CHECK(safety_arm(0).cause == CAUSE_NONE && safety_rail_settled(), "armed before, power all the time");
    safety_disarm();
    CHECK(!safety_rail_settled(), "no power");
    world.micros += 1000;
    CHECK(safety_arm(0).cause == CAUSE_NONE, "not armed");
    expect_settled_after(RAIL_SETTLES_US);
}

static void test_arming_ends_a_halt_and_forgets_the_last_cause(void)
{
    enter(ESTOP);
    world.halted = CAUSE_DOOR_OPEN;
    CHECK(safety_cause() == CAUSE_DOOR_OPEN && safety_arm(0).cause == CAUSE_NONE, "not armed");
    CHECK(done.releases == 1 && safety_cause() == CAUSE_NONE, "halted");
    safety_poll();
    CHECK(where() == ARMED, "halted again");
    enter(UNCONFIGURED);
    world.halted = CAUSE_DOOR_OPEN;
    configure();
    CHECK(done.releases == 1 && where() == DISARMED, "halted");
    safety_poll();
    CHECK(where() == DISARMED, "the door of before");
}

static void test_an_open_input_goes_before_a_remembered_one(void)
{
    enter(MOVING);
    world.halted = CAUSE_DOOR_OPEN;
    world.estop_ok = false;
    safety_poll();
    CHECK(done.stopped.cause == CAUSE_ESTOP_PRESSED, "cause %u", done.stopped.cause);
}

static void test_an_alarm_counts_once_the_rail_has_settled_and_when_it_lasts(void)
{
    enter(MOVING);
    world.motors_ready = false;
    world.micros += RAIL_SETTLES_US - 1;
    safety_poll();
    world.micros += 1;
    safety_poll();
    world.micros += 999;
    safety_poll();
    CHECK(where() == MOVING, "too early");
    world.motors_ready = true;
    safety_poll();
    world.micros += 1000;
    world.motors_ready = false;
    safety_poll();
    world.micros += 999;
    safety_poll();
    CHECK(where() == MOVING, "an alarm of before was counted");
    world.micros += 1;
    safety_poll();
    CHECK(where() == ESTOP && done.stopped.cause == CAUSE_MOTOR_ALARM, "cause %u", done.stopped.cause);
    CHECK(safety_referenced() == SCREWS, "referenced: %02x", safety_referenced());
    CHECK(safety_arm(0).cause == CAUSE_NONE, "not armed");
    safety_poll();
    CHECK(where() == ARMED, "the alarm of before");
}

static void test_who_opens_the_door_hears_of_the_door(void)
{
    enter(MOVING);
    world.micros += RAIL_SETTLES_US;
    world.motors_ready = false;
    safety_poll();
    world.micros += 1000;
    world.door_closed = false;
    safety_poll();
    CHECK(done.stopped.cause == CAUSE_DOOR_OPEN, "cause %u", done.stopped.cause);
}

static void test_a_restart_forgets_an_alarm(void)
{
    enter(ARMED);
    world.micros += RAIL_SETTLES_US;
    world.motors_ready = false;
    safety_poll();
    const uint32_t then = world.micros;
    enter(ARMED);
    world.micros = then + RAIL_SETTLES_US;
    world.motors_ready = false;
    safety_poll();
    CHECK(where() == ARMED, "an alarm of before the restart");
}

/* ------------------------------------------------------------------------------------------ tokens */

static void test_a_stop_counts_once(void)
{
    enter(ARMED);
    safety_stop_asked(1, CAUSE_STOP_ASKED);
    CHECK(where() == STOPPED && safety_arm(1).cause == CAUSE_NONE, "not armed");
    safety_stop_asked(1, CAUSE_STOP_ASKED);
    CHECK(where() == ARMED, "a repetition stopped");
    safety_stop_asked(0xffff, CAUSE_STOP_ASKED);
    CHECK(where() == STOPPED && safety_arm(1).cause == CAUSE_STOP_ASKED, "older arm");
    safety_new_session();
    safety_heartbeat();
    CHECK(safety_arm(0xffff).cause == CAUSE_STOP_ASKED && safety_arm(0).cause == CAUSE_NONE,
          "tokens of the host before");
}

static void test_a_stop_while_disarmed_is_remembered(void)
{
    enter(DISARMED);
    safety_stop_asked(1, CAUSE_STOP_ASKED);
    CHECK(where() == STOPPED && safety_cause() == CAUSE_STOP_ASKED, "cause %u", safety_cause());
}

/* ------------------------------------------------------------------------------------------ places */

static void test_a_category_0_stop_leaves_what_screws_hold(void)
{
    enter(MOVING);
    world.door_closed = false;
    safety_poll();
    CHECK(safety_referenced() == SCREWS, "referenced: %02x", safety_referenced());
}

static void test_a_category_1_stop_leaves_all_places(void)
{
    enter(MOVING);
    safety_stop(because(CAUSE_GUARD_TRIPPED));
    world.at_rest = true;
    safety_poll();
    CHECK(where() == STOPPED && safety_referenced() == EVERY_AXIS, "referenced: %02x", safety_referenced());
}

static void test_axes_that_may_have_lost_steps_are_unreferenced(void)
{
    enter(MOVING);
    world.moving = 0x91;
    world.lateness = 321;
    safety_set_referenced(3, false);
    safety_poll();
    CHECK(safety_referenced() == 0x66, "referenced: %02x", safety_referenced());
    expect_numbers(last_stop(), PROTOCOL_NO_AXIS, 321, 0);
}

static void look_at_every_axis(void)
{
    for (uint8_t axis = 0; axis < PROTOCOL_AXES; axis++)
        safety_poll();
}

static void test_every_end_stop_is_looked_at_in_eight_polls(void)
{
    for (uint8_t polls_before = 0; polls_before < PROTOCOL_AXES; polls_before++)
        for (uint8_t axis = 0; axis < PROTOCOL_AXES; axis++) {
            enter(MOVING);
            for (uint8_t poll = 0; poll < polls_before; poll++)
                safety_poll();
            world.end_stops = (uint8_t)(1u << axis);
            world.positions[axis] = HOME + MM + 1;
            look_at_every_axis();
            CHECK(where() == BRAKING && safety_referenced() == (EVERY_AXIS & ~(1u << axis)), "axis %u", axis);
            expect_numbers(last_stop(), axis, HOME + MM + 1, HOME);
        }
}

static void test_end_stops_of_axes_at_rest_or_without_a_place_say_nothing(void)
{
    enter(MOVING);
    world.end_stops = 0x30;
    world.positions[4] = world.positions[5] = HOME + MM + 1;
    world.moving = 0x20;
    safety_set_referenced(5, false);
    look_at_every_axis();
    CHECK(where() == MOVING && safety_referenced() == 0xdf, "referenced: %02x", safety_referenced());
}

static void test_places_of_another_configuration_are_forgotten(void)
{
    enter(DISARMED);
    safety_set_referenced(3, false);
    safety_unconfigured();
    safety_configured(true);
    CHECK(where() == DISARMED && safety_referenced() == 0xf7, "the same configuration");
    safety_unconfigured();
    safety_configured(false);
    CHECK(safety_referenced() == 0, "another");
}

static void test_configuring_anew_opens_the_relay(void)
{
    enter(ARMED);
    safety_unconfigured(); /* settings.c asks only where the table says so */
    CHECK(where() == UNCONFIGURED && !done.relay && !safety_rail(), "relay");
}

static void test_power_on_forgets_everything(void)
{
    uint32_t at_us;
    enter(BRAKING);
    safety_stop_asked(9, CAUSE_STOP_ASKED);
    safety_reset();
    CHECK(where() == UNCONFIGURED && !done.relay && done.relay_calls == 1 && !safety_rail(), "power");
    CHECK(safety_cause() == CAUSE_NONE && safety_referenced() == 0, "memory");
    CHECK(!safety_heartbeat_seen(&at_us) && !safety_hears_host(), "heartbeat");
    world.at_rest = true;
    safety_poll();
    CHECK(where() == UNCONFIGURED && done.programme_aborts == 0, "the stop of before");
    safety_heartbeat();
    configure();
    CHECK(safety_arm(0).cause == CAUSE_NONE, "token");
}

int main(void)
{
    test_every_event_in_every_state();
    test_a_stop_is_reported_with_all_that_decided();
    test_the_first_cause_is_reported_until_a_category_0_stop();
    test_refusals_name_what_decided();
    test_stops_name_what_decided();
    test_the_deadline_is_the_configured_one();
    test_heartbeats_are_those_of_the_session();
    test_drivers_get_their_time_after_the_relay_closes();
    test_arming_ends_a_halt_and_forgets_the_last_cause();
    test_an_open_input_goes_before_a_remembered_one();
    test_an_alarm_counts_once_the_rail_has_settled_and_when_it_lasts();
    test_who_opens_the_door_hears_of_the_door();
    test_a_restart_forgets_an_alarm();
    test_a_stop_counts_once();
    test_a_stop_while_disarmed_is_remembered();
    test_a_category_0_stop_leaves_what_screws_hold();
    test_a_category_1_stop_leaves_all_places();
    test_axes_that_may_have_lost_steps_are_unreferenced();
    test_every_end_stop_is_looked_at_in_eight_polls();
    test_end_stops_of_axes_at_rest_or_without_a_place_say_nothing();
    test_places_of_another_configuration_are_forgotten();
    test_configuring_anew_opens_the_relay();
    test_power_on_forgets_everything();
    puts("safety: ok");
    return 0;
}
