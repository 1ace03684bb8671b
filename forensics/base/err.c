#include "base/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void say(struct err *err, enum err_kind kind, const char *format, va_list ap)
{
    err->kind = kind;
    vsnprintf(err->text, sizeof err->text, format, ap);
}

bool err_set(struct err *err, enum err_kind kind, const char *format, ...)
{
    va_list ap;
    if (err->kind != ERR_NONE)
        return false;
    va_start(ap, format);
    say(err, kind, format, ap);
    va_end(ap);
    return false;
}

bool err_sys(struct err *err, enum err_kind kind, int errnum, const char *format, ...)
{
    va_list ap;
    size_t used;
    if (err->kind != ERR_NONE)
        return false;
    va_start(ap, format);
    say(err, kind, format, ap);
    va_end(ap);
    used = strlen(err->text);
    snprintf(err->text + used, sizeof err->text - used, ": %s", strerror(errnum));
    return false;
}

void err_clear(struct err *err)
{
    err->kind = ERR_NONE;
    err->text[0] = '\0';
}
