/*
 * Sessions, sequence numbers, acknowledgements. Reliable messages arrive in order and exactly once in both directions;
 * express messages overtake them.
 */
#ifndef BEE_LINK_H
#define BEE_LINK_H

#include <stdbool.h>
#include <stdint.h>

#include "messages.h"

typedef struct {
    uint16_t packets, bad_packets, gaps, resent, telemetry_skipped, unknown;
} link_counters;

extern link_counters link_counts;

void link_reset(void);
bool link_poll(void);        /* take in one packet, if one has arrived, and answer; false: there is no more */
void link_send_events(void); /* send reliable messages that wait */
bool link_has_session(void);

bool link_express(const uint8_t *message, uint8_t size);   /* false: no room, lost */
bool link_telemetry(const uint8_t *message, uint8_t size); /* false: no room, skipped */

/* Queue a reliable message. When the host does not fetch them, the machine is stopped (event_overflow). */
void link_event(const uint8_t *message, uint8_t size);
bool link_overflowed(void);

void link_result(uint8_t message, uint8_t cause, uint8_t axis, int32_t value, int32_t limit);
void link_result_segment(uint8_t message, uint8_t cause, uint8_t axis, uint16_t segment, int32_t value, int32_t limit);

#endif
