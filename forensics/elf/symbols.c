#include "elf/symbols.h"

#include "elf/apart.h"
#include "elf/inventory.h"
#include "base/sort_keys.h"
#include "elf/names.h"
#include "elf/sections.h"

#include <stdlib.h>
#include <string.h>

/* Names are scanned once each, so a crafted table in which a million symbols share one long name would cost
 * gigabytes: the names of one file may together be this many times its size. Real files stay below 2. */
enum { NAME_BUDGET_FACTOR = 8, NAME_BUDGET_LEAST = 1 << 20 };

struct reader {
    struct arena *arena;
    const struct image *image;
    struct inventory *inv;
    uint64_t name_budget; /* bytes left */
    const char *file;     /* of the STT_FILE symbol passed last */
    bool apart;           /* the table is another file's */
};

/* Readable; where the names' budget is spent, made up from the address. */
static const char *clean_name(struct reader *r, const char *name, uint64_t address)
{
    size_t length = strnlen(name, r->name_budget + 1);
    if (length > r->name_budget)
        return arena_printf(r->arena, "sym_%llx", (unsigned long long)address);
    r->name_budget -= length;
    return name_clean(r->arena, name);
}

/* Which of our kinds a table entry is; false: none of them. */
static bool kind_of(const GElf_Sym *sym, const struct section *section, const char *name, enum symbol_kind *kind)
{
    switch (GELF_ST_TYPE(sym->st_info)) {
    case STT_FUNC: *kind = SYMBOL_FUNCTION; return true;
    case STT_GNU_IFUNC: *kind = SYMBOL_IFUNC; return true;
    case STT_OBJECT:
    case STT_COMMON: *kind = SYMBOL_OBJECT; return true;
    case STT_TLS: *kind = SYMBOL_TLS; return true;
    case STT_NOTYPE: /* assembler code whose author left .type out */
        *kind = SYMBOL_FUNCTION;
        return section && (section->flags & SHF_EXECINSTR) && name[0] && name[0] != '.' && name[0] != '$' &&
               (sym->st_size || GELF_ST_BIND(sym->st_info) != STB_LOCAL) &&
               sym->st_value - section->address < section->size;
    default: return false;
    }
}

static void add_symbol(struct reader *r, const GElf_Sym *sym, const struct section *section, const char *raw_name)
{
    struct inventory *inv = r->inv;
    enum symbol_kind kind;
    if (sym->st_shndx == SHN_UNDEF || sym->st_shndx == SHN_ABS || !kind_of(sym, section, raw_name, &kind) ||
        !raw_name[0])
        return;
    struct symbol *s = ARENA_PUSH(r->arena, inv->symbols, inv->symbol_count, inv->symbol_room);
    s->name = clean_name(r, raw_name, sym->st_value);
    s->base_name = name_base(r->arena, s->name);
    s->pretty = name_demangle(r->arena, s->name);
    s->kind = kind;
    s->local = GELF_ST_BIND(sym->st_info) == STB_LOCAL;
    s->weak = GELF_ST_BIND(sym->st_info) == STB_WEAK;
    s->file = s->local ? r->file : NULL;
    s->address = sym->st_value;
    s->size = sym->st_size > UINT64_MAX - sym->st_value ? 0 : sym->st_size;
    s->section = section ? (int)(section - inv->sections) : -1;
    s->use = section ? section->use : USE_OTHER;
    s->cold = s->use == USE_TEXT_COLD || (kind == SYMBOL_FUNCTION && name_is_cold_part(s->name));
}

static Elf_Data *index_table(const struct image *image, size_t symbols)
{
    for (size_t i = 0; i < image->section_count; i++) {
        GElf_Shdr h;
        Elf_Scn *scn = elf_getscn(image->elf, i);
        if (scn && gelf_getshdr(scn, &h) && h.sh_type == SHT_SYMTAB_SHNDX && h.sh_link == symbols)
            return elf_getdata(scn, NULL);
    }
    return NULL;
}

static void read_table(struct reader *r, size_t section)
{
    GElf_Shdr h;
    Elf_Scn *scn = elf_getscn(r->image->elf, section);
    Elf_Data *data = scn && gelf_getshdr(scn, &h) ? elf_getdata(scn, NULL) : NULL;
    size_t entry = gelf_fsize(r->image->elf, ELF_T_SYM, 1, EV_CURRENT);
    if (!data || !data->d_buf || !entry)
        return;
    Elf_Data *wide = index_table(r->image, section);
    r->file = NULL;
    for (size_t i = 0; i < data->d_size / entry; i++) {
        GElf_Sym sym;
        Elf32_Word index = 0;
        if (!gelf_getsymshndx(data, wide, (int)i, &sym, &index))
            break;
        const char *name = elf_strptr(r->image->elf, h.sh_link, sym.st_name);
        if (!name)
            continue;
        index = sym.st_shndx == SHN_XINDEX ? index : sym.st_shndx;
        if (GELF_ST_TYPE(sym.st_info) == STT_FILE)
            r->file = name[0] ? clean_name(r, name, 0) : NULL;
        else
            add_symbol(r, &sym, index < r->inv->section_count ? &r->inv->sections[index] : NULL, name);
    }
}

/* A thread-local symbol's value is an offset into .tdata and the .tbss behind it. */
static const struct section *thread_section(const struct inventory *inv, uint64_t offset)
{
    uint64_t start = 0;
    for (size_t i = 0; i < inv->section_count; i++) {
        const struct section *s = &inv->sections[i];
        if (!(s->flags & SHF_TLS))
            continue;
        if (offset - start < s->size)
            return s;
        start += s->size;
    }
    return NULL;
}

/* The section numbers of another file mean nothing here, its addresses do. */
static void read_apart(struct reader *r, struct image *image, int count)
{
    r->file = NULL;
    for (int i = 0; i < count; i++) {
        GElf_Sym sym;
        const char *name = apart_symbol(image, i, &sym);
        if (!name)
            continue;
        if (GELF_ST_TYPE(sym.st_info) == STT_FILE) {
            r->file = clean_name(r, name, 0);
            continue;
        }
        int section = section_at(r->inv, sym.st_value);
        if (GELF_ST_TYPE(sym.st_info) == STT_TLS)
            add_symbol(r, &sym, thread_section(r->inv, sym.st_value), name);
        else
            add_symbol(r, &sym, section >= 0 ? &r->inv->sections[section] : NULL, name);
    }
}

static int binding_rank(const struct symbol *s)
{
    return s->local ? 2 : s->weak ? 1 : 0;
}

static size_t underscores(const char *name)
{
    return strspn(name, "_");
}

/* Addresses ascending, TLS last; at one address the widest, then the most public and plainest name first. */
static int by_address(const void *a, const void *b)
{
    const struct symbol *x = a, *y = b;
    bool x_tls = x->kind == SYMBOL_TLS, y_tls = y->kind == SYMBOL_TLS;
    if (x_tls != y_tls)
        return x_tls - y_tls;
    if (x->address != y->address)
        return x->address < y->address ? -1 : 1;
    if (x->size != y->size)
        return x->size > y->size ? -1 : 1;
    if (binding_rank(x) != binding_rank(y))
        return binding_rank(x) - binding_rank(y);
    size_t x_lead = underscores(x->name), y_lead = underscores(y->name);
    if (x_lead != y_lead)
        return x_lead < y_lead ? -1 : 1;
    int by_name = strcmp(x->name, y->name);
    return by_name ? by_name : (x->kind > y->kind) - (x->kind < y->kind);
}

static bool same_place_as(const struct symbol *a, const struct symbol *b)
{
    return a->address == b->address && (a->kind == SYMBOL_TLS) == (b->kind == SYMBOL_TLS);
}

/* Appends the addresses of the symbols that are, or are not, thread-local, in order; returns how many. */
static size_t sort_addresses(const struct inventory *inv, bool tls, struct sort_key *keys, struct sort_key *spare)
{
    size_t count = 0;
    for (size_t i = 0; i < inv->symbol_count; i++)
        if ((inv->symbols[i].kind == SYMBOL_TLS) == tls)
            keys[count++] = (struct sort_key){ inv->symbols[i].address, i };
    sort_keys(keys, spare, count);
    return count;
}

/* Sorting is the longest step of reading symbols, so addresses are sorted, and whole symbols only where several share
 * one. */
static void sort_symbols(struct inventory *inv)
{
    size_t count = inv->symbol_count;
    struct arena *scratch = arena_new();
    struct sort_key *keys = arena_array(scratch, 2 * count, sizeof *keys);
    struct symbol *sorted = arena_array(scratch, count, sizeof *sorted);
    size_t plain = sort_addresses(inv, false, keys, keys + count);
    sort_addresses(inv, true, keys + plain, keys + count);
    for (size_t i = 0; i < count; i++)
        sorted[i] = inv->symbols[keys[i].index];
    for (size_t i = 0, end; i < count; i = end) {
        for (end = i + 1; end < count && same_place_as(&sorted[i], &sorted[end]); end++)
            continue;
        if (end - i > 1)
            qsort(sorted + i, end - i, sizeof *sorted, by_address);
    }
    if (count)
        memcpy(inv->symbols, sorted, count * sizeof *sorted);
    arena_free(scratch);
    for (size_t i = 1; i < inv->symbol_count; i++) {
        const struct symbol *before = &inv->symbols[i - 1];
        struct symbol *s = &inv->symbols[i];
        s->alias = same_place_as(s, before);
    }
}

/* Functions without a size (assembler) get their FDE's; whether any did. */
static bool size_from_frames(const struct frames *frames, struct inventory *inv)
{
    bool sized = false;
    for (size_t i = 0; i < inv->symbol_count; i++) {
        struct symbol *s = &inv->symbols[i];
        if (s->size || s->kind != SYMBOL_FUNCTION)
            continue;
        const struct frame *f = frame_at(frames, s->address);
        if (f && f->address == s->address) {
            s->size = f->size;
            sized = true;
        }
    }
    return sized;
}

/* Adds fn_<address> for every FDE in code that no symbol covers. Returns how many. */
static size_t add_unnamed(struct arena *arena, const struct frames *frames, struct inventory *inv)
{
    size_t known = inv->symbol_count, added = 0, at = 0;
    uint64_t covered = 0; /* end of the symbols passed so far */
    for (size_t i = 0; i < frames->count; i++) {
        const struct frame *f = &frames->items[i];
        for (; at < known && inv->symbols[at].address <= f->address && inv->symbols[at].kind != SYMBOL_TLS; at++) {
            uint64_t end = inv->symbols[at].address + (inv->symbols[at].size ? inv->symbols[at].size : 1);
            covered = end > covered ? end : covered;
        }
        int section = section_at(inv, f->address);
        enum section_use use = section >= 0 ? inv->sections[section].use : USE_TEXT;
        if (f->address < covered || use == USE_PLT || (i > 0 && f[-1].address == f->address))
            continue;
        struct symbol *s = ARENA_PUSH(arena, inv->symbols, inv->symbol_count, inv->symbol_room);
        s->name = s->base_name = arena_printf(arena, "fn_%llx", (unsigned long long)f->address);
        *s = (struct symbol){ .name = s->name,
                              .base_name = s->name,
                              .kind = SYMBOL_FUNCTION,
                              .use = use,
                              .local = true,
                              .made_up = true,
                              .cold = use == USE_TEXT_COLD,
                              .address = f->address,
                              .size = f->size,
                              .section = section };
        added++;
    }
    return added;
}

/* GNU ld gathers input sections inside .text in the order unlikely, exit, startup, hot, sorted, rest (`ld --verbose`),
 * and the start files' code is the first of the rest: _start in programs, deregister_tm_clones in libraries. What lies
 * before it came from the prefixed sections. Where one group ends is told by names: *.cold parts are unlikely, main and
 * _GLOBAL__sub_I_* are startup. */
struct groups {
    int section;                                         /* the .text that holds the start files' code */
    uint64_t cold_end, startup_start, startup_end, rest; /* addresses; 0: no such evidence */
};

static bool is_startup_name(const char *name)
{
    return strcmp(name, "main") == 0 || strncmp(name, "_GLOBAL__sub_I_", 15) == 0;
}

static struct groups find_groups(const struct inventory *inv)
{
    struct groups g = { .section = -1 };
    for (size_t i = 0; i < inv->symbol_count; i++) {
        const struct symbol *s = &inv->symbols[i];
        if (s->kind != SYMBOL_FUNCTION || s->use != USE_TEXT)
            continue;
        if ((strcmp(s->name, "_start") == 0 || strcmp(s->name, "deregister_tm_clones") == 0) && !g.rest) {
            g.rest = s->address;
            g.section = s->section;
        }
    }
    for (size_t i = 0; i < inv->symbol_count; i++) {
        const struct symbol *s = &inv->symbols[i];
        if (s->kind != SYMBOL_FUNCTION || s->section != g.section || s->address >= g.rest)
            continue;
        if (name_is_cold_part(s->name))
            g.cold_end = s->address + s->size;
        if (is_startup_name(s->name) && (!g.startup_start || s->address < g.startup_start))
            g.startup_start = s->address;
        if (is_startup_name(s->name))
            g.startup_end = s->address + s->size;
    }
    return g;
}

static void place_in_groups(struct inventory *inv)
{
    struct groups g = find_groups(inv);
    if (inv->linker || g.section < 0) /* only GNU ld leaves no note; the others have other orders */
        return;
    for (size_t i = 0; i < inv->symbol_count; i++) {
        struct symbol *s = &inv->symbols[i];
        if (s->kind != SYMBOL_FUNCTION || s->section != g.section || s->address >= g.rest)
            continue;
        if (s->address < g.cold_end || s->address < g.startup_start)
            s->use = USE_TEXT_COLD;
        else if (s->address < g.startup_end)
            s->use = USE_TEXT_STARTUP;
        else if (g.startup_end)
            s->use = USE_TEXT_HOT;
        s->cold = s->cold || s->use == USE_TEXT_COLD;
    }
}

static size_t find_table(const struct inventory *inv, uint32_t type)
{
    for (size_t i = 0; i < inv->section_count; i++)
        if (inv->sections[i].type == type && inv->sections[i].size)
            return i;
    return 0;
}

static void note_missing(struct reader *r, struct image *image, bool dynamic, size_t unnamed)
{
    if (image_has(image, ".gnu_debugdata") && !r->inv->has_symbols && r->apart)
        inventory_lacks(r->arena, r->inv,
                        "'%s' has no symbol table but .gnu_debugdata: functions have names, data objects have none; "
                        "keep the unstripped file to see those",
                        r->inv->path);
    else if (!r->inv->has_symbols)
        inventory_lacks(r->arena, r->inv,
                        "'%s' has no symbol table%s: %zu functions come from .eh_frame and are called fn_<address>; "
                        "keep the unstripped file to see names",
                        r->inv->path, dynamic ? " but exported names" : "", unnamed);
}

void symbols_read(struct arena *arena, struct image *image, const struct frames *frames, struct inventory *inv)
{
    struct reader r = {
        .arena = arena, .image = image, .inv = inv, .name_budget = image->size * NAME_BUDGET_FACTOR + NAME_BUDGET_LEAST
    };
    size_t table = find_table(inv, SHT_SYMTAB), dynamic = find_table(inv, SHT_DYNSYM);
    int apart = table ? 0 : apart_symbols(image);
    /* The small table of .gnu_debugdata holds functions only. */
    inv->has_symbols = table || (apart && apart_path(image));
    r.apart = apart > 0;
    if (apart)
        read_apart(&r, image, apart);
    else if (table || dynamic)
        read_table(&r, table ? table : dynamic);
    sort_symbols(inv);
    bool sized = size_from_frames(frames, inv);
    size_t unnamed = add_unnamed(arena, frames, inv);
    if (sized || unnamed)
        sort_symbols(inv);
    place_in_groups(inv);
    note_missing(&r, image, dynamic, unnamed);
}
