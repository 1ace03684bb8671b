#include "cmd/sampling.h"

#include <elf.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "elf/symbolize.h"

/* Runs of a side; old and new take turns. More only while samples are few. */
enum { LEAST_RUNS = 3, MOST_RUNS = 20, ENOUGH = 400 /* samples: a tenth of the time is known to a sixth of itself */ };

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

/* The link-time address of a place in the file; 0: it is not loaded. */
static uint64_t address_of(const struct inventory *inv, uint64_t offset)
{
    for (size_t i = 0; i < inv->segment_count; i++) {
        const struct segment *s = &inv->segments[i];
        if (s->type == PT_LOAD && offset >= s->offset && offset - s->offset < s->file_size)
            return s->address + (offset - s->offset);
    }
    return 0;
}

/* The files whose functions have names here, on one side. */
struct named_files {
    const char *own; /* the program's path, links followed; NULL: unknown */
    const struct inventory *inventory;
    const struct libraries *libraries; /* NULL: none */
    int side;
};

static const struct inventory *file_of(const struct named_files *files, const char *path)
{
    if (files->own && strcmp(path, files->own) == 0)
        return files->inventory;
    for (size_t i = 0; files->libraries && i < files->libraries->changed_count; i++) {
        const struct library *library = &files->libraries->changed[i];
        if (library->path[files->side] && strcmp(library->path[files->side], path) == 0)
            return library->inventory[files->side];
    }
    return NULL;
}

static struct cost_item name_place(const struct sampled_place *place, const struct named_files *files)
{
    const struct inventory *inv = file_of(files, place->path);
    uint64_t address = inv ? address_of(inv, place->offset) : 0;
    const struct symbol *s = address ? symbol_at(inv, address) : NULL;
    const char *module = place->path[0] ? base_name(place->path) : NULL;
    if (!s)
        return (struct cost_item){ .name = module ? module : "[anonymous]", .module = module };
    return (struct cost_item){ .name = s->pretty ? s->pretty : s->name,
                               .module = module,
                               .address = s->address,
                               .size = symbol_extent(inv, s) };
}

static int by_name(const void *a, const void *b)
{
    const struct cost_item *x = a, *y = b;
    if (x->address != y->address)
        return x->address < y->address ? -1 : 1;
    int order = strcmp(x->name, y->name);
    return order ? order : strcmp(x->module ? x->module : "", y->module ? y->module : "");
}

static int by_cycles(const void *a, const void *b)
{
    const struct cost_item *x = a, *y = b;
    double d = cost_cycles(&y->cost) - cost_cycles(&x->cost);
    return d != 0 ? (d > 0 ? 1 : -1) : by_name(a, b);
}

static void add_cost(struct cost *sum, const struct cost *more)
{
    sum->cycles[COMPONENT_BASE] += more->cycles[COMPONENT_BASE];
    for (int m = 0; m < METRIC_COUNT; m++)
        sum->counts[m] += more->counts[m];
}

/* What was not sampled is not known, and stays so in every sum. */
static struct cost cost_of(const struct sampled_place *place, const struct samples *samples, int runs)
{
    static const enum metric metric[SAMPLED_COUNT] = { M_CYCLES, M_BRANCH_MISSES, M_L1I_MISSES, M_DTLB_MISSES };
    struct cost cost = { .instructions = 0 };
    for (int e = 0; e < SAMPLED_COUNT; e++)
        cost.counts[metric[e]] = samples->open[e] ? place->events[e] / runs : NAN;
    if (samples->by_clock)
        cost.counts[M_CYCLES] = NAN;
    cost.cycles[COMPONENT_BASE] = place->events[SAMPLED_CYCLES] / runs;
    return cost;
}

/* A side's samples by function, per run; what lies in files without names here has an item a file. */
static struct cost_profile *sampled_costs(const struct result *result, const struct samples *samples, int runs, int side)
{
    struct arena *arena = result->arena;
    struct cost_profile *p = arena_alloc(arena, sizeof *p);
    char *own = realpath(result->inventory[side]->path, NULL);
    struct named_files files = { own, result->inventory[side], result->libraries, side };
    struct cost_item *items = arena_array(arena, samples->count, sizeof *items);
    size_t kept = 0;
    for (size_t i = 0; i < samples->count; i++) {
        items[i] = name_place(&samples->places[i], &files);
        items[i].cost = cost_of(&samples->places[i], samples, runs);
        add_cost(&p->total, &items[i].cost);
    }
    free(own);
    if (samples->count)
        qsort(items, samples->count, sizeof *items, by_name);
    for (size_t i = 0; i < samples->count; i++) {
        if (kept && by_name(&items[kept - 1], &items[i]) == 0)
            add_cost(&items[kept - 1].cost, &items[i].cost);
        else
            items[kept++] = items[i];
    }
    if (kept)
        qsort(items, kept, sizeof *items, by_cycles);
    p->source = samples->by_clock ? SOURCE_CLOCK : SOURCE_PERF;
    p->functions = items;
    p->function_count = kept;
    p->sampling_error = sqrt(samples->squares) / runs;
    return p;
}

static bool few(const struct samples samples[2])
{
    return samples[0].taken < ENOUGH || samples[1].taken < ENOUGH;
}

bool sample_sides(struct result *result, const struct perf_sample_kernel *kernel, struct err *err)
{
    struct samples samples[2] = { { .taken = 0 }, { .taken = 0 } };
    struct launcher *launcher = launcher_open(result->arena, &result->spec, err);
    bool done = launcher != NULL;
    int run = 0;
    for (; done && (run < 2 * LEAST_RUNS || run % 2 || (run < 2 * MOST_RUNS && few(samples))); run++) {
        int side = (run + run / 2) & 1; /* old new new old old new */
        done = perf_sample_run(result->arena, launcher, (enum side)side, kernel, &samples[side], err);
    }
    launcher_close(launcher);
    if (!done)
        return false;
    if (!samples[0].taken || !samples[1].taken)
        return err_set(err, ERR_TOOL, "no sample was taken: the programs run too shortly to be sampled");
    if (samples[0].by_clock != samples[1].by_clock)
        return err_set(err, ERR_TOOL, "the counters of old and new differ: sample again when nobody else holds them");
    for (int side = 0; side < 2; side++)
        result->sampled[side] = sampled_costs(result, &samples[side], run / 2, side);
    if (samples[0].lost + samples[1].lost)
        result_warn(result, "the kernel dropped %llu samples of %llu: the rest is a part",
                    (unsigned long long)(samples[0].lost + samples[1].lost),
                    (unsigned long long)(samples[0].taken + samples[1].taken));
    return true;
}
