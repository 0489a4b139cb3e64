/*
 * SAFETY.md as a table: every event in every state, and what the board then does. tests/firmware/test_safety_document.py
 * compares it with the diagram in SAFETY.md.
 */
#ifndef BEE_SAFETY_TABLE_H
#define BEE_SAFETY_TABLE_H

#include "limits.h"

#define EVERY_AXIS 0xffu
#define SCREWS 0x5au /* keep their position without power */
#define DEADLINE_MS 300u
#define LIMIT_G 60000
#define STEPS_PER_M 81920u
#define MM 80 /* steps; near enough */
#define HOME 20000
#define SILENT_MS 100u

/* Braking is moving or holding, once a category 1 stop has begun. */
enum column { UNCONFIGURED, DISARMED, ARMED, MOVING, HOLDING, BRAKING, STOPPED, ESTOP, COLUMNS };

typedef struct {
    const char *name, *relay;
} table_column;

/*
 * .              nothing            <state>   goes there                  !<cause>   refused, nothing happens
 * 1 <cause>      a category 1 stop: brakes, at rest the relay opens: stopped (disarm: disarmed)
 * 0 <cause>      a category 0 stop: estop at once, outputs safe
 * .o   1o        the same, and outputs become safe
 * .u             nothing, but an axis that may have lost steps is unreferenced
 */
typedef struct {
    const char *name;
    int (*event)(void); /* returns the cause with which a command was answered */
    const char *cells[COLUMNS];
} table_row;

#define NO_ANSWER 255 /* the event is no command */

extern const table_column columns[COLUMNS];
extern const table_row table[];
extern const int table_rows;

/* A board in a state, with a fresh heartbeat, at a time that soon wraps. */
void enter(enum column column);
enum column where(void);

void configure(void);
void begin_moving(void);
refusal because(uint8_t cause);

#endif
