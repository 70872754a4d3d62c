/* Loaded before libc. While a file lies in the folder $DISKFAULT that is named so, of a database `line.db`
     enospc           every write finds the disk full,
     eio              every flush fails,
     eio-checkpoint   every flush fails that is not of the write-ahead log,
     count            every flush adds a byte to it. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

static int strikes(const char *fault, int fd) {
    char path[PATH_MAX], name[PATH_MAX];
    const char *folder = getenv("DISKFAULT");
    if (!folder) return 0;
    snprintf(path, sizeof path, "%s/%s", folder, fault);
    if (access(path, F_OK) != 0) return 0;
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(path, name, sizeof name - 1);
    if (length < 0) return 0;
    name[length] = 0;
    const char *database = strstr(name, "line.db");
    if (!database) return 0;
    return strcmp(fault, "eio-checkpoint") != 0 || strcmp(database, "line.db") == 0;
}

static void count(int fd) {
    char path[PATH_MAX];
    if (!strikes("count", fd)) return;
    snprintf(path, sizeof path, "%s/count", getenv("DISKFAULT"));
    int file = open(path, O_WRONLY | O_APPEND);
    if (file < 0 || syscall(SYS_write, file, ".", 1) != 1) abort();
    close(file);
}

#define REFUSE(fault, number) if (strikes(fault, fd)) { errno = number; return -1; }

ssize_t write(int fd, const void *from, size_t size) {
    static ssize_t (*real)(int, const void *, size_t);
    if (!real) real = dlsym(RTLD_NEXT, "write");
    REFUSE("enospc", ENOSPC)
    return real(fd, from, size);
}

#define PWRITE(name) \
    ssize_t name(int fd, const void *from, size_t size, off_t at) { \
        static ssize_t (*real)(int, const void *, size_t, off_t); \
        if (!real) real = dlsym(RTLD_NEXT, #name); \
        REFUSE("enospc", ENOSPC) \
        return real(fd, from, size, at); \
    }

PWRITE(pwrite)
PWRITE(pwrite64)

#define FLUSH(name) \
    int name(int fd) { \
        static int (*real)(int); \
        if (!real) real = dlsym(RTLD_NEXT, #name); \
        REFUSE("eio", EIO) \
        REFUSE("eio-checkpoint", EIO) \
        int failed = real(fd); \
        if (!failed) count(fd); \
        return failed; \
    }

FLUSH(fsync)
FLUSH(fdatasync)
