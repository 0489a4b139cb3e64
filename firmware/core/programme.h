/*
 * Motion programmes: segments arrive while others are executed; see PROTOCOL.md for their life.
 */
#ifndef BEE_PROGRAMME_H
#define BEE_PROGRAMME_H

#include <stdbool.h>
#include <stdint.h>

#include "limits.h"

#define PROGRAMME_SEGMENTS 8u /* places in the buffer */

void programme_reset(void);

/* Messages programme_begin to programme_start, with their number. */
void programme_receive(const uint8_t *message);

void programme_poll(bool new_loads);
void programme_before_slice(void); /* hands over to the next segment where a joint is passed */

void programme_abort(uint8_t end, refusal why);
uint16_t programme_segment(void); /* the one being executed */

/* Tell the host that a programme or homing is over: positions, then programme_end. */
void programme_report_end(uint16_t number, uint8_t end, uint16_t segments_done, refusal why);

#endif
