/* What the compiler is told of paths that run a hundred million times a second. */
#ifndef FORENSICS_BASE_HINTS_H
#define FORENSICS_BASE_HINTS_H

#define LIKELY(x) __builtin_expect(!!(x), 1)
#define UNLIKELY(x) __builtin_expect(!!(x), 0)
#define OUT_OF_LINE __attribute__((noinline))
#define IN_LINE inline __attribute__((always_inline))

#endif
