/* Cells: rims of wax, open cells with depth and what lies in them, cappings. Measures as in facts/bees_and_frames.md:
 * worker cells 11 mm deep, tilted up by 9 to 13 degrees; an egg 1.6 mm long; five instars of a larva from day 4 to 9. */
#include "comb_cells.h"

#include <stdlib.h>

static const float DEPTH_MM = 11.0f, TILT = 0.19f, WALL_MM = 0.20f, RIM_MM = 0.42f;

int comb_index_make(cell_index_t *index, const comb_cells_t *cells)
{
    index->x0 = -cells->width_mm / 2 - 8;
    index->y0 = -cells->height_mm / 2 - 8;
    index->columns = (int32_t)((cells->width_mm + 16) / NEAR_STEP_MM) + 1;
    index->rows = (int32_t)((cells->height_mm + 16) / NEAR_STEP_MM) + 1;
    int32_t squares = index->columns * index->rows;
    index->near = malloc(sizeof(int32_t) * NEAR_CELLS * (size_t)squares);
    float *far = malloc(sizeof(float) * NEAR_CELLS * (size_t)squares);
    if (!index->near || !far) {
        free(far);
        free(index->near);
        return -1;
    }
    for (int32_t k = 0; k < squares * NEAR_CELLS; k++)
        index->near[k] = -1;
    for (int32_t c = 0; c < cells->count; c++) {
        float reach = 1.35f * cells->size[c] + NEAR_STEP_MM;
        int32_t left = (int32_t)((cells->x[c] - reach - index->x0) / NEAR_STEP_MM);
        int32_t right = (int32_t)((cells->x[c] + reach - index->x0) / NEAR_STEP_MM);
        int32_t low = (int32_t)((cells->y[c] - reach - index->y0) / NEAR_STEP_MM);
        int32_t high = (int32_t)((cells->y[c] + reach - index->y0) / NEAR_STEP_MM);
        for (int32_t row = low < 0 ? 0 : low; row <= high && row < index->rows; row++)
            for (int32_t column = left < 0 ? 0 : left; column <= right && column < index->columns; column++) {
                float dx = index->x0 + ((float)column + 0.5f) * NEAR_STEP_MM - cells->x[c];
                float dy = index->y0 + ((float)row + 0.5f) * NEAR_STEP_MM - cells->y[c];
                float distance = dx * dx + dy * dy;
                if (distance > reach * reach)
                    continue;
                int32_t *near = index->near + ((size_t)row * (size_t)index->columns + (size_t)column) * NEAR_CELLS;
                float *d = far + (near - index->near);
                int32_t place = 0; /* sorted by distance; the farthest falls out */
                while (place < NEAR_CELLS && near[place] >= 0 && d[place] <= distance)
                    place++;
                if (place == NEAR_CELLS)
                    continue;
                for (int32_t k = NEAR_CELLS - 1; k > place; k--) {
                    near[k] = near[k - 1];
                    d[k] = d[k - 1];
                }
                near[place] = c;
                d[place] = distance;
            }
    }
    free(far);
    return 0;
}

void comb_index_free(cell_index_t *index)
{
    free(index->near);
}

/* Where a point lies in its cell: offset from the middle, distance to the walls (rounded corners), direction of the wall. */
typedef struct {
    int32_t cell;
    float size, x, y, edge, rho;
    vec2 outwards;
    uint32_t seed;
} place_t;

static int find_place(const comb_cells_t *cells, const cell_index_t *index, uint32_t seed, vec2 at, place_t *out)
{
    int32_t column = (int32_t)((at.x - index->x0) / NEAR_STEP_MM), row = (int32_t)((at.y - index->y0) / NEAR_STEP_MM);
    if (at.x < index->x0 || at.y < index->y0 || column >= index->columns || row >= index->rows)
        return 0;
    const int32_t *near = index->near + ((size_t)row * (size_t)index->columns + (size_t)column) * NEAR_CELLS;
    int32_t best = -1;
    float least = 1e9f;
    for (int32_t k = 0; k < NEAR_CELLS && near[k] >= 0; k++) {
        float dx = at.x - cells->x[near[k]], dy = at.y - cells->y[near[k]];
        float distance = dx * dx + dy * dy;
        if (distance < least) {
            least = distance;
            best = near[k];
        }
    }
    if (best < 0)
        return 0;
    float size = cells->size[best];
    if (least > 1.1f * size * size)
        return 0;
    out->cell = best;
    out->size = size;
    out->seed = hash(seed ^ ((uint32_t)best * 0x9e3779b9u));
    out->x = at.x - cells->x[best];
    out->y = at.y - cells->y[best];
    out->rho = sqrtf(least) / (0.5f * size);
    float edge = 0.56f * size - sqrtf(least); /* where there is no neighbour the rim is round */
    vec2 outwards = {out->x, out->y};
    for (int32_t k = 0; k < NEAR_CELLS && near[k] >= 0; k++) {
        if (near[k] == best)
            continue;
        float ex = cells->x[near[k]] - cells->x[best], ey = cells->y[near[k]] - cells->y[best];
        float apart = sqrtf(ex * ex + ey * ey);
        if (apart < 0.3f * size || apart > 1.5f * size)
            continue;
        float d = 0.5f * apart - (out->x * ex + out->y * ey) / apart;
        /* Smooth minimum: corners between walls are filled with wax. */
        float h = clampf(0.5f + 0.5f * (edge - d) / 0.55f, 0.0f, 1.0f);
        edge = mixf(edge, d, h) - 0.55f * h * (1.0f - h) * 0.5f;
        if (h > 0.5f)
            outwards = (vec2){ex / apart, ey / apart};
    }
    out->edge = edge;
    out->outwards = outwards;
    return 1;
}

static rgb wax_colour(float age)
{
    rgb fresh = paint(238, 208, 128), used = paint(170, 112, 52), old = paint(82, 52, 30);
    return age < 0.5f ? mix(fresh, used, 2.0f * age) : mix(used, old, 2.0f * age - 1.0f);
}

/* How far a ray goes down a hexagonal cell before it meets a wall, from offset (x, y), moving by (rx, ry) a mm of depth. */
static float depth_to_wall(float half, float x, float y, float rx, float ry, vec2 *wall)
{
    static const float nx[3] = {1.0f, 0.5f, -0.5f}, ny[3] = {0.0f, 0.8660254f, 0.8660254f};
    float least = 1e3f;
    for (int k = 0; k < 3; k++) {
        float place = nx[k] * x + ny[k] * y, pace = nx[k] * rx + ny[k] * ry;
        float sign = pace < 0.0f ? -1.0f : 1.0f;
        float room = half - sign * place;
        float depth = room / fmaxf(fabsf(pace), 1e-4f);
        if (room <= 0.0f)
            depth = 0.0f;
        if (depth < least) {
            least = depth;
            *wall = (vec2){-sign * nx[k], -sign * ny[k]};
        }
    }
    return least;
}

/* A curled body on the floor of a cell. q: point of the floor; returns its height there, 0 where the floor is bare. */
static float curled_body(vec2 q, float ring, float thick, float gap_at, float gap, vec3 *normal, float *along)
{
    float radius = sqrtf(q.x * q.x + q.y * q.y);
    float turn = atan2f(q.y, q.x) - gap_at;
    turn -= 6.2831853f * floorf(turn / 6.2831853f);
    if (turn < gap || turn > 6.2831853f - 0.2f * gap)
        return 0.0f;
    float taper = smooth(0.0f, 0.9f, turn - gap) * smooth(0.0f, 0.6f, 6.4f - turn);
    float r = thick * (0.55f + 0.45f * taper);
    float across = radius - ring;
    if (fabsf(across) >= r)
        return 0.0f;
    float height = sqrtf(r * r - across * across);
    float out = across / r;
    float segment = 0.22f * sinf(turn * 11.0f);
    *normal = unit(q.x / fmaxf(radius, 0.05f) * out - q.y * segment * 0.5f,
                   q.y / fmaxf(radius, 0.05f) * out + q.x * segment * 0.5f, height / r + 0.15f);
    *along = turn;
    return height;
}

static void egg(vec2 q, float age, uint32_t seed, surface_t *s)
{
    float angle = 6.2831853f * chance(seed, 21u);
    float length =
        mixf(0.55f, 1.6f, clampf(age / 3.0f, 0.25f, 1.0f)); /* it stands when new and lies on the third day */
    q.x -= 0.5f * (chance(seed, 22u) - 0.5f);
    q.y -= 0.5f * (chance(seed, 23u) - 0.5f) - 0.2f;
    float u = q.x * cosf(angle) + q.y * sinf(angle), v = -q.x * sinf(angle) + q.y * cosf(angle);
    v += 0.10f * (u / length) * (u / length);
    float a = u / (0.5f * length), b = v / 0.21f;
    float d = a * a + b * b;
    if (d < 1.0f) {
        float h = sqrtf(1.0f - d);
        s->albedo = paint(246, 244, 236);
        s->normal = unit(0.4f * a * cosf(angle) - b * sinf(angle), 0.4f * a * sinf(angle) + b * cosf(angle), h + 0.3f);
        s->light = fmaxf(s->light, 0.60f);
        s->shine = 0.25f;
    } else if (d < 2.2f) {
        s->light *= mixf(0.65f, 1.0f, (d - 1.0f) / 1.2f);
    }
}

static void larva(vec2 q, float age, uint32_t seed, surface_t *s)
{
    float t = clampf((age - 3.0f) / 6.0f, 0.0f, 1.0f);
    float ring = mixf(0.45f, 1.22f, powf(t, 0.7f)), thick = mixf(0.20f, 1.12f, powf(t, 0.9f));
    float gap_at = 6.2831853f * chance(seed, 31u), gap = mixf(1.4f, 0.35f, t);
    q.x -= 0.35f * (1.0f - t) * (chance(seed, 32u) - 0.5f);
    q.y -= 0.35f * (1.0f - t) * (chance(seed, 33u) - 0.5f);
    float pool =
        smooth(ring + thick + 0.75f, ring + 0.1f, sqrtf(q.x * q.x + q.y * q.y)) * (1.0f - smooth(0.6f, 0.9f, t));
    s->albedo = mix(s->albedo, paint(206, 200, 176), 0.75f * pool); /* jelly */
    s->shine = fmaxf(s->shine, 0.5f * pool);
    s->light = fmaxf(s->light, 0.62f * pool);
    vec3 normal = {0, 0, 1};
    float turn = 0.0f;
    float height = curled_body(q, ring, thick, gap_at, gap, &normal, &turn);
    if (height > 0.0f) {
        s->albedo = mix(paint(226, 220, 202), paint(206, 194, 160),
                        0.3f * chance(seed, 34u) + 0.25f * smooth(0.0f, -1.0f, cosf(turn * 11.0f)));
        s->normal = normal;
        s->light *= 1.0f + 0.5f * t;
        s->shine = 0.30f;
    } else if (t > 0.1f) {
        s->light *= 0.75f;
    }
}

static rgb pollen_colour(uint32_t tint)
{
    static const float colours[8][3] = {{226, 168, 44},  {214, 120, 34}, {196, 176, 84}, {128, 76, 42},
                                        {232, 204, 122}, {158, 64, 40},  {140, 132, 92}, {240, 190, 20}};
    const float *c = colours[tint & 7u];
    return paint(c[0], c[1], c[2]);
}

static void floor_of_cell(const comb_cells_t *cells, const place_t *p, vec2 q, rgb wax, surface_t *s)
{
    static const float fx[3] = {0.0f, 0.866f, -0.866f}, fy[3] = {1.0f, -0.5f, -0.5f};
    int facet = 0;
    float most = -1e9f;
    for (int k = 0; k < 3; k++) {
        float along = q.x * fx[k] + q.y * fy[k];
        if (along > most) {
            most = along;
            facet = k;
        }
    }
    s->albedo = times(wax, 0.9f + 0.2f * noise(1.3f * q.x, 1.3f * q.y, p->seed));
    s->normal = unit(-0.45f * fx[facet], -0.45f * fy[facet], 1.0f);
    int32_t c = p->cell;
    if (cells->contents[c] == EGGS)
        egg(q, cells->age[c], p->seed, s);
    if (cells->contents[c] == LARVAE)
        larva(q, cells->age[c], p->seed, s);
}

static void pollen_surface(const comb_cells_t *cells, const place_t *p, vec2 q, surface_t *s)
{
    float lump = rough(2.1f * q.x, 2.1f * q.y, p->seed),
          slope_x = noise(2.1f * q.x + 0.3f, 2.1f * q.y, p->seed) - noise(2.1f * q.x - 0.3f, 2.1f * q.y, p->seed);
    float slope_y = noise(2.1f * q.x, 2.1f * q.y + 0.3f, p->seed) - noise(2.1f * q.x, 2.1f * q.y - 0.3f, p->seed);
    rgb own = pollen_colour(cells->tint[p->cell]), other = pollen_colour(hash(p->seed + 41u));
    s->albedo = times(mix(own, other, 0.35f * smooth(0.1f, 0.6f, noise(0.9f * q.x, 0.9f * q.y, p->seed + 3u))),
                      0.74f + 0.14f * lump);
    s->normal = unit(-0.5f * slope_x - 0.12f * q.x, -0.5f * slope_y - 0.12f * q.y, 1.0f);
    s->shine = 0.10f;
}

static void open_cell(const comb_cells_t *cells, const place_t *p, vec2 slope, rgb wax, surface_t *s)
{
    int32_t c = p->cell;
    int what = cells->contents[c];
    float deep = DEPTH_MM * p->size / 5.3f;
    float fill = cells->fill[c];
    float level = what == POLLEN   ? mixf(0.80f, 0.22f, fill) * deep
                  : what == NECTAR ? mixf(0.92f, 0.12f, fill) * deep
                                   : deep;
    if (what == LARVAE)
        level -= 1.6f * smooth(3.0f, 9.0f, cells->age[c]);
    float rx = slope.x, ry = slope.y + TILT;
    vec2 wall = {0, 0};
    float depth = depth_to_wall(0.5f * p->size - WALL_MM, p->x, p->y, rx, ry, &wall);
    rgb lining = times(mix(wax, paint(62, 26, 9), 0.25f + 0.50f * cells->wax_age), 0.90f);
    s->shine = 0.02f;
    if (depth < level) { /* a wall: light comes along the ray and from the cells' own glow */
        float towards = fabsf(wall.x * rx + wall.y * ry);
        float z = depth + 0.8f * noise(p->x * 2.0f + 3.0f * wall.x, depth * 1.2f, p->seed + 9u);
        s->albedo = lining;
        s->normal = (vec3){0, 0, 1};
        s->light = (0.10f + 1.4f * towards) * expf(-z / 3.2f) + 0.03f + 0.22f * towards;
        return;
    }
    vec2 q = {p->x + level * rx, p->y + level * ry};
    s->light = mixf(1.0f, what == EMPTY ? 0.24f : 0.36f, smooth(0.0f, 11.0f, level)) *
               (1.0f - 0.35f * smooth(1.2f, 2.6f, sqrtf(q.x * q.x + q.y * q.y)) * level / deep);
    if (what == POLLEN) {
        pollen_surface(cells, p, q, s);
        return;
    }
    floor_of_cell(cells, p, q, times(lining, 1.10f), s);
    if (what == NECTAR) { /* clear and amber: what lies below is darker, and the lamp stands in it */
        float thick = clampf((deep - level) / deep, 0.1f, 1.0f);
        s->albedo.r *= mixf(0.95f, 0.80f, thick);
        s->albedo.g *= mixf(0.85f, 0.55f, thick);
        s->albedo.b *= mixf(0.60f, 0.20f, thick);
        s->albedo = mix(s->albedo, paint(150, 88, 24), 0.30f * thick * (1.0f - cells->wax_age * 0.6f));
        float radius = sqrtf(q.x * q.x + q.y * q.y);
        float meniscus = 0.5f * smooth(1.5f, 2.5f, radius);
        s->normal =
            unit(0.20f * q.x - q.x / fmaxf(radius, 0.1f) * meniscus + 0.16f * (chance(p->seed, 51u) - 0.5f),
                 0.20f * q.y - q.y / fmaxf(radius, 0.1f) * meniscus + 0.16f * (chance(p->seed, 52u) - 0.5f), 1.0f);
        s->shine = 0.60f;
        s->light = fmaxf(s->light, 0.55f);
    }
}

/* Cappings: height field over the cell, from which the normal follows. */
static void capped_cell(const comb_cells_t *cells, const place_t *p, vec2 at, rgb wax, uint32_t seed, surface_t *s)
{
    int what = cells->contents[p->cell];
    float age = cells->wax_age, tone = 0.80f + 0.34f * chance(p->seed, 61u);
    float half = 0.5f * p->size;
    float swell = what == DRONE_BROOD    ? 1.15f
                  : what == CAPPED_BROOD ? 0.46f + 0.2f * chance(p->seed, 62u)
                                         : -0.10f + 0.22f * (chance(p->seed, 63u) - 0.5f);
    float nx = p->x / half, ny = p->y / half;
    float curl = what == HONEY ? 1.5f : 3.0f;
    float grain = what == HONEY ? 0.85f : 0.38f;
    float g0 = rough(curl * at.x, curl * at.y, seed + 5u), lump = what == HONEY ? 0.34f : 0.22f;
    float tip_x = lump * (chance(p->seed, 66u) - 0.5f), tip_y = lump * (chance(p->seed, 67u) - 0.5f);
    float gx = rough(curl * at.x + 0.35f, curl * at.y, seed + 5u) - g0,
          gy = rough(curl * at.x, curl * at.y + 0.35f, seed + 5u) - g0;
    s->normal = unit(swell * nx * 1.5f - grain * gx + tip_x, swell * ny * 1.5f - grain * gy + tip_y, 1.0f);
    s->light = 1.0f;
    if (what == HONEY) {
        float wet =
            smooth(-0.15f, 0.55f,
                   noise(0.045f * at.x, 0.06f * at.y, seed + 71u) +
                       0.35f * noise(0.35f * at.x, 0.35f * at.y, seed + 72u) + 0.5f * (chance(p->seed, 64u) - 0.5f));
        rgb dry = mix(paint(240, 226, 190), paint(206, 178, 132), age),
            damp = mix(paint(206, 164, 92), paint(138, 96, 56), age);
        s->albedo = times(mix(dry, damp, 0.75f * wet),
                          tone * (0.94f + 0.12f * g0) *
                              (1.0f - 0.45f * smooth(0.55f, 0.85f, noise(0.75f * at.x, 0.75f * at.y, seed + 73u))));
        s->shine = 0.10f + 0.20f * wet;
    } else {
        rgb fresh = paint(226, 176, 96), used = paint(190, 128, 74), old = paint(146, 94, 62);
        rgb cap = age < 0.5f ? mix(fresh, used, 2.0f * age) : mix(used, old, 2.0f * age - 1.0f);
        if (what == DRONE_BROOD)
            cap = mix(cap, paint(216, 172, 112), 0.4f);
        float older = clampf((cells->age[p->cell] - 9.0f) / 12.0f, 0.0f, 1.0f);
        s->albedo = times(mix(cap, paint(120, 78, 50), 0.22f * older), tone * (0.95f + 0.20f * g0));
        s->albedo = mix(s->albedo, times(wax, 1.15f), 0.30f * chance(p->seed, 68u));
        s->shine = 0.03f;
        if (older > 0.85f) /* bitten open from the middle shortly before she leaves */
            s->light *= 1.0f - 0.35f * smooth(0.5f, 0.2f, p->rho) * chance(p->seed, 65u);
    }
    float groove = what == HONEY ? 0.20f : 0.42f;
    float depth = smooth(what == HONEY ? 0.5f : 0.75f, 0.0f, p->edge);
    s->light *= 1.0f - groove * depth;
    s->albedo = mix(s->albedo, wax, 0.35f * depth);
}

static void rim(const place_t *p, rgb wax, float width, uint32_t seed, vec2 at, surface_t *s)
{
    float t = clampf(p->edge / width, 0.0f, 1.0f);
    float bead = 1.2f * t * t;
    s->albedo =
        times(mix(wax, paint(228, 176, 104), 0.25f), 1.02f + 0.16f * noise(1.6f * at.x, 1.6f * at.y, seed + 81u));
    s->normal = unit(-bead * p->outwards.x, -bead * p->outwards.y, 1.0f);
    s->light = 1.0f - 0.25f * t;
    s->shine = 0.10f;
}

ground_t comb_ground(const comb_cells_t *cells, uint32_t seed, vec2 at)
{
    float f = 0.028f, e = 0.4f;
    float h = noise(f * at.x, f * at.y, seed + 91u);
    ground_t g = {at.x, at.y, 0, 0, 0, 0, 0, 0, 0};
    g.bent_x =
        0.34f * noise(0.10f * at.x, 0.10f * at.y, seed + 1u) + 0.9f * noise(0.017f * at.x, 0.017f * at.y, seed + 4u);
    g.bent_y =
        0.34f * noise(0.10f * at.x, 0.10f * at.y, seed + 2u) + 0.9f * noise(0.017f * at.x, 0.017f * at.y, seed + 5u);
    g.wave_x = 0.22f * (noise(f * at.x + e, f * at.y, seed + 91u) - h);
    g.wave_y = 0.22f * (noise(f * at.x, f * at.y + e, seed + 91u) - h);
    g.light = 0.96f + 0.06f * h;
    g.tone = 1.0f + 0.13f * noise(0.012f * at.x, 0.015f * at.y, seed + 92u) +
             0.06f * noise(0.06f * at.x, 0.06f * at.y, seed + 93u);
    g.age =
        clampf(cells->wax_age + 0.18f * noise(0.016f * at.x, 0.02f * at.y, seed + 3u) - 0.12f * at.y / cells->height_mm,
               0.0f, 1.0f);
    return g;
}

HOT int32_t comb_cell_at(const comb_cells_t *cells, const cell_index_t *index, uint32_t seed, const ground_t *g,
                         vec2 slope, surface_t *out)
{
    vec2 at = {g->x, g->y};
    place_t p;
    if (!find_place(cells, index, seed, (vec2){at.x + g->bent_x, at.y + g->bent_y}, &p))
        return SHOWS_NOTHING;
    if (p.edge <
        -0.4f) { /* beyond the last cells: the edge of the comb, and what fills gaps between cells of two sizes */
        float fall = clampf((-p.edge - 0.4f) / 2.6f, 0.0f, 1.0f);
        if (fall >= 1.0f)
            return SHOWS_NOTHING;
        float lump = rough(0.8f * at.x, 0.8f * at.y, seed + 82u);
        out->albedo = times(wax_colour(g->age), 0.85f + 0.14f * lump);
        out->normal = unit(p.x / p.size * 1.6f * fall + 0.4f * lump, p.y / p.size * 1.6f * fall + 0.3f * lump, 1.0f);
        out->light = 0.8f - 0.35f * fall;
        out->shine = 0.06f;
        return SHOWS_WAX;
    }
    int what = cells->contents[p.cell];
    int is_capped = what == CAPPED_BROOD || what == HONEY || what == DRONE_BROOD;
    rgb wax = wax_colour(g->age);
    float width = RIM_MM * (0.75f + 0.45f * chance(p.seed, 5u));
    out->shine = 0.0f;
    if (is_capped)
        capped_cell(cells, &p, at, wax, seed, out);
    else if (p.edge < width)
        rim(&p, wax, width, seed, at, out);
    else
        open_cell(cells, &p, slope, wax, out);
    out->normal = unit(out->normal.x - g->wave_x, out->normal.y - g->wave_y, out->normal.z);
    out->light *= g->light;
    out->albedo = times(out->albedo, g->tone);
    return p.cell;
}
