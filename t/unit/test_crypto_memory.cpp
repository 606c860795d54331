// SPDX-License-Identifier: MIT
// OpenSSL without memory, at every one of its allocations (DS-12): what is asked of it fails or succeeds,
// never more, leaves nothing in the error queue, and works as soon as there is memory. A program of its own,
// because OpenSSL takes its allocator only before its first allocation, and fetches algorithms once.
#include "../../src/core/bytes.hpp"
#include "../../src/core/crypto.hpp"
#include "../../src/jose/jwk.hpp"
#include "../../src/jose/jws.hpp"
#include "../../src/net/certificates.hpp"
#include "../../src/session/sealer.hpp"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/provider.h>
#include <openssl/rand.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <functional>
#include <new>

#include "certificate_maker.hpp"
#include "unit.hpp"

namespace {

using namespace oauth;
using core::Hash;

long allocations_left = -1; // until one fails; negative: none does
bool has_failed = false;

bool fails() {
    if (allocations_left < 0 || allocations_left-- > 0) {
        return false;
    }
    allocations_left = 0; // and all that come after it
    has_failed = true;
    return true;
}

void* take(std::size_t size, const char*, int) {
    return fails() ? nullptr : std::malloc(size);
}
void* change(void* memory, std::size_t size, const char*, int) {
    return fails() ? nullptr : std::realloc(memory, size);
}
void give(void* memory, const char*, int) {
    std::free(memory);
}

// Runs it with one allocation more each time, until none fails.
void without_memory(const char* what, const std::function<bool()>& works) {
    long most = 0;
    do {
        has_failed = false;
        allocations_left = most++;
        bool worked = false;
        try {
            worked = works();
        } catch (const std::bad_alloc&) {
        }
        allocations_left = -1;
        if (ERR_peek_error() != 0 || (!worked && !has_failed)) {
            print_error("%s, with %ld allocations\n", what, most - 1);
            assert_true(false);
        }
        assert_true(works());
    } while (has_failed && most < 5000);
    assert_false(has_failed);
}

// First of all, so that the algorithms are not there yet.
void primitives(void**) {
    without_memory("digest", [] { return core::digest(Hash::sha256, "abc").size() == 32; });
    without_memory("hmac", [] { return core::hmac(Hash::sha256, "key", "abc").size() == 32; });
    without_memory("hkdf", [] { return core::hkdf_sha256("key", "salt", "info", 32).has_value(); });
    without_memory("random", [] {
        core::SystemRandom random;
        char bytes[16];
        return random.fill(bytes, sizeof(bytes));
    });
    without_memory("aead", [] {
        auto aead = core::Aead::create(std::string(32, 'k'));
        const std::string nonce(12, 'n');
        const auto sealed = aead ? aead->seal(nonce, "aad", "text") : std::nullopt;
        return sealed && aead->open(nonce, "aad", *sealed) == "text";
    });
}

void sealing(void**) {
    without_memory("sealer", [] {
        core::SystemRandom random;
        auto sealer = session::Sealer::create({"secret"}, "session");
        const auto sealed = sealer ? sealer->seal(random, "binding", "text") : std::nullopt;
        return sealed && sealer->open("binding", *sealed) == "text";
    });
}

void keys(void**) {
    const auto made = jose::SigningKey::generate_es256();
    const std::string der = *made->to_der();
    without_memory("a key from the zone", [&der] { return jose::SigningKey::from_der(der).has_value(); });
    without_memory("a published key", [&made] { return !made->public_jwk().empty(); });
    const std::string published = made->public_jwk();
    without_memory("a token", [&] {
        const auto token = jose::sign_compact(*made, R"({"alg":"ES256"})", "{}");
        const auto document = core::Json::parse(published);
        const auto key = document ? jose::parse_public_jwk(document->root()) : std::nullopt;
        const auto jws = token ? jose::parse_compact(*token)
                               : core::Result<jose::Jws>(core::Error{core::Code::internal_error, ""});
        return jws && key && jose::verify(jws.value(), *key);
    });
}

// A verification is half of what a sign-in takes, and each asks twice: the second answer takes nothing of
// OpenSSL.
void a_token_is_verified_once(void**) {
    const auto made = jose::SigningKey::generate_es256();
    const auto document = core::Json::parse(made->public_jwk());
    const auto key = jose::parse_public_jwk(document->root());
    const std::string first = *jose::sign_compact(*made, R"({"alg":"ES256"})", "{}");
    const std::string second = *jose::sign_compact(*made, R"({"alg":"ES256"})", "{}");
    const auto jws = jose::parse_compact(first);
    const auto other = jose::parse_compact(second);
    const auto verify_without_memory = [&key](const jose::Jws& token) {
        allocations_left = 0;
        const bool is_right = jose::verify(token, *key);
        allocations_left = -1;
        return is_right;
    };
    assert_false(verify_without_memory(jws.value()));
    assert_true(jose::verify(jws.value(), *key));
    assert_true(verify_without_memory(jws.value()));
    assert_false(verify_without_memory(other.value()));
    assert_true(verify_without_memory(jws.value()));
}

int count(const net::Trust& trust) {
    return sk_X509_OBJECT_num(X509_STORE_get0_objects(trust.get()));
}

// Neither is a certificate to blame, nor is one left out of the system's.
void certificates(void**) {
    const std::string pem =
        unit::make_identity({.is_authority = true}).pem() + unit::make_identity({.is_authority = true}).pem();
    without_memory("trusted certificates", [&pem] {
        std::string error;
        const net::Trust trust = net::trust_certificates(pem, error);
        assert_text_equal(error, "");
        assert_int_equal(count(trust), 2);
        return true;
    });
    char path[] = "/tmp/oauth-bundle-XXXXXX";
    assert_int_equal(close(mkstemp(path)), 0);
    std::ofstream(path) << pem;
    without_memory("the system's certificates", [&path] {
        assert_int_equal(count(net::trust_certificates_file(path)), 2);
        return true;
    });
    unlink(path);
}

} // namespace

int main() {
    if (CRYPTO_set_mem_functions(take, change, give) != 1) {
        return 1;
    }
    // As in nginx, which begins to use OpenSSL in the master process: without memory even for that it
    // crashes.
    OPENSSL_init_crypto(OPENSSL_INIT_LOAD_CONFIG, nullptr);
    OSSL_PROVIDER* provider = OSSL_PROVIDER_load(nullptr, "default");
    unsigned char byte = 0;
    if (provider == nullptr || RAND_bytes(&byte, 1) != 1) {
        return 1;
    }
    const CMUnitTest tests[] = {
        cmocka_unit_test(primitives),   cmocka_unit_test(sealing),
        cmocka_unit_test(keys),         cmocka_unit_test(a_token_is_verified_once),
        cmocka_unit_test(certificates),
    };
    const int failed = cmocka_run_group_tests_name("crypto without memory", tests, nullptr, nullptr);
    OSSL_PROVIDER_unload(provider);
    return failed;
}
