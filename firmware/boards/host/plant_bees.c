/* The bees of the open box, a hundred times a second: who stands on its rim, who is squeezed or rolled, where the queen is, and
 * how warm the brood still is.
 *
 * What bees bear is what the rulebook allows: its limits encode it. A motion that keeps them hurts none, one that does not
 * hurts at least one. How many beyond that is not known and not claimed; counts grow with the way done wrongly, one bee a
 * millimetre, so that worse is worse. Assumptions:
 * - While a box is open some bees come to stand on its rim. Under an edge that has come close they go on walking away, each
 *   after a time of her own (mean rim_leave_s), so slow landing or hovering empties the rim and a quick one does not. Edges
 *   that close together leave them no wedge to walk out of: they take longer.
 * - Between combs there is room for two bees back to back as long as faces keep a bee space; closer than that they get out
 *   of the way only of a slow frame.
 * - A jolt shakes bees off when the speed changes by more than a knock that beekeepers use does (about a fall of 5 mm); a
 *   steady acceleration above the rulebook's does so as well.
 * - Brood of an open box cools with the air around it, much slower than the air itself: bees cover it.
 */
#include "plant_parts.h"

enum { TICK_NS = 10000000, WINDOW = 6 }; /* accelerations over 50 ms: steps of a motor are too coarse for less */
static const double TICK_S = 0.01;
static const double TOLERATED = 1.05;   /* of a limit: steps and ticks do not meet */
static const double SHAKEN = 1.3;       /* likewise, of an acceleration */
static const double JOLT_MM_S = 300.0;  /* speed after a fall of 5 mm */
static const double NEAR_RIM_MM = 60.0; /* a stack that hovers lower than this makes them leave */
static const double BEE_MM = 4.0;       /* height of a worker */
static const double LEAD_MM = 2.0;      /* less than this between the edges below FLAT_MM: no wedge */
static const double FLAT_MM = 9.0;
static const double NO_WEDGE = 4.0;
static const double COMB_MM = 24.0; /* of one comb without bees */
static const double BEE_SPACE_MM = 9.0;
static const double HANGING_BEES_MM = 30.0; /* bees that hang from the stack above the open box */
static const double EAR_MM = 2.0, SET_DOWN_ZONE_MM = 20.0, HOOK_ZONE_MM = 5.0;
static const double BROOD_C = 34.5, COOLS_S = 2400.0, WARMS_S = 1200.0;

typedef struct {
    double position_mm[PLANT_USED_AXES];
    uint64_t lost_steps[PLANT_USED_AXES];
    bool is_rail_on;
} past_t;

static uint64_t next_tick_ns;
static past_t past[WINDOW]; /* a ring, the newest at `newest` */
static int newest;
static double speed_mm_s[PLANT_USED_AXES];
static double plate_before_mm[PLANT_SIDES];
static double hurt; /* bees, with the part of one that the way so far makes */
static double reported;

static bool has_bees(int box)
{
    for (int number = 1; number <= world.frames_in_box[box - 1]; number++) {
        const plant_frame_t *made = frame_made(box, number);
        if (made->is_present && made->bees[PLANT_REAR] + made->bees[PLANT_FRONT] > 0.0) {
            return true;
        }
    }
    return false;
}

void bees_reset(void)
{
    next_tick_ns = 0;
    newest = 0;
    hurt = reported = 0.0;
    for (int i = 0; i < WINDOW; i++) {
        past[i] = (past_t){.is_rail_on = false};
        for (int axis = 0; axis < PLANT_USED_AXES; axis++) {
            past[i].position_mm[axis] = truth.position_mm[axis];
        }
    }
    for (int side = 0; side < PLANT_SIDES; side++) {
        truth.bees_on_rim[side] = 0.0;
        plate_before_mm[side] = truth.position_mm[PLANT_SHUTTLE + side];
    }
    truth.brood_c = truth.brood_c_min = BROOD_C;
}

/* Harm. -------------------------------------------------------------------------------------------------------------- */

enum { ANY_FACE = -1 };

static void lose_queen(int box, int number, int face)
{
    const bool is_here =
        world.queen_box == box && world.queen_frame == number && (face == ANY_FACE || world.queen_face == face);
    if (box > 0 && is_here && !truth.is_queen_lost) {
        truth.is_queen_lost = 1;
        plant_event(EVENT_QUEEN_LOST, -1, box, number, 0.0);
    }
}

static void crush(int side, int box, int number, double bees)
{
    if (!has_bees(box)) {
        return;
    }
    hurt += bees;
    truth.bees_crushed = (int32_t)ceil(hurt);
    if (hurt > reported) { /* once a bee, not once a look */
        plant_event(EVENT_BEES_CRUSHED, side, box, number, ceil(hurt) - reported);
        reported = ceil(hurt);
    }
}

void bees_suffer(plant_event_kind_t kind, int box, int number)
{
    const bool is_among_bees =
        (kind >= EVENT_CRUSH_PIN && kind <= EVENT_HOOK_MEETS_HIVE) || kind == EVENT_STACK_DROPPED;
    if (!is_among_bees || box < 1 || box > world.boxes) {
        return;
    }
    if (has_bees(box)) {
        hurt = reported = ceil(hurt) + 1.0;
        truth.bees_crushed = (int32_t)hurt;
    }
    if (kind == EVENT_FRAME_DROPPED || kind == EVENT_FRAMES_COLLIDE) {
        lose_queen(box, number, ANY_FACE);
    }
}

/* The rim. ----------------------------------------------------------------------------------------------------------- */

static void live_on_rim(int side, int box)
{
    double *bees = &truth.bees_on_rim[side];
    const double gap_mm = truth.edge_mm[side];
    const bool is_landing = gap_mm <= BEE_MM && speed_mm_s[PLANT_LIFT + side] < 0.0;
    if (gap_mm > NEAR_RIM_MM) {
        *bees += (world.rim_bees - *bees) * TICK_S / world.rim_arrive_s;
    } else {
        const bool is_flat = gap_mm < FLAT_MM && fabs(truth.edge_mm[0] - truth.edge_mm[1]) < LEAD_MM;
        *bees -= *bees * TICK_S / (world.rim_leave_s * (is_flat ? NO_WEDGE : 1.0));
    }
    if (is_landing) {
        const double under = floor(*bees + 0.5);
        *bees = 0.0;
        if (under > 0.0) {
            crush(side, box, 0, under);
        }
    }
}

/* Frames. ------------------------------------------------------------------------------------------------------------ */

/* Way of this tick done faster than bees bear. */
static double excess_mm(double moved_mm_s, double limit_mm_s)
{
    return moved_mm_s > limit_mm_s * TOLERATED ? moved_mm_s * TICK_S : 0.0;
}

static void roll_bees(int side, int box, int number)
{
    const double lift_mm_here = frame_truth(box, number)->lift_mm[side];
    if (lift_mm_here <= HANGING_MM || lift_mm_here > world.frame_height_mm[box - 1]) {
        return;
    }
    const double up_mm_s = speed_mm_s[PLANT_SCAN + side];
    const double least_up = lift_mm_here < EAR_MM ? world.gentle_ear_mm_s : world.gentle_lift_mm_s;
    const double least_down =
        lift_mm_here < SET_DOWN_ZONE_MM - 0.5 ? world.gentle_set_down_mm_s : world.gentle_lower_mm_s;
    const double wrong_mm = excess_mm(up_mm_s, least_up) + excess_mm(-up_mm_s, least_down);
    if (wrong_mm > 0.0) {
        crush(side, box, number, wrong_mm);
        lose_queen(box, number, ANY_FACE);
    }
}

static void squeeze_bees(int side, int box, int number, double moved_mm)
{
    const plant_frame_truth_t *frame = frame_truth(box, number);
    const double wrong_mm = excess_mm(fabs(moved_mm) / TICK_S, world.gentle_nudge_mm_s);
    if (wrong_mm <= 0.0 || fmin(frame->lift_mm[0], frame->lift_mm[1]) >= world.frame_height_mm[box - 1]) {
        return;
    }
    for (int other = 1; other <= world.frames_in_box[box - 1]; other++) {
        const double ahead_mm = frame_truth(box, other)->y_mm[side] - frame->y_mm[side];
        const bool closes = ahead_mm * moved_mm > 0.0 && fabs(ahead_mm) < COMB_MM + BEE_SPACE_MM;
        if (other != number && closes && frame_made(box, other)->is_present) {
            crush(side, box, number, wrong_mm);
            lose_queen(box, number, ahead_mm > 0.0 ? PLANT_FRONT : PLANT_REAR);
            lose_queen(box, other, ahead_mm > 0.0 ? PLANT_REAR : PLANT_FRONT);
        }
    }
}

static void squeeze_hanging_bees(int box, int number)
{
    const plant_frame_truth_t *frame = frame_truth(box, number);
    const double top_mm = fmax(frame->lift_mm[0], frame->lift_mm[1]) - world.frame_top_below_rim_mm;
    const double closing_mm_s = fmax(0.0, fmax(speed_mm_s[PLANT_SCAN], speed_mm_s[PLANT_SCAN + 1])) -
                                fmin(0.0, fmin(speed_mm_s[PLANT_LIFT], speed_mm_s[PLANT_LIFT + 1]));
    if (!is_resting(frame) && closing_mm_s > 0.1 && stack_bottom_above_rim_mm() - top_mm < HANGING_BEES_MM) {
        crush(-1, box, number, closing_mm_s * TICK_S);
    }
}

/* Largest change of speed in the window, and whether the motor was in step all the while. */
static bool was_in_step(int axis)
{
    for (int i = 0; i < WINDOW; i++) {
        if (!past[i].is_rail_on || past[i].lost_steps[axis] != truth.lost_steps[axis]) {
            return false;
        }
    }
    return true;
}

static double at_mm(int axis, int ticks_ago)
{
    return past[(newest + WINDOW - ticks_ago) % WINDOW].position_mm[axis];
}

static void shake(int side, int box, int number)
{
    static const int axes[] = {PLANT_SCAN, PLANT_SHUTTLE};
    const double limits[] = {world.gentle_vertical_mm_s2, world.gentle_sideways_mm_s2};
    for (int i = 0; i < 2; i++) {
        const int axis = axes[i] + side;
        const double late_mm_s = (at_mm(axis, 0) - at_mm(axis, 2)) / (2.0 * TICK_S);
        const double early_mm_s = (at_mm(axis, 3) - at_mm(axis, 5)) / (2.0 * TICK_S);
        const double change_mm_s = fabs(late_mm_s - early_mm_s);
        const bool is_steady = was_in_step(axis) && change_mm_s / (3.0 * TICK_S) > limits[i] * SHAKEN;
        if (is_steady || change_mm_s > JOLT_MM_S) {
            lose_queen(box, number, ANY_FACE);
        }
    }
}

static void live_on_hook(int side, int box)
{
    const int number = truth.held[side];
    const double moved_mm = plate_y_mm(side) - plate_before_mm[side];
    if (number != 0) {
        roll_bees(side, box, number);
        const bool pushes =
            frame_truth(box, number)->lift_mm[side] > HANGING_MM ||
            fabs(frame_truth(box, number)->y_mm[side] - plate_y_mm(side)) <= world.hook_seated_mm + AT_REST_MM;
        if (pushes) {
            squeeze_bees(side, box, number, moved_mm);
        }
        if (side == PLANT_LEFT) {
            squeeze_hanging_bees(box, number);
        }
        if (!is_resting(frame_truth(box, number))) {
            shake(side, box, number);
        }
        return;
    }
    const double above_mm = plate_z_mm(side) - engaged_mm(box);
    const bool is_landing = is_hook_in(side) && above_mm > -HANGING_MM && above_mm < HOOK_ZONE_MM - 0.5;
    const double wrong_mm = is_landing ? excess_mm(-speed_mm_s[PLANT_SCAN + side], world.gentle_hook_mm_s) : 0.0;
    if (wrong_mm > 0.0) {
        crush(side, box, 0, wrong_mm);
    }
}

/* Brood. ------------------------------------------------------------------------------------------------------------- */

static void cool(bool is_open)
{
    const double goal_c = is_open ? fmin(world.air_c, BROOD_C) : BROOD_C;
    truth.brood_c += (goal_c - truth.brood_c) * TICK_S / (is_open ? COOLS_S : WARMS_S);
    truth.brood_c_min = fmin(truth.brood_c_min, truth.brood_c);
}

static void remember(void)
{
    newest = (newest + 1) % WINDOW;
    past_t *now = &past[newest];
    now->is_rail_on = truth.is_rail_on != 0;
    for (int axis = 0; axis < PLANT_USED_AXES; axis++) {
        now->position_mm[axis] = truth.position_mm[axis];
        now->lost_steps[axis] = truth.lost_steps[axis];
        speed_mm_s[axis] = (at_mm(axis, 0) - at_mm(axis, 1)) / TICK_S;
    }
}

void bees_live(void)
{
    if (truth.now_ns < next_tick_ns) {
        return;
    }
    next_tick_ns += TICK_NS;
    remember();
    const int box = open_box();
    cool(box != 0);
    propolis_settle();
    for (int side = 0; side < PLANT_SIDES; side++) {
        if (box) {
            live_on_rim(side, box);
            live_on_hook(side, box);
        } else {
            truth.bees_on_rim[side] = 0.0;
        }
        plate_before_mm[side] = plate_y_mm(side);
    }
}
