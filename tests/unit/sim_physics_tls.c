/* Thread-local data by a call of __tls_get_addr through the PLT (general-dynamic) and by its offset from the thread
 * pointer (initial-exec): what must move moves, and the executed shares of stubs and helpers are told by names. */
#include "sim_program.h"
#include "tap.h"

enum { MAIN = 0x400000, STUB = 0x401000, HELPER = 0x402000, GOT = 0x600000, BLOCK = 0x7f0000, ROUNDS = 20000 };

/* Instructions a round, by where they lie. */
enum { GENERAL_MAIN = 6, GENERAL_STUB = 1, GENERAL_HELPER = 4, GENERAL = GENERAL_MAIN + GENERAL_STUB + GENERAL_HELPER };

static void load_absolute(struct draft *d, const char *code, uint8_t length, enum stream_insn_kind kind)
{
    insn(d, kind, code, length);
    refers(d, STREAM_FROM_COMPUTED, 0, 8, STREAM_REF_LOAD);
}

static void map_all(struct program *p)
{
    struct stream_event event = {
        .type = STREAM_EVENT_MAP,
        .map = { .address = MAIN, .bytes = 0x400000, .kind = STREAM_MAP_FILE, .path = "/bin/x" }
    };
    model_event(p->model, &event);
}

/* Adds a thread-local value up: its offset from the global offset table, then the value itself. */
static struct program initial_exec(void)
{
    struct program p = program_on("zen3", 0);
    struct draft loop = draft_at(MAIN);
    map_all(&p);
    load_absolute(&loop, "\x48\x8b\x05\x00\x00\x00\x00", 7, STREAM_INSN_MOVE); /* mov x@gottpoff(%rip),%rax */
    insn(&loop, STREAM_INSN_ALU, "\x64\x48\x03\x18", 4);                       /* add %fs:(%rax),%rbx */
    refers(&loop, STREAM_FROM_FS, 0, 8, STREAM_REF_LOAD);
    TEST_ESI(&loop);
    JNE(&loop);
    uint32_t id = describe(&p, &loop, STREAM_COND, MAIN);
    for (unsigned i = 0; i < ROUNDS; i++)
        run(&p, id, 1, (uint64_t[]){ GOT, BLOCK }, 2, 0);
    return p;
}

/* The same sum, its address from a helper that looks the module up in the thread's vector. */
static struct program general_dynamic(void)
{
    struct program p = program_on("zen3", 0);
    struct draft ask = draft_at(MAIN), stub = draft_at(STUB), helper = draft_at(HELPER), add = draft_at(0);
    map_all(&p);
    insn(&ask, STREAM_INSN_ALU, "\x48\x8d\x3d\x00\x00\x00\x00", 7); /* lea x@tlsgd(%rip),%rdi */
    CALL(&ask);
    load_absolute(&stub, "\xff\x25\x00\x00\x00\x00", 6, STREAM_INSN_BRANCH);         /* jmp *GOT(%rip) */
    insn(&helper, STREAM_INSN_MOVE, "\x64\x48\x8b\x14\x25\x08\x00\x00\x00", 9);     /* mov %fs:8,%rdx */
    refers(&helper, STREAM_FROM_FS, 0, 8, STREAM_REF_LOAD);
    insn(&helper, STREAM_INSN_MOVE, "\x48\x8b\x02", 3);                              /* mov (%rdx),%rax */
    refers(&helper, STREAM_FROM_RDX, 0, 8, STREAM_REF_LOAD);
    insn(&helper, STREAM_INSN_ALU, "\x48\x83\xc0\x10", 4);                           /* add $16,%rax */
    RET(&helper);
    add.address = MAIN + ask.bytes;
    insn(&add, STREAM_INSN_ALU, "\x48\x03\x18", 3); /* add (%rax),%rbx */
    refers(&add, STREAM_FROM_RAX, 0, 8, STREAM_REF_LOAD);
    LEA_EDX_RBX(&add);
    TEST_ESI(&add);
    JNE(&add);
    uint32_t ids[] = { describe(&p, &ask, STREAM_CALL, STUB), describe(&p, &stub, STREAM_JUMP_INDIRECT, 0),
                       describe(&p, &helper, STREAM_RETURN, 0), describe(&p, &add, STREAM_COND, MAIN) };
    for (unsigned i = 0; i < ROUNDS; i++) {
        run(&p, ids[0], 0, NULL, 0, 0);
        run(&p, ids[1], 0, (uint64_t[]){ GOT }, 1, HELPER);
        run(&p, ids[2], 0, (uint64_t[]){ BLOCK + 8, BLOCK + 64 }, 2, add.address);
        run(&p, ids[3], 1, (uint64_t[]){ BLOCK }, 1, 0);
    }
    return p;
}

static void name_function(void *context, const struct sim_map *map, uint64_t address, struct sim_symbol *symbol)
{
    (void)context;
    (void)map;
    symbol->name = address < STUB ? "main" : address < HELPER ? "__tls_get_addr@plt" : "__tls_get_addr";
    symbol->text = address < STUB ? SIM_TEXT_PLAIN : address < HELPER ? SIM_TEXT_PLT : SIM_TEXT_TLS_HELPER;
}

static void name_plain(void *context, const struct sim_map *map, uint64_t address, struct sim_symbol *symbol)
{
    name_function(context, map, address, symbol);
    symbol->text = SIM_TEXT_PLAIN;
}

/* What may move: the front end's way through more jumps and lines, and the longer chain; nothing of the data side. */
static bool only_expected(const struct cost *a, const struct cost *b)
{
    double most = cost_cycles(a) > cost_cycles(b) ? cost_cycles(a) : cost_cycles(b);
    bool good = true;
    for (int c = 0; c < COMPONENT_COUNT; c++) {
        if (c == COMPONENT_BASE || c == COMPONENT_DEPENDENCE || c == COMPONENT_TAKEN || c == COMPONENT_OPCACHE)
            continue;
        if (fabs(a->cycles[c] - b->cycles[c]) > 0.02 * most) {
            diag("%s moved: %.0f against %.0f of %.0f cycles", component_table[c].name, a->cycles[c], b->cycles[c],
                 most);
            good = false;
        }
    }
    return good;
}

int main(void)
{
    struct program general = general_dynamic(), exec = initial_exec();
    struct sim_names names = { .function = name_function }, plain = { .function = name_plain };
    struct cost_profile *called = model_costs(general.model, general.arena, &names),
                        *direct = model_costs(exec.model, exec.arena, &names),
                        *nameless = model_costs(general.model, general.arena, &plain);
    const struct cost *slow = &called->total, *fast = &direct->total;
    ok(slow->instructions == GENERAL * ROUNDS && fast->instructions == 4 * ROUNDS, "the helper's instructions count");
    ok(cost_cycles(slow) > 2 * cost_cycles(fast), "general-dynamic takes far longer (%.1f against %.1f cycles)",
       cost_cycles(slow) / ROUNDS, cost_cycles(fast) / ROUNDS);
    ok(only_expected(slow, fast), "in its instructions, jumps and windows, and in no cache, TLB or predictor");
    ok(slow->counts[M_CALLS] == ROUNDS && slow->counts[M_RETURNS] == ROUNDS && fast->counts[M_CALLS] == 0,
       "by a call and a return a round");
    ok(slow->counts[M_INDIRECT_BRANCHES] == ROUNDS && slow->counts[M_INDIRECT_MISSES] <= 2 &&
           slow->counts[M_RETURN_MISSES] <= 2, "and the stub's jump, all predicted");
    is_near(called->tls_helper_share, (double)GENERAL_HELPER / GENERAL, 1e-9, "the executed share of the helper");
    is_near(called->plt_share, (double)GENERAL_STUB / GENERAL, 1e-9, "and of the stub");
    ok(direct->tls_helper_share == 0 && direct->plt_share == 0, "initial-exec has neither");
    ok(nameless->tls_helper_share == 0 && nameless->plt_share == 0 && nameless->cold_share == 0 &&
           cost_cycles(&nameless->total) == cost_cycles(slow),
       "names alone make the shares: with plain ones there are none, and the cycles stay");
    program_free(&general);
    program_free(&exec);
    return done_testing();
}
