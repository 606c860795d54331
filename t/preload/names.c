// SPDX-License-Identifier: MIT
// Preloaded into nginx by end-to-end tests: answers for names of the domain "test", so that a test needs no DNS
// server. Under "silent.test" a lookup hangs as long as there is the file NAMES_SILENT; names
// below "six.test" have the addresses ::1 and 127.0.0.1, in this order; all others have 127.0.0.1.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef int (*lookup)(const char *, const char *, const struct addrinfo *, struct addrinfo **);

static char *silent;

__attribute__((constructor)) static void start(void) {
    const char *file = getenv("NAMES_SILENT"); /* before nginx cleans its environment */
    silent = file == NULL ? NULL : strdup(file);
}

static int ends_with(const char *name, const char *end) {
    size_t length = strlen(name), wanted = strlen(end);
    return length >= wanted && strcmp(name + length - wanted, end) == 0;
}

int getaddrinfo(const char *name, const char *service, const struct addrinfo *hints, struct addrinfo **found) {
    lookup real = (lookup) dlsym(RTLD_NEXT, "getaddrinfo");
    if (name == NULL || !ends_with(name, ".test")) {
        return real(name, service, hints, found);
    }
    while (silent != NULL && ends_with(name, ".silent.test") && access(silent, F_OK) == 0) {
        usleep(20000);
    }
    if (!ends_with(name, ".six.test")) {
        return real("127.0.0.1", service, hints, found);
    }
    int failed = real("::1", service, hints, found);
    return failed ? failed : real("127.0.0.1", service, hints, &(*found)->ai_next);
}
