#include "run/spool.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int spool_open(struct err *err)
{
    const char *folder = getenv("TMPDIR");
    if (!folder || !*folder)
        folder = "/tmp";
    int fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (fd < 0 && (errno == EOPNOTSUPP || errno == EISDIR)) {
        char path[4096];
        snprintf(path, sizeof path, "%s/layout_tax_XXXXXX", folder);
        fd = mkostemp(path, O_CLOEXEC);
        if (fd >= 0)
            unlink(path);
    }
    if (fd < 0)
        err_sys(err, ERR_TOOL, errno, "cannot make a temporary file in '%s' (set TMPDIR to a folder with room)",
                folder);
    return fd;
}

/* Copies `raw` into `text` as one line; returns the length. */
static size_t flatten(const char *raw, size_t bytes, char *text, size_t room)
{
    size_t used = 0;
    for (size_t i = 0; i < bytes && used + 4 < room; i++) {
        unsigned char c = (unsigned char)raw[i];
        if (c == '\n') {
            if (used && i + 1 < bytes) {
                memcpy(text + used, " | ", 3);
                used += 3;
            }
        } else {
            text[used++] = c < ' ' || c == 0x7f ? ' ' : (char)c;
        }
    }
    text[used] = '\0';
    return used;
}

void spool_tail(int fd, char *text, size_t room)
{
    char raw[1024];
    struct stat st;
    size_t want = room * 3 / 4 < sizeof raw ? room * 3 / 4 : sizeof raw;
    text[0] = '\0';
    if (fstat(fd, &st) < 0 || st.st_size == 0)
        return;
    off_t from = st.st_size > (off_t)want ? st.st_size - (off_t)want : 0;
    ssize_t got = pread(fd, raw, want, from);
    if (got <= 0)
        return;
    const char *start = raw;
    /* A line that was cut at its head says nothing, unless it is the only one. */
    if (from > 0) {
        const char *line_end = memchr(raw, '\n', (size_t)got);
        if (line_end && line_end + 1 < raw + got)
            start = line_end + 1;
    }
    flatten(start, (size_t)(raw + got - start), text, room);
}
