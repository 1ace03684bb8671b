#include <stdint.h>

uint64_t tick(uint64_t x);

__thread uint64_t tls_state = 88172645463325252ull;
__thread uint64_t tls_count;
__thread uint64_t tls_history[16];

uint64_t tick(uint64_t x)
{
    tls_count++;
    tls_state ^= x;
    tls_history[tls_state & 15] += tls_count;
    return tls_state * 31 + tls_history[(x >> 4) & 15];
}
