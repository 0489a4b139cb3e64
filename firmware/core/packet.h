/*
 * Packets on the wire: COBS(sequence, messages..., CRC-32) followed by a zero byte. See PROTOCOL.md.
 */
#ifndef BEE_PACKET_H
#define BEE_PACKET_H

#include <stdbool.h>
#include <stdint.h>

#include "messages.h"

#define PACKET_RELIABLE 0x80u
#define PACKET_OVERHEAD 7u
#define PACKET_CONTENT_MAX (PROTOCOL_BOARD_PACKET_MAX - PACKET_OVERHEAD)

typedef struct {
    uint8_t bytes[PROTOCOL_HOST_PACKET_MAX];
    uint8_t length;
    bool overlong;
} packet_receiver;

uint32_t crc32_add(uint32_t crc, const uint8_t *bytes, uint16_t length); /* start with 0 */

/* Writes the packet to `wire`; returns its length, at most length + PACKET_OVERHEAD. */
uint8_t packet_encode(uint8_t *wire, uint8_t sequence, const uint8_t *messages, uint8_t length);

enum packet_event { PACKET_NONE, PACKET_GOOD, PACKET_BAD };

/* Takes one byte. After PACKET_GOOD, bytes[0] is the sequence and bytes[1..length) are the messages, until the next
 * call. Everything that is not a whole packet with the right CRC is PACKET_BAD. */
enum packet_event packet_receive(packet_receiver *receiver, uint8_t byte);

#endif
