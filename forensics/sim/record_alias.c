#include "sim/record_alias.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static const char prefix[] = "layout_tax.";

/* Another recording that tidies up may take a folder between its making and its locking. */
enum { TRIES = 8 };

static const char *folder_of_folders(void)
{
    const char *tmp = getenv("TMPDIR");
    return tmp && tmp[0] == '/' ? tmp : "/tmp";
}

/* ---- what killed recordings left ---- */

static void remove_links(int folder)
{
    int again = dup(folder);
    DIR *d = again < 0 ? NULL : fdopendir(again);
    struct dirent *e;
    struct stat st;
    if (!d && again >= 0)
        close(again);
    while (d && (e = readdir(d)))
        if (fstatat(folder, e->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(st.st_mode))
            unlinkat(folder, e->d_name, 0);
    if (d)
        closedir(d);
}

/* Only what is this user's, holds nothing but links, and is held by nobody. */
static void remove_if_left(int parent, const char *name)
{
    struct stat st;
    int folder = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (folder < 0)
        return;
    if (fstat(folder, &st) == 0 && st.st_uid == geteuid() && flock(folder, LOCK_EX | LOCK_NB) == 0) {
        remove_links(folder);
        unlinkat(parent, name, AT_REMOVEDIR);
    }
    close(folder);
}

static void tidy_up(const char *place)
{
    DIR *d = opendir(place);
    struct dirent *e;
    while (d && (e = readdir(d)))
        if (strncmp(e->d_name, prefix, sizeof prefix - 1) == 0 && strlen(e->d_name) == sizeof prefix - 1 + 6)
            remove_if_left(dirfd(d), e->d_name);
    if (d)
        closedir(d);
}

/* ---- one of ours ---- */

static int make_locked(struct record_alias *alias, const char *target, const char *name, struct arena *arena)
{
    char *folder = arena_printf(arena, "%s/%sXXXXXX", folder_of_folders(), prefix);
    if (!mkdtemp(folder))
        return -1;
    *alias = (struct record_alias){ folder, arena_printf(arena, "%s/%s", folder, name) };
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0 && flock(fd, LOCK_SH | LOCK_NB) == 0 && symlink(target, alias->link) == 0)
        return fd;
    int cause = errno;
    record_alias_remove(alias);
    if (fd >= 0)
        close(fd);
    errno = cause;
    return -1;
}

int record_alias_open(struct record_alias *alias, const char *program, const char *name, struct arena *arena,
                      struct err *err)
{
    int fd = -1;
    char *target = realpath(program, NULL);
    *alias = (struct record_alias){ 0 };
    if (!target) {
        err_sys(err, ERR_TARGET, errno, "cannot find the program '%s'", program);
        return -1;
    }
    tidy_up(folder_of_folders());
    for (int i = 0; i < TRIES && fd < 0; i++) {
        fd = make_locked(alias, target, name, arena);
        if (fd < 0 && errno != ENOENT && errno != EWOULDBLOCK)
            break;
    }
    if (fd < 0) {
        err_sys(err, ERR_TOOL, errno, "cannot make a folder for the recording in '%s' (set TMPDIR to one that can be written)",
                folder_of_folders());
        *alias = (struct record_alias){ 0 };
    }
    free(target);
    return fd;
}

void record_alias_remove(const struct record_alias *alias)
{
    if (!alias->folder)
        return;
    unlink(alias->link);
    rmdir(alias->folder);
}
