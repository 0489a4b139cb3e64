#include "wire.h"

#include <string.h>

uint32_t wire_crc(const uint8_t *bytes, size_t length)
{
    uint32_t crc = 0xffffffffu;
    for (size_t i = 0; i < length; i++) {
        crc ^= bytes[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc & 1u ? crc >> 1 ^ 0xedb88320u : crc >> 1;
    }
    return ~crc;
}

size_t wire_encode(uint8_t *wire, uint8_t sequence, const uint8_t *messages, size_t length)
{
    uint8_t raw[256];
    size_t total = 0, at = 0, begin = 0;
    raw[total++] = sequence;
    memcpy(raw + total, messages, length);
    total += length;
    uint32_t crc = wire_crc(raw, total);
    for (int i = 0; i < 4; i++)
        raw[total++] = (uint8_t)(crc >> (8 * i));
    for (size_t end = 0; end <= total; end++) {
        if (end < total && raw[end] != 0)
            continue;
        wire[at++] = (uint8_t)(end - begin + 1); /* a run without zeros, and the zero after it */
        memcpy(wire + at, raw + begin, end - begin);
        at += end - begin;
        begin = end + 1;
    }
    wire[at++] = 0;
    return at;
}

int wire_decode(const uint8_t *block, size_t length, uint8_t *content)
{
    uint8_t raw[WIRE_LONGEST + 1];
    size_t total = 0, at = 0;
    while (at < length) {
        size_t code = block[at];
        if (code == 0 || at + code > length)
            return -1;
        memcpy(raw + total, block + at + 1, code - 1);
        total += code - 1;
        at += code;
        if (at < length)
            raw[total++] = 0;
    }
    if (total < 6)
        return -1;
    uint32_t crc = wire_crc(raw, total - 4);
    for (size_t i = 0; i < 4; i++)
        if (raw[total - 4 + i] != (uint8_t)(crc >> (8 * i)))
            return -1;
    memcpy(content, raw, total - 4);
    return (int)total - 4;
}

int wire_read(wire_reader *reader, uint8_t byte, uint8_t *content)
{
    if (byte != 0) {
        if (reader->length < sizeof reader->block)
            reader->block[reader->length] = byte;
        reader->length++;
        return 0;
    }
    size_t length = reader->length;
    reader->length = 0;
    if (length == 0)
        return 0;
    if (length > reader->longest || length > sizeof reader->block)
        return -1;
    return wire_decode(reader->block, length, content);
}

uint8_t wire_board_message_size(uint8_t id)
{
    static const uint8_t sizes[256] = {
        [MESSAGE_WELCOME] = MESSAGE_WELCOME_SIZE,
        [MESSAGE_NO_SESSION] = MESSAGE_NO_SESSION_SIZE,
        [MESSAGE_BOARD_ACK] = MESSAGE_BOARD_ACK_SIZE,
        [MESSAGE_HEARTBEAT_ECHO] = MESSAGE_HEARTBEAT_ECHO_SIZE,
        [MESSAGE_STOP_HEARD] = MESSAGE_STOP_HEARD_SIZE,
        [MESSAGE_AXES] = MESSAGE_AXES_SIZE,
        [MESSAGE_STATUS] = MESSAGE_STATUS_SIZE,
        [MESSAGE_HEALTH] = MESSAGE_HEALTH_SIZE,
        [MESSAGE_RESULT] = MESSAGE_RESULT_SIZE,
        [MESSAGE_POSITIONS] = MESSAGE_POSITIONS_SIZE,
        [MESSAGE_LATCH] = MESSAGE_LATCH_SIZE,
        [MESSAGE_TRIP] = MESSAGE_TRIP_SIZE,
        [MESSAGE_SEGMENT_DONE] = MESSAGE_SEGMENT_DONE_SIZE,
        [MESSAGE_PROGRAMME_END] = MESSAGE_PROGRAMME_END_SIZE,
        [MESSAGE_STOPPED] = MESSAGE_STOPPED_SIZE,
        [MESSAGE_HELD] = MESSAGE_HELD_SIZE,
        [MESSAGE_REFERENCE] = MESSAGE_REFERENCE_SIZE,
        [MESSAGE_OUTPUT_SET] = MESSAGE_OUTPUT_SET_SIZE,
    };
    return sizes[id];
}
