#include "elf/hardening.h"

#include "elf/image.h"
#include "elf/names.h"
#include "elf/sections.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct segment *find_segment(const struct inventory *inv, uint32_t type)
{
    for (size_t i = 0; i < inv->segment_count; i++)
        if (inv->segments[i].type == type)
            return &inv->segments[i];
    return NULL;
}

/* The GOT of functions joins RELRO only where everything is bound at the start. */
static bool binds_now(const struct inventory *inv)
{
    const struct segment *s = find_segment(inv, PT_DYNAMIC);
    Elf *elf = inv->image->elf;
    Elf_Data *data = s && s->offset < inv->size && s->file_size <= inv->size - s->offset
                         ? elf_getdata_rawchunk(elf, (int64_t)s->offset, s->file_size, ELF_T_DYN)
                         : NULL;
    size_t entry = gelf_fsize(elf, ELF_T_DYN, 1, EV_CURRENT);
    GElf_Dyn dyn;
    for (int i = 0; data && data->d_buf && (size_t)i < data->d_size / entry && gelf_getdyn(data, i, &dyn); i++) {
        bool flagged = (dyn.d_tag == DT_FLAGS && (dyn.d_un.d_val & DF_BIND_NOW)) ||
                       (dyn.d_tag == DT_FLAGS_1 && (dyn.d_un.d_val & DF_1_NOW));
        if (dyn.d_tag == DT_BIND_NOW || flagged)
            return true;
        if (dyn.d_tag == DT_NULL)
            break;
    }
    return false;
}

/* .note.gnu.property of x86-64: notes of properties, each a type, a length and its value, padded to eight bytes. */
static const char *read_cet(const struct inventory *inv)
{
    enum { HEAD = 16 /* of the note, its name "GNU" included */, FEATURES = 0xc0000002, IBT = 1, SHSTK = 2 };
    uint64_t size = 0;
    uint32_t bits = 0;
    const unsigned char *note = section_bytes(inv, ".note.gnu.property", &size);
    for (uint64_t at = HEAD; note && at + 12 <= size;) {
        uint32_t type, length, value;
        memcpy(&type, note + at, 4);
        memcpy(&length, note + at + 4, 4);
        memcpy(&value, note + at + 8, 4);
        if (type == FEATURES)
            bits = value;
        at += 8 + (((uint64_t)length + 7) & ~7ull);
    }
    return (bits & IBT) && (bits & SHSTK) ? "IBT SHSTK" : bits & IBT ? "IBT" : bits & SHSTK ? "SHSTK" : "none";
}

struct versions {
    const char **items;
    size_t count, room;
};

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The linker lists them in the order of first use, which says nothing. */
static const char *join(struct arena *arena, struct versions *v)
{
    size_t bytes = 1;
    if (v->count)
        qsort(v->items, v->count, sizeof *v->items, by_text);
    for (size_t i = 0; i < v->count; i++)
        bytes += strlen(v->items[i]) + 1;
    char *all = arena_alloc(arena, bytes), *at = all;
    for (size_t i = 0; i < v->count; i++)
        at += sprintf(at, "%s%s", i ? " " : "", v->items[i]);
    return name_clean(arena, all);
}

/* The table of needed versions: a chain of libraries, each with a chain of versions. Both go forward only. */
static const char *read_versions(struct arena *arena, const struct inventory *inv)
{
    enum { MOST = 4096, NAME = 200 };
    struct versions v = { 0 };
    size_t index = 0;
    while (index < inv->section_count && inv->sections[index].type != SHT_GNU_verneed)
        index++;
    Elf *elf = inv->image->elf;
    Elf_Scn *scn = index < inv->section_count ? elf_getscn(elf, index) : NULL;
    GElf_Shdr h;
    Elf_Data *data = scn && gelf_getshdr(scn, &h) ? elf_getdata(scn, NULL) : NULL;
    GElf_Verneed need;
    for (int at = 0, next = 1; data && next > 0 && v.count < MOST && gelf_getverneed(data, at, &need);) {
        const char *library = elf_strptr(elf, h.sh_link, need.vn_file);
        GElf_Vernaux aux;
        int step = (int)need.vn_aux;
        for (int place = at; step > 0 && v.count < MOST; step = (int)aux.vna_next) {
            if (__builtin_add_overflow(place, step, &place) || !gelf_getvernaux(data, place, &aux))
                break;
            const char *version = elf_strptr(elf, h.sh_link, aux.vna_name);
            *ARENA_PUSH(arena, v.items, v.count, v.room) =
                arena_printf(arena, "%.*s(%.*s)", NAME, library ? library : "?", NAME, version ? version : "?");
        }
        next = (int)need.vn_next;
        if (__builtin_add_overflow(at, next, &at))
            break;
    }
    return join(arena, &v);
}

struct hardening hardening_read(struct arena *arena, const struct inventory *inv, const struct slot *slots,
                                size_t count)
{
    const struct segment *stack = find_segment(inv, PT_GNU_STACK);
    struct hardening h = {
        .relro = !find_segment(inv, PT_GNU_RELRO) ? "none"
                 : binds_now(inv)                 ? "relocated data and GOT"
                                                  : "relocated data",
        .stack = !stack ? "not said" : stack->flags & PF_X ? "executable" : "not executable",
        .cet = read_cet(inv),
        .guard = "no",
        .versions = read_versions(arena, inv),
    };
    for (size_t i = 0; i < count; i++) {
        size_t length = strlen(slots[i].name);
        if (strcmp(slots[i].name, "__stack_chk_fail") == 0)
            h.guard = "yes";
        else
            h.fortified += length > 4 && strcmp(slots[i].name + length - 4, "_chk") == 0;
    }
    return h;
}
