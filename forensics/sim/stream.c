#include "sim/stream.h"

#include "base/arena.h"
#include "sim/stream_pack.h"
#include "sim/stream_ring.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

struct stream {
    struct arena *arena;
    const char *name;
    struct stream_control *control;
    size_t mapped; /* bytes */
    bool is_ring;
    bool (*producer_lives)(void *);
    void *lives_context;

    const uint64_t *chunk; /* the chunk in hand, or NULL */
    uint64_t number;       /* of the chunk in hand, or of the next one */
    size_t file_at;        /* bytes: where the chunk in hand, or the next one, starts in a file */
    size_t file_bytes;     /* how long the chunk in hand is there */
    struct stream_packer *packer; /* a file with packed chunks, or one that is saved; else NULL */
    uint64_t *unpacked;    /* the chunk in hand, when it was packed */
    uint32_t words, at;    /* of the chunk in hand; at: next word to hand out */
    uint32_t event;        /* next event's word index; == words when none is left */
    bool ended;            /* END was seen */
    bool replaced;         /* the last event was an EXEC that has not failed: the stream may stop here */

    const struct stream_block **blocks;
    size_t n_blocks, room;
    char *recipe;
    char *value; /* last answer of stream_recipe */
};

static bool chunk_geometry_is_sane(const struct stream_control *c, size_t bytes, bool is_ring)
{
    if (c->chunk_words < 2 * STREAM_EVENT_WORDS_MAX || c->chunk_words > 1u << 24)
        return false;
    return !is_ring ||
           (c->chunks >= 2 && c->chunks <= 1u << 16 && stream_ring_bytes(c->chunks, c->chunk_words) <= bytes);
}

static bool check_control(const struct stream_control *c, size_t bytes, const char *name, struct err *err)
{
    if (memcmp(c->magic, STREAM_MAGIC, sizeof c->magic) != 0)
        return err_set(err, ERR_TOOL, "%s is not a recording: record it with this program", name);
    if (c->version != STREAM_VERSION)
        return err_set(err, ERR_TOOL, "%s is a recording of version %u, this program reads version %d: record it again",
                       name, c->version, STREAM_VERSION);
    if (!chunk_geometry_is_sane(c, bytes, c->chunks != 0))
        return err_set(err, ERR_TOOL, "%s is a damaged recording (impossible chunk size): record it again", name);
    return true;
}

struct stream *stream_open_fd(int fd, const char *name, struct err *err)
{
    struct stat st;
    if (fstat(fd, &st) != 0) {
        err_sys(err, ERR_TOOL, errno, "cannot look at the recording %s", name);
        return NULL;
    }
    if (st.st_size < STREAM_CONTROL_BYTES) {
        err_set(err, ERR_TOOL, "%s is not a recording (too short): record it with this program", name);
        return NULL;
    }
    /* Only the ring's consumer writes, and only its half of the control page. */
    int writable = (fcntl(fd, F_GETFL) & O_ACCMODE) == O_RDWR;
    struct stream_control *control =
        mmap(NULL, (size_t)st.st_size, PROT_READ | (writable ? PROT_WRITE : 0), MAP_SHARED, fd, 0);
    if (control == MAP_FAILED) {
        err_sys(err, ERR_TOOL, errno, "cannot map the recording %s", name);
        return NULL;
    }
    if (!check_control(control, (size_t)st.st_size, name, err)) {
        munmap(control, (size_t)st.st_size);
        return NULL;
    }
    struct arena *arena = arena_new();
    struct stream *s = arena_alloc(arena, sizeof *s);
    *s = (struct stream){ .arena = arena,
                          .name = arena_strdup(arena, name),
                          .control = control,
                          .mapped = (size_t)st.st_size,
                          .is_ring = control->chunks != 0,
                          .file_at = STREAM_CONTROL_BYTES };
    return s;
}

struct stream *stream_open(const char *path, struct err *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        err_sys(err, ERR_TOOL, errno, "cannot open the recording %s", path);
        return NULL;
    }
    struct stream *s = stream_open_fd(fd, path, err);
    close(fd);
    if (s && s->is_ring) {
        err_set(err, ERR_TOOL, "%s is a live ring, not a saved recording: save it first", path);
        stream_close(s);
        return NULL;
    }
    return s;
}

void stream_on_wait(struct stream *s, bool (*producer_lives)(void *), void *context)
{
    s->producer_lives = producer_lives;
    s->lives_context = context;
}

const struct stream_block *const *stream_blocks(const struct stream *s)
{
    return s->blocks;
}

uint32_t stream_block_count(const struct stream *s)
{
    return (uint32_t)s->n_blocks;
}

bool stream_is_done(const struct stream *s)
{
    return s->ended;
}

bool stream_producer_ended(const struct stream *s)
{
    return !s->is_ring || __atomic_load_n(&s->control->producer, __ATOMIC_ACQUIRE) == STREAM_PRODUCER_ENDED;
}

void stream_close(struct stream *s)
{
    if (!s)
        return;
    munmap(s->control, s->mapped);
    stream_packer_free(s->packer);
    free(s->blocks);
    arena_free(s->arena);
}

const char *stream_recipe(struct stream *s, const char *key)
{
    size_t n = strlen(key);
    for (const char *line = s->recipe; line && *line;) {
        const char *end = strchrnul(line, '\n');
        if (strncmp(line, key, n) == 0 && line[n] == '=') {
            s->value = arena_strndup(s->arena, line + n + 1, (size_t)(end - line) - n - 1);
            return s->value;
        }
        line = *end ? end + 1 : end;
    }
    return NULL;
}

static enum stream_item damaged(const struct stream *s, const char *what, struct err *err)
{
    err_set(err, ERR_TOOL, "the recording %s is damaged (%s in chunk %llu): record it again", s->name, what,
            (unsigned long long)s->number);
    return STREAM_FAILED;
}

/* ---- chunks ---- */

static bool ring_has_chunk(struct stream *s, struct err *err)
{
    for (;;) {
        bool ended = __atomic_load_n(&s->control->producer, __ATOMIC_ACQUIRE) == STREAM_PRODUCER_ENDED;
        if (__atomic_load_n(&s->control->produced, __ATOMIC_ACQUIRE) > s->number)
            return true;
        if (ended)
            break;
        if (stream_ring_await_chunk(s->control, s->number))
            return true;
        if (s->producer_lives && !s->producer_lives(s->lives_context) &&
            __atomic_load_n(&s->control->produced, __ATOMIC_ACQUIRE) <= s->number)
            break;
    }
    if (s->replaced) {
        s->ended = true;
        return false;
    }
    return err_set(err, ERR_TARGET,
                   "the recording of %s stopped before its end: the recorded process was killed, or went "
                   "on in another program",
                   s->name);
}

static bool file_has_chunk(struct stream *s, struct err *err)
{
    if (s->file_at + sizeof(struct stream_chunk) <= s->mapped)
        return true;
    if (s->replaced && s->file_at == s->mapped) {
        s->ended = true;
        return false;
    }
    return err_set(err, ERR_TOOL, "the recording %s is cut short after %llu chunks: record it again", s->name,
                   (unsigned long long)s->number);
}

/* The packer of a file; NULL: no memory. */
static struct stream_packer *packer_of(struct stream *s)
{
    if (!s->packer) {
        s->packer = stream_packer_new();
        s->unpacked = arena_array(s->arena, stream_pack_room(s->control->chunk_words) / 8 + 1, 8);
    }
    return s->packer;
}

/* Replaces the packed chunk in hand by a plain one. */
static bool unpack(struct stream *s)
{
    const uint8_t *packed = (const uint8_t *)(s->chunk + STREAM_CHUNK_HEADER_WORDS);
    size_t bytes = ((size_t)s->words - STREAM_CHUNK_HEADER_WORDS) * 8;
    if (!packer_of(s))
        return false;
    s->words = stream_unpack(s->packer, packed, bytes, s->unpacked, s->control->chunk_words);
    s->chunk = s->unpacked;
    return s->words >= STREAM_CHUNK_HEADER_WORDS;
}

/* Lets the packer learn from a chunk that is not packed, as it did when the file was written. */
static bool learn(struct stream *s)
{
    return packer_of(s) && stream_pack(s->packer, s->chunk, s->words, (uint8_t *)s->unpacked);
}

/* Takes the next chunk in hand. False: failed, or nothing is left and s->ended says that nothing is missing. */
static bool take_chunk(struct stream *s, struct err *err)
{
    size_t room;
    if (s->is_ring) {
        if (!ring_has_chunk(s, err))
            return false;
        room = s->control->chunk_words;
        s->chunk =
            (const uint64_t *)((const char *)s->control + STREAM_CONTROL_BYTES) + s->number % s->control->chunks * room;
    } else {
        if (!file_has_chunk(s, err))
            return false;
        room = (s->mapped - s->file_at) / 8;
        s->chunk = (const uint64_t *)((const char *)s->control + s->file_at);
    }
    const struct stream_chunk *head = (const struct stream_chunk *)s->chunk;
    if (head->check != (head->number ^ head->words ^ STREAM_CHUNK_MARK) || head->number != s->number ||
        head->words < STREAM_CHUNK_HEADER_WORDS || head->words > s->control->chunk_words ||
        head->encoding > (s->is_ring ? STREAM_PLAIN : STREAM_UNPACKABLE))
        return damaged(s, "a torn chunk", err) == STREAM_DONE;
    if (head->words > room)
        return err_set(err, ERR_TOOL, "the recording %s is cut short in chunk %llu: record it again", s->name,
                       (unsigned long long)s->number);
    s->words = head->words;
    s->file_bytes = (size_t)s->words * 8;
    if ((head->encoding == STREAM_PACKED && !unpack(s)) || (head->encoding == STREAM_UNPACKABLE && !learn(s)))
        return damaged(s, "a chunk that cannot be unpacked", err) == STREAM_DONE;
    head = (const struct stream_chunk *)s->chunk;
    s->at = STREAM_CHUNK_HEADER_WORDS;
    s->event = head->first_event ? head->first_event : s->words;
    return true;
}

static void release_chunk(struct stream *s)
{
    s->chunk = NULL;
    s->number++;
    if (s->is_ring)
        stream_ring_release(s->control, s->number);
    else
        s->file_at += s->file_bytes;
}

/* ---- events ---- */

static bool add_block(struct stream *s, const uint64_t *payload, size_t words, struct stream_event *event)
{
    struct stream_block_wire w;
    if (words * 8 < sizeof w)
        return false;
    memcpy(&w, payload, sizeof w);
    size_t fixed = sizeof w / 8 + w.n_insns + 2u * w.n_refs + 2u * w.n_exits + (w.n_slots + 7u) / 8;
    if (fixed > words || w.id != s->n_blocks || w.n_insns < 1 || w.n_exits < 2 || w.n_slots > STREAM_SLOTS_MAX ||
        w.ending >= STREAM_ENDINGS)
        return false;
    bool has_code = words - fixed >= ((size_t)w.bytes + 7) / 8;
    uint64_t *copy = arena_array(s->arena, words, 8);
    memcpy(copy, payload, words * 8);
    uint64_t *at = copy + sizeof w / 8;
    struct stream_block *b = arena_alloc(s->arena, sizeof *b);
    *b = (struct stream_block){ .address = w.address, .target = w.target, .id = w.id, .bytes = w.bytes, .uops = w.uops,
                                .ending = w.ending, .n_insns = w.n_insns, .n_slots = w.n_slots, .n_refs = w.n_refs,
                                .n_exits = w.n_exits };
    b->has_next = stream_ending_has_next(b->ending);
    b->insns = (const struct stream_insn *)at;
    b->refs = (const struct stream_ref *)(at += w.n_insns);
    b->exits = (const struct stream_exit *)(at += 2u * w.n_refs);
    b->origins = (const uint8_t *)(at += 2u * w.n_exits);
    b->code = has_code ? (const uint8_t *)(at + (w.n_slots + 7u) / 8) : NULL;
    for (unsigned i = 0; i < b->n_refs; i++) {
        if ((b->refs[i].slot != STREAM_NO_SLOT && b->refs[i].slot >= b->n_slots) || b->refs[i].insn >= b->n_insns)
            return false;
    }
    for (unsigned i = 0; i < b->n_exits; i++) {
        if (b->exits[i].insns > b->n_insns || b->exits[i].refs > b->n_refs || b->exits[i].slots > b->n_slots)
            return false;
    }
    if (s->n_blocks == s->room) {
        size_t room = s->room ? 2 * s->room : 4096;
        const struct stream_block **grown = realloc(s->blocks, room * sizeof *grown);
        if (!grown)
            return false;
        s->blocks = grown;
        s->room = room;
    }
    s->blocks[s->n_blocks++] = b;
    event->block = b;
    return true;
}

static bool read_map(const uint64_t *payload, size_t words, struct stream_map *map)
{
    struct stream_map_wire w;
    if (words * 8 <= sizeof w)
        return false;
    memcpy(&w, payload, sizeof w);
    *map = (struct stream_map){ .address = w.address, .bytes = w.bytes, .file_offset = w.file_offset, .kind = w.kind,
                                .protection = w.protection, .build_id_bytes = w.build_id_bytes,
                                .path = (const char *)(payload + sizeof w / 8) };
    if (w.build_id_bytes > STREAM_BUILD_ID_MAX || !memchr(map->path, 0, words * 8 - sizeof w))
        return false;
    memcpy(map->build_id, w.build_id, sizeof w.build_id);
    return true;
}

static bool read_fixed(void *into, size_t bytes, const uint64_t *payload, size_t words)
{
    if (words * 8 < bytes)
        return false;
    memcpy(into, payload, bytes);
    return true;
}

/* Decodes the payload; false when it is damaged. Unknown types decode to nothing. */
static bool read_event(struct stream *s, const uint64_t *payload, size_t words, struct stream_event *e)
{
    switch (e->type) {
    case STREAM_EVENT_START:
        if (s->recipe || !words || !memchr(payload, 0, words * 8))
            return false;
        e->recipe = s->recipe = arena_strdup(s->arena, (const char *)payload);
        return true;
    case STREAM_EVENT_BLOCK:
        return add_block(s, payload, words, e);
    case STREAM_EVENT_MAP:
        return read_map(payload, words, &e->map);
    case STREAM_EVENT_UNMAP:
        return read_fixed(&e->unmap, sizeof e->unmap, payload, words);
    case STREAM_EVENT_THREAD:
        return read_fixed(&e->thread, sizeof e->thread, payload, words);
    case STREAM_EVENT_SIGNAL:
    case STREAM_EVENT_SIGNAL_END:
        return read_fixed(&e->signal, sizeof e->signal, payload, words);
    case STREAM_EVENT_SYSCALL:
    case STREAM_EVENT_FORK:
    case STREAM_EVENT_EXEC:
        return read_fixed(&e->syscall, sizeof e->syscall, payload, words);
    case STREAM_EVENT_END:
        s->ended = true;
        return read_fixed(&e->end, sizeof e->end, payload, words);
    }
    return true;
}

static bool is_known(enum stream_event_type type)
{
    return type >= STREAM_EVENT_START && type <= STREAM_EVENT_END;
}

static enum stream_item take_event(struct stream *s, struct stream_event *event, struct err *err)
{
    struct stream_event_head head;
    memcpy(&head, s->chunk + s->at, sizeof head);
    if (head.words < 1 || head.words > s->words - s->at ||
        (head.next && (head.next < s->at + head.words || head.next >= s->words)))
        return damaged(s, "an impossible event", err);
    event->type = (enum stream_event_type)head.type;
    if (!read_event(s, s->chunk + s->at + 1, head.words - 1u, event))
        return damaged(s, "an impossible event", err);
    s->replaced = event->type == STREAM_EVENT_EXEC && event->syscall.number == 0;
    s->at += head.words;
    s->event = head.next ? head.next : s->words;
    return STREAM_EVENT;
}

/* ---- runs ---- */

/* Every record names a known block, has its length, leaves by one of its exits, and the last one ends with the run. */
static bool run_is_sane(const struct stream *s, const struct stream_run *run)
{
    const uint64_t *at = run->at;
    while (at < run->end) {
        uint64_t head = *at;
        if (head >> 48 || stream_id(head) >= s->n_blocks)
            return false;
        const struct stream_block *b = s->blocks[stream_id(head)];
        if (stream_words(head) != 1u + b->n_slots + b->has_next || stream_exit_number(head) >= b->n_exits)
            return false;
        at += stream_words(head);
    }
    return at == run->end;
}

enum stream_item stream_next(struct stream *s, struct stream_run *run, struct stream_event *event, struct err *err)
{
    for (;;) {
        if (s->chunk && s->at == s->words)
            release_chunk(s);
        if (s->ended)
            return STREAM_DONE;
        if (!s->chunk && !take_chunk(s, err))
            return s->ended ? STREAM_DONE : STREAM_FAILED;
        if (s->at == s->words)
            continue;
        if (s->at == s->event) {
            enum stream_item item = take_event(s, event, err);
            if (item == STREAM_EVENT && !is_known(event->type))
                continue;
            return item;
        }
        if (s->event < s->at || s->event > s->words)
            return damaged(s, "an impossible event", err);
        *run = (struct stream_run){ s->chunk + s->at, s->chunk + s->event };
        s->at = s->event;
        if (!s->is_ring && s->chunk != s->unpacked && !run_is_sane(s, run)) /* unpacking has checked its own */
            return damaged(s, "an impossible record", err);
        return STREAM_RUN;
    }
}

bool stream_at_chunk_end(const struct stream *s)
{
    uint32_t at = s->at, event = s->event;
    while (at < s->words && at == event) {
        struct stream_event_head head;
        memcpy(&head, s->chunk + at, sizeof head);
        if (is_known((enum stream_event_type)head.type) || !head.words || head.words > s->words - at)
            return false;
        at += head.words; /* nobody is told of it */
        event = head.next ? head.next : s->words;
    }
    return at == s->words;
}

/* ---- saving ---- */

static bool write_all(int fd, const void *bytes, size_t n)
{
    for (const char *p = bytes; n;) {
        ssize_t done = write(fd, p, n);
        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0)
            return false;
        p += done;
        n -= (size_t)done;
    }
    return true;
}

/* Whether the chunk in hand holds the END event; notes whether it ends in an EXEC. */
static bool chunk_is_last(struct stream *s)
{
    for (uint32_t at = s->event; at < s->words;) {
        struct stream_event_head head;
        memcpy(&head, s->chunk + at, sizeof head);
        if (head.type == STREAM_EVENT_END)
            return true;
        s->replaced = head.type == STREAM_EVENT_EXEC && at + head.words == s->words;
        if (head.next <= at)
            break;
        at = head.next;
    }
    return false;
}

/* Writes the chunk in hand, packed unless it would grow by that. */
static bool save_packed(struct stream *s, int fd, const char *path, struct err *err)
{
    uint8_t *out = packer_of(s) ? (uint8_t *)(s->unpacked + STREAM_CHUNK_HEADER_WORDS) : NULL;
    size_t bytes = out ? stream_pack(s->packer, s->chunk, s->words, out) : 0;
    struct stream_chunk head = { .number = s->number, .encoding = STREAM_PACKED };
    const uint64_t *body = s->unpacked;
    if (!bytes)
        return damaged(s, "a chunk that cannot be packed", err) == STREAM_DONE;
    head.words = STREAM_CHUNK_HEADER_WORDS + (uint32_t)(bytes / 8);
    if (head.words > s->words) {
        head = *(const struct stream_chunk *)s->chunk;
        head.encoding = STREAM_UNPACKABLE;
        body = s->chunk;
    }
    head.check = head.number ^ head.words ^ STREAM_CHUNK_MARK;
    if (!write_all(fd, &head, sizeof head) ||
        !write_all(fd, body + STREAM_CHUNK_HEADER_WORDS, ((size_t)head.words - STREAM_CHUNK_HEADER_WORDS) * 8))
        return err_sys(err, ERR_TOOL, errno, "cannot write the recording %s", path);
    return true;
}

static bool save_chunks(struct stream *s, int fd, const char *path, struct err *err)
{
    char page[STREAM_CONTROL_BYTES] = { 0 };
    struct stream_control control = { .magic = STREAM_MAGIC, .version = STREAM_VERSION,
                                      .chunk_words = s->control->chunk_words, .producer = STREAM_PRODUCER_ENDED };
    memcpy(page, &control, sizeof control);
    if (!write_all(fd, page, sizeof page))
        return err_sys(err, ERR_TOOL, errno, "cannot write the recording %s", path);
    for (bool last = false; !last; release_chunk(s)) {
        if (!take_chunk(s, err))
            return s->ended;
        last = chunk_is_last(s);
        if (!save_packed(s, fd, path, err))
            return false;
    }
    s->ended = true;
    return true;
}

bool stream_save(struct stream *s, const char *path, struct err *err)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (fd < 0)
        return err_sys(err, ERR_TOOL, errno, "cannot create the recording %s", path);
    bool ok = save_chunks(s, fd, path, err);
    if (close(fd) != 0 && ok)
        ok = err_sys(err, ERR_TOOL, errno, "cannot write the recording %s", path);
    return ok;
}
