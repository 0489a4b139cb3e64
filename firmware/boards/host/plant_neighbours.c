/* What a frame touches: its neighbours, the walls of its box, the stack above it, and comb that bees have built across to
 * the next frame.
 */
#include "plant_parts.h"

#define DROP_HURTS_MM 3.0 /* a frame that falls further than this has been dropped */

static bool is_colliding[PLANT_MAX_FRAMES]; /* reported; until the frame is clear again */
static double apart_at_first_mm[PLANT_MAX_BOXES][PLANT_MAX_FRAMES];

static double middle_mm(int box, int number)
{
    const plant_frame_truth_t *frame = frame_truth(box, number);
    return (frame->y_mm[0] + frame->y_mm[1]) / 2.0;
}

void neighbours_reset(void)
{
    for (int number = 0; number < PLANT_MAX_FRAMES; number++) {
        is_colliding[number] = false;
    }
    for (int box = 1; box <= world.boxes; box++) {
        for (int number = 1; number < world.frames_in_box[box - 1]; number++) {
            apart_at_first_mm[box - 1][number - 1] = middle_mm(box, number + 1) - middle_mm(box, number);
        }
    }
}

/* Lower edge of a frame above the top of its resting neighbours. */
static double bottom_above_rest_mm(int box, const plant_frame_truth_t *frame)
{
    return fmin(frame->lift_mm[0], frame->lift_mm[1]) - world.frame_height_mm[box - 1];
}

/* Frames that overlap in height and stand closer than they are thick touch; returns the number of such a one, or 0. */
static int touched_neighbour(int box, int number)
{
    const plant_frame_truth_t *frame = frame_truth(box, number);
    for (int other = 1; other <= world.frames_in_box[box - 1]; other++) {
        const plant_frame_truth_t *neighbour = frame_truth(box, other);
        if (other == number || !frame_made(box, other)->is_present) {
            continue;
        }
        if (bottom_above_rest_mm(box, frame) >= fmax(neighbour->lift_mm[0], neighbour->lift_mm[1])) {
            continue;
        }
        for (int side = 0; side < PLANT_SIDES; side++) {
            if (fabs(frame->y_mm[side] - neighbour->y_mm[side]) < world.frame_thickness_mm) {
                return other;
            }
        }
    }
    return 0;
}

static bool touches_wall(int box, const plant_frame_truth_t *frame)
{
    const double room_mm = (world.box_inner_depth_mm - world.frame_thickness_mm) / 2.0;
    const bool is_inside = bottom_above_rest_mm(box, frame) < world.frame_top_below_rim_mm;
    return is_inside && (fabs(frame->y_mm[0]) > room_mm || fabs(frame->y_mm[1]) > room_mm);
}

static bool touches_stack(const plant_frame_truth_t *frame)
{
    const double top_mm = fmax(frame->lift_mm[0], frame->lift_mm[1]) - world.frame_top_below_rim_mm;
    return !is_resting(frame) && top_mm > stack_bottom_above_rim_mm();
}

void neighbours_watch(int box, int number, bool is_checking_neighbours)
{
    const plant_frame_truth_t *frame = frame_truth(box, number);
    const int other = is_checking_neighbours ? touched_neighbour(box, number) : 0;
    const bool is_at_wall = touches_wall(box, frame);
    const bool is_at_stack = touches_stack(frame);
    if (!is_colliding[number - 1]) {
        if (other) {
            plant_event(EVENT_FRAMES_COLLIDE, -1, box, number, other);
        } else if (is_at_wall) {
            plant_event(EVENT_FRAME_MEETS_WALL, -1, box, number, frame->y_mm[0]);
        } else if (is_at_stack) {
            plant_event(EVENT_FRAME_MEETS_STACK, -1, box, number, frame->lift_mm[0]);
        }
    }
    is_colliding[number - 1] = other || is_at_wall || is_at_stack;
}

/* Burr comb. It belongs to the rear one of the two frames that it bridges, and holds until the frame that is moved has
 * come so far from where the bees built it; until then a neighbour that is lighter than the comb is strong comes along. */

static bool is_bridged(int box, int rear)
{
    return rear >= 1 && rear < world.frames_in_box[box - 1] && frame_made(box, rear)->burr_kg > 0.0 &&
           !truth.is_burr_broken[box - 1][rear - 1] && frame_made(box, rear)->is_present &&
           frame_made(box, rear + 1)->is_present;
}

static double resting_kg(int box, int number, int side)
{
    const plant_frame_t *made = frame_made(box, number);
    return made->mass_kg / 2.0 +
           adhesion_kg(&ear_propolis, made->ear_break_away_kg[side], frame_truth(box, number)->freed_mm[side]);
}

static double pull_kg(int box, int rear, int other, int side)
{
    return is_bridged(box, rear) ? fmin(frame_made(box, rear)->burr_kg, resting_kg(box, other, side)) : 0.0;
}

double burr_on_hook_kg(int box, int number, int side)
{
    return pull_kg(box, number - 1, number - 1, side) + pull_kg(box, number, number + 1, side);
}

double burr_along_y_kg(int box, int number)
{
    return (is_bridged(box, number - 1) ? frame_made(box, number - 1)->burr_kg : 0.0) +
           (is_bridged(box, number) ? frame_made(box, number)->burr_kg : 0.0);
}

static void let_fall(int box, int number)
{
    plant_frame_truth_t *frame = frame_truth(box, number);
    const double height_mm = fmax(frame->lift_mm[0], frame->lift_mm[1]);
    frame->lift_mm[0] = frame->lift_mm[1] = 0.0;
    if (height_mm > DROP_HURTS_MM) {
        plant_event(EVENT_FRAME_DROPPED, -1, box, number, height_mm);
    }
}

static void settle_bridge(int box, int rear, int moved, int side)
{
    if (!is_bridged(box, rear)) {
        return;
    }
    const int other = moved == rear ? rear + 1 : rear;
    const double lift_mm_here = frame_truth(box, moved)->lift_mm[side];
    const double apart_mm = middle_mm(box, rear + 1) - middle_mm(box, rear) - apart_at_first_mm[box - 1][rear - 1];
    if (hypot(lift_mm_here, apart_mm) > frame_made(box, rear)->burr_mm) {
        truth.is_burr_broken[box - 1][rear - 1] = 1;
        plant_event(EVENT_BURR_BREAKS, side, box, rear, frame_made(box, rear)->burr_kg);
        let_fall(box, other);
        return;
    }
    plant_frame_truth_t *neighbour = frame_truth(box, other);
    if (frame_made(box, rear)->burr_kg > resting_kg(box, other, side)) {
        neighbour->lift_mm[side] = lift_mm_here;
        neighbour->freed_mm[side] = fmax(neighbour->freed_mm[side], lift_mm_here);
    }
}

void burr_settle(int box, int number, int side)
{
    settle_bridge(box, number - 1, number, side);
    settle_bridge(box, number, number, side);
}
