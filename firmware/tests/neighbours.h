/* Everything around safety.c, limits.c and settings.c, played: a test sets what they see and looks at what they did. */
#ifndef BEE_NEIGHBOURS_H
#define BEE_NEIGHBOURS_H

#include <stdbool.h>
#include <stdint.h>

#include "limits.h"
#include "messages.h"

/* What the code under test sees. */
typedef struct {
    uint32_t micros;
    bool door_closed, estop_ok, motors_ready;
    uint8_t end_stops; /* pressed */
    uint8_t halted;    /* cause */
    bool at_rest;
    uint8_t moving; /* mask of axes */
    uint16_t lateness;
    bool homing, overflowed, edges_lost;
    int32_t load_g[PROTOCOL_SIDES];
    uint32_t load_age_ms[PROTOCOL_SIDES];
    int32_t positions[PROTOCOL_AXES];  /* by pulses */
    int32_t planned[PROTOCOL_AXES];    /* whole steps */
    int32_t fractions[PROTOCOL_AXES];  /* of the position after the next slice */
    int32_t velocities[PROTOCOL_AXES]; /* after the next slice */
    int32_t advances[PROTOCOL_AXES];   /* whole steps of the next slice */
    uint16_t segment;
} neighbours_inputs;

/* What it did. */
typedef struct {
    bool relay;
    int relay_calls, brakes, flushes, freezes, outputs_safe, releases;
    uint8_t braked; /* mask, of the last */
    int positions_told;
    int stops_told;
    message_stopped stopped;   /* the last */
    bool positions_came_first; /* before it */
    int programme_aborts, homing_aborts;
    uint8_t abort_end;
    refusal abort_why;
    int results;
    message_result result; /* the last */
} neighbours_record;

extern neighbours_inputs world;
extern neighbours_record done;

void neighbours_reset(void);  /* all is well, nothing was done */
void neighbours_forget(void); /* what was done; the relay stays as it is */

#endif
