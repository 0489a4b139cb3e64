/* Reliable messages from the host, handed to whom they concern. */
#ifndef BEE_COMMANDS_H
#define BEE_COMMANDS_H

#include <stdint.h>

void commands_receive(const uint8_t *message, uint8_t size);
uint32_t commands_configuration(void); /* checksum of the accepted configuration, or 0 */
uint8_t commands_segment_capacity(void);

#endif
