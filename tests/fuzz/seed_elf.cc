// The same for C++: namespaces, classes with members that cross a line, templates, enumerations, clones.
namespace outer {
enum class Shape : short { round, square = 7 };

namespace inner {
template <typename T, int N> struct Ring {
    char tag;
    T slots[N];
    unsigned used : 5, open : 1;
    union {
        long number;
        const char *text;
    };
    T push(T value) { return slots[used = (used + 1) % N] += value; }
};
} // namespace inner

struct Base {
    virtual int area(int n) const { return n * factor; }
    int factor = 2;
};

struct Disc : Base {
    int area(int n) const override { return n * n * factor; }
    Shape shape = Shape::round;
    inner::Ring<long, 9> ring;
};
} // namespace outer

thread_local int depth = 1;
outer::Disc disc;

__attribute__((noinline)) static int measure(const outer::Base &base, int n)
{
    for (int i = 0; i < 4; i++)
        n += base.area(n + i) + depth;
    return n;
}

extern "C" long enter(int n)
{
    static int times;
    times += measure(disc, n);
    return disc.ring.push(times) + static_cast<int>(disc.shape);
}

extern "C" void __cxa_pure_virtual() {}
