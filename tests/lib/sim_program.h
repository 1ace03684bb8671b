/* Synthetic programs for tests of the model: blocks with real code bytes, written as a stream and modelled at once. */
#ifndef TESTS_SIM_PROGRAM_H
#define TESTS_SIM_PROGRAM_H

#include "base/arena.h"
#include "base/err.h"
#include "sim/model.h"
#include "sim/profile.h"
#include "sim/stream.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DRAFT_INSNS = 256, DRAFT_REFS = 64 };

/* A block being written. */
struct draft {
    uint64_t address;
    uint8_t code[DRAFT_INSNS * 15];
    uint32_t bytes;
    struct stream_insn insns[DRAFT_INSNS];
    uint16_t n_insns;
    struct stream_ref refs[DRAFT_REFS];
    uint16_t n_refs, n_slots;
    uint8_t origins[DRAFT_REFS];
};

/* The program so far: its blocks go straight into one model. */
struct program {
    struct model *model;
    struct arena *arena;
    uint32_t blocks;
};

__attribute__((unused)) static struct program program_on(const char *profile, uint32_t perfect)
{
    struct err err = ERR_INIT;
    struct program p = { .arena = arena_new() };
    const struct profile *found = profile_find(p.arena, profile, &err);
    if (!found) {
        printf("Bail out! %s\n", err.text);
        exit(1);
    }
    p.model = model_create(found, perfect);
    return p;
}

__attribute__((unused)) static void program_free(struct program *p)
{
    model_free(p->model);
    arena_free(p->arena);
}

__attribute__((unused)) static struct draft draft_at(uint64_t address)
{
    return (struct draft){ .address = address };
}

/* Appends one instruction of `length` bytes. */
__attribute__((unused)) static void insn(struct draft *d, enum stream_insn_kind kind, const char *code, uint8_t length)
{
    memcpy(d->code + d->bytes, code, length);
    d->insns[d->n_insns++] =
        (struct stream_insn){ .offset = (uint16_t)d->bytes, .length = length, .kind = (uint8_t)kind, .uops = 1 };
    d->bytes += length;
}

/* The last instruction refers to memory: base register `origin` (STREAM_FROM_*), a slot of its own. */
__attribute__((unused)) static void refers(struct draft *d, unsigned origin, int64_t displacement, uint16_t size,
                                           uint8_t flags)
{
    d->origins[d->n_slots] = (uint8_t)origin;
    d->refs[d->n_refs++] = (struct stream_ref){ .displacement = displacement, .insn = (uint16_t)(d->n_insns - 1),
                                                .slot = d->n_slots++, .size = size, .flags = flags };
}

/* Ends the block and describes it to the model; returns its id. */
__attribute__((unused)) static uint32_t describe(struct program *p, struct draft *d, enum stream_ending ending,
                                                 uint64_t target)
{
    struct draft *kept = arena_alloc(p->arena, sizeof *kept);
    struct stream_block *b = arena_alloc(p->arena, sizeof *b);
    struct stream_exit *exits = arena_array(p->arena, 2, sizeof *exits);
    *kept = *d;
    for (int i = 0; i < 2; i++)
        exits[i] = (struct stream_exit){ .insns = d->n_insns, .refs = d->n_refs, .slots = d->n_slots,
                                         .target = ending == STREAM_COND && i == 0 ? d->address + d->bytes : target };
    *b = (struct stream_block){ .address = d->address,
                                .target = target,
                                .id = p->blocks++,
                                .bytes = d->bytes,
                                .uops = d->n_insns,
                                .ending = ending,
                                .n_insns = d->n_insns,
                                .n_slots = d->n_slots,
                                .n_refs = d->n_refs,
                                .n_exits = 2,
                                .has_next = ending == STREAM_JUMP_INDIRECT || ending == STREAM_CALL_INDIRECT ||
                                            ending == STREAM_RETURN,
                                .insns = kept->insns,
                                .refs = kept->refs,
                                .exits = exits,
                                .origins = kept->origins,
                                .code = kept->code };
    struct stream_event event = { .type = STREAM_EVENT_BLOCK, .block = b };
    model_event(p->model, &event);
    return b->id;
}

/* Executes a block: up to two slot values, then the next address for indirect endings. */
__attribute__((unused)) static void run(struct program *p, uint32_t id, unsigned exit, const uint64_t *slots,
                                        unsigned n_slots, uint64_t next)
{
    uint64_t record[DRAFT_REFS + 2];
    struct model_block known;
    model_block(p->model, id, &known, NULL);
    unsigned words = 1 + n_slots + known.block->has_next;
    record[0] = stream_head(id, exit, words);
    for (unsigned i = 0; i < n_slots; i++)
        record[1 + i] = slots[i];
    record[1 + n_slots] = next;
    model_run(p->model, record, record + words);
}

/* Common instructions: kind and bytes. */
#define ADD_EAX_1(d) insn((d), STREAM_INSN_ALU, "\x83\xc0\x01", 3)              /* waits for itself */
#define SET_ECX(d) insn((d), STREAM_INSN_ALU, "\xb9\x01\x00\x00\x00", 5)        /* waits for nothing */
#define LEA_EDX_RBX(d) insn((d), STREAM_INSN_ALU, "\x8d\x53\x01", 3)            /* waits for rbx, never written */
#define MOVE_RDX_RBX(d) insn((d), STREAM_INSN_MOVE, "\x48\x89\xda", 3)       /* renamed away */
#define TEST_ESI(d) insn((d), STREAM_INSN_ALU, "\x85\xf6", 2)
#define JNE(d) insn((d), STREAM_INSN_BRANCH, "\x75\x00", 2)
#define JMP(d) insn((d), STREAM_INSN_BRANCH, "\xe9\x00\x00\x00\x00", 5)
#define CALL(d) insn((d), STREAM_INSN_BRANCH, "\xe8\x00\x00\x00\x00", 5)
#define RET(d) insn((d), STREAM_INSN_BRANCH, "\xc3", 1)
#define JMP_RAX(d) insn((d), STREAM_INSN_BRANCH, "\xff\xe0", 2)
#define CHASE_RAX(d)                                                                                                   \
    (insn((d), STREAM_INSN_MOVE, "\x48\x8b\x00", 3), refers((d), STREAM_FROM_RAX, 0, 8, STREAM_REF_LOAD))
#define LOAD_RCX_RDI(d)                                                                                                \
    (insn((d), STREAM_INSN_MOVE, "\x48\x8b\x0f", 3), refers((d), STREAM_FROM_RDI, 0, 8, STREAM_REF_LOAD))
#define STORE_RDI_EAX(d)                                                                                               \
    (insn((d), STREAM_INSN_MOVE, "\x89\x07", 2), refers((d), STREAM_FROM_RDI, 0, 4, STREAM_REF_STORE))
#define STORE_RDI_RAX(d)                                                                                               \
    (insn((d), STREAM_INSN_MOVE, "\x48\x89\x07", 3), refers((d), STREAM_FROM_RDI, 0, 8, STREAM_REF_STORE))

#endif
