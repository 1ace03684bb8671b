#include "elf/measure.h"

#include "elf/sections.h"

#include <string.h>

enum { LINE = 64, WINDOW = 32, OPS_PER_LINE = 6, JUMPS_PER_LINE = 2 };

const char *const mix_name[MIX_COUNT] = {
    [INSN_INTEGER] = "integer operations",
    [INSN_MOVE] = "moves",
    [INSN_MULTIPLY] = "multiplications",
    [INSN_DIVISION] = "divisions and roots",
    [INSN_FLOAT] = "scalar floating-point operations",
    [INSN_VECTOR] = "vector operations",
    [INSN_STRING] = "string operations",
    [INSN_ATOMIC] = "atomic operations",
    [INSN_BRANCH] = "branches",
    [INSN_SELECT] = "conditional moves and sets",
    [INSN_CALL] = "calls and returns",
    [INSN_OTHER] = "other instructions",
    [MIX_LOADS] = "loads",
    [MIX_STORES] = "stores",
};

static bool is_jump(const struct insn *i)
{
    return i->flow != FLOW_NEXT && i->flow != FLOW_STOP;
}

/* Whether [start, end) crosses a 32-byte boundary or its last byte is the last before one: Intel, "Mitigations for Jump
 * Conditional Code Erratum", 2019. */
static bool at_boundary(uint64_t start, uint64_t end)
{
    return start / WINDOW != (end - 1) / WINDOW || end % WINDOW == 0;
}

static bool hits_erratum(const struct graph *g, size_t n)
{
    const struct insn *i = &g->insns[n];
    uint64_t start = i->address;
    if (!is_jump(i))
        return false;
    if (i->flow == FLOW_BRANCH && n > 0 && g->insns[n - 1].fuses &&
        g->insns[n - 1].address + g->insns[n - 1].length == start)
        start = g->insns[n - 1].address;
    return at_boundary(start, i->address + i->length);
}

static void count_grid(const struct graph *g, struct measure *m)
{
    uint64_t line = UINT64_MAX, jumps = 0;
    for (size_t n = 0; n < g->cold_first; n++) {
        const struct insn *i = &g->insns[n];
        m->jcc += hits_erratum(g, n);
        if (!is_jump(i))
            continue;
        jumps = i->address / LINE == line ? jumps + 1 : 1;
        line = i->address / LINE;
        m->dense += jumps == JUMPS_PER_LINE + 1;
    }
    m->lines = (g->function->address + g->bytes - 1) / LINE - g->function->address / LINE + 1;
}

static bool through_got(const struct graph *g, const struct insn *i)
{
    bool indirect = i->flow == FLOW_CALL_INDIRECT || i->flow == FLOW_JUMP_INDIRECT;
    return indirect && i->rip_relative && scene_slot_name(g->scene, i->reference);
}

static bool through_plt(const struct graph *g, const struct insn *i)
{
    int section = i->target_size && i->flow != FLOW_BRANCH ? section_at(g->scene->inv, i->target) : -1;
    return section >= 0 && g->scene->inv->sections[section].use == USE_PLT;
}

/* A general-dynamic access takes the address of its slot and calls __tls_get_addr, or the descriptor's function. */
static void count_tls(const struct graph *g, const struct insn *i, struct measure *m)
{
    const struct scene *s = g->scene;
    const struct slot *slot = i->rip_relative ? slot_at(s->slots, s->slot_count, i->reference) : NULL;
    m->tls_slot += slot && slot->use == SLOT_TLS_OFFSET && i->loads;
    m->tls_dynamic += slot && slot->use == SLOT_TLS_CALL && !i->loads;
    m->tls_local += i->fs && i->disp_size == 4 && (int64_t)i->reference < 0;
}

static void count_insn(const struct graph *g, const struct insn *i, bool through_rbp, struct measure *m)
{
    bool counts = !i->nop && !i->endbr;
    m->insns += counts;
    m->mix[i->class] += counts;
    m->mix[MIX_LOADS] += counts && i->loads;
    m->mix[MIX_STORES] += counts && i->stores;
    m->calls += i->flow == FLOW_CALL;
    m->indirect += i->flow == FLOW_CALL_INDIRECT || i->flow == FLOW_JUMP_INDIRECT;
    m->plt += through_plt(g, i);
    m->got += through_got(g, i);
    m->spills += (i->rsp_base || (i->rbp_base && through_rbp)) && i->access && (i->loads || i->stores);
    if (i->flow == FLOW_CALL || i->flow == FLOW_CALL_INDIRECT) {
        const char *callee = i->flow == FLOW_CALL ? scene_callee(g->scene, i->target)
                             : i->rip_relative    ? scene_slot_name(g->scene, i->reference)
                                                  : NULL;
        m->tls_calls += callee && strcmp(callee, "__tls_get_addr") == 0;
    }
    count_tls(g, i, m);
}

struct measure measure_graph(const struct graph *graph)
{
    struct measure m = { 0 };
    bool through_rbp = false;
    const struct frame *frame = frame_at(graph->scene->frames, graph->function->address);
    m.frame = frame ? frame_bytes(frame, &through_rbp) : 0;
    for (size_t n = 0; n < graph->insn_count; n++) {
        count_insn(graph, &graph->insns[n], through_rbp, &m);
        if (through_rbp && graph->insns[n].grows > 0)
            m.frame += (uint64_t)graph->insns[n].grows;
    }
    for (size_t k = 0; k < graph->block_count; k++)
        m.blocks += graph->blocks[k].reached;
    m.loops = graph->loop_count;
    count_grid(graph, &m);
    return m;
}

uint64_t measure_op_lines(const struct graph *graph, const struct loop *loop)
{
    uint64_t lines = 0, window = UINT64_MAX, ops = 0;
    for (size_t n = loop->first_insn; n <= loop->last_insn; n++) {
        const struct insn *i = &graph->insns[n];
        if (i->address / WINDOW != window) {
            lines += (ops + OPS_PER_LINE - 1) / OPS_PER_LINE;
            window = i->address / WINDOW;
            ops = 0;
        }
        ops++;
    }
    return lines + (ops + OPS_PER_LINE - 1) / OPS_PER_LINE;
}
