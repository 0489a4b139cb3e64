#ifndef COMB_CELLS_H
#define COMB_CELLS_H

#include "comb_math.h"
#include "comb_scene.h"

/* Which cells may be nearest to a place: up to NEAR_CELLS of them for every square of NEAR_STEP_MM. */
enum { NEAR_CELLS = 6 };
#define NEAR_STEP_MM 1.0f

typedef struct {
    float x0, y0;
    int32_t columns, rows;
    int32_t *near; /* rows x columns x NEAR_CELLS, -1 where there are fewer */
} cell_index_t;

int comb_index_make(cell_index_t *index, const comb_cells_t *cells);
void comb_index_free(cell_index_t *index);

/* The comb at a point of its plane, seen along a slope. Returns the cell, SHOWS_WAX, or SHOWS_NOTHING beside the comb. */
int32_t comb_cell_at(const comb_cells_t *cells, const cell_index_t *index, uint32_t seed, vec2 at, vec2 slope, surface_t *out);

#endif
