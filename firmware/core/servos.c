#include "servos.h"

#include "board.h"
#include "settings.h"

#define PERIOD_US 10000u  /* a servo pulse every 10 ms */
#define FULL_TRAVEL 18000 /* 0.01 degrees: where a servo of unknown angle may have to come from */

typedef struct {
    int32_t angle, target; /* 0.01 degrees */
    uint32_t blind_us;     /* still to wait after the first command */
    bool is_known;
} servo_state;

static servo_state servos[PROTOCOL_SERVOS];
static uint32_t pulsed_us;

void servos_reset(void)
{
    for (uint8_t i = 0; i < PROTOCOL_SERVOS; i++)
        servos[i] = (servo_state){0};
    pulsed_us = board_micros();
}

void servos_command(uint8_t servo, int16_t centideg)
{
    servo_state *s = &servos[servo];
    s->target = centideg;
    if (s->is_known)
        return;
    s->is_known = true; /* it goes there at its own speed; nobody knows from where */
    s->angle = centideg;
    s->blind_us = (uint32_t)(FULL_TRAVEL * 1000000ull / settings.servo_speed[servo]);
    board_set_servo(servo, centideg);
}

bool servos_arrived(void)
{
    for (uint8_t i = 0; i < PROTOCOL_SERVOS; i++)
        if (servos[i].angle != servos[i].target || servos[i].blind_us)
            return false;
    return true;
}

void servos_freeze(void)
{
    for (uint8_t i = 0; i < PROTOCOL_SERVOS; i++) {
        if (servos[i].blind_us) { /* on its way from nobody knows where: without pulses it stays there */
            board_release_servo(i);
            servos[i] = (servo_state){0};
        }
        servos[i].target = servos[i].angle;
    }
}

int16_t servos_angle(uint8_t servo)
{
    return servos[servo].is_known ? (int16_t)servos[servo].angle : PROTOCOL_SERVO_UNKNOWN;
}

static void ramp(uint8_t i)
{
    servo_state *s = &servos[i];
    s->blind_us = s->blind_us > PERIOD_US ? s->blind_us - PERIOD_US : 0;
    if (s->angle == s->target)
        return;
    int32_t most = (int32_t)(settings.servo_speed[i] * (PERIOD_US / 100u) / 10000u);
    int32_t left = s->target - s->angle;
    if (most < 1)
        most = 1;
    s->angle += left > most ? most : left < -most ? -most : left;
    board_set_servo(i, (int16_t)s->angle);
}

void servos_poll(void)
{
    if (board_micros() - pulsed_us < PERIOD_US)
        return;
    pulsed_us += PERIOD_US;
    for (uint8_t i = 0; i < PROTOCOL_SERVOS; i++)
        ramp(i);
}
