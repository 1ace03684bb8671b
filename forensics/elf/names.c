#include "elf/names.h"

#include <ctype.h>
#include <stddef.h>
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
    size_t length = strlen(name), whole = length;
    for (size_t shorter; (shorter = drop_one(name, length)) != length;)
        length = shorter;
    return length == whole ? name : arena_strndup(arena, name, length);
}

bool name_is_cold_part(const char *name)
{
    const char *dot = strstr(name, ".cold");
    return dot && dot != name && (dot[5] == 0 || dot[5] == '.');
}
