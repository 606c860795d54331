// SPDX-License-Identifier: MIT
// The primitives: known answers, and everything that must not open. The published vector sets are in
// test_vectors.
#include "../../src/core/bytes.hpp"
#include "../../src/core/crypto.hpp"

#include <openssl/err.h>

#include "unit.hpp"

using namespace oauth::core;
using oauth::unit::hex_decode;

static void random_numbers_differ(void**) {
    SystemRandom random;
    std::string a(32, '\0');
    std::string b(32, '\0');
    assert_true(random.fill(a.data(), a.size()));
    assert_true(random.fill(b.data(), b.size()));
    assert_false(a == b);
    assert_false(a == std::string(32, '\0'));
}

static void digests_are_those_of_fips_180(void**) {
    assert_text_equal(hex_encode(digest(Hash::sha256, "abc")),
                      "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    assert_text_equal(hex_encode(digest(Hash::sha256, {})),
                      "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    assert_text_equal(hex_encode(digest(Hash::sha384, "abc")).substr(0, 32),
                      "cb00753f45a35e8bb5a03d699ac65007");
    assert_int_equal(digest(Hash::sha384, "abc").size(), 48);
    assert_text_equal(hex_encode(digest(Hash::sha512, "abc")).substr(0, 32),
                      "ddaf35a193617abacc417349ae204131");
    assert_int_equal(digest(Hash::sha512, "abc").size(), 64);
}

static void hmac_is_that_of_rfc_4231(void**) {
    std::string_view data = "what do ya want for nothing?";
    assert_text_equal(hex_encode(hmac(Hash::sha256, "Jefe", data)),
                      "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    assert_text_equal(hex_encode(hmac(Hash::sha384, "Jefe", data)).substr(0, 32),
                      "af45d2e376484031617f78d2b58a6b1b");
    assert_text_equal(hex_encode(hmac(Hash::sha512, "Jefe", data)).substr(0, 32),
                      "164b7a7bfcf819e2e395fbe73b56e0a3");
    assert_text_equal(hex_encode(hmac(Hash::sha256, {}, {})),
                      "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

static void hkdf_has_bounds(void**) {
    assert_int_equal(hkdf_sha256("secret", "", "", 255 * 32)->size(), 255 * 32);
    assert_false(hkdf_sha256("secret", "", "", 255 * 32 + 1).has_value());
    assert_false(hkdf_sha256("secret", "", "", 0).has_value());
    assert_false(hkdf_sha256("secret", "salt", "a", 32) == hkdf_sha256("secret", "salt", "b", 32));
}

static const std::string key(32, 'k');
static const std::string nonce(12, 'n');

static void what_was_sealed_opens(void**) {
    auto aead = Aead::create(key);
    assert_true(aead.has_value());
    for (std::size_t size : {0, 1, 15, 16, 17, 4096}) {
        std::string text(size, 'x');
        auto sealed = aead->seal(nonce, "aad", text);
        assert_true(sealed.has_value());
        assert_int_equal(sealed->size(), size + Aead::tag_size);
        assert_text_equal(aead->open(nonce, "aad", *sealed).value_or("?"), text);
    }
    assert_text_equal(aead->open(nonce, {}, aead->seal(nonce, {}, {}).value_or("?")).value_or("?"), "");
}

static void anything_else_does_not_open(void**) {
    auto aead = Aead::create(key);
    auto sealed = aead->seal(nonce, "aad", "a secret").value();
    for (std::size_t i = 0; i < sealed.size(); ++i) {
        auto changed = sealed;
        changed[i] = static_cast<char>(changed[i] ^ 1);
        assert_false(aead->open(nonce, "aad", changed).has_value());
        assert_false(aead->open(nonce, "aad", sealed.substr(0, i)).has_value());
    }
    assert_false(aead->open(nonce, "aae", sealed).has_value());
    assert_false(aead->open(nonce, "", sealed).has_value());
    assert_false(aead->open(std::string(12, 'm'), "aad", sealed).has_value());
    assert_false(aead->open(nonce, "aad", sealed + "x").has_value());
    assert_false(Aead::create(std::string(32, 'l'))->open(nonce, "aad", sealed).has_value());
    assert_false(aead->open(nonce + "n", "aad", sealed).has_value());
    // A failure leaves nothing behind in the contexts.
    assert_text_equal(aead->open(nonce, "aad", sealed).value_or("?"), "a secret");
}

static void sizes_of_key_and_nonce_are_exact(void**) {
    for (std::size_t size : {0, 16, 24, 31, 33, 64}) {
        assert_false(Aead::create(std::string(size, 'k')).has_value());
    }
    auto aead = Aead::create(key);
    for (std::size_t size : {0, 8, 11, 13, 16}) {
        assert_false(aead->seal(std::string(size, 'n'), "", "x").has_value());
        assert_false(aead->open(std::string(size, 'n'), "", std::string(32, 'x')).has_value());
    }
}

static void the_contexts_go_along_when_moved(void**) {
    auto first = Aead::create(key);
    auto sealed = first->seal(nonce, "", "text").value();
    Aead second(std::move(*first));
    auto third = Aead::create(std::string(32, 'o'));
    *third = std::move(second);
    assert_text_equal(third->open(nonce, "", sealed).value_or("?"), "text");
}

static void a_failure_leaves_no_error_in_the_queue(void**) {
    ERR_clear_error();
    auto aead = Aead::create(key);
    assert_false(aead->open(nonce, "", std::string(40, 'x')).has_value());
    assert_false(hkdf_sha256("secret", "", std::string(100000, 'i'), 32).has_value());
    assert_true(ERR_peek_error() == 0);
}

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(random_numbers_differ),
        cmocka_unit_test(digests_are_those_of_fips_180),
        cmocka_unit_test(hmac_is_that_of_rfc_4231),
        cmocka_unit_test(hkdf_has_bounds),
        cmocka_unit_test(what_was_sealed_opens),
        cmocka_unit_test(anything_else_does_not_open),
        cmocka_unit_test(sizes_of_key_and_nonce_are_exact),
        cmocka_unit_test(the_contexts_go_along_when_moved),
        cmocka_unit_test(a_failure_leaves_no_error_in_the_queue),
    };
    return cmocka_run_group_tests_name("crypto", tests, nullptr, nullptr);
}
