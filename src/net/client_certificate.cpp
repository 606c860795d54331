// SPDX-License-Identifier: MIT
// See client_certificate.hpp.
#include "client_certificate.hpp"

#include "../core/bytes.hpp"
#include "../core/openssl.hpp"

#include <openssl/bio.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <vector>

namespace oauth::net {

namespace {

using Bio = core::Owned<BIO, BIO_free>;
using Certificate = core::Owned<X509, X509_free>;

constexpr std::size_t max_text = 65536;
constexpr std::size_t max_chain = 10;

// In PEM, from the first on. Empty, with a reason in `error`, if one is broken.
std::vector<Certificate> read_chain(std::string_view pem, std::string& error) {
    const Bio source(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
    std::vector<Certificate> chain;
    ERR_clear_error();
    while (source && chain.size() <= max_chain) {
        Certificate certificate(PEM_read_bio_X509(source.get(), nullptr, nullptr, nullptr));
        if (!certificate) {
            break;
        }
        chain.push_back(std::move(certificate));
    }
    const unsigned long last = ERR_peek_last_error();
    const bool at_end = ERR_GET_LIB(last) == ERR_LIB_PEM && ERR_GET_REASON(last) == PEM_R_NO_START_LINE;
    if (!at_end || chain.empty()) {
        error = at_end ? "holds no certificate in PEM" : "holds a certificate that is broken, or too many";
        chain.clear();
    }
    return chain;
}

std::string text_of(BIO* bio) {
    char* text = nullptr;
    const long size = BIO_get_mem_data(bio, &text);
    return text == nullptr ? "" : std::string(text, static_cast<std::size_t>(size));
}

std::string write_key(EVP_PKEY* key) {
    const Bio target(BIO_new(BIO_s_secmem())); // which is wiped when it is freed
    const bool written =
        target && PEM_write_bio_PrivateKey(target.get(), key, nullptr, nullptr, 0, nullptr, nullptr) == 1;
    return written ? text_of(target.get()) : "";
}

std::string write_chain(const std::vector<Certificate>& chain) {
    const Bio target(BIO_new(BIO_s_mem()));
    for (const Certificate& certificate : chain) {
        if (!target || PEM_write_bio_X509(target.get(), certificate.get()) != 1) {
            return "";
        }
    }
    return text_of(target.get());
}

// Empty if OpenSSL has no such hash.
std::string thumbprint(const X509* certificate, const EVP_MD* hash) {
    std::string bytes(EVP_MAX_MD_SIZE, '\0');
    unsigned size = 0;
    const bool made =
        X509_digest(certificate, hash, reinterpret_cast<unsigned char*>(bytes.data()), &size) == 1;
    return made ? core::base64url_encode(std::string_view(bytes).substr(0, size)) : "";
}

} // namespace

std::shared_ptr<const ClientCertificate> ClientCertificate::create(std::string_view pem, EVP_PKEY* key,
                                                                   std::string& error) {
    const core::QuietErrors quiet;
    if (pem.size() > max_text) {
        error = "is too large";
        return nullptr;
    }
    const std::vector<Certificate> chain = read_chain(pem, error);
    if (chain.empty()) {
        return nullptr;
    }
    if (X509_check_private_key(chain.front().get(), key) != 1) {
        error = "is not the certificate of client_key: the two have different public keys";
        return nullptr;
    }
    std::shared_ptr<ClientCertificate> made(new ClientCertificate);
    made->chain_ = write_chain(chain);
    made->key_ = write_key(key);
    made->sha1_thumbprint_ = thumbprint(chain.front().get(), EVP_sha1());
    made->sha256_thumbprint_ = thumbprint(chain.front().get(), EVP_sha256());
    made->has_ended_ = X509_cmp_current_time(X509_get0_notAfter(chain.front().get())) < 0;
    if (made->chain_.empty() || made->key_.empty()) {
        error = "cannot be used by OpenSSL";
        return nullptr;
    }
    return made;
}

ClientCertificate::~ClientCertificate() {
    core::wipe(key_);
}

} // namespace oauth::net
