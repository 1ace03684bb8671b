#include "cmd/progress.h"

#include <math.h>
#include <stdio.h>
#include <unistd.h>

struct progress progress_new(bool quiet)
{
    return (struct progress){ .shown = !quiet && isatty(STDERR_FILENO) };
}

void progress_step(struct progress *progress, const char *what, int done, int total, double seconds_left)
{
    if (!progress->shown)
        return;
    fprintf(stderr, "\r\033[K%s  %d/%d", what, done, total);
    if (!isnan(seconds_left) && done < total)
        fprintf(stderr, "  %.0f s left", seconds_left < 1 ? 1 : seconds_left);
    fflush(stderr);
    progress->standing = true;
}

void progress_end(struct progress *progress)
{
    if (progress->standing)
        fputs("\r\033[K", stderr);
    progress->standing = false;
}
