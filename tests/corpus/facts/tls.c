/* Thread-local data of a library. */
#ifndef ALIGN
#define ALIGN 4
#endif
#ifndef MORE
#define MORE 4
#endif
__attribute__((aligned(ALIGN))) __thread int v;
static __thread int w[MORE];
int get(int n)
{
    v += n;
    w[n & 3] ^= v;
    return v;
}
