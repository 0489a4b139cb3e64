/* Referencing axes on their end stops: approach, back off, approach slowly, go to the switching point. */
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

#endif
