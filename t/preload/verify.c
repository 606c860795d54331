// SPDX-License-Identifier: MIT
// Preloaded into nginx by the bench: for each request that a worker reads, OpenSSL verifies one signature (ECDSA over
// P-256, of as many bytes as an access token has), and nothing else is done. What that costs there is what the bare check costs.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

static unsigned char message[560];
static unsigned char signature[80];
static size_t size = sizeof(signature);
static EVP_MD_CTX *ready;

static void prepare(void) {
    EVP_PKEY *key = EVP_EC_gen("P-256");
    EVP_MD_CTX *signer = EVP_MD_CTX_new();
    ready = EVP_MD_CTX_new();
    if (key == NULL || signer == NULL || ready == NULL || EVP_DigestSignInit(signer, NULL, EVP_sha256(), NULL, key) != 1 ||
        EVP_DigestSign(signer, signature, &size, message, sizeof(message)) != 1 ||
        EVP_DigestVerifyInit(ready, NULL, EVP_sha256(), NULL, key) != 1) {
        abort();
    }
    EVP_MD_CTX_free(signer);
}

static void verify(void) {
    if (ready == NULL) {
        prepare();
    }
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    if (context == NULL || EVP_MD_CTX_copy_ex(context, ready) != 1 ||
        EVP_DigestVerify(context, signature, size, message, sizeof(message)) != 1) {
        abort();
    }
    EVP_MD_CTX_free(context);
}

ssize_t recv(int descriptor, void *buffer, size_t length, int flags) {
    static ssize_t (*real)(int, void *, size_t, int);
    if (real == NULL) {
        real = (ssize_t (*)(int, void *, size_t, int)) dlsym(RTLD_NEXT, "recv");
    }
    const ssize_t got = real(descriptor, buffer, length, flags);
    if (got > 4 && memcmp(buffer, "GET ", 4) == 0) {
        verify();
    }
    return got;
}
