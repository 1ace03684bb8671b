#include "run/perf_ring.h"

#include <linux/perf_event.h>
#include <string.h>
#include <unistd.h>

enum { RECORD_MOST = 8192 /* bytes; a map with the longest path has 4200 */ };

/* Bodies as perf_sample.c asks for them: PERF_SAMPLE_IDENTIFIER, IP, TID, PERIOD. */
struct sample_body {
    uint64_t event, address;
    uint32_t process, thread;
    uint64_t period;
};

struct map_body {
    uint32_t process, thread;
    uint64_t address, length, offset;
    char path[];
};

struct fork_body {
    uint32_t process, parent, thread, parent_thread;
    uint64_t time;
};

struct lost_body {
    uint64_t event, lost;
};

/* Copies from a place of the ring, over its end where it must. */
static void copy_out(const unsigned char *records, size_t bytes, uint64_t at, void *to, size_t length)
{
    size_t start = (size_t)(at & (bytes - 1)), first = bytes - start < length ? bytes - start : length;
    memcpy(to, records + start, first);
    memcpy((unsigned char *)to + first, records, length - first);
}

/* False: it is of no kind that is looked at, or too short for its kind. */
static bool understand(uint32_t type, const unsigned char *body, size_t length, struct perf_seen *seen)
{
    if (type == PERF_RECORD_SAMPLE && length >= sizeof(struct sample_body)) {
        struct sample_body s;
        memcpy(&s, body, sizeof s);
        *seen = (struct perf_seen){
            .kind = SEEN_SAMPLE, .event = s.event, .address = s.address, .process = s.process, .period = s.period
        };
        return true;
    }
    if (type == PERF_RECORD_MMAP && length > sizeof(struct map_body)) {
        struct map_body m;
        const char *path = (const char *)body + sizeof m;
        memcpy(&m, body, sizeof m);
        *seen = (struct perf_seen){ .kind = SEEN_MAP,
                                    .process = m.process,
                                    .address = m.address,
                                    .length = m.length,
                                    .offset = m.offset,
                                    .path = path };
        return memchr(path, 0, length - sizeof m) != NULL;
    }
    if (type == PERF_RECORD_FORK && length >= sizeof(struct fork_body)) {
        struct fork_body f;
        memcpy(&f, body, sizeof f);
        *seen = (struct perf_seen){ .kind = SEEN_FORK, .process = f.process, .parent = f.parent };
        return true;
    }
    if (type == PERF_RECORD_LOST && length >= sizeof(struct lost_body)) {
        struct lost_body l;
        memcpy(&l, body, sizeof l);
        *seen = (struct perf_seen){ .kind = SEEN_LOST, .lost = l.lost };
        return true;
    }
    return false;
}

bool perf_ring_drain(void *ring, size_t bytes, perf_see *see, void *context)
{
    struct perf_event_mmap_page *page = ring;
    const unsigned char *records = (const unsigned char *)ring + sysconf(_SC_PAGESIZE);
    uint64_t head = __atomic_load_n(&page->data_head, __ATOMIC_ACQUIRE), tail = page->data_tail;
    bool whole = head - tail <= bytes;
    unsigned char body[RECORD_MOST];
    while (whole && tail < head) {
        struct perf_event_header header;
        struct perf_seen seen;
        whole = head - tail >= sizeof header;
        if (!whole)
            break;
        copy_out(records, bytes, tail, &header, sizeof header);
        whole = header.size >= sizeof header && header.size <= head - tail;
        if (!whole)
            break;
        size_t length = header.size - sizeof header;
        if (length <= sizeof body) {
            copy_out(records, bytes, tail + sizeof header, body, length);
            if (understand(header.type, body, length, &seen))
                see(context, &seen);
        }
        tail += header.size;
    }
    __atomic_store_n(&page->data_tail, head, __ATOMIC_RELEASE);
    return whole;
}
