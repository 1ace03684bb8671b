/* Floor 6: the calling thread's cells, as the fast paths reach them. A cell is named by its offset in units of `scale`
 * bytes (a constant), as tables and tags carry it: the processor multiplies and adds in the address of each access.
 *
 * Where the thread's block is at a fixed distance from the thread pointer (%fs), that is spelled in assembly: a
 * compiler would first compute the address of the cell, an instruction or two in every call. The slow paths use
 * hak_front as any variable; they are calls, so the compiler mixes nothing up. */
#ifndef HAK_CELLS_H
#define HAK_CELLS_H

#include "heap.h"

#if HAK_FS_RELATIVE
#if HAK_FS_RELATIVE == 1 /* a shared object: the distance is in the GOT */
#define CELL_FIELD "%%fs:%c[field](%[front],%[at],%c[scale])"
static inline uintptr_t front_self(void)
{
    uintptr_t distance;
    __asm__("movq hak_front@gottpoff(%%rip), %0" : "=r"(distance));
    return distance;
}
#else /* a program: the linker knows it */
#define CELL_FIELD "%%fs:hak_front@tpoff+%c[field](,%[at],%c[scale])"
static inline uintptr_t front_self(void)
{
    return 0;
}
#endif

#define CELL_OPERANDS(name) \
    [field] "i"(offsetof(struct cell, name)), [front] "ri"(front), [at] "r"(at), [scale] "i"(scale)

/* The heap's id as tags carry it. */
static inline uint64_t front_id(uintptr_t front)
{
#if HAK_FS_RELATIVE == 1
    return ((const struct front __seg_fs *)front)->id;
#else
    (void)front;
    return hak_front.id;
#endif
}

static inline __attribute__((always_inline)) void *cell_head(uintptr_t front, size_t at, size_t scale)
{
    void *head;
    __asm__ volatile("movq " CELL_FIELD ", %[head]" : [head] "=r"(head) : CELL_OPERANDS(head));
    return head;
}

static inline __attribute__((always_inline)) void cell_set_head(uintptr_t front, size_t at, size_t scale, void *head)
{
    __asm__ volatile("movq %[head], " CELL_FIELD : : [head] "r"(head), CELL_OPERANDS(head));
}

/* One block less in the list. */
static inline __attribute__((always_inline)) void cell_popped(uintptr_t front, size_t at, size_t scale)
{
    __asm__ volatile("addl $1, " CELL_FIELD : : CELL_OPERANDS(room) : "cc");
}

/* One block more; true if the list is longer than it may be. Last, so that its flags are still there for the jump. */
static inline __attribute__((always_inline)) bool cell_pushed(uintptr_t front, size_t at, size_t scale)
{
    bool full;
    __asm__ volatile("subl $1, " CELL_FIELD : "=@ccs"(full) : CELL_OPERANDS(room));
    return full;
}

#else

static inline uintptr_t front_self(void)
{
    return (uintptr_t)&hak_front;
}

static inline uint64_t front_id(uintptr_t front)
{
    return ((const struct front *)front)->id;
}

static inline struct cell *cell_at(uintptr_t front, size_t at, size_t scale)
{
    return (struct cell *)(front + at * scale);
}

static inline void *cell_head(uintptr_t front, size_t at, size_t scale)
{
    return cell_at(front, at, scale)->head;
}

static inline void cell_set_head(uintptr_t front, size_t at, size_t scale, void *head)
{
    cell_at(front, at, scale)->head = head;
}

static inline void cell_popped(uintptr_t front, size_t at, size_t scale)
{
    cell_at(front, at, scale)->room++;
}

static inline bool cell_pushed(uintptr_t front, size_t at, size_t scale)
{
    return --cell_at(front, at, scale)->room < 0;
}

#endif

_Static_assert(offsetof(struct front, cells) == 0, "an offset among the cells is one in the front");

#endif
