#include "base/save_file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *remedy(int errnum)
{
    switch (errnum) {
    case ENOSPC:
    case EDQUOT: return "make room there or name another place";
    case EROFS: return "that file system is read-only, name another place";
    case ENOENT: return "make that folder first";
    case EPIPE: return "its reader went away";
    default: return "name a place that you may write to";
    }
}

static bool fail(struct err *err, const char *what, int errnum)
{
    return err_set(err, ERR_TOOL, "cannot write %s: %s: %s", what, strerror(errnum), remedy(errnum));
}

/* A new file beside `path`, as readable as an ordinary new file would be (mkstemp alone gives 0600). */
static FILE *open_beside(struct save_file *file)
{
    if (snprintf(file->temporary, sizeof file->temporary, "%s.XXXXXX", file->path) >= (int)sizeof file->temporary) {
        errno = ENAMETOOLONG;
        return NULL;
    }
    int fd = mkstemp(file->temporary);
    if (fd < 0)
        return NULL;
    mode_t mask = umask(0);
    umask(mask);
    FILE *stream = fchmod(fd, 0666 & ~mask) == 0 ? fdopen(fd, "w") : NULL;
    if (!stream) {
        int saved = errno;
        close(fd);
        unlink(file->temporary);
        errno = saved;
    }
    return stream;
}

bool save_file_open(struct save_file *file, const char *path, struct err *err)
{
    memset(file, 0, sizeof *file);
    struct stat st;
    bool there = stat(path, &st) == 0;
    if (there && S_ISDIR(st.st_mode))
        return err_set(err, ERR_TOOL, "cannot write %s: it is a folder: name a file in it", path);
    if (there && !realpath(path, file->path))
        return fail(err, path, errno);
    if (!there && snprintf(file->path, sizeof file->path, "%s", path) >= (int)sizeof file->path)
        return fail(err, path, ENAMETOOLONG);
    file->stream = there && !S_ISREG(st.st_mode) ? fopen(path, "w") : open_beside(file);
    return file->stream || fail(err, path, errno);
}

bool stream_flush(FILE *stream, const char *what, struct err *err)
{
    errno = 0;
    if (fflush(stream) != 0)
        return fail(err, what, errno);
    /* An earlier write failed and its reason is gone: a full disk is by far the usual one. */
    return !ferror(stream) || fail(err, what, errno ? errno : ENOSPC);
}

bool save_file_close(struct save_file *file, struct err *err)
{
    bool straight = !file->temporary[0];
    bool good = err->kind == ERR_NONE && stream_flush(file->stream, file->path, err);
    if (good && !straight && fsync(fileno(file->stream)) != 0)
        good = fail(err, file->path, errno);
    if (fclose(file->stream) != 0 && good)
        good = fail(err, file->path, errno);
    file->stream = NULL;
    if (good && !straight && rename(file->temporary, file->path) != 0)
        good = fail(err, file->path, errno);
    if (!good && !straight)
        unlink(file->temporary);
    return good;
}
