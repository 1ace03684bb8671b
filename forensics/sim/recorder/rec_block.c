/* Part of the recorder of layout_tax_forensics, a Valgrind tool.
 *
 * This program is free software; you can redistribute it and/or modify it under the terms of the GNU General Public
 * License as published by the Free Software Foundation; either version 2 of the License, or (at your option) any later
 * version. It is distributed in the hope that it will be useful, but WITHOUT ANY WARRANTY; without even the implied
 * warranty of MERCHANTABILITY or FITNESS FOR A PARTICULAR PURPOSE. See the GNU General Public License for more details:
 * <https://www.gnu.org/licenses/old-licenses/gpl-2.0.html>. SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "rec.h"

#include "libvex_guest_amd64.h"
#include "pub_tool_machine.h"

/* The instrumentation of one superblock, which is one basic block (rec_main.c turns chasing and unrolling off).
 *
 * Added code, for a block with two slots that ends in a conditional branch:
 *
 *     at = rec_cursor.at                                  first
 *     at[1] = base of the first group of references       where that base is known, so for each slot
 *     at[2] = ...
 *     at[0] = head ^ taken                                last, before the branch
 *     rec_cursor.at = at + 3
 *     if (at + 3 >= rec_cursor.limit) rec_chunk_full()    the only call, once in thousands of blocks
 *
 * Nothing is published before the last lines, so a fault inside the block leaves no trace of it. References off the
 * same base value share a slot; constant addresses need none. */

enum { INSNS_MAX = 128, REFS_MAX = 512, EXITS_MAX = 128, EXIT_END = 0, EXIT_TAKEN = 1, EXIT_EARLY = 2 };

/* What becomes the block's description, and the work list of one instrumentation; reset for each block. */
static struct plan {
    struct stream_block_wire wire;
    struct stream_insn insns[INSNS_MAX];
    struct stream_ref refs[REFS_MAX];
    struct stream_exit exits[EXITS_MAX];
    UChar origins[STREAM_SLOTS_MAX];
    IRConst *heads[EXITS_MAX]; /* head constants in the new code: exit numbers until the id is known */
    UInt n_heads;
    Addr last;                 /* address of the last instruction */
    IRTemp at;                 /* the write pointer in the new code */
    IRSB *in, *out;
} plan;

/* Every temporary is base[t] + offset[t]; origin[t] says which register a Get read. Sized for the largest block. */
static struct {
    IRTemp *base;
    Long *offset;
    UShort *slot; /* STREAM_NO_SLOT: none yet */
    UChar *origin;
    UInt room;
} temps;

static Bool register_written[18]; /* general registers, fs, gs: already overwritten in this block */
static UInt n_blocks;
static ULong refs_dropped;
static Addr undecoded; /* the last instruction that the engine could not read */

/* ---- descriptions, each known once ---- */

struct known {
    struct known *next;
    ULong hash;
    Addr address;
    UInt id;
};
enum { BUCKETS = 1 << 16 };
static struct known *buckets[BUCKETS];

UInt rec_blocks(void)
{
    return n_blocks;
}

Addr rec_undecoded(void)
{
    return undecoded;
}

ULong rec_refs_dropped(void)
{
    return refs_dropped;
}

static ULong hash_words(const ULong *words, SizeT n)
{
    ULong hash = 0xcbf29ce484222325ull;
    SizeT i;
    for (i = 0; i < n; i++) {
        hash = (hash ^ words[i]) * 0x9e3779b97f4a7c15ull;
        hash ^= hash >> 29;
    }
    return hash;
}

static HChar *append(HChar *at, const void *from, SizeT bytes)
{
    VG_(memcpy)(at, from, bytes);
    return at + bytes;
}

/* Lays the plan out as the payload of a BLOCK event; returns its bytes. */
static SizeT lay_out(ULong *into)
{
    const struct stream_block_wire *w = &plan.wire;
    HChar *at = (HChar *)into;
    at = append(at, w, sizeof *w);
    at = append(at, plan.insns, w->n_insns * sizeof plan.insns[0]);
    at = append(at, plan.refs, w->n_refs * sizeof plan.refs[0]);
    at = append(at, plan.exits, w->n_exits * sizeof plan.exits[0]);
    at = append(at, plan.origins, w->n_slots);
    while ((at - (HChar *)into) % 8)
        *at++ = 0;
    at = append(at, (const void *)(Addr)w->address, w->bytes);
    while ((at - (HChar *)into) % 8)
        *at++ = 0;
    return (SizeT)(at - (HChar *)into);
}

/* The id of the planned block; a description that was not there before is written to the stream. */
static UInt describe(void)
{
    static ULong payload[STREAM_EVENT_WORDS_MAX - 1];
    SizeT bytes = lay_out(payload);
    ULong hash = hash_words(payload, bytes / 8);
    struct known **bucket = &buckets[(hash >> 20) % BUCKETS], *k;
    for (k = *bucket; k; k = k->next) {
        if (k->hash == hash && k->address == plan.wire.address)
            return k->id;
    }
    k = VG_(malloc)("rec.known", sizeof *k);
    *k = (struct known){ *bucket, hash, plan.wire.address, n_blocks++ };
    *bucket = k;
    ((struct stream_block_wire *)payload)->id = k->id;
    VG_(memcpy)(rec_event(STREAM_EVENT_BLOCK, bytes), payload, bytes);
    return k->id;
}

/* ---- new code ---- */

static IRExpr *constant(ULong value)
{
    return IRExpr_Const(IRConst_U64(value));
}

static IRExpr *compute(IRType type, IRExpr *expression)
{
    IRTemp t = newIRTemp(plan.out->tyenv, type);
    addStmtToIRSB(plan.out, IRStmt_WrTmp(t, expression));
    return IRExpr_RdTmp(t);
}

static void put_word(UInt index, IRExpr *value)
{
    IRExpr *where = IRExpr_RdTmp(plan.at);
    if (index)
        where = compute(Ity_I64, IRExpr_Binop(Iop_Add64, where, constant(8ull * index)));
    addStmtToIRSB(plan.out, IRStmt_Store(Iend_LE, where, value));
}

/* A head constant for exit `number`; id and length follow in patch_heads. */
static IRConst *head_constant(UInt number)
{
    IRConst *c = IRConst_U64(number);
    tl_assert(plan.n_heads < EXITS_MAX);
    plan.heads[plan.n_heads++] = c;
    return c;
}

static UInt record_words(void)
{
    return 1u + plan.wire.n_slots + (stream_ending_has_next(plan.wire.ending) ? 1 : 0);
}

static void patch_heads(UInt id)
{
    UInt i;
    for (i = 0; i < plan.n_heads; i++)
        plan.heads[i]->Ico.U64 |= (ULong)id << 16 | record_words() << 8;
}

static IRDirty *call(const HChar *name, void *function, IRExpr **arguments, Int registers)
{
    return unsafeIRDirty_0_N(registers, name, VG_(fnptr_to_fnentry)(function), arguments);
}

/* Publishes the record whose head is `head`. */
static void publish(IRExpr *head, IRExpr *next)
{
    IRExpr *cursor = constant((Addr)&rec_cursor.at), *moved, *limit, *full;
    IRDirty *flush;
    put_word(0, head);
    if (stream_ending_has_next(plan.wire.ending))
        put_word(1u + plan.wire.n_slots, next);
    moved = compute(Ity_I64, IRExpr_Binop(Iop_Add64, IRExpr_RdTmp(plan.at), constant(8ull * record_words())));
    addStmtToIRSB(plan.out, IRStmt_Store(Iend_LE, cursor, moved));
    limit = compute(Ity_I64, IRExpr_Load(Iend_LE, Ity_I64, constant((Addr)&rec_cursor.limit)));
    full = compute(Ity_I1, IRExpr_Binop(Iop_CmpLE64U, limit, moved));
    flush = call("rec_chunk_full", &rec_chunk_full, mkIRExprVec_0(), 0);
    flush->guard = full;
    addStmtToIRSB(plan.out, IRStmt_Dirty(flush));
}

/* A block left early: slots from `filled` on hold nothing yet. */
static VG_REGPARM(3) void leave_early(ULong head, ULong filled, ULong target)
{
    UInt words = head >> 8 & 0xff, i;
    ULong *at = rec_cursor.at;
    at[0] = head;
    for (i = 1 + (UInt)filled; i < words; i++)
        at[i] = 0;
    if (target)
        at[words - 1] = target;
    rec_cursor.at = at + words;
    if (rec_cursor.at >= rec_cursor.limit)
        rec_chunk_full();
}

/* ---- references ---- */

static UInt new_slot(IRExpr *value, UChar origin)
{
    UInt slot = plan.wire.n_slots++;
    plan.origins[slot] = origin;
    put_word(1 + slot, value);
    return slot;
}

static void push_ref(UInt slot, Long displacement, SizeT size, UInt flags)
{
    struct stream_ref *r = &plan.refs[plan.wire.n_refs++];
    UInt insn = plan.wire.n_insns - 1u;
    *r = (struct stream_ref){ .displacement = displacement, .insn = (UShort)insn, .slot = (UShort)slot,
                              .size = (UShort)size, .flags = (UChar)flags };
    plan.insns[insn].flags |= (flags & STREAM_REF_LOAD ? STREAM_INSN_READS : 0) |
                              (flags & STREAM_REF_STORE ? STREAM_INSN_WRITES : 0) |
                              (flags & STREAM_REF_LOCKED ? STREAM_INSN_LOCKED : 0);
}

/* Room for one more reference and slot; only a block full of gathers runs out of it. */
static Bool has_room(void)
{
    if (plan.wire.n_refs < REFS_MAX && plan.wire.n_slots < STREAM_SLOTS_MAX)
        return True;
    refs_dropped++;
    return False;
}

static void add_ref(IRExpr *address, SizeT size, UInt flags)
{
    IRTemp t, base;
    if (!has_room())
        return;
    if (address->tag == Iex_Const) {
        push_ref(STREAM_NO_SLOT, (Long)address->Iex.Const.con->Ico.U64, size, flags);
        return;
    }
    t = address->Iex.RdTmp.tmp;
    base = temps.base[t];
    if (temps.slot[base] == STREAM_NO_SLOT)
        temps.slot[base] = (UShort)new_slot(IRExpr_RdTmp(base), temps.origin[base]);
    push_ref(temps.slot[base], temps.offset[t], size, flags);
}

/* A reference that happens only when `guard` holds: its slot is 0 otherwise. */
static void add_guarded_ref(IRExpr *guard, IRExpr *address, SizeT size, UInt flags)
{
    IRExpr *chosen;
    if (!has_room())
        return;
    chosen = compute(Ity_I64, IRExpr_ITE(guard, address, constant(0)));
    push_ref(new_slot(chosen, STREAM_FROM_COMPUTED), 0, size, flags | STREAM_REF_CONDITIONAL);
}

/* A compare-and-swap reads and writes in one; where the instruction has already loaded the place (the engine splits
 * `lock add` that way) only the write is left to count. */
static void add_cas(const IRCAS *cas)
{
    SizeT size = sizeofIRType(typeOfIRExpr(plan.in->tyenv, cas->dataLo)) * (cas->dataHi ? 2 : 1);
    UInt before = plan.wire.n_refs, i;
    add_ref(cas->addr, size, STREAM_REF_LOAD | STREAM_REF_STORE | STREAM_REF_LOCKED);
    if (plan.wire.n_refs == before)
        return;
    for (i = 0; i < before; i++) {
        const struct stream_ref *a = &plan.refs[i];
        struct stream_ref *b = &plan.refs[before];
        if (a->insn == b->insn && a->slot == b->slot && a->displacement == b->displacement &&
            a->flags == STREAM_REF_LOAD)
            b->flags = STREAM_REF_STORE | STREAM_REF_LOCKED;
    }
}

/* ---- following addresses ---- */

static UInt origin_of_offset(Int offset)
{
    Int first = offsetof(VexGuestAMD64State, guest_RAX);
    if (offset >= first && offset < first + 16 * 8)
        return (offset - first) % 8 ? STREAM_FROM_COMPUTED : (UInt)(offset - first) / 8;
    if (offset == offsetof(VexGuestAMD64State, guest_FS_CONST))
        return STREAM_FROM_FS;
    if (offset == offsetof(VexGuestAMD64State, guest_GS_CONST))
        return STREAM_FROM_GS;
    return STREAM_FROM_COMPUTED;
}

static void note_put(Int offset)
{
    UInt r = origin_of_offset(offset & ~7);
    if (r < 18)
        register_written[r] = True;
}

static void note_temp(IRTemp t, const IRExpr *e)
{
    if (e->tag == Iex_RdTmp) {
        temps.base[t] = temps.base[e->Iex.RdTmp.tmp];
        temps.offset[t] = temps.offset[e->Iex.RdTmp.tmp];
    } else if (e->tag == Iex_Get && e->Iex.Get.ty == Ity_I64) {
        UInt r = origin_of_offset(e->Iex.Get.offset);
        if (r < 18 && !register_written[r])
            temps.origin[t] = (UChar)r;
    } else if (e->tag == Iex_Binop && (e->Iex.Binop.op == Iop_Add64 || e->Iex.Binop.op == Iop_Sub64) &&
               e->Iex.Binop.arg1->tag == Iex_RdTmp && e->Iex.Binop.arg2->tag == Iex_Const) {
        Long k = (Long)e->Iex.Binop.arg2->Iex.Const.con->Ico.U64;
        IRTemp from = e->Iex.Binop.arg1->Iex.RdTmp.tmp;
        temps.base[t] = temps.base[from];
        temps.offset[t] = temps.offset[from] + (e->Iex.Binop.op == Iop_Sub64 ? -k : k);
    }
}

static void reset_temps(UInt n)
{
    UInt t;
    if (n > temps.room) {
        temps.room = 2 * n;
        temps.base = VG_(realloc)("rec.base", temps.base, temps.room * sizeof *temps.base);
        temps.offset = VG_(realloc)("rec.offset", temps.offset, temps.room * sizeof *temps.offset);
        temps.slot = VG_(realloc)("rec.slot", temps.slot, temps.room * sizeof *temps.slot);
        temps.origin = VG_(realloc)("rec.origin", temps.origin, temps.room * sizeof *temps.origin);
    }
    for (t = 0; t < n; t++) {
        temps.base[t] = t;
        temps.offset[t] = 0;
        temps.slot[t] = STREAM_NO_SLOT;
        temps.origin[t] = STREAM_FROM_COMPUTED;
    }
    VG_(memset)(register_written, 0, sizeof register_written);
}

/* ---- exits ---- */

static struct stream_exit exit_here(ULong target, UInt insns)
{
    return (struct stream_exit){ .target = target, .insns = (UShort)insns, .refs = plan.wire.n_refs,
                                 .slots = plan.wire.n_slots };
}

/* Faults leave no record; the signal's event tells of them. Every other kind goes on somewhere. */
static Bool is_fault(IRJumpKind kind)
{
    return kind == Ijk_SigILL || kind == Ijk_SigTRAP || kind == Ijk_SigSEGV || kind == Ijk_SigBUS || kind == Ijk_SigFPE ||
           kind == Ijk_SigFPE_IntDiv || kind == Ijk_SigFPE_IntOvf || kind == Ijk_NoDecode || kind == Ijk_MapFail ||
           kind == Ijk_EmFail;
}

/* An exit before the block's end: the end of a repeat whose count is 0, a compare-and-swap that failed, or a pause of
 * the engine (it warns when the x87 precision is set). */
static void early_exit(const IRStmt *s, Addr current)
{
    ULong target = s->Ist.Exit.dst->Ico.U64;
    UInt number = plan.wire.n_exits;
    Bool has_next = stream_ending_has_next(plan.wire.ending);
    IRDirty *d;
    if (is_fault(s->Ist.Exit.jk) || number >= EXITS_MAX)
        return;
    plan.exits[number] = exit_here(target, target == current ? plan.wire.n_insns - 1u : plan.wire.n_insns);
    plan.wire.n_exits++;
    d = call("leave_early", &leave_early,
             mkIRExprVec_3(IRExpr_Const(head_constant(number)), constant(plan.wire.n_slots),
                           constant(has_next ? target : 0)),
             3);
    d->guard = s->Ist.Exit.guard;
    addStmtToIRSB(plan.out, IRStmt_Dirty(d));
}

/* The branch of the block's last instruction. The engine may turn the condition round: its exit then falls through. */
static void final_exit(const IRStmt *s)
{
    Bool rep = plan.wire.ending == STREAM_REP;
    Bool exit_means_end = rep || s->Ist.Exit.dst->Ico.U64 == plan.wire.address + plan.wire.bytes;
    IRExpr *guard = compute(Ity_I64, IRExpr_Unop(Iop_1Uto64, s->Ist.Exit.guard));
    IRConst *head = head_constant(exit_means_end ? EXIT_TAKEN : EXIT_END);
    publish(compute(Ity_I64, IRExpr_Binop(Iop_Xor64, guard, IRExpr_Const(head))), NULL);
}

/* Exits 0 and 1. A repeated instruction retires once, when it is done. */
static void end_exits(ULong fall_through)
{
    ULong target = plan.wire.target;
    UInt n = plan.wire.n_insns;
    switch (plan.wire.ending) {
    case STREAM_COND:
        plan.exits[EXIT_END] = exit_here(fall_through, n);
        plan.exits[EXIT_TAKEN] = exit_here(target, n);
        return;
    case STREAM_REP:
        plan.exits[EXIT_END] = exit_here(plan.last, n - 1);
        plan.exits[EXIT_TAKEN] = exit_here(fall_through, n);
        return;
    case STREAM_FALL:
    case STREAM_SYSCALL:
        target = fall_through;
        break;
    default:
        break;
    }
    plan.exits[EXIT_END] = plan.exits[EXIT_TAKEN] = exit_here(target, n);
}

/* ---- one block ---- */

/* The static shape: extent, ending, and which statement is the final branch (-1: none). */
static Int survey(Int first)
{
    const IRSB *in = plan.in;
    Int i, final = -1;
    Addr start = in->stmts[first]->Ist.IMark.addr, end = start;
    UInt ending, last_length = 1;
    ULong next = in->next->tag == Iex_Const ? in->next->Iex.Const.con->Ico.U64 : 0;
    for (i = first; i < in->stmts_used; i++) {
        const IRStmt *s = in->stmts[i];
        if (s->tag == Ist_IMark) {
            last_length = s->Ist.IMark.len ? s->Ist.IMark.len : 1; /* 0: it could not be decoded, and will fault */
            plan.last = s->Ist.IMark.addr;
            end = plan.last + last_length;
            final = -1;
        } else if (s->tag == Ist_Exit && !is_fault(s->Ist.Exit.jk)) {
            final = i;
        }
    }
    ending = rec_ending((const UChar *)plan.last, last_length);
    if (ending == STREAM_REP && final >= 0 && in->stmts[final]->Ist.Exit.dst->Ico.U64 != plan.last)
        final = -1; /* the exit of a zero count: early */
    if (ending != STREAM_COND && ending != STREAM_REP)
        final = -1;
    if (in->next->tag != Iex_Const && !stream_ending_has_next(ending))
        ending = STREAM_JUMP_INDIRECT;
    if (ending == STREAM_FALL && next && next != end && in->jumpkind == Ijk_Boring)
        ending = STREAM_JUMP;
    plan.wire.address = start;
    plan.wire.bytes = (UInt)(end - start);
    plan.wire.ending = (UChar)ending;
    if (ending == STREAM_JUMP || ending == STREAM_CALL)
        plan.wire.target = next;
    if (ending == STREAM_COND && final >= 0)
        plan.wire.target =
            in->stmts[final]->Ist.Exit.dst->Ico.U64 == end ? next : in->stmts[final]->Ist.Exit.dst->Ico.U64;
    else if (ending == STREAM_COND && next != end)
        plan.wire.target = next; /* the engine knows that it is always taken */
    return final;
}

static void begin_insn(const IRStmt *mark)
{
    UInt length = mark->Ist.IMark.len ? mark->Ist.IMark.len : 1;
    struct stream_insn *insn = &plan.insns[plan.wire.n_insns++];
    tl_assert(plan.wire.n_insns <= INSNS_MAX);
    *insn =
        (struct stream_insn){ .offset = (UShort)(mark->Ist.IMark.addr - plan.wire.address), .length = (UChar)length };
}

/* References of a statement, recorded before it is performed. */
static void refs_of(const IRStmt *s)
{
    switch (s->tag) {
    case Ist_WrTmp:
        if (s->Ist.WrTmp.data->tag == Iex_Load)
            add_ref(s->Ist.WrTmp.data->Iex.Load.addr, sizeofIRType(s->Ist.WrTmp.data->Iex.Load.ty), STREAM_REF_LOAD);
        return;
    case Ist_Store:
        add_ref(s->Ist.Store.addr, sizeofIRType(typeOfIRExpr(plan.in->tyenv, s->Ist.Store.data)), STREAM_REF_STORE);
        return;
    case Ist_StoreG: {
        const IRStoreG *g = s->Ist.StoreG.details;
        add_guarded_ref(g->guard, g->addr, sizeofIRType(typeOfIRExpr(plan.in->tyenv, g->data)), STREAM_REF_STORE);
        return;
    }
    case Ist_LoadG: {
        const IRLoadG *g = s->Ist.LoadG.details;
        IRType result = Ity_INVALID, loaded = Ity_INVALID;
        typeOfIRLoadGOp(g->cvt, &result, &loaded);
        add_guarded_ref(g->guard, g->addr, sizeofIRType(loaded), STREAM_REF_LOAD);
        return;
    }
    case Ist_Dirty: {
        const IRDirty *d = s->Ist.Dirty.details;
        if (d->mFx != Ifx_None)
            add_ref(d->mAddr, d->mSize,
                    (d->mFx != Ifx_Write ? STREAM_REF_LOAD : 0) | (d->mFx != Ifx_Read ? STREAM_REF_STORE : 0));
        return;
    }
    case Ist_CAS:
        add_cas(s->Ist.CAS.details);
        return;
    default:
        return;
    }
}

static void one_statement(IRStmt *s, Bool is_final, Addr *current)
{
    if (s->tag == Ist_IMark) {
        begin_insn(s);
        *current = s->Ist.IMark.addr;
    } else if (s->tag == Ist_Exit && is_final) {
        final_exit(s);
    } else if (s->tag == Ist_Exit) {
        early_exit(s, *current);
    } else {
        refs_of(s);
        if (s->tag == Ist_WrTmp)
            note_temp(s->Ist.WrTmp.tmp, s->Ist.WrTmp.data);
        else if (s->tag == Ist_Put)
            note_put(s->Ist.Put.offset);
        else if (s->tag == Ist_Dirty)
            rec_pin(s->Ist.Dirty.details);
    }
    addStmtToIRSB(plan.out, s);
}

static void complete(UInt final_seen)
{
    UInt i;
    ULong fall_through = plan.wire.address + plan.wire.bytes;
    if (!final_seen) {
        Bool taken = plan.wire.ending == STREAM_COND && plan.wire.target && plan.wire.target != fall_through;
        publish(IRExpr_Const(head_constant(taken ? EXIT_TAKEN : EXIT_END)), plan.in->next);
    }
    end_exits(fall_through);
    for (i = 0; i < plan.wire.n_insns; i++) {
        rec_classify((const UChar *)(Addr)plan.wire.address + plan.insns[i].offset, &plan.insns[i]);
        plan.wire.uops += plan.insns[i].uops;
    }
    patch_heads(describe());
}

IRSB *rec_instrument(VgCallbackClosure *closure, IRSB *in, const VexGuestLayout *layout, const VexGuestExtents *extents,
                     const VexArchInfo *host, IRType guest_word, IRType host_word)
{
    Int i = 0, final;
    Addr current = 0;
    if (in->jumpkind == Ijk_NoDecode && in->next->tag == Iex_Const)
        undecoded = in->next->Iex.Const.con->Ico.U64;
    tl_assert(guest_word == Ity_I64 && host_word == Ity_I64);
    VG_(memset)(&plan.wire, 0, sizeof plan.wire);
    plan.wire.n_exits = EXIT_EARLY;
    plan.n_heads = 0;
    plan.in = in;
    plan.out = deepCopyIRSBExceptStmts(in);
    while (i < in->stmts_used && in->stmts[i]->tag != Ist_IMark) /* the engine's own check for changed code */
        addStmtToIRSB(plan.out, in->stmts[i++]);
    if (i == in->stmts_used)
        return in;
    reset_temps((UInt)in->tyenv->types_used);
    final = survey(i);
    plan.at = newIRTemp(plan.out->tyenv, Ity_I64);
    addStmtToIRSB(plan.out, IRStmt_WrTmp(plan.at, IRExpr_Load(Iend_LE, Ity_I64, constant((Addr)&rec_cursor.at))));
    for (; i < in->stmts_used; i++)
        one_statement(in->stmts[i], i == final, &current);
    complete(final >= 0);
    return plan.out;
}
