#include "cmd/recording.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd/simulate.h"
#include "run/interrupt.h"
#include "sim/record.h"

/* A file that goes away with us, whatever ends us. */
static bool open_nameless(struct recording *recording, struct err *err)
{
    const char *folder = getenv("TMPDIR");
    char name[4096];
    if (!folder || !*folder || strlen(folder) > 4000)
        folder = "/var/tmp";
    recording->fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (recording->fd < 0) {
        snprintf(name, sizeof name, "%s/layout_tax_recording.XXXXXX", folder);
        recording->fd = mkostemp(name, O_CLOEXEC);
        if (recording->fd < 0)
            return err_sys(err, ERR_TOOL, errno, "cannot make a file for the recording in %s (set TMPDIR to a folder with room)", folder);
        unlink(name);
    }
    snprintf(recording->path, sizeof recording->path, "/proc/self/fd/%d", recording->fd);
    return true;
}

static bool record(struct result *result, int side, struct recording *recording, struct err *err)
{
    const struct spec *spec = &result->spec;
    struct record_result end;
    int input = spec->stdin_path ? open(spec->stdin_path, O_RDONLY | O_CLOEXEC) : -1;
    if (spec->stdin_path && input < 0)
        return err_sys(err, ERR_TOOL, errno, "cannot open %s for the programs' standard input", spec->stdin_path);
    struct record_spec rec = recording_of(spec, side, input);
    bool done = record_to_file(&rec, recording->path, result->arena, &end, err) && ended_well(&end, spec->path[side], err);
    if (input >= 0)
        close(input);
    recording->recipe = done ? end.recipe : NULL;
    return done;
}

/* ---- what the events say ---- */

static void add_region(struct arena *arena, struct recording *r, uint64_t address, uint64_t end, enum stream_map_kind kind)
{
    if (address < end)
        *ARENA_PUSH(arena, r->regions, r->region_count, r->region_room) = (struct region){ address, end, kind };
}

/* A jump's target; a call goes elsewhere, and no loop begins there. */
static uint64_t jumps_to(const struct stream_block *block)
{
    return block->ending == STREAM_COND || block->ending == STREAM_JUMP ? block->target : 0;
}

static bool falls(const struct stream_block *block)
{
    return block->ending == STREAM_FALL || block->ending == STREAM_COND || block->ending == STREAM_SYSCALL || block->ending == STREAM_REP;
}

static void note_event(struct arena *arena, struct recording *r, const struct stream_event *event)
{
    switch (event->type) {
    case STREAM_EVENT_MAP:
        modules_map(&r->modules, &event->map);
        if (event->map.kind == STREAM_MAP_ANON || event->map.kind == STREAM_MAP_BRK || event->map.kind == STREAM_MAP_STACK)
            add_region(arena, r, event->map.address, event->map.address + event->map.bytes, event->map.kind);
        break;
    case STREAM_EVENT_THREAD:
        if (!r->thread_pointer)
            r->thread_pointer = event->thread.thread_pointer;
        break;
    case STREAM_EVENT_BLOCK:
        *ARENA_PUSH(arena, r->spans, r->span_count, r->span_room) = (struct layout_span){
            .address = event->block->address, .end = event->block->address + event->block->bytes,
            .falls = falls(event->block), .target = jumps_to(event->block),
            .returns = event->block->ending == STREAM_CALL || event->block->ending == STREAM_CALL_INDIRECT };
        break;
    case STREAM_EVENT_START: case STREAM_EVENT_UNMAP: case STREAM_EVENT_SIGNAL: case STREAM_EVENT_SIGNAL_END:
    case STREAM_EVENT_SYSCALL: case STREAM_EVENT_FORK: case STREAM_EVENT_EXEC: case STREAM_EVENT_END: break;
    }
}

static int by_address(const void *a, const void *b)
{
    const struct region *x = a, *y = b;
    return x->address < y->address ? -1 : x->address > y->address;
}

/* Sorted, with what touches joined. Memory of two kinds at one place (mapped again) belongs to the first. */
static void join_regions(struct recording *r)
{
    size_t kept = 0;
    if (r->region_count)
        qsort(r->regions, r->region_count, sizeof *r->regions, by_address);
    for (size_t i = 0; i < r->region_count; i++) {
        struct region *last = kept ? &r->regions[kept - 1] : NULL, *next = &r->regions[i];
        if (last && next->address < last->end + (last->kind == next->kind)) {
            if (last->kind == next->kind && next->end > last->end)
                last->end = next->end;
            next->address = last->end;
        }
        if (!(last && last->kind == next->kind && next->address == last->end) && next->address < next->end)
            r->regions[kept++] = *next;
        else if (last && last->kind == next->kind && next->end > last->end)
            last->end = next->end;
    }
    r->region_count = kept;
}

/* Cuts the modules' own zero-filled memory out of the regions. */
static void cut_modules(struct arena *arena, struct recording *r)
{
    for (size_t i = 0; i < r->region_count; i++)
        for (size_t k = 0; k < r->modules.count; k++) {
            const struct module *m = &r->modules.items[k];
            uint64_t low = m->low & ~4095ull, high = (m->high + 4095) & ~4095ull;
            if (!m->inventory || high <= r->regions[i].address || low >= r->regions[i].end)
                continue;
            add_region(arena, r, high, r->regions[i].end, r->regions[i].kind);
            if (r->regions[i].address < low)
                r->regions[i].end = low;
            else
                r->regions[i].end = r->regions[i].address;
        }
    join_regions(r);
}

static bool look(struct arena *arena, struct recording *r, struct err *err)
{
    struct stream *stream = stream_open(r->path, err);
    struct stream_run run;
    struct stream_event event;
    enum stream_item item = STREAM_FAILED;
    while (stream && (item = stream_next(stream, &run, &event, err)) > STREAM_DONE) {
        if (interrupt_signal()) {
            err_set(err, ERR_INTERRUPTED, "interrupted while looking at the recording");
            item = STREAM_FAILED;
            break;
        }
        if (item == STREAM_EVENT)
            note_event(arena, r, &event);
    }
    stream_close(stream);
    join_regions(r);
    cut_modules(arena, r);
    return item == STREAM_DONE;
}

bool recording_make(struct result *result, int side, struct recording *recording, struct err *err)
{
    *recording = (struct recording){ .fd = -1, .modules = { .arena = result->arena, .program = result->inventory[side] } };
    if (open_nameless(recording, err) && record(result, side, recording, err) && look(result->arena, recording, err))
        return true;
    recording_close(recording);
    return false;
}

void recording_close(struct recording *recording)
{
    if (recording->fd >= 0)
        close(recording->fd);
    recording->fd = -1;
}
