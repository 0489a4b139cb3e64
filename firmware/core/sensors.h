/* End stops, pin sensors and load cells. */
#ifndef BEE_SENSORS_H
#define BEE_SENSORS_H

#include <stdbool.h>
#include <stdint.h>

#include "messages.h"

typedef struct {
    uint8_t side;
    bool is_rising;
    uint32_t time_us;
    int32_t positions[PROTOCOL_AXES];
} pin_edge;

void sensors_reset(void);

/* Sample the load cells when due (80 Hz) and look at watched pins. True after a new load sample. */
bool sensors_poll(void);

/* Record the edges of the pin sensors of a mask of sides from now on, each at the step where it happens. */
void sensors_watch_pins(uint8_t sides);
bool sensors_next_edge(pin_edge *edge);
bool sensors_edges_lost(void);

/* Note the position at which the end stop of an axis next closes, at step granularity. */
void sensors_watch_end_stop(uint8_t axis, bool on);
bool sensors_end_stop_seen(uint8_t axis, int32_t *position);

/* Mean of the last four samples (50 ms), grams. */
int32_t sensors_load_g(uint8_t side);

void sensors_positions(int32_t positions[PROTOCOL_AXES]); /* by pulses given */

#endif
