#include "mega_ports.h"

#include <stddef.h>

#include <simavr/avr_extint.h>
#include <simavr/avr_ioport.h>

#include "mega_cpu.h"
#include "mega_hx711.h"
#include "mega_outputs.h"
#include "mega_pulses.h"
#include "mega_servos.h"
#include "../pins.h"
#include "plant.h"

#define PORTS 12 /* A to L, without I */
#define PIN_CHANGES 2
#define PCIFR 0x3Bu
#define EIFR 0x3Cu
#define EIMSK 0x3Du
#define PCICR 0x68u
#define EXTERNAL_INTERRUPTS 8

enum pin_kind { PIN_UNUSED, PIN_STEP, PIN_DIRECTION, PIN_CLOCK, PIN_SERVO, PIN_OUTPUT };

typedef struct {
    avr_ioport_t *io;
    uint8_t level;      /* driven by the program */
    uint8_t input;      /* driven from outside */
    uint8_t directions; /* mask of direction pins: they count first when pins of one port change at once */
    struct {
        uint8_t kind, index;
    } pin[8];
} port_state;

typedef struct {
    char port, bit;
} pin_place;

static port_state ports[PORTS];

#define PLACE(PORT, BIT) {#PORT[0], BIT}
#define STEP_DIRECTION(AXIS, SP, SB, DP, DB, TIMER, CHANNEL) PLACE(DP, DB),
static const pin_place direction_pins[] = {STEP_PINS(STEP_DIRECTION)};
#define INPUT_PLACE(NUMBER, PORT, BIT) PLACE(PORT, BIT),
static const pin_place end_stop_pins[] = {END_STOP_PINS(INPUT_PLACE)};
static const pin_place pin_sensor_pins[] = {PIN_SENSOR_PINS(INPUT_PLACE)};
#define NAME_OF(PORT) #PORT[0]
#define LETTER(PORT) NAME_OF(PORT)

/* Pin changes of ports J and K, which simavr 1.6 does not have for this processor. */
static struct {
    char port;
    uint8_t shift; /* bit 0 of the port is this bit of the mask */
    uint16_t mask_register;
    avr_int_vector_t vector;
} pin_changes[PIN_CHANGES] = {
    {'J', 1, 0x6C, {.vector = 10, .enable = AVR_IO_REGBIT(PCICR, 1), .raised = AVR_IO_REGBIT(PCIFR, 1)}},
    {'K', 0, 0x6D, {.vector = 11, .enable = AVR_IO_REGBIT(PCICR, 2), .raised = AVR_IO_REGBIT(PCIFR, 2)}},
};

static port_state *port_of(char letter)
{
    return &ports[letter - 'A'];
}

bool mega_pin_level(char port, uint8_t bit)
{
    return port_of(port)->level >> bit & 1;
}

bool mega_pin_is_output(char port, uint8_t bit)
{
    return mega_avr->data[port_of(port)->io->r_ddr] >> bit & 1;
}

/* ---------------------------------------------------------------- what the program drives */

static void pin_changed(uint8_t kind, uint8_t index, bool level, uint64_t cycle)
{
    const pin_place *direction = &direction_pins[index];
    switch (kind) {
    case PIN_STEP:
        mega_step_changed(index, level, mega_pin_level(direction->port, (uint8_t)direction->bit), cycle);
        break;
    case PIN_DIRECTION:
        mega_direction_changed(index, cycle);
        break;
    case PIN_CLOCK:
        mega_hx711_clock(index, level, cycle);
        break;
    case PIN_OUTPUT:
        mega_outputs_refresh();
        break;
    case PIN_SERVO:
        mega_servos_refresh(cycle);
        break;
    default:
        break;
    }
}

static void drive(port_state *port, uint64_t cycle)
{
    const uint8_t level = mega_avr->data[port->io->r_port] & mega_avr->data[port->io->r_ddr];
    const uint8_t changed = port->level ^ level;
    port->level = level;
    for (uint8_t first = 0; first < 2; first++) {
        uint8_t left = changed & (first ? (uint8_t)~port->directions : port->directions);
        for (; left; left &= (uint8_t)(left - 1)) {
            const int bit = __builtin_ctz(left);
            pin_changed(port->pin[bit].kind, port->pin[bit].index, level >> bit & 1, cycle);
        }
    }
}

static void write_port(avr_t *avr, avr_io_addr_t address, uint8_t value, void *context)
{
    avr->data[address] = value; /* PORT or DDR */
    drive(context, mega_cpu_write_cycle());
}

/* Ones written to PIN toggle outputs. */
static void write_pin(avr_t *avr, avr_io_addr_t address, uint8_t value, void *context)
{
    (void)address;
    port_state *port = context;
    avr->data[port->io->r_port] ^= mega_cpu_sbi_mask() ? mega_cpu_sbi_mask() : value;
    drive(port, mega_cpu_write_cycle());
}

/* ---------------------------------------------------------------- what comes from outside */

static bool is_level_interrupt(char port, uint8_t bit)
{
    static const uint16_t sense[2] = {0x69, 0x6A}; /* EICRA for INT0 to 3 on port D, EICRB for INT4 to 7 on port E */
    if (!(port == 'D' && bit < 4) && !(port == 'E' && bit >= 4))
        return false;
    return (mega_avr->data[sense[port == 'E']] >> bit % 4 * 2 & 3) == 0;
}

void mega_pin_input(char letter, uint8_t bit, bool high)
{
    port_state *port = port_of(letter);
    const uint8_t mask = (uint8_t)(1u << bit);
    if (!!(port->input & mask) == high)
        return;
    port->input ^= mask;
    if (is_level_interrupt(letter, bit)) { /* not yet set up: on the chip such an input leaves no flag behind */
        port->io->io.irq[bit].value = high;
        mega_avr->data[port->io->r_pin] ^= mask;
    } else {
        avr_raise_irq(&port->io->io.irq[bit], high);
    }
    for (uint8_t i = 0; i < PIN_CHANGES; i++) {
        const uint8_t watched = mega_avr->data[pin_changes[i].mask_register];
        if (pin_changes[i].port == letter && watched >> (bit + pin_changes[i].shift) & 1)
            avr_raise_interrupt(mega_avr, &pin_changes[i].vector);
    }
}

static void refresh_pin_sensor(int side)
{
    mega_pin_input(pin_sensor_pins[side].port, (uint8_t)pin_sensor_pins[side].bit, !plant_pin(side));
}

void mega_inputs_refresh_axis(int axis)
{
    mega_pin_input(end_stop_pins[axis].port, (uint8_t)end_stop_pins[axis].bit, plant_endstop(axis));
    if (axis >= PLANT_SCAN_LEFT && axis <= PLANT_SHUTTLE_RIGHT)
        refresh_pin_sensor(axis % PLANT_SIDES);
}

void mega_inputs_refresh(void)
{
    for (int axis = 0; axis < PLANT_AXES; axis++)
        mega_pin_input(end_stop_pins[axis].port, (uint8_t)end_stop_pins[axis].bit, plant_endstop(axis));
    for (int side = 0; side < PLANT_SIDES; side++)
        refresh_pin_sensor(side);
    mega_pin_input(LETTER(DOOR_PORT), DOOR_BIT, !plant_door_closed());
    mega_pin_input(LETTER(ESTOP_PORT), ESTOP_BIT, !plant_estop_ok());
    mega_pin_input(LETTER(MOTORS_READY_PORT), MOTORS_READY_BIT, !plant_motors_ready());
}

/* ---------------------------------------------------------------- flags and enables of input interrupts */

static void clear_flags(avr_t *avr, avr_io_addr_t address, uint8_t value, void *context)
{
    (void)context;
    const uint8_t bits = mega_cpu_sbi_mask() ? mega_cpu_sbi_mask() : value;
    for (uint8_t i = 0; i < avr->interrupts.vector_count; i++) {
        avr_int_vector_t *vector = avr->interrupts.vector[i];
        if (vector->raised.reg == address && bits >> vector->raised.bit & 1)
            avr_clear_interrupt(avr, vector);
    }
}

static void write_enables(avr_t *avr, avr_io_addr_t address, uint8_t value, void *context)
{
    (void)context;
    avr->data[address] = value;
    for (uint8_t i = 0; i < avr->interrupts.vector_count; i++) {
        avr_int_vector_t *vector = avr->interrupts.vector[i];
        if (vector->enable.reg == address && avr_regbit_get(avr, vector->enable) && !vector->pending &&
            avr_regbit_get(avr, vector->raised))
            avr_raise_interrupt(avr, vector);
    }
}

/* ---------------------------------------------------------------- wiring */

static void wire(char port, uint8_t bit, uint8_t kind, uint8_t index)
{
    port_of(port)->pin[bit].kind = kind;
    port_of(port)->pin[bit].index = index;
    if (kind == PIN_DIRECTION)
        port_of(port)->directions |= (uint8_t)(1u << bit);
}

static void wire_all(void)
{
#define WIRE_AXIS(AXIS, SP, SB, DP, DB, TIMER, CHANNEL) \
    wire(#SP[0], SB, PIN_STEP, AXIS), wire(#DP[0], DB, PIN_DIRECTION, AXIS);
    STEP_PINS(WIRE_AXIS)
#define WIRE_CELL(SIDE, DATA_PORT, DATA_BIT, CLOCK_PORT, CLOCK_BIT) wire(#CLOCK_PORT[0], CLOCK_BIT, PIN_CLOCK, SIDE);
    LOAD_CELL_PINS(WIRE_CELL)
#define WIRE_OUTPUT(OUTPUT, PORT, BIT) wire(#PORT[0], BIT, PIN_OUTPUT, OUTPUT);
    OUTPUT_PINS(WIRE_OUTPUT)
#define WIRE_SERVO(SERVO, TIMER, CHANNEL, PORT, BIT) wire(#PORT[0], BIT, PIN_SERVO, SERVO);
    SERVO_PINS(WIRE_SERVO)
    wire(LETTER(RELAY_PORT), RELAY_BIT, PIN_OUTPUT, 0);
}

void mega_ports_create(void)
{
    for (char letter = 'A'; letter <= 'L'; letter++) {
        port_state *port = port_of(letter);
        port->io = mega_cpu_module("port", letter);
        if (!port->io)
            continue;
        mega_cpu_hook_write(port->io->r_port, write_port, port, NULL);
        mega_cpu_hook_write(port->io->r_ddr, write_port, port, NULL);
        mega_cpu_hook_write(port->io->r_pin, write_pin, port, NULL);
    }
    wire_all();
    for (uint8_t i = 0; i < PIN_CHANGES; i++)
        avr_register_vector(mega_avr, &pin_changes[i].vector);
    mega_cpu_hook_write(PCIFR, clear_flags, NULL, NULL);
    mega_cpu_hook_write(EIFR, clear_flags, NULL, NULL);
    mega_cpu_hook_write(PCICR, write_enables, NULL, NULL);
    mega_cpu_hook_write(EIMSK, write_enables, NULL, NULL);
}

void mega_ports_after_reset(void)
{
    for (uint8_t i = 0; i < EXTERNAL_INTERRUPTS; i++) /* else simavr looks at a low pin in every cycle, for ever */
        avr_extint_set_strict_lvl_trig(mega_avr, i, 0);
    for (char letter = 'A'; letter <= 'L'; letter++) {
        port_state *port = port_of(letter);
        if (!port->io)
            continue;
        mega_avr->data[port->io->r_pin] = port->input;
        drive(port, mega_avr->cycle);
    }
}
