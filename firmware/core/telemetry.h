/* What the machine does, told at the configured rate (100 Hz). */
#ifndef BEE_TELEMETRY_H
#define BEE_TELEMETRY_H

void telemetry_reset(void);
void telemetry_poll(void);

#endif
