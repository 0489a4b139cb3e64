/* The firmware: a board calls core_start once and core_poll at least every two milliseconds. */
#ifndef BEE_CORE_H
#define BEE_CORE_H

void core_start(void);
void core_poll(void);

#endif
