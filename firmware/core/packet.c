#include "packet.h"

/* CRC-32 (ISO-HDLC) by half bytes: 64 bytes of table instead of 1 KiB. */
static const uint32_t crc_table[16] = {
    0x00000000u, 0x1db71064u, 0x3b6e20c8u, 0x26d930acu, 0x76dc4190u, 0x6b6b51f4u, 0x4db26158u, 0x5005713cu,
    0xedb88320u, 0xf00f9344u, 0xd6d6a3e8u, 0xcb61b38cu, 0x9b64c2b0u, 0x86d3d2d4u, 0xa00ae278u, 0xbdbdf21cu,
};

uint32_t crc32_add(uint32_t crc, const uint8_t *bytes, uint16_t length)
{
    crc = ~crc;
    for (uint16_t i = 0; i < length; i++) {
        crc ^= bytes[i];
        crc = (crc >> 4) ^ crc_table[crc & 15u];
        crc = (crc >> 4) ^ crc_table[crc & 15u];
    }
    return ~crc;
}

uint8_t packet_encode(uint8_t *wire, uint8_t sequence, const uint8_t *messages, uint8_t length)
{
    uint32_t crc = crc32_add(0, &sequence, 1);
    crc = crc32_add(crc, messages, length);
    uint8_t code_at = 0, at = 1;
    uint8_t total = (uint8_t)(length + 5u);
    for (uint8_t i = 0; i < total; i++) {
        uint8_t byte;
        if (i == 0)
            byte = sequence;
        else if (i <= length)
            byte = messages[i - 1];
        else
            byte = (uint8_t)(crc >> (8u * (i - length - 1u)));
        if (byte == 0) {
            wire[code_at] = (uint8_t)(at - code_at);
            code_at = at++;
        } else {
            wire[at++] = byte;
        }
    }
    wire[code_at] = (uint8_t)(at - code_at);
    wire[at++] = 0;
    return at;
}

/* In place; returns the decoded length, or 0 when the code bytes do not fit the length. */
static uint8_t cobs_decode(uint8_t *bytes, uint8_t length)
{
    uint8_t in = 0, out = 0;
    while (in < length) {
        uint8_t code = bytes[in++];
        if (code == 0 || (uint16_t)in + code - 1u > length)
            return 0;
        for (uint8_t i = 1; i < code; i++)
            bytes[out++] = bytes[in++];
        if (in < length)
            bytes[out++] = 0;
    }
    return out;
}

static enum packet_event finish(packet_receiver *receiver)
{
    uint8_t length = receiver->length;
    bool overlong = receiver->overlong;
    receiver->length = 0;
    receiver->overlong = false;
    if (length == 0 && !overlong)
        return PACKET_NONE; /* zeros between packets are allowed */
    if (overlong)
        return PACKET_BAD;
    length = cobs_decode(receiver->bytes, length);
    if (length < 6)
        return PACKET_BAD;
    const uint8_t *end = receiver->bytes + length - 4;
    uint32_t crc = (uint32_t)end[0] | (uint32_t)end[1] << 8 | (uint32_t)end[2] << 16 | (uint32_t)end[3] << 24;
    if (crc != crc32_add(0, receiver->bytes, (uint16_t)(length - 4u)))
        return PACKET_BAD;
    receiver->length = (uint8_t)(length - 4u);
    return PACKET_GOOD;
}

enum packet_event packet_receive(packet_receiver *receiver, uint8_t byte)
{
    if (byte == 0)
        return finish(receiver);
    if (receiver->length < sizeof receiver->bytes)
        receiver->bytes[receiver->length++] = byte;
    else
        receiver->overlong = true;
    return PACKET_NONE;
}
