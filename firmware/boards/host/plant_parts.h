/* What the parts of the plant share among themselves: plant.c (axes, inputs, power), plant_servos.c, plant_loads.c,
 * plant_stack.c (boxes on forks), plant_frames.c (frames on hooks), plant_neighbours.c (what a frame touches),
 * plant_propolis.c and plant_bees.c. */
#ifndef BEE_PLANT_PARTS_H
#define BEE_PLANT_PARTS_H

#include <math.h>
#include <stdbool.h>

#include "plant_world.h"

extern plant_world_t world;
extern plant_truth_t truth;
extern double level_bottom_mm[PLANT_MAX_LEVELS + 2]; /* by level; the last is the top of the lid */

/* Angle above which a fork stands under its cleat, or a hook over its pin. */
#define ENGAGED_DEG 80.0
/* Angle above which a moving hook or fork reaches over the wall of the hive. */
#define REACHING_DEG 15.0
/* An ear this far above its rebate hangs. */
#define HANGING_MM 0.05
/* Less than this is rest: a tenth of what the machine resolves. */
#define AT_REST_MM 0.02

void plant_event(plant_event_kind_t kind, int side, int level, int frame, double value);

static inline double lift_mm(int side)
{
    return truth.position_mm[PLANT_LIFT + side];
}
static inline double plate_z_mm(int side)
{
    return truth.position_mm[PLANT_SCAN + side];
}
static inline double plate_y_mm(int side)
{
    return truth.plate_y_mm[side];
}
static inline bool is_fork_in(int side)
{
    return truth.servo_deg[PLANT_FORK + side] > ENGAGED_DEG;
}
static inline bool is_hook_in(int side)
{
    return truth.servo_deg[PLANT_HOOK + side] > ENGAGED_DEG;
}

static inline double bottom_mm(int level)
{
    return level_bottom_mm[level];
}
static inline double frame_top_mm(int box)
{
    return bottom_mm(box + 1) - world.frame_top_below_rim_mm;
}
static inline double engaged_mm(int box)
{
    return frame_top_mm(box) + world.pin_neck_above_frame_top_mm;
}

/* Places of frames that are filled: `number` counts from 1 at the back, as the frames hung at first. */
static inline plant_frame_truth_t *frame_truth(int box, int number)
{
    return &truth.frames[box - 1][number - 1];
}
static inline plant_frame_t *frame_made(int box, int number)
{
    return &world.frames[box - 1][number - 1];
}
static inline bool has_pin(int box, int number, int side)
{
    const plant_frame_t *made = frame_made(box, number);
    return made->is_present && !made->is_upside_down && !made->is_pin_missing[side];
}
static inline bool is_resting(const plant_frame_truth_t *frame)
{
    return frame->lift_mm[0] <= HANGING_MM && frame->lift_mm[1] <= HANGING_MM;
}

/* plant_propolis.c */
typedef struct {
    double force; /* of the break-away force that the world gives */
    double way_mm;
    bool is_brittle;
} propolis_t;
extern propolis_t seam_propolis;
extern propolis_t ear_propolis;
void propolis_settle(void);
/* What still holds an edge or an ear that has once come `freed_mm`. */
double adhesion_kg(const propolis_t *propolis, double break_away_kg, double freed_mm);

/* plant_servos.c, plant_loads.c */
void swing_reset(void);
void swing_advance(double seconds);
void loads_reset(void);
void loads_advance(void);

/* plant_stack.c */
void stack_reset(void);
void stack_weigh(void);
void stack_settle(int side);
void stack_fork_arrives(int side);
void stack_fork_leaves(int side);
int open_box(void); /* 0 while every box is shut */
double stack_bottom_above_rim_mm(void);

/* plant_frames.c */
void frames_reset(void);
void frames_settle(int side);
void frames_shift_plate(int side); /* the motor of a shuttle has turned */
bool frames_stall_shuttle(int side, int direction, double motor_mm);
void frames_hook_leaves(int side);
bool frames_hold_back(int side, int direction); /* the hook cannot lift what it holds: the scan beam stalls */

/* plant_neighbours.c */
void neighbours_reset(void);
void neighbours_watch(int box, int number, bool is_checking_neighbours);
/* Comb that bridges to a neighbour: what it adds to one hook that lifts or pushes this frame. */
double burr_on_hook_kg(int box, int number, int side);
double burr_along_y_kg(int box, int number);
void burr_settle(int box, int number, int side);

/* plant_bees.c */
void bees_reset(void);
void bees_live(void);                                          /* called every millisecond */
void bees_suffer(plant_event_kind_t kind, int box, int frame); /* of an event that hurts */

/* plant_trace.c */
void trace_advance(void);
bool trace_event(const plant_event_t *event); /* whether somebody follows the plant, and takes events from there */

#endif
