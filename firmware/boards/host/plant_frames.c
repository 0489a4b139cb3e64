/* Comb frames and the hooks that carry them: belts, pins and ears, and what gets crushed.
 *
 * A frame rests with its ears on the rebate. A hook plate at neck height slides round the neck of a pin; the plate's
 * centre bar then pushes the pin along Y, and lifting the plate lifts that end. Once an ear is up, friction holds the pin
 * where it sits in the slot. Both ends are independent: a frame can hang askew, and be pushed askew.
 *
 * Between the motor of a shuttle and its plate are backlash and a belt that gives: the plate follows only where the belt's
 * pull exceeds what holds the frame that it pushes.
 */
#include "plant_parts.h"

#define SLIDING_MM 0.5 /* more than a plate can slide between two looks: it came from above */

typedef struct {
    double pin_from_plate_mm; /* where the held pin sits along Y */
    double ear_held_y_mm;     /* where the ear stood when it was glued */
    bool is_crushing;         /* reported; until the plate is clear again */
    bool is_in_hive;          /* likewise: the plate where no slot between boxes is open */
    double last_z_mm;
} hook_t;

static hook_t hooks[PLANT_SIDES];

#define SHEAR_SHARE 0.5 /* of propolis' force when it is torn upwards: an assumption */

static void put_into_place(int box, int number)
{
    const plant_frame_t *made = frame_made(box, number);
    plant_frame_truth_t *frame = frame_truth(box, number);
    for (int side = 0; side < PLANT_SIDES; side++) {
        frame->y_mm[side] = made->y_mm + (side ? 0.5 : -0.5) * made->askew_mm;
        frame->lift_mm[side] = 0.0;
        frame->freed_mm[side] = 0.0;
    }
}

void frames_reset(void)
{
    for (int box = 1; box <= world.boxes; box++) {
        for (int number = 1; number <= world.frames_in_box[box - 1]; number++) {
            put_into_place(box, number);
        }
    }
    for (int side = 0; side < PLANT_SIDES; side++) {
        truth.plate_y_mm[side] = truth.position_mm[PLANT_SHUTTLE + side];
        hooks[side] = (hook_t){.last_z_mm = plate_z_mm(side)};
        truth.held[side] = 0;
        truth.pins[side] = 0;
    }
    neighbours_reset();
}

/* The belt. ---------------------------------------------------------------------------------------------------------- */

/* What holds a frame that rests, and whose pin the plate pushes this way: friction of its ear, propolis, comb that bridges to
 * a neighbour. 0 where the plate pushes nothing. */
static double resistance_kg(int side, int direction)
{
    const int box = open_box();
    const int number = truth.held[side];
    if (number == 0 || box == 0 || frame_truth(box, number)->lift_mm[side] > HANGING_MM) {
        return 0.0;
    }
    const hook_t *hook = &hooks[side];
    const bool pushes =
        hook->pin_from_plate_mm * direction > 0.0 && fabs(hook->pin_from_plate_mm) <= world.hook_seated_mm + AT_REST_MM;
    if (!pushes) {
        return 0.0;
    }
    const plant_frame_t *made = frame_made(box, number);
    const double shorn_mm = fabs(frame_truth(box, number)->y_mm[side] - hook->ear_held_y_mm);
    const double freed_mm = fmax(shorn_mm, frame_truth(box, number)->freed_mm[side]);
    return world.ear_friction * made->mass_kg / 2.0 +
           SHEAR_SHARE * adhesion_kg(&ear_propolis, made->ear_break_away_kg[side], freed_mm) +
           burr_along_y_kg(box, number);
}

/* How far the motor has to be ahead before the plate moves. */
static double play_mm(int side, int direction)
{
    return world.belt_backlash_mm / 2.0 + resistance_kg(side, direction) / world.belt_stiffness_kg_mm;
}

bool frames_stall_shuttle(int side, int direction, double motor_mm)
{
    const double ahead_mm = (motor_mm - plate_y_mm(side)) * direction - world.belt_backlash_mm / 2.0;
    const double most_mm = world.belt_max_kg / world.belt_stiffness_kg_mm;
    return ahead_mm > most_mm && resistance_kg(side, direction) > world.belt_max_kg;
}

void frames_shift_plate(int side)
{
    const double ahead_mm = truth.position_mm[PLANT_SHUTTLE + side] - plate_y_mm(side);
    const int direction = ahead_mm > 0.0 ? 1 : -1;
    if (fabs(ahead_mm) <= world.belt_backlash_mm / 2.0) {
        return;
    }
    const double follows_mm = fabs(ahead_mm) - play_mm(side, direction);
    if (follows_mm > 0.0) {
        truth.plate_y_mm[side] += direction * follows_mm;
    }
}

/* A held frame. ---------------------------------------------------------------------------------------------------- */

static double carried_kg(int box, int number, int side)
{
    const plant_frame_t *made = frame_made(box, number);
    const double freed_mm = frame_truth(box, number)->freed_mm[side];
    return made->mass_kg / 2.0 + adhesion_kg(&ear_propolis, made->ear_break_away_kg[side], freed_mm) +
           burr_on_hook_kg(box, number, side);
}

bool frames_hold_back(int side, int direction)
{
    const int box = open_box();
    const int number = truth.held[side];
    if (direction < 0 || number == 0 || box == 0) {
        return false;
    }
    const plant_frame_truth_t *frame = frame_truth(box, number);
    const double pull_mm = plate_z_mm(side) - engaged_mm(box) - frame->lift_mm[side];
    return pull_mm * world.hook_stiffness_kg_mm > world.hook_max_kg;
}

static void report_ear(int side, int box, int number, double before_mm)
{
    const plant_frame_truth_t *frame = frame_truth(box, number);
    const bool was_up = before_mm > HANGING_MM;
    const bool is_up = frame->lift_mm[side] > HANGING_MM;
    const bool is_other_up = frame->lift_mm[1 - side] > HANGING_MM;
    if (is_up && !was_up) {
        plant_event(EVENT_EAR_FREE, side, box, number, carried_kg(box, number, side));
        if (is_other_up) {
            plant_event(EVENT_FRAME_HANGING, side, box, number, frame->y_mm[side]);
        }
    } else if (was_up && !is_up && !is_other_up) {
        plant_event(EVENT_FRAME_SET_DOWN, side, box, number, frame->y_mm[side]);
    }
}

static void raise_ear(int side, int box, int number)
{
    plant_frame_truth_t *frame = frame_truth(box, number);
    const double before_mm = frame->lift_mm[side];
    const double up_mm = plate_z_mm(side) - engaged_mm(box);
    const double hanging_mm = up_mm - carried_kg(box, number, side) / world.hook_stiffness_kg_mm;
    frame->lift_mm[side] = fmax(0.0, hanging_mm);
    if (frame->lift_mm[side] > frame->freed_mm[side]) {
        const bool was_held = frame->freed_mm[side] < ear_propolis.way_mm;
        frame->freed_mm[side] = frame->lift_mm[side];
        const bool has_snapped = was_held && frame->freed_mm[side] >= ear_propolis.way_mm && ear_propolis.is_brittle;
        if (has_snapped && frame_made(box, number)->ear_break_away_kg[side] > 0.0) {
            plant_event(EVENT_PROPOLIS_SNAPS, side, box, number, frame->lift_mm[side]);
        }
    }
    report_ear(side, box, number, before_mm);
}

static void release(int side, int box)
{
    plant_event(EVENT_FRAME_RELEASED, side, box, truth.held[side], frame_truth(box, truth.held[side])->y_mm[side]);
    truth.held[side] = 0;
}

static void slide_pin(int side, int box, int number)
{
    plant_frame_truth_t *frame = frame_truth(box, number);
    hook_t *hook = &hooks[side];
    if (frame->lift_mm[side] > HANGING_MM) { /* its weight holds it in the slot */
        frame->y_mm[side] = plate_y_mm(side) + hook->pin_from_plate_mm;
        return;
    }
    double from_plate_mm = frame->y_mm[side] - plate_y_mm(side);
    if (fabs(from_plate_mm) < world.hook_seated_mm) {
        from_plate_mm = hook->pin_from_plate_mm < 0.0 ? -world.hook_seated_mm : world.hook_seated_mm;
        frame->y_mm[side] = plate_y_mm(side) + from_plate_mm;
    }
    hook->pin_from_plate_mm = from_plate_mm;
    if (fabs(from_plate_mm) > world.hook_half_mm) {
        release(side, box);
    }
}

static void settle_held(int side, int box)
{
    const int number = truth.held[side];
    plant_frame_truth_t *frame = frame_truth(box, number);
    raise_ear(side, box, number);
    frames_shift_plate(side); /* the belt relaxes when friction has gone */
    slide_pin(side, box, number);
    burr_settle(box, number, side);
    neighbours_watch(box, number, frame->lift_mm[side] < world.frame_height_mm[box - 1]);
}

/* A free hook. ----------------------------------------------------------------------------------------------------- */

typedef enum { MEETS_NOTHING, MEETS_NECK, MEETS_PIN, MEETS_TOP_BAR } meeting_t;

static meeting_t meet(int side, int box, int number)
{
    const plant_frame_truth_t *frame = frame_truth(box, number);
    const double across_mm = fabs(frame->y_mm[side] - plate_y_mm(side));
    const double above_neck_mm = plate_z_mm(side) - engaged_mm(box) - frame->lift_mm[side];
    const bool is_low = above_neck_mm < -world.hook_window_mm;
    if (is_low && across_mm < world.top_bar_depth_mm / 2.0 + world.hook_half_mm) {
        return MEETS_TOP_BAR;
    }
    if (!has_pin(box, number, side) || across_mm >= world.hook_half_mm || above_neck_mm >= world.pin_head_mm) {
        return MEETS_NOTHING;
    }
    const double was_above_neck_mm = hooks[side].last_z_mm - engaged_mm(box) - frame->lift_mm[side];
    const bool is_at_neck = above_neck_mm <= world.hook_window_mm && was_above_neck_mm <= world.hook_window_mm;
    return is_at_neck && across_mm > world.hook_half_mm - SLIDING_MM ? MEETS_NECK : MEETS_PIN;
}

static void engage(int side, int box, int number)
{
    truth.held[side] = number;
    hooks[side].pin_from_plate_mm = frame_truth(box, number)->y_mm[side] - plate_y_mm(side);
    hooks[side].ear_held_y_mm = frame_truth(box, number)->y_mm[side];
    plant_event(EVENT_FRAME_ENGAGED, side, box, number, hooks[side].pin_from_plate_mm);
}

/* What the plate is at now, among frames that it does not hold. */
static void settle_plate(int side, int box)
{
    hook_t *hook = &hooks[side];
    bool is_crushing = false;
    for (int number = 1; number <= world.frames_in_box[box - 1]; number++) {
        if (!frame_made(box, number)->is_present || number == truth.held[side]) {
            continue;
        }
        const meeting_t met = meet(side, box, number);
        if (met == MEETS_NOTHING) {
            continue;
        }
        if (met == MEETS_NECK && !hook->is_crushing && truth.held[side] == 0) {
            engage(side, box, number);
            continue;
        }
        if (!hook->is_crushing) {
            const double across_mm = frame_truth(box, number)->y_mm[side] - plate_y_mm(side);
            plant_event(met == MEETS_TOP_BAR ? EVENT_CRUSH_TOP_BAR : EVENT_CRUSH_PIN, side, box, number, across_mm);
        }
        is_crushing = true;
    }
    const bool is_pressing = truth.held[side] && plate_z_mm(side) < engaged_mm(box) - world.hook_window_mm;
    if (is_pressing && !hook->is_crushing) {
        plant_event(EVENT_CRUSH_TOP_BAR, side, box, truth.held[side], 0.0);
    }
    hook->is_crushing = is_crushing || is_pressing;
}

/* A hook reaching over the hive must stand between the rim of the open box and the bottom of the stack. (At neck height
 * beside the outermost pins it reaches over front or rear wall, which is cut down there for it.) */
static void watch_slot(int side, int box)
{
    const bool is_reaching = truth.servo_deg[PLANT_HOOK + side] > REACHING_DEG;
    const double z_mm = plate_z_mm(side);
    const double top_mm = bottom_mm(world.boxes + 2);
    const double rim_mm = box ? bottom_mm(box + 1) : 0.0;
    bool is_clear = true;
    if (is_reaching && box) {
        const bool is_over_wall = fabs(plate_y_mm(side)) + world.hook_half_mm > world.box_inner_depth_mm / 2.0;
        const double lowest_mm = is_over_wall ? engaged_mm(box) - world.hook_window_mm : bottom_mm(box);
        is_clear = z_mm > lowest_mm && z_mm < rim_mm + stack_bottom_above_rim_mm();
    } else if (is_reaching) {
        is_clear = z_mm < world.base_mm || z_mm > top_mm;
    }
    if (!is_clear && !hooks[side].is_in_hive) {
        plant_event(EVENT_HOOK_MEETS_HIVE, side, box, 0, z_mm);
    }
    hooks[side].is_in_hive = !is_clear;
}

static int sense_pin(int side, int box)
{
    const double above_travel_mm = plate_z_mm(side) - engaged_mm(box) - world.hook_travel_mm;
    if (!is_hook_in(side) || fabs(above_travel_mm) > world.pin_sensor_range_mm) {
        return 0;
    }
    if (world.is_pin_sensor_blind[side]) {
        return 0;
    }
    const double sensor_mm = plate_y_mm(side) - world.pin_sensor_behind_hook_mm;
    for (int number = 1; number <= world.frames_in_box[box - 1]; number++) {
        const plant_frame_truth_t *frame = frame_truth(box, number);
        const bool is_near = fabs(frame->y_mm[side] - sensor_mm) <= world.pin_sensor_range_mm;
        if (is_near && has_pin(box, number, side) && is_resting(frame)) {
            return 1;
        }
    }
    return 0;
}

void frames_settle(int side)
{
    const int box = open_box();
    truth.pins[side] = box ? sense_pin(side, box) : 0;
    watch_slot(side, box);
    if (box && is_hook_in(side)) {
        if (truth.held[side]) {
            settle_held(side, box);
        }
        const bool is_low = plate_z_mm(side) < engaged_mm(box) + world.pin_head_mm;
        if (is_low || hooks[side].is_crushing) {
            settle_plate(side, box);
        }
    }
    hooks[side].last_z_mm = plate_z_mm(side);
}

void frames_hook_leaves(int side)
{
    const int box = open_box();
    const int number = truth.held[side];
    if (number == 0 || box == 0) {
        truth.held[side] = 0;
        return;
    }
    plant_frame_truth_t *frame = frame_truth(box, number);
    const bool was_up = frame->lift_mm[side] > HANGING_MM;
    plant_event(was_up ? EVENT_FRAME_DROPPED : EVENT_CRUSH_PIN, side, box, number, frame->lift_mm[side]);
    frame->lift_mm[side] = 0.0;
    truth.held[side] = 0;
}

int plant_take_frame(void)
{
    const int box = open_box();
    const int number = truth.held[0];
    if (box == 0 || number == 0 || truth.held[1] != number) {
        return 0;
    }
    for (int side = 0; side < PLANT_SIDES; side++) {
        plant_event(EVENT_FRAME_RELEASED, side, box, number, frame_truth(box, number)->y_mm[side]);
        truth.held[side] = 0;
        frame_truth(box, number)->lift_mm[side] = 0.0;
    }
    frame_made(box, number)->is_present = 0;
    return number;
}

int plant_hang_frame(int number, double pin_from_plate_mm)
{
    const int box = open_box();
    const bool is_ready = box && is_hook_in(0) && is_hook_in(1) && !truth.held[0] && !truth.held[1];
    if (!is_ready || number < 1 || number > world.frames_in_box[box - 1]) {
        return 0;
    }
    plant_frame_t *made = frame_made(box, number);
    plant_frame_truth_t *frame = frame_truth(box, number);
    made->is_present = 1;
    for (int side = 0; side < PLANT_SIDES; side++) {
        made->ear_break_away_kg[side] = 0.0;
        hooks[side].pin_from_plate_mm = pin_from_plate_mm;
        frame->y_mm[side] = hooks[side].ear_held_y_mm = plate_y_mm(side) + pin_from_plate_mm;
        frame->lift_mm[side] =
            fmax(0.0, plate_z_mm(side) - engaged_mm(box) - made->mass_kg / 2.0 / world.hook_stiffness_kg_mm);
        truth.held[side] = number;
        plant_event(EVENT_FRAME_ENGAGED, side, box, number, pin_from_plate_mm);
    }
    plant_event(EVENT_FRAME_HANGING, -1, box, number, frame->y_mm[0]);
    return number;
}
