/* A file that is either written whole or not at all: it grows under a temporary name in the same folder and takes
 * its own name when it is safe on the disk. Where the path is no regular file (a terminal, a pipe, /dev/stdout)
 * it is written straight.
 */
#ifndef FORENSICS_BASE_SAVE_FILE_H
#define FORENSICS_BASE_SAVE_FILE_H

#include <limits.h>
#include <stdbool.h>
#include <stdio.h>

#include "base/err.h"

struct save_file {
    FILE *stream;              /* write here */
    char path[PATH_MAX];       /* what it is to become; symbolic links followed */
    char temporary[PATH_MAX];  /* "" when written straight */
};

/* Opens it; on failure nothing is left behind. */
bool save_file_open(struct save_file *file, const char *path, struct err *err);

/* Closes it and gives it its name; if writing failed at any point, or `err` says so already, removes it instead. */
bool save_file_close(struct save_file *file, struct err *err);

/* Flushes a stream that is not ours to close; false with a sentence that names `what` if anything was lost. */
bool stream_flush(FILE *stream, const char *what, struct err *err);

#endif
