#include "sim/stream_pack.h"

#include "base/hints.h"
#include "sim/stream.h"

#include <stdlib.h>
#include <string.h>

/* What is remembered of a block. */
struct memory {
    uint64_t address;
    uint64_t head;     /* of its records, without the exit */
    uint32_t values;   /* index of its first value */
    uint32_t next[2];  /* block that followed, by exit (1, or any other) */
    uint8_t n_slots;
    uint8_t has_next;
    uint8_t exit;
    uint8_t last_exit; /* the highest there is */
};
_Static_assert(sizeof(struct memory) == 32, "two a cache line");

struct value {
    uint64_t last, step;
};

struct stream_packer {
    struct memory *blocks;
    struct value *values;
    size_t n_blocks, room, n_values, values_room;
    uint32_t *predicted; /* where the next block's id is predicted; NULL before the first record */
    uint32_t first;      /* that place before the first record */
};

struct stream_packer *stream_packer_new(void)
{
    return calloc(1, sizeof(struct stream_packer));
}

void stream_packer_free(struct stream_packer *p)
{
    if (p) {
        free(p->blocks);
        free(p->values);
        free(p);
    }
}

size_t stream_pack_room(uint32_t words)
{
    return (size_t)words * 11 + 64; /* a value takes at most 10 bytes and a flag, a head 1 + 5 + 1 */
}

/* Grows `items` to hold `count` + `more`; false: no memory. */
static bool make_room(void **items, size_t *room, size_t needed, size_t size)
{
    if (needed <= *room)
        return true;
    size_t grown = 2 * needed + 256;
    void *p = realloc(*items, grown * size);
    if (!p)
        return false;
    memset((char *)p + *room * size, 0, (grown - *room) * size);
    *items = p;
    *room = grown;
    return true;
}

/* Learns a block from its event. */
static bool learn(struct stream_packer *p, const uint64_t *event, size_t words)
{
    struct stream_block_wire w;
    ptrdiff_t predicted = p->predicted && p->predicted != &p->first ? (char *)p->predicted - (char *)p->blocks : -1;
    if (words * 8 < 8 + sizeof w)
        return false;
    memcpy(&w, event + 1, sizeof w);
    if (w.id != p->n_blocks || w.n_slots > STREAM_SLOTS_MAX || w.ending >= STREAM_ENDINGS || w.n_exits < 1 ||
        !make_room((void **)&p->blocks, &p->room, p->n_blocks + 1, sizeof *p->blocks) ||
        !make_room((void **)&p->values, &p->values_room, p->n_values + w.n_slots + 1, sizeof *p->values))
        return false;
    unsigned has_next = (unsigned)stream_ending_has_next(w.ending);
    p->blocks[p->n_blocks++] = (struct memory){ .address = w.address,
                                                .head = stream_head(w.id, 0, 1u + w.n_slots + has_next),
                                                .values = (uint32_t)p->n_values,
                                                .n_slots = (uint8_t)w.n_slots,
                                                .last_exit = (uint8_t)(w.n_exits < 256 ? w.n_exits - 1 : 255),
                                                .has_next = (uint8_t)has_next };
    p->n_values += w.n_slots + 1u;
    if (predicted >= 0)
        p->predicted = (uint32_t *)((char *)p->blocks + predicted);
    return true;
}

static uint32_t *prediction(struct stream_packer *p)
{
    return p->predicted ? p->predicted : &p->first;
}

static void remember_next(struct stream_packer *p, struct memory *m, unsigned exit)
{
    m->exit = (uint8_t)exit;
    p->predicted = &m->next[exit == 1];
}

/* ---- packing ---- */

static uint8_t *put_number(uint8_t *out, uint64_t n)
{
    for (; n >= 128; n >>= 7)
        *out++ = (uint8_t)(n | 128);
    *out++ = (uint8_t)n;
    return out;
}

static uint64_t zigzag(uint64_t step)
{
    return step << 1 ^ (uint64_t)((int64_t)step >> 63);
}

/* Flags: six in a record's first byte, from bit 2 on, the others after the exit, 8 a byte. */
enum { FIRST_FLAGS = 6 };

static unsigned more_flags(unsigned n_values)
{
    return n_values > FIRST_FLAGS ? (n_values - FIRST_FLAGS + 7) / 8 : 0;
}

/* Packs one record; `following` is the address of the run's next block, 0: none. */
static uint8_t *pack_record(struct stream_packer *p, const uint64_t *at, uint64_t following, uint8_t *out)
{
    uint32_t id = stream_id(*at), *predicted = prediction(p);
    unsigned exit = stream_exit_number(*at);
    struct memory *m = &p->blocks[id];
    unsigned n_values = m->n_slots + m->has_next;
    uint8_t *first = out++;
    *first = (*predicted == id) | (m->exit == exit) << 1;
    if (!(*first & 1))
        out = put_number(out, *predicted = id);
    if (!(*first & 2))
        *out++ = (uint8_t)exit;
    uint8_t *more = out;
    memset(more, 0, more_flags(n_values));
    out += more_flags(n_values);
    for (unsigned i = 0; i < n_values; i++) {
        struct value *v = &p->values[m->values + i];
        uint64_t now = at[1 + i], step = now - v->last;
        if (i == m->n_slots ? following && now == following : step == v->step) {
            if (i < FIRST_FLAGS)
                *first |= (uint8_t)(4 << i);
            else
                more[(i - FIRST_FLAGS) / 8] |= (uint8_t)(1 << (i - FIRST_FLAGS) % 8);
        } else {
            out = put_number(out, zigzag(step));
        }
        *v = (struct value){ now, step };
    }
    remember_next(p, m, exit);
    return out;
}

/* Whether a record of a described block stands at `at` and ends before `end`. */
static bool is_record(const struct stream_packer *p, const uint64_t *at, const uint64_t *end)
{
    uint32_t id = stream_id(*at);
    return !(*at >> 48) && id < p->n_blocks &&
           stream_words(*at) == 1u + p->blocks[id].n_slots + p->blocks[id].has_next && stream_words(*at) <= end - at;
}

static uint8_t *pack_run(struct stream_packer *p, const uint64_t *at, const uint64_t *end, uint8_t *out)
{
    uint64_t n = 0;
    for (const uint64_t *r = at; r < end; r += stream_words(*r), n++)
        if (!is_record(p, r, end))
            return NULL;
    out = put_number(out, n + 1);
    for (const uint64_t *next; at < end; at = next) {
        next = at + stream_words(*at);
        out = pack_record(p, at, next < end ? p->blocks[stream_id(*next)].address : 0, out);
    }
    return out;
}

static uint8_t *pack_event(struct stream_packer *p, const uint64_t *at, size_t words, uint8_t *out)
{
    struct stream_event_head head;
    memcpy(&head, at, sizeof head);
    if (head.type == STREAM_EVENT_BLOCK && !learn(p, at, words))
        return NULL;
    out = put_number(put_number(out, 1), words);
    memcpy(out, at, words * 8);
    return out + words * 8;
}

size_t stream_pack(struct stream_packer *p, const uint64_t *chunk, uint32_t words, uint8_t *out)
{
    uint8_t *start = out;
    struct stream_chunk header;
    memcpy(&header, chunk, sizeof header);
    uint32_t at = STREAM_CHUNK_HEADER_WORDS, event = header.first_event ? header.first_event : words;
    while (at < words && out) {
        struct stream_event_head head;
        if (event < at || event > words)
            return 0;
        if (at < event) {
            out = pack_run(p, chunk + at, chunk + event, out);
            at = event;
            continue;
        }
        memcpy(&head, chunk + at, sizeof head);
        if (head.words < 1 || head.words > words - at)
            return 0;
        out = pack_event(p, chunk + at, head.words, out);
        at += head.words;
        event = head.next ? head.next : words;
    }
    if (!out)
        return 0;
    out = put_number(out, 0);
    while ((out - start) % 8)
        *out++ = 0;
    return (size_t)(out - start);
}

/* ---- unpacking ---- */

/* What is still to be read. Functions out of line never see its address, so that it stays in registers. Where it has
 * ended, zeros come, and it is bad. */
struct input {
    const uint8_t *at, *end;
    bool bad;
};

static OUT_OF_LINE struct input number_by_bytes(struct input in, uint64_t *n)
{
    *n = 0;
    for (unsigned shift = 0; shift < 70 && in.at < in.end; shift += 7) {
        uint8_t byte = *in.at++;
        *n |= (uint64_t)(byte & 127) << (shift < 64 ? shift : 63);
        if (byte < 128)
            return in;
    }
    *n = 0;
    in.bad = true;
    return in;
}

static inline uint64_t get_number_slowly(struct input *in)
{
    uint64_t n;
    *in = number_by_bytes(*in, &n);
    return n;
}

/* Eight bytes of seven bits each, the lowest first, without the gaps between them: of one bit, two, four. */
static inline uint64_t close_gaps(uint64_t n)
{
    n -= (n & 0x7f007f007f007f00) >> 1;
    n -= ((n & 0x3fff00003fff0000) >> 2) * 3;
    return (uint32_t)n | n >> 32 << 28;
}

/* Up to eight bytes at once and without a branch on their number, which nothing could predict. `roomy`: there are eight. */
static IN_LINE uint64_t get_number(struct input *in, bool roomy)
{
    const uint64_t tops = 0x8080808080808080;
    uint64_t n, stop;
    if (!roomy && in->end - in->at < 8)
        return get_number_slowly(in);
    memcpy(&n, in->at, 8);
    stop = ~n & tops;
    if (UNLIKELY(!stop))
        return get_number_slowly(in);
    in->at += (unsigned)__builtin_ctzll(stop) / 8 + 1;
    return close_gaps(n & (stop ^ (stop - 1)) & ~tops);
}

static inline uint64_t unzigzag(uint64_t n)
{
    return n >> 1 ^ -(n & 1);
}

static IN_LINE uint8_t get_byte(struct input *in, bool roomy)
{
    if (roomy || in->at < in->end)
        return *in->at++;
    in->bad = true;
    return 0;
}

struct output {
    uint64_t *chunk;
    uint32_t at, room;
    uint32_t *link;        /* where the next event's index goes */
};

/* `count` slots whose flags are the bits of `flags`. */
static IN_LINE void unpack_slots(struct value *v, unsigned count, unsigned flags, struct input *in, uint64_t *words,
                                 bool roomy)
{
    for (struct value *end = v + count; v < end; v++, flags >>= 1) {
        if (!(flags & 1))
            v->step = unzigzag(get_number(in, roomy));
        *words++ = v->last += v->step;
    }
}

/* The slots of a record with more flags than its first byte holds, and the flag of what follows them. */
static struct input unpack_many(struct input in, struct value *values, const struct memory *m, unsigned *flags,
                                uint64_t *words)
{
    unsigned n = m->n_slots, extra = more_flags(n + m->has_next);
    const uint8_t *more = in.at;
    if (extra > in.end - in.at) {
        in.bad = true;
        return in;
    }
    in.at += extra;
    unpack_slots(values, n < FIRST_FLAGS ? n : FIRST_FLAGS, *flags, &in, words, false);
    for (unsigned i = FIRST_FLAGS; i < n; i += 8)
        unpack_slots(values + i, n - i < 8 ? n - i : 8, more[(i - FIRST_FLAGS) / 8], &in, words + i, false);
    if (m->has_next)
        *flags = more[(n - FIRST_FLAGS) / 8] >> (n - FIRST_FLAGS) % 8;
    return in;
}

/* A run as it is unpacked. */
struct unpacking {
    struct input in;
    uint64_t *to, *end;
    uint32_t *predicted;      /* where the next block's id is */
    uint64_t *late;           /* the word that becomes the address of the run's next block; NULL: none waits */
    struct value *late_value; /* and where it is to be remembered */
};

/* More than a record can have, in words, and, where the flags fit its first byte, in bytes with one number more. */
enum { RECORD_WORDS = 256, RECORD_BYTES = 96 };

/* Which block's record it is; NULL: none's. Blocks predicted have been checked before, or are the first one. */
static IN_LINE struct memory *unpack_block(struct stream_packer *p, struct unpacking *u, unsigned first, bool roomy)
{
    if (UNLIKELY(!(first & 1))) {
        uint64_t id = get_number(&u->in, roomy);
        if (id >= p->n_blocks)
            return NULL;
        *u->predicted = (uint32_t)id;
    }
    return &p->blocks[*u->predicted];
}

/* One record; false: it is damaged. `roomy`: no end is near. */
static IN_LINE bool unpack_record(struct stream_packer *p, struct unpacking *u, bool roomy)
{
    unsigned first = get_byte(&u->in, roomy), flags = first >> 2;
    struct memory *m = unpack_block(p, u, first, roomy);
    if (UNLIKELY(!m))
        return false;
    if (UNLIKELY(!(first & 2))) {
        m->exit = get_byte(&u->in, roomy);
        if (m->exit > m->last_exit)
            return false;
    }
    unsigned n = m->n_slots, words = stream_words(m->head);
    struct value *values = p->values + m->values;
    if (!roomy && words > u->end - u->to)
        return false;
    if (UNLIKELY(u->late != NULL)) {
        *u->late = m->address;
        *u->late_value = (struct value){ m->address, m->address - u->late_value->last };
        u->late = NULL;
    }
    u->to[0] = m->head | m->exit;
    if (LIKELY(words <= FIRST_FLAGS + 1)) {
        unpack_slots(values, n, flags, &u->in, u->to + 1, roomy);
    } else {
        u->in = unpack_many(u->in, values, m, &flags, u->to + 1);
        n = 0;
    }
    if (m->has_next) {
        u->late = u->to + words - 1;
        u->late_value = values + m->n_slots;
        if (!(flags >> n & 1)) {
            unpack_slots(u->late_value, 1, 0, &u->in, u->late, roomy && words <= FIRST_FLAGS + 1);
            u->late = NULL;
        }
    }
    u->predicted = &m->next[m->exit == 1];
    u->to += words;
    return true;
}

static OUT_OF_LINE bool unpack_with_care(struct stream_packer *p, struct unpacking *u)
{
    struct unpacking copy = *u;
    bool done = unpack_record(p, &copy, false);
    *u = copy;
    return done && !copy.in.bad;
}

static OUT_OF_LINE struct unpacking unpack_roomy(struct stream_packer *p, struct unpacking u, uint64_t *count, bool *done)
{
    uint64_t left = *count;
    while (left && *done && u.in.end - u.in.at >= RECORD_BYTES && u.end - u.to >= RECORD_WORDS) {
        *done = unpack_record(p, &u, true);
        left--;
    }
    *count = left;
    return u;
}

/* A run of `count` records; false: they are damaged. */
static bool unpack_run(struct stream_packer *p, struct input *in, struct output *out, uint64_t count)
{
    struct unpacking u = { .in = *in, .to = out->chunk + out->at, .end = out->chunk + out->room, .predicted = prediction(p) };
    if (!p->n_blocks)
        return false;
    for (bool done = true; count; ) {
        u = unpack_roomy(p, u, &count, &done);
        if (!done || (count && !unpack_with_care(p, &u)))
            return false;
        count -= count > 0;
    }
    p->predicted = u.predicted;
    out->at = (uint32_t)(u.to - out->chunk);
    *in = u.in;
    return !u.late && !u.in.bad;
}

static bool unpack_event(struct stream_packer *p, struct input *in, struct output *out)
{
    uint64_t words = get_number(in, false);
    struct stream_event_head head;
    if (words < 1 || words > out->room - out->at || words * 8 > (size_t)(in->end - in->at))
        return false;
    uint64_t *at = out->chunk + out->at;
    memcpy(at, in->at, words * 8);
    in->at += words * 8;
    memcpy(&head, at, sizeof head);
    if (head.words != words || (head.type == STREAM_EVENT_BLOCK && !learn(p, at, words)))
        return false;
    *out->link = out->at;
    out->link = &((struct stream_event_head *)at)->next;
    *out->link = 0;
    out->at += (uint32_t)words;
    return true;
}

uint32_t stream_unpack(struct stream_packer *p, const uint8_t *from, size_t bytes, uint64_t *chunk, uint32_t room)
{
    struct input in = { from, from + bytes, false };
    struct output out = { .chunk = chunk, .at = STREAM_CHUNK_HEADER_WORDS, .room = room };
    out.link = &((struct stream_chunk *)chunk)->first_event;
    *out.link = 0;
    for (;;) {
        uint64_t section = get_number(&in, false);
        if (in.bad)
            return 0;
        if (section == 0)
            return out.at;
        if (section == 1 ? !unpack_event(p, &in, &out) : !unpack_run(p, &in, &out, section - 1))
            return 0;
    }
}
