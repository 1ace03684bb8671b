/* Errors: one sentence, said where the cause is known, printed once by the command layer.
 *
 * The caller owns the struct; the first cause wins, so a function may fail on top of a failure
 * without losing the reason. Functions that can fail return bool (true: done) or a pointer
 * (NULL: failed) and take `struct err *` last.
 */
#ifndef FORENSICS_BASE_ERR_H
#define FORENSICS_BASE_ERR_H

#include <stdbool.h>

enum err_kind {
    ERR_NONE,
    ERR_USAGE,       /* the command line is wrong: exit 1 */
    ERR_TOOL,        /* a file, a library or the system said no: exit 1 */
    ERR_TARGET,      /* the measured program failed or its results differ: exit 8 */
    ERR_INTERRUPTED, /* SIGINT or SIGTERM ended the work: exit 128 + signal, after a partial report */
};

struct err {
    enum err_kind kind;
    char text[600]; /* one sentence without a final newline: the thing, what is wrong, the remedy */
};

#define ERR_INIT ((struct err){ .kind = ERR_NONE })

/* Records the sentence unless one stands already. Always false, so `return err_set(...)` fails the caller. */
bool err_set(struct err *err, enum err_kind kind, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* err_set for a failed system call: appends ": " and the text of `errnum`. */
bool err_sys(struct err *err, enum err_kind kind, int errnum, const char *format, ...) __attribute__((format(printf, 4, 5)));

/* Forgets the sentence. */
void err_clear(struct err *err);

#endif
