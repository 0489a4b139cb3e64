/* The plant as the twin sees it: what the machine and the hive are made of (plant_world), what is going on in them
 * (plant_truth), and what happened (plant_event).
 *
 * The twin reads and writes these structures in place; bee_robot/sim/plant.py mirrors them field by field and compares
 * sizes when it loads the library. Everything of eight bytes stands before everything of four, so no padding arises.
 *
 * Machine frame: X right, Y front, Z up, millimetres, heights above the ground; kilograms, degrees, nanoseconds.
 * Axes: lift left, lift right, scan left, scan right, shuttle left, shuttle right. Servos: fork left, fork right,
 * hook left, hook right (0 stowed, 90 engaged). Sides: 0 left, 1 right. Levels: boxes from 1 at the bottom, then the lid.
 */
#ifndef BEE_PLANT_WORLD_H
#define BEE_PLANT_WORLD_H

#include <stdint.h>

#include "plant.h"

enum { PLANT_USED_AXES = 6 };
enum { PLANT_MAX_BOXES = 5, PLANT_MAX_LEVELS = 6, PLANT_MAX_FRAMES = 12 };
enum { PLANT_LIFT = 0, PLANT_SCAN = 2, PLANT_SHUTTLE = 4 }; /* axis = one of these + side */
enum { PLANT_FORK = 0, PLANT_HOOK = 2 };                    /* servo = one of these + side */

typedef struct {
    double steps_per_mm;
    double home_mm;
    double minimum_mm;
    double maximum_mm;
    double start_mm; /* where the axis stands when power comes */
} plant_axis_t;

typedef struct {
    double y_mm; /* where the frame stands at first */
    double mass_kg;
    double ear_break_away_kg[PLANT_SIDES]; /* propolis under each ear */
    int32_t is_present;
    int32_t reserved;
} plant_frame_t;

typedef struct {
    plant_axis_t axes[PLANT_USED_AXES];
    plant_frame_t frames[PLANT_MAX_BOXES][PLANT_MAX_FRAMES];
    double box_mass_kg[PLANT_MAX_BOXES]; /* without frames */
    double lid_mass_kg;
    double seam_break_away_kg[PLANT_MAX_LEVELS][PLANT_SIDES]; /* propolis under each edge of level index + 1 */
    double servo_speed_deg_s[PLANT_SERVOS];
    double servo_start_deg[PLANT_SERVOS];
    double counts_per_kg[PLANT_SIDES];
    double offset_counts[PLANT_SIDES];
    double overtravel_mm; /* from the ends of travel to the hard stops */
    double base_mm;
    double box_height_mm[PLANT_MAX_BOXES];
    double frame_height_mm[PLANT_MAX_BOXES];
    double cleat_above_bottom_mm;
    double lid_height_mm;
    double box_inner_depth_mm;
    double frame_top_below_rim_mm;
    double frame_thickness_mm; /* comb with bees; less distance between two frames is a collision */
    double top_bar_depth_mm;   /* extent of a top bar along Y */
    double pin_neck_above_frame_top_mm;
    double pin_sensor_behind_hook_mm;
    double pin_sensor_range_mm;
    double hook_travel_mm;
    double hook_seated_mm;
    double hook_half_mm;   /* half the extent of the hook plate along Y */
    double hook_window_mm; /* above or below the neck, where the plate still slides round it */
    double pin_head_mm;    /* top of the pin's head above the neck */
    double beam_separation_mm;
    double fork_stiffness_kg_mm; /* one fork with beam and screw */
    double hook_stiffness_kg_mm;
    double hook_max_kg;                 /* more than this on one hook stalls the scan beam */
    double seam_release_mm;             /* way over which a broken seam lets go */
    double ear_release_mm;              /* way over which an ear lets go */
    double load_noise_kg;               /* standard deviation of one load sample */
    double obstruction_mm[PLANT_SIDES]; /* height of a thing lying on the rim of the open box; 0 is none */
    uint32_t seed;
    int32_t boxes;
    int32_t frames_in_box[PLANT_MAX_BOXES]; /* places for frames; some may be empty */
    int32_t is_door_closed;
    int32_t is_estop_ok;
    int32_t is_axis_stuck[PLANT_USED_AXES];
    int32_t steps_to_lose[PLANT_USED_AXES];
    int32_t reserved;
} plant_world_t;

typedef struct {
    double y_mm[PLANT_SIDES];     /* at its left and right pin */
    double lift_mm[PLANT_SIDES];  /* of each ear above the rebate */
    double freed_mm[PLANT_SIDES]; /* how far each ear has ever come */
} plant_frame_truth_t;

typedef struct {
    uint64_t now_ns;
    int64_t steps[PLANT_USED_AXES]; /* from the zero of the machine frame */
    uint64_t lost_steps[PLANT_USED_AXES];
    uint64_t events_lost;
    double position_mm[PLANT_USED_AXES];
    double servo_deg[PLANT_SERVOS];
    double servo_target_deg[PLANT_SERVOS];
    double outputs[PLANT_OUTPUTS];
    double load_kg[PLANT_SIDES]; /* without noise */
    double edge_mm[PLANT_SIDES]; /* of the stack's lower edges above the rim */
    double freed_mm[PLANT_MAX_LEVELS][PLANT_SIDES];
    double pressed_kg; /* the most that an obstruction has carried */
    plant_frame_truth_t frames[PLANT_MAX_BOXES][PLANT_MAX_FRAMES];
    int32_t stack_level;             /* lowest level that the forks carry; 0 is none */
    int32_t fork_level[PLANT_SIDES]; /* the level under whose cleat a fork is; 0 is none, or stowed */
    int32_t held[PLANT_SIDES];       /* number of the frame whose pin is in the hook; 0 is none */
    int32_t pins[PLANT_SIDES];
    int32_t is_rail_on; /* relay, door and e-stop together */
    int32_t is_swinging[PLANT_SERVOS];
} plant_truth_t;

typedef enum {
    EVENT_FORK_SWING_START = 1,
    EVENT_FORK_SWING_END,
    EVENT_HOOK_SWING_START,
    EVENT_HOOK_SWING_END,
    EVENT_EDGE_LEAVES_RIM,
    EVENT_EDGE_LANDS,
    EVENT_CONTACT, /* an edge meets an obstruction */
    EVENT_FRAME_ENGAGED,
    EVENT_FRAME_RELEASED,
    EVENT_EAR_FREE,
    EVENT_FRAME_HANGING,
    EVENT_FRAME_SET_DOWN,
    EVENT_OUTPUT,
    EVENT_MOTOR_RAIL,
    EVENT_DOOR,
    EVENT_ESTOP,
    EVENT_LAST_HARMLESS = EVENT_ESTOP, /* whatever follows hurts bees or the machine */
    EVENT_CRUSH_PIN = 32,
    EVENT_CRUSH_TOP_BAR,
    EVENT_FRAMES_COLLIDE,
    EVENT_FRAME_MEETS_WALL,
    EVENT_FRAME_MEETS_STACK,
    EVENT_FRAME_DROPPED,
    EVENT_HOOK_MEETS_HIVE,
    EVENT_FORK_MEETS_CLEAT,
    EVENT_FORKS_DISAGREE,
    EVENT_STACK_DROPPED,
    EVENT_BEAMS_COLLIDE
} plant_event_kind_t;

typedef struct {
    uint64_t at_ns;
    double value;                        /* what the kind measures: mm, kg, 0..1 */
    double position_mm[PLANT_USED_AXES]; /* the machine at that instant */
    double servo_deg[PLANT_SERVOS];
    double load_kg[PLANT_SIDES];
    int32_t kind;
    int32_t side;  /* or the output; -1 where it means nothing */
    int32_t level; /* box or level */
    int32_t frame;
} plant_event_t;

/* Fault: the load cell of a side gives no more readings. */
void plant_silence_load(int side, int silent);

plant_world_t *plant_world(void);
plant_truth_t *plant_truth(void);
uint32_t plant_world_size(void);
uint32_t plant_truth_size(void);
uint32_t plant_event_size(void);

/* Power comes to plant and sensors: everything stands as plant_world says, time is zero. */
void plant_power_on(void);
/* After the twin has changed plant_world: weights, door, e-stop take effect now. */
void plant_world_changed(void);
/* Moves up to `capacity` of the oldest events out of the plant; returns how many. */
int32_t plant_take_events(plant_event_t *into, int32_t capacity);

#endif
