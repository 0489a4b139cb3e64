/*
 * Motion programmes: segments arrive while others are executed; see PROTOCOL.md for their life.
 */
#ifndef BEE_PROGRAMME_H
#define BEE_PROGRAMME_H

#include <stdbool.h>
#include <stdint.h>

#include "limits.h"

#define PROGRAMME_SEGMENTS 6u /* places in the buffer */

void programme_reset(void);

/* Messages programme_begin to programme_start, with their number. */
void programme_receive(const uint8_t *message);

refusal programme_hold(void);
refusal programme_resume(void);

void programme_poll(bool new_loads);
void programme_before_slice(void); /* hands over to the next segment where a joint is passed */

void programme_abort(uint8_t end, refusal why);
uint16_t programme_segment(void); /* the one being executed */

#endif
