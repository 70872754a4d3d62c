/* Loaded before libc. The process is killed in place of the word to its disk or to its server that has the number
   $KILLED_AT: of what it sends, writes to a file at a place, flushes, cuts off or removes, the first has number 1. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/types.h>
#include <unistd.h>

static void say_one_more(void) {
    static atomic_int said;
    const char *last = getenv("KILLED_AT");
    if (last && atomic_fetch_add(&said, 1) + 1 == atoi(last)) kill(getpid(), SIGKILL);
}

#define WORD(result, name, parameters, ...) \
    result name parameters { \
        static result (*real) parameters; \
        if (!real) real = dlsym(RTLD_NEXT, #name); \
        say_one_more(); \
        return real(__VA_ARGS__); \
    }

WORD(ssize_t, send, (int fd, const void *from, size_t size, int flags), fd, from, size, flags)
WORD(ssize_t, pwrite, (int fd, const void *from, size_t size, off_t at), fd, from, size, at)
WORD(ssize_t, pwrite64, (int fd, const void *from, size_t size, off_t at), fd, from, size, at)
WORD(int, fsync, (int fd), fd)
WORD(int, fdatasync, (int fd), fd)
WORD(int, ftruncate, (int fd, off_t size), fd, size)
WORD(int, ftruncate64, (int fd, off_t size), fd, size)
WORD(int, unlink, (const char *path), path)
