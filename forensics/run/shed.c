#include "run/shed.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
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

/* The heap, or nameless and large. */
static bool is_spare_memory(const char *rest, const char *name, size_t bytes)
{
    return strncmp(rest, " rw-p 00000000 00:00 0", 22) == 0 && bytes >= SHED_SMALLEST &&
           (*name == '\0' || strcmp(name, "[heap]") == 0);
}

/* A library's private pages, which relocation has made this process's own; but libc goes on being used. */
static bool is_spare_library(const char *rest, const char *name)
{
    return rest[4] == 'p' && strstr(name, ".so") && !strstr(name, "/libc.so") && !strstr(name, "/libc-") &&
           !strstr(name, "/ld-");
}

/* All but this thread's own block, which libc reads in every call that waits once there has been a second thread: it is
 * nameless, and the kernel merges it with a large neighbour. */
static void shed_range(size_t start, size_t end)
{
    enum { AROUND = 8 * 4096 };
    size_t own = (size_t)&errno & ~(size_t)4095, low = own - AROUND, high = own + AROUND;
    if (own < start || own >= end) {
        madvise((void *)start, end - start, MADV_DONTNEED);
        return;
    }
    if (low > start)
        madvise((void *)start, low - start, MADV_DONTNEED);
    if (high < end)
        madvise((void *)high, end - high, MADV_DONTNEED);
}

/* "START-END PERM OFFSET DEVICE INODE [NAME]" */
static void shed_line(const char *line)
{
    size_t start, end;
    const char *rest = read_hex(line, &start);
    if (*rest != '-')
        return;
    rest = read_hex(rest + 1, &end);
    const char *name = rest;
    for (int field = 0; field < 4; field++) {
        name += strspn(name, " ");
        name += strcspn(name, " ");
    }
    name += strspn(name, " ");
    if (is_spare_memory(rest, name, end - start) || is_spare_library(rest, name))
        shed_range(start, end);
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
        /* The peak stays what it was, and the figure is out of reach. */
    }
    if (peak >= 0)
        close(peak);
}
