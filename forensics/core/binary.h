/* What a binary is (inventory) and what changed between two (delta). Filled by elf/, read by judge/ and report/. */
#ifndef FORENSICS_CORE_BINARY_H
#define FORENSICS_CORE_BINARY_H

#include "core/cause.h"
#include "core/metric.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What a section is for, as far as its name and flags tell. */
enum section_use { USE_OTHER, USE_TEXT_HOT, USE_TEXT, USE_TEXT_COLD /* .text.unlikely */, USE_TEXT_STARTUP, USE_TEXT_EXIT, USE_PLT,
                   USE_RODATA, USE_DATA, USE_BSS, USE_TLS, USE_DEBUG, USE_COUNT };

extern const char *const section_use_name[USE_COUNT];

struct section {
    const char *name;
    uint64_t address, offset, size, align; /* bytes */
    uint64_t flags;                        /* SHF_* */
    uint32_t type;                         /* SHT_* */
    enum section_use use;
};

struct segment {
    uint64_t address, offset, file_size, memory_size, align; /* bytes */
    uint32_t type;                                           /* PT_* */
    uint32_t flags;                                          /* PF_* */
};

enum symbol_kind { SYMBOL_FUNCTION, SYMBOL_OBJECT, SYMBOL_TLS, SYMBOL_IFUNC, SYMBOL_KIND_COUNT };

extern const char *const symbol_kind_name[SYMBOL_KIND_COUNT];

struct symbol {
    const char *name;      /* as in the table; for functions of stripped files "fn_<address>" from .eh_frame */
    const char *base_name; /* without .isra, .constprop, .part, .cold, .lto_priv, .llvm suffixes and their numbers */
    const char *pretty;    /* demangled; NULL: same as name */
    const char *file;      /* local symbols: the source file their STT_FILE entry names; NULL: not recorded */
    enum symbol_kind kind;
    enum section_use use;  /* the section's; inside a linked .text, the linker's group: unlikely, startup, hot */
    bool local;       /* STB_LOCAL */
    bool weak;        /* STB_WEAK */
    bool cold;        /* a *.cold part, or sits in .text.unlikely */
    bool made_up;     /* not from a symbol table */
    bool alias;       /* another symbol before this one in the array names the same bytes */
    uint64_t address; /* virtual; offset inside the TLS block for SYMBOL_TLS */
    uint64_t size;    /* bytes; 0 when not known */
    int section;      /* index into inventory.sections; -1: none */
    uint64_t code_hash; /* functions: of the code with addresses masked; objects: of the bytes; 0: not computed */
};

struct image; /* elf/image.h: the file's bytes, alive as long as the arena */

struct inventory {
    const char *path;
    struct image *image;   /* NULL: the inventory was loaded from JSON, code cannot be looked at again */
    const char *machine;   /* "x86-64", "i386", "AArch64"... */
    unsigned bits;         /* 32 or 64 */
    uint64_t entry;        /* address where execution starts; 0: none */
    const char *build_id;  /* hex; NULL: none */
    const char *sha256;    /* hex */
    uint64_t size;         /* of the file */
    const char *type;      /* "executable", "PIE", "shared object" */
    const char *interpreter; /* PT_INTERP; NULL: static */
    struct section *sections;
    size_t section_count;
    struct segment *segments;
    size_t segment_count;
    struct symbol *symbols; /* by address, the best name of an address first; TLS ones (by offset) last */
    size_t symbol_count, symbol_room;
    uint64_t bytes[USE_COUNT]; /* section sizes by use */
    uint64_t text_bytes;     /* executable sections together */
    uint64_t tls_size, tls_align; /* PT_TLS; 0: none */
    bool static_tls;         /* DF_STATIC_TLS */
    uint64_t plt_slots;      /* JUMP_SLOT relocations */
    uint64_t relocations;    /* dynamic, all kinds */
    uint64_t irelative_relocations;   /* IRELATIVE: ifuncs resolved at start */
    uint64_t tls_dynamic_relocations; /* DTPMOD, TLSDESC: general-dynamic TLS */
    uint64_t tls_static_relocations;  /* TPOFF: initial-exec TLS */
    const char **needed;     /* DT_NEEDED */
    size_t needed_count;
    const char *runpath;     /* one of DT_RPATH, which goes before LD_LIBRARY_PATH, says so; NULL: none */
    const char *compiler;    /* from .comment or DW_AT_producer; NULL: not recorded */
    const char *comment;     /* the compilers that .comment names; NULL: none, or loaded from JSON */
    const char *flags;       /* from DW_AT_producer or .GCC.command.line; NULL: not recorded */
    const char *linker;      /* from .comment or .note; NULL: not recorded */
    bool has_symbols;        /* .symtab */
    bool has_debug;          /* DWARF */
    const char **missing;    /* sentences: what this file does not tell, and what that costs */
    size_t missing_count, missing_room;
};

/* What became of a symbol. */
enum fate {
    FATE_SAME,      /* identical and in place */
    FATE_MOVED,     /* identical (address-masked) but at another address */
    FATE_REORDERED, /* functions: same blocks in another order, or inverted branches */
    FATE_RECODED,   /* functions: other code that refers to the same functions, data and constants */
    FATE_REINLINED, /* functions: what is inlined changed */
    FATE_CHANGED,   /* same symbol, other contents */
    FATE_RESIZED,   /* objects: other size; functions: other contents and size */
    FATE_ADDED,
    FATE_REMOVED,
    FATE_COUNT
};

extern const char *const fate_name[FATE_COUNT];

/* In what way a recoded function's code is another. */
enum recoding {
    RECODING_OTHER,
    RECODING_REGISTERS,  /* the same instructions, other registers */
    RECODING_ALLOCATION, /* the same operations, other registers and stack slots */
    RECODING_UNROLLED,   /* a turn of a loop does what several did */
    RECODING_ROLLED,     /* the reverse */
    RECODING_COUNT
};

extern const char *const recoding_name[RECODING_COUNT];

struct symbol_change {
    enum fate fate;
    const char *name;          /* new's where there is one, else old's; pretty if known */
    const struct symbol *old, *new; /* NULL when added or removed */
    const struct symbol *kin;  /* added: old function it was split from; removed: new one it went into; NULL: unknown */
    bool by_suffix;            /* matched only without compiler suffixes */
    bool by_hash;              /* matched by code hash */
    bool by_refs;              /* matched by what its code refers to */
    bool by_place;             /* nameless, matched by its place between two matched functions */
    enum recoding recoding;    /* of FATE_RECODED */
    int turns;                 /* that one turn of the unrolled loop makes; 0: not unrolled */
};

/* A section, segment or setting that differs. */
struct fact_change {
    const char *what;      /* e.g. "section .text", "PT_TLS size", "compiler" */
    const char *old, *new; /* as text */
    double old_value, new_value; /* NaN when not a number */
};

/* What a fact about code or data is of. Its row says which cause it speaks for and what its two numbers count. */
enum code_fact_kind {
    FACT_LOOP_LINES,    /* a small loop touches another number of 64-byte lines */
    FACT_LOOP_WINDOWS,  /* ... of 32-byte windows, in which code is fetched and cached decoded */
    FACT_LOOP_OPS,      /* ... of op-cache lines: 32-byte windows, six operations to a line */
    FACT_LOOP_PAGES,    /* ... of 4 KiB pages */
    FACT_LINES,         /* a small function touches another number of 64-byte lines */
    FACT_ENTRY,         /* a function's entry lost its alignment; numbers: bytes into the 64-byte line */
    FACT_JCC,           /* jumps that touch or end at a 32-byte boundary (Intel erratum SKX102) */
    FACT_DENSE,         /* 64-byte lines with more than two jumps */
    FACT_PLACE,         /* a function went to another group of the text; numbers: enum section_use */
    FACT_INVERTED,      /* conditional branches whose fall-through became the jump; old is 0 */
    FACT_TO_COLD,       /* bytes of code that went into the cold part; old is 0 */
    FACT_FROM_COLD,     /* bytes of code that came out of the cold part; old is 0 */
    FACT_COLD_BYTES,    /* size of the cold part of a function whose code changed */
    FACT_COLD_ENTRIES,  /* branches and jumps from a function into its cold part */
    FACT_INSNS,         /* instructions, nops aside */
    FACT_MIX,           /* instructions of the class whose share of the function changed most */
    FACT_CALLS,         /* direct calls */
    FACT_INDIRECT,      /* indirect calls and jumps */
    FACT_PLT,           /* calls through the PLT */
    FACT_GOT,           /* ... through a GOT slot, without a stub */
    FACT_SPILLS,        /* loads and stores of the stack frame */
    FACT_FRAME,         /* bytes of stack frame */
    FACT_TLS_CALLS,     /* calls of __tls_get_addr */
    FACT_TLS_MODEL,     /* accesses to thread-local data that load an offset or call first */
    FACT_OBJECT_SIZE,   /* bytes of a data object */
    FACT_OBJECT_LINES,  /* lines that an object of at most 64 bytes touches */
    FACT_OBJECT_PAGES,  /* pages that an object of at most a page touches */
    FACT_OBJECT_ALIGN,  /* an object lost its alignment; numbers: bytes past the last place so aligned */
    FACT_NEIGHBOURS,    /* two writable objects that share a line now; numbers: 0 and 1 */
    FACT_PAGE_SHARED,   /* ... a page */
    FACT_TLS_SIZE,      /* bytes of PT_TLS */
    FACT_TLS_ALIGN,     /* alignment of PT_TLS */
    FACT_STATIC_TLS,    /* DF_STATIC_TLS: 0 or 1 */
    FACT_HUGE_TEXT,     /* whole 2 MiB pages of executable segments */
    FACT_HUGE_DATA,     /* ... of others */
    FACT_STRUCT_SIZE,   /* bytes of a struct */
    FACT_MEMBER_LINE,   /* a struct's member that crosses a 64-byte line; numbers: its offset */
    FACT_MEMBER_OFFSET, /* a struct's member that sits at another offset */
    FACT_MEMBER_TYPE,   /* a struct's member of another type; numbers: its bytes */
    FACT_MEMBERS,       /* members of a struct */
    FACT_ENUM_SIZE,     /* bytes of an enum */
    FACT_ENUM_VALUES,   /* values of an enum */
    FACT_VARIABLE_TYPE, /* a variable of another type; numbers: its bytes */
    FACT_INLINED,       /* call sites of a function inlined in another */
    FACT_KIND_COUNT
};

struct code_fact_row {
    const char *name;   /* word in JSON */
    enum share share;   /* the cause it speaks for */
    const char *counts; /* what the numbers count, plural */
    bool fewer_is_better; /* a fall of the number cannot be why something is slower */
    bool place;           /* the numbers are places, not counts */
};

extern const struct code_fact_row code_fact_table[FACT_KIND_COUNT];

/* What a function or object did on one side, a function's cold part included; for facts about a cold part, that part alone. What was not counted is NaN. */
struct fact_counts {
    double entries;      /* times its first instruction ran */
    double instructions; /* executed */
    double branch_misses, l1i_misses, l1d_misses, dtlb_misses;
};

/* One piece of evidence that can be had without running anything. */
struct code_fact {
    enum code_fact_kind kind;
    const struct symbol_change *change; /* whose; NULL: the file's or a type's */
    const char *name;                   /* function, object or type */
    uint64_t old_address, new_address;  /* where: the loop's head, the function, the object; 0: nowhere */
    double old, new;
    double weight;                      /* bytes of code or data concerned */
    double old_cycles, new_cycles; /* modelled, of its whole function or object; NaN: no costs, or run on neither side */
    double cause_cycles; /* new - old of what its cause can cost there (facts_join); NaN: as above */
    const struct fact_counts *counts[2]; /* of the same function or object, old's and new's; NULL: did not run there */
    const char *callee;                 /* of an inlining fact: what is inlined or no longer is; NULL otherwise */
    const char *sentence;               /* a clause without a capital and a full stop */
};

struct pairing; /* elf/match.h: which symbol is which, for further questions */

struct delta {
    const struct inventory *old, *new;
    struct symbol_change *symbols; /* every matched, added and removed symbol, by new address, removed ones last */
    size_t symbol_count, symbol_room;
    size_t fates[SYMBOL_KIND_COUNT][FATE_COUNT]; /* how many */
    uint64_t fate_bytes[SYMBOL_KIND_COUNT][FATE_COUNT]; /* and their bytes (new's size; old's when removed) */
    struct fact_change *facts;
    size_t fact_count, fact_room;
    struct code_fact *code_facts; /* filled by facts_find, by fact_rank; after facts_join most cycles first */
    size_t code_fact_count, code_fact_room;
    size_t code_facts_left_out; /* loaded from JSON: how many more there were */
    bool has_fate_cycles;                 /* facts_join filled the next three */
    enum source cycles_source;            /* of these and of the facts' cycles; SOURCE_CLOCK: they are ns */
    double fate_cycles[2][FATE_COUNT];    /* old's and new's cycles in functions of each fate, changed libraries' too */
    double other_cycles[2];               /* and in everything else: libraries, PLT stubs */
    double cycles_error;                  /* standard error of the sum's change; 0: not sampled */
    const struct pairing *pairing; /* NULL: loaded from JSON */
    const size_t *by_address[2]; /* [0] old's, [1] new's: indices into symbols[], ascending; NULL: delta_at walks */
    size_t by_address_count[2];
};

/* A shared library that old and new load at start and that is not the same bytes for both, or only one loads. */
struct library {
    const char *name;               /* as asked for: new's word, else old's */
    const char *path[2];            /* the file, symbolic links followed; NULL: that side does not load it */
    struct inventory *inventory[2]; /* both or neither */
    struct delta *delta;            /* NULL: on one side only, unreadable, or left out */
};

struct libraries {
    struct library *changed; /* in the order in which new loads them, those of old alone last */
    size_t changed_count, changed_room;
    size_t same;             /* loaded by both, byte for byte the same */
    size_t left_out;         /* changed, on both sides and not inspected: there were too many, or too large ones */
    const char **missing;    /* sentences: what was not found or could not be read */
    size_t missing_count, missing_room;
};

/* The changed library whose file on a side has this name, as the cost items' `module`; NULL: none. */
const struct library *library_of_module(const struct libraries *libraries, bool old_side, const char *module);

/* Whether a symbol came with the start files of the C library and compiler, not from the program's sources. */
bool symbol_is_start_up(const struct inventory *inv, const struct symbol *symbol);

/* Rank of a fact where nothing ran, larger first: the bytes it concerns times the relative growth of its number. Facts
 * of the start files' code have none: 0. */
double fact_rank(const struct delta *delta, const struct code_fact *fact);

/* The change record whose new (or old) symbol covers an address of that side; NULL: none. */
const struct symbol_change *delta_at(const struct delta *delta, bool old_side, uint64_t address);

#endif
