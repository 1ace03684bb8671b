#include "base/sha256.h"

#include <sha2.h>
#include <stdbool.h>
#include <stdint.h>

_Static_assert(SHA256_HEX == SHA256_DIGEST_STRING_LENGTH, "the digest and its NUL");

enum { BLOCK = SHA256_BLOCK_LENGTH };

#if defined __x86_64__
#include <cpuid.h>
#include <immintrin.h>

static const uint32_t round_constants[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

/* Whether the processor has SHA-NI (CPUID leaf 7, EBX bit 29) and the SSE with it (leaf 1, ECX bits 9 and 19). */
static bool has_instructions(void)
{
    unsigned a, b, c, d, features;
    if (!__get_cpuid(1, &a, &b, &features, &d) || !__get_cpuid_count(7, 0, &a, &b, &c, &d))
        return false;
    return (features & 1u << 9) && (features & 1u << 19) && (b & 1u << 29);
}

/* One block. The instructions want the eight words of the state as ABEF and CDGH; a register holds four words of the
 * message schedule, and the last four registers make the next (Intel SDM, SHA256RNDS2, SHA256MSG1, SHA256MSG2). */
__attribute__((target("sha,sse4.1"))) static void add_block(__m128i *abef, __m128i *cdgh, const unsigned char *bytes)
{
    const __m128i big_endian = _mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203);
    __m128i a = *abef, c = *cdgh, w[4];
#pragma GCC unroll 16
    for (int i = 0; i < 16; i++) {
        __m128i now;
        if (i < 4)
            now = _mm_shuffle_epi8(_mm_loadu_si128((const __m128i *)bytes + i), big_endian);
        else
            now = _mm_sha256msg2_epu32(_mm_add_epi32(_mm_sha256msg1_epu32(w[i & 3], w[(i + 1) & 3]),
                                                     _mm_alignr_epi8(w[(i + 3) & 3], w[(i + 2) & 3], 4)),
                                       w[(i + 3) & 3]);
        w[i & 3] = now;
        now = _mm_add_epi32(now, _mm_loadu_si128((const __m128i *)round_constants + i));
        c = _mm_sha256rnds2_epu32(c, a, now);
        a = _mm_sha256rnds2_epu32(a, c, _mm_shuffle_epi32(now, 0x0e));
    }
    *abef = _mm_add_epi32(*abef, a);
    *cdgh = _mm_add_epi32(*cdgh, c);
}

__attribute__((target("sha,sse4.1"))) static void add_blocks(uint32_t state[8], const unsigned char *bytes,
                                                             size_t blocks)
{
    __m128i cdab = _mm_shuffle_epi32(_mm_loadu_si128((const __m128i *)state), 0xb1);
    __m128i efgh = _mm_shuffle_epi32(_mm_loadu_si128((const __m128i *)state + 1), 0x1b);
    __m128i abef = _mm_alignr_epi8(cdab, efgh, 8), cdgh = _mm_blend_epi16(efgh, cdab, 0xf0);
    for (; blocks; blocks--, bytes += BLOCK)
        add_block(&abef, &cdgh, bytes);
    __m128i feba = _mm_shuffle_epi32(abef, 0x1b), dchg = _mm_shuffle_epi32(cdgh, 0xb1);
    _mm_storeu_si128((__m128i *)state, _mm_blend_epi16(feba, dchg, 0xf0));
    _mm_storeu_si128((__m128i *)state + 1, _mm_alignr_epi8(dchg, feba, 8));
}
#else
static bool has_instructions(void)
{
    return false;
}

static void add_blocks(uint32_t state[8], const unsigned char *bytes, size_t blocks)
{
    (void)state, (void)bytes, (void)blocks;
}
#endif

void sha256_hex(const void *bytes, size_t size, char hex[SHA256_HEX])
{
    SHA2_CTX digest;
    size_t whole = has_instructions() ? size - size % BLOCK : 0;
    SHA256Init(&digest);
    if (whole) {
        add_blocks(digest.state.st32, bytes, whole / BLOCK);
        digest.bitcount[0] = 8 * (uint64_t)whole;
    }
    SHA256Update(&digest, (const uint8_t *)bytes + whole, size - whole);
    SHA256End(&digest, hex);
}
