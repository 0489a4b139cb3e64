#include "mega_outputs.h"

#include <stdint.h>

#include "mega_cpu.h"
#include "mega_host.h"
#include "mega_ports.h"
#include "mega_timers.h"
#include "../pins.h"
#include "plant.h"

#define TCCR2A 0xB0u
#define TCCR2B 0xB1u
#define OCR2A 0xB3u
#define OCR2B 0xB4u
#define TIMER2_REGISTERS 4

static const uint16_t timer2_registers[TIMER2_REGISTERS] = {TCCR2A, TCCR2B, OCR2A, OCR2B};
static mega_write before[TIMER2_REGISTERS];
static int32_t shown[PLANT_OUTPUTS]; /* what the plant was told last; -1 for nothing */
static int8_t rail;

/* How long in 1000 the pin of a channel of timer 2 is high; -1 when the timer does not drive it. */
static int32_t timer2_permille(uint8_t channel)
{
    const uint8_t *data = mega_avr->data;
    const uint8_t connected = data[TCCR2A] >> (channel ? 4 : 6) & 3;
    const uint8_t mode = (data[TCCR2A] & 3) | (data[TCCR2B] >> 1 & 4);
    const int32_t compare = data[channel ? OCR2B : OCR2A];
    if (connected < 2)
        return -1;
    int32_t permille = 0;
    if ((data[TCCR2B] & 7) && mode == 3) /* fast: high from 0 to the match, never quite off */
        permille = ((compare + 1) * 1000 + 128) / 256;
    else if ((data[TCCR2B] & 7) && mode == 1) /* up and down */
        permille = (compare * 1000 + 127) / 255;
    return connected == 2 ? permille : 1000 - permille;
}

static int32_t permille_of(int output, char port, uint8_t bit)
{
    const int32_t by_timer = output == PLANT_RED_LIGHT ? timer2_permille(0)
                             : output == PLANT_FAN     ? timer2_permille(1)
                                                       : -1;
    if (!mega_pin_is_output(port, bit))
        return 0;
    return by_timer >= 0 ? by_timer : mega_pin_level(port, bit) ? 1000 : 0;
}

static void show(int output, char port, uint8_t bit)
{
    const int32_t permille = permille_of(output, port, bit);
    if (permille == shown[output])
        return;
    shown[output] = permille;
    plant_set_output(output, (uint16_t)permille, mega_ns_of(mega_avr->cycle));
}

void mega_outputs_refresh(void)
{
#define SHOW(OUTPUT, PORT, BIT) show(OUTPUT, #PORT[0], BIT);
    OUTPUT_PINS(SHOW)
#define LEVEL_OF(PORT, BIT) mega_pin_level(#PORT[0], BIT)
#define LEVEL(PORT, BIT) LEVEL_OF(PORT, BIT)
    const int8_t on = LEVEL(RELAY_PORT, RELAY_BIT);
    if (on != rail) {
        rail = on;
        plant_motor_rail(on, mega_ns_of(mega_avr->cycle));
    }
}

static void write_timer2(avr_t *avr, avr_io_addr_t address, uint8_t value, void *context)
{
    const mega_write *write = context;
    if (write->call)
        write->call(avr, address, value, write->context);
    else
        avr->data[address] = value;
    mega_outputs_refresh();
}

void mega_outputs_create(void)
{
    for (uint8_t i = 0; i < TIMER2_REGISTERS; i++)
        mega_cpu_hook_write(timer2_registers[i], write_timer2, &before[i], &before[i]);
}

void mega_outputs_power_on(void)
{
    for (int output = 0; output < PLANT_OUTPUTS; output++)
        shown[output] = -1;
    rail = -1;
    mega_outputs_refresh();
}
