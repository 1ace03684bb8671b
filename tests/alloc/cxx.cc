// The C++ operators in all their forms. Runs with the archive and with the shared object preloaded.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <new>
#include <string>
#include <thread>
#include <vector>

extern "C" size_t malloc_usable_size(void *);
extern "C" __attribute__((weak)) void *hakmem_malloc(size_t); // only there when ours is

static int count, failed;
static void ok(bool pass, const char *what)
{
    std::printf("%sok %d - %s\n", pass ? "" : "not ", ++count, what);
    failed += !pass;
    std::fflush(stdout);
}

struct alignas(128) wide {
    char data[300];
};

static int handler_calls;
static void handler()
{
    if (++handler_calls == 3)
        std::set_new_handler(nullptr);
}

static size_t huge()
{
    volatile size_t n = SIZE_MAX / 2 - 100;
    return n;
}

struct at_thread_end {
    std::string *s = new std::string(100, 'x');
    ~at_thread_end() { delete s; delete new std::vector<int>(1000); }
};
static thread_local at_thread_end guard;

int main()
{
    ok(hakmem_malloc != nullptr, "hakmem serves this program");
    int *one = new int(1), *many = new int[100];
    ok(one && many && malloc_usable_size(many) >= 400, "new and new[]");
    ::operator delete(one);
    ::operator delete[](many);
    ::operator delete(::operator new(100), size_t(100));
    ::operator delete[](::operator new[](100), size_t(100));
    void *p = ::operator new(100, std::nothrow);
    ok(p != nullptr, "new(nothrow)");
    ::operator delete(p, std::nothrow);
    p = ::operator new[](100, std::nothrow);
    ::operator delete[](p, std::nothrow);
    wide *w = new wide, *ws = new wide[5];
    ok((uintptr_t)w % 128 == 0 && (uintptr_t)ws % 128 == 0, "new of over-aligned types");
    delete w;
    delete[] ws;
    std::align_val_t a{4096};
    ::operator delete(::operator new(10, a), a);
    ::operator delete[](::operator new[](10, a), a);
    ::operator delete(::operator new(10, a), size_t(10), a);
    ::operator delete[](::operator new[](10, a), size_t(10), a);
    p = ::operator new(10, a, std::nothrow);
    ok(p && (uintptr_t)p % 4096 == 0, "new(align, nothrow)");
    ::operator delete(p, a, std::nothrow);
    p = ::operator new[](10, a, std::nothrow);
    ::operator delete[](p, a, std::nothrow);

    bool thrown = false;
    try {
        p = ::operator new(huge());
    } catch (const std::bad_alloc &) {
        thrown = true;
    }
    ok(thrown, "new out of memory throws bad_alloc");
    thrown = false;
    try {
        p = ::operator new(huge(), a);
    } catch (const std::bad_alloc &) {
        thrown = true;
    }
    ok(thrown, "and so does aligned new");
    ok(::operator new(huge(), std::nothrow) == nullptr, "new(nothrow) out of memory returns NULL");
    std::set_new_handler(handler);
    ok(::operator new(huge(), std::nothrow) == nullptr && handler_calls == 3, "the new-handler is called until it gives up");

    std::map<std::string, std::vector<int>> m;
    for (int i = 0; i < 20000; i++)
        m["key" + std::to_string(i * 7919 % 20000)].assign(size_t(i % 50), i);
    ok(m.size() == 20000, "the containers work");
    for (int i = 0; i < 50; i++)
        std::thread([] { (void)guard.s->size(); }).join();
    ok(true, "thread_local objects are destroyed at thread end");
    std::printf("1..%d\n", count);
    return failed != 0;
}
