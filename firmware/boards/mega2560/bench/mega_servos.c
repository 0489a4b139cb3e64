#include "mega_servos.h"

#include <stdbool.h>
#include <string.h>

#include "mega_cpu.h"
#include "mega_host.h"
#include "mega_ports.h"
#include "mega_timers.h"
#include "../pins.h"
#include "plant.h"

/* 1000 us asks for 0 degrees, 2000 us for 90 degrees. */
#define CYCLES_PER_US (MEGA_HZ / 1000000u)
#define STOWED_CYCLES (1000u * CYCLES_PER_US)
#define CENTIDEG_PER_US 9
#define SHORTEST_CYCLES (400u * CYCLES_PER_US)
#define LONGEST_CYCLES (2600u * CYCLES_PER_US)
#define NO_PULSE_CYCLES (25000u * CYCLES_PER_US)
#define LATE_CYCLES 64u /* a match is reported at most so much later */

typedef struct {
    uint8_t timer, channel;
    char port;
    uint8_t bit;
} servo_pin;

typedef struct {
    bool latch; /* what the timer would drive */
    bool level; /* of the pin */
    uint64_t rose;
    uint32_t width, period;
    mega_write control, force;
} servo_state;

#define SERVO(NUMBER, TIMER, CHANNEL, PORT, BIT) {TIMER, #CHANNEL[0] - 'A', #PORT[0], BIT},
static const servo_pin pins[PLANT_SERVOS] = {SERVO_PINS(SERVO)};
static servo_state servos[PLANT_SERVOS];

static avr_timer_comp_t *channel_of(int servo)
{
    return &mega_timer(pins[servo].timer)->comp[pins[servo].channel];
}

static void pulse_ended(int servo, uint64_t cycle)
{
    servo_state *s = &servos[servo];
    s->width = (uint32_t)(cycle - s->rose);
    if (!s->rose || s->width < SHORTEST_CYCLES || s->width > LONGEST_CYCLES)
        return;
    const int32_t beyond = (int32_t)s->width - (int32_t)STOWED_CYCLES;
    plant_set_servo(servo, beyond * CENTIDEG_PER_US / (int32_t)CYCLES_PER_US, mega_ns_of(cycle));
}

static void refresh(int servo, uint64_t cycle)
{
    servo_state *s = &servos[servo];
    const bool is_timed = avr_regbit_get(mega_avr, channel_of(servo)->com) != avr_timer_com_normal;
    const bool is_output = mega_pin_is_output(pins[servo].port, pins[servo].bit);
    const bool level = is_output && (is_timed ? s->latch : mega_pin_level(pins[servo].port, pins[servo].bit));
    if (level == s->level)
        return;
    s->level = level;
    if (!level) {
        pulse_ended(servo, cycle);
        return;
    }
    s->period = s->rose ? (uint32_t)(cycle - s->rose) : 0;
    s->rose = cycle;
}

/* A servo that has got no pulse for more than a period stays where it is. */
void mega_servos_rest(uint64_t cycle)
{
    for (int servo = 0; servo < PLANT_SERVOS; servo++)
        if (servos[servo].rose && cycle - servos[servo].rose > NO_PULSE_CYCLES) {
            servos[servo].rose = 0;
            plant_release_servo(servo);
        }
}

void mega_servos_refresh(uint64_t cycle)
{
    for (int servo = 0; servo < PLANT_SERVOS; servo++)
        refresh(servo, cycle);
}

static void compare(int servo, uint64_t cycle)
{
    servo_state *s = &servos[servo];
    const uint8_t action = avr_regbit_get(mega_avr, channel_of(servo)->com);
    if (action != avr_timer_com_normal)
        s->latch = action == avr_timer_com_set || (action == avr_timer_com_toggle && !s->latch);
    refresh(servo, cycle);
}

static void matched(avr_irq_t *irq, uint32_t value, void *context)
{
    (void)irq;
    const int servo = (int)((servo_state *)context - servos);
    const uint64_t match = mega_timer_match(mega_timer(pins[servo].timer), pins[servo].channel);
    if (value && mega_avr->cycle - match < LATE_CYCLES) /* else only an old flag that was enabled */
        compare(servo, match);
}

static void write_control(avr_t *avr, avr_io_addr_t address, uint8_t value, void *context)
{
    const servo_state *s = context;
    s->control.call(avr, address, value, s->control.context);
    mega_servos_refresh(mega_cpu_write_cycle());
}

/* FOC bits: as if there were a match, without a flag. */
static void write_force(avr_t *avr, avr_io_addr_t address, uint8_t value, void *context)
{
    (void)avr, (void)context;
    for (int servo = 0; servo < PLANT_SERVOS; servo++)
        if (channel_of(servo)->com.reg + 2 == address && value & 0x80u >> pins[servo].channel)
            compare(servo, mega_cpu_write_cycle());
}

void mega_servos_create(void)
{
    for (int servo = 0; servo < PLANT_SERVOS; servo++) {
        const avr_timer_comp_t *channel = channel_of(servo);
        servo_state *s = &servos[servo];
        avr_irq_register_notify((avr_irq_t *)&channel->interrupt.irq[AVR_INT_IRQ_PENDING], matched, s);
        mega_cpu_hook_write(channel->com.reg, write_control, s, &s->control); /* TCCRnA */
        mega_cpu_hook_write(channel->com.reg + 2, write_force, s, NULL);      /* TCCRnC */
    }
}

void mega_servos_power_on(void)
{
    for (int servo = 0; servo < PLANT_SERVOS; servo++) {
        servo_state *s = &servos[servo];
        s->latch = s->level = false;
        s->rose = 0;
        s->width = s->period = 0;
    }
}

void mega_servo_pulse(int servo, uint32_t *width_cycles, uint32_t *period_cycles)
{
    *width_cycles = servos[servo].width;
    *period_cycles = servos[servo].period;
}
