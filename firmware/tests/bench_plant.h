/* A plant as simple as can be, for tests: axes go where they are stepped, everything else is set by hand. */
#ifndef BEE_BENCH_PLANT_H
#define BEE_BENCH_PLANT_H

#include <stdint.h>

#define BENCH_PINS 16

void bench_reset(void); /* door closed, e-stop released, axes 10000 steps up */
void bench_place(int axis, int32_t steps_above_end_stop);
int32_t bench_position(int axis); /* steps above the end stop's switching point */
void bench_set_door(int closed);
void bench_set_estop(int ok);
void bench_set_motors_ready(int ready); /* 0: a driver reports an alarm */
void bench_set_load(int side, int32_t counts);
void bench_silence_load(int side, int silent);  /* no more readings */
void bench_block(int axis, int blocked);        /* steps are lost */
void bench_break_end_stop(int axis, int state); /* -1 works, 0 never closes, 1 always closed */
/* Pins along the shuttle of a side, in steps above its end stop; the sensor sees within +- range. */
void bench_set_pins(int side, const int32_t *positions, int count, int32_t range);
void bench_force_pin(int side, int state); /* -1 by position, else the state */
int32_t bench_servo(int servo);
int bench_output(int output);
int bench_rail(void);
uint64_t bench_pulses(int axis);
uint64_t bench_last_pulse_ns(int axis);
/* Record the time of pulses of one axis (bench_record(-1): none); returns how many are kept. */
void bench_record(int axis);
int bench_recorded(uint64_t *times_ns, int capacity);
/* Largest distance seen between the pulse counts of two axes since this call. */
void bench_watch_pair(int a, int b);
int32_t bench_pair_apart(void);

#endif
