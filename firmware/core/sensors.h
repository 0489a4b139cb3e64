/* End stops, pin sensors and load cells. */
#ifndef BEE_SENSORS_H
#define BEE_SENSORS_H

#include <stdbool.h>
#include <stdint.h>

#include "messages.h"

#define LOAD_SILENT_MS 100u /* a cell without readings for so long says nothing; 80 Hz is 12.5 ms */

typedef struct {
    uint8_t side;
    bool is_rising;
    uint32_t time_us;
    int32_t positions[PROTOCOL_TELEMETRY_AXES];
} pin_edge;

void sensors_reset(void);

/* Take in readings of the load cells (80 Hz) and look at watched inputs. True after a new reading. */
bool sensors_poll(void);

/* From interrupts: watched end stops of a mask of axes, or watched pins of a mask of sides, may have changed. */
void sensors_look(uint8_t axes, uint8_t sides);
/* What is watched: for boards that look after pulses. */
uint8_t sensors_watched_axes(void);
uint8_t sensors_watched_sides(void);

/* Record the edges of the pin sensors of a mask of sides from now on, each with the positions where it happens. */
void sensors_watch_pins(uint8_t sides);
bool sensors_next_edge(pin_edge *edge);
bool sensors_edges_lost(void);

/* Note the position at which the end stop of an axis next closes. */
void sensors_watch_end_stop(uint8_t axis, bool on);
bool sensors_end_stop_seen(uint8_t axis, int32_t *position);

/* Mean of the last four readings (50 ms), grams; and how fast it changes over the same time, grams/s. */
int32_t sensors_load_g(uint8_t side);
int32_t sensors_load_rate_g_s(uint8_t side);
/* The newest reading is older than LOAD_SILENT_MS. */
bool sensors_load_is_silent(uint8_t side);
uint32_t sensors_load_age_ms(uint8_t side);

/* Positions by pulses given, of the axes that messages carry. */
void sensors_positions(int32_t positions[PROTOCOL_TELEMETRY_AXES]);

#endif
