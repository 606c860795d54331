// SPDX-License-Identifier: MIT
// Preloaded into nginx by end-to-end tests: the clock is ahead by as many seconds as the file CLOCK_AHEAD says, or
// behind. Time that goes by stays what it is.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static char file[4096]; /* nginx clears the environment of its workers */
static int (*real_gettimeofday)(struct timeval *, void *);
static int (*real_clock_gettime)(clockid_t, struct timespec *);

__attribute__((constructor)) static void start(void) {
    const char *name = getenv("CLOCK_AHEAD");
    for (size_t i = 0; name != NULL && name[i] != '\0' && i + 1 < sizeof(file); i++) {
        file[i] = name[i];
    }
    real_gettimeofday = (int (*)(struct timeval *, void *)) dlsym(RTLD_NEXT, "gettimeofday");
    real_clock_gettime = (int (*)(clockid_t, struct timespec *)) dlsym(RTLD_NEXT, "clock_gettime");
}

static long ahead(void) {
    char text[32] = {0};
    const int descriptor = open(file, O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) {
        return 0;
    }
    const ssize_t size = read(descriptor, text, sizeof(text) - 1);
    close(descriptor);
    return size > 0 ? atol(text) : 0;
}

int gettimeofday(struct timeval *time, void *zone) {
    if (real_gettimeofday == NULL) { /* by what is loaded before */
        start();
    }
    const int result = real_gettimeofday(time, zone);
    time->tv_sec += ahead();
    return result;
}

int clock_gettime(clockid_t clock, struct timespec *time) {
    if (real_clock_gettime == NULL) {
        start();
    }
    const int result = real_clock_gettime(clock, time);
    if (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE) {
        time->tv_sec += ahead();
    }
    return result;
}

time_t time(time_t *result) {
    struct timeval now;
    gettimeofday(&now, NULL);
    if (result != NULL) {
        *result = now.tv_sec;
    }
    return now.tv_sec;
}
