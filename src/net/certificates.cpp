// SPDX-License-Identifier: MIT
// Parses trusted certificates with OpenSSL. Called when a worker starts, or the configuration is read, never
// in a request. The store that is returned belongs to the caller; OpenSSL counts the connections that use it.
#include "certificates.hpp"
#include "../core/openssl.hpp"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509_vfy.h>

#include <fstream>
#include <iterator>
#include <limits>
#include <new>
#include <utility>

namespace oauth::net {

namespace {

struct BioDeleter {
    void operator()(BIO* bio) const noexcept { BIO_free(bio); }
};

struct CertificateDeleter {
    void operator()(X509* certificate) const noexcept { X509_free(certificate); }
};
using Certificate = std::unique_ptr<X509, CertificateDeleter>;

// An intermediate or self-signed certificate may be the anchor, as with libcurl's own handling of a bundle.
Trust empty_trust() {
    Trust store(X509_STORE_new());
    if (store) {
        X509_STORE_set_flags(store.get(), X509_V_FLAG_PARTIAL_CHAIN);
    }
    return store;
}

bool ended_at_end_of_text() {
    const unsigned long code = ERR_peek_last_error();
    return ERR_GET_LIB(code) == ERR_LIB_PEM && ERR_GET_REASON(code) == PEM_R_NO_START_LINE;
}

// Certificates are not to blame for that. Empties the queue.
bool ended_without_memory() {
    bool without_memory = false;
    while (const unsigned long code = ERR_get_error()) {
        without_memory = without_memory || ERR_GET_REASON(code) == ERR_R_MALLOC_FAILURE;
    }
    return without_memory;
}

} // namespace

Trust trust_certificates(std::string_view pem, std::string& error) {
    if (pem.size() > static_cast<std::size_t>(std::numeric_limits<int>::max())) {
        error = "the trusted certificates are too large";
        return nullptr;
    }
    const core::QuietErrors quiet;
    const std::unique_ptr<BIO, BioDeleter> source(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
    Trust store = empty_trust();
    if (!source || !store) {
        throw std::bad_alloc();
    }
    ERR_clear_error(); // so that what is found below is of this text
    std::size_t count = 0;
    while (const Certificate certificate{PEM_read_bio_X509_AUX(source.get(), nullptr, nullptr, nullptr)}) {
        if (X509_STORE_add_cert(store.get(), certificate.get()) != 1) {
            break;
        }
        ++count;
    }
    const bool complete = ended_at_end_of_text();
    if (ended_without_memory()) {
        throw std::bad_alloc();
    }
    if (count == 0 || !complete) {
        error = count == 0 ? "the trusted certificates hold no PEM certificate"
                           : "one of the trusted certificates cannot be read";
        return nullptr;
    }
    return store;
}

Trust trust_certificates_file(const char* path) {
    std::ifstream file(path, std::ios::binary);
    const std::string pem{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
    std::string ignored;
    Trust store = trust_certificates(pem, ignored);
    store = store ? std::move(store) : empty_trust();
    if (!store) {
        throw std::bad_alloc();
    }
    return store;
}

} // namespace oauth::net
