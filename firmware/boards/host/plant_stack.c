/* Boxes and lid on the forks: who carries what, propolis in the seam, landing on the rim or on what lies there.
 *
 * Quasi-static. A fork under a cleat is a spring against half the weight of everything above the seam. The edge stays on
 * the rim until the spring has overcome weight and propolis, then follows the fork, and the propolis lets go over the
 * next millimetres. Each side is solved by itself: the halves do not shift with the small tilts that are allowed.
 */
#include "plant_parts.h"

#define FORK_THICKNESS_MM 8.0
#define CLEAT_THICKNESS_MM 8.0
#define LOADED_KG 0.5

static double half_weight_kg;
static bool is_obstruction_under[PLANT_SIDES]; /* the edge has been above it since it was put there */
static bool is_in_contact[PLANT_SIDES];
static bool is_reported[PLANT_SIDES]; /* a fork pressing where it must not, once per occasion */

static double cleat_at_rest_mm(int level)
{
    return bottom_mm(level) + world.cleat_above_bottom_mm;
}

static double cleat_mm(int level, int side)
{
    const bool is_raised = truth.stack_level != 0 && level >= truth.stack_level;
    return cleat_at_rest_mm(level) + (is_raised ? truth.edge_mm[side] : 0.0);
}

int open_box(void)
{
    const bool is_open = truth.edge_mm[0] > AT_REST_MM || truth.edge_mm[1] > AT_REST_MM;
    return truth.stack_level >= 2 && is_open ? truth.stack_level - 1 : 0;
}

double stack_bottom_above_rim_mm(void)
{
    return fmin(truth.edge_mm[0], truth.edge_mm[1]);
}

void stack_reset(void)
{
    half_weight_kg = 0.0;
    truth.stack_level = 0;
    for (int side = 0; side < PLANT_SIDES; side++) {
        truth.edge_mm[side] = 0.0;
        truth.load_kg[side] = 0.0;
        truth.fork_level[side] = 0;
        is_obstruction_under[side] = false;
        is_in_contact[side] = false;
        is_reported[side] = false;
    }
}

void stack_weigh(void)
{
    double mass_kg = world.lid_mass_kg;
    for (int box = truth.stack_level; box >= 1 && box <= world.boxes; box++) {
        mass_kg += world.box_mass_kg[box - 1];
        for (int frame = 0; frame < world.frames_in_box[box - 1]; frame++) {
            const plant_frame_t *one = &world.frames[box - 1][frame];
            mass_kg += one->is_present ? one->mass_kg : 0.0;
        }
    }
    half_weight_kg = truth.stack_level ? mass_kg / 2.0 : 0.0;
}

/* The level whose cleat is the first above a fork at this height; 0 where there is none. */
static int level_above(int side, double height_mm)
{
    for (int level = 1; level <= world.boxes + 1; level++) {
        if (cleat_mm(level, side) >= height_mm - 0.5) {
            return level;
        }
    }
    return 0;
}

void stack_fork_arrives(int side)
{
    const double fork_mm = lift_mm(side);
    for (int level = 1; level <= world.boxes + 1; level++) {
        const double cleat = cleat_mm(level, side);
        if (fork_mm > cleat && fork_mm - FORK_THICKNESS_MM < cleat + CLEAT_THICKNESS_MM) {
            plant_event(EVENT_FORK_MEETS_CLEAT, side, level, 0, fork_mm - cleat);
            is_reported[side] = true;
        }
    }
    truth.fork_level[side] = level_above(side, fork_mm);
    stack_settle(side);
}

static void put_down(int side)
{
    truth.edge_mm[side] = 0.0;
    truth.load_kg[side] = 0.0;
    if (truth.edge_mm[1 - side] <= 0.0 && truth.load_kg[1 - side] <= 0.0) {
        truth.stack_level = 0;
    }
}

void stack_fork_leaves(int side)
{
    if (truth.load_kg[side] > LOADED_KG || truth.edge_mm[side] > AT_REST_MM) {
        plant_event(EVENT_STACK_DROPPED, side, truth.stack_level, 0, truth.edge_mm[side]);
    }
    truth.fork_level[side] = 0;
    put_down(side);
}

static void watch_fork(int side)
{
    const int level = truth.fork_level[side];
    const double fork_mm = lift_mm(side);
    const bool is_on_lower = level >= 2 && fork_mm - FORK_THICKNESS_MM < cleat_mm(level - 1, side) + CLEAT_THICKNESS_MM;
    const bool is_odd = truth.stack_level && level != truth.stack_level && fork_mm > cleat_at_rest_mm(level);
    if ((is_on_lower || is_odd) && !is_reported[side]) {
        plant_event(is_odd ? EVENT_FORKS_DISAGREE : EVENT_FORK_MEETS_CLEAT, side, level, 0, fork_mm);
    }
    is_reported[side] = is_on_lower || is_odd;
}

static void report_edge(int side, double before_mm)
{
    const double now_mm = truth.edge_mm[side];
    if (before_mm <= AT_REST_MM && now_mm > AT_REST_MM) {
        plant_event(EVENT_EDGE_LEAVES_RIM, side, truth.stack_level, 0, now_mm);
    } else if (before_mm > AT_REST_MM && now_mm <= AT_REST_MM) {
        plant_event(EVENT_EDGE_LANDS, side, truth.stack_level, 0, truth.load_kg[side]);
    }
}

/* Height at which the edge comes to rest when it is lowered now. */
static double floor_mm(int side)
{
    const double thing_mm = world.obstruction_mm[side];
    if (thing_mm <= 0.0) {
        is_obstruction_under[side] = false;
        return 0.0;
    }
    if (truth.edge_mm[side] > thing_mm + 1.0) {
        is_obstruction_under[side] = true;
    }
    return is_obstruction_under[side] ? thing_mm : 0.0;
}

static void watch_contact(int side, double rest_mm)
{
    const bool is_on_thing = rest_mm > 0.0 && truth.edge_mm[side] <= rest_mm;
    if (is_on_thing) {
        truth.pressed_kg = fmax(truth.pressed_kg, half_weight_kg - truth.load_kg[side]);
        if (!is_in_contact[side]) {
            plant_event(EVENT_CONTACT, side, truth.stack_level, 0, rest_mm);
        }
    }
    is_in_contact[side] = is_on_thing;
}

void stack_settle(int side)
{
    const int level = truth.fork_level[side];
    if (!is_fork_in(side) || level == 0) {
        return;
    }
    watch_fork(side);
    const double above_cleat_mm = lift_mm(side) - cleat_at_rest_mm(level);
    if (truth.stack_level == 0 && above_cleat_mm > 0.0) {
        truth.stack_level = level;
        stack_weigh();
    }
    if (level != truth.stack_level) {
        return;
    }
    double *freed_mm = &truth.freed_mm[level - 1][side];
    const double before_mm = truth.edge_mm[side];
    const double rest_mm = floor_mm(side);
    const double glue_kg = adhesion_kg(world.seam_break_away_kg[level - 1][side], *freed_mm, world.seam_release_mm);
    const double carried_kg = half_weight_kg + glue_kg;
    const double hanging_mm = above_cleat_mm - carried_kg / world.fork_stiffness_kg_mm;
    if (hanging_mm > rest_mm) {
        truth.edge_mm[side] = hanging_mm;
        truth.load_kg[side] = carried_kg;
        *freed_mm = fmax(*freed_mm, hanging_mm);
    } else {
        truth.edge_mm[side] = rest_mm;
        truth.load_kg[side] = fmax(0.0, (above_cleat_mm - rest_mm) * world.fork_stiffness_kg_mm);
    }
    report_edge(side, before_mm);
    watch_contact(side, rest_mm);
    if (truth.edge_mm[side] <= 0.0 && truth.load_kg[side] <= 0.0) {
        put_down(side);
    }
}
