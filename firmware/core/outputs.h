/* Strobe, lights, fan, heater. Each has a value that is safe when nobody is there to look after it. */
#ifndef BEE_OUTPUTS_H
#define BEE_OUTPUTS_H

#include <stdbool.h>
#include <stdint.h>

#define OUTPUT_FULL 1000u

void outputs_reset(void);
/* Ends a flash of the strobe. */
void outputs_poll(void);
/* From any context. Outputs that need a host stay off while none is heard. */
void outputs_set(uint8_t output, uint16_t permille);
bool outputs_needs_host(uint8_t output);
bool outputs_may_be_on(void); /* those that need a host: it lives, door and e-stop are closed */
uint16_t outputs_get(uint8_t output);
void outputs_safe(void);

#endif
