#include "base/sha256.h"

#include "tap.h"

#include <unistd.h>

/* FIPS 180-4's examples. */
static void test_examples(void)
{
    static const struct {
        const char *text, *hex;
    } rows[] = {
        { "", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" },
        { "abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" },
        { "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
          "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1" },
    };
    char hex[SHA256_HEX];
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        sha256_hex(rows[i].text, strlen(rows[i].text), hex);
        is_str(hex, rows[i].hex, rows[i].text[0] ? rows[i].text : "nothing");
    }
}

/* Every length around whole blocks, and a long one, against coreutils. */
static void test_lengths(void)
{
    static const size_t lengths[] = { 1, 55, 56, 57, 63, 64, 65, 119, 120, 127, 128, 129, 1000, 65536, 100001 };
    static unsigned char bytes[100001];
    char path[] = "/tmp/base_sha256.XXXXXX", hex[SHA256_HEX], want[SHA256_HEX] = "", command[200];
    int fd = mkstemp(path);
    size_t equal = 0, count = sizeof lengths / sizeof *lengths;
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (unsigned char)(i * 2654435761u >> 24);
    for (size_t i = 0; i < count; i++) {
        snprintf(command, sizeof command, "head -c %zu '%s' | sha256sum", lengths[i], path);
        FILE *f = pwrite(fd, bytes, sizeof bytes, 0) == sizeof bytes ? popen(command, "r") : NULL;
        if (f && fgets(want, sizeof want, f)) {
            sha256_hex(bytes, lengths[i], hex);
            equal += strcmp(hex, want) == 0;
        }
        if (f)
            pclose(f);
    }
    close(fd);
    unlink(path);
    ok(equal == count, "%zu of %zu lengths have the digest of sha256sum", equal, count);
}

int main(void)
{
    test_examples();
    test_lengths();
    return done_testing();
}
