/* Profiles for the axes of a segment, looking ahead to the segment that follows it in the buffer. */
#ifndef BEE_PROGRAMME_PLAN_H
#define BEE_PROGRAMME_PLAN_H

#include "profile.h"
#include "segment.h"

/* The segments in the buffer: segment_at(0) is the one to plan. NULL behind the last. */
typedef const segment *(*segment_at)(uint8_t index);

/* Fill `plans` for every axis of the first segment from where its planned motion stands; an axis that is at its target
 * or beyond it (a held joint) gets a profile without slices. `passes`: some axis goes through the end of the segment
 * without stopping. False if an axis is too quick to do what is asked, which the plan before it has made impossible. */
bool programme_plan(segment_at at, profile plans[PROTOCOL_AXES], bool *passes);

#endif
