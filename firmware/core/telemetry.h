/* What the machine does, told at the configured rate (100 Hz). */
#ifndef BEE_TELEMETRY_H
#define BEE_TELEMETRY_H

void telemetry_reset(void);
void telemetry_poll(void);
void telemetry_time_poll(void); /* at the beginning of each poll: how long was the one before */

#endif
