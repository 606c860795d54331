// SPDX-License-Identifier: MIT
// Makes certificates at run time for tests of TLS: authorities, and certificates of servers with any name and
// age.
#pragma once

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <memory>
#include <string>
#include <string_view>

namespace oauth::unit {

struct Identity {
    std::shared_ptr<EVP_PKEY> key;
    std::shared_ptr<X509> certificate;

    std::string pem() const {
        const std::unique_ptr<BIO, decltype(&BIO_free)> out(BIO_new(BIO_s_mem()), &BIO_free);
        PEM_write_bio_X509(out.get(), certificate.get());
        char* text = nullptr;
        const long size = BIO_get_mem_data(out.get(), &text);
        return std::string(text, static_cast<std::size_t>(size));
    }
};

struct CertificateRequest {
    std::string_view dns_name = "localhost"; // may hold a NUL
    long seconds_to_live = 3600;             // negative: expired
    const Identity* issuer = nullptr;        // null: signs itself
    bool is_authority = false;
};

inline void add_dns_name(X509* certificate, std::string_view name) {
    GENERAL_NAME* general = GENERAL_NAME_new();
    ASN1_IA5STRING* text = ASN1_IA5STRING_new();
    ASN1_STRING_set(text, name.data(), static_cast<int>(name.size()));
    GENERAL_NAME_set0_value(general, GEN_DNS, text);
    GENERAL_NAMES* names = sk_GENERAL_NAME_new_null();
    sk_GENERAL_NAME_push(names, general);
    X509_add1_ext_i2d(certificate, NID_subject_alt_name, names, 0, 0);
    sk_GENERAL_NAME_pop_free(names, GENERAL_NAME_free);
}

inline Identity make_identity(const CertificateRequest& request) {
    static long serial = 1;
    Identity identity{{EVP_EC_gen("P-256"), &EVP_PKEY_free}, {X509_new(), &X509_free}};
    X509* certificate = identity.certificate.get();
    X509_set_version(certificate, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), ++serial);
    X509_gmtime_adj(X509_getm_notBefore(certificate), -7200);
    X509_gmtime_adj(X509_getm_notAfter(certificate), request.seconds_to_live);
    X509_set_pubkey(certificate, identity.key.get());
    const std::string common_name = "test " + std::to_string(serial);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_UTF8,
                               reinterpret_cast<const unsigned char*>(common_name.c_str()), -1, -1, 0);
    const Identity& issuer = request.issuer != nullptr ? *request.issuer : identity;
    X509_set_issuer_name(certificate, X509_get_subject_name(issuer.certificate.get()));
    if (request.is_authority) {
        BASIC_CONSTRAINTS* constraints = BASIC_CONSTRAINTS_new();
        constraints->ca = 0xff;
        X509_add1_ext_i2d(certificate, NID_basic_constraints, constraints, 1, 0);
        BASIC_CONSTRAINTS_free(constraints);
    } else {
        add_dns_name(certificate, request.dns_name);
    }
    X509_sign(certificate, issuer.key.get(), EVP_sha256());
    return identity;
}

} // namespace oauth::unit
