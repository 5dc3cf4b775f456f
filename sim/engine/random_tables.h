/*
 * Ziggurat tables of random.c, private to it and its test, which computes them anew.
 *
 * For a density f falling on [0, inf) (exp(-x); exp(-x^2/2)) with tail area T(r) beyond r, all 256
 * layers have the area v = r f(r) + T(r). With x[0] = v / f(r), x[1] = r and
 * x[i+1] = f^-1(f(x[i]) + v / x[i]), r is the root of f(x[255]) + v / x[255] = 1; x[256] = 0. Then
 *     layers[i].inside = floor(2^53 x[i+1] / x[i])
 *     layers[i].scale  = 2^-53 x[i]
 *     heights[i]       = f(x[i]), used from i = 1 on
 * They are written out so that every compiler and library gives the same bits.
 */
#ifndef SIM_ENGINE_RANDOM_TABLES_H
#define SIM_ENGINE_RANDOM_TABLES_H

#define RNG_EXPONENTIAL_TAIL 0x1.ec9d9297ebb83p+2 /* r = 7.69711747013104971... */
#define RNG_NORMAL_TAIL 0x1.d3bb48209ad33p+1      /* r = 3.65415288536100877... */

extern const double rng_exponential_heights[257];
extern const double rng_normal_heights[257];

#endif
