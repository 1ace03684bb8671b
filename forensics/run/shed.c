#include "run/shed.h"

#include <fcntl.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* A sanitizer keeps its own books in such mappings. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SHED 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
#define SHED 0
#endif
#endif
#ifndef SHED
#define SHED 1
#endif

static const char *read_hex(const char *at, size_t *value)
{
    for (*value = 0;; at++) {
        if (*at >= '0' && *at <= '9')
            *value = *value * 16 + (size_t)(*at - '0');
        else if (*at >= 'a' && *at <= 'f')
            *value = *value * 16 + (size_t)(*at - 'a' + 10);
        else
            return at;
    }
}

/* "START-END rw-p OFFSET DEVICE INODE [NAME]": private, writable, without a file, the heap or nameless. */
static void shed_line(const char *line)
{
    size_t start, end;
    const char *at = read_hex(line, &start);
    if (*at != '-')
        return;
    at = read_hex(at + 1, &end);
    if (strncmp(at, " rw-p 00000000 00:00 0", 22) != 0 || end - start < SHED_SMALLEST)
        return;
    at += 22;
    at += strspn(at, " ");
    if (*at == '\0' || strcmp(at, "[heap]") == 0)
        madvise((void *)start, end - start, MADV_DONTNEED);
}

static void shed_all(int maps)
{
    char buffer[4096];
    size_t have = 0;
    for (;;) {
        ssize_t got = read(maps, buffer + have, sizeof buffer - 1 - have);
        if (got <= 0)
            return;
        have += (size_t)got;
        char *line = buffer, *line_end;
        while ((line_end = memchr(line, '\n', have - (size_t)(line - buffer)))) {
            *line_end = '\0';
            shed_line(line);
            line = line_end + 1;
        }
        have -= (size_t)(line - buffer);
        memmove(buffer, line, have);
    }
}

void shed_memory(void)
{
    int maps = SHED ? open("/proc/self/maps", O_RDONLY | O_CLOEXEC) : -1;
    if (maps < 0)
        return;
    shed_all(maps);
    close(maps);
    /* 5: the peak of the resident set starts anew (proc(5), clear_refs). */
    int peak = open("/proc/self/clear_refs", O_WRONLY | O_CLOEXEC);
    if (peak < 0 || write(peak, "5", 1) != 1) {
        /* The peak stays what it was, and clock.c finds the figure out of reach. */
    }
    if (peak >= 0)
        close(peak);
}
