#include "load.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static void print_help(const struct load *load)
{
    printf("Usage: %s [options]", load->name);
    for (size_t i = 0; i < load->nargs; i++)
        printf(" [%s]", load->args[i].name);
    printf("\n%s\n\n", load->about);
    for (size_t i = 0; i < load->nargs; i++) {
        const struct load_arg *arg = &load->args[i];
        printf("  %-12s %s; %" PRIu64 "..%" PRIu64 ", default %" PRIu64 "\n", arg->name, arg->help, arg->min,
               arg->max, arg->value);
    }
    if (load->has_checksum)
        printf("  --checksum   print a checksum of what the blocks held (slower; to compare two builds)\n");
    printf("  --help       this text\n");
}

void load_fail(const struct load *load, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    fprintf(stderr, "%s: ", load->name);
    vfprintf(stderr, format, ap);
    fprintf(stderr, "; try %s --help\n", load->name);
    va_end(ap);
    exit(1);
}

/* Decimal digits only: strtoull alone would take "-1", " 7" and "0x". */
static void read_number(const struct load *load, struct load_arg *arg, const char *text)
{
    errno = 0;
    char *end;
    uint64_t value = strtoull(text, &end, 10);
    if (text[0] < '0' || text[0] > '9' || *end != '\0' || errno != 0 || value < arg->min || value > arg->max)
        load_fail(load, "%s must be a number from %" PRIu64 " to %" PRIu64 ", not '%s'", arg->name, arg->min,
                  arg->max, text);
    arg->value = value;
}

void load_parse(struct load *load, int argc, char **argv)
{
    size_t seen = 0;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--help") == 0) {
            print_help(load);
            exit(0);
        }
        if (strcmp(argv[i], "--checksum") == 0 && load->has_checksum)
            load->checksum = true;
        else if (argv[i][0] == '-')
            load_fail(load, "unknown option '%s'", argv[i]);
        else if (seen == load->nargs)
            load_fail(load, "one argument too many, '%s'", argv[i]);
        else
            read_number(load, &load->args[seen++], argv[i]);
    }
}

void load_parse_replacing(struct load *load, int argc, char **argv)
{
    load_parse(load, argc, argv);
    if (load->args[LOAD_SMALLEST].value > load->args[LOAD_LARGEST].value)
        load_fail(load, "min is larger than max");
}

static uint64_t read_clock(clockid_t id)
{
    struct timespec ts;
    clock_gettime(id, &ts);
    return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

struct load_clock load_now(void)
{
    return (struct load_clock){ .wall = read_clock(CLOCK_MONOTONIC), .cpu = read_clock(CLOCK_PROCESS_CPUTIME_ID) };
}

/* VmHWM, KiB; 0 where /proc is not there. Not ru_maxrss: that one keeps the size of the process before exec. */
static uint64_t peak_rss(void)
{
    FILE *status = fopen("/proc/self/status", "r");
    if (!status)
        return 0;
    uint64_t kib = 0;
    char line[256];
    while (fgets(line, sizeof line, status))
        if (sscanf(line, "VmHWM: %" SCNu64, &kib) == 1)
            break;
    fclose(status);
    return kib;
}

void load_print(struct load_clock begin, struct load_clock end, uint64_t ops, const char *detail, ...)
{
    double wall = (double)(end.wall - begin.wall) / 1e9;
    va_list ap;
    va_start(ap, detail);
    printf("Throughput = %.0f ops/s [", wall > 0 ? (double)ops / wall : 0.0);
    vprintf(detail, ap);
    printf("] time=%.3fs\n", wall);
    va_end(ap);
    double cpu = (double)(end.cpu - begin.cpu) / 1e9;
    fprintf(stderr, "Peak RSS = %" PRIu64 " KiB, CPU time = %.6f s, CPU throughput = %.0f ops/s\n", peak_rss(), cpu,
            cpu > 0 ? (double)ops / cpu : 0.0);
}

void load_print_checksum(uint64_t sum)
{
    printf("Checksum = %016" PRIx64 "\n", sum);
}

void load_no_memory(size_t size)
{
    fprintf(stderr, "bench: no memory for a block of %zu bytes; use a smaller working set\n", size);
    exit(1);
}

void load_damaged(const struct load_block *block)
{
    fprintf(stderr, "bench: a block at %p (%u bytes, tag %08x) was overwritten while it lived; the allocator under "
            "test is broken\n", (const void *)block, block->size, block->tag);
    exit(1);
}

void load_in_threads(uint64_t count, void *(*run)(void *), void *args, size_t size)
{
    pthread_t *threads = malloc(count * sizeof *threads);
    if (!threads)
        load_no_memory(count * sizeof *threads);
    for (uint64_t i = 0; i < count; i++) {
        int failed = pthread_create(&threads[i], NULL, run, (char *)args + i * size);
        if (failed) {
            fprintf(stderr, "bench: cannot start thread %" PRIu64 ": %s; use fewer threads\n", i + 1, strerror(failed));
            exit(1);
        }
    }
    for (uint64_t i = 0; i < count; i++)
        pthread_join(threads[i], NULL);
    free(threads);
}
