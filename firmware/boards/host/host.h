/*
 * The firmware as a shared library: build/firmware/host/libbee_host.so.
 *
 * One copy of the library is one board. State is static, so whoever wants two boards loads two copies of the file.
 * Time is pushed in from outside, in nanoseconds; the same calls in the same order give the same result.
 * Calls come from one thread.
 */
#ifndef BEE_HOST_H
#define BEE_HOST_H

#include <stdint.h>

/* Power the board (or power-cycle it): everything the board knew is forgotten, bytes in flight are lost, its outputs
 * and its motor relay are off. The plant is not touched otherwise: the machine stays where it stands. */
void host_power_on(uint64_t now_ns);

/* Run firmware and plant until `until_ns`. Returns the time reached: `until_ns`, or earlier as host_return_on_bytes asks
 * because bytes for the host have become readable. With such bytes still unread it returns at once. */
uint64_t host_advance(uint64_t until_ns);

/* Telemetry here: axes, status, health and heartbeat_echo. A host that reads it later, by host_uart_read_portion, learns
 * when it could have had it. */
enum { HOST_RETURN_NEVER = 0, HOST_RETURN_ON_ANY = 1, HOST_RETURN_UNLESS_TELEMETRY = 2 };
void host_return_on_bytes(int on);

/* Wire speed in bits per second (10 bits a byte), both ways; 0 means bytes take no time. Default 250000. */
void host_uart_baud(uint32_t baud);

/* Bytes sent to the board; they begin to travel at the time reached. Returns how many were taken: the line holds
 * 4096 bytes, more are lost as on a real port without flow control. */
uint32_t host_uart_write(const uint8_t *bytes, uint32_t length);

/* Bytes that have arrived from the board by the time reached; returns how many were copied. */
uint32_t host_uart_read(uint8_t *bytes, uint32_t capacity);

/* The same up to the end of the first packet whose time matters; `at_ns`: when host_advance would have stopped for the
 * last of these bytes with HOST_RETURN_ON_ANY. Untouched where nothing is copied. */
uint32_t host_uart_read_portion(uint8_t *bytes, uint32_t capacity, uint64_t *at_ns);

/* The commanded profile of an axis at the time reached: signed speed and acceleration, exact (not derived from pulses). */
void host_axis_profile(int axis, double *speed_steps_s, double *acceleration_steps_s2);

/* Pulses given on an axis since power-on, upwards minus downwards (raw counter, independent of homing). */
int32_t host_axis_pulses(int axis);

/* Where the board believes the axis is, in steps from the machine's zero (mm x steps_per_mm once homed). */
int32_t host_axis_steps(int axis);

/* When the board last accepted a heartbeat; 0 if it never did since power-on. */
uint64_t host_last_heartbeat_ns(void);

#endif
