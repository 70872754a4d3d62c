/* A wall clock that is wrong by CLOCKSHIFT seconds. */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <time.h>

int clock_gettime(clockid_t clock, struct timespec *time)
{
    static int (*real)(clockid_t, struct timespec *);
    if (!real)
        real = dlsym(RTLD_NEXT, "clock_gettime");
    int failed = real(clock, time);
    const char *shift = getenv("CLOCKSHIFT");
    if (!failed && clock == CLOCK_REALTIME && shift)
        time->tv_sec += atol(shift);
    return failed;
}
