#include "commands.h"

#include "board.h"
#include "homing.h"
#include "link.h"
#include "messages.h"
#include "outputs.h"
#include "programme.h"
#include "safety.h"
#include "settings.h"

uint32_t commands_configuration(void)
{
    return settings.is_accepted ? settings.checksum : 0;
}

uint8_t commands_segment_capacity(void)
{
    return PROGRAMME_SEGMENTS;
}

static refusal arm(const uint8_t *fields)
{
    message_arm m;
    message_read_arm(fields, &m);
    return safety_arm(m.token);
}

static uint8_t why_not_on(void)
{
    if (!board_estop_ok())
        return CAUSE_ESTOP_PRESSED;
    return board_door_closed() ? CAUSE_NO_HEARTBEAT : CAUSE_DOOR_OPEN;
}

static refusal set_output(const uint8_t *fields)
{
    message_set_output m;
    message_read_set_output(fields, &m);
    if (m.output >= PROTOCOL_OUTPUTS || m.permille > OUTPUT_FULL)
        return refused(CAUSE_UNKNOWN_AXIS, PROTOCOL_NO_AXIS, m.output, PROTOCOL_OUTPUTS);
    if (m.permille && outputs_needs_host(m.output) && !outputs_may_be_on())
        return refused(why_not_on(), PROTOCOL_NO_AXIS, 0, 0);
    outputs_set(m.output, m.permille);
    return ACCEPTED;
}

static refusal home(const uint8_t *fields)
{
    message_home m;
    message_read_home(fields, &m);
    return homing_start(m.programme, m.axes);
}

static refusal tell_place(const uint8_t *fields)
{
    message_tell_place m;
    message_read_tell_place(fields, &m);
    return homing_tell_place(m.axis, m.place);
}

void commands_receive(const uint8_t *message, uint8_t size)
{
    refusal why;
    switch (message[0]) {
    case MESSAGE_CONFIGURE_BEGIN:
    case MESSAGE_CONFIGURE_AXIS:
    case MESSAGE_CONFIGURE_SERVO:
    case MESSAGE_CONFIGURE_LOAD:
    case MESSAGE_CONFIGURE_DONE:
        settings_receive(message, size);
        return;
    case MESSAGE_ARM:
        why = arm(message + 1);
        break;
    case MESSAGE_DISARM:
        why = safety_disarm();
        break;
    case MESSAGE_SET_OUTPUT:
        why = set_output(message + 1);
        break;
    case MESSAGE_HOME:
        why = home(message + 1);
        break;
    case MESSAGE_TELL_PLACE:
        why = tell_place(message + 1);
        break;
    case MESSAGE_HOLD:
        why = programme_hold();
        break;
    case MESSAGE_RESUME:
        why = programme_resume();
        break;
    default:
        if (message[0] >= MESSAGE_PROGRAMME_BEGIN && message[0] <= MESSAGE_PROGRAMME_START)
            programme_receive(message);
        else
            link_counts.unknown++; /* an express message in the reliable stream */
        return;
    }
    link_result(message[0], why.cause, why.axis, why.value, why.limit);
}
