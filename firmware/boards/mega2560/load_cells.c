/*
 * HX711 load cell amplifiers. Data low: a reading is ready; 24 clock pulses shift it out, one more chooses channel A with
 * gain 128 for the next. The clock must not stay high for 60 us (power-down), so no interrupt comes while it is.
 */
#include "load_cells.h"

#include "board.h"
#include "ports.h"

#define BITS 24u

void load_cells_start(void)
{
#define CELL(side, data, data_bit, clock, clock_bit)                                     \
    PORT_OF(data) |= MASK(data_bit); /* a cable that came off stays high: never ready */ \
    DDR_OF(clock) |= MASK(clock_bit);
    LOAD_CELL_PINS(CELL)
#undef CELL
}

/* The data bit while the clock is high. */
static bool shift(uint8_t side)
{
    bool bit = false;
    uint8_t lock = board_lock();
    switch (side) {
#define CELL(number, data, data_bit, clock, clock_bit) \
    case number:                                       \
        PORT_OF(clock) |= MASK(clock_bit);             \
        __builtin_avr_delay_cycles(4);                 \
        bit = (PIN_OF(data) & MASK(data_bit)) != 0;    \
        PORT_OF(clock) &= (uint8_t)~MASK(clock_bit);   \
        break;
        LOAD_CELL_PINS(CELL)
#undef CELL
    default:
        break;
    }
    board_unlock(lock);
    return bit;
}

static bool is_ready(uint8_t side)
{
    switch (side) {
#define CELL(number, data, data_bit, clock, clock_bit) \
    case number:                                       \
        return !(PIN_OF(data) & MASK(data_bit));
        LOAD_CELL_PINS(CELL)
#undef CELL
    default:
        return false;
    }
}

bool board_load_counts(uint8_t side, int32_t *counts)
{
    if (!is_ready(side))
        return false;
    uint8_t bytes[3] = {0, 0, 0};
    for (uint8_t i = 0; i < BITS; i++) {
        uint8_t *byte = &bytes[i >> 3];
        *byte = (uint8_t)(*byte << 1 | (shift(side) ? 1u : 0u));
    }
    shift(side);
    uint32_t raw = (uint32_t)bytes[0] << 16 | (uint16_t)(bytes[1] << 8) | bytes[2];
    *counts = bytes[0] & 0x80u ? (int32_t)(raw | 0xff000000u) : (int32_t)raw;
    return true;
}
