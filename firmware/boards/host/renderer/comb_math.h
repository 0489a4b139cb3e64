/* Small vectors and repeatable noise. */
#ifndef COMB_MATH_H
#define COMB_MATH_H

#include <math.h>
#include <stdint.h>

/* Hot loops are compiled twice where the loader can choose: for any x86-64, and for those with AVX2. */
#if defined(__x86_64__) && defined(__linux__) && __GNUC__ >= 12 && !defined(__clang__) && !defined(__SANITIZE_ADDRESS__)
#define HOT __attribute__((target_clones("arch=x86-64-v3", "default"), flatten))
#else
#define HOT
#endif

typedef struct {
    float x, y;
} vec2;
typedef struct {
    float x, y, z;
} vec3;
typedef struct {
    float r, g, b;
} rgb;

static inline float clampf(float v, float low, float high)
{
    return v < low ? low : v > high ? high : v;
}
static inline float mixf(float a, float b, float t)
{
    return a + (b - a) * t;
}
static inline float smooth(float low, float high, float v)
{
    float t = clampf((v - low) / (high - low), 0.0f, 1.0f);
    return t * t * (3.0f - 2.0f * t);
}
static inline rgb mix(rgb a, rgb b, float t)
{
    return (rgb){mixf(a.r, b.r, t), mixf(a.g, b.g, t), mixf(a.b, b.b, t)};
}
static inline rgb times(rgb a, float k)
{
    return (rgb){a.r * k, a.g * k, a.b * k};
}
static inline vec3 unit(float x, float y, float z)
{
    float k = 1.0f / sqrtf(x * x + y * y + z * z);
    return (vec3){x * k, y * k, z * k};
}

static inline float length_of(float x, float y)
{
    return sqrtf(x * x + y * y);
}

/* 8-bit sRGB to linear; a square is near enough to its curve for paints. */
static inline rgb paint(float r, float g, float b)
{
    return (rgb){r * r * (1.0f / 65025.0f), g * g * (1.0f / 65025.0f), b * b * (1.0f / 65025.0f)};
}

static inline uint32_t hash(uint32_t x)
{
    x ^= x >> 16;
    x *= 0x7feb352du;
    x ^= x >> 15;
    x *= 0x846ca68bu;
    return x ^ (x >> 16);
}
static inline float chance(uint32_t seed, uint32_t k)
{
    return (float)(hash(seed + k * 0x9e3779b9u) >> 8) * (1.0f / 16777216.0f);
}

static inline float at_lattice(int32_t x, int32_t y, uint32_t seed)
{
    uint32_t h = ((uint32_t)x * 0x27d4eb2du ^ (uint32_t)y * 0x165667b1u ^ seed) * 0x7feb352du;
    h = (h ^ (h >> 15)) * 0x846ca68bu; /* its upper bits are well mixed, and only they are used */
    return (float)(h >> 8) * (1.0f / 8388608.0f) - 1.0f;
}
/* Value noise, -1 to 1, one feature a unit. */
static inline float noise(float x, float y, uint32_t seed)
{
    int32_t ix = (int32_t)x, iy = (int32_t)y; /* floor, without a call */
    ix -= x < (float)ix;
    iy -= y < (float)iy;
    float u = x - (float)ix, v = y - (float)iy;
    u = u * u * (3.0f - 2.0f * u);
    v = v * v * (3.0f - 2.0f * v);
    float low = mixf(at_lattice(ix, iy, seed), at_lattice(ix + 1, iy, seed), u);
    float high = mixf(at_lattice(ix, iy + 1, seed), at_lattice(ix + 1, iy + 1, seed), u);
    return mixf(low, high, v);
}
static inline float rough(float x, float y, uint32_t seed)
{
    return 0.6f * noise(x, y, seed) + 0.4f * noise(2.3f * x + 7.0f, 2.3f * y, seed + 1u);
}

/* A point of a surface as light meets it. shine: of the residual glare, 0 to 1; light: what reaches it, 1 in the open. */
typedef struct {
    rgb albedo;
    vec3 normal;
    float light, shine;
} surface_t;

/* Ring strobe round the lens (from where the ray comes) and a weaker lamp above it at the left. */
static inline rgb shade(const surface_t *s, vec2 slope)
{
    vec3 to_ring = unit(-slope.x, -slope.y, 1.0f);
    float ring = s->normal.x * to_ring.x + s->normal.y * to_ring.y + s->normal.z * to_ring.z;
    float key = -0.40f * s->normal.x + 0.50f * s->normal.y + 0.77f * s->normal.z;
    float lit = s->light * (0.14f + 0.50f * fmaxf(ring, 0.0f) + 0.46f * fmaxf(key, 0.0f));
    float glare = 0.0f;
    if (s->shine > 0.0f) {
        vec3 half = unit(to_ring.x - 0.40f, to_ring.y + 0.50f, to_ring.z + 0.77f);
        float n = fmaxf(s->normal.x * half.x + s->normal.y * half.y + s->normal.z * half.z, 0.0f);
        for (int k = 0; k < 6; k++)
            n *= n;
        glare = s->shine * s->light * n;
    }
    return (rgb){s->albedo.r * lit + glare, s->albedo.g * lit + glare, s->albedo.b * lit + glare};
}

#endif
