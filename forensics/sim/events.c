#include "sim/describe.h"
#include "sim/model.h"
#include "sim/state.h"

void model_switch_thread(struct model *m, uint32_t thread)
{
    struct branch_path **path = &m->paths[thread % THREADS_MAX];
    if (!*path)
        *path = arena_alloc(m->arena, sizeof **path);
    m->path = *path;
    m->fall_through = 0;
}

void model_event(struct model *m, const struct stream_event *event)
{
    switch (event->type) {
    case STREAM_EVENT_BLOCK:
        describe_block(m, event->block);
        break;
    case STREAM_EVENT_MAP:
        maps_add(&m->maps, m->arena, &event->map);
        if (event->map.kind == STREAM_MAP_STACK) {
            m->stack_low = event->map.address;
            m->stack_high = event->map.address + event->map.bytes;
        }
        break;
    case STREAM_EVENT_UNMAP:
        maps_remove(&m->maps, m->arena, event->unmap.address, event->unmap.bytes);
        break;
    case STREAM_EVENT_THREAD:
        model_switch_thread(m, event->thread.thread);
        break;
    case STREAM_EVENT_SIGNAL: case STREAM_EVENT_SIGNAL_END:
        m->signals++;
        m->fall_through = 0;
        break;
    case STREAM_EVENT_SYSCALL:
        m->syscalls++;
        break;
    case STREAM_EVENT_START: case STREAM_EVENT_FORK: case STREAM_EVENT_EXEC: case STREAM_EVENT_END:
        break;
    }
}

bool model_consume(struct stream *stream, struct model *const *models, size_t count, struct err *err)
{
    struct stream_run run;
    struct stream_event event;
    enum stream_item item;
    while ((item = stream_next(stream, &run, &event, err)) > STREAM_DONE)
        for (size_t i = 0; i < count; i++) {
            if (item == STREAM_EVENT)
                model_event(models[i], &event);
            else
                model_run(models[i], run.at, run.end);
        }
    return item == STREAM_DONE;
}
