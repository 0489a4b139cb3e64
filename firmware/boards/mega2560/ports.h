/* Names of pins.h as registers. */
#ifndef BEE_MEGA2560_PORTS_H
#define BEE_MEGA2560_PORTS_H

#include <avr/io.h>

#include "pins.h"

#define JOIN_(a, b) a##b
#define JOIN(a, b) JOIN_(a, b)
#define PORT_OF(letter) JOIN(PORT, letter)
#define DDR_OF(letter) JOIN(DDR, letter)
#define PIN_OF(letter) JOIN(PIN, letter)
#define MASK(bit) ((uint8_t)(1u << (bit)))

#endif
