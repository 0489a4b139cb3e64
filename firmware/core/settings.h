/* The configuration of this machine, as the host sent it and the board accepted it. */
#ifndef BEE_SETTINGS_H
#define BEE_SETTINGS_H

#include <stdbool.h>
#include <stdint.h>

#include "messages.h"

#define HEARTBEAT_DEADLINE_MIN_MS 100u
#define HEARTBEAT_DEADLINE_MAX_MS 3000u

typedef struct {
    bool is_used, keeps_position;
    uint32_t steps_per_m;
    int32_t home, minimum, maximum;     /* steps from the machine's zero */
    uint32_t speed_q8, acceleration_q8; /* limits, as on the wire */
    int32_t acceleration;               /* limit, steps per slice², 22 fraction bits */
    uint32_t homing_speed_q8, homing_slow_speed_q8;
    int32_t homing_backoff;
} axis_settings;

typedef struct {
    bool is_accepted;
    uint32_t checksum;
    uint8_t axes_expected, axes_seen; /* masks */
    uint16_t heartbeat_deadline_ms, telemetry_period_ms;
    uint8_t smoothing; /* 2^n slices */
    uint32_t beam_separation_um;
    int32_t beam_separation[PROTOCOL_SIDES]; /* steps of the lift axis */
    int32_t longest_braking[PROTOCOL_SIDES]; /* of lift and scan beam together, steps of the lift axis */
    uint32_t lift_per_scan[PROTOCOL_SIDES];  /* steps of the lift axis for one of the scan axis, 24 fraction bits */
    int32_t load_limit_g, fork_load_g;
    axis_settings axes[PROTOCOL_AXES];
    uint32_t servo_speed[PROTOCOL_SERVOS]; /* 0.01 degrees/s */
    float grams_per_count[PROTOCOL_SIDES];
    int32_t load_offset[PROTOCOL_SIDES];
} machine_settings;

extern machine_settings settings;

void settings_reset(void);

/* Configure messages, with their number; `size` is that of the table. */
void settings_receive(const uint8_t *message, uint8_t size);

#endif
