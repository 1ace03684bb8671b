#include "layout/pack.h"

#include <stdlib.h>

#include "layout/draw.h"
#include "sim/stream.h"

enum { PAGE = 4096, LINE = 64, WORDS_OF_PAGE = PAGE / PACK_WORD, PIECE_LEAST = 512, PIECE_MOST = 4095 };

/* Far from anything a process maps and from the zones of place.c. */
static const uint64_t ZONE = 0x680000000000;

/* One page of the process, and which of its words were read. */
struct seen {
    uint64_t page; /* + 1; 0: empty */
    uint64_t words[WORDS_OF_PAGE / 64];
    uint64_t joined[WORDS_OF_PAGE / 64]; /* one access read this word and the next */
};

struct learner {
    struct arena *arena;
    struct remap *wanted; /* moves what counts by 1 */
    struct seen *pages;   /* open addressing */
    size_t page_count, page_room;
    struct seen *last;
    uint64_t *words;
    size_t count, room;
};

static struct seen *find(struct seen *pages, size_t room, uint64_t page)
{
    size_t at = (size_t)(page * 0x9e3779b97f4a7c15ull >> 20) & (room - 1);
    while (pages[at].page && pages[at].page != page + 1)
        at = (at + 1) & (room - 1);
    return &pages[at];
}

static void grow(struct learner *l)
{
    size_t room = l->page_room ? 2 * l->page_room : 1024;
    struct seen *pages = arena_array(l->arena, room, sizeof *pages);
    for (size_t i = 0; i < l->page_room; i++)
        if (l->pages[i].page)
            *find(pages, room, l->pages[i].page - 1) = l->pages[i];
    l->pages = pages;
    l->page_room = room;
}

static struct seen *page_of(struct learner *l, uint64_t page)
{
    if (l->last && l->last->page == page + 1)
        return l->last;
    if (2 * l->page_count >= l->page_room)
        grow(l);
    struct seen *seen = find(l->pages, l->page_room, page);
    l->page_count += !seen->page;
    seen->page = page + 1;
    return l->last = seen;
}

static void note_read(struct learner *l, uint64_t address, uint64_t size)
{
    uint64_t last = (address + size - 1) / PACK_WORD;
    for (uint64_t word = address / PACK_WORD; word <= last; word++) {
        uint64_t at = word * PACK_WORD, bit = 1ull << word % 64;
        struct seen *seen = page_of(l, at / PAGE);
        uint64_t *set = &seen->words[word % WORDS_OF_PAGE / 64];
        if (word < last)
            seen->joined[word % WORDS_OF_PAGE / 64] |= bit;
        if (*set & bit || l->count == PACK_WORDS_MAX)
            continue;
        *set |= bit;
        if (remap_address(l->wanted, at) != at)
            *ARENA_PUSH(l->arena, l->words, l->count, l->room) = at;
    }
}

static void note_run(struct learner *l, const struct stream_block *const *blocks, const struct stream_run *run)
{
    for (const uint64_t *at = run->at; at < run->end; at += stream_words(*at)) {
        const struct stream_block *b = blocks[stream_id(*at)];
        unsigned refs = b->exits[stream_exit_number(*at)].refs;
        for (unsigned r = 0; r < refs; r++) {
            uint64_t address = b->refs[r].flags & STREAM_REF_LOAD ? stream_ref_address(&b->refs[r], at + 1) : 0;
            if (address)
                note_read(l, address, b->refs[r].size);
        }
    }
}

/* ---- what stays together ---- */

static bool is_joined(struct learner *l, uint64_t word)
{
    const struct seen *seen = find(l->pages, l->page_room, word / WORDS_OF_PAGE);
    return seen->page && seen->joined[word % WORDS_OF_PAGE / 64] >> word % 64 & 1;
}

/* Forgets that a word was read; false: it was not, or has been forgotten. */
static bool take_word(struct learner *l, uint64_t word)
{
    struct seen *seen = find(l->pages, l->page_room, word / WORDS_OF_PAGE);
    uint64_t bit = 1ull << word % 64, *set = &seen->words[word % WORDS_OF_PAGE / 64];
    bool was = seen->page && *set & bit;
    if (was)
        *set &= ~bit;
    return was;
}

/* The words in the order of their reading, those joined with one of them right beside it. */
static struct pack items_of(struct learner *l)
{
    struct pack_item *items = arena_array(l->arena, l->count + 1, sizeof *items);
    size_t count = 0;
    for (size_t i = 0; i < l->count; i++) {
        uint64_t word = l->words[i] / PACK_WORD, first = word, end = word + 1;
        if (!take_word(l, word))
            continue;
        while (is_joined(l, first - 1) && take_word(l, first - 1))
            first--;
        while (is_joined(l, end - 1) && take_word(l, end))
            end++;
        items[count++] = (struct pack_item){ first * PACK_WORD, (uint32_t)(end - first) };
    }
    return (struct pack){ items, count };
}

static struct remap *wanted_of(const struct layout_side *side, unsigned axes)
{
    struct remap *wanted = remap_new();
    for (size_t i = 0; i < side->count; i++)
        if (axes >> side->objects[i].axis & 1)
            remap_add(wanted, side->objects[i].address, side->objects[i].extent, 1);
    return wanted;
}

bool pack_learn(struct arena *arena, const char *recording, const struct layout_side *side, unsigned axes,
                bool (*stop)(void *), void *context, struct pack *pack, struct err *err)
{
    struct stream *stream = stream_open(recording, err);
    if (!stream)
        return false;
    struct learner l = { .arena = arena, .wanted = wanted_of(side, axes) };
    struct stream_run run;
    struct stream_event event;
    enum stream_item item;
    while ((item = stream_next(stream, &run, &event, err)) > STREAM_DONE) {
        if (item != STREAM_RUN)
            continue;
        if (stop && stop(context)) {
            err_set(err, ERR_INTERRUPTED, "interrupted while looking at what is read");
            item = STREAM_FAILED;
            break;
        }
        note_run(&l, stream_blocks(stream), &run);
    }
    remap_free(l.wanted);
    stream_close(stream);
    *pack = items_of(&l);
    return item == STREAM_DONE;
}

/* A piece of the sequence, and its turn. */
struct piece {
    uint64_t turn;
    size_t begin, end;
};

static int by_turn(const void *a, const void *b)
{
    const struct piece *x = a, *y = b;
    return x->turn < y->turn ? -1 : x->turn > y->turn;
}

struct remap *pack_remap(const struct pack *pack, uint64_t seed, unsigned number)
{
    struct arena *scratch = arena_new();
    struct draw draw = { seed + ((uint64_t)number << 32) + 77 };
    struct piece *pieces = NULL;
    size_t count = 0, room = 0;
    uint64_t to = ZONE + PACK_WORD * draw_below(&draw, WORDS_OF_PAGE);
    for (size_t at = 0, end; at < pack->count; at = end) {
        end = at + PIECE_LEAST + draw_below(&draw, PIECE_MOST + 1 - PIECE_LEAST);
        uint64_t turn = draw_next(&draw);
        *ARENA_PUSH(scratch, pieces, count, room) = (struct piece){ turn, at, end < pack->count ? end : pack->count };
    }
    if (count)
        qsort(pieces, count, sizeof *pieces, by_turn);
    struct remap *remap = remap_new();
    for (size_t p = 0; p < count; p++)
        for (size_t i = pieces[p].begin; i < pieces[p].end; i++) {
            uint64_t bytes = (uint64_t)pack->items[i].words * PACK_WORD;
            if (bytes <= LINE && to % LINE + bytes > LINE)
                to += LINE - to % LINE;
            remap_add(remap, pack->items[i].address, bytes, (int64_t)(to - pack->items[i].address));
            to += bytes;
        }
    arena_free(scratch);
    return remap;
}
