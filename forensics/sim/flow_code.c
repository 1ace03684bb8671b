#include "sim/flow_code.h"

#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "sim/state.h"

#ifdef __x86_64__

/* ---- memory for code ---- */

enum { PIECE = 1 << 20, NODE_BYTES = 128 /* at most, of one node */, FRAME_BYTES = 128 };

struct code_space {
    struct piece {
        uint8_t *write;  /* the same memory twice */
        uint8_t *execute;
        struct piece *next;
    } *pieces;           /* the newest first */
    size_t used;         /* bytes of the newest */
};

/* Memory of two addresses, one to write and one to execute; false: there is none. */
static bool map_twice(struct piece *piece)
{
    int fd = memfd_create("flow", MFD_CLOEXEC);
    bool grown = fd >= 0 && ftruncate(fd, PIECE) == 0;
    piece->write = grown ? mmap(NULL, PIECE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) : MAP_FAILED;
    piece->execute = grown ? mmap(NULL, PIECE, PROT_READ | PROT_EXEC, MAP_SHARED, fd, 0) : MAP_FAILED;
    if (fd >= 0)
        close(fd);
    if (piece->write != MAP_FAILED && piece->execute != MAP_FAILED)
        return true;
    if (piece->write != MAP_FAILED)
        munmap(piece->write, PIECE);
    if (piece->execute != MAP_FAILED)
        munmap(piece->execute, PIECE);
    return false;
}

static bool add_piece(struct code_space *space)
{
    struct piece *piece = malloc(sizeof *piece);
    if (!piece || !map_twice(piece)) {
        free(piece);
        return false;
    }
    piece->next = space->pieces;
    space->pieces = piece;
    space->used = 0;
    return true;
}

struct code_space *code_space_new(void)
{
    struct code_space *space = calloc(1, sizeof *space);
    if (space && add_piece(space))
        return space;
    free(space);
    return NULL;
}

void code_space_free(struct code_space *space)
{
    while (space && space->pieces) {
        struct piece *piece = space->pieces;
        space->pieces = piece->next;
        munmap(piece->write, PIECE);
        munmap(piece->execute, PIECE);
        free(piece);
    }
    free(space);
}

/* ---- instructions ---- */

enum reg { RAX, RCX, RDX, RBX, RSP, RBP, RSI, RDI, R8, R9, R10, R11, R12, R13, R14, R15 };

/* A block's code while it is made. Registers hold times across calls only where there are calls. */
struct coder {
    uint8_t *at;
    const struct flow *flow;
    const struct flow_offsets *model;
    enum reg middle, now, done; /* the middle of the model's ready times, the execution's two ticks */
    enum reg slots;             /* only with calls */
    uint8_t held;                    /* the place whose time rax holds; FLOW_NONE: none */
    int32_t floor[FLOW_SLOTS];       /* no place is ready before now + floor; NEVER: nothing known */
    int32_t constant[FLOW_SLOTS];    /* and these are ready just then; NEVER: not known beforehand */
    int32_t done_floor;              /* what is done at a tick known beforehand is done by now + this */
};

enum { NEVER = -1 };

static void byte(struct coder *c, unsigned value)
{
    *c->at++ = (uint8_t)value;
}

static void word(struct coder *c, const void *value, size_t bytes)
{
    memcpy(c->at, value, bytes);
    c->at += bytes;
}

/* One 64-bit instruction of `opcode` (two bytes when it begins with 0x0f) on two registers. */
static void on_registers(struct coder *c, unsigned opcode, enum reg reg, enum reg other)
{
    byte(c, 0x48u | (reg > 7) << 2 | (other > 7));
    if (opcode > 0xff)
        byte(c, opcode >> 8);
    byte(c, opcode);
    byte(c, 0xc0u | (reg & 7u) << 3 | (other & 7u));
}

/* And on a register and memory at base + displacement. */
static void on_memory(struct coder *c, unsigned opcode, enum reg reg, enum reg base, int32_t displacement)
{
    bool near = displacement >= -128 && displacement < 128;
    byte(c, 0x48u | (reg > 7) << 2 | (base > 7));
    if (opcode > 0xff)
        byte(c, opcode >> 8);
    byte(c, opcode);
    byte(c, (near ? 0x40u : 0x80u) | (reg & 7u) << 3 | (base & 7u));
    if ((base & 7) == RSP)
        byte(c, 0x24);
    word(c, &displacement, near ? 1 : 4);
}

enum { LOAD = 0x8b, STORE = 0x89, ADDRESS = 0x8d, COMPARE = 0x3b, IF_BELOW = 0x0f42, ADD = 0x03 };

static void constant_into(struct coder *c, enum reg reg, uint64_t value)
{
    byte(c, 0x48u | (reg > 7));
    byte(c, 0xb8u | (reg & 7u));
    word(c, &value, 8);
}

static void move(struct coder *c, enum reg to, enum reg from)
{
    on_registers(c, LOAD, to, from);
}

/* to = later(to, from) */
static void raise(struct coder *c, enum reg to, enum reg from)
{
    on_registers(c, COMPARE, to, from);
    on_registers(c, IF_BELOW, to, from);
}

/* to = later(to, now + ticks); rcx is lost */
static void raise_to(struct coder *c, enum reg to, int32_t ticks)
{
    on_memory(c, ADDRESS, RCX, c->now, ticks);
    raise(c, to, RCX);
}

static void push(struct coder *c, enum reg reg)
{
    if (reg > 7)
        byte(c, 0x41);
    byte(c, 0x50u | (reg & 7u));
}

static void pop(struct coder *c, enum reg reg)
{
    if (reg > 7)
        byte(c, 0x41);
    byte(c, 0x58u | (reg & 7u));
}

/* A place's time, from the middle of the places that are used most: near displacements are short. */
enum { MIDDLE = 16 };

static int32_t time_of(uint8_t place)
{
    return 8 * ((int32_t)place - MIDDLE);
}

/* And that middle, bytes from the model's start. */
static int32_t middle_of(const struct flow_offsets *model)
{
    return (int32_t)model->ready - time_of(0);
}

/* Calls what the model holds at `pointer`, bytes from its start. */
static void call(struct coder *c, uint32_t pointer)
{
    int32_t displacement = (int32_t)pointer - middle_of(c->model);
    byte(c, 0xff);
    byte(c, 0x90u | (c->middle & 7u));
    word(c, &displacement, 4);
}

/* ---- nodes ---- */

static int32_t higher(int32_t a, int32_t b)
{
    return a > b ? a : b;
}

/* Whether rax holds more than a constant after input(): a place's time that only the execution knows. */
static bool varies(const struct coder *c, uint8_t place)
{
    return place != FLOW_NONE && c->constant[place] == NEVER;
}

/* rax = the tick at which the node's inputs are there, without the node's latency, or, when that is known beforehand,
 * nothing, and the answer is how long after now; else NEVER. */
static int32_t input(struct coder *c, const struct flow_node *n)
{
    uint8_t a = n->a, b = n->b;
    int32_t least = higher(n->after, higher(c->constant[a], c->constant[b]));
    if (!varies(c, a) || (varies(c, b) && b == c->held)) {
        a = n->b;
        b = n->a;
    }
    if (!varies(c, a))
        return least;
    if (a != c->held)
        on_memory(c, LOAD, RAX, c->middle, time_of(a));
    if (varies(c, b) && b != a) {
        on_memory(c, COMPARE, RAX, c->middle, time_of(b));
        on_memory(c, IF_BELOW, RAX, c->middle, time_of(b));
    }
    if (higher(c->floor[a], varies(c, b) ? c->floor[b] : NEVER) < least)
        raise_to(c, RAX, least);
    return NEVER;
}

/* The least of the node's inputs' ticks, for what comes behind it. */
static int32_t floor_of(const struct coder *c, const struct flow_node *n)
{
    return higher(n->after, higher(c->floor[n->a], c->floor[n->b]));
}

/* Whether some later node waits for this one's result, so that it is done no later than that. */
static bool is_awaited(const struct coder *c, const struct flow_node *n)
{
    for (const struct flow_node *next = n + 1; next < c->flow->nodes + c->flow->count; next++) {
        if (next->a == n->to || next->b == n->to || (next->kind == FLOW_STORE && next->data == n->to))
            return true;
        if ((next->kind == FLOW_OP || next->kind == FLOW_LOAD) && next->to == n->to)
            return false;
    }
    return false;
}

/* rax is the time of `place` from here on. */
static void keep(struct coder *c, uint8_t place, int32_t floor)
{
    on_memory(c, STORE, RAX, c->middle, time_of(place));
    c->held = place;
    c->floor[place] = floor;
    c->constant[place] = NEVER;
}

/* The result of an operation, or a branch's decision. */
static void make_operation(struct coder *c, const struct flow_node *n, bool branch)
{
    int32_t known = input(c, n), floor = floor_of(c, n) + n->latency;
    if (known != NEVER)
        on_memory(c, ADDRESS, RAX, c->now, known + n->latency);
    else if (n->latency)
        on_memory(c, ADDRESS, RAX, RAX, n->latency);
    if (branch) {
        on_memory(c, STORE, RAX, RSP, 0);
        c->held = FLOW_NONE;
    } else {
        keep(c, n->to, floor);
    }
    if (known != NEVER) {
        c->done_floor = higher(c->done_floor, known + n->latency);
        if (!branch)
            c->constant[n->to] = known + n->latency;
    } else if (branch || !is_awaited(c, n)) {
        raise(c, c->done, RAX);
    }
}

/* rdi, rsi, rdx, rcx of a call: the model, the reference, its address, the tick at which that is known. */
static void make_arguments(struct coder *c, const struct flow_node *n, const struct data_ref *refs)
{
    const struct data_ref *ref = &refs[n->ref];
    int32_t known = input(c, n), near = (int32_t)ref->displacement;
    if (ref->slot < 0) {
        constant_into(c, RDX, (uint64_t)ref->displacement);
    } else {
        on_memory(c, LOAD, RDX, c->slots, 8 * ref->slot);
        if (near != ref->displacement) {
            constant_into(c, RCX, (uint64_t)ref->displacement);
            on_registers(c, ADD, RDX, RCX);
        } else if (near) {
            on_memory(c, ADDRESS, RDX, RDX, near);
        }
    }
    if (known != NEVER)
        on_memory(c, ADDRESS, RCX, c->now, known);
    else
        move(c, RCX, RAX);
    constant_into(c, RSI, (uint64_t)(uintptr_t)ref);
    on_memory(c, ADDRESS, RDI, c->middle, -middle_of(c->model));
}

static void make_load(struct coder *c, const struct flow_node *n, const struct data_ref *refs)
{
    int32_t floor = floor_of(c, n); /* a forwarded value may be there at once */
    make_arguments(c, n, refs);
    call(c, refs[n->ref].size > 8 ? c->model->load_wide : c->model->load);
    keep(c, n->to, floor);
    if (!is_awaited(c, n))
        raise(c, c->done, RAX);
}

/* It is done when its data is there, and its latency after its address. */
static void make_store(struct coder *c, const struct flow_node *n, const struct data_ref *refs)
{
    make_arguments(c, n, refs);
    on_memory(c, ADDRESS, RAX, RCX, n->latency);
    raise(c, c->done, RAX);
    on_memory(c, LOAD, R8, c->middle, time_of(n->data));
    if (n->data != FLOW_NONE)
        raise(c, c->done, R8);
    call(c, c->model->store);
    c->held = FLOW_NONE;
    c->floor[FLOW_STORES] = c->constant[FLOW_STORES] = NEVER;
}

static void make_node(struct coder *c, const struct flow_node *n, const struct data_ref *refs)
{
    switch ((enum flow_kind)n->kind) {
    case FLOW_OP: make_operation(c, n, false); break;
    case FLOW_BRANCH: make_operation(c, n, true); break;
    case FLOW_LOAD: make_load(c, n, refs); break;
    case FLOW_STORE: make_store(c, n, refs); break;
    }
}

/* ---- a block ---- */

static const enum reg kept[] = { RBX, R12, R13, R14 }; /* with the one more pushed behind them, what calls want of the stack */
enum { KEPT = sizeof kept / sizeof kept[0] };

static bool calls(const struct flow *flow)
{
    for (unsigned i = 0; i < flow->count; i++)
        if (flow->nodes[i].kind == FLOW_LOAD || flow->nodes[i].kind == FLOW_STORE)
            return true;
    return false;
}

/* rdi, rsi, rdx and rcx come in: the model, the slots, now, and the least that can be done. */
static void begin(struct coder *c, bool calling)
{
    for (unsigned i = 0; calling && i < KEPT; i++)
        push(c, kept[i]);
    if (calling) {
        c->middle = RBX, c->now = R12, c->done = R13, c->slots = R14;
        move(c, R12, RDX);
        move(c, R13, RCX);
        move(c, R14, RSI);
    } else {
        c->middle = R10, c->now = R8, c->done = R9;
        move(c, R8, RDX);
        move(c, R9, RCX);
    }
    on_memory(c, ADDRESS, c->middle, RDI, middle_of(c->model));
    push(c, RCX); /* [rsp]: when the branch is decided */
}

/* rax: done; rdx: resolved. */
static void end(struct coder *c, bool calling)
{
    if (c->done_floor > 0)
        raise_to(c, c->done, c->done_floor);
    move(c, RAX, c->done);
    pop(c, RDX);
    for (unsigned i = KEPT; calling && i-- > 0;)
        pop(c, kept[i]);
    byte(c, 0xc3);
}

flow_code *flow_compile(struct code_space *space, const struct flow *flow, const struct data_ref *refs,
                        const struct flow_offsets *model)
{
    size_t most = FRAME_BYTES + (size_t)flow->count * NODE_BYTES;
    if (!space || most > PIECE || (space->used + most > PIECE && !add_piece(space)))
        return NULL;
    struct coder c = { .flow = flow, .model = model, .at = space->pieces->write + space->used, .done_floor = NEVER };
    uint8_t *start = c.at;
    for (int i = 0; i < FLOW_SLOTS; i++)
        c.floor[i] = c.constant[i] = NEVER;
    begin(&c, calls(flow));
    for (unsigned i = 0; i < flow->count; i++)
        make_node(&c, &flow->nodes[i], refs);
    end(&c, calls(flow));
    assert((size_t)(c.at - start) <= most);
    flow_code *code = (flow_code *)(uintptr_t)(space->pieces->execute + space->used);
    space->used = (space->used + (size_t)(c.at - start) + 15) & ~(size_t)15;
    return code;
}

#else /* another architecture: interpreted */

struct code_space *code_space_new(void)
{
    return NULL;
}

void code_space_free(struct code_space *space)
{
    (void)space;
}

flow_code *flow_compile(struct code_space *space, const struct flow *flow, const struct data_ref *refs,
                        const struct flow_offsets *model)
{
    (void)space, (void)flow, (void)refs, (void)model;
    return NULL;
}

#endif
