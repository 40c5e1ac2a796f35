/* SPDX-License-Identifier: MIT */
/* Compiles a function twice, for machines with and without an instruction for fma(): without
 * it every fma() is a call. The bits are the same. */
#ifndef CBX_REFERENCE_FMA_H
#define CBX_REFERENCE_FMA_H

#if defined(__x86_64__) && defined(__GNUC__)
#define CBX_FOR_FMA __attribute__((target("avx2,fma")))
#define CBX_HAS_FMA (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
#else /* what the compiler takes the machine for is all that there is */
#define CBX_FOR_FMA
#define CBX_HAS_FMA 0
#endif

/* In front of what is compiled twice, and of all with an fma() that it calls. */
#define CBX_TWICE static inline __attribute__((always_inline))

/* Defines the function `name`, which does what name_here, a CBX_TWICE one, does. */
#define CBX_DISPATCH(name, parameters, arguments)                                                  \
    CBX_FOR_FMA static void name##_fma parameters {                                                \
        name##_here arguments;                                                                     \
    }                                                                                              \
    static void name parameters {                                                                  \
        if (CBX_HAS_FMA) {                                                                         \
            name##_fma arguments;                                                                  \
        } else {                                                                                   \
            name##_here arguments;                                                                 \
        }                                                                                          \
    }

#endif
