/* The model's results: parts that sum, names, objects, knock-outs, streams through a file, the same figures twice. */
#include "sim_program.h"
#include "tap.h"

#include <unistd.h>

enum { MAIN = 0x400000, COLD = 0x410000, TABLE = 0x600000, STACK = 0x7ff000 };

/* A small program: main loop with a table walk, spills on the stack, a call to a cold function now and then. */
struct example {
    struct program p;
    uint32_t loop, call, cold, jump, ret;
    unsigned rounds;
};

static void map_example(struct program *p)
{
    struct stream_event event = {
        .type = STREAM_EVENT_MAP,
        .map = { .address = MAIN, .bytes = 0x100000, .kind = STREAM_MAP_FILE, .path = "/bin/example" }
    };
    model_event(p->model, &event);
    event.map = (struct stream_map){ .address = TABLE, .bytes = 0x200000, .kind = STREAM_MAP_BRK, .path = "" };
    model_event(p->model, &event);
    event.map = (struct stream_map){ .address = STACK, .bytes = 0x1000, .kind = STREAM_MAP_STACK, .path = "" };
    model_event(p->model, &event);
}

static void describe_example(struct example *e)
{
    struct draft loop = draft_at(MAIN), call = draft_at(0), cold = draft_at(COLD), jump = draft_at(0);
    CHASE_RAX(&loop);
    insn(&loop, STREAM_INSN_MOVE, "\x48\x8b\x0c\x24", 4); /* mov (%rsp),%rcx */
    refers(&loop, STREAM_FROM_RSP, 0, 8, STREAM_REF_LOAD);
    ADD_EAX_1(&loop);
    TEST_ESI(&loop);
    JNE(&loop);
    e->loop = describe(&e->p, &loop, STREAM_COND, MAIN);
    call.address = MAIN + loop.bytes;
    CALL(&call);
    e->call = describe(&e->p, &call, STREAM_CALL, COLD);
    LEA_EDX_RBX(&cold);
    RET(&cold);
    e->cold = describe(&e->p, &cold, STREAM_RETURN, 0);
    jump.address = call.address + call.bytes;
    JMP(&jump);
    e->jump = describe(&e->p, &jump, STREAM_JUMP, MAIN);
}

static void run_example(struct example *e)
{
    uint64_t after = MAIN + 17 + 5;
    for (unsigned i = 0; i < e->rounds; i++) {
        for (unsigned k = 0; k < 10; k++) {
            uint64_t slots[2] = { TABLE + (i * 10 + k) * 4160ull % 0x1ff000, STACK + 0x800 };
            run(&e->p, e->loop, k < 9, slots, 2, 0);
        }
        run(&e->p, e->call, 0, NULL, 0, 0);
        run(&e->p, e->cold, 0, NULL, 0, after);
        run(&e->p, e->jump, 0, NULL, 0, 0);
    }
}

static struct example example(uint32_t perfect, unsigned rounds)
{
    struct example e = { .p = program_on("zen3", perfect), .rounds = rounds };
    map_example(&e.p);
    describe_example(&e);
    run_example(&e);
    return e;
}

static uint64_t sum_of_blocks(const struct model *model)
{
    uint64_t sum = 0;
    for (uint32_t i = 0; i < model_block_count(model); i++) {
        struct model_block block;
        model_block(model, i, &block, NULL);
        for (int c = 0; c < COMPONENT_COUNT; c++)
            sum += block.ticks[c];
    }
    return sum;
}

static void test_sums(void)
{
    struct example e = example(0, 2000), again = example(0, 2000);
    struct cost total;
    struct model_block loop;
    model_total(e.p.model, &total);
    ok(model_ticks(e.p.model) > 0 && sum_of_blocks(e.p.model) == model_ticks(e.p.model),
       "all blocks' components sum to the total, to the tick");
    is_near(cost_cycles(&total), (double)model_ticks(e.p.model) / MODEL_TICKS, 1e-6 * cost_cycles(&total),
            "so does the stack in cycles");
    ok(total.instructions == 2000 * (10 * 5 + 1 + 2 + 1), "instructions are those of the exits taken");
    ok(total.counts[M_COND_BRANCHES] == 20000 && total.counts[M_TAKEN_BRANCHES] == 2000 * (9 + 3),
       "branches and taken branches too");
    ok(total.counts[M_CALLS] == 2000 && total.counts[M_RETURNS] == 2000 && total.counts[M_LOADS] == 40000,
       "calls, returns, loads too");
    model_block(e.p.model, e.loop, &loop, NULL);
    ok(loop.executed == 20000 && loop.taken == 18000 && loop.map && strcmp(loop.map->path, "/bin/example") == 0,
       "a block knows how often it ran, was left by its branch, and where it lay");
    ok(model_ticks(e.p.model) == model_ticks(again.p.model), "the same stream gives the same ticks");
    program_free(&e.p);
    program_free(&again.p);
}

static void name_function(void *context, const struct sim_map *map, uint64_t address, struct sim_symbol *symbol)
{
    (void)context;
    if (!map)
        return;
    *symbol = address < COLD
                  ? (struct sim_symbol){ .name = "main", .address = MAIN, .size = 64 }
                  : (struct sim_symbol){ .name = "rare.cold", .address = COLD, .size = 16, .text = SIM_TEXT_COLD };
}

static void name_object(void *context, const struct sim_map *map, uint64_t address, enum object_class class,
                        struct sim_symbol *symbol)
{
    (void)context;
    (void)address;
    if (class == OBJECT_PLAIN && map && map->kind == STREAM_MAP_BRK)
        *symbol = (struct sim_symbol){ .name = "table" };
}

static const struct cost_item *item(const struct cost_item *items, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(items[i].name, name) == 0)
            return &items[i];
    return NULL;
}

static void test_names(void)
{
    struct example e = example(0, 2000);
    struct sim_names names = { .function = name_function, .object = name_object };
    struct cost_profile *named = model_costs(e.p.model, e.p.arena, &names),
                        *plain = model_costs(e.p.model, e.p.arena, NULL);
    const struct cost_item *main_item = item(named->functions, named->function_count, "main");
    const struct cost_item *cold = item(named->functions, named->function_count, "rare.cold");
    ok(named->function_count == 2 && main_item && cold && main_item == &named->functions[0],
       "functions by name, most cycles first");
    ok(main_item && strcmp(main_item->module, "example") == 0, "with the module they lie in");
    double functions = 0, objects = 0, data = 0, misses = 0;
    for (size_t i = 0; i < named->function_count; i++)
        functions += cost_cycles(&named->functions[i].cost);
    is_near(functions, cost_cycles(&named->total), 1e-6 * functions, "functions sum to the total");
    for (size_t i = 0; i < named->object_count; i++) {
        objects += cost_cycles(&named->objects[i].cost);
        misses += named->objects[i].cost.counts[M_L1D_MISSES];
    }
    for (int c = 0; c < COMPONENT_COUNT; c++)
        data += component_table[c].share == SHARE_DATA ? named->total.cycles[c] : 0;
    ok(data > 0, "the table walk costs data-side cycles");
    is_near(objects, data, 1e-6 * data, "objects sum to the data side of the total");
    ok(misses == named->total.counts[M_L1D_MISSES], "and their misses to its misses");
    const struct cost_item *table = item(named->objects, named->object_count, "table");
    const struct cost_item *stack = item(named->objects, named->object_count, "[stack of main]");
    ok(table && table == &named->objects[0] && stack && stack->cost.counts[M_L1D_MISSES] < 10,
       "the table misses, main's stack does not");
    is_near(named->cold_share, 2.0 / 54, 1e-9, "the executed share of cold code");
    is_near(named->taken_share, 0.9, 1e-9, "the taken share of conditional branches");
    ok(plain->function_count == 1 && strcmp(plain->functions[0].name, "example") == 0 &&
           item(plain->objects, plain->object_count, "[heap]"), "without names the mappings name everything");
    program_free(&e.p);
}

static void test_knockout(void)
{
    struct example whole = example(0, 1000), data = example(model_group(SHARE_DATA), 1000),
                   hint = example(model_group(SHARE_HINT), 1000);
    struct cost without;
    model_total(data.p.model, &without);
    bool gone = without.counts[M_L1D_MISSES] == 0 && without.counts[M_DTLB_MISSES] == 0;
    for (int c = 0; c < COMPONENT_COUNT; c++)
        gone = gone && (component_table[c].share != SHARE_DATA || without.cycles[c] == 0);
    ok(gone && model_ticks(data.p.model) < model_ticks(whole.p.model),
       "with a perfect data side it costs nothing and the program runs faster");
    ok(model_ticks(hint.p.model) <= model_ticks(whole.p.model), "perfect prediction slows nothing");
    ok(model_group(SHARE_WORK) == 0 && (model_group(SHARE_LAYOUT) & model_group(SHARE_HINT)) == 0,
       "groups do not overlap, and work has none");

    struct model *models[8];
    struct arena *arenas[8];
    knockout_create(profile_at(0), models);
    for (int i = 0; i < 8; i++) {
        struct example e = { .p = { .model = models[i], .arena = arena_new() }, .rounds = 500 };
        arenas[i] = e.p.arena;
        map_example(&e.p);
        describe_example(&e);
        run_example(&e);
    }
    struct knockout k = knockout_of(models);
    is_near(k.shapley[0] + k.shapley[1] + k.shapley[2], k.cycles[0] - k.cycles[7], 1e-6 * k.cycles[0],
            "Shapley's values sum to what perfection is worth");
    ok(k.shapley[2] > k.shapley[0] && k.shapley[2] > k.shapley[1], "and the data side is worth most here");
    for (int i = 0; i < 8; i++) {
        model_free(models[i]);
        arena_free(arenas[i]);
    }
    program_free(&whole.p);
    program_free(&data.p);
    program_free(&hint.p);
}

static void test_sampling(void)
{
    struct example full = example(0, 20000), part = { .p = program_on("zen3", 0), .rounds = 20000 };
    model_sample(part.p.model, &(struct model_sample){ .first_blocks = 8000, .detail_blocks = 1000, .warm_blocks = 7000 });
    ok(!model_sampled(part.p.model), "a model does not sample before its first stretch is over");
    map_example(&part.p);
    describe_example(&part);
    run_example(&part);
    struct cost whole, sampled;
    model_total(full.p.model, &whole);
    model_total(part.p.model, &sampled);
    is_near(cost_cycles(&sampled), cost_cycles(&whole), 0.05 * cost_cycles(&whole),
            "an eighth in detail estimates the cycles");
    ok(model_sampled(part.p.model) && !model_sampled(full.p.model), "and says that it does");
    ok(sampled.instructions == whole.instructions && sampled.counts[M_BRANCHES] == whole.counts[M_BRANCHES],
       "and counts what ran exactly");
    static const enum metric misses[] = { M_L1D_MISSES,  M_L2D_MISSES, M_DTLB_MISSES,
                                          M_COND_MISSES, M_L1I_MISSES, M_BTB_MISSES };
    bool same = true;
    for (size_t i = 0; i < sizeof misses / sizeof misses[0]; i++)
        same = same && fabs(sampled.counts[misses[i]] - whole.counts[misses[i]]) <= 0.001 * whole.counts[misses[i]];
    ok(same, "misses too");
    ok(sum_of_blocks(part.p.model) == model_ticks(part.p.model), "its parts sum to its total");
    struct cost_profile *costs = model_costs(part.p.model, part.p.arena, NULL);
    double objects = 0, data = 0;
    for (size_t i = 0; i < costs->object_count; i++)
        objects += cost_cycles(&costs->objects[i].cost);
    for (int c = 0; c < COMPONENT_COUNT; c++)
        data += component_table[c].share == SHARE_DATA ? costs->total.cycles[c] : 0;
    is_near(objects, data, 1e-6 * data, "and its objects to its data side");
    program_free(&full.p);
    program_free(&part.p);
}

/* The same loop through the stream writer, a file and the reader. */
static void test_stream(void)
{
    char path[] = "/tmp/sim_model_XXXXXX";
    close(mkstemp(path));
    struct err err = ERR_INIT;
    struct example direct = example(0, 300);
    struct stream_writer *writer = stream_writer_file(path, &err);
    struct stream_event map = {
        .type = STREAM_EVENT_MAP,
        .map = { .address = MAIN, .bytes = 0x100000, .kind = STREAM_MAP_FILE, .path = "/bin/example" }
    };
    stream_write_start(writer, "source=test\n");
    stream_write_event(writer, &map);
    for (uint32_t i = 0; i < model_block_count(direct.p.model); i++) {
        struct model_block known;
        model_block(direct.p.model, i, &known, NULL);
        stream_write_block(writer, known.block);
    }
    for (unsigned i = 0; i < 300; i++) {
        for (unsigned k = 0; k < 10; k++) {
            uint64_t slots[2] = { TABLE + (i * 10 + k) * 4160ull % 0x1ff000, STACK + 0x800 };
            stream_write_run(writer, direct.loop, k < 9, slots, 0);
        }
        stream_write_run(writer, direct.call, 0, NULL, 0);
        stream_write_run(writer, direct.cold, 0, NULL, MAIN + 17 + 5);
        stream_write_run(writer, direct.jump, 0, NULL, 0);
    }
    ok(stream_writer_close(writer, 0, 0, &err), "a stream is written");
    struct stream *stream = stream_open(path, &err);
    struct model *models[2] = { model_create(profile_at(0), 0), model_create(profile_at(2), 0) };
    ok(stream && model_consume(stream, models, 2, &err), "and feeds two models at once");
    ok(model_ticks(models[0]) == model_ticks(direct.p.model), "with the ticks of the program modelled directly");
    ok(model_ticks(models[1]) != model_ticks(models[0]) && strcmp(model_profile(models[1])->name, "skylake-sp") == 0,
       "and another processor's for the other profile");
    model_free(models[0]);
    model_free(models[1]);
    stream_close(stream);
    program_free(&direct.p);
    unlink(path);
}

int main(void)
{
    test_sums();
    test_names();
    test_knockout();
    test_sampling();
    test_stream();
    return done_testing();
}
