/* The renderer of the twin's cameras under the sanitizers: every kind of cell, bee and thing at all edges of a picture, and
 * counts that agree with what the pixels show. */
#include "check.h"
#include "comb_scene.h"

#include <string.h>

enum {
    WIDTH = 150,
    HEIGHT = 110,
    STEP = 16,
    COLUMNS = WIDTH / STEP + 2,
    ROWS = HEIGHT / STEP + 2,
    CELLS = 400,
    BEES = 30
};

static float grid[ROWS * COLUMNS * 2];
static float cell_x[CELLS], cell_y[CELLS], cell_size[CELLS], cell_age[CELLS], cell_fill[CELLS];
static uint8_t contents[CELLS], tint[CELLS];
static comb_bee_t bees[BEES];
static float light[WIDTH * HEIGHT * 3], height[WIDTH * HEIGHT];
static int32_t shows[WIDTH * HEIGHT];
static uint8_t bgr[WIDTH * HEIGHT * 3];

/* A camera 240 mm before (x, y) that sees `mm` to a side of 100 pixels. */
static comb_camera_t camera_at(float x, float y, float mm)
{
    float px_per_mm = 100.0f / mm;
    for (int row = 0; row < ROWS; row++)
        for (int column = 0; column < COLUMNS; column++) {
            float *at = grid + 2 * (row * COLUMNS + column);
            at[0] = x + ((float)(column * STEP) - WIDTH / 2.0f) / px_per_mm;
            at[1] = y - ((float)(row * STEP) - HEIGHT / 2.0f) / px_per_mm;
        }
    return (comb_camera_t){WIDTH, HEIGHT, STEP, COLUMNS, ROWS, x, y, 240.0f, px_per_mm, 5, grid};
}

static void make_comb(void)
{
    for (int k = 0; k < CELLS; k++) {
        int row = k / 20, column = k % 20;
        cell_x[k] = ((float)column + 0.5f * (float)(row % 2) - 10.0f) * 5.3f;
        cell_y[k] = ((float)row - 10.0f) * 4.59f;
        cell_size[k] = k % 50 == 7 ? 6.6f : 5.3f;
        contents[k] = (uint8_t)any(8);
        cell_age[k] = (float)any(24);
        cell_fill[k] = (float)any(100) / 100.0f;
        tint[k] = (uint8_t)any(256);
    }
}

static void make_bees(const comb_camera_t *c)
{
    for (int k = 0; k < BEES; k++) {
        float x = (float)any(160) - 80.0f, y = (float)any(140) - 70.0f;
        bees[k] = (comb_bee_t){x,
                               y,
                               (float)any(3) * 1.7f,
                               (float)any(628) / 100.0f,
                               12.0f + (float)any(9),
                               0.2f,
                               0.2f,
                               0.5f,
                               0.5f,
                               1.0f,
                               WIDTH / 2.0f + (x - c->camera_x) * c->px_per_mm,
                               HEIGHT / 2.0f - (y - c->camera_y) * c->px_per_mm,
                               (int32_t)any(3),
                               (int32_t)any(4),
                               BEES - 1 - k,
                               any(1u << 30)};
    }
}

static void renders(float x, float y, float mm)
{
    comb_scene_t scene;
    memset(&scene, 0, sizeof scene);
    scene.camera = camera_at(x, y, mm);
    scene.cells = (comb_cells_t){CELLS,  110.0f,    95.0f,    0.5f,      0.6f,     cell_x,
                                 cell_y, cell_size, cell_age, cell_fill, contents, tint};
    scene.wood = (comb_wood_t){20, 11, 11, 60.5f, 10, 8, {1, 0, 1}};
    make_bees(&scene.camera);
    comb_queen_cell_t queen_cells[4];
    for (int k = 0; k < 4; k++)
        queen_cells[k] = (comb_queen_cell_t){(float)(k * 20 - 30),
                                             -30.0f,
                                             8.0f + 5.0f * (float)k,
                                             WIDTH / 2.0f + ((float)(k * 20 - 30) - x) * scene.camera.px_per_mm,
                                             HEIGHT / 2.0f - (-35.0f - y) * scene.camera.px_per_mm,
                                             k,
                                             9u + (uint32_t)k};
    comb_burr_t burr = {0,
                        20,
                        40,
                        6,
                        0.7f,
                        WIDTH / 2.0f - x * scene.camera.px_per_mm,
                        HEIGHT / 2.0f - (20 - y) * scene.camera.px_per_mm,
                        3};
    scene.bee_count = BEES;
    scene.queen_cell_count = 4;
    scene.burr_count = 1;
    scene.bees = bees;
    scene.queen_cells = queen_cells;
    scene.burr = &burr;
    static int32_t seen_cells[CELLS], bare[CELLS], seen_bees[BEES], bodies[BEES], seen_queen[4], queen_bodies[4];
    memset(seen_cells, 0, sizeof seen_cells);
    memset(bare, 0, sizeof bare);
    memset(seen_bees, 0, sizeof seen_bees);
    memset(bodies, 0, sizeof bodies);
    memset(seen_queen, 0, sizeof seen_queen);
    memset(queen_bodies, 0, sizeof queen_bodies);
    comb_counts_t counts = {seen_cells, seen_bees, seen_queen, bare, bodies, queen_bodies};
    CHECK(comb_render(&scene, (comb_picture_t){light, height, shows}, counts) == 0, "at %g, %g", x, y);
    int32_t seen = 0, with_owner = 0;
    for (int k = 0; k < CELLS; k++) {
        CHECK(seen_cells[k] <= bare[k], "cell %d shows %d of %d pixels", k, seen_cells[k], bare[k]);
        seen += seen_cells[k];
    }
    for (int k = 0; k < BEES; k++) {
        CHECK(seen_bees[k] <= bodies[k], "bee %d shows %d of %d pixels", k, seen_bees[k], bodies[k]);
        seen += seen_bees[k];
    }
    for (int k = 0; k < 4; k++)
        seen += seen_queen[k];
    for (int k = 0; k < WIDTH * HEIGHT; k++) {
        with_owner += shows[k] >= 0;
        CHECK(light[3 * k] >= 0.0f && light[3 * k + 1] < 100.0f, "light of pixel %d is %g", k, (double)light[3 * k]);
    }
    CHECK(seen == with_owner, "%d pixels counted, %d shown", seen, with_owner);
    comb_development_t how = {1.4f, 1.0f, 1.0f, 0.4f, 0.15f, 0.01f, 0.001f, 7};
    CHECK(comb_develop(&scene.camera, light, &how, bgr) == 0, "development");
}

int main(void)
{
    make_comb();
    for (int turn = 0; turn < 6; turn++) {
        renders(0.0f, 0.0f, 40.0f);
        renders(-50.0f, 40.0f, 70.0f);
        renders(55.0f, -45.0f, 25.0f);
        renders(0.0f, 0.0f, 150.0f);
    }
    puts("renderer: ok");
    return 0;
}
