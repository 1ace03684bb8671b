#include "run/outcome.h"

#include <string.h>

static const char *before_words(const char *tail)
{
    return *tail ? "; its last words: " : "";
}

static bool exit_failed(int status, const char *who, const char *where, const char *tail, struct err *err)
{
    const char *remedy =
        strstr(tail, "error while loading shared libraries")
            ? ": give it the folder of the library with --env LD_LIBRARY_PATH=..., as the environment is a clean one"
            : ": give it arguments, --stdin and --env with which it succeeds";
    return err_set(err, ERR_TARGET, "%s ended with exit status %d %s%s%s%s", who, status, where, remedy,
                   before_words(tail), tail);
}

bool outcome_check(enum outcome outcome, int status, const char *who, const char *where, double timeout_s,
                   const char *tail, struct err *err)
{
    const char *name;
    switch (outcome) {
    case OUTCOME_OK: return true;
    case OUTCOME_EXIT: return exit_failed(status, who, where, tail, err);
    case OUTCOME_SIGNAL:
        name = sigabbrev_np(status);
        return err_set(err, ERR_TARGET,
                       "%s was killed by SIG%s (signal %d) %s: run it by hand with the same arguments to see why%s%s",
                       who, name ? name : "?", status, where, before_words(tail), tail);
    case OUTCOME_TIMEOUT:
        return err_set(err, ERR_TARGET,
                       "%s did not end within %g s %s and was killed: give it less to do, or raise --timeout%s%s", who,
                       timeout_s, where, before_words(tail), tail);
    }
    return true;
}

bool outcome_flooded(const char *who, const char *where, struct err *err)
{
    return err_set(err, ERR_TARGET, "%s wrote more than %lld MB %s and was killed: make it print less", who,
                   (long long)(LAUNCH_OUTPUT_LIMIT >> 20), where);
}
