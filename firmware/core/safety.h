/* The state machine of SAFETY.md: who may move, and every way a motion is stopped. */
#ifndef BEE_SAFETY_H
#define BEE_SAFETY_H

#include <stdbool.h>
#include <stdint.h>

#include "limits.h"

void safety_reset(void);

/* Door, e-stop, heartbeat, load, end stops; and the end of a controlled stop. */
void safety_poll(void);

uint8_t safety_state(void);
uint8_t safety_cause(void);      /* of the last stop; none once armed again */
uint8_t safety_referenced(void); /* mask of axes that know where they are */
bool safety_rail(void);
bool safety_rail_settled(void); /* the drivers have had time to wake */
bool safety_is_stopping(void);
bool safety_is_live(void); /* relay closed: armed, moving or holding */

void safety_heartbeat(void);
bool safety_heartbeat_seen(uint32_t *at_us); /* false: none since the session began */
/* From any context: a heartbeat came in this session, and none was late since. */
bool safety_hears_host(void);
void safety_configured(bool is_same_as_before);
void safety_unconfigured(void);
void safety_set_referenced(uint8_t axis, bool is_referenced);

refusal safety_arm(uint16_t token);
refusal safety_disarm(void);
/* Ask whether motion may begin; if so the state becomes moving. */
refusal safety_begin_motion(void);
refusal safety_may_move(void); /* the same without the effect */
void safety_end_motion(void);  /* came to its end by itself */
void safety_hold(void);        /* a programme is held, */
void safety_resume(void);      /* and goes on */

void safety_stop(refusal why); /* category 1 */
void safety_stop_asked(uint16_t token, uint8_t cause);
void safety_new_session(void);

#endif
