/*
 * HX711 load cell amplifiers. Data low: a reading is ready; 24 clock pulses shift it out, one more chooses channel A with
 * gain 128 for the next. The clock must not stay high for 60 us (power-down), so no interrupt comes while it is.
 */
#include "load_cells.h"

#include "board.h"
#include "ports.h"

#define HIGHEST INT32_C(0x7fffff)
#define LOWEST (-INT32_C(0x800000))

void load_cells_start(void)
{
#define CELL(side, data, data_bit, clock, clock_bit)                                     \
    PORT_OF(data) |= MASK(data_bit); /* a cable that came off stays high: never ready */ \
    DDR_OF(clock) |= MASK(clock_bit);
    LOAD_CELL_PINS(CELL)
#undef CELL
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

/* One clock pulse; the data bit while it is high goes to the right of `byte`. */
#define SHIFT(byte, data, data_bit, clock, clock_bit) \
    do {                                              \
        const uint8_t lock = board_lock();            \
        PORT_OF(clock) |= MASK(clock_bit);            \
        (byte) = (uint8_t)((byte) << 1);              \
        __builtin_avr_nop();                          \
        if (PIN_OF(data) & MASK(data_bit))            \
            (byte) |= 1u;                             \
        PORT_OF(clock) &= (uint8_t)~MASK(clock_bit);  \
        board_unlock(lock);                           \
    } while (0)

static uint8_t read_byte(uint8_t side)
{
    uint8_t byte = 0;
    switch (side) {
#define CELL(number, data, data_bit, clock, clock_bit)     \
    case number:                                           \
        for (uint8_t i = 0; i < 8; i++)                    \
            SHIFT(byte, data, data_bit, clock, clock_bit); \
        break;
        LOAD_CELL_PINS(CELL)
#undef CELL
    default:
        break;
    }
    return byte;
}

static void choose_gain(uint8_t side)
{
    uint8_t dropped = 0;
    switch (side) {
#define CELL(number, data, data_bit, clock, clock_bit)    \
    case number:                                          \
        SHIFT(dropped, data, data_bit, clock, clock_bit); \
        break;
        LOAD_CELL_PINS(CELL)
#undef CELL
    default:
        break;
    }
    (void)dropped;
}

bool board_load_counts(uint8_t side, int32_t *counts)
{
    if (!is_ready(side))
        return false;
    const uint8_t high = read_byte(side), middle = read_byte(side), low = read_byte(side);
    choose_gain(side);
    if (is_ready(side)) /* the 25th pulse makes the data line high: one that stays low is broken, and no reading */
        return false;
    const uint8_t sign = high & 0x80u ? 0xffu : 0;
    *counts = (int32_t)((uint32_t)(uint16_t)(sign << 8 | high) << 16 | (uint16_t)(middle << 8 | low));
    return *counts != HIGHEST && *counts != LOWEST; /* beyond its range it says one of these: that is no load either */
}
