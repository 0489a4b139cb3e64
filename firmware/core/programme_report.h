/* What programmes, homing and stops tell the host. */
#ifndef BEE_PROGRAMME_REPORT_H
#define BEE_PROGRAMME_REPORT_H

#include "limits.h"
#include "sensors.h"

/* A programme or homing is over: positions, then programme_end. */
void programme_report_end(uint16_t number, uint8_t end, uint16_t segments_done, refusal why);

void programme_report_segment(uint16_t segment);
void programme_report_held(uint16_t segment);
void programme_report_latch(uint16_t segment, const pin_edge *edge);
void programme_report_trip(uint16_t segment, uint8_t guard, int32_t load_g,
                           const int32_t positions[PROTOCOL_TELEMETRY_AXES]);
void programme_report_output(uint16_t segment, uint8_t output, uint32_t time_us,
                             const int32_t positions[PROTOCOL_TELEMETRY_AXES]);
void programme_report_positions(void);
/* A stop begins: positions, then stopped. */
void programme_report_stop(uint8_t category, refusal why);

#endif
