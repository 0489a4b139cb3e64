/* Referencing axes on their end stops: approach, back off, approach slowly, go to the switching point; or, where an axis
 * must not travel there, by a place that the host can prove. */
#ifndef BEE_HOMING_H
#define BEE_HOMING_H

#include <stdbool.h>
#include <stdint.h>

#include "limits.h"

void homing_reset(void);
refusal homing_start(uint16_t programme, uint8_t axes);
bool homing_is_active(void);
void homing_abort(uint8_t end, refusal why);
void homing_poll(void);

/* The axis stands at `place`: it counts as referenced, but moves no faster than it homes until it has homed. */
refusal homing_tell_place(uint8_t axis, int32_t place);
uint8_t homing_told(void); /* mask of axes that were told their place and have not homed since */

#endif
