/* What the parts of the plant share among themselves: plant.c (axes, servos, inputs), plant_stack.c (boxes on forks),
 * plant_frames.c (frames on hooks). */
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
    return truth.position_mm[PLANT_SHUTTLE + side];
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

/* Propolis that still holds an edge or an ear which has once come `freed_mm`. */
static inline double adhesion_kg(double break_away_kg, double freed_mm, double release_mm)
{
    if (break_away_kg <= 0.0 || freed_mm >= release_mm) {
        return 0.0;
    }
    return break_away_kg * (1.0 - freed_mm / release_mm);
}

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
void frames_hook_leaves(int side);
bool frames_hold_back(int side, int direction); /* the hook cannot lift what it holds: the scan beam stalls */

#endif
