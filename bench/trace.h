/* A recorded allocation trace: an array of 16-byte records in host byte order, written by libtrace.so (trace_record.c)
 * and played by replay. The order of the records is an order in which all calls could have happened one by one.
 */
#ifndef BENCH_TRACE_H
#define BENCH_TRACE_H

#include <stdint.h>

enum trace_op {
    TRACE_ALLOC = 1, /* address is the new block */
    TRACE_ZEROED,    /* the same by calloc */
    TRACE_FREE,      /* address goes away; size is 0 */
    TRACE_MOVED,     /* realloc: address goes away, the next record is its TRACE_GROWN */
    TRACE_GROWN,     /* realloc: address is the new block, of the new size */
};

struct trace_record {
    uint64_t address : 48; /* as user space has them on x86-64 */
    uint64_t op : 8;       /* enum trace_op */
    uint64_t shift : 8;    /* alignment asked for is 1 << shift; 0: none asked for */
    uint64_t size;         /* bytes asked for */
};
_Static_assert(sizeof(struct trace_record) == 16, "the file format");

#endif
