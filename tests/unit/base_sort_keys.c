#include "base/sort_keys.h"

#include "tap.h"

enum { MOST = 5000 };

static struct sort_key keys[MOST], spare[MOST];

/* Numbers from a fixed sequence; `mask` leaves some of their bits. */
static bool sorted_and_whole(size_t count, uint64_t mask)
{
    uint64_t seed = 88172645463325252u, sum = 0, after = 0;
    for (size_t i = 0; i < count; i++) {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        keys[i] = (struct sort_key){ seed & mask, i };
        sum += (seed & mask) ^ i * 31;
    }
    sort_keys(keys, spare, count);
    bool right = true;
    for (size_t i = 0; i < count; i++) {
        after += keys[i].key ^ keys[i].index * 31;
        right = right && (i == 0 || keys[i - 1].key < keys[i].key ||
                          (keys[i - 1].key == keys[i].key && keys[i - 1].index < keys[i].index));
    }
    return right && sum == after;
}

int main(void)
{
    ok(sorted_and_whole(0, UINT64_MAX) && sorted_and_whole(1, UINT64_MAX), "nothing and one key are sorted");
    bool all = true;
    for (size_t count = 2; count < 64; count++)
        all = all && sorted_and_whole(count, UINT64_MAX) && sorted_and_whole(count, 7);
    ok(all, "and short lists of every length, with equal keys and without");
    ok(sorted_and_whole(MOST, UINT64_MAX), "numbers of all bits are sorted, each with its index");
    ok(sorted_and_whole(MOST, 0xff00), "equal keys keep their order");
    ok(sorted_and_whole(MOST, 0x3000000007f0), "bytes that all keys share do no harm");
    ok(sorted_and_whole(MOST, 0), "nor do keys that are all equal");
    return done_testing();
}
