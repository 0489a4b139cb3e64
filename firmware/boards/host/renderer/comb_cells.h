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

/* What varies slowly over the comb; the picture knows it at the nodes of its grid and in between by interpolation. */
typedef struct {
    float x, y;           /* of the plane z = 0 under the ray */
    float bent_x, bent_y; /* no comb is a perfect lattice: mm */
    float wave_x, wave_y; /* nor a table: slope of its surface */
    float light, tone, age;
} ground_t;

enum { GROUND_FIELDS = sizeof(ground_t) / sizeof(float) };

ground_t comb_ground(const comb_cells_t *cells, uint32_t seed, vec2 at);

/* The comb at a point of its plane, seen along a slope. Returns the cell, or SHOWS_NOTHING beside the comb. */
int32_t comb_cell_at(const comb_cells_t *cells, const cell_index_t *index, uint32_t seed, const ground_t *ground,
                     vec2 slope, surface_t *out);

#endif
