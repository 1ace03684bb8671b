#include "sim/crew.h"

#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

struct crew {
    struct model *const *models;
    size_t count, first_half; /* the worker does the models from first_half on */
    bool threaded;
    pthread_t worker;
    pthread_barrier_t start, done;
    const uint64_t *at, *end; /* the batch; at == NULL: go home */
};

static void run_models(const struct crew *crew, size_t from, size_t to)
{
    for (size_t i = from; i < to; i++)
        model_run(crew->models[i], crew->at, crew->end);
}

static void *work(void *argument)
{
    struct crew *crew = argument;
    for (;;) {
        pthread_barrier_wait(&crew->start);
        if (!crew->at)
            return NULL;
        run_models(crew, crew->first_half, crew->count);
        pthread_barrier_wait(&crew->done);
    }
}

struct crew *crew_new(struct model *const *models, size_t count, struct err *err)
{
    struct crew *crew = calloc(1, sizeof *crew);
    if (!crew) {
        err_set(err, ERR_TOOL, "out of memory while starting the models");
        return NULL;
    }
    *crew = (struct crew){ .models = models, .count = count, .first_half = count, .threaded = count > 1 && sysconf(_SC_NPROCESSORS_ONLN) > 1 };
    if (!crew->threaded)
        return crew;
    pthread_barrier_init(&crew->start, NULL, 2);
    pthread_barrier_init(&crew->done, NULL, 2);
    int failed = pthread_create(&crew->worker, NULL, work, crew);
    if (failed)
        crew->threaded = false; /* one thread is slower, not wrong */
    else
        crew->first_half = (count + 1) / 2;
    return crew;
}

void crew_event(struct crew *crew, const struct stream_event *event)
{
    for (size_t i = 0; i < crew->count; i++)
        model_event(crew->models[i], event);
}

void crew_run(struct crew *crew, const uint64_t *at, const uint64_t *end)
{
    crew->at = at;
    crew->end = end;
    if (crew->threaded)
        pthread_barrier_wait(&crew->start);
    run_models(crew, 0, crew->first_half);
    if (crew->threaded)
        pthread_barrier_wait(&crew->done);
}

void crew_free(struct crew *crew)
{
    if (!crew)
        return;
    if (crew->threaded) {
        crew->at = NULL;
        pthread_barrier_wait(&crew->start);
        pthread_join(crew->worker, NULL);
        pthread_barrier_destroy(&crew->start);
        pthread_barrier_destroy(&crew->done);
    }
    free(crew);
}
