/* What the referee of the twin looks at: the machine and the hive every few milliseconds and at every event.
 *
 * Rows gather here until the twin takes them as one array; bee_robot/sim/plant_trace.py mirrors a row field by field
 * and compares sizes. Everything of eight bytes stands before everything of four, so no padding arises.
 */
#ifndef BEE_PLANT_TRACE_H
#define BEE_PLANT_TRACE_H

#include <stdint.h>

#include "plant_world.h"

typedef struct {
    uint64_t at_ns;
    uint64_t heartbeat_ns; /* when the board last accepted a heartbeat; 0 is never */
    double position_mm[PLANT_USED_AXES];
    double speed_mm_s[PLANT_USED_AXES]; /* as the board commands them at this instant, signed */
    double acceleration_mm_s2[PLANT_USED_AXES];
    double servo_deg[PLANT_SERVOS];
    double outputs[PLANT_OUTPUTS];
    double load_kg[PLANT_SIDES];         /* without noise */
    double edge_mm[PLANT_SIDES];         /* of the stack's lower edges above the rim */
    double frame_y_mm[PLANT_MAX_FRAMES]; /* of the open box, mean of both pins */
    double held_lift_mm[PLANT_SIDES];    /* ears above the rebate, of the frame in the hooks */
    double event_value;
    int32_t load_counts[PLANT_SIDES]; /* as the board reads them */
    int32_t stack_level;
    int32_t held[PLANT_SIDES];
    int32_t pins[PLANT_SIDES];
    int32_t is_rail_on;
    int32_t is_door_closed;
    int32_t is_estop_ok;
    int32_t is_swinging[PLANT_SERVOS];
    int32_t open_box; /* 0 while every box is shut */
    int32_t resting;  /* frames of the open box that stand on both ears: bit number - 1 */
    int32_t event;    /* a plant_event_kind_t; 0 for the row of a period */
    int32_t event_side;
    int32_t event_level;
    int32_t event_frame;
} plant_trace_row_t;

/* Speed and acceleration that the board commands of an axis, in steps (host_axis_profile), and when it last accepted a
 * heartbeat (host_last_heartbeat_ns). Handed over as functions because the plant does not know the board. */
typedef void plant_profile_t(int axis, double *speed_steps_s, double *acceleration_steps_s2);
typedef uint64_t plant_heartbeat_t(void);

/* From now on a row every `period_ns` (0: no more rows) and at every event, which is then not in plant_take_events; rows
 * that nobody took are forgotten. Without `profile` (null) speeds are zero, without `heartbeat` there never was one. */
void plant_trace_begin(uint64_t period_ns, plant_profile_t *profile, plant_heartbeat_t *heartbeat);
/* The rows since the last plant_trace_clear, oldest first; valid until then. An event that finds no room is counted in
 * plant_truth's events_lost; the rows of a period have room kept for them. */
const plant_trace_row_t *plant_trace_rows(void);
int32_t plant_trace_count(void);
void plant_trace_clear(void);
/* How many rows of a period fit between two plant_trace_clear. */
int32_t plant_trace_periods(void);
/* The machine at this instant, in a row of its own. */
const plant_trace_row_t *plant_trace_now(void);
uint32_t plant_trace_row_size(void);

#endif
