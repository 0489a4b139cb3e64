#include "settings.h"

#include <string.h>

#include "board.h"
#include "link.h"
#include "motion.h"
#include "packet.h"
#include "profile.h"
#include "safety.h"

#define SPEED_MAX_Q8 (200000u << 8)   /* steps/s; a step chunk and the arithmetic hold more */
#define COUNTS_MAX (INT32_C(1) << 23) /* of a load cell: 24 bits */
#define COUNTS_PER_TONNE_MIN 10000u   /* with which the grams of twice that fit */
#define BEAMS 4u                      /* axes 0 to 3; what two of them close in a slice fits 32 bits */
#define BEAM_SPEED_MAX_Q8 (100000ul << 8)
#define ACCELERATION_MAX (15 * PROFILE_ONE) /* a slice never has many more pulses than the one before */
#define SCALES_MAX 100u                     /* steps of a lift beam for one of the scan beam */
#define DISTANCE_MAX (1l << 26)
#define OFFSET_MAX (INT32_C(1) << 23) /* what a converter of 24 bits can say */
#define BEAM_SEPARATION_MAX_UM 10000000u

machine_settings settings;
static uint32_t running_checksum;
static uint32_t accepted_before; /* same configuration again: positions stay known */
static bool is_open;             /* between configure_begin and configure_done */
static uint8_t wrong;            /* first message with a value out of range */
static uint8_t wrong_axis;

void settings_reset(void)
{
    memset(&settings, 0, sizeof settings);
    accepted_before = 0;
    is_open = false;
}

static void refuse(uint8_t message, uint8_t axis)
{
    if (!wrong) {
        wrong = message;
        wrong_axis = axis;
    }
}

static void begin(const uint8_t *fields)
{
    message_configure_begin m;
    message_read_configure_begin(fields, &m);
    if (safety_is_live()) {
        is_open = false;
        link_result(MESSAGE_CONFIGURE_BEGIN, CAUSE_BUSY, PROTOCOL_NO_AXIS, safety_state(), 0);
        return;
    }
    if (settings.is_accepted)
        accepted_before = settings.checksum;
    memset(&settings, 0, sizeof settings);
    safety_unconfigured();
    is_open = true;
    wrong = 0;
    running_checksum = 0;
    if (m.board_kind != board_kind) {
        link_result(MESSAGE_CONFIGURE_BEGIN, CAUSE_WRONG_BOARD, PROTOCOL_NO_AXIS, board_kind, m.board_kind);
        is_open = false;
        return;
    }
    settings.axes_expected = m.axes;
    settings.heartbeat_deadline_ms = m.heartbeat_deadline_ms;
    settings.telemetry_period_ms = m.telemetry_period_ms;
    settings.smoothing = m.smoothing <= MOTION_SMOOTHING_MAX ? m.smoothing : 0;
    settings.beam_separation_um = m.beam_separation_um;
    settings.load_limit_g = m.load_limit_g;
    settings.fork_load_g = m.fork_load_g;
    if (m.heartbeat_deadline_ms < HEARTBEAT_DEADLINE_MIN_MS || m.heartbeat_deadline_ms > HEARTBEAT_DEADLINE_MAX_MS ||
        m.telemetry_period_ms < 10 || m.telemetry_period_ms > 1000 || m.smoothing > MOTION_SMOOTHING_MAX ||
        m.beam_separation_um > BEAM_SEPARATION_MAX_UM || m.load_limit_g <= 0 || m.fork_load_g <= 0)
        refuse(MESSAGE_CONFIGURE_BEGIN, PROTOCOL_NO_AXIS);
}

/* Steps from full speed to rest, and two slices. */
static int32_t longest_braking(const axis_settings *s)
{
    float v = (float)s->speed_q8 / 256.0f, a = (float)s->acceleration_q8 / 256.0f;
    float steps = v * v / (2.0f * a) + 3.0f * v / (float)SLICES_PER_SECOND;
    return steps < (float)DISTANCE_MAX ? (int32_t)steps + 1 : (int32_t)DISTANCE_MAX;
}

static void axis(const uint8_t *fields)
{
    message_configure_axis m;
    message_read_configure_axis(fields, &m);
    if (m.axis >= PROTOCOL_AXES || m.steps_per_m == 0 || m.minimum > m.home || m.home >= m.maximum ||
        m.minimum < -DISTANCE_MAX || m.maximum > DISTANCE_MAX || m.speed == 0 || m.speed > SPEED_MAX_Q8 ||
        (m.axis < BEAMS && m.speed > BEAM_SPEED_MAX_Q8) || profile_acceleration(m.acceleration) == 0 ||
        profile_acceleration(m.acceleration) > ACCELERATION_MAX || m.homing_speed == 0 || m.homing_speed > m.speed ||
        m.homing_slow_speed == 0 || m.homing_slow_speed > m.homing_speed || m.homing_backoff == 0 ||
        m.homing_backoff > (uint32_t)(m.maximum - m.minimum)) {
        refuse(MESSAGE_CONFIGURE_AXIS, m.axis);
        return;
    }
    settings.axes_seen |= (uint8_t)(1u << m.axis);
    settings.axes[m.axis] = (axis_settings){
        .is_used = true,
        .keeps_position = m.keeps_position != 0,
        .steps_per_m = m.steps_per_m,
        .home = m.home,
        .minimum = m.minimum,
        .maximum = m.maximum,
        .speed_q8 = m.speed,
        .acceleration_q8 = m.acceleration,
        .acceleration = profile_acceleration(m.acceleration),
        .homing_speed_q8 = m.homing_speed,
        .homing_slow_speed_q8 = m.homing_slow_speed,
        .homing_backoff = (int32_t)m.homing_backoff,
    };
}

static void servo(const uint8_t *fields)
{
    message_configure_servo m;
    message_read_configure_servo(fields, &m);
    if (m.servo >= PROTOCOL_SERVOS || m.speed == 0 || m.speed > 100000u)
        refuse(MESSAGE_CONFIGURE_SERVO, PROTOCOL_NO_AXIS);
    else
        settings.servo_speed[m.servo] = m.speed;
}

static void load(const uint8_t *fields)
{
    message_configure_load m;
    message_read_configure_load(fields, &m);
    if (m.side >= PROTOCOL_SIDES || m.counts_per_tonne < COUNTS_PER_TONNE_MIN || m.offset < -COUNTS_MAX ||
        m.offset > COUNTS_MAX) {
        refuse(MESSAGE_CONFIGURE_LOAD, PROTOCOL_NO_AXIS);
        return;
    }
    settings.grams_per_count[m.side] = 1.0e6f / (float)m.counts_per_tonne;
    settings.load_offset[m.side] = m.offset;
}

static void relate_beams(void)
{
    for (uint8_t side = 0; side < PROTOCOL_SIDES; side++) {
        const axis_settings *lift = &settings.axes[side], *scan = &settings.axes[side + PROTOCOL_SIDES];
        if (!lift->is_used || !scan->is_used)
            continue;
        settings.longest_braking[side] =
            (int32_t)(longest_braking(lift) + (int64_t)longest_braking(scan) * lift->steps_per_m / scan->steps_per_m);
        settings.lift_per_scan[side] = (uint32_t)(((uint64_t)lift->steps_per_m << 24) / scan->steps_per_m);
        settings.beam_separation[side] =
            (int32_t)((uint64_t)settings.beam_separation_um * lift->steps_per_m / 1000000u);
    }
}

static bool is_complete(void)
{
    if (settings.axes_seen != settings.axes_expected || settings.axes_expected == 0)
        return false;
    for (uint8_t i = 0; i < PROTOCOL_SERVOS; i++)
        if (settings.servo_speed[i] == 0)
            return false;
    for (uint8_t side = 0; side < PROTOCOL_SIDES; side++)
        if (settings.axes[side].steps_per_m / SCALES_MAX > settings.axes[side + PROTOCOL_SIDES].steps_per_m &&
            settings.axes[side + PROTOCOL_SIDES].is_used)
            return false;
    for (uint8_t side = 0; side < PROTOCOL_SIDES; side++)
        if (settings.grams_per_count[side] == 0.0f)
            return false;
    return true;
}

static void done(const uint8_t *fields)
{
    message_configure_done m;
    message_read_configure_done(fields, &m);
    uint8_t cause = CAUSE_NONE, axis_named = PROTOCOL_NO_AXIS;
    int32_t value = 0, limit = 0;
    if (!is_open) {
        cause = CAUSE_NOT_CONFIGURED;
    } else if (wrong) {
        cause = CAUSE_WRONG_VALUE;
        axis_named = wrong_axis;
        value = wrong;
    } else if (running_checksum != m.checksum) {
        cause = CAUSE_WRONG_CHECKSUM;
        value = (int32_t)running_checksum;
        limit = (int32_t)m.checksum;
    } else if (!is_complete()) {
        cause = CAUSE_WRONG_VALUE;
        value = MESSAGE_CONFIGURE_DONE;
    }
    is_open = false;
    if (cause == CAUSE_NONE) {
        relate_beams();
        settings.checksum = m.checksum;
        settings.is_accepted = true;
        safety_configured(m.checksum == accepted_before);
    }
    link_result(MESSAGE_CONFIGURE_DONE, cause, axis_named, value, limit);
}

void settings_receive(const uint8_t *message, uint8_t size)
{
    const uint8_t *fields = message + 1;
    if (message[0] == MESSAGE_CONFIGURE_BEGIN)
        begin(fields);
    if (!is_open && message[0] != MESSAGE_CONFIGURE_DONE)
        return; /* refused at its beginning; the result said why */
    if (message[0] != MESSAGE_CONFIGURE_DONE)
        running_checksum = crc32_add(running_checksum, message, size);
    switch (message[0]) {
    case MESSAGE_CONFIGURE_AXIS:
        axis(fields);
        break;
    case MESSAGE_CONFIGURE_SERVO:
        servo(fields);
        break;
    case MESSAGE_CONFIGURE_LOAD:
        load(fields);
        break;
    case MESSAGE_CONFIGURE_DONE:
        done(fields);
        break;
    default:
        break;
    }
}
