/* Boxes and lid on the forks: who carries what, propolis in the seam, landing on the rim or on what lies there.
 *
 * Quasi-static. A fork under a cleat is a spring against half the weight of everything above the seam. The edge stays on
 * the rim until the spring has overcome weight and propolis, then follows the fork, and the propolis lets go over the
 * next millimetres. A stack that tilts leans towards its lower side: its centre of mass is above the forks.
 */
#include "plant_parts.h"

#define FORK_THICKNESS_MM 8.0
#define CLEAT_THICKNESS_MM 8.0
#define LOADED_KG 0.5

static double weight_kg;
static double mass_centre_mm;        /* above the lower edge */
static double thing_mm[PLANT_SIDES]; /* height of what lies on the rim now: comb is crushed */
static double thing_as_put_mm[PLANT_SIDES];
static bool is_sliding;
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
    weight_kg = mass_centre_mm = 0.0;
    is_sliding = false;
    truth.stack_level = 0;
    for (int side = 0; side < PLANT_SIDES; side++) {
        truth.edge_mm[side] = 0.0;
        truth.load_kg[side] = 0.0;
        truth.fork_level[side] = 0;
        is_obstruction_under[side] = false;
        is_in_contact[side] = false;
        is_reported[side] = false;
        thing_mm[side] = world.obstruction_mm[side];
        thing_as_put_mm[side] = world.obstruction_mm[side];
    }
}

static double box_kg(int box)
{
    double mass_kg = world.box_mass_kg[box - 1];
    for (int frame = 1; frame <= world.frames_in_box[box - 1]; frame++) {
        mass_kg += frame_made(box, frame)->is_present ? frame_made(box, frame)->mass_kg : 0.0;
    }
    return mass_kg;
}

void stack_weigh(void)
{
    weight_kg = mass_centre_mm = 0.0;
    if (truth.stack_level == 0) {
        return;
    }
    const double edge_mm = bottom_mm(truth.stack_level);
    for (int level = truth.stack_level; level <= world.boxes + 1; level++) {
        const double mass_kg = level > world.boxes ? world.lid_mass_kg : box_kg(level);
        weight_kg += mass_kg;
        mass_centre_mm += mass_kg * ((bottom_mm(level) + bottom_mm(level + 1)) / 2.0 - edge_mm);
    }
    mass_centre_mm /= fmax(weight_kg, 1e-9);
}

/* What one fork carries of the weight. Small angles: the centre of mass has shifted by its height times the slope. */
static double share_kg(int side)
{
    const double raised_mm = truth.edge_mm[side] - truth.edge_mm[1 - side];
    const double shift_mm = mass_centre_mm * raised_mm / world.fork_span_mm;
    return weight_kg * (0.5 - shift_mm / world.fork_span_mm);
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

/* Height of what is under an edge that comes down now; 0 for the rim. */
static double thing_under_mm(int side)
{
    if (world.obstruction_mm[side] != thing_as_put_mm[side]) {
        thing_mm[side] = thing_as_put_mm[side] = world.obstruction_mm[side];
    }
    if (thing_mm[side] <= 0.0) {
        is_obstruction_under[side] = false;
    } else if (truth.edge_mm[side] > thing_mm[side] + 1.0) {
        is_obstruction_under[side] = true;
    }
    return is_obstruction_under[side] ? thing_mm[side] : 0.0;
}

/* Where an edge comes to rest between a fork, which would hold it at `hanging_mm`, and what lies on the rim. */
static double pressed_edge_mm(int side, double hanging_mm, double under_mm)
{
    if (under_mm <= 0.0 || hanging_mm >= under_mm || world.obstruction_kind[side] == PLANT_TOOL) {
        return fmax(hanging_mm, under_mm);
    }
    const double fork = world.fork_stiffness_kg_mm;
    const double soft = world.obstruction_kg_mm;
    const double edge_mm = (fork * hanging_mm + soft * under_mm) / (fork + soft);
    const double pressed_kg = soft * (under_mm - edge_mm);
    if (world.obstruction_kind[side] == PLANT_FINGER || pressed_kg <= world.comb_yields_kg) {
        return fmax(0.0, edge_mm);
    }
    const double crushed_mm = hanging_mm + world.comb_yields_kg / fork;
    thing_mm[side] = fmax(0.0, crushed_mm + world.comb_yields_kg / soft);
    return fmax(0.0, crushed_mm);
}

static void watch_contact(int side, double under_mm, double carried_kg)
{
    const bool is_on_thing = under_mm > 0.0 && truth.edge_mm[side] <= under_mm;
    if (is_on_thing) {
        const double pressed_kg = carried_kg - truth.load_kg[side];
        const bool was_fine = truth.pressed_kg <= world.finger_harm_kg;
        truth.pressed_kg = fmax(truth.pressed_kg, pressed_kg);
        if (!is_in_contact[side]) {
            plant_event(EVENT_CONTACT, side, truth.stack_level, 0, under_mm);
        }
        if (world.obstruction_kind[side] == PLANT_FINGER && was_fine && pressed_kg > world.finger_harm_kg) {
            plant_event(EVENT_FINGER_PRESSED, side, truth.stack_level, 0, pressed_kg);
        }
    }
    is_in_contact[side] = is_on_thing;
}

static void watch_tilt(void)
{
    const double tilt_mm = fabs(truth.edge_mm[0] - truth.edge_mm[1]);
    const bool slides = tilt_mm > world.slide_tilt_mm;
    if (slides && !is_sliding) {
        plant_event(EVENT_STACK_SLIDES, truth.edge_mm[0] < truth.edge_mm[1] ? 0 : 1, truth.stack_level, 0, tilt_mm);
    }
    is_sliding = slides;
}

static double seam_kg(int level, int side)
{
    return adhesion_kg(&seam_propolis, world.seam_break_away_kg[level - 1][side], truth.freed_mm[level - 1][side]);
}

static void free_seam(int side, int level)
{
    double *freed_mm = &truth.freed_mm[level - 1][side];
    const bool held = seam_kg(level, side) > LOADED_KG;
    *freed_mm = fmax(*freed_mm, truth.edge_mm[side]);
    if (held && seam_propolis.is_brittle && seam_kg(level, side) <= 0.0) {
        plant_event(EVENT_PROPOLIS_SNAPS, side, level, 0, truth.edge_mm[side]);
    }
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
    const double before_mm = truth.edge_mm[side];
    const double under_mm = thing_under_mm(side);
    const double carried_kg = share_kg(side) + seam_kg(level, side);
    const double hanging_mm = above_cleat_mm - carried_kg / world.fork_stiffness_kg_mm;
    const double edge_mm = pressed_edge_mm(side, hanging_mm, under_mm);
    if (edge_mm > 0.0) {
        truth.edge_mm[side] = edge_mm;
        truth.load_kg[side] =
            hanging_mm >= edge_mm ? carried_kg : fmax(0.0, (above_cleat_mm - edge_mm) * world.fork_stiffness_kg_mm);
        free_seam(side, level);
    } else {
        truth.edge_mm[side] = 0.0;
        truth.load_kg[side] = fmax(0.0, above_cleat_mm * world.fork_stiffness_kg_mm);
    }
    report_edge(side, before_mm);
    watch_contact(side, under_mm, carried_kg);
    watch_tilt();
    if (truth.edge_mm[side] <= 0.0 && truth.load_kg[side] <= 0.0) {
        put_down(side);
    }
}
