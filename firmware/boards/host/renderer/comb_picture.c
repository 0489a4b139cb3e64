/* The picture as a whole: comb and wood, then bodies from the lowest up, then the shade that bodies throw; development. */
#include "comb_bodies.h"
#include "comb_cells.h"

#include <stddef.h>
#include <stdlib.h>

static void draw_ground(const comb_scene_t *scene, const cell_index_t *index, const comb_picture_t *picture) {
    const comb_camera_t *c = &scene->camera;
    for (int32_t v = 0; v < c->height; v++)
        for (int32_t u = 0; u < c->width; u++) {
            vec2 at = ray_at(c, u, v), slope = slope_at(c, at);
            size_t i = (size_t)v * (size_t)c->width + (size_t)u;
            surface_t s;
            float height = 0.0f;
            int32_t shows = SHOWS_NOTHING;
            if (!comb_wood_before(scene, at)) shows = comb_cell_at(&scene->cells, index, c->seed, at, slope, &s);
            if (shows == SHOWS_NOTHING) shows = comb_wood_at(scene, at, slope, &s, &height);
            rgb lit = shade(&s, slope);
            picture->light[3 * i] = lit.r;
            picture->light[3 * i + 1] = lit.g;
            picture->light[3 * i + 2] = lit.b;
            picture->height[i] = height;
            picture->shows[i] = shows;
        }
}

/* Mean height of squares of step x step pixels. */
static void shrink(const comb_camera_t *c, const float *height, int32_t step, int32_t columns, int32_t rows, float *small) {
    for (int32_t row = 0; row < rows; row++)
        for (int32_t column = 0; column < columns; column++) {
            float sum = 0.0f;
            int32_t n = 0;
            for (int32_t v = row * step; v < (row + 1) * step && v < c->height; v++)
                for (int32_t u = column * step; u < (column + 1) * step && u < c->width; u++, n++)
                    sum += fmaxf(height[(size_t)v * (size_t)c->width + (size_t)u], 0.0f);
            small[row * columns + column] = n ? sum / (float)n : 0.0f;
        }
}

static void smear(const float *from, float *to, int32_t columns, int32_t rows, int32_t radius, int is_level) {
    int32_t lines = is_level ? rows : columns, length = is_level ? columns : rows, pace = is_level ? 1 : columns;
    for (int32_t line = 0; line < lines; line++) {
        const float *a = from + (is_level ? line * columns : line);
        float *b = to + (is_level ? line * columns : line), sum = 0.0f;
        for (int32_t k = -radius; k <= radius; k++) sum += a[(k < 0 ? 0 : k < length ? k : length - 1) * pace];
        for (int32_t k = 0; k < length; k++) {
            b[k * pace] = sum / (float)(2 * radius + 1);
            int32_t in = k + radius + 1, out = k - radius;
            sum += a[(in < length ? in : length - 1) * pace] - a[(out < 0 ? 0 : out) * pace];
        }
    }
}

static float sample(const float *small, int32_t columns, int32_t rows, float x, float y) {
    x = clampf(x, 0.0f, (float)columns - 1.001f);
    y = clampf(y, 0.0f, (float)rows - 1.001f);
    int32_t ix = (int32_t)x, iy = (int32_t)y;
    const float *a = small + iy * columns + ix, *b = a + (iy + 1 < rows ? columns : 0);
    int32_t next = ix + 1 < columns;
    return mixf(mixf(a[0], a[next], x - (float)ix), mixf(b[0], b[next], x - (float)ix), y - (float)iy);
}

/* Bodies keep light from what lies lower beside them: more where their mean height around, moved away from the lamp, is larger. */
static int throw_shade(const comb_scene_t *scene, const comb_picture_t *picture) {
    const comb_camera_t *c = &scene->camera;
    int32_t step = (int32_t)(0.45f * c->px_per_mm);
    if (step < 1) step = 1;
    int32_t columns = (c->width + step - 1) / step, rows = (c->height + step - 1) / step;
    size_t size = sizeof(float) * (size_t)columns * (size_t)rows;
    float *a = malloc(size), *b = malloc(size);
    if (!a || !b) {
        free(a);
        free(b);
        return -1;
    }
    shrink(c, picture->height, step, columns, rows, a);
    int32_t radius = (int32_t)(1.3f * c->px_per_mm / (float)step + 0.5f);
    if (radius < 1) radius = 1;
    for (int pass = 0; pass < 2; pass++) {
        smear(a, b, columns, rows, radius, 1);
        smear(b, a, columns, rows, radius, 0);
    }
    float aside = 0.9f * c->px_per_mm / (float)step;
    for (int32_t v = 0; v < c->height; v++)
        for (int32_t u = 0; u < c->width; u++) {
            size_t i = (size_t)v * (size_t)c->width + (size_t)u;
            float x = ((float)u + 0.5f) / (float)step - 0.5f, y = ((float)v + 0.5f) / (float)step - 0.5f;
            float around = sample(a, columns, rows, x - 0.8f * aside, y - aside);
            float light = 1.0f - 0.62f * smooth(0.0f, 3.6f, around - picture->height[i]);
            picture->light[3 * i] *= light;
            picture->light[3 * i + 1] *= light;
            picture->light[3 * i + 2] *= light;
        }
    free(a);
    free(b);
    return 0;
}

int comb_render(const comb_scene_t *scene, comb_picture_t picture, int32_t *body_px, int32_t *queen_cell_px) {
    cell_index_t index;
    if (comb_index_make(&index, &scene->cells)) return -1;
    draw_ground(scene, &index, &picture);
    comb_index_free(&index);
    for (int32_t k = 0; k < scene->burr_count; k++) comb_draw_burr(scene, &picture, k);
    for (int32_t k = 0; k < scene->queen_cell_count; k++) queen_cell_px[k] = comb_draw_queen_cell(scene, &picture, k);
    for (int32_t k = 0; k < scene->bee_count; k++) body_px[k] = comb_draw_bee(scene, &picture, k);
    return throw_shade(scene, &picture);
}

static uint8_t to_srgb(const uint8_t *table, float linear) {
    return table[(int32_t)(clampf(linear, 0.0f, 1.0f) * 4095.0f + 0.5f)];
}

void comb_develop(const comb_camera_t *camera, const float *light, const comb_development_t *d, uint8_t *bgr) {
    uint8_t table[4096];
    for (int32_t k = 0; k < 4096; k++) { /* sRGB with the soft shoulder of a camera */
        float v = (float)k / 4095.0f;
        v = v < 0.7f ? v : 0.7f + 0.3f * (1.0f - expf(-(v - 0.7f) / 0.3f)) / (1.0f - expf(-1.0f));
        float s = v <= 0.0031308f ? 12.92f * v : 1.055f * powf(v, 1.0f / 2.4f) - 0.055f;
        table[k] = (uint8_t)(255.0f * clampf(s, 0.0f, 1.0f) + 0.5f);
    }
    float half_w = 0.5f * (float)camera->width, half_h = 0.5f * (float)camera->height;
    float far = half_w * half_w + half_h * half_h;
    for (int32_t v = 0; v < camera->height; v++)
        for (int32_t u = 0; u < camera->width; u++) {
            size_t i = 3 * ((size_t)v * (size_t)camera->width + (size_t)u);
            float dx = (float)u - half_w, dy = (float)v - half_h;
            float gain = d->exposure * (1.0f - d->falloff * (dx * dx + dy * dy) / far);
            uint32_t h = hash((uint32_t)(v * camera->width + u) ^ d->seed), h2 = hash(h);
            float noise_of[3] = {(float)((h & 255u) + (h >> 8 & 255u)) - 255.0f, (float)((h >> 16 & 255u) + (h >> 24)) - 255.0f, (float)((h2 & 255u) + (h2 >> 8 & 255u)) - 255.0f};
            float rgb_of[3] = {light[i] * d->red_gain, light[i + 1], light[i + 2] * d->blue_gain};
            for (int k = 0; k < 3; k++) {
                float value = rgb_of[k] * gain;
                value += noise_of[k] * (1.0f / 104.0f) * (d->read_noise + d->shot_noise * sqrtf(fmaxf(value, 0.0f)));
                bgr[i + (size_t)(2 - k)] = to_srgb(table, value);
            }
        }
}
