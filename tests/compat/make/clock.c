// Moves the wall clock of a program by COMPAT_CLOCK_OFFSET seconds (LD_PRELOAD), so that what it
// writes has the same times whenever it is made, and so that a test can be run years from now.
//
//     gcc -shared -fPIC -O2 -o clock.so clock.c -ldl
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <time.h>

int clock_gettime(clockid_t id, struct timespec *now) {
    static int (*real)(clockid_t, struct timespec *);
    static long offset;
    if (!real) {
        const char *text = getenv("COMPAT_CLOCK_OFFSET");
        offset = text ? atol(text) : 0;
        real = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
    }
    int done = real(id, now);
    if (!done && (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE)) now->tv_sec += offset;
    return done;
}
