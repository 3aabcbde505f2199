/*
 * The loops over every value of a set of weights, as in-javascript.ts has them, value for value and bit for bit: a product
 * and a sum are rounded each by itself (-ffp-contract=off), in the same order. JavaScript checks the bounds of its arrays
 * at every value; a C compiler takes four to eight values at a time.
 */
#include <stdint.h>
#include <string.h>

/* Built twice, and the one that this processor has instructions for is taken when the library is loaded. */
#if defined(__x86_64__) && defined(__GLIBC__) && defined(__GNUC__) && !defined(__clang__)
#define KERNEL __attribute__((target_clones("avx2", "default")))
#else
#define KERNEL
#endif

/* Values that are looked at together before it is decided whether to look at each. */
enum { STRETCH = 2048 };

#define FIRST_NON_FINITE(name, word, exponent)                                              \
  KERNEL int64_t name(const word *values, int64_t start, int64_t end) {                     \
    for (int64_t from = start; from < end; from += STRETCH) {                               \
      int64_t to = from + STRETCH < end ? from + STRETCH : end;                             \
      word most = 0;                                                                        \
      for (int64_t i = from; i < to; i++) {                                                 \
        word each = values[i] & exponent;                                                   \
        most = each > most ? each : most;                                                   \
      }                                                                                     \
      if (most != exponent) continue;                                                       \
      for (int64_t i = from; i < to; i++)                                                   \
        if ((values[i] & exponent) == exponent) return i;                                   \
    }                                                                                       \
    return -1;                                                                              \
  }

FIRST_NON_FINITE(tidemark_first_non_finite_f32, uint32_t, UINT32_C(0x7f800000))
FIRST_NON_FINITE(tidemark_first_non_finite_f64, uint64_t, UINT64_C(0x7ff0000000000000))

/* `target` may be `x` or `y`: each value is read before its place is written. */
#define SUMS(type, real)                                                                                              \
  KERNEL void tidemark_add_##type(double *sums, const real *x, double p, int64_t start, int64_t end) {                \
    for (int64_t i = start; i < end; i++) sums[i - start] += p * x[i];                                                \
  }                                                                                                                   \
  KERNEL void tidemark_write_pair_##type(real *target, const real *x, double p, const real *y, double q,              \
                                         int64_t start, int64_t end) {                                                \
    for (int64_t i = start; i < end; i++) target[i] = (real)(p * x[i] + q * y[i]);                                    \
  }                                                                                                                   \
  KERNEL void tidemark_write_sums_##type(real *target, const double *sums, const real *x, double p, const real *y,    \
                                         double q, int64_t start, int64_t end) {                                      \
    for (int64_t i = start; i < end; i++) target[i] = (real)(sums[i - start] + p * x[i] + q * y[i]);                  \
  }

SUMS(f32, float)
SUMS(f64, double)

enum { LANES = 32 };

static inline uint32_t mixed(uint32_t lane, uint32_t word) {
  lane += word * UINT32_C(0x85ebca77);
  return ((lane << 13) | (lane >> 19)) * UINT32_C(0x9e3779b1);
}

/* The i-th word goes to lane i modulo 32, wherever the stretch begins. */
KERNEL void tidemark_mix(uint32_t *lanes, const uint32_t *words, int64_t start, int64_t end) {
  uint32_t own[LANES];
  memcpy(own, lanes, sizeof own);
  int64_t i = start;
  for (; i < end && i % LANES != 0; i++) own[i % LANES] = mixed(own[i % LANES], words[i]);
  for (; i + LANES <= end; i += LANES)
    for (int lane = 0; lane < LANES; lane++) own[lane] = mixed(own[lane], words[i + lane]);
  for (; i < end; i++) own[i % LANES] = mixed(own[i % LANES], words[i]);
  memcpy(lanes, own, sizeof own);
}
