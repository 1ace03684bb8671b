/* The control flow graph of one function, its cold part included. Internal to elf/. */
#ifndef FORENSICS_ELF_CFG_H
#define FORENSICS_ELF_CFG_H

#include "base/arena.h"
#include "elf/scene.h"

#define NO_BLOCK SIZE_MAX

/* Straight-line code: entered at its first instruction only, left after its last. */
struct block {
    size_t first, count; /* instructions */
    uint64_t start, end; /* addresses */
    size_t jump;         /* block that its direct jump or taken branch leads to; NO_BLOCK: none, or outside */
    size_t next;         /* block behind it, when control can run on */
    const size_t *cases; /* blocks of its jump table, in table order */
    size_t case_count;
    size_t entries; /* edges that lead here, the function's own entry too */
    bool reached;   /* from the entry */
    bool cold;      /* in the cold part */
};

/* A natural loop: the blocks from which the back edge can be reached without leaving through the header. */
struct loop {
    size_t header;                  /* block */
    uint64_t start;                 /* address of the header */
    uint64_t bytes;                 /* of its blocks */
    uint64_t lines, windows, pages; /* 64-byte, 32-byte and 4-KiB grid cells that its blocks touch */
    size_t blocks, insns;
    size_t first_insn, last_insn; /* the range of instructions that holds its blocks, for loops in one piece */
    bool whole;                   /* its blocks are that range and nothing else stands between them */
    bool inner;                   /* holds no other loop */
};

struct graph {
    const struct scene *scene;
    const struct symbol *function, *cold; /* cold: NULL: none */
    uint64_t bytes, cold_bytes;           /* of the two parts */
    struct insn *insns;                   /* the function's by address, then the cold part's */
    size_t insn_count, cold_first;        /* cold_first: index of the cold part's first instruction */
    struct block *blocks;                 /* in the order of insns; block 0 is the entry */
    size_t block_count;
    struct loop *loops; /* by address of the header */
    size_t loop_count, loop_room;
    bool damaged; /* some bytes are not instructions, or a limit was hit: edges may be missing */
};

/* The graph of a function of a decodable file; NULL: its code is not in the file, or longer than GRAPH_MOST_CODE. */
struct graph *graph_build(struct arena *arena, struct scene *scene, const struct symbol *function);

enum { GRAPH_MOST_CODE = 1 << 20 /* bytes; generated interpreters reach some hundred KiB */ };

/* A way from the hot part into the cold one. */
struct cold_entry {
    uint64_t from; /* address of the instruction: a branch, a jump, an indirect jump through a table */
    uint64_t to;
};

/* Them all, in order of the instructions that lead there. */
struct cold_entry *graph_cold_entries(struct arena *arena, const struct graph *graph, size_t *count);

/* Whether two functions do the same instruction by instruction along every path, in whatever order their blocks stand
 * and with whichever branch of a condition falling through. False when a graph is NULL or damaged. */
bool graph_same(struct arena *arena, const struct graph *old, const struct graph *new);

/* How two such functions differ. */
struct reorder {
    size_t inverted;                         /* conditional branches whose fall-through became the jump */
    uint64_t to_cold_bytes, from_cold_bytes; /* instructions that went into and came out of the cold part */
    size_t duplicated;                       /* instructions that stand in more places than before */
};

/* graph_same, and how they differ. */
bool graph_reorder(struct arena *arena, const struct graph *old, const struct graph *new, struct reorder *reorder);

#endif
