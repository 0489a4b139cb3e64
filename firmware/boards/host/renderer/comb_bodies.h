#ifndef COMB_BODIES_H
#define COMB_BODIES_H

#include <stddef.h>

#include "comb_math.h"
#include "comb_scene.h"

/* A rectangle of the picture that a thing may cover. */
typedef struct {
    int32_t left, top, right, bottom;
} window_t;

static inline vec2 ray_at(const comb_camera_t *c, int32_t u, int32_t v)
{
    float gx = (float)u / (float)c->grid_step, gy = (float)v / (float)c->grid_step;
    int32_t ix = (int32_t)gx, iy = (int32_t)gy;
    float fx = gx - (float)ix, fy = gy - (float)iy;
    const float *a = c->grid + 2 * ((size_t)iy * (size_t)c->grid_width + (size_t)ix),
                *b = a + 2 * (size_t)c->grid_width;
    return (vec2){mixf(mixf(a[0], a[2], fx), mixf(b[0], b[2], fx), fy),
                  mixf(mixf(a[1], a[3], fx), mixf(b[1], b[3], fx), fy)};
}

/* How the ray moves away from the camera's axis for each mm of depth. */
static inline vec2 slope_at(const comb_camera_t *c, vec2 at)
{
    return (vec2){(at.x - c->camera_x) / c->camera_z, (at.y - c->camera_y) / c->camera_z};
}

/* reach_mm: how far a thing at height z reaches from the pixel (u, v). */
window_t comb_window(const comb_camera_t *camera, float u, float v, float z, float reach_mm);
int32_t comb_draw_bee(const comb_scene_t *scene, const comb_picture_t *picture, int32_t which);
int32_t comb_draw_queen_cell(const comb_scene_t *scene, const comb_picture_t *picture, int32_t which);
void comb_draw_burr(const comb_scene_t *scene, const comb_picture_t *picture, int32_t which);
/* Wood or what is behind the frame, for a ray that meets z = 0 at a point. Returns SHOWS_WOOD or SHOWS_NOTHING. */
int32_t comb_wood_at(const comb_scene_t *scene, vec2 at, vec2 slope, surface_t *out, float *height);
/* 1 where wood stands before the comb. */
int comb_wood_before(const comb_scene_t *scene, vec2 at);

#endif
