/* What is not comb and not bee: wooden bars with tags and propolis, what is behind the frame, burr comb, queen cells. */
#include "comb_bodies.h"

#include <stddef.h>

static const float TOP_Z = 0.5f, END_Z = 6.0f, BOTTOM_Z = -1.5f, BACK_Z = -16.0f;

typedef struct {
    float left, right, low, high, front;
    int is_level;
} bar_t;

static void bars_of(const comb_scene_t *s, bar_t bars[4])
{
    float w = s->cells.width_mm / 2, h = s->cells.height_mm / 2, side = s->wood.bar_side_mm;
    bars[0] = (bar_t){-w - side, -w, -h - s->wood.bar_bottom_mm, h, END_Z, 0};
    bars[1] = (bar_t){w, w + side, -h - s->wood.bar_bottom_mm, h, END_Z, 0};
    bars[2] = (bar_t){-w - 30.0f, w + 30.0f, h, h + s->wood.bar_top_mm, TOP_Z, 1};
    bars[3] = (bar_t){-w, w, -h - s->wood.bar_bottom_mm, -h, BOTTOM_Z, 1};
}

int comb_wood_before(const comb_scene_t *s, vec2 at)
{
    float w = s->cells.width_mm / 2, h = s->cells.height_mm / 2;
    vec2 slope = slope_at(&s->camera, at);
    float near_x = at.x - slope.x * END_Z;
    return fabsf(at.x) > w || at.y > h || at.y < -h || fabsf(near_x) > w;
}

/* Height at which the ray enters the box of a bar (slab test), or below BACK_Z. face: 0 front, 1 left or right, 2 above or below. */
static float enter(const bar_t *b, vec2 at, vec2 slope, int *face)
{
    float top = b->front, low = BACK_Z;
    *face = 0;
    /* x(z) = at.x - z slope.x must lie within left..right, y alike. */
    const float edges[2][2] = {{b->left, b->right}, {b->low, b->high}};
    const float place[2] = {at.x, at.y}, pace[2] = {-slope.x, -slope.y};
    for (int k = 0; k < 2; k++) {
        if (fabsf(pace[k]) < 1e-5f) {
            if (place[k] < edges[k][0] || place[k] > edges[k][1])
                return BACK_Z - 1.0f;
            continue;
        }
        float a = (edges[k][0] - place[k]) / pace[k], c = (edges[k][1] - place[k]) / pace[k];
        float first = fmaxf(a, c), last = fminf(a, c);
        if (first < top) {
            top = first;
            *face = k + 1;
        }
        low = fmaxf(low, last);
    }
    return top >= low ? top : BACK_Z - 1.0f;
}

static void wood(const comb_scene_t *scene, const bar_t *b, vec2 p, int face, surface_t *s)
{
    uint32_t seed = scene->camera.seed + (uint32_t)(1000.0f + b->left) * 7u + (uint32_t)b->is_level;
    seed = 77u + (b->is_level ? 5u : 9u) + (b->left > 0 ? 3u : 0u) + (b->low > 0 ? 17u : 0u) + scene->camera.seed;
    float along = b->is_level ? p.x : p.y, across = b->is_level ? p.y : p.x;
    float bow = 1.6f * noise(0.010f * along, 0.2f, seed);
    float ring = 0.9f * (across + bow) + 0.5f * noise(0.03f * along, 0.5f * across, seed + 1u);
    float late = smooth(0.45f, 0.95f, 0.5f + 0.5f * sinf(2.2f * ring + 1.5f * noise(0.25f * ring, 0.0f, seed + 2u)));
    float fibre = noise(0.35f * along, 7.0f * across, seed + 3u);
    rgb early_wood = mix(paint(216, 172, 108), paint(178, 112, 50),
                         clampf(0.6f * scene->cells.wax_age + 0.4f * scene->cells.propolis, 0.0f, 1.0f));
    s->albedo = times(mix(early_wood, times(early_wood, 0.62f), 0.55f * late), 0.95f + 0.10f * fibre);
    float end = smooth(0.75f, 1.0f, fabsf(along) / (0.5f * (b->is_level ? b->right - b->left : b->high - b->low)));
    float stain = smooth(0.62f - 0.9f * scene->cells.propolis, 1.15f - 0.9f * scene->cells.propolis,
                         rough(0.05f * along, 0.10f * across, seed + 4u) +
                             0.35f * noise(0.4f * along, 0.5f * across, seed + 5u) + 0.25f * end);
    s->albedo = mix(s->albedo, paint(98, 46, 22), 0.72f * stain);
    float dirt = smooth(0.3f, 0.9f, noise(0.02f * along, 0.09f * across, seed + 6u));
    s->albedo = mix(s->albedo, paint(112, 84, 58), 0.45f * dirt);
    float speck = smooth(0.45f, 0.75f, rough(0.6f * p.x, 0.6f * p.y, seed + 7u)) *
                  smooth(0.0f, 0.6f, noise(0.03f * p.x, 0.05f * p.y, seed + 8u));
    s->albedo = mix(s->albedo, paint(208, 180, 110), 0.45f * speck); /* crumbs of wax */
    s->normal =
        face == 0 ? unit(0.10f * fibre + 0.12f * stain * noise(0.3f * p.x, 0.3f * p.y, seed + 10u), 0.10f * fibre, 1.0f)
        : face == 1 ? unit(p.x > 0 ? -0.85f : 0.85f, 0.0f, 0.5f)
                    : unit(0.0f, p.y > 0 ? -0.85f : 0.85f, 0.5f);
    s->light = face == 0 ? 0.92f : 0.55f;
    s->shine = 0.01f + 0.05f * stain;
}

static void put_tag(const comb_scene_t *scene, vec2 p, surface_t *s)
{
    const comb_wood_t *w = &scene->wood;
    float x = (p.x > 0 ? p.x - w->tag_x : p.x + w->tag_x), y = p.y - w->tag_y;
    float half = 0.5f * w->tag_mm, sheet = half + 1.2f;
    if (fabsf(x) > sheet || fabsf(y) > sheet)
        return;
    int is_white = 1;
    if (fabsf(x) < half && fabsf(y) < half) {
        int column = (int)((x + half) / w->tag_mm * 6.0f), row = (int)((half - y) / w->tag_mm * 6.0f);
        is_white = w->tag[(row > 5 ? 5 : row) * 6 + (column > 5 ? 5 : column)];
    }
    float dirt = 0.92f + 0.10f * noise(0.6f * p.x, 0.6f * p.y, scene->camera.seed + 8u);
    s->albedo = times(is_white ? paint(232, 230, 224) : paint(30, 30, 30), dirt);
    s->shine = 0.04f;
}

HOT int32_t comb_wood_at(const comb_scene_t *scene, vec2 at, vec2 slope, surface_t *out, float *height)
{
    bar_t bars[4];
    bars_of(scene, bars);
    float best = BACK_Z - 0.5f;
    int which = -1, face = 0;
    for (int k = 0; k < 4; k++) {
        int f;
        float z = enter(&bars[k], at, slope, &f);
        if (z > best) {
            best = z;
            which = k;
            face = f;
        }
    }
    if (which < 0) { /* the cabinet, far behind and out of focus */
        float g = 0.010f + 0.006f * noise(0.012f * at.x, 0.012f * at.y, scene->camera.seed + 9u);
        out->albedo = (rgb){1.15f * g, g, 0.8f * g};
        out->normal = (vec3){0, 0, 1};
        out->light = 1.0f;
        out->shine = 0.0f;
        *height = BACK_Z;
        return SHOWS_NOTHING;
    }
    vec2 p = {at.x - best * slope.x, at.y - best * slope.y};
    wood(scene, &bars[which], p, face, out);
    if (which < 2 && face == 0)
        put_tag(scene, p, out);
    *height = best;
    return SHOWS_WOOD;
}

static void put(const comb_picture_t *picture, size_t i, const surface_t *s, vec2 slope, float z, int32_t shows)
{
    rgb lit = shade(s, slope);
    picture->light[3 * i] = lit.r;
    picture->light[3 * i + 1] = lit.g;
    picture->light[3 * i + 2] = lit.b;
    picture->height[i] = z;
    picture->shows[i] = shows;
}

void comb_draw_burr(const comb_scene_t *scene, const comb_picture_t *picture, int32_t which)
{
    const comb_burr_t *b = &scene->burr[which];
    const comb_camera_t *camera = &scene->camera;
    window_t w = comb_window(camera, b->u, b->v, 3.0f, 0.5f * b->length + b->width + 3.0f);
    float cx = cosf(b->angle), sx = sinf(b->angle);
    for (int32_t v = w.top; v < w.bottom; v++)
        for (int32_t u = w.left; u < w.right; u++) {
            vec2 at = ray_at(camera, u, v), slope = slope_at(camera, at);
            float x = at.x - 2.0f * slope.x - b->x, y = at.y - 2.0f * slope.y - b->y;
            float along = x * cx + y * sx, across = -x * sx + y * cx;
            across += 1.6f * noise(0.22f * along, 0.0f, b->seed);
            float end = clampf(1.0f - fabsf(along) / (0.5f * b->length), 0.0f, 1.0f);
            float half =
                0.5f * b->width * smooth(0.0f, 0.25f, end) * (0.8f + 0.35f * noise(0.35f * along, 3.0f, b->seed + 1u));
            if (fabsf(across) >= half || half <= 0.1f)
                continue;
            size_t i = (size_t)v * (size_t)camera->width + (size_t)u;
            float t = across / half, z = 4.0f * sqrtf(1.0f - t * t);
            if (z <= picture->height[i])
                continue;
            float lump = rough(0.9f * at.x, 0.9f * at.y, b->seed + 2u);
            surface_t s = {
                times(mix(paint(226, 188, 104), paint(150, 96, 44), 0.5f * scene->cells.wax_age), 0.92f + 0.14f * lump),
                unit(-sx * t * 0.9f + 0.35f * lump,
                     cx * t * 0.9f + 0.35f * noise(1.1f * at.x, 1.1f * at.y, b->seed + 3u), 1.0f),
                0.95f, 0.08f};
            put(picture, i, &s, slope, z, SHOWS_WAX);
        }
}

/* A queen cell hangs like a peanut; a cup is its short beginning, open below. */
int32_t comb_draw_queen_cell(const comb_scene_t *scene, const comb_picture_t *picture, int32_t which)
{
    const comb_queen_cell_t *q = &scene->queen_cells[which];
    const comb_camera_t *camera = &scene->camera;
    float wide = q->kind == PLAY_CUP ? 4.2f : 4.8f, deep = 4.6f, half = 0.5f * q->length;
    window_t w = comb_window(camera, q->u, q->v, 4.0f, half + 6.0f);
    int32_t body = 0;
    for (int32_t v = w.top; v < w.bottom; v++)
        for (int32_t u = w.left; u < w.right; u++) {
            vec2 at = ray_at(camera, u, v), slope = slope_at(camera, at);
            float x = at.x - 4.0f * slope.x - q->x, y = at.y - 4.0f * slope.y - q->y;
            float t = -y / q->length; /* 0 where it hangs, 1 at its tip */
            if (t < -0.08f || t > 1.0f)
                continue;
            float swell = q->kind == CAPPED_QUEEN_CELL || q->kind == EMERGENCY
                              ? sqrtf(fmaxf(1.0f - t * t * t * t, 0.0f)) * (0.85f + 0.15f * cosf(5.0f * t))
                              : 0.92f;
            float r = wide * swell;
            if (fabsf(x) >= r || r < 0.2f)
                continue;
            body++;
            size_t i = (size_t)v * (size_t)camera->width + (size_t)u;
            float side = x / r, z = deep * (0.4f + 0.9f * sqrtf(1.0f - side * side) * swell);
            if (z <= picture->height[i])
                continue;
            float pits = rough(0.95f * (at.x), 0.95f * at.y, q->seed),
                  px = rough(0.95f * at.x + 0.35f, 0.95f * at.y, q->seed) - pits;
            float py = rough(0.95f * at.x, 0.95f * at.y + 0.35f, q->seed) - pits;
            surface_t s = {
                times(mix(paint(204, 150, 84), paint(130, 84, 48), 0.7f * scene->cells.wax_age), 0.9f + 0.16f * pits),
                unit(side * 1.1f - 0.9f * px, -0.35f * smooth(0.6f, 1.0f, t) - 0.9f * py, 1.0f - 0.4f * fabsf(side)),
                0.95f, 0.06f};
            if ((q->kind == PLAY_CUP || q->kind == CHARGED) && t > 0.72f) { /* the mouth */
                float mouth = length_of(side, (t - 0.92f) / 0.2f);
                if (mouth < 0.85f) {
                    s.albedo = q->kind == CHARGED ? paint(196, 186, 156) : paint(50, 32, 20);
                    s.light = 0.6f;
                    s.normal = (vec3){0, 0, 1};
                }
            }
            put(picture, i, &s, slope, z, FIRST_QUEEN_CELL + which);
        }
    return body;
}
