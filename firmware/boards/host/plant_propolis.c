/* Propolis holds an edge of a box or an ear of a frame until it is torn: how hard and over what way depends on how warm it
 * is. Below about 19 °C it is brittle: it holds harder and lets go at once. Above it is sticky: the warmer, the softer it is,
 * and the longer it stretches. That much is known (facts/bees_and_frames.md); nobody has published forces, so the courses
 * below are assumptions, with factor 1 at PROPOLIS_AT_C.
 */
#include "plant_parts.h"

#define PROPOLIS_AT_C 20.0
#define BRITTLE_C 18.0 /* and below; between here and PROPOLIS_AT_C the one passes into the other */
#define BRITTLE_FORCE 1.6
#define BRITTLE_WAY 0.1
#define SOFTER_PER_C 0.04
#define SOFTEST 0.4
#define LONGER_PER_C 0.1
/* The rebate that the ears lie in is part of the wall: it is nearer to the air outside than to the brood. */
#define EAR_NEAR_BROOD 0.3

propolis_t seam_propolis;
propolis_t ear_propolis;

static propolis_t propolis_at(double celsius, double release_mm)
{
    const double above_c = celsius - PROPOLIS_AT_C;
    if (above_c >= 0.0) {
        return (propolis_t){fmax(SOFTEST, 1.0 - SOFTER_PER_C * above_c), release_mm * (1.0 + LONGER_PER_C * above_c),
                            false};
    }
    const double brittle = fmin(1.0, -above_c / (PROPOLIS_AT_C - BRITTLE_C));
    return (propolis_t){1.0 + brittle * (BRITTLE_FORCE - 1.0), release_mm * (1.0 - brittle * (1.0 - BRITTLE_WAY)),
                        brittle > 0.5};
}

void propolis_settle(void)
{
    seam_propolis = propolis_at(world.air_c, world.seam_release_mm);
    ear_propolis = propolis_at(world.air_c + EAR_NEAR_BROOD * (truth.brood_c - world.air_c), world.ear_release_mm);
}

double adhesion_kg(const propolis_t *propolis, double break_away_kg, double freed_mm)
{
    if (break_away_kg <= 0.0 || freed_mm >= propolis->way_mm) {
        return 0.0;
    }
    const double left = propolis->is_brittle ? 1.0 : 1.0 - freed_mm / propolis->way_mm;
    return propolis->force * break_away_kg * left;
}
