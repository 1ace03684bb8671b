/* Our own printer over jansson's tree: jansson's prints reals with seventeen digits (0.10000000000000001) or, from
 * 2.15 on, the shortest; a saved file must not depend on that, and must be pleasant to read.
 */
#include <string.h>

#include "core/json_codec.h"

enum { COLUMNS = 120, INDENT = 2 };

/* A line under construction; `full` when it would not fit. */
struct line {
    char text[COLUMNS + 1];
    size_t used, room;
    bool full;
};

static void add(struct line *line, const char *text, size_t length)
{
    if (line->full || line->used + length > line->room) {
        line->full = true;
        return;
    }
    memcpy(line->text + line->used, text, length);
    line->used += length;
}

/* The fewest digits that read back as the same double; `text` has 32 bytes. */
static void shortest(double value, char *text)
{
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(text, 32, "%.*g", digits, value);
        if (strtod(text, NULL) == value)
            return;
    }
}

static void flat_scalar(struct line *line, const json_t *node)
{
    if (json_is_real(node)) {
        char text[32];
        shortest(json_real_value(node), text);
        add(line, text, strlen(text));
        return;
    }
    /* json_dumpb returns the length it needs and writes nothing when that is too long. */
    size_t left = line->room - line->used;
    size_t length = line->full ? 0 : json_dumpb(node, line->text + line->used, left, JSON_ENCODE_ANY);
    if (line->full || length > left)
        line->full = true;
    else
        line->used += length;
}

static void flat(struct line *line, const json_t *node)
{
    if (json_is_object(node)) {
        const char *key, *before = "{";
        json_t *value;
        json_object_foreach((json_t *)node, key, value) {
            add(line, before, strlen(before));
            add(line, "\"", 1);
            add(line, key, strlen(key)); /* keys are words of ours: nothing to escape */
            add(line, "\": ", 3);
            flat(line, value);
            if (line->full)
                return;
            before = ", ";
        }
        add(line, json_object_size(node) ? "}" : "{}", json_object_size(node) ? 1 : 2);
    } else if (json_is_array(node)) {
        add(line, "[", 1);
        for (size_t i = 0; i < json_array_size(node) && !line->full; i++) {
            add(line, ", ", i ? 2 : 0);
            flat(line, json_array_get(node, i));
        }
        add(line, "]", 1);
    } else {
        flat_scalar(line, node);
    }
}

static void print(const json_t *node, FILE *stream, int depth, size_t taken);

/* Opens a line of depth `depth` inside a container, after a comma if it is not the first. */
static void open_line(FILE *stream, int depth, bool first)
{
    fprintf(stream, "%s\n%*s", first ? "" : ",", depth * INDENT, "");
}

static void print_tall(const json_t *node, FILE *stream, int depth)
{
    bool first = true;
    if (json_is_object(node)) {
        const char *key;
        json_t *value;
        fputc('{', stream);
        json_object_foreach((json_t *)node, key, value) {
            open_line(stream, depth + 1, first);
            fprintf(stream, "\"%s\": ", key);
            print(value, stream, depth + 1, strlen(key) + 4);
            first = false;
        }
    } else {
        fputc('[', stream);
        for (size_t i = 0; i < json_array_size(node); i++, first = false) {
            open_line(stream, depth + 1, first);
            print(json_array_get(node, i), stream, depth + 1, 0);
        }
    }
    fprintf(stream, "\n%*s%c", depth * INDENT, "", json_is_object(node) ? '}' : ']');
}

/* `taken`: columns of the line that the key in front uses. */
static void print(const json_t *node, FILE *stream, int depth, size_t taken)
{
    size_t before = (size_t)depth * INDENT + taken + 1; /* 1: the comma behind */
    struct line line = { .room = before < COLUMNS ? COLUMNS - before : 0 };
    flat(&line, node);
    bool container = json_is_object(node) || json_is_array(node);
    if (!line.full)
        fwrite(line.text, 1, line.used, stream);
    else if (container)
        print_tall(node, stream, depth);
    else
        json_dumpf(node, stream, JSON_ENCODE_ANY); /* a long string: reals always fit */
}

void json_print(const json_t *node, FILE *stream)
{
    print_tall(node, stream, 0);
    fputc('\n', stream);
}
