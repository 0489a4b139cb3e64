#include "core.h"

#include "homing.h"
#include "link.h"
#include "motion.h"
#include "outputs.h"
#include "programme.h"
#include "safety.h"
#include "sensors.h"
#include "servos.h"
#include "settings.h"
#include "stepper.h"
#include "telemetry.h"

#define PACKETS_A_POLL 4u

static void watch_slice(void)
{
    refusal why = limits_separation_ahead(safety_referenced());
    if (why.cause != CAUSE_NONE)
        safety_stop(why);
}

void core_start(void)
{
    settings_reset();
    stepper_reset();
    sensors_reset();
    servos_reset();
    outputs_reset();
    motion_reset(programme_before_slice, watch_slice);
    homing_reset();
    programme_reset();
    safety_reset();
    link_reset();
    telemetry_reset();
}

/* Slices are planned in between whatever takes long: at full speed the rings of pulses last for six milliseconds. */
void core_poll(void)
{
    telemetry_time_poll();
    /* Inputs first: nothing that arrives on the line may delay a stop. */
    bool new_loads = sensors_poll();
    safety_poll();
    motion_poll();
    for (uint8_t packets = 0; packets < PACKETS_A_POLL && link_poll(); packets++)
        motion_poll();
    servos_poll();
    outputs_poll();
    homing_poll();
    programme_poll(new_loads);
    motion_poll();
    link_poll(); /* what came while slices were planned is answered before telemetry fills the line */
    link_send_events();
    motion_poll();
    telemetry_poll();
    motion_poll();
}
