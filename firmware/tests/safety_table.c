#include "safety_table.h"

#include <string.h>

#include "check.h"
#include "neighbours.h"
#include "safety.h"
#include "settings.h"

/* ------------------------------------------------------------------------------------------ states */

const table_column columns[COLUMNS] = {
    {"unconfigured", "open"}, {"disarmed", "open"},  {"armed", "closed"}, {"moving", "closed"},
    {"holding", "closed"},    {"braking", "closed"}, {"stopped", "open"}, {"estop", "open"},
};

static const uint8_t states[COLUMNS] = {
    STATE_UNCONFIGURED, STATE_DISARMED, STATE_ARMED,   STATE_MOVING,
    STATE_HOLDING,      STATE_MOVING,   STATE_STOPPED, STATE_ESTOP,
};

refusal because(uint8_t cause)
{
    return refused(cause, PROTOCOL_NO_AXIS, 0, 0);
}

void configure(void)
{
    memset(&settings, 0, sizeof settings);
    settings.is_accepted = true;
    settings.heartbeat_deadline_ms = DEADLINE_MS;
    settings.load_limit_g = LIMIT_G;
    for (uint8_t axis = 0; axis < PROTOCOL_AXES; axis++) {
        settings.axes[axis].is_used = true;
        settings.axes[axis].keeps_position = SCREWS >> axis & 1u;
        settings.axes[axis].steps_per_m = STEPS_PER_M;
        settings.axes[axis].home = HOME;
    }
    safety_configured(false);
    for (uint8_t axis = 0; axis < PROTOCOL_AXES; axis++)
        safety_set_referenced(axis, true);
}

void begin_moving(void)
{
    CHECK(safety_begin_motion().cause == CAUSE_NONE, "no motion");
    world.at_rest = false;
    world.moving = EVERY_AXIS;
}

void enter(enum column column)
{
    neighbours_reset();
    memset(&settings, 0, sizeof settings);
    world.micros = 0xfffff000u;
    for (uint8_t axis = 0; axis < PROTOCOL_AXES; axis++)
        world.positions[axis] = HOME;
    safety_reset();
    safety_heartbeat();
    if (column != UNCONFIGURED)
        configure();
    if (column > DISARMED)
        CHECK(safety_arm(0).cause == CAUSE_NONE, "not armed");
    if (column == MOVING || column == HOLDING || column == BRAKING)
        begin_moving();
    if (column == HOLDING)
        safety_hold();
    if (column == BRAKING || column == STOPPED)
        safety_stop(because(CAUSE_LOAD_LIMIT));
    if (column == ESTOP) {
        world.door_closed = false;
        safety_poll();
        world.door_closed = true;
        for (uint8_t axis = 0; axis < PROTOCOL_AXES; axis++)
            safety_set_referenced(axis, true);
    }
    neighbours_forget();
}

enum column where(void)
{
    if (safety_is_stopping())
        return BRAKING;
    for (enum column column = 0; column < COLUMNS; column++)
        if (column != BRAKING && states[column] == safety_state())
            return column;
    CHECK(false, "state %u", safety_state());
    return COLUMNS;
}

/* ------------------------------------------------------------------------------------------ events */

static int power_on(void)
{
    safety_reset();
    return NO_ANSWER;
}

static int configuration_begins(void)
{
    const uint8_t message[MESSAGE_CONFIGURE_BEGIN_SIZE] = {MESSAGE_CONFIGURE_BEGIN, BOARD_KIND_HOST, EVERY_AXIS};
    settings_receive(message, sizeof message);
    return done.results ? done.result.cause : CAUSE_NONE;
}

static int configuration_accepted(void)
{
    safety_configured(true);
    return NO_ANSWER;
}

static int heartbeat(void)
{
    safety_heartbeat();
    return NO_ANSWER;
}

static int look(void)
{
    safety_poll();
    return NO_ANSWER;
}

static int heartbeat_at_the_deadline(void)
{
    world.micros += DEADLINE_MS * 1000u;
    return look();
}

static int heartbeat_late(void)
{
    world.micros += DEADLINE_MS * 1000u + 1u;
    return look();
}

static int another_host(void)
{
    safety_new_session();
    return NO_ANSWER;
}

static int arm(void)
{
    return safety_arm(0).cause;
}

static int arm_older_than_a_stop(void)
{
    return safety_arm(7).cause;
}

static int arm_with_the_door_open(void)
{
    world.door_closed = false;
    return safety_arm(0).cause;
}

static int arm_with_the_estop_pressed(void)
{
    world.estop_ok = world.door_closed = false;
    return safety_arm(0).cause;
}

static int arm_with_a_late_heartbeat(void)
{
    world.micros += DEADLINE_MS * 1000u + 1u;
    return safety_arm(0).cause;
}

static int arm_at_the_load_limit(void)
{
    world.load_g[0] = world.load_g[1] = LIMIT_G;
    return safety_arm(0).cause;
}

static int arm_above_the_load_limit(void)
{
    world.load_g[1] = LIMIT_G + 1;
    return safety_arm(0).cause;
}

static int arm_with_a_silent_load_cell(void)
{
    world.load_age_ms[1] = SILENT_MS + 1;
    return safety_arm(0).cause;
}

static int disarm(void)
{
    return safety_disarm().cause;
}

static int may_move(void)
{
    return safety_may_move().cause;
}

static int begin_motion(void)
{
    return safety_begin_motion().cause;
}

static int begin_above_the_load_limit(void)
{
    world.load_g[0] = LIMIT_G + 1;
    return safety_begin_motion().cause;
}

static int end_of_motion(void)
{
    safety_end_motion();
    return NO_ANSWER;
}

static int hold(void)
{
    safety_hold();
    return NO_ANSWER;
}

static int resume(void)
{
    safety_resume();
    return NO_ANSWER;
}

static int rests(void)
{
    world.at_rest = true;
    return look();
}

static int stop(void)
{
    safety_stop_asked(1, CAUSE_STOP_ASKED);
    return NO_ANSWER;
}

static int stop_for_a_lost_lease(void)
{
    safety_stop_asked(1, CAUSE_LEASE_LOST);
    return NO_ANSWER;
}

static int stop_for_anything_else(void)
{
    safety_stop_asked(1, CAUSE_ESTOP_PRESSED);
    return NO_ANSWER;
}

static int stop_repeated(void)
{
    safety_stop_asked(0, CAUSE_STOP_ASKED);
    return NO_ANSWER;
}

static int guard_trips(void)
{
    safety_stop(because(CAUSE_GUARD_TRIPPED));
    return NO_ANSWER;
}

static int beams_too_close(void)
{
    safety_stop(because(CAUSE_SEPARATION));
    return NO_ANSWER;
}

static int end_stop_not_found(void)
{
    safety_stop(because(CAUSE_END_STOP_MISSING));
    return NO_ANSWER;
}

static int end_stop_stuck(void)
{
    safety_stop(because(CAUSE_END_STOP_STUCK));
    return NO_ANSWER;
}

static int door_opens(void)
{
    world.door_closed = false;
    return look();
}

static int estop_pressed(void)
{
    world.estop_ok = world.door_closed = false;
    return look();
}

static int motor_alarm(void)
{
    world.micros += 50000;
    world.motors_ready = false;
    safety_poll();
    world.micros += 1000;
    return look();
}

static int open_for_an_instant(void)
{
    world.halted = CAUSE_DOOR_OPEN;
    return look();
}

static int load_at_the_limit(void)
{
    world.load_g[0] = world.load_g[1] = LIMIT_G;
    return look();
}

static int load_above_the_limit(void)
{
    world.load_g[0] = LIMIT_G + 1;
    return look();
}

static int load_cell_nearly_silent(void)
{
    world.load_age_ms[0] = world.load_age_ms[1] = SILENT_MS;
    return look();
}

static int load_cell_silent(void)
{
    world.load_age_ms[0] = SILENT_MS + 1;
    return look();
}

static int planner_late(void)
{
    world.lateness = 1;
    return look();
}

static int events_not_fetched(void)
{
    world.overflowed = true;
    return look();
}

static int edges_lost(void)
{
    world.edges_lost = true;
    return look();
}

/* End stops take their turns: one axis a poll. */
static int look_at_every_axis(void)
{
    for (uint8_t axis = 0; axis < PROTOCOL_AXES; axis++)
        safety_poll();
    return NO_ANSWER;
}

static int end_stop_1_mm_above(void)
{
    world.moving = EVERY_AXIS;
    world.positions[5] = HOME + MM;
    world.end_stops = 1u << 5;
    return look_at_every_axis();
}

static int end_stop_early(void)
{
    end_stop_1_mm_above();
    world.positions[5]++;
    return look_at_every_axis();
}

static int end_stop_open_1_mm_below(void)
{
    world.moving = EVERY_AXIS;
    world.positions[2] = HOME - MM;
    return look_at_every_axis();
}

static int end_stop_late(void)
{
    end_stop_open_1_mm_below();
    world.positions[2]--;
    return look_at_every_axis();
}

static int end_stop_while_homing(void)
{
    world.homing = true;
    return end_stop_early();
}

/* ------------------------------------------------------------------------------------------ the table */

/* clang-format off */
const table_row table[] = {
/*                                                          unconfigured        disarmed             armed                moving               holding              braking              stopped              estop */
{"power on",                power_on,                       {".",               "unconfigured",      "unconfigured",      "unconfigured",      "unconfigured",      "unconfigured",      "unconfigured",      "unconfigured"}},
{"configuration begins",    configuration_begins,           {".",               "unconfigured",      "!busy",             "!busy",             "!busy",             "!busy",             "unconfigured",      "unconfigured"}},
{"configuration accepted",  configuration_accepted,         {"disarmed",        ".",                 ".",                 ".",                 ".",                 ".",                 ".",                 "."}},
{"heartbeat",               heartbeat,                      {".",               ".",                 ".",                 ".",                 ".",                 ".",                 ".",                 "."}},
{"all is well",             look,                           {".",               ".",                 ".",                 ".",                 ".",                 ".",                 ".",                 "."}},
{"heartbeat at deadline",   heartbeat_at_the_deadline,      {".",               ".",                 ".",                 ".",                 ".",                 ".",                 ".",                 "."}},
{"heartbeat late",          heartbeat_late,                 {".",               ".o",                "1o heartbeat_lost", "1o heartbeat_lost", "1o heartbeat_lost", ".o",                ".o",                ".o"}},
{"another host",            another_host,                   {".o",              ".o",                "1o host_changed",   "1o host_changed",   "1o host_changed",   ".o",                ".o",                ".o"}},
{"arm",                     arm,                            {"!not_configured", "armed",             ".",                 "!busy",             "!busy",             "!busy",             "armed",             "armed"}},
{"arm older than a stop",   arm_older_than_a_stop,          {"!not_configured", "!stop_asked",       "!stop_asked",       "!busy",             "!busy",             "!busy",             "!stop_asked",       "!stop_asked"}},
{"arm, door open",          arm_with_the_door_open,         {"!not_configured", "!door_open",        "!door_open",        "!busy",             "!busy",             "!busy",             "!door_open",        "!door_open"}},
{"arm, e-stop pressed",     arm_with_the_estop_pressed,     {"!not_configured", "!estop_pressed",    "!estop_pressed",    "!busy",             "!busy",             "!busy",             "!estop_pressed",    "!estop_pressed"}},
{"arm, heartbeat late",     arm_with_a_late_heartbeat,      {"!not_configured", "!no_heartbeat",     "!no_heartbeat",     "!busy",             "!busy",             "!busy",             "!no_heartbeat",     "!no_heartbeat"}},
{"arm at load limit",       arm_at_the_load_limit,          {"!not_configured", "armed",             ".",                 "!busy",             "!busy",             "!busy",             "armed",             "armed"}},
{"arm above load limit",    arm_above_the_load_limit,       {"!not_configured", "!load_limit",       "!load_limit",       "!busy",             "!busy",             "!busy",             "!load_limit",       "!load_limit"}},
{"arm, load cell silent",   arm_with_a_silent_load_cell,    {"!not_configured", "!load_silent",      "!load_silent",      "!busy",             "!busy",             "!busy",             "!load_silent",      "!load_silent"}},
{"disarm",                  disarm,                         {"!not_configured", ".",                 "1 disarm_asked",    "1 disarm_asked",    "1 disarm_asked",    ".",                 ".",                 "."}},
{"may something move",      may_move,                       {"!not_configured", "!not_armed",        ".",                 "!busy",             "!busy",             "!busy",             "!not_armed",        "!not_armed"}},
{"motion begins",           begin_motion,                   {"!not_configured", "!not_armed",        "moving",            "!busy",             "!busy",             "!busy",             "!not_armed",        "!not_armed"}},
{"begins above load limit", begin_above_the_load_limit,     {"!not_configured", "!not_armed",        "!load_limit",       "!busy",             "!busy",             "!busy",             "!not_armed",        "!not_armed"}},
{"motion ends",             end_of_motion,                  {".",               ".",                 ".",                 "armed",             ".",                 ".",                 ".",                 "."}},
{"hold",                    hold,                           {".",               ".",                 ".",                 "holding",           ".",                 ".",                 ".",                 "."}},
{"resume",                  resume,                         {".",               ".",                 ".",                 ".",                 "moving",            ".",                 ".",                 "."}},
{"comes to rest",           rests,                          {".",               ".",                 ".",                 ".",                 ".",                 "stopped",           ".",                 "."}},
{"stop",                    stop,                           {".",               "stopped",           "1 stop_asked",      "1 stop_asked",      "1 stop_asked",      ".",                 ".",                 "."}},
{"stop for a lost lease",   stop_for_a_lost_lease,          {".",               "stopped",           "1 lease_lost",      "1 lease_lost",      "1 lease_lost",      ".",                 ".",                 "."}},
{"stop for anything else",  stop_for_anything_else,         {".",               "stopped",           "1 stop_asked",      "1 stop_asked",      "1 stop_asked",      ".",                 ".",                 "."}},
{"stop repeated",           stop_repeated,                  {".",               ".",                 ".",                 ".",                 ".",                 ".",                 ".",                 "."}},
{"guard trips",             guard_trips,                    {".",               ".",                 "1 guard_tripped",   "1 guard_tripped",   "1 guard_tripped",   ".",                 ".",                 "."}},
{"beams too close",         beams_too_close,                {".",               ".",                 "1 separation",      "1 separation",      "1 separation",      ".",                 ".",                 "."}},
{"end stop not found",      end_stop_not_found,             {".",               ".",                 "1 end_stop_missing", "1 end_stop_missing", "1 end_stop_missing", ".",              ".",                 "."}},
{"end stop stuck",          end_stop_stuck,                 {".",               ".",                 "1 end_stop_stuck",  "1 end_stop_stuck",  "1 end_stop_stuck",  ".",                 ".",                 "."}},
{"door opens",              door_opens,                     {".",               "0 door_open",       "0 door_open",       "0 door_open",       "0 door_open",       "0 door_open",       "0 door_open",       "."}},
{"e-stop pressed",          estop_pressed,                  {".",               "0 estop_pressed",   "0 estop_pressed",   "0 estop_pressed",   "0 estop_pressed",   "0 estop_pressed",   "0 estop_pressed",   "."}},
{"motor alarm",             motor_alarm,                    {".",               ".",                 "0 motor_alarm",     "0 motor_alarm",     "0 motor_alarm",     "0 motor_alarm",     ".",                 "."}},
{"open for an instant",     open_for_an_instant,            {".",               "0 door_open",       "0 door_open",       "0 door_open",       "0 door_open",       "0 door_open",       "0 door_open",       "."}},
{"load at the limit",       load_at_the_limit,              {".",               ".",                 ".",                 ".",                 ".",                 ".",                 ".",                 "."}},
{"load above the limit",    load_above_the_limit,           {".",               ".",                 "1 load_limit",      "1 load_limit",      "1 load_limit",      ".",                 ".",                 "."}},
{"load cell nearly silent", load_cell_nearly_silent,        {".",               ".",                 ".",                 ".",                 ".",                 ".",                 ".",                 "."}},
{"load cell silent",        load_cell_silent,               {".",               ".",                 "1 load_silent",     "1 load_silent",     "1 load_silent",     ".",                 ".",                 "."}},
{"planner late",            planner_late,                   {".",               ".",                 "1 planner_late",    "1 planner_late",    "1 planner_late",    ".u",                ".",                 "."}},
{"events not fetched",      events_not_fetched,             {".",               ".",                 "1 event_overflow",  "1 event_overflow",  "1 event_overflow",  ".",                 ".",                 "."}},
{"edges lost",              edges_lost,                     {".",               ".",                 "1 event_overflow",  "1 event_overflow",  "1 event_overflow",  ".",                 ".",                 "."}},
{"end stop 1 mm above",     end_stop_1_mm_above,            {".",               ".",                 ".",                 ".",                 ".",                 ".",                 ".",                 "."}},
{"end stop early",          end_stop_early,                 {".",               ".",                 "1 end_stop_early",  "1 end_stop_early",  "1 end_stop_early",  ".u",                ".",                 "."}},
{"end stop 1 mm below",     end_stop_open_1_mm_below,       {".",               ".",                 ".",                 ".",                 ".",                 ".",                 ".",                 "."}},
{"end stop late",           end_stop_late,                  {".",               ".",                 "1 end_stop_late",   "1 end_stop_late",   "1 end_stop_late",   ".u",                ".",                 "."}},
{"end stop while homing",   end_stop_while_homing,          {".",               ".",                 ".",                 ".",                 ".",                 ".",                 ".",                 "."}},
};
/* clang-format on */
const int table_rows = sizeof table / sizeof table[0];
