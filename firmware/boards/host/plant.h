/*
 * The physical world as the pins of the board see it. The host board layer calls these; `plant.c` implements them.
 *
 * Time is simulated and given in nanoseconds since an origin of the caller's choice; it never goes backwards.
 * Nothing here may call back into the board.
 */
#ifndef BEE_PLANT_H
#define BEE_PLANT_H

#include <stdint.h>

enum plant_axis {
    PLANT_LIFT_LEFT = 0,
    PLANT_LIFT_RIGHT = 1,
    PLANT_SCAN_LEFT = 2,
    PLANT_SCAN_RIGHT = 3,
    PLANT_SHUTTLE_LEFT = 4,
    PLANT_SHUTTLE_RIGHT = 5,
    PLANT_AXES = 8 /* six used, two spare */
};

enum plant_side { PLANT_LEFT = 0, PLANT_RIGHT = 1, PLANT_SIDES = 2 };

enum plant_servo {
    PLANT_FORK_LEFT = 0,
    PLANT_FORK_RIGHT = 1,
    PLANT_HOOK_LEFT = 2,
    PLANT_HOOK_RIGHT = 3,
    PLANT_SERVOS = 4
};

enum plant_output { PLANT_STROBE = 0, PLANT_RED_LIGHT = 1, PLANT_FAN = 2, PLANT_HEATER = 3, PLANT_OUTPUTS = 4 };

/*
 * One pulse on the step input of an axis driver. `direction` is +1 (up, or towards the front) or -1.
 * The driver moves the axis by one step only if the motor rail is live: relay closed (plant_motor_rail), door closed
 * and e-stop released. The plant may lose the step (a fault knob); the board does not learn of it.
 */
void plant_step(int axis, int direction, uint64_t now_ns);

/* Angle that the pulse width asks of a servo, in 0.01 degrees (0 stowed, 9000 engaged). The board ramps this value at
 * the configured speed, so it is also where an unhindered servo is. The first call after power-on may be a jump. */
void plant_set_servo(int servo, int32_t commanded_centideg, uint64_t now_ns);

/* The pulses of a servo have ended: it stays where it is. */
void plant_release_servo(int servo);

/* Output in thousandths of full scale, 0..1000. */
void plant_set_output(int output, uint16_t permille, uint64_t now_ns);

/* The board's own contact in the motor rail. Door and e-stop are in series with it, in hardware. */
void plant_motor_rail(int on, uint64_t now_ns);

/* Move the physics to `now_ns`. Called every millisecond; steps in between carry their own time. */
void plant_advance(uint64_t now_ns);

/* 1 when the end stop of the axis is pressed: the axis is at or below its switching point. May be called after every
 * step of a homing axis, so it must be cheap. */
int plant_endstop(int axis);

/* 1 when the inductive sensor of that side sees a pin. May be called after every step of a scan beam or shuttle of
 * that side while a segment watches the pin, so it must be cheap. */
int plant_pin(int side);

int plant_door_closed(void);
int plant_estop_ok(void);

/* 1 while no motor driver reports an alarm: all have their supply, and no motor has fallen out of step since the motor rail
 * came. */
int plant_motors_ready(void);

/* Raw reading of the load cell in the fork bearing of that side; sampled at 80 Hz. */
int32_t plant_load_counts(int side);

/* 1 when the load cell of that side gives no readings (a cable that came off). */
int plant_load_is_silent(int side);

#endif
