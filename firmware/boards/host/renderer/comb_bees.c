/* Bees in three dimensions: ellipsoids for abdomen, thorax and head, thin legs and antennae, clear wings, hair.
 * Proportions of a worker of 13.5 mm; drones and queens have their own. */
#include "comb_bodies.h"

#include <stddef.h>

window_t comb_window(const comb_camera_t *c, float u, float v, float z, float reach_mm)
{
    float reach = reach_mm * c->px_per_mm * c->camera_z / (c->camera_z - z) + 1.0f;
    window_t w = {(int32_t)(u - reach), (int32_t)(v - reach), (int32_t)(u + reach) + 1, (int32_t)(v + reach) + 1};
    if (w.left < 0)
        w.left = 0;
    if (w.top < 0)
        w.top = 0;
    if (w.right > c->width)
        w.right = c->width;
    if (w.bottom > c->height)
        w.bottom = c->height;
    return w;
}

/* What differs between castes, in units of a worker's millimetres. */
typedef struct {
    float length, tail, waist, abdomen_wide, abdomen_high, thorax, head_wide, wing_long, wing_wide, leg;
} build_t;

static const build_t BUILDS[3] = {
    {13.5f, -6.9f, 0.9f, 2.05f, 1.75f, 1.95f, 1.75f, 8.8f, 2.9f, 1.0f},
    {16.0f, -8.0f, 1.1f, 2.75f, 2.30f, 2.60f, 2.15f, 11.2f, 3.6f, 1.1f},
    {20.0f, -11.8f, 1.2f, 2.15f, 1.95f, 2.10f, 1.70f, 8.6f, 2.7f, 1.25f},
};

typedef struct {
    const comb_bee_t *bee;
    const build_t *build;
    float scale;  /* of this bee to her build */
    vec2 o, d;    /* the ray in her own axes: at height z it is at o + z d */
    vec2 forward; /* her axes in the face's */
} look_t;

static vec3 turned(const look_t *k, vec3 n)
{
    return (vec3){n.x * k->forward.x - n.y * k->forward.y, n.x * k->forward.y + n.y * k->forward.x, n.z};
}

/* Where the ray meets an ellipsoid first; returns its height or -1, and the normal in the bee's axes. */
static float meet(const look_t *k, float cx, float cy, float cz, float rx, float ry, float rz, vec3 *normal)
{
    float ox = (k->o.x + cz * k->d.x - cx) / rx, oy = (k->o.y + cz * k->d.y - cy) / ry;
    float dx = k->d.x / rx, dy = k->d.y / ry, dz = 1.0f / rz;
    float a = dx * dx + dy * dy + dz * dz, b = ox * dx + oy * dy, c = ox * ox + oy * oy - 1.0f;
    float q = b * b - a * c;
    if (q <= 0.0f)
        return -1.0f;
    float t = (-b + sqrtf(q)) / a;
    *normal = unit((ox + t * dx) / rx, (oy + t * dy) / ry, t * dz / rz);
    return cz + t;
}

/* A thin cylinder in a plane parallel to the comb: from a, along (x, y) for `length`. */
typedef struct {
    vec2 a, along;
    float length, radius, z, left, right, low, high;
    rgb colour;
} limb_t;

/* One wing: where it is rooted, which way it points, how it shimmers. */
typedef struct {
    int side;
    float z, root_x, root_y, cosine, sine, length, width, tilt;
    uint32_t seed;
} wing_t;

enum { LIMBS = 8, WINGS = 4 }; /* limbs of a side */
#define LIMB_SIDE_MM 1.2f      /* so near to her axis a ray may meet those of both sides */

typedef struct {
    limb_t limbs[2][LIMBS]; /* right, left */
    wing_t wings[WINGS];
    vec2 loads[2];
    rgb load;
} parts_t;

typedef struct {
    float z;
    surface_t s;
} hit_t;

static void abdomen(const look_t *k, hit_t *best)
{
    const build_t *b = k->build;
    float x_mid = 0.5f * (b->tail + b->waist), half = 0.5f * (b->waist - b->tail);
    float x = k->o.x + 2.2f * k->d.x;
    float t = clampf((x - b->tail) / (2.0f * half), 0.0f, 1.0f);
    float bend = k->bee->bend * (1.0f - t) * (1.0f - t) * half;
    float taper = k->bee->caste == DRONE ? 1.0f : 1.0f - 0.34f * (1.0f - t) * (1.0f - t);
    look_t own = *k;
    own.o.y = (k->o.y - bend) / taper;
    vec3 n = {0, 0, 1};
    float z = meet(&own, x_mid, 0.0f, b->abdomen_high + 0.35f, half, b->abdomen_wide, b->abdomen_high, &n);
    if (z <= best->z)
        return;
    x = k->o.x + z * k->d.x;
    float y = (k->o.y + z * k->d.y - bend) / b->abdomen_wide;
    t = clampf((x - b->tail) / (2.0f * half) + 0.045f * y * y, 0.0f, 1.0f);
    uint32_t seed = k->bee->seed;
    float ragged = 0.012f * noise(5.0f * y, 14.0f * t, seed);
    float ring = (t + ragged) * 5.6f,
          part = ring - floorf(ring); /* 0 at the rear edge of a tergite, 1 under the one before */
    int tergite = (int)ring;
    float dark = k->bee->darkness;
    rgb chitin = paint(34.0f - 14.0f * dark, 26.0f - 11.0f * dark, 20.0f - 8.0f * dark);
    rgb colour = chitin;
    float hairy = 0.0f;
    if (k->bee->caste == QUEEN) {
        rgb amber = mix(paint(150, 84, 34), paint(78, 44, 24), 0.6f * dark);
        colour = mix(amber, paint(62, 36, 20), 0.75f * smooth(0.35f, 0.05f, part));
    } else {
        float amber = k->bee->amber * smooth(2.2f, 3.4f, ring) * smooth(0.10f, 0.34f, part);
        colour = mix(colour, paint(186, 112, 42), amber);
        float band = smooth(0.56f, 0.68f, part) * smooth(1.0f, 0.90f, part) * (k->bee->caste == DRONE ? 0.35f : 1.0f);
        hairy =
            band * k->bee->fur * (tergite >= 1 ? 1.0f : 0.4f) * (0.75f + 0.35f * noise(9.0f * y, 26.0f * t, seed + 2u));
        colour = mix(colour, mix(paint(178, 146, 96), paint(200, 184, 152), chance(seed, 3u)),
                     clampf(0.74f * hairy, 0.0f, 1.0f));
    }
    n.x += 0.20f * (part - 0.5f) + 0.5f * hairy * noise(16.0f * t * half, 9.0f * y, seed + 4u);
    best->z = z;
    best->s.albedo = colour;
    best->s.normal = turned(k, unit(n.x, n.y, n.z));
    best->s.light = 0.62f + 0.38f * smooth(0.0f, 2.2f, z);
    best->s.shine = 0.30f * (1.0f - clampf(hairy, 0.0f, 1.0f));
}

static void thorax(const look_t *k, hit_t *best)
{
    const build_t *b = k->build;
    vec3 n = {0, 0, 1};
    float x = b->waist + 0.86f * b->thorax;
    float z = meet(k, x, 0.0f, b->thorax + 0.55f, b->thorax, b->thorax * 0.97f, b->thorax * 0.95f, &n);
    if (z <= best->z)
        return;
    float px = k->o.x + z * k->d.x - x, py = k->o.y + z * k->d.y;
    uint32_t seed = k->bee->seed;
    float hair = rough(5.0f * px + 1.5f * n.x, 5.0f * py + 1.5f * n.y, seed + 11u);
    float bare = smooth(0.55f, 0.10f, length_of(px, py) / b->thorax) *
                 (k->bee->caste == QUEEN ? 0.9f : 0.45f); /* worn in the middle */
    rgb fur = mix(paint(178, 140, 82), paint(150, 128, 96), chance(seed, 12u));
    rgb colour = mix(times(fur, 0.60f + 0.55f * hair), paint(38, 32, 27), bare);
    best->z = z;
    best->s.albedo = colour;
    best->s.normal =
        turned(k, unit(n.x + 0.45f * hair, n.y + 0.45f * noise(6.0f * px, 6.0f * py, seed + 13u), n.z + 0.15f));
    best->s.light = 0.58f + 0.42f * smooth(0.2f, 2.6f, z);
    best->s.shine = 0.02f + 0.22f * bare;
}

static void head(const look_t *k, hit_t *best)
{
    const build_t *b = k->build;
    vec3 n = {0, 0, 1};
    float x = b->waist + 1.86f * b->thorax + 0.55f;
    float z = meet(k, x, 0.0f, 1.95f, 0.98f, b->head_wide, 1.25f, &n);
    if (z > best->z) {
        float y = (k->o.y + z * k->d.y) / b->head_wide;
        float eye = smooth(k->bee->caste == DRONE ? 0.15f : 0.55f, k->bee->caste == DRONE ? 0.30f : 0.66f, fabsf(y));
        float hair = rough(6.0f * y, 5.0f * (k->o.x + z * k->d.x), k->bee->seed + 15u);
        best->z = z;
        best->s.albedo = mix(times(paint(104, 90, 68), 0.7f + 0.5f * hair), paint(22, 17, 15), eye);
        best->s.normal = turned(k, n);
        best->s.light = 0.60f + 0.25f * smooth(0.5f, 2.5f, z);
        best->s.shine = 0.10f + 0.45f * eye;
    }
}

static void meet_limb(const look_t *k, const limb_t *l, hit_t *best)
{
    vec2 p = {k->o.x + l->z * k->d.x, k->o.y + l->z * k->d.y};
    if (p.x < l->left || p.x > l->right || p.y < l->low || p.y > l->high || l->z + l->radius <= best->z)
        return;
    float x = p.x - l->a.x, y = p.y - l->a.y;
    float t = clampf(x * l->along.x + y * l->along.y, 0.0f, l->length);
    float off_x = x - t * l->along.x, off_y = y - t * l->along.y, off = off_x * off_x + off_y * off_y;
    if (off >= l->radius * l->radius)
        return;
    float rise = sqrtf(l->radius * l->radius - off), side = (-x * l->along.y + y * l->along.x) / l->radius;
    best->z = l->z + rise;
    best->s.albedo = l->colour;
    best->s.normal = turned(k, unit(-l->along.y * side, l->along.x * side, rise / l->radius + 0.1f));
    best->s.light = 0.72f;
    best->s.shine = 0.12f;
}

static limb_t limb(vec2 a, vec2 b, float radius, float z, rgb colour)
{
    float x = b.x - a.x, y = b.y - a.y, length = sqrtf(x * x + y * y);
    return (limb_t){a,
                    {x / length, y / length},
                    length,
                    radius,
                    z,
                    fminf(a.x, b.x) - radius,
                    fmaxf(a.x, b.x) + radius,
                    fminf(a.y, b.y) - radius,
                    fmaxf(a.y, b.y) + radius,
                    colour};
}

/* Three pairs of legs from the thorax, each a thigh and a shank, the last pair with baskets; antennae. */
static void make_limbs(const comb_bee_t *bee, const build_t *b, parts_t *parts)
{
    static const float root[3] = {0.95f, 0.25f, -0.55f}, knee_x[3] = {1.9f, 0.3f, -1.9f},
                       foot_x[3] = {3.4f, -0.5f, -4.6f};
    static const float knee_y[3] = {2.5f, 3.5f, 3.0f}, foot_y[3] = {3.1f, 4.9f, 3.9f};
    static const float loads[4][3] = {{232, 158, 30}, {238, 190, 60}, {206, 112, 34}, {196, 186, 96}};
    uint32_t seed = bee->seed;
    float middle = b->waist + 0.86f * b->thorax, grow = b->leg;
    rgb colour =
        bee->caste == QUEEN ? paint(132, 76, 34) : mix(paint(46, 34, 26), paint(88, 58, 34), chance(seed, 25u));
    for (int pair = 0; pair < 3; pair++)
        for (int side = -1, n = 2 * pair; side <= 1; side += 2) {
            uint32_t key = (uint32_t)(30 + 4 * pair + side);
            float sway = 1.3f * (chance(seed, key) - 0.5f), reach = 1.0f + 0.3f * (chance(seed, key + 20u) - 0.5f);
            vec2 a = {middle + root[pair], 0.9f * (float)side};
            vec2 knee = {middle + (knee_x[pair] + sway) * grow, (float)side * knee_y[pair] * grow * reach};
            vec2 foot = {middle + (foot_x[pair] + 1.6f * sway) * grow, (float)side * foot_y[pair] * grow * reach};
            parts->limbs[side > 0][n] = limb(a, knee, 0.30f, 1.3f, colour);
            parts->limbs[side > 0][n + 1] = limb(knee, foot, pair == 2 ? 0.34f : 0.22f, 0.9f, colour);
            if (pair == 2)
                parts->loads[side > 0] = (vec2){mixf(knee.x, foot.x, 0.35f), mixf(knee.y, foot.y, 0.35f)};
        }
    float front = middle + b->thorax + 1.2f;
    for (int side = -1; side <= 1; side += 2) {
        vec2 a = {front, 0.5f * (float)side}, elbow = {front + 1.0f, (1.1f + 0.5f * chance(seed, 27u)) * (float)side};
        vec2 tip = {front + 2.6f, ((float)side) * (1.2f + 1.5f * chance(seed, (uint32_t)(28 + side)))};
        parts->limbs[side > 0][6] = limb(a, elbow, 0.15f, 1.8f, colour);
        parts->limbs[side > 0][7] = limb(elbow, tip, 0.17f, 1.6f, colour);
    }
    const float *c = loads[hash(seed + 26u) & 3u];
    parts->load = paint(c[0], c[1], c[2]);
}

static void pollen_load(const look_t *k, vec2 at, rgb colour, hit_t *best)
{
    vec3 normal = {0, 0, 1};
    float z = meet(k, at.x, at.y, 1.2f, 1.15f, 0.85f, 0.9f, &normal);
    if (z <= best->z)
        return;
    best->z = z;
    best->s.albedo = times(colour, 0.9f + 0.15f * rough(4.0f * k->o.x, 4.0f * k->o.y, k->bee->seed));
    best->s.normal = turned(k, normal);
    best->s.light = 0.9f;
    best->s.shine = 0.02f;
}

static void mite(const look_t *k, hit_t *best)
{
    uint32_t seed = k->bee->seed;
    int on_thorax = chance(seed, 41u) < 0.5f;
    float x = on_thorax ? k->build->waist + 1.2f : 0.5f * k->build->tail + 1.5f * chance(seed, 42u);
    float y = (chance(seed, 43u) - 0.5f) * 1.8f;
    vec3 n = {0, 0, 1};
    float z = meet(k, x, y, on_thorax ? 4.05f : 3.6f, 0.62f, 0.88f, 0.42f, &n);
    if (z <= best->z)
        return;
    best->z = z;
    best->s.albedo = paint(150, 58, 30);
    best->s.normal = turned(k, n);
    best->s.light = 1.0f;
    best->s.shine = 0.55f;
}

/* Outlines and veins of a wing along its length: made once. */
enum { ALONG = 64, VEINS = 4 };
typedef struct {
    float lead, trail, vein[VEINS];
} outline_t;

static outline_t outline_at(float along)
{
    static outline_t table[ALONG + 2];
    static int is_made;
    if (!is_made) {
        for (int k = 0; k <= ALONG + 1; k++) {
            float t = fminf((float)k / ALONG, 1.0f);
            table[k].lead = 0.30f * (0.3f + sinf(3.14159f * powf(t, 0.8f))) * smooth(1.0f, 0.93f, t); /* straighter */
            table[k].trail = (0.72f * sinf(3.14159f * powf(t, 1.25f)) + 0.12f) * smooth(1.0f, 0.95f, t);
            for (int m = 0; m < VEINS; m++)
                table[k].vein[m] = 0.27f - 0.20f * (float)m * powf(t, 0.7f + 0.2f * (float)m);
        }
        is_made = 1;
    }
    float place = along * ALONG;
    int k = (int)place;
    const outline_t *a = &table[k], *b = &table[k + 1];
    outline_t out;
    float t = place - (float)k;
    out.lead = mixf(a->lead, b->lead, t);
    out.trail = mixf(a->trail, b->trail, t);
    for (int m = 0; m < VEINS; m++)
        out.vein[m] = mixf(a->vein[m], b->vein[m], t);
    return out;
}

static void make_wings(const comb_bee_t *bee, const build_t *b, parts_t *parts)
{
    int n = 0;
    for (int is_hind = 1; is_hind >= 0; is_hind--)
        for (int side = -1; side <= 1; side += 2) {
            uint32_t seed = bee->seed + (uint32_t)(50 + side + 10 * is_hind);
            float out = bee->wing_spread * (0.8f + 0.5f * chance(seed, 1u)) + (is_hind ? 0.10f : 0.0f);
            parts->wings[n++] = (wing_t){side,
                                         is_hind ? 3.5f : 3.9f,
                                         b->waist + (is_hind ? 0.55f : 1.0f) * b->thorax,
                                         0.75f * b->thorax * (float)side,
                                         cosf(out),
                                         sinf(out),
                                         b->wing_long * (is_hind ? 0.68f : 1.0f),
                                         b->wing_wide * (is_hind ? 0.75f : 1.0f),
                                         0.25f * (chance(seed, 2u) - 0.5f),
                                         seed};
        }
}

/* One wing as the ray meets it: how much it hides (0 outside), and its colour. */
static float meet_wing(const look_t *k, const wing_t *w, rgb *colour, vec2 slope)
{
    float px = k->o.x + w->z * k->d.x - w->root_x, py = (k->o.y + w->z * k->d.y - w->root_y) * (float)w->side;
    float along = (-px * w->cosine + py * w->sine) / w->length;
    if (along <= 0.0f || along >= 1.0f)
        return 0.0f;
    float v = (px * w->sine + py * w->cosine) / w->width;
    const outline_t outline = outline_at(along);
    if (v > outline.lead || v < -outline.trail)
        return 0.0f;
    float off = 1.0f;
    for (int m = 0; m < VEINS; m++)
        off = fminf(off, fabsf(v - outline.vein[m]));
    float vein = smooth(0.030f, 0.012f, off);
    vein = fmaxf(vein, 0.8f * smooth(0.018f, 0.006f, fabsf(along - 0.55f - 0.25f * v)));
    vein = fmaxf(vein, 0.8f * smooth(0.018f, 0.006f, fabsf(along - 0.76f + 0.3f * v)));
    float fold = 0.5f + 0.5f * noise(0.7f * along * w->length, 1.3f * v * w->width, w->seed);
    vec3 flat = turned(k, unit(w->tilt, (0.16f + 0.25f * (fold - 0.5f)) * (float)w->side, 1.0f));
    vec3 to_ring = unit(-slope.x, -slope.y, 1.0f);
    float gloss = fmaxf(flat.x * to_ring.x + flat.y * to_ring.y + flat.z * to_ring.z, 0.0f);
    for (int n = 0; n < 4; n++)
        gloss *= gloss;
    float sheen = 0.03f + 1.35f * gloss * fold * fold;
    float edge = smooth(0.06f, 0.0f, fminf(outline.lead - v, v + outline.trail));
    *colour = mix((rgb){0.86f * sheen + 0.07f, 0.86f * sheen + 0.065f, 0.90f * sheen + 0.06f}, paint(74, 56, 40),
                  0.60f * fmaxf(vein, 0.7f * edge));
    return mixf(0.08f + 0.48f * fold * fold * gloss, 0.60f, fmaxf(vein, 0.8f * edge));
}

static void look_at(look_t *k, const comb_bee_t *bee, vec2 at, vec2 slope)
{
    /* The bee's own plane z = 0 lies at bee.z; the point under the ray there: */
    float x = at.x - slope.x * bee->z - bee->x, y = at.y - slope.y * bee->z - bee->y;
    float f = 1.0f / k->scale;
    float middle =
        0.5f * (k->build->tail + k->build->length + k->build->tail); /* of the body, from the waist's origin */
    k->o = (vec2){(x * k->forward.x + y * k->forward.y) * f + middle, (-x * k->forward.y + y * k->forward.x) * f};
    k->d = (vec2){-(slope.x * k->forward.x + slope.y * k->forward.y), slope.x * k->forward.y - slope.y * k->forward.x};
}

HOT int32_t comb_draw_bee(const comb_scene_t *scene, const comb_picture_t *picture, int32_t which)
{
    const comb_camera_t *camera = &scene->camera;
    const comb_bee_t *bee = &scene->bees[which];
    const build_t *build = &BUILDS[bee->caste];
    look_t k = {bee, build, bee->length / build->length, {0, 0}, {0, 0}, {cosf(bee->heading), sinf(bee->heading)}};
    window_t w = comb_window(camera, bee->u, bee->v, bee->z + 4.0f, 0.5f * bee->length + 3.2f);
    parts_t parts;
    make_limbs(bee, build, &parts);
    make_wings(bee, build, &parts);
    int32_t body = 0;
    float beside = (6.5f * build->leg * k.scale + 2.0f) * camera->px_per_mm * camera->camera_z /
                   (camera->camera_z - bee->z - 4.0f);
    float low = 0.5f * build->tail * 2.0f - 2.0f, high = build->length + build->tail + 3.5f;
    for (int32_t v = w.top; v < w.bottom; v++)
        for (int32_t u = w.left; u < w.right; u++) {
            float right = (float)u - bee->u, up = bee->v - (float)v;
            if (fabsf(up * k.forward.x - right * k.forward.y) > beside)
                continue; /* seen from above she is a narrow strip */
            vec2 at = ray_at(camera, u, v), slope = slope_at(camera, at);
            look_at(&k, bee, at, slope);
            if (k.o.x < low || k.o.x > high || fabsf(k.o.y) > 6.5f * build->leg)
                continue;
            size_t i = (size_t)v * (size_t)camera->width + (size_t)u;
            hit_t best = {-1.0f, {{0, 0, 0}, {0, 0, 1}, 1.0f, 0.0f}};
            if (k.o.x < build->waist + 1.5f)
                abdomen(&k, &best);
            if (k.o.x > build->waist - 2.0f)
                thorax(&k, &best);
            if (k.o.x > build->waist + 1.2f * build->thorax)
                head(&k, &best);
            int is_body = best.z >= 0.0f;
            body += is_body;
            for (int side = k.o.y > LIMB_SIDE_MM; side <= (k.o.y > -LIMB_SIDE_MM); side++)
                for (int n = 0; n < LIMBS; n++)
                    meet_limb(&k, &parts.limbs[side][n], &best);
            if (bee->flags & HAS_POLLEN)
                for (int n = 0; n < 2; n++)
                    pollen_load(&k, parts.loads[n], parts.load, &best);
            if (bee->flags & HAS_MITE)
                mite(&k, &best);
            float z = bee->z + best.z * k.scale;
            float *light = picture->light + 3 * i;
            if (best.z >= 0.0f && z > picture->height[i]) {
                rgb lit = shade(&best.s, slope);
                light[0] = lit.r;
                light[1] = lit.g;
                light[2] = lit.b;
                picture->height[i] = z;
                if (is_body)
                    picture->shows[i] = FIRST_BEE + bee->index;
            }
            if (picture->height[i] > bee->z + 4.6f * k.scale)
                continue;
            for (int n = 0; n < WINGS; n++) {
                rgb colour;
                float cover = meet_wing(&k, &parts.wings[n], &colour, slope);
                if (cover <= 0.0f)
                    continue;
                light[0] = mixf(light[0], colour.r, cover);
                light[1] = mixf(light[1], colour.g, cover);
                light[2] = mixf(light[2], colour.b, cover);
            }
        }
    return body;
}
