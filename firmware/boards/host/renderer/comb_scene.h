/* What a frame camera of the twin sees: scene in, linear light out. Mirrored field by field in bee_robot/sim/comb_scene.py.
 *
 * Face coordinates: millimetres, x right, y up, z from the comb's surface towards the camera. A pixel's ray is known by
 * the point where it meets z = 0 and by its slope there. */
#ifndef COMB_SCENE_H
#define COMB_SCENE_H

#include <stdint.h>

/* Indices as in bee_robot/hive/comb.py, CELL_CLASSES. */
enum { CAPPED_BROOD, EGGS, LARVAE, POLLEN, NECTAR, HONEY, EMPTY, DRONE_BROOD };
enum { WORKER, DRONE, QUEEN };
enum { HAS_POLLEN = 1, HAS_MITE = 2 };
enum { PLAY_CUP, CHARGED, CAPPED_QUEEN_CELL, EMERGENCY };

/* What a pixel shows: a cell (its index), a bee (FIRST_BEE + index), a queen cell, or one of these. */
enum { SHOWS_NOTHING = -1, SHOWS_WOOD = -2, SHOWS_WAX = -3, FIRST_BEE = 1 << 20, FIRST_QUEEN_CELL = 1 << 21 };

typedef struct {
    int32_t width, height;
    int32_t grid_step, grid_width, grid_height; /* the rays are given on a coarse grid of pixels, x and y at z = 0 */
    float camera_x, camera_y, camera_z;
    float px_per_mm;
    uint32_t seed;
    const float *grid;
} comb_camera_t;

typedef struct {
    int32_t count;
    float width_mm, height_mm, wax_age, propolis;
    const float *x, *y, *size, *age, *fill;
    const uint8_t *contents, *tint;
} comb_cells_t;

typedef struct {
    float x, y, z, heading, length, bend, wing_spread, amber, darkness, fur;
    float u, v; /* pixel of (x, y, z) */
    int32_t caste, flags;
    int32_t index; /* as `shows` and the counts name her */
    uint32_t seed;
} comb_bee_t;

typedef struct {
    float x, y, length, u, v;
    int32_t kind;
    uint32_t seed;
} comb_queen_cell_t;

typedef struct {
    float x, y, length, width, angle, u, v;
    uint32_t seed;
} comb_burr_t;

typedef struct {
    float bar_top_mm, bar_side_mm, bar_bottom_mm;
    float tag_x, tag_y, tag_mm; /* middle of the right tag; the left one mirrors it */
    uint8_t tag[36];            /* 6 x 6 modules, 1 white, first row on top */
} comb_wood_t;

typedef struct {
    comb_camera_t camera;
    comb_cells_t cells;
    comb_wood_t wood;
    int32_t bee_count, queen_cell_count, burr_count;
    const comb_bee_t *bees; /* in the order of drawing, lowest first */
    const comb_queen_cell_t *queen_cells;
    const comb_burr_t *burr;
} comb_scene_t;

/* Buffers of one picture, width x height: linear red, green, blue; height of what is seen; what is seen. */
typedef struct {
    float *light;
    float *height;
    int32_t *shows;
} comb_picture_t;

/* Pixels of every cell, bee and queen cell that are seen, and of each how many there would be if nothing hid it. */
typedef struct {
    int32_t *cells, *bees, *queen_cells, *bare_cells, *bee_bodies, *queen_cell_bodies;
} comb_counts_t;

/* The counts are added to. 0, or -1 where memory is short. */
int comb_render(const comb_scene_t *scene, comb_picture_t picture, comb_counts_t counts);

typedef struct {
    float exposure, red_gain, blue_gain;
    float falloff; /* of the strobe towards the corner, share */
    float blur;    /* of the lens: weight of each neighbouring pixel, 0 to 1/3 */
    float shot_noise, read_noise;
    uint32_t seed;
} comb_development_t;

/* Linear light to 8-bit blue, green, red as a camera gives it. 0, or -1 where memory is short. */
int comb_develop(const comb_camera_t *camera, const float *light, const comb_development_t *development, uint8_t *bgr);

#endif
