#include "elf/names.h"

#include <ctype.h>
#include <dlfcn.h>
#include <pthread.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

/* Suffixes of GCC (clones made by its passes) and LLVM (promoted locals, split functions). */
static const char *const clone_suffix[] = { "isra",   "constprop",  "part",  "cold",        "lto_priv",     "llvm",
                                            "__uniq", "localalias", "clone", "specialized", "nonlocalalias" };

static bool all_digits(const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if (!isdigit((unsigned char)text[i]))
            return false;
    return length > 0;
}

/* The length of name[0..length) without its last dotted word if that word is a compiler's, else `length`. */
static size_t drop_one(const char *name, size_t length)
{
    const char *dot = memrchr(name, '.', length);
    if (!dot || dot == name)
        return length;
    const char *word = dot + 1;
    size_t word_length = length - (size_t)(word - name);
    if (all_digits(word, word_length))
        return (size_t)(dot - name);
    for (size_t i = 0; i < sizeof clone_suffix / sizeof *clone_suffix; i++)
        if (strlen(clone_suffix[i]) == word_length && memcmp(clone_suffix[i], word, word_length) == 0)
            return (size_t)(dot - name);
    return length;
}

const char *name_base(struct arena *arena, const char *name)
{
    const char *version = strchr(name, '@');
    size_t whole = strlen(name), length = version && version != name ? (size_t)(version - name) : whole;
    for (size_t shorter; (shorter = drop_one(name, length)) != length;)
        length = shorter;
    return length == whole ? name : arena_strndup(arena, name, length);
}

bool name_is_cold_part(const char *name)
{
    const char *dot = strstr(name, ".cold");
    return dot && dot != name && (dot[5] == 0 || dot[5] == '.');
}

/* The demangler of the C++ ABI is asked at run time: a build dependency on libstdc++ for one function of it would be
 * much, and a machine without it has no C++ programs to look at. */
typedef char *demangle_function(const char *name, char *buffer, size_t *length, int *status);

static demangle_function *demangle;
static pthread_once_t demangle_once = PTHREAD_ONCE_INIT;

static void find_demangle(void)
{
    void *library = dlopen("libstdc++.so.6", RTLD_LAZY | RTLD_LOCAL);
    demangle = library ? (demangle_function *)dlsym(library, "__cxa_demangle") : NULL;
}

char *name_demangle(struct arena *arena, const char *name)
{
    if (name[0] != '_' || name[1] != 'Z' || strnlen(name, NAME_MOST + 1) > NAME_MOST)
        return NULL;
    pthread_once(&demangle_once, find_demangle);
    int status = 0;
    char *text = demangle ? demangle(name, NULL, NULL, &status) : NULL;
    char *kept = text && strlen(text) <= 4 * NAME_MOST ? arena_strdup(arena, text) : NULL;
    free(text);
    return kept;
}

/* Length of the well-formed UTF-8 sequence at a text (Unicode 15, table 3-7); 0: none. */
static size_t utf8_length(const unsigned char *p)
{
    size_t length = p[0] < 0x80 ? 1 : p[0] < 0xc2 ? 0 : p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : p[0] < 0xf5 ? 4 : 0;
    for (size_t i = 1; i < length; i++)
        if ((p[i] & 0xc0) != 0x80)
            return 0;
    bool overlong = (p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xf0 && p[1] < 0x90);
    bool beyond = (p[0] == 0xed && p[1] >= 0xa0) || (p[0] == 0xf4 && p[1] >= 0x90);
    return overlong || beyond ? 0 : length;
}

static size_t first_bad(const char *text)
{
    const unsigned char *p = (const unsigned char *)text;
    for (size_t length; *p; p += length) {
        length = *p < 0x20 || *p == 0x7f ? 0 : utf8_length(p);
        if (!length)
            break;
    }
    return (size_t)((const char *)p - text);
}

const char *name_clean(struct arena *arena, const char *text)
{
    size_t at = text ? first_bad(text) : 0;
    if (!text || !text[at])
        return text;
    char *copy = arena_strdup(arena, text);
    for (; copy[at]; at += first_bad(copy + at))
        copy[at] = '?';
    return copy;
}
