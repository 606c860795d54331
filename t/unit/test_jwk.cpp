// SPDX-License-Identifier: MIT
// Public keys of a provider: which are used, which are skipped, which are refused (MD-11 to MD-17, MD-19,
// JO-06, JO-13, T5).
#include <algorithm>

#include "jose_keys.hpp"

using namespace oauth;
using namespace oauth::jose;
using namespace oauth::unit;

// A modulus of that many bits; loading looks at its size and parity, not at its factors.
static std::string rsa_jwk(std::size_t bits, std::string_view exponent, char last = '\x01') {
    std::string n((bits + 7) / 8, '\x55');
    n.front() = static_cast<char>(1U << ((bits - 1) % 8));
    n.back() = last;
    return R"({"kty":"RSA","n":")" + core::base64url_encode(n) + R"(","e":")" +
           core::base64url_encode(exponent) + "\"}";
}

static std::string with(std::string jwk, std::string_view members) {
    jwk.pop_back();
    return jwk.append(",").append(members).append("}");
}

constexpr std::string_view ec_x = "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU"; // RFC 7515 A.3
constexpr std::string_view ec_y = "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0";
constexpr std::string_view okp_x = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"; // RFC 8037 A.2

static std::string ec_jwk(std::string_view curve, std::string_view x, std::string_view y) {
    return R"({"kty":"EC","crv":")" + std::string(curve) + R"(","x":")" + std::string(x) + R"(","y":")" +
           std::string(y) + "\"}";
}

static std::string okp_jwk(std::string_view x) {
    return R"({"kty":"OKP","crv":"Ed25519","x":")" + std::string(x) + "\"}";
}

static void each_type_of_key_is_read(void**) {
    auto rsa = parse_jwk(with(rsa_jwk(2048, "\x01\x01"), R"("kid":"r","alg":"RS256","use":"sig")"));
    assert_true(rsa && rsa->type == KeyType::rsa && rsa->curve == Curve::none && rsa->key);
    assert_text_equal(rsa->kid, "r");
    assert_text_equal(rsa->alg, "RS256");
    auto ec = parse_jwk(ec_jwk("P-256", ec_x, ec_y));
    assert_true(ec && ec->type == KeyType::ec && ec->curve == Curve::p256 && ec->kid.empty() &&
                ec->alg.empty());
    auto okp = parse_jwk(okp_jwk(okp_x));
    assert_true(okp && okp->type == KeyType::okp && okp->curve == Curve::ed25519);
}

static void rsa_keys_are_neither_weak_nor_huge_md_12(void**) {
    for (std::size_t bits : {2048, 3072, 4096, 8192}) {
        assert_true(parse_jwk(rsa_jwk(bits, "\x01\x01")).has_value());
    }
    for (std::size_t bits : {8, 1024, 2047, 8193, 16384, 65536}) {
        assert_false(parse_jwk(rsa_jwk(bits, "\x01\x01")).has_value());
    }
    assert_true(parse_jwk(rsa_jwk(2048, "\x03")).has_value());
    assert_false(parse_jwk(rsa_jwk(2048, "\x01")).has_value());
    assert_false(parse_jwk(rsa_jwk(2048, std::string(1, '\0'))).has_value());
    assert_false(parse_jwk(rsa_jwk(2048, "")).has_value());
    assert_false(parse_jwk(rsa_jwk(2048, "\x04")).has_value());
    assert_false(parse_jwk(rsa_jwk(2048, std::string(9, '\x01'))).has_value());
    assert_false(parse_jwk(rsa_jwk(2048, "\x01\x01", '\x02')).has_value()); // an even modulus
    assert_false(parse_jwk(R"({"kty":"RSA","n":"AA","e":"AQAB"})").has_value());
    assert_false(parse_jwk(R"({"kty":"RSA","e":"AQAB"})").has_value());
    assert_false(parse_jwk(R"({"kty":"RSA","n":5,"e":"AQAB"})").has_value());
}

static void ec_points_lie_on_their_curve_md_13(void**) {
    std::string other(ec_y);
    other[10] = other[10] == 'A' ? 'B' : 'A';
    assert_false(parse_jwk(ec_jwk("P-256", ec_x, other)).has_value());
    assert_false(parse_jwk(ec_jwk("P-384", ec_x, ec_y)).has_value());
    assert_false(parse_jwk(ec_jwk("secp256k1", ec_x, ec_y)).has_value());
    std::string zero = core::base64url_encode(std::string(32, '\0'));
    assert_false(parse_jwk(ec_jwk("P-256", zero, zero)).has_value());
    auto x = core::base64url_decode(ec_x).value();
    assert_false(
        parse_jwk(ec_jwk("P-256", core::base64url_encode(std::string(1, '\0') + x), ec_y)).has_value());
    assert_false(parse_jwk(ec_jwk("P-256", core::base64url_encode(x.substr(1)), ec_y)).has_value());
    // 31 and 33 bytes together have the right size, and are still wrong.
    auto y = core::base64url_decode(ec_y).value();
    assert_false(parse_jwk(ec_jwk("P-256", core::base64url_encode(x.substr(0, 31)),
                                  core::base64url_encode(x.substr(31) + y)))
                     .has_value());
    assert_false(parse_jwk(ec_jwk("P-256", "", "")).has_value());
    assert_false(parse_jwk(ec_jwk("P-256", std::string(ec_x) + "=", ec_y)).has_value());
    assert_false(parse_jwk(R"({"kty":"EC","x":"AA","y":"AA"})").has_value());
}

static void ed25519_keys_have_one_size_and_a_large_order_jo_06(void**) {
    assert_false(parse_jwk(okp_jwk("")).has_value());
    assert_false(parse_jwk(okp_jwk(core::base64url_encode(std::string(31, 'x')))).has_value());
    assert_false(parse_jwk(okp_jwk(core::base64url_encode(std::string(33, 'x')))).has_value());
    assert_false(parse_jwk(R"({"kty":"OKP","crv":"X25519","x":")" + std::string(okp_x) + "\"}").has_value());
    for (const char* point : {"0000000000000000000000000000000000000000000000000000000000000000",
                              "0100000000000000000000000000000000000000000000000000000000000000",
                              "0100000000000000000000000000000000000000000000000000000000000080",
                              "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
                              "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
                              "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
                              "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
                              "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
                              "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"}) {
        assert_false(parse_jwk(okp_jwk(core::base64url_encode(hex_decode(point)))).has_value());
    }
}

static void keys_for_other_uses_are_not_taken_md_14(void**) {
    auto jwk = ec_jwk("P-256", ec_x, ec_y);
    for (const char* members :
         {R"("use":"sig")", R"("key_ops":["verify"])", R"("key_ops":["sign","verify"])", R"("alg":"ES256")",
          R"("use":null,"key_ops":null,"alg":null,"kid":null,"issuer":null)"}) {
        assert_true(parse_jwk(with(jwk, members)).has_value());
    }
    for (const char* members :
         {R"("use":"enc")", R"("use":"SIG")", R"("use":5)", R"("key_ops":["encrypt"])", R"("key_ops":[])",
          R"("key_ops":"verify")", R"("key_ops":[1])", R"("alg":"ECDH-ES")", R"("alg":"ES384")",
          R"("alg":"RS256")", R"("alg":"HS256")", R"("alg":"none")", R"("alg":"")", R"("alg":"ES521")",
          R"("alg":7)", R"("kid":7)"}) {
        assert_false(parse_jwk(with(jwk, members)).has_value());
    }
    assert_false(parse_jwk(with(rsa_jwk(2048, "\x01\x01"), R"("alg":"RSA-OAEP")")).has_value());
    assert_false(parse_jwk(with(rsa_jwk(2048, "\x01\x01"), R"("alg":"ES256")")).has_value());
}

static void symmetric_and_unknown_keys_are_not_taken_md_15(void**) {
    assert_false(
        parse_jwk(R"({"kty":"oct","k":"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T","alg":"HS256"})")
            .has_value());
    assert_false(parse_jwk(R"({"kty":"AKP","pub":"AA"})").has_value());
    assert_false(parse_jwk(R"({"kty":"ec","crv":"P-256"})").has_value());
    assert_false(parse_jwk(R"({})").has_value());
    assert_false(parse_jwk(R"([])").has_value());
    assert_false(parse_jwk(R"("x")").has_value());
}

static void certificates_and_private_members_are_ignored_md_16_md_17(void**) {
    auto jwk = parse_jwk(with(
        ec_jwk("P-256", ec_x, ec_y),
        R"("x5c":["!",5],"x5t":{},"x5u":"http://evil.test","d":"jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI")"));
    assert_true(jwk.has_value());
    BIGNUM* secret = nullptr;
    assert_int_equal(EVP_PKEY_get_bn_param(jwk->key.get(), "priv", &secret), 0);
    assert_text_equal(thumbprint(*jwk), thumbprint(*parse_jwk(ec_jwk("P-256", ec_x, ec_y))));
}

static void a_set_skips_what_it_does_not_know_t5(void**) {
    auto set = JwkSet::parse(R"({"x":1,"keys":[5,null,{"kty":"EC","crv":"secp256k1","x":"AA","y":"AA"},)" +
                             with(rsa_jwk(2048, "\x01\x01"), R"("use":"enc")") + "," +
                             rsa_jwk(2048, "\x01\x01") + "," + ec_jwk("P-256", ec_x, ec_y) + "," +
                             okp_jwk(okp_x) + R"(,{"kty":"oct","k":"AAAA"}]})");
    assert_true(set.ok());
    assert_int_equal(set->keys().size(), 3);
    assert_int_equal(set->candidates("RS256", std::nullopt).size(), 1);
    assert_int_equal(set->candidates("PS512", "any").size(), 1); // the key has no kid
    assert_int_equal(set->candidates("ES256", std::nullopt).size(), 1);
    assert_int_equal(set->candidates("EdDSA", std::nullopt).size(), 1);
    for (std::string_view alg : {"ES384", "ES512", "HS256", "none", "", "rs256", "RS1"}) {
        assert_true(set->candidates(alg, std::nullopt).empty());
    }
}

static void candidates_go_by_kid_and_type_md_11(void**) {
    auto rsa = rsa_jwk(2048, "\x01\x01");
    auto set = JwkSet::parse("{\"keys\":[" + with(rsa, R"("kid":"a","alg":"RS256")") + "," +
                             with(rsa, R"("kid":"a","alg":"PS256")") + "," +
                             with(ec_jwk("P-256", ec_x, ec_y), R"("kid":"a")") + "," +
                             with(rsa, R"("kid":"b")") + "]}");
    assert_int_equal(set->candidates("RS256", "a").size(), 1);
    assert_text_equal(set->candidates("PS256", "a")[0]->alg, "PS256");
    assert_true(set->candidates("ES256", "a")[0]->type == KeyType::ec);
    assert_int_equal(set->candidates("RS256", std::nullopt).size(), 2);
    assert_int_equal(set->candidates("RS512", std::nullopt).size(), 1); // "b" alone says no alg
    assert_true(set->candidates("RS256", "c").empty());
    assert_true(set->candidates("RS256", "../../a").empty()); // JO-13
    assert_true(set->candidates("RS256", "").empty());
    assert_true(set->has_kid("b"));
    assert_false(set->has_kid("c"));
}

static void a_set_is_bounded_md_19(void**) {
    std::string body = "{\"keys\":[";
    for (int i = 0; i < 100; ++i) {
        body += "{},";
    }
    auto set = JwkSet::parse(body + okp_jwk(okp_x) + "]}");
    assert_true(set.ok() && set->keys().empty());
    assert_int_equal(set->ignored(), 1);
    assert_int_equal(set->unusable().size(), 100);
}

static void what_is_wrong_with_a_key_is_known_and_which_are_no_secret_md_17(void**) {
    const std::string rsa = rsa_jwk(2048, "\x01\x01");
    const std::pair<std::string, std::string_view> rows[] = {
        {R"({"kty":"XYZ"})", "is of a kind (kty, crv) that is not known here"},
        {R"({"kty":"EC","crv":"secp256k1","x":"AA","y":"AA"})",
         "is of a kind (kty, crv) that is not known here"},
        {R"({"kty":"RSA","x5c":["AA"]})", "is incomplete or broken, or is no RSA key of 2048 to 8192 bits"},
        {rsa_jwk(1024, "\x01\x01"), "is incomplete or broken, or is no RSA key of 2048 to 8192 bits"},
        {with(rsa, R"("use":"enc")"), "is not for signatures, by its use or key_ops"},
        {with(rsa, R"("kid":7)"), "has a kid, alg or issuer that is not a text"},
        {with(rsa, R"("alg":"ES256")"), "has an alg that is none of signatures by such a key"},
        {R"({"kty":"oct","k":"AAAA"})", "is a secret that is published"},
        {"7", "is no object"},
    };
    for (const auto& [key, why] : rows) {
        const auto set = JwkSet::parse("{\"keys\":[" + key + "]}");
        assert_int_equal(set->unusable().size(), 1);
        assert_text_equal(set->unusable()[0].why, why);
        assert_int_equal(set->published_secrets().size(), key.find("oct") == std::string::npos ? 0 : 1);
    }
    const auto set =
        JwkSet::parse("{\"keys\":[" + with(rsa, R"("kid":"a","d":"AA")") + "," +
                      with(rsa, R"("kid":"b","p":7)") + "," + with(rsa, R"("kid":"c","d":null)") + "]}");
    assert_int_equal(set->keys().size(), 3);
    assert_int_equal(set->published_secrets().size(), 2);
    assert_text_equal(set->published_secrets()[1], "b");
}

static void what_is_no_set_is_an_error_of_the_provider(void**) {
    for (std::string_view bad : {"", "[]", "{}", R"({"keys":{}})", R"({"keys":null})", "<html>",
                                 R"({"keys":[],"keys":[]})", R"({"keys":[})"}) {
        auto set = JwkSet::parse(bad);
        assert_false(set.ok());
        assert_true(set.error().code == core::Code::provider_error);
    }
    assert_true(JwkSet::parse(R"({"keys":[]})").ok());
}

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(each_type_of_key_is_read),
        cmocka_unit_test(rsa_keys_are_neither_weak_nor_huge_md_12),
        cmocka_unit_test(ec_points_lie_on_their_curve_md_13),
        cmocka_unit_test(ed25519_keys_have_one_size_and_a_large_order_jo_06),
        cmocka_unit_test(keys_for_other_uses_are_not_taken_md_14),
        cmocka_unit_test(symmetric_and_unknown_keys_are_not_taken_md_15),
        cmocka_unit_test(certificates_and_private_members_are_ignored_md_16_md_17),
        cmocka_unit_test(a_set_skips_what_it_does_not_know_t5),
        cmocka_unit_test(candidates_go_by_kid_and_type_md_11),
        cmocka_unit_test(a_set_is_bounded_md_19),
        cmocka_unit_test(what_is_wrong_with_a_key_is_known_and_which_are_no_secret_md_17),
        cmocka_unit_test(what_is_no_set_is_an_error_of_the_provider),
    };
    return cmocka_run_group_tests_name("jwk", tests, nullptr, nullptr);
}
