/* Packets as PROTOCOL.md describes them, written a second time and as plainly as can be: what the firmware is judged by
 * may not share its code. */
#ifndef BEE_FUZZ_WIRE_H
#define BEE_FUZZ_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "messages.h"

#define WIRE_LONGEST 600 /* of any stream that a fuzzer may send between two zeros; more is cut */

uint32_t wire_crc(const uint8_t *bytes, size_t length);
/* Writes COBS(sequence | messages | CRC-32) and a zero; returns the bytes written, at most length + 7 for length <= 248. */
size_t wire_encode(uint8_t *wire, uint8_t sequence, const uint8_t *messages, size_t length);
/* What stood between two zeros. Returns the length of sequence and messages in `content`, or -1: not a packet. */
int wire_decode(const uint8_t *block, size_t length, uint8_t *content);

/* Collects bytes until a zero. */
typedef struct {
    uint8_t block[WIRE_LONGEST];
    size_t length;
    size_t longest; /* longer blocks are no packets */
} wire_reader;

/* After a whole packet: its length (sequence and messages in `content`, WIRE_LONGEST bytes); 0: nothing yet; -1: what
 * ended here was no packet. */
int wire_read(wire_reader *reader, uint8_t byte, uint8_t *content);

uint8_t wire_board_message_size(uint8_t id); /* 0: no message of a board */

#endif
