/*
 * Watches a board on the bench while a fuzzer does what it likes, and aborts at the first thing that SAFETY.md forbids.
 * It knows what was sent and set (it reads the line itself, with wire.h), what is pulsed, and what the board answers.
 */
#ifndef BEE_FUZZ_JUDGE_H
#define BEE_FUZZ_JUDGE_H

#include <stdbool.h>
#include <stdint.h>

#define JUDGE_POLL_NS 1000000ull /* of the host board */

/* A board was powered on; bytes take `byte_ns` each on their way to it. */
void judge_begin(uint64_t now_ns, uint64_t byte_ns);
void judge_only_noise(void); /* nothing that may move was or will be sent: not a single pulse */
/* Bytes that the line to the board has taken. */
void judge_sent(const uint8_t *bytes, uint32_t count, uint64_t now_ns);
void judge_inputs(bool door_closed, bool estop_ok, uint64_t now_ns);
/* After each poll of the board, at its time. */
void judge_polled(uint64_t now_ns);
/* Bytes from the board. */
void judge_received(const uint8_t *bytes, uint32_t count);

uint64_t judge_byte_ns(void);
uint8_t judge_next_expected(void);  /* sequence number that a host would acknowledge now */
uint16_t judge_stop_token(void);    /* of the newest stop delivered in this session */
uint32_t judge_arms_accepted(void); /* since judge_begin: how far a script has come */
uint32_t judge_ends_done(void);     /* programmes and homings that came to their end */

#endif
