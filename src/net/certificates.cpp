// SPDX-License-Identifier: MIT
// Parses trusted certificates with OpenSSL. Called when a worker starts, or the configuration is read, never
// in a request. The store that is returned belongs to the caller; OpenSSL counts the connections that use it.
#include "certificates.hpp"
#include "../core/bytes.hpp"
#include "../core/crypto.hpp"
#include "../core/openssl.hpp"

#include <openssl/asn1.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509_vfy.h>

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <new>
#include <optional>
#include <stdexcept>
#include <system_error>

namespace oauth::net {

namespace {

constexpr std::size_t max_text_size = 64 << 20; // a system's bundle has a quarter of a megabyte

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
    if (!store) {
        throw std::bad_alloc();
    }
    X509_STORE_set_flags(store.get(), X509_V_FLAG_PARTIAL_CHAIN);
    return store;
}

// What OpenSSL says of a text, and not only of itself or of a part that it asked.
bool is_complaint(unsigned long code) {
    const int reason = ERR_GET_REASON(code);
    return ERR_SYSTEM_ERROR(code) == 0 && (reason & ERR_RFLAG_COMMON) == 0 &&
           !(ERR_GET_LIB(code) == ERR_LIB_ASN1 && reason == ASN1_R_AUX_ERROR);
}

enum class End { of_text, broken, without_memory };

// OpenSSL makes the queue with the first error. Without memory for it no error is told.
void ensure_error_queue() {
    ERR_raise(ERR_LIB_USER, ERR_R_INTERNAL_ERROR);
    if (ERR_peek_error() == 0) {
        throw std::bad_alloc();
    }
    ERR_clear_error();
}

// OpenSSL fails without an error for these.
bool has_empty_block(std::string_view pem) {
    for (std::size_t at = pem.find("-----END "); at != std::string_view::npos;
         at = pem.find("-----END ", at + 1)) {
        const std::size_t before = pem.substr(0, at).find_last_not_of(" \t\r\n");
        if (before != std::string_view::npos && pem[before] == '-') {
            return true;
        }
    }
    return false;
}

// Empties the queue. OpenSSL does not always leave ERR_R_MALLOC_FAILURE: what failed without a complaint
// about the text failed for lack of memory.
End how_it_ended(std::string_view pem) {
    const unsigned long last = ERR_peek_last_error();
    bool has_complaint = last == 0 && has_empty_block(pem);
    bool lacked_memory = false;
    while (const unsigned long code = ERR_get_error()) {
        has_complaint = has_complaint || is_complaint(code);
        lacked_memory = lacked_memory || ERR_GET_REASON(code) == ERR_R_MALLOC_FAILURE;
    }
    if (lacked_memory || !has_complaint) {
        return End::without_memory;
    }
    const bool at_end = ERR_GET_LIB(last) == ERR_LIB_PEM && ERR_GET_REASON(last) == PEM_R_NO_START_LINE;
    return at_end ? End::of_text : End::broken;
}

struct Added {
    std::size_t count = 0;
    End end = End::of_text;
};

Added add_certificates(X509_STORE* store, std::string_view pem) {
    const std::unique_ptr<BIO, BioDeleter> source(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
    if (!source) {
        throw std::bad_alloc();
    }
    ensure_error_queue(); // and an empty one, so that what is found below is of this text
    Added added;
    while (const Certificate certificate{PEM_read_bio_X509_AUX(source.get(), nullptr, nullptr, nullptr)}) {
        if (X509_STORE_add_cert(store, certificate.get()) != 1) {
            throw std::bad_alloc(); // it takes each certificate, also one that it has
        }
        ++added.count;
    }
    added.end = how_it_ended(pem);
    if (added.end == End::without_memory) {
        throw std::bad_alloc();
    }
    return added;
}

[[noreturn]] void throw_for_file(const char* path, const char* problem) {
    throw std::runtime_error("the system's trusted certificates \"" + std::string(path) + "\" " + problem);
}

[[noreturn]] void throw_system_error(const char* path, const char* problem) {
    const int error = errno;
    if (error == ENOMEM) {
        throw std::bad_alloc();
    }
    throw_for_file(path, (problem + std::generic_category().message(error)).c_str());
}

class OpenFile {
public:
    explicit OpenFile(int descriptor) : descriptor_(descriptor) {}
    OpenFile(const OpenFile&) = delete;
    OpenFile& operator=(const OpenFile&) = delete;
    ~OpenFile() { close(descriptor_); }

    ssize_t read_some(char* buffer, std::size_t size) const {
        ssize_t count = -1;
        do {
            count = read(descriptor_, buffer, size);
        } while (count < 0 && errno == EINTR);
        return count;
    }

private:
    int descriptor_;
};

// nullopt if there is no such file.
std::optional<std::string> read_file(const char* path) {
    const int descriptor = open(path, O_RDONLY | O_CLOEXEC);
    if (descriptor < 0 && (errno == ENOENT || errno == ENOTDIR)) {
        return std::nullopt;
    }
    if (descriptor < 0) {
        throw_system_error(path, "cannot be opened: ");
    }
    const OpenFile file(descriptor);
    std::string text;
    char buffer[16384];
    for (;;) {
        const ssize_t count = file.read_some(buffer, sizeof(buffer));
        if (count < 0) {
            throw_system_error(path, "cannot be read: ");
        }
        if (count == 0) {
            return text;
        }
        text.append(buffer, static_cast<std::size_t>(count));
        if (text.size() > max_text_size) {
            throw_for_file(path, "are too large");
        }
    }
}

// Each block for itself: one that is broken takes no other with it.
std::size_t add_readable_certificates(X509_STORE* store, std::string_view pem) {
    constexpr std::string_view mark = "-----BEGIN ";
    std::size_t count = 0;
    std::size_t at = pem.find(mark);
    while (at != std::string_view::npos) {
        const std::size_t next = pem.find(mark, at + mark.size());
        count += add_certificates(store, pem.substr(at, next - at)).count;
        at = next;
    }
    return count;
}

} // namespace

Trust trust_certificates(std::string_view pem, std::string& error) {
    if (pem.size() > max_text_size) {
        error = "the trusted certificates are too large";
        return nullptr;
    }
    const core::QuietErrors quiet;
    Trust store = empty_trust();
    const Added added = add_certificates(store.get(), pem);
    if (added.count == 0 || added.end != End::of_text) {
        error = added.count == 0 ? "the trusted certificates hold no PEM certificate"
                                 : "one of the trusted certificates cannot be read";
        return nullptr;
    }
    return store;
}

Trust trust_certificates_file(const char* path) {
    const core::QuietErrors quiet;
    Trust store = empty_trust();
    const auto pem = read_file(path);
    if (pem && add_readable_certificates(store.get(), *pem) == 0) {
        throw_for_file(path, "hold no certificate that can be read");
    }
    return store;
}

// What stands behind a certificate is no part of it (RFC 7468 2).
std::string mark_of_trust(X509_STORE* store, std::string_view pem) {
    const core::QuietErrors quiet;
    const X509* first = X509_OBJECT_get0_X509(sk_X509_OBJECT_value(X509_STORE_get0_objects(store), 0));
    const std::unique_ptr<BIO, BioDeleter> sink(BIO_new(BIO_s_mem()));
    if (!sink || PEM_write_bio_X509(sink.get(), const_cast<X509*>(first)) != 1) {
        throw std::bad_alloc();
    }
    char* text = nullptr;
    const long size = BIO_get_mem_data(sink.get(), &text);
    return std::string(text, static_cast<std::size_t>(size)) +
           core::hex_encode(core::digest(core::Hash::sha256, pem)) + "\n";
}

} // namespace oauth::net
