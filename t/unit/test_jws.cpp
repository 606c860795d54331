// SPDX-License-Identifier: MIT
// Compact JWS: parsing, verifying, signing (IDT-11, IDT-12, IDT-14, IDT-15, IDT-17, JO-04, JO-06 to JO-10,
// JO-12).
#include <algorithm>

#include <openssl/err.h>

#include "jose_keys.hpp"

using namespace oauth;
using namespace oauth::jose;
using namespace oauth::unit;
using core::base64url_encode;

static std::string token(std::string_view header, std::string_view payload = "{}",
                         std::string_view signature = "s") {
    return base64url_encode(header) + "." + base64url_encode(payload) + "." + base64url_encode(signature);
}

static bool refused(std::string_view text) {
    auto jws = parse_compact(text);
    return !jws.ok() && jws.error().code == core::Code::token_invalid && !jws.error().detail.empty();
}

static const SigningKey& es256() {
    static const SigningKey key = SigningKey::generate_es256().value();
    return key;
}

static KeyPointer rsa() {
    static const KeyPointer key = generate_rsa(2048);
    return key;
}

static Jwk rsa_jwk(std::string alg) {
    auto jwk = jwk_of(SigningKey::from_pem(private_pem(rsa().get())).value());
    jwk.alg = std::move(alg);
    return jwk;
}

static void a_token_is_taken_apart(void**) {
    auto text = token(R"({"alg":"ES256","kid":"k/\"1","typ":"JWT","x":1})", "payload", "signature");
    auto jws = parse_compact(text);
    assert_true(jws.ok());
    assert_text_equal(jws->alg, "ES256");
    assert_text_equal(jws->kid.value_or("?"), "k/\"1");
    assert_text_equal(jws->typ, "jwt");
    assert_text_equal(jws->payload, "payload");
    assert_text_equal(jws->signature, "signature");
    assert_text_equal(jws->signing_input, text.substr(0, text.rfind('.')));
    assert_true(jws->header.root().get("x").as_integer() == 1);
    auto bare = parse_compact("eyJhbGciOiJFUzI1NiJ9.e30.cw");
    assert_true(bare.ok() && !bare->kid && bare->typ.empty());
}

static void the_type_is_normalised(void**) {
    auto typ_of = [](const std::string& typ) {
        auto text = token(R"({"alg":"ES256","typ":")" + typ + "\"}");
        return parse_compact(text)->typ;
    };
    assert_text_equal(typ_of("application/AT+jwt"), "at+jwt");
    assert_text_equal(typ_of("Logout+JWT"), "logout+jwt");
    assert_text_equal(typ_of(""), "");
}

static void there_are_three_segments_idt_17(void**) {
    for (std::string_view bad :
         {"", ".", "..", "...", "eyJhbGciOiJFUzI1NiJ9", "eyJhbGciOiJFUzI1NiJ9.e30",
          "eyJhbGciOiJFUzI1NiJ9.e30.cw.", "eyJhbGciOiJFUzI1NiJ9.e30.cw.cw",
          "eyJhbGciOiJFUzI1NiJ9.e30.cw.cw.cw", "eyJhbGciOiJFUzI1NiJ9.e30.", ".e30.cw",
          R"({"payload":"e30","protected":"eyJhbGciOiJFUzI1NiJ9","signature":"cw"})"}) {
        assert_true(refused(bad));
    }
    assert_true(refused(std::string(10000, '.')));
    assert_true(refused(std::string(10000000, '.')));
}

static void the_size_is_bounded(void**) {
    auto exact = token(R"({"alg":"ES256"})", std::string(49110, 'x'), "abc");
    exact += std::string(65536 - exact.size(), 'A');
    assert_int_equal(exact.size(), 65536);
    assert_true(parse_compact(exact).ok());
    assert_true(refused(exact + "AAAA"));
}

static void segments_are_strict_base64url_jo_08(void**) {
    for (std::string_view bad :
         {"eyJhbGciOiJFUzI1NiJ9=.e30.cw", "eyJhbGciOiJFUzI1NiJ9.e30=.cw", "eyJhbGciOiJFUzI1NiJ9.e30.cw==",
          "eyJhbGciOiJFUzI1NiJ9 .e30.cw", "eyJhbGciOiJFUzI1NiJ9.e30.c+", "eyJhbGciOiJFUzI1NiJ9.e30.c/",
          "eyJhbGciOiJFUzI1NiJ9.e30.cw\n", "eyJhbGciOiJFUzI1NiJ9.e31.cw", "eyJhbGciOiJFUzI1NiJ9.e30.cx",
          "eyJhbGciOiJFUzI1NiJ9.e3?0.cw", "eyJhbGciOiJFUzI1NiJ9.e.cw", "\reyJhbGciOiJFUzI1NiJ9.e30.cw"}) {
        assert_true(refused(bad));
    }
    assert_true(refused(std::string_view("eyJhbGciOiJFUzI1NiJ9.e30.cw\0", 28)));
}

static void the_header_is_a_strict_object_jo_09(void**) {
    for (std::string_view bad : {"",
                                 "[]",
                                 "5",
                                 "null",
                                 "\"ES256\"",
                                 "{",
                                 R"({"alg":"ES256"}x)",
                                 R"({"alg":"ES256","alg":"ES256"})",
                                 R"({"alg":"ES256","\u0061lg":"none"})",
                                 "{\"alg\":\"ES256\",\"x\":\"\xff\"}",
                                 "\xef\xbb\xbf{\"alg\":\"ES256\"}",
                                 R"({"alg":"ES256\u0000"})",
                                 R"({"alg":["ES256"]})",
                                 R"({"alg":5})",
                                 R"({"alg":null})",
                                 R"({})",
                                 R"({"alg":""})",
                                 R"({"Alg":"ES256"})",
                                 R"({"alg":"ES256","kid":5})",
                                 R"({"alg":"ES256","typ":["JWT"]})",
                                 R"({"alg":"ES256","x":[[[[[[[[1]]]]]]]]})"}) {
        assert_true(refused(token(bad)));
    }
}

static void a_header_member_that_is_null_is_absent_ui_06(void**) {
    auto jws = parse_compact(token(R"({"alg":"ES256","kid":null,"typ":null,"crit":null,"b64":null})"));
    assert_true(jws.ok());
    assert_false(jws->kid.has_value());
    assert_text_equal(jws->typ, "");
}

static void no_extension_is_understood_idt_15(void**) {
    for (std::string_view bad :
         {R"({"alg":"ES256","crit":["exp"]})", R"({"alg":"ES256","crit":["b64"],"b64":false})",
          R"({"alg":"ES256","crit":[]})", R"({"alg":"ES256","crit":{}})", R"({"alg":"ES256","b64":false})",
          R"({"alg":"ES256","b64":true})"}) {
        assert_true(refused(token(bad)));
    }
}

static void the_payload_may_be_anything_jo_10(void**) {
    assert_text_equal(parse_compact("eyJhbGciOiJFUzI1NiJ9..cw")->payload, "");
    auto text = token(R"({"alg":"ES256"})", std::string(40000, '['));
    assert_int_equal(parse_compact(text)->payload.size(), 40000);
}

static void claims_are_a_strict_object_that_is_read_once(void**) {
    const std::string text = token(R"({"alg":"ES256"})", R"({"iss":"somebody","n":1})");
    const auto jws = parse_compact(text);
    assert_true(jws->claims().get("iss").as_string() == "somebody");
    const auto first = jws->claims().get("iss").as_string();
    assert_ptr_equal(jws->claims().get("iss").as_string()->data(), first->data());
    const auto taken = jws->take_claims();
    assert_ptr_equal(taken->root().get("iss").as_string()->data(), first->data());
    assert_true(jws->claims().get("iss").as_string() == "somebody");
    for (const char* other : {"", "[]", "\"iss\"", "{\"iss\":1,\"iss\":2}", "{\"iss\":1} x"}) {
        const std::string wrong = token(R"({"alg":"ES256"})", other);
        const auto parsed = parse_compact(wrong);
        assert_false(parsed->claims().exists());
        assert_false(parsed->take_claims().has_value());
    }
}

static void no_signature_is_never_enough_idt_11(void**) {
    auto key = jwk_of(es256());
    key.alg.clear();
    for (std::string_view alg :
         {"none", "None", "nOnE", "NONE", "", "es256", "ES256 ", "ES256K", "ES521", "HS256", "RS256"}) {
        for (const auto& any : {key, secret_jwk("", ""), secret_jwk(std::string(64, 'k'), "")}) {
            assert_false(verifies(alg, "input", "signature", any));
            assert_false(verifies(alg, "input", "", any));
        }
        assert_true(alg == "RS256" || !is_asymmetric_algorithm(alg));
    }
    assert_true(refused(token(R"({"alg":"none"})", "{}", "")));
}

static void public_algorithms_are_known_by_name(void**) {
    for (std::string_view alg :
         {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"}) {
        assert_true(is_asymmetric_algorithm(alg));
    }
    for (std::string_view alg : {"HS256", "HS384", "HS512", "none", "RSA-OAEP", "ES256K"}) {
        assert_false(is_asymmetric_algorithm(alg));
    }
}

static void what_we_sign_verifies_with_what_we_publish(void**) {
    for (const auto& source : {generate_ec("P-256"), generate_ed25519(), generate_rsa(2048)}) {
        auto key = SigningKey::from_pem(private_pem(source.get()));
        auto text = sign_compact(*key, R"({"alg":")" + key->alg() + "\"}", R"({"sub":"a"})");
        assert_true(text.has_value());
        auto jws = parse_compact(*text);
        assert_true(jws.ok());
        assert_text_equal(jws->payload, R"({"sub":"a"})");
        assert_true(verify(jws.value(), jwk_of(*key)));
        assert_false(verify(jws.value(), jwk_of(es256())));
        jws->signature[5] = static_cast<char>(jws->signature[5] ^ 1);
        assert_false(verify(jws.value(), jwk_of(*key)));
    }
    auto hmac = SigningKey::from_secret(std::string(32, 's'));
    auto text = sign_compact(*hmac, R"({"alg":"HS256"})", "{}");
    assert_true(verify(parse_compact(*text).value(), secret_jwk(std::string(32, 's'), "HS256")));
    assert_false(verify(parse_compact(*text).value(), secret_jwk(std::string(32, 't'), "HS256")));
}

static void es256_signatures_are_always_64_bytes(void**) {
    for (int i = 0; i < 600; ++i) { // one of 128 has an r or s with a zero in front
        auto text = sign_compact(es256(), R"({"alg":"ES256"})", std::to_string(i)).value();
        assert_int_equal(parse_compact(text)->signature.size(), 64);
    }
}

static void a_public_key_is_no_secret_idt_12(void**) {
    auto jwk = rsa_jwk("");
    auto pem = public_pem(rsa().get());
    for (const std::string& secret : {pem, pem.substr(0, pem.size() - 1)}) {
        auto text = sign_compact(SigningKey::from_secret(secret).value(), R"({"alg":"HS256"})", "{}").value();
        auto jws = parse_compact(text);
        assert_false(verify(jws.value(), jwk));
        jwk.secret = secret; // even if it got there by some mistake
        assert_false(verify(jws.value(), jwk));
    }
}

static void keys_in_the_header_count_for_nothing_idt_14(void**) {
    auto attacker = SigningKey::generate_es256().value();
    auto header =
        R"({"alg":"ES256","jku":"http://evil.test/","x5u":"http://evil.test/","x5c":["AA"],"jwk":)" +
        attacker.public_jwk() + "}";
    auto text = sign_compact(attacker, header, "{}").value();
    auto jws = parse_compact(text);
    assert_true(jws.ok());
    assert_false(verify(jws.value(), jwk_of(es256())));
}

static void alg_curve_and_key_fit_together(void**) {
    auto text = sign_compact(es256(), R"({"alg":"ES256"})", "{}").value();
    auto jws = parse_compact(text);
    auto key = jwk_of(es256());
    assert_true(verify(jws.value(), key));
    for (const char* alg : {"ES384", "ES512", "EdDSA", "RS256", "es256"}) {
        jws->alg = alg;
        assert_false(verify(jws.value(), key));
    }
    jws->alg = "ES256";
    key.alg = "ES384";
    assert_false(verify(jws.value(), key));
    key.alg = "";
    key.key = nullptr;
    assert_false(verify(jws.value(), key));
}

// What is remembered of a token says nothing of another one, however little differs.
static void what_a_key_has_verified_is_that_token_alone(void**) {
    const auto text = sign_compact(es256(), R"({"alg":"ES256"})", R"({"sub":"alice"})").value();
    const auto key = jwk_of(es256());
    const auto right = parse_compact(text);
    for (int i = 0; i < 3; ++i) {
        assert_true(verify(right.value(), key));
        std::string input(right->signing_input);
        for (const std::size_t place : {std::size_t{0}, input.size() / 2, input.size() - 1}) {
            std::string other = input;
            other[place] = other[place] == 'A' ? 'B' : 'A';
            assert_false(verifies("ES256", other, right->signature, key));
            assert_true(verifies("ES256", input, right->signature, key));
        }
        assert_false(verifies("ES256", input + "A", right->signature, key));
        assert_false(verifies("ES256", input.substr(1), right->signature, key));
        std::string signature = right->signature;
        signature.back() = static_cast<char>(signature.back() ^ 1);
        assert_false(verifies("ES256", input, signature, key));
        assert_false(verifies("ES384", input, right->signature, key));
        auto other_key = key; // with what it remembers
        other_key.key = jwk_of(SigningKey::generate_es256().value()).key;
        assert_false(verifies("ES256", input, right->signature, other_key));
    }
}

static void ecdsa_signatures_have_one_form_jo_04(void**) {
    auto text = sign_compact(es256(), R"({"alg":"ES256"})", "{}").value();
    auto jws = parse_compact(text);
    auto key = jwk_of(es256());
    auto input = std::string(jws->signing_input);
    auto good = jws->signature;
    auto n = hex_decode("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551");
    auto zero = std::string(32, '\0');
    auto r = good.substr(0, 32);
    auto s = good.substr(32);
    assert_true(verifies("ES256", input, good, key));
    for (const auto& bad : {zero + zero, zero + s, r + zero, n + s, r + n, n + n, std::string(64, '\xff'),
                            s + r, good.substr(0, 63), good + '\0', '\0' + good, r + std::string(1, '\0') + s,
                            std::string(1, '\0') + r + std::string(1, '\0') + s, r}) {
        assert_false(verifies("ES256", input, bad, key));
    }
    assert_false(
        verifies("ES256", input, std::string(64, '\0').replace(31, 1, "\x01").replace(63, 1, "\x01"), key));
    // The same signature as DER.
    auto positive = [](const std::string& number) {
        auto significant = number.substr(std::min(number.find_first_not_of('\0'), number.size() - 1));
        return (static_cast<unsigned char>(significant[0]) >= 0x80 ? std::string(1, '\0') : "") + significant;
    };
    auto integer = [&](const std::string& number) {
        return "\x02" + std::string(1, static_cast<char>(positive(number).size())) + positive(number);
    };
    auto body = integer(r) + integer(s);
    assert_false(
        verifies("ES256", input, "\x30" + std::string(1, static_cast<char>(body.size())) + body, key));
}

static void ed25519_signatures_have_one_form_jo_06(void**) {
    auto source = generate_ed25519();
    auto key = SigningKey::from_pem(private_pem(source.get())).value();
    auto text = sign_compact(key, R"({"alg":"EdDSA"})", "{}").value();
    auto jws = parse_compact(text);
    auto input = std::string(jws->signing_input);
    assert_true(verifies("EdDSA", input, jws->signature, jwk_of(key)));
    // S + L verifies in the equation, and is refused.
    auto order = hex_decode("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010");
    auto malleable = jws->signature;
    unsigned carry = 0;
    for (std::size_t i = 0; i < 32; ++i) {
        carry += static_cast<unsigned char>(malleable[32 + i]);
        carry += static_cast<unsigned char>(order[i]);
        malleable[32 + i] = static_cast<char>(carry & 0xff);
        carry >>= 8;
    }
    assert_false(verifies("EdDSA", input, malleable, jwk_of(key)));
    assert_false(verifies("EdDSA", input, jws->signature.substr(0, 63), jwk_of(key)));
    assert_false(verifies("EdDSA", input, jws->signature + "x", jwk_of(key)));
}

static void each_rsa_algorithm_takes_its_own_hash_and_padding(void**) {
    struct Row {
        const char* alg;
        const char* hash;
        int salt;
    };
    constexpr Row rows[] = {{"RS256", "SHA256", no_pss}, {"RS384", "SHA384", no_pss},
                            {"RS512", "SHA512", no_pss}, {"PS256", "SHA256", 32},
                            {"PS384", "SHA384", 48},     {"PS512", "SHA512", 64}};
    for (const auto& signer : rows) {
        auto signature = sign_rsa(rsa().get(), signer.hash, signer.salt, "input");
        for (const auto& row : rows) {
            bool same = std::string_view(row.alg) == signer.alg;
            assert_true(verifies(row.alg, "input", signature, rsa_jwk("")) == same);
        }
        assert_false(verifies(signer.alg, "input", signature, rsa_jwk("RS999")));
        assert_false(verifies(signer.alg, "inpuT", signature, rsa_jwk("")));
        assert_false(verifies(signer.alg, "input", '\0' + signature, rsa_jwk("")));
        assert_false(verifies(signer.alg, "input", signature.substr(1), rsa_jwk("")));
    }
}

static void the_pss_salt_is_as_long_as_the_hash_jo_07(void**) {
    for (int salt : {0, 20, 31, 33, 64}) {
        auto signature = sign_rsa(rsa().get(), "SHA256", salt, "input");
        assert_false(verifies("PS256", "input", signature, rsa_jwk("")));
    }
}

static void hmac_keys_have_at_least_the_size_of_the_hash_jo_12(void**) {
    struct Row {
        const char* alg;
        core::Hash hash;
        std::size_t size;
    };
    constexpr Row rows[] = {{"HS256", core::Hash::sha256, 32},
                            {"HS384", core::Hash::sha384, 48},
                            {"HS512", core::Hash::sha512, 64}};
    for (const auto& row : rows) {
        for (std::size_t size : {std::size_t{0}, row.size - 1, row.size, row.size + 60}) {
            std::string secret(size, 'k');
            auto mac = core::hmac(row.hash, secret, "input");
            assert_true(verifies(row.alg, "input", mac, secret_jwk(secret, "")) == (size >= row.size));
            assert_false(verifies(row.alg, "input", mac.substr(0, mac.size() - 1), secret_jwk(secret, "")));
            assert_false(verifies(row.alg, "input", "", secret_jwk(secret, "")));
        }
    }
}

static void a_failure_leaves_no_error_in_the_queue(void**) {
    ERR_clear_error();
    auto key = jwk_of(es256());
    assert_false(verifies("ES256", "input", std::string(64, '\xff'), key));
    assert_false(verifies("RS256", "input", std::string(256, '\xff'), rsa_jwk("")));
    assert_false(SigningKey::from_pem("nothing").has_value());
    assert_false(
        parse_jwk(
            R"({"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU"})")
            .has_value());
    assert_true(ERR_peek_error() == 0);
}

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(a_token_is_taken_apart),
        cmocka_unit_test(the_type_is_normalised),
        cmocka_unit_test(there_are_three_segments_idt_17),
        cmocka_unit_test(the_size_is_bounded),
        cmocka_unit_test(segments_are_strict_base64url_jo_08),
        cmocka_unit_test(the_header_is_a_strict_object_jo_09),
        cmocka_unit_test(a_header_member_that_is_null_is_absent_ui_06),
        cmocka_unit_test(no_extension_is_understood_idt_15),
        cmocka_unit_test(the_payload_may_be_anything_jo_10),
        cmocka_unit_test(claims_are_a_strict_object_that_is_read_once),
        cmocka_unit_test(no_signature_is_never_enough_idt_11),
        cmocka_unit_test(public_algorithms_are_known_by_name),
        cmocka_unit_test(what_we_sign_verifies_with_what_we_publish),
        cmocka_unit_test(es256_signatures_are_always_64_bytes),
        cmocka_unit_test(a_public_key_is_no_secret_idt_12),
        cmocka_unit_test(keys_in_the_header_count_for_nothing_idt_14),
        cmocka_unit_test(alg_curve_and_key_fit_together),
        cmocka_unit_test(what_a_key_has_verified_is_that_token_alone),
        cmocka_unit_test(ecdsa_signatures_have_one_form_jo_04),
        cmocka_unit_test(ed25519_signatures_have_one_form_jo_06),
        cmocka_unit_test(each_rsa_algorithm_takes_its_own_hash_and_padding),
        cmocka_unit_test(the_pss_salt_is_as_long_as_the_hash_jo_07),
        cmocka_unit_test(hmac_keys_have_at_least_the_size_of_the_hash_jo_12),
        cmocka_unit_test(a_failure_leaves_no_error_in_the_queue),
    };
    return cmocka_run_group_tests_name("jws", tests, nullptr, nullptr);
}
