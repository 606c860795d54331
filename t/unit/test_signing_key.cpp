// SPDX-License-Identifier: MIT
// Our own keys: making, reading, writing and publishing them (JO-12, JO-17).
#include "jose_keys.hpp"

using namespace oauth;
using namespace oauth::jose;
using namespace oauth::unit;

static std::string pem_of(std::string_view der) {
    core::Owned<BIO, BIO_free> bio(BIO_new(BIO_s_mem()));
    PEM_write_bio(bio.get(), "PRIVATE KEY", "", core::bytes_of(der), static_cast<long>(der.size()));
    return text_of(bio.get());
}

static void a_new_key_is_es256_and_named_by_its_thumbprint(void**) {
    auto key = SigningKey::generate_es256();
    assert_true(key.has_value());
    assert_text_equal(key->alg(), "ES256");
    assert_int_equal(key->kid().size(), 43);
    assert_text_equal(key->kid(), thumbprint(jwk_of(*key)));
    assert_false(key->kid() == SigningKey::generate_es256()->kid());
    key->set_kid("mine");
    assert_text_equal(jwk_of(*key).kid, "mine");
}

static void each_kind_is_read_from_pem(void**) {
    struct Row {
        KeyPointer key;
        const char* alg;
    };
    const Row rows[] = {
        {generate_rsa(2048), "RS256"}, {generate_ec("P-256"), "ES256"}, {generate_ed25519(), "EdDSA"}};
    for (const auto& row : rows) {
        auto key = SigningKey::from_pem(private_pem(row.key.get()));
        assert_true(key.has_value());
        assert_text_equal(key->alg(), row.alg);
        assert_text_equal(jwk_of(*key).alg, row.alg);
    }
}

static void the_older_pem_forms_are_read(void**) {
    for (const auto& key : {generate_ec("P-256"), generate_rsa(2048)}) {
        core::Owned<BIO, BIO_free> bio(BIO_new(BIO_s_mem()));
        PEM_write_bio_PrivateKey_traditional(bio.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr);
        auto pem = text_of(bio.get());
        assert_true(SigningKey::from_pem(pem).has_value());
        // As `openssl ecparam -genkey` writes it, with the curve in a block of its own.
        auto with_parameters =
            "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n" + pem;
        assert_true(SigningKey::from_pem(with_parameters).has_value());
    }
}

static void unfit_keys_are_refused(void**) {
    assert_false(SigningKey::from_pem(private_pem(generate_rsa(1024).get())).has_value());
    assert_false(SigningKey::from_pem(private_pem(generate_ec("P-384").get())).has_value());
    assert_false(SigningKey::from_pem(private_pem(generate_ec("secp256k1").get())).has_value());
    assert_false(SigningKey::from_pem(public_pem(generate_ec("P-256").get())).has_value());
    KeyPointer x25519(EVP_PKEY_Q_keygen(nullptr, nullptr, "X25519"), FreeKey());
    assert_false(SigningKey::from_pem(private_pem(x25519.get())).has_value());
    for (std::string_view bad : {"", "x", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
                                 "-----BEGIN PRIVATE KEY-----"}) {
        assert_false(SigningKey::from_pem(bad).has_value());
        assert_false(SigningKey::from_der(bad).has_value());
    }
}

static void a_key_with_a_passphrase_is_refused_without_asking(void**) {
    core::Owned<BIO, BIO_free> bio(BIO_new(BIO_s_mem()));
    auto key = generate_ec("P-256");
    std::string word = "passphrase";
    assert_int_equal(PEM_write_bio_PKCS8PrivateKey(bio.get(), key.get(), EVP_aes_256_cbc(), word.data(),
                                                   static_cast<int>(word.size()), nullptr, nullptr),
                     1);
    assert_false(SigningKey::from_pem(text_of(bio.get())).has_value());
}

static void one_key_is_in_the_text_and_its_halves_belong_together(void**) {
    const std::string pem = private_pem(generate_ec("P-256").get());
    const std::string other = private_pem(generate_ed25519().get());
    assert_false(SigningKey::from_pem(pem + other).has_value());
    assert_text_equal(why_no_private_key(pem + other), "holds more than one private key");
    for (const auto& source : {generate_ec("P-256"), generate_rsa(2048)}) {
        std::string der = *SigningKey::from_pem(private_pem(source.get()))->to_der();
        assert_true(SigningKey::from_pem(pem_of(der)).has_value());
        der[der.size() - 8] = static_cast<char>(der[der.size() - 8] ^ 1); // of the public point, or of qi
        assert_false(SigningKey::from_pem(pem_of(der)).has_value());
    }
}

static void der_goes_both_ways(void**) {
    for (const auto& source : {generate_ec("P-256"), generate_ed25519(), generate_rsa(2048)}) {
        auto key = SigningKey::from_pem(private_pem(source.get()));
        auto der = key->to_der();
        assert_true(der.has_value());
        auto again = SigningKey::from_der(*der);
        assert_true(again.has_value());
        assert_text_equal(again->kid(), key->kid());
        assert_text_equal(again->alg(), key->alg());
        assert_false(SigningKey::from_der(*der + "x").has_value());
        assert_false(SigningKey::from_der(der->substr(0, der->size() - 1)).has_value());
    }
}

static void a_secret_has_at_least_the_size_of_its_hash_jo_12(void**) {
    assert_false(SigningKey::from_secret("").has_value());
    assert_false(SigningKey::from_secret(std::string(31, 's')).has_value());
    auto key = SigningKey::from_secret(std::string(32, 's'));
    assert_true(key.has_value());
    assert_text_equal(key->alg(), "HS256");
    assert_false(key->kid().empty());
    assert_false(key->kid() == SigningKey::from_secret(std::string(32, 't'))->kid());
    assert_false(key->to_der().has_value());
}

static void only_public_members_are_published_jo_17(void**) {
    for (const auto& source : {generate_ec("P-256"), generate_ed25519(), generate_rsa(2048)}) {
        auto key = SigningKey::from_pem(private_pem(source.get()));
        auto json = core::Json::parse(key->public_jwk());
        assert_true(json.has_value());
        for (std::string_view member : {"kty", "kid", "alg", "use"}) {
            assert_true(json->root().get(member).is_string());
        }
        for (std::string_view secret : {"d", "p", "q", "dp", "dq", "qi", "k"}) {
            assert_false(json->root().get(secret).exists());
        }
    }
    assert_text_equal(SigningKey::from_secret(std::string(32, 's'))->public_jwk(), "");
}

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(a_new_key_is_es256_and_named_by_its_thumbprint),
        cmocka_unit_test(each_kind_is_read_from_pem),
        cmocka_unit_test(the_older_pem_forms_are_read),
        cmocka_unit_test(unfit_keys_are_refused),
        cmocka_unit_test(a_key_with_a_passphrase_is_refused_without_asking),
        cmocka_unit_test(one_key_is_in_the_text_and_its_halves_belong_together),
        cmocka_unit_test(der_goes_both_ways),
        cmocka_unit_test(a_secret_has_at_least_the_size_of_its_hash_jo_12),
        cmocka_unit_test(only_public_members_are_published_jo_17),
    };
    return cmocka_run_group_tests_name("signing_key", tests, nullptr, nullptr);
}
