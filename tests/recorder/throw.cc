// C++: exceptions through several frames, from a thread and in a constructor; a hash table; RTTI.
#include <cstdio>
#include <exception>
#include <future>
#include <memory>
#include <stdexcept>
#include <string>
#include <unordered_map>
#include <vector>

struct Noisy {
    static int alive;
    Noisy() { alive++; }
    Noisy(const Noisy &) { alive++; }
    virtual ~Noisy() { alive--; }
};
int Noisy::alive;
struct Loud : Noisy {
    Loud(int n)
    {
        if (n == 3)
            throw std::runtime_error("constructor");
    }
};

static int deep(int n)
{
    Noisy noisy;
    if (n == 0)
        throw std::out_of_range("bottom");
    return deep(n - 1) + 1;
}

int main()
{
    int caught = 0;
    for (int i = 0; i < 50; i++) {
        try {
            deep(i);
        } catch (const std::logic_error &e) {
            caught += (int)std::string(e.what()).size();
        }
    }
    std::vector<std::unique_ptr<Noisy>> all;
    try {
        for (int i = 0; i < 5; i++)
            all.push_back(std::make_unique<Loud>(i));
    } catch (const std::exception &e) {
        std::printf("%s after %zu\n", e.what(), all.size());
    }
    all.clear();
    auto later = std::async(std::launch::async, [] { return deep(5); });
    try {
        later.get();
    } catch (const std::out_of_range &e) {
        std::printf("from a thread: %s\n", e.what());
    }
    std::unordered_map<std::string, int> map;
    for (int i = 0; i < 2000; i++)
        map[std::to_string(i % 301)] += i;
    long sum = 0;
    for (auto &[name, value] : map)
        sum += value * (long)name.size();
    std::printf("%d %d %ld\n", caught, Noisy::alive, sum);
    try {
        throw 5;
    } catch (...) {
        std::rethrow_exception(std::current_exception()); // ends in terminate
    }
}
