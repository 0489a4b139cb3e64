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
enum { PLANT_REAR = 0, PLANT_FRONT = 1, PLANT_FACES = 2 };
/* What may lie on the rim: a tool does not give; a finger does, and is hurt; comb is crushed. */
enum { PLANT_TOOL = 0, PLANT_FINGER = 1, PLANT_COMB = 2 };

typedef struct {
    double steps_per_mm;
    double home_mm;
    double minimum_mm;
    double maximum_mm;
    double start_mm; /* where the axis stands when power comes */
} plant_axis_t;

typedef struct {
    double y_mm;     /* where the frame stands at first */
    double askew_mm; /* its right pin is this much further to the front than its left one */
    double mass_kg;
    double ear_break_away_kg[PLANT_SIDES]; /* propolis under each ear, at PROPOLIS_AT_C */
    double burr_kg;                        /* comb that bridges to the frame in front of it: what it holds; 0 is none */
    double burr_mm;                        /* the way over which it holds */
    double bees[PLANT_FACES];              /* on its rear and its front face */
    int32_t is_present;
    int32_t is_upside_down; /* no pins on top */
    int32_t is_pin_missing[PLANT_SIDES];
    int32_t origin_box; /* where the frame hung when the simulation began: which comb it is */
    int32_t origin_frame;
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
    double hook_max_kg;                  /* more than this on one hook stalls the scan beam */
    double belt_stiffness_kg_mm;         /* of a shuttle's belt between motor and plate */
    double belt_backlash_mm;             /* way of the motor at a reversal before the plate follows */
    double belt_max_kg;                  /* more than this along Y stalls the shuttle */
    double ear_friction;                 /* of an ear that rests on its rebate, wood on wood */
    double fork_span_mm;                 /* from the left cleats to the right ones */
    double slide_tilt_mm;                /* one edge this much higher: the stack slides off its forks */
    double seam_release_mm;              /* way over which a broken seam lets go */
    double ear_release_mm;               /* way over which an ear lets go */
    double load_noise_kg;                /* standard deviation of one load sample */
    double load_drift_kg_h[PLANT_SIDES]; /* since power-on */
    double load_zero_kg[PLANT_SIDES];    /* what the cell shows too much */
    double obstruction_mm[PLANT_SIDES];  /* height of a thing lying on the rim of the open box; 0 is none */
    double obstruction_kg_mm;            /* stiffness of what gives */
    double comb_yields_kg;               /* comb on the rim gives way for good under this */
    double finger_harm_kg;               /* a finger is hurt by more */
    double air_c;                        /* around the hive, in the cabinet */
    double rim_bees;                     /* that come to stand on each half of the rim while a box is open */
    double rim_arrive_s;                 /* time constant */
    double rim_leave_s;                  /* likewise, when the gap closes */
    double gentle_lift_mm_s;             /* what bees bear: the rulebook's limits */
    double gentle_lower_mm_s;
    double gentle_set_down_mm_s;
    double gentle_ear_mm_s;
    double gentle_nudge_mm_s;
    double gentle_hook_mm_s;
    double gentle_vertical_mm_s2;
    double gentle_sideways_mm_s2;
    uint64_t rail_back_ns; /* the motor rail has sagged and is dead until then */
    uint32_t seed;
    int32_t boxes;
    int32_t frames_in_box[PLANT_MAX_BOXES]; /* places for frames; some may be empty */
    int32_t is_door_closed;
    int32_t is_estop_ok;
    int32_t is_axis_stuck[PLANT_USED_AXES];
    int32_t steps_to_lose[PLANT_USED_AXES];
    int32_t is_load_stuck[PLANT_SIDES]; /* the cell repeats its last sample */
    int32_t is_pin_sensor_blind[PLANT_SIDES];
    int32_t obstruction_kind[PLANT_SIDES];
    int32_t queen_box; /* where the queen is; 0: there is none */
    int32_t queen_frame;
    int32_t queen_face;
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
    double pressed_kg;               /* the most that an obstruction has carried */
    double plate_y_mm[PLANT_SIDES];  /* of the hook plates: what belt and backlash make of the shuttles' steps */
    double bees_on_rim[PLANT_SIDES]; /* of the open box */
    double brood_c;                  /* in the box that is or was open */
    double brood_c_min;
    plant_frame_truth_t frames[PLANT_MAX_BOXES][PLANT_MAX_FRAMES];
    int32_t stack_level;             /* lowest level that the forks carry; 0 is none */
    int32_t fork_level[PLANT_SIDES]; /* the level under whose cleat a fork is; 0 is none, or stowed */
    int32_t held[PLANT_SIDES];       /* number of the frame whose pin is in the hook; 0 is none */
    int32_t pins[PLANT_SIDES];
    int32_t is_rail_on; /* relay, door and e-stop together */
    int32_t is_swinging[PLANT_SERVOS];
    int32_t is_burr_broken[PLANT_MAX_BOXES][PLANT_MAX_FRAMES];
    int32_t bees_crushed;
    int32_t is_queen_lost; /* crushed, dropped with her frame, or shaken off */
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
    EVENT_PROPOLIS_SNAPS, /* brittle: all at once */
    EVENT_BURR_BREAKS,
    EVENT_LAST_HARMLESS = EVENT_BURR_BREAKS, /* whatever follows hurts bees or the machine */
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
    EVENT_BEAMS_COLLIDE,
    EVENT_STACK_SLIDES,
    EVENT_FINGER_PRESSED,
    EVENT_BEES_CRUSHED, /* value: how many */
    EVENT_QUEEN_LOST
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

/* A person takes the frame off the hooks; returns its number in the open box, 0 where none hangs there by both pins. */
int plant_take_frame(void);
/* A person hangs a frame of plant_world (present from now on) onto both hooks, its pins `pin_from_plate_mm` along Y from the plates'
 * centre bars. Returns 0 where the hooks are not free and out over an open box. */
int plant_hang_frame(int number, double pin_from_plate_mm);

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
