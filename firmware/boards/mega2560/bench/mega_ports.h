/* The pins of the processor, wired to the plant as ../pins.h says. */
#ifndef BEE_MEGA_PORTS_H
#define BEE_MEGA_PORTS_H

#include <stdbool.h>
#include <stdint.h>

void mega_ports_create(void);
void mega_ports_after_reset(void);

/* A pin that the program drives high: 1. Undriven pins are pulled down by what is connected to them. */
bool mega_pin_level(char port, uint8_t bit);
bool mega_pin_is_output(char port, uint8_t bit);
void mega_pin_input(char port, uint8_t bit, bool high);

/* Let the inputs follow the plant: all of them, or those that a step of this axis can change. */
void mega_inputs_refresh(void);
void mega_inputs_refresh_axis(int axis);

#endif
