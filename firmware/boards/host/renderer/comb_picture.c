/* The picture as a whole: comb and wood, then bodies from the lowest up, then the shade that bodies throw; development. */
#include "comb_bodies.h"
#include "comb_cells.h"

#include <stddef.h>
#include <stdlib.h>

static ground_t between(const ground_t *a, const ground_t *b, float t)
{
    ground_t out = {0};
    for (int k = 0; k < GROUND_FIELDS; k++)
        ((float *)&out)[k] = mixf(((const float *)a)[k], ((const float *)b)[k], t);
    return out;
}

static void draw_point(const comb_scene_t *scene, const cell_index_t *index, const comb_picture_t *picture,
                       const ground_t *ground, size_t i)
{
    vec2 at = {ground->x, ground->y}, slope = slope_at(&scene->camera, at);
    surface_t s;
    float height = 0.0f;
    int32_t shows = SHOWS_NOTHING;
    if (!comb_wood_before(scene, at))
        shows = comb_cell_at(&scene->cells, index, scene->camera.seed, ground, slope, &s);
    if (shows == SHOWS_NOTHING)
        shows = comb_wood_at(scene, at, slope, &s, &height);
    rgb lit = shade(&s, slope);
    picture->light[3 * i] = lit.r;
    picture->light[3 * i + 1] = lit.g;
    picture->light[3 * i + 2] = lit.b;
    picture->height[i] = height;
    picture->shows[i] = shows;
}

HOT static int draw_ground(const comb_scene_t *scene, const cell_index_t *index, const comb_picture_t *picture)
{
    const comb_camera_t *c = &scene->camera;
    ground_t *nodes = malloc(sizeof(ground_t) * (size_t)c->grid_width * (size_t)c->grid_height);
    if (!nodes)
        return -1;
    for (int32_t k = 0; k < c->grid_width * c->grid_height; k++)
        nodes[k] = comb_ground(&scene->cells, c->seed, (vec2){c->grid[2 * k], c->grid[2 * k + 1]});
    for (int32_t v = 0; v < c->height; v++) {
        const ground_t *row = nodes + (size_t)(v / c->grid_step) * (size_t)c->grid_width, *next = row + c->grid_width;
        float down = (float)(v % c->grid_step) / (float)c->grid_step;
        for (int32_t column = 0; column * c->grid_step < c->width; column++) {
            ground_t left = between(row + column, next + column, down),
                     right = between(row + column + 1, next + column + 1, down);
            int32_t u = column * c->grid_step, end = u + c->grid_step < c->width ? u + c->grid_step : c->width;
            for (int32_t k = u; k < end; k++) {
                ground_t here = between(&left, &right, (float)(k - u) / (float)c->grid_step);
                draw_point(scene, index, picture, &here, (size_t)v * (size_t)c->width + (size_t)k);
            }
        }
    }
    free(nodes);
    return 0;
}

/* Mean height of squares of step x step pixels. */
static void shrink(const comb_camera_t *c, const float *height, int32_t step, int32_t columns, int32_t rows,
                   float *small)
{
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

static void smear(const float *from, float *to, int32_t columns, int32_t rows, int32_t radius, int is_level)
{
    int32_t lines = is_level ? rows : columns, length = is_level ? columns : rows, pace = is_level ? 1 : columns;
    for (int32_t line = 0; line < lines; line++) {
        const float *a = from + (is_level ? line * columns : line);
        float *b = to + (is_level ? line * columns : line), sum = 0.0f;
        for (int32_t k = -radius; k <= radius; k++)
            sum += a[(k < 0 ? 0 : k < length ? k : length - 1) * pace];
        for (int32_t k = 0; k < length; k++) {
            b[k * pace] = sum / (float)(2 * radius + 1);
            int32_t in = k + radius + 1, out = k - radius;
            sum += a[(in < length ? in : length - 1) * pace] - a[(out < 0 ? 0 : out) * pace];
        }
    }
}

static float sample(const float *small, int32_t columns, int32_t rows, float x, float y)
{
    x = clampf(x, 0.0f, (float)columns - 1.001f);
    y = clampf(y, 0.0f, (float)rows - 1.001f);
    int32_t ix = (int32_t)x, iy = (int32_t)y;
    const float *a = small + iy * columns + ix, *b = a + (iy + 1 < rows ? columns : 0);
    int32_t next = ix + 1 < columns;
    return mixf(mixf(a[0], a[next], x - (float)ix), mixf(b[0], b[next], x - (float)ix), y - (float)iy);
}

/* Bodies keep light from what lies lower beside them: more where their mean height around, moved away from the lamp, is larger. */
HOT static int throw_shade(const comb_scene_t *scene, const comb_picture_t *picture)
{
    const comb_camera_t *c = &scene->camera;
    int32_t step = (int32_t)(0.45f * c->px_per_mm);
    if (step < 1)
        step = 1;
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
    if (radius < 1)
        radius = 1;
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
            float light = 1.0f - 0.74f * smooth(0.0f, 3.2f, around - picture->height[i]);
            picture->light[3 * i] *= light;
            picture->light[3 * i + 1] *= light;
            picture->light[3 * i + 2] *= light;
        }
    free(a);
    free(b);
    return 0;
}

static void count(const comb_camera_t *c, const comb_picture_t *picture, const comb_counts_t *counts)
{
    for (size_t i = 0; i < (size_t)c->width * (size_t)c->height; i++) {
        int32_t shows = picture->shows[i];
        if (shows >= FIRST_QUEEN_CELL)
            counts->queen_cells[shows - FIRST_QUEEN_CELL]++;
        else if (shows >= FIRST_BEE)
            counts->bees[shows - FIRST_BEE]++;
        else if (shows >= 0)
            counts->cells[shows]++;
    }
}

int comb_render(const comb_scene_t *scene, comb_picture_t picture, comb_counts_t counts)
{
    cell_index_t index;
    if (comb_index_make(&index, &scene->cells))
        return -1;
    int failed = draw_ground(scene, &index, &picture);
    comb_index_free(&index);
    if (failed)
        return -1;
    for (size_t i = 0; i < (size_t)scene->camera.width * (size_t)scene->camera.height; i++)
        if (picture.shows[i] >= 0)
            counts.bare_cells[picture.shows[i]]++;
    for (int32_t k = 0; k < scene->burr_count; k++)
        comb_draw_burr(scene, &picture, k);
    for (int32_t k = 0; k < scene->queen_cell_count; k++)
        counts.queen_cell_bodies[k] = comb_draw_queen_cell(scene, &picture, k);
    for (int32_t k = 0; k < scene->bee_count; k++)
        counts.bee_bodies[scene->bees[k].index] = comb_draw_bee(scene, &picture, k);
    count(&scene->camera, &picture, &counts);
    return throw_shade(scene, &picture);
}

static uint8_t to_srgb(const uint8_t *table, float linear)
{
    return table[(int32_t)(clampf(linear, 0.0f, 1.0f) * 4095.0f + 0.5f)];
}

static void make_table(uint8_t table[4096])
{ /* sRGB with the soft shoulder of a camera */
    for (int32_t k = 0; k < 4096; k++) {
        float v = (float)k / 4095.0f;
        v = v < 0.7f ? v : 0.7f + 0.3f * (1.0f - expf(-(v - 0.7f) / 0.3f)) / (1.0f - expf(-1.0f));
        float s = v <= 0.0031308f ? 12.92f * v : 1.055f * powf(v, 1.0f / 2.4f) - 0.055f;
        table[k] = (uint8_t)(255.0f * clampf(s, 0.0f, 1.0f) + 0.5f);
    }
}

/* One row behind the lens: three rows and three columns with the weights side, 1 - 2 side, side. */
static void blur_row(const comb_camera_t *camera, const float *light, int32_t v, float side, float *down, float *out)
{
    size_t n = 3 * (size_t)camera->width;
    const float *here = light + (size_t)v * n, *above = v > 0 ? here - n : here,
                *below = v + 1 < camera->height ? here + n : here;
    for (size_t k = 0; k < n; k++)
        down[k] = (1.0f - 2.0f * side) * here[k] + side * (above[k] + below[k]);
    for (size_t k = 3; k + 3 < n; k++)
        out[k] = (1.0f - 2.0f * side) * down[k] + side * (down[k - 3] + down[k + 3]);
    for (size_t k = 0; k < 3; k++) {
        out[k] = down[k];
        out[n - 1 - k] = down[n - 1 - k];
    }
}

HOT int comb_develop(const comb_camera_t *camera, const float *light, const comb_development_t *d, uint8_t *bgr)
{
    uint8_t table[4096];
    make_table(table);
    size_t n = 3 * (size_t)camera->width;
    float *down = malloc(2 * n * sizeof(float));
    if (!down)
        return -1;
    float *row = down + n;
    float half_w = 0.5f * (float)camera->width, half_h = 0.5f * (float)camera->height;
    float far = half_w * half_w + half_h * half_h;
    for (int32_t v = 0; v < camera->height; v++) {
        blur_row(camera, light, v, d->blur, down, row);
        for (int32_t u = 0; u < camera->width; u++) {
            float dx = (float)u - half_w, dy = (float)v - half_h;
            float gain = d->exposure * (1.0f - d->falloff * (dx * dx + dy * dy) / far);
            uint32_t h = hash((uint32_t)(v * camera->width + u) ^ d->seed), h2 = hash(h);
            float noise_of[3] = {(float)((h & 255u) + (h >> 8 & 255u)) - 255.0f,
                                 (float)((h >> 16 & 255u) + (h >> 24)) - 255.0f,
                                 (float)((h2 & 255u) + (h2 >> 8 & 255u)) - 255.0f};
            float rgb_of[3] = {row[3 * u] * d->red_gain, row[3 * u + 1], row[3 * u + 2] * d->blue_gain};
            for (int k = 0; k < 3; k++) {
                float value = rgb_of[k] * gain;
                value += noise_of[k] * (1.0f / 104.0f) * (d->read_noise + d->shot_noise * sqrtf(fmaxf(value, 0.0f)));
                bgr[(size_t)v * n + (size_t)(3 * u + 2 - k)] = to_srgb(table, value);
            }
        }
    }
    free(down);
    return 0;
}
