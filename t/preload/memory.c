// SPDX-License-Identifier: MIT
// Preloaded into nginx by end-to-end tests: in processes that were forked, one allocation in so many fails, at
// random. The test and the processes share the file MEMORY_CONTROL. What the C library allocates for itself does
// not fail; nor what libcurl does, though OpenSSL under it: libcurl 7.88 divides by zero where its table of a
// socket's transfers has no memory. What nginx allocates fails only if the test wants it.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);

struct control {
    volatile uint32_t one_in; /* 0: none fails */
    volatile uint32_t spares_nginx;
    volatile uint32_t failed; /* how many */
};

struct range {
    uintptr_t from, to;
};

static struct control *control;
static struct range c_library, loader, program, curl;
static int is_forked;
static uint32_t state;

static int note_object(struct dl_phdr_info *object, size_t size, void *data) {
    struct range *place = object->dlpi_name[0] == '\0' ? &program : NULL;
    place = strstr(object->dlpi_name, "/libc.so") ? &c_library : place;
    place = strstr(object->dlpi_name, "/ld-linux") ? &loader : place;
    place = strstr(object->dlpi_name, "/libcurl") ? &curl : place;
    for (int i = 0; place != NULL && i < object->dlpi_phnum; i++) {
        const ElfW(Phdr) *part = &object->dlpi_phdr[i];
        if (part->p_type == PT_LOAD && (part->p_flags & PF_X)) {
            place->from = object->dlpi_addr + part->p_vaddr;
            place->to = place->from + part->p_memsz;
        }
    }
    (void) size;
    (void) data;
    return 0;
}

static void after_fork(void) {
    dl_iterate_phdr(note_object, NULL); /* the module is loaded by now, and what it needs */
    is_forked = 1;
    state = (uint32_t) getpid() * 2654435761u | 1;
}

__attribute__((constructor)) static void start(void) {
    const char *file = getenv("MEMORY_CONTROL");
    int descriptor = file == NULL ? -1 : open(file, O_RDWR | O_CLOEXEC);
    void *shared = descriptor < 0 ? MAP_FAILED : mmap(NULL, sizeof *control, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
    if (shared == MAP_FAILED) {
        abort();
    }
    close(descriptor);
    dl_iterate_phdr(note_object, NULL);
    pthread_atfork(NULL, NULL, after_fork);
    control = shared;
}

static int is_in(const struct range *range, uintptr_t address) {
    return address >= range->from && address < range->to;
}

static int fails(void *caller) {
    if (!is_forked || control == NULL || control->one_in == 0) {
        return 0;
    }
    uintptr_t address = (uintptr_t) caller;
    if (is_in(&c_library, address) || is_in(&loader, address) || is_in(&curl, address) || (control->spares_nginx && is_in(&program, address))) {
        return 0;
    }
    state ^= state << 13;
    state ^= state >> 17;
    state ^= state << 5;
    if (state % control->one_in != 0) {
        return 0;
    }
    control->failed++;
    errno = ENOMEM;
    return 1;
}

void *malloc(size_t size) {
    return fails(__builtin_return_address(0)) ? NULL : __libc_malloc(size);
}

void *calloc(size_t number, size_t size) {
    return fails(__builtin_return_address(0)) ? NULL : __libc_calloc(number, size);
}

void *realloc(void *memory, size_t size) {
    return fails(__builtin_return_address(0)) ? NULL : __libc_realloc(memory, size);
}

void *memalign(size_t alignment, size_t size) {
    return fails(__builtin_return_address(0)) ? NULL : __libc_memalign(alignment, size);
}

void *aligned_alloc(size_t alignment, size_t size) {
    return fails(__builtin_return_address(0)) ? NULL : __libc_memalign(alignment, size);
}

int posix_memalign(void **memory, size_t alignment, size_t size) {
    void *made = fails(__builtin_return_address(0)) ? NULL : __libc_memalign(alignment, size);
    if (made == NULL) {
        return ENOMEM;
    }
    *memory = made;
    return 0;
}
