/* TAP in one header: a test is a sentence. Usage:
 *     int main(void) { ok(1 + 1 == 2, "one and one make two"); return done_testing(); }
 */
#ifndef TESTS_TAP_H
#define TESTS_TAP_H

#include <math.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int tap_count, tap_failed;

/* A comment line in the TAP stream. */
__attribute__((format(printf, 1, 2), unused)) static void diag(const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    printf("# ");
    vprintf(format, ap);
    printf("\n");
    va_end(ap);
}

/* One test point; returns `pass` so that a test can stop early. */
__attribute__((format(printf, 4, 5), unused)) static bool tap_point(bool pass, const char *file, int line, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    printf("%sok %d - ", pass ? "" : "not ", ++tap_count);
    vprintf(format, ap);
    printf("\n");
    va_end(ap);
    if (!pass) {
        tap_failed++;
        printf("#   at %s:%d\n", file, line);
    }
    fflush(stdout);
    return pass;
}
#define ok(cond, ...) tap_point((cond), __FILE__, __LINE__, __VA_ARGS__)

/* Strings equal; shows both when not. */
__attribute__((unused)) static bool tap_is(const char *got, const char *want, const char *what, const char *file, int line)
{
    bool same = got && want ? strcmp(got, want) == 0 : got == want;
    tap_point(same, file, line, "%s", what);
    if (!same)
        diag("got  <%s>\n#   want <%s>", got ? got : "(null)", want ? want : "(null)");
    return same;
}
#define is_str(got, want, what) tap_is((got), (want), (what), __FILE__, __LINE__)

/* |got - want| <= tolerance (absolute); NaN equals nothing. */
__attribute__((unused)) static bool tap_near(double got, double want, double tolerance, const char *what, const char *file, int line)
{
    bool near = fabs(got - want) <= tolerance;
    tap_point(near, file, line, "%s", what);
    if (!near)
        diag("got  %.12g\n#   want %.12g +- %g", got, want, tolerance);
    return near;
}
#define is_near(got, want, tolerance, what) tap_near((got), (want), (tolerance), (what), __FILE__, __LINE__)

/* One point that could not run here, with its reason. */
__attribute__((unused)) static void skip(const char *what, const char *why)
{
    printf("ok %d - %s # SKIP %s\n", ++tap_count, what, why);
}

/* The plan and the exit status; `return done_testing();` ends main. */
__attribute__((unused)) static int done_testing(void)
{
    printf("1..%d\n", tap_count);
    return tap_failed ? 1 : 0;
}

#endif
