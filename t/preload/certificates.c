// SPDX-License-Identifier: MIT
// Has OpenSSL not read the tests' own certificate in processes that were forked: what nginx -t found right fails in the worker.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <string.h>
#include <unistd.h>
void *X509_get_subject_name(const void *certificate);
char *X509_NAME_oneline(const void *name, char *text, int size);
void X509_free(void *certificate);
void ERR_new(void);
void ERR_set_error(int library, int reason, const char *format, ...);
static pid_t first;
__attribute__((constructor)) static void start(void) { first = getpid(); }
void *PEM_read_bio_X509_AUX(void *source, void **kept, void *password, void *data) {
    void *(*read_one)(void *, void **, void *, void *) = (void *(*)(void *, void **, void *, void *)) dlsym(RTLD_NEXT, "PEM_read_bio_X509_AUX");
    void *certificate = read_one(source, kept, password, data);
    char name[200] = "";
    if (certificate != NULL && getpid() != first && strstr(X509_NAME_oneline(X509_get_subject_name(certificate), name, sizeof(name)), "test authority") != NULL) {
        X509_free(certificate);
        ERR_new();
        ERR_set_error(13, 104, NULL);
        return NULL;
    }
    return certificate;
}
