#include "run/script.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { EVERY_ROUND = -1, WORDS_MAX = 7, LINE_MAX_BYTES = 512, LINES_MAX = 1000000 /* a device or pipe may never end */ };

struct row {
    enum side side;
    int round;          /* EVERY_ROUND */
    bool ends;          /* tells how the run ended, not a reading */
    enum outcome outcome;
    int status;
    enum metric metric;
    struct reading reading;
};

struct script {
    struct row *rows;
    size_t count, room;
    enum source source; /* of the rows being read */
};

/* A line split at blanks. */
struct words {
    char *word[WORDS_MAX];
    int count; /* > WORDS_MAX: there were more */
};

static struct words split(char *line)
{
    struct words words = { .count = 0 };
    char *rest = NULL;
    line[strcspn(line, "#\n")] = '\0';
    for (char *w = strtok_r(line, " \t\r", &rest); w; w = strtok_r(NULL, " \t\r", &rest)) {
        if (words.count < WORDS_MAX)
            words.word[words.count] = w;
        words.count++;
    }
    return words;
}

static bool read_number(const char *text, double *value)
{
    char *end;
    errno = 0;
    *value = strtod(text, &end);
    return end != text && *end == '\0' && errno == 0;
}

static bool read_side(const char *text, enum side *side)
{
    for (int i = 0; i < SIDE_COUNT; i++)
        if (strcmp(text, side_name[i]) == 0) {
            *side = (enum side)i;
            return true;
        }
    return false;
}

static bool read_round(const char *text, int *round)
{
    double value;
    if (strcmp(text, "*") == 0) {
        *round = EVERY_ROUND;
        return true;
    }
    if (!read_number(text, &value) || value < 0 || value > 1e6 || value != (int)value)
        return false;
    *round = (int)value;
    return true;
}

/* "exit 3", "signal 11", "timeout"; false when the words say something else. */
static bool read_end(const struct words *w, struct row *row)
{
    double status = 0;
    if (strcmp(w->word[2], "timeout") == 0 && w->count == 3)
        row->outcome = OUTCOME_TIMEOUT;
    else if (w->count == 4 && strcmp(w->word[2], "exit") == 0 && read_number(w->word[3], &status))
        row->outcome = OUTCOME_EXIT;
    else if (w->count == 4 && strcmp(w->word[2], "signal") == 0 && read_number(w->word[3], &status))
        row->outcome = OUTCOME_SIGNAL;
    else
        return false;
    row->status = (int)status;
    row->ends = true;
    return true;
}

static const char *read_reading(const struct words *w, enum source source, struct row *row)
{
    double value = 0, enabled = 0, running = 0;
    if (!metric_by_name(w->word[2], &row->metric))
        return "no metric has that name (`layout_tax_forensics metrics` lists them)";
    if (metric_table[row->metric].derived)
        return "a derived metric is computed, not read: give its two parts";
    row->reading = (struct reading){ .state = READING_READ, .source = source };
    if (w->count == 4 && strcmp(w->word[3], "not-supported") == 0)
        row->reading.state = READING_NOT_SUPPORTED;
    else if (w->count == 4 && strcmp(w->word[3], "not-counted") == 0)
        row->reading.state = READING_NOT_COUNTED;
    else if ((w->count != 4 && w->count != 6) || !read_number(w->word[3], &value))
        return "a reading is VALUE, VALUE ENABLED RUNNING, not-supported or not-counted";
    else if (w->count == 6 && (!read_number(w->word[4], &enabled) || !read_number(w->word[5], &running) ||
                               running <= 0 || running > enabled))
        return "ENABLED and RUNNING are nanoseconds with 0 < RUNNING <= ENABLED";
    row->reading.value = value;
    row->reading.enabled_ns = (uint64_t)enabled;
    row->reading.running_ns = (uint64_t)running;
    return NULL;
}

static const char *read_row(struct script *script, struct arena *arena, const struct words *w)
{
    struct row row = { .round = 0 };
    if (w->count == 2 && strcmp(w->word[0], "source") == 0) {
        for (int i = 0; i < SOURCE_COUNT; i++)
            if (strcmp(w->word[1], source_name[i]) == 0) {
                script->source = (enum source)i;
                return NULL;
            }
        return "a source is clock, perf, sim, file or script";
    }
    if (w->count < 3 || w->count > WORDS_MAX)
        return "a row is SIDE ROUND METRIC VALUE";
    if (!read_side(w->word[0], &row.side))
        return "a side is old, new or control";
    if (!read_round(w->word[1], &row.round))
        return "a round is a number from 0, or *";
    const char *wrong = read_end(w, &row) ? NULL : read_reading(w, script->source, &row);
    if (!wrong)
        *ARENA_PUSH(arena, script->rows, script->count, script->room) = row;
    return wrong;
}

static void apply(const struct row *row, struct run *run)
{
    if (row->ends) {
        run->outcome = row->outcome;
        run->status = row->status;
    } else {
        run->readings[row->metric] = row->reading;
    }
}

static bool serve(struct source_object *source, struct run *run, struct err *err)
{
    const struct script *script = source->state;
    (void)err;
    for (int exact = 0; exact < 2; exact++)
        for (size_t i = 0; i < script->count; i++) {
            const struct row *row = &script->rows[i];
            if (row->side == run->side && row->round == (exact ? run->round : EVERY_ROUND))
                apply(row, run);
        }
    return true;
}

static const struct source_ops script_ops = { .source = SOURCE_SCRIPT, .skips_warmup = true, .serve = serve };

static bool read_all(struct script *script, struct arena *arena, const char *path, FILE *f, struct err *err)
{
    char line[LINE_MAX_BYTES];
    for (int number = 1; fgets(line, sizeof line, f); number++) {
        if (number > LINES_MAX)
            return err_set(err, ERR_USAGE, "the script '%s' has more than %d lines: name a file of readings", path, LINES_MAX);
        if (!strchr(line, '\n') && !feof(f))
            return err_set(err, ERR_USAGE, "%s:%d: a line has at most %d bytes: name a file of readings", path, number,
                           LINE_MAX_BYTES - 2);
        struct words words = split(line);
        const char *wrong = words.count ? read_row(script, arena, &words) : NULL;
        if (wrong)
            return err_set(err, ERR_USAGE, "%s:%d: %s", path, number, wrong);
    }
    if (ferror(f))
        return err_sys(err, ERR_TOOL, errno, "cannot read the script '%s'", path);
    return script->count > 0 ||
           err_set(err, ERR_USAGE, "the script '%s' has no rows: write SIDE ROUND METRIC VALUE lines", path);
}

bool script_source(struct arena *arena, const char *path, struct source_object *source, struct err *err)
{
    struct script *script = arena_alloc(arena, sizeof *script);
    script->source = SOURCE_SCRIPT;
    *source = (struct source_object){ &script_ops, script };
    FILE *f = fopen(path, "re");
    if (!f)
        return err_sys(err, ERR_TOOL, errno, "cannot open the script '%s'", path);
    bool fine = read_all(script, arena, path, f, err);
    fclose(f);
    return fine;
}
