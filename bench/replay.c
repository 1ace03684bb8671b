/* Replay: plays a trace that libtrace.so recorded in a real program, in one thread. Addresses are turned into places
 * in a table before the clock starts, so that what is timed is the allocator and one touch of each end of a block.
 */
#include "load.h"

#include "trace.h"

#include <stdio.h>
#include <string.h>

enum { ARG_TIMES };

static struct load_arg args[] = {
    [ARG_TIMES] = { "times", "times that the trace is played", 1, 1, 1000000 },
};

static struct load load = {
    .name = "replay TRACE",
    .about = "Plays the allocations of a real program, recorded by libtrace.so.",
    .args = args,
    .nargs = sizeof args / sizeof args[0],
    .has_checksum = true,
};

/* A record, its address replaced by a place in the table of blocks. */
struct step {
    uint64_t size;
    uint32_t place;
    uint8_t op;    /* enum trace_op */
    uint8_t shift; /* as in struct trace_record */
};

struct script {
    struct step *step;
    uint64_t steps;
    uint32_t places; /* blocks alive at the same time, at most */
};

/* Address -> place while the trace is read: open addressing, linear probing, at most half full. */
struct places {
    uint64_t *address; /* 0: never used, 1: given up */
    uint32_t *place;
    uint64_t mask;
    uint32_t *spare; /* places given up, to be used again */
    uint32_t spares, next;
};

/* calloc that ends the program with a sentence when there is no memory. */
static void *array(uint64_t count, size_t size)
{
    void *memory = calloc(count ? count : 1, size);
    if (!memory)
        load_no_memory(count * size);
    return memory;
}

static uint64_t find(const struct places *p, uint64_t address)
{
    uint64_t i = (address >> 4) * UINT64_C(0x9e3779b97f4a7c15) >> 20 & p->mask;
    while (p->address[i] != address && p->address[i] != 0)
        i = (i + 1) & p->mask;
    return i;
}

static uint32_t enter(struct places *p, uint64_t address)
{
    uint64_t i = find(p, address);
    if (p->address[i] != address) {
        p->address[i] = address;
        p->place[i] = p->spares ? p->spare[--p->spares] : p->next++;
    }
    return p->place[i];
}

/* False: the trace never saw this block begin (it is from before the recorder, or from a damaged trace). */
static bool leave(struct places *p, uint64_t address, uint32_t *place)
{
    uint64_t i = find(p, address);
    if (p->address[i] != address)
        return false;
    *place = p->spare[p->spares++] = p->place[i];
    p->address[i] = 1;
    return true;
}

/* TRACE_MOVED and TRACE_GROWN become one step on one place; what has no beginning is left out. */
static void translate(struct script *script, const struct trace_record *record, uint64_t records)
{
    struct places p = { .mask = 1023 };
    while (p.mask + 1 < 2 * records)
        p.mask = 2 * p.mask + 1;
    p.address = array(p.mask + 1, sizeof *p.address);
    p.place = array(p.mask + 1, sizeof *p.place);
    p.spare = array(records, sizeof *p.spare);
    for (uint64_t i = 0; i < records; i++) {
        const struct trace_record *r = &record[i];
        struct step step = { .op = (uint8_t)r->op, .shift = (uint8_t)r->shift, .size = r->size };
        if (r->op == TRACE_MOVED) {
            uint32_t old;
            bool known = leave(&p, r->address, &old);
            if (i + 1 == records || record[i + 1].op != TRACE_GROWN)
                continue;
            r = &record[++i];
            step = (struct step){ .op = known ? TRACE_GROWN : TRACE_ALLOC, .size = r->size };
            step.place = enter(&p, r->address); /* takes the place that was just given up */
        } else if (r->op == TRACE_FREE) {
            if (!leave(&p, r->address, &step.place))
                continue;
        } else {
            step.place = enter(&p, r->address);
        }
        script->step[script->steps++] = step;
    }
    script->places = p.next;
    free(p.address);
    free(p.place);
    free(p.spare);
}

static void read_script(struct script *script, const char *name)
{
    FILE *in = fopen(name, "rb");
    if (!in || fseek(in, 0, SEEK_END) != 0)
        load_fail(&load, "cannot read the trace '%s'", name);
    long size = ftell(in);
    rewind(in);
    uint64_t records = size > 0 ? (uint64_t)size / sizeof(struct trace_record) : 0;
    if (records == 0 || records > UINT32_MAX / 4)
        load_fail(&load, "'%s' is no trace, or an empty one; record one with libtrace.so", name);
    struct trace_record *record = array(records, sizeof *record);
    if (fread(record, sizeof *record, records, in) != records)
        load_fail(&load, "cannot read the trace '%s'", name);
    fclose(in);
    for (uint64_t i = 0; i < records; i++)
        if (record[i].op < TRACE_ALLOC || record[i].op > TRACE_GROWN || record[i].shift > 40 || record[i].address < 2)
            load_fail(&load, "'%s' is no trace: record %llu makes no sense", name, (unsigned long long)i);
    script->step = array(records, sizeof *script->step);
    translate(script, record, records);
    free(record);
}

/* Both ends of a block, as its user would; an empty one has none. */
static void touch(unsigned char *block, const struct step *step)
{
    if (step->size == 0)
        return;
    block[0] = (unsigned char)step->place;
    block[step->size - 1] = (unsigned char)step->size;
}

static void *allocate(const struct step *step)
{
    void *block = NULL;
    if (step->op == TRACE_ZEROED)
        block = calloc(1, step->size);
    else if (step->shift < 4)
        block = malloc(step->size);
    else if (posix_memalign(&block, (size_t)1 << step->shift, step->size) != 0)
        block = NULL;
    if (!block && step->size > 0)
        load_no_memory(step->size);
    return block;
}

struct live {
    unsigned char *block;
    uint64_t size;
};

static uint64_t look(const struct live *live)
{
    return live->block && live->size ? (uint64_t)live->block[0] << 8 | live->block[live->size - 1] : 0;
}

static uint64_t play(const struct script *script, struct live *live)
{
    uint64_t sum = 0;
    for (uint64_t i = 0; i < script->steps; i++) {
        const struct step *step = &script->step[i];
        struct live *at = &live[step->place];
        if (step->op == TRACE_FREE) {
            sum = load_fold(sum, look(at));
            free(at->block);
            *at = (struct live){ 0 };
            continue;
        }
        if (step->op == TRACE_GROWN) {
            at->block = realloc(at->block, step->size);
            if (!at->block && step->size > 0)
                load_no_memory(step->size);
            sum = load_fold(sum, at->block && step->size && at->size ? at->block[0] : 0);
        } else {
            free(at->block);
            at->block = allocate(step);
        }
        at->size = step->size;
        touch(at->block, step);
    }
    for (uint32_t k = 0; k < script->places; k++) {
        sum = load_fold(sum, look(&live[k]));
        free(live[k].block);
        live[k] = (struct live){ 0 };
    }
    return sum;
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "--help") != 0) {
        load_parse(&load, argc - 1, argv + 1);
    } else {
        load_parse(&load, argc, argv);
        load_fail(&load, "no trace is named");
    }
    struct script script = { 0 };
    read_script(&script, argv[1]);
    struct live *live = array(script.places, sizeof *live);

    uint64_t sum = 0;
    struct load_clock begin = load_now();
    for (uint64_t i = 0; i < args[ARG_TIMES].value; i++)
        sum = load_fold(sum, play(&script, live));
    struct load_clock end = load_now();

    load_print(begin, end, script.steps * args[ARG_TIMES].value, "steps=%llu alive=%u",
               (unsigned long long)script.steps, script.places);
    if (load.checksum)
        load_print_checksum(sum);
    free(live);
    free(script.step);
    return 0;
}
