/* Two HX711 with their load cells: 80 readings a second, shifted out bit by bit. */
#ifndef BEE_MEGA_HX711_H
#define BEE_MEGA_HX711_H

#include <stdbool.h>
#include <stdint.h>

void mega_hx711_power_on(void);
void mega_hx711_after_reset(void);
void mega_hx711_clock(int side, bool level, uint64_t cycle);

#endif
