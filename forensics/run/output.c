#include "run/output.h"

#include <errno.h>
#include <math.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct output_rules {
    regex_t ignore, throughput;
    bool has_ignore, has_throughput;
};

/* ---- patterns ---- */

static bool compile(regex_t *pattern, const char *text, const char *option, struct err *err)
{
    int rc = regcomp(pattern, text, REG_EXTENDED);
    if (rc == 0)
        return true;
    char why[200];
    regerror(rc, pattern, why, sizeof why);
    return err_set(err, ERR_USAGE, "the pattern '%s' of %s is not an extended regular expression: %s", text, option,
                   why);
}

static bool compile_all(struct output_rules *rules, const struct spec *spec, struct err *err)
{
    if (spec->ignore_lines && !(rules->has_ignore = compile(&rules->ignore, spec->ignore_lines, "--ignore-lines", err)))
        return false;
    if (spec->throughput && !(rules->has_throughput = compile(&rules->throughput, spec->throughput, "--metric", err)))
        return false;
    if (rules->has_throughput && rules->throughput.re_nsub < 1)
        return err_set(err, ERR_USAGE, "the pattern '%s' of --metric has no group: put parentheses around the number",
                       spec->throughput);
    return true;
}

struct output_rules *output_rules_open(struct arena *arena, const struct spec *spec, struct err *err)
{
    struct output_rules *rules = arena_alloc(arena, sizeof *rules);
    if (compile_all(rules, spec, err))
        return rules;
    output_rules_close(rules);
    return NULL;
}

void output_rules_close(struct output_rules *rules)
{
    if (!rules)
        return;
    if (rules->has_ignore)
        regfree(&rules->ignore);
    if (rules->has_throughput)
        regfree(&rules->throughput);
    rules->has_ignore = rules->has_throughput = false;
}

/* ---- lines ---- */

struct reader {
    int fd;
    off_t at;             /* of the next read */
    size_t start, end;    /* unread part of buffer */
    bool done, failed;
    char buffer[OUTPUT_PIECE + 1]; /* room for the end of a line as a string */
};

static void refill(struct reader *r)
{
    memmove(r->buffer, r->buffer + r->start, r->end - r->start);
    r->end -= r->start;
    r->start = 0;
    while (!r->done && r->end < OUTPUT_PIECE) {
        ssize_t got = pread(r->fd, r->buffer + r->end, OUTPUT_PIECE - r->end, r->at);
        if (got < 0 && errno == EINTR)
            continue;
        r->failed = got < 0;
        r->done = got <= 0;
        if (got > 0) {
            r->end += (size_t)got;
            r->at += got;
        }
    }
}

/* The next line or piece of one, as a string without its line end; NULL at the end. The terminator replaces the
 * line end, or stands behind the last byte of the buffer. */
static char *next_line(struct reader *r, size_t *length)
{
    char *line_end = memchr(r->buffer + r->start, '\n', r->end - r->start);
    if (!line_end) {
        refill(r);
        line_end = memchr(r->buffer, '\n', r->end);
    }
    if (r->start == r->end)
        return NULL;
    char *line = r->buffer + r->start;
    *length = line_end ? (size_t)(line_end - line) : r->end - r->start;
    r->start += *length + (line_end != NULL);
    line[*length] = '\0';
    return line;
}

/* ---- comparing ---- */

static bool takes_part(const struct output_rules *rules, const char *line)
{
    return !(rules->has_ignore && regexec(&rules->ignore, line, 0, NULL, 0) == 0) &&
           !(rules->has_throughput && regexec(&rules->throughput, line, 0, NULL, 0) == 0);
}

static char *next_compared(const struct output_rules *rules, struct reader *r, size_t *length)
{
    char *line;
    while ((line = next_line(r, length)) && !takes_part(rules, line)) {
    }
    return line;
}

static uint64_t hash_line(uint64_t hash, const char *line, size_t length)
{
    for (size_t i = 0; i < length; i++)
        hash = (hash ^ (unsigned char)line[i]) * UINT64_C(0x100000001b3);
    return (hash ^ '\n') * UINT64_C(0x100000001b3);
}

/* A number with thousands commas is read without them; anything else that is no number is no match. */
static bool number(const char *text, size_t length, double *value)
{
    char digits[64];
    size_t used = 0;
    for (size_t i = 0; i < length && used + 1 < sizeof digits; i++)
        if (text[i] != ',')
            digits[used++] = text[i];
    digits[used] = '\0';
    char *end;
    *value = strtod(digits, &end);
    return used > 0 && *end == '\0' && isfinite(*value);
}

static void take(const struct output_rules *rules, struct output *output, const char *line, size_t length)
{
    regmatch_t group[2];
    double value;
    if (rules->has_throughput && regexec(&rules->throughput, line, 2, group, 0) == 0) {
        if (group[1].rm_so >= 0 && number(line + group[1].rm_so, (size_t)(group[1].rm_eo - group[1].rm_so), &value)) {
            output->matches++;
            output->throughput = value;
        }
        return;
    }
    if (rules->has_ignore && regexec(&rules->ignore, line, 0, NULL, 0) == 0)
        return;
    output->compared_lines++;
    output->hash = hash_line(output->hash, line, length);
}

bool output_read(const struct output_rules *rules, int fd, struct output *output, struct err *err)
{
    size_t length;
    struct reader r = { .fd = fd };
    *output = (struct output){ .hash = UINT64_C(0xcbf29ce484222325), .throughput = NAN };
    for (char *line; (line = next_line(&r, &length));)
        take(rules, output, line, length);
    output->bytes = (uint64_t)r.at;
    return !r.failed || err_sys(err, ERR_TOOL, errno, "cannot read a program's output back");
}

static void show(char *text, const char *line, size_t length)
{
    if (!line) {
        strcpy(text, "(end)");
        return;
    }
    size_t shown = length < OUTPUT_SHOWN ? length : OUTPUT_SHOWN;
    for (size_t i = 0; i < shown; i++)
        text[i] = (unsigned char)line[i] < ' ' || line[i] == 0x7f ? '?' : line[i];
    strcpy(text + shown, shown < length ? "..." : "");
}

bool output_differ(const struct output_rules *rules, int old_fd, int new_fd, struct output_difference *difference)
{
    struct reader a = { .fd = old_fd }, b = { .fd = new_fd };
    *difference = (struct output_difference){ .line = 0 };
    for (;;) {
        size_t length_a = 0, length_b = 0;
        const char *line_a = next_compared(rules, &a, &length_a), *line_b = next_compared(rules, &b, &length_b);
        if (!line_a && !line_b)
            return false;
        difference->line++;
        if (line_a && line_b && length_a == length_b && memcmp(line_a, line_b, length_a) == 0)
            continue;
        show(difference->old, line_a, length_a);
        show(difference->new, line_b, length_b);
        return true;
    }
}
