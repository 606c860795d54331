// SPDX-License-Identifier: MIT
// Whose signature, by which key and algorithm: IDT-11..15, IDT-17, IDT-21, IDT-23, MD-09, MD-11, MD-14..17,
// JO-12, JO-13, CONF-018..024, CONF-038.
#include "id_token_case.hpp"

#include <string>
#include <vector>

namespace {

using namespace oauth;
using namespace oauth::unit;
using oidc::KeyLookup;

oidc::IdTokenExpectation allowing(std::vector<std::string> algorithms) {
    auto expected = expectation();
    expected.algorithms = std::move(algorithms);
    return expected;
}

std::string with_header(const Object& header) {
    return tokens::sign(provider().rsa, "RS256", header.text(), claims().text());
}

// All bytes of the signature XOR 0x5a, as the conformance suite does it.
std::string broken(const std::string& token) {
    const std::size_t dot = token.rfind('.');
    std::string signature = core::base64url_decode(token.substr(dot + 1)).value();
    for (char& byte : signature) {
        byte = static_cast<char>(byte ^ 0x5a);
    }
    return tokens::join_signature(token.substr(0, dot), signature);
}

KeyLookup look(const std::string& token, const jose::JwkSet& keys) {
    const auto jws = jose::parse_compact(token);
    assert_true(jws.ok());
    return oidc::look_for_key(jws.value(), keys);
}

void conf_018_every_asymmetric_algorithm(void**) {
    for (const char* alg :
         {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"}) {
        const std::string token = tokens::sign(provider().key_for(alg), alg, claims().text());
        accept(token, allowing({alg}));
        accept(token, allowing({"HS256", alg}));
        refuse(broken(token), "signature", allowing({alg})); // CONF-020, CONF-022
    }
}

jose::JwkSet set_of(const std::vector<Object>& keys) {
    return jose::JwkSet::parse(tokens::jwk_set(keys)).value();
}

// A key that is there and is of no use is not told as one that is missing.
void the_key_that_a_token_names(void**) {
    const tokens::Key& key = provider().rsa;
    const std::string token = with_header({{"alg", "\"RS256\""}, {"kid", "\"named\""}});
    const auto told = [&](const std::vector<std::pair<std::string, std::string>>& members,
                          const std::string& sentence) {
        refuse(token, sentence, expectation(), set_of({key.jwk(members).with("kid", "\"named\"")}));
    };
    told({{"use", "\"enc\""}},
         "it has key id \"named\", whose key at jwks_uri is not for signatures, by its use or key_ops");
    told({{"alg", "\"RS512\""}}, "whose key at jwks_uri is not for RS256");
    told({{"n", "\"AQAB\""}},
         "whose key at jwks_uri is incomplete or broken, or is no RSA key of 2048 to 8192 bits");
    refuse(token, "which is none of the provider's, and the keys at jwks_uri have other. Check",
           expectation(), set_of({key.jwk({{"kid", "\"other\""}})}));
    std::vector<Object> many(100, Object{{"kty", "\"XYZ\""}});
    many.push_back(key.jwk({{"kid", "\"named\""}}));
    refuse(token, "the keys at jwks_uri have none, as far as its first 100 go, and it has 1 more. Check",
           expectation(), set_of(many));
}

void idt_13_an_algorithm_that_is_not_allowed(void**) {
    for (const char* alg : {"RS384", "PS256", "ES256", "EdDSA"}) {
        const std::string token = tokens::sign(provider().key_for(alg), alg, claims().text());
        refuse(token, "algorithm is not allowed");
        refuse(token, "algorithm is not allowed", allowing({}));
        refuse(token, "found \"" + std::string(alg) + "\", accepted: RS256 ES512",
               allowing({"RS256", "ES512"}));
    }
    refuse(tokens::sign(provider().rsa, "RS256", "{\"alg\":\"RS\\n1\\u00e9\"}", claims().text()),
           "found \"RS?1??\", accepted: none", allowing({}));
}

// RFC 9864: the same algorithm, by its newer name.
void ed25519_is_eddsa(void**) {
    const Key plain = Key::ed25519("ed-1");
    const auto token = [&plain](const char* alg) {
        const std::string header = "{\"alg\":\"" + std::string(alg) + "\",\"kid\":\"ed-1\"}";
        return tokens::sign(plain, "EdDSA", header, claims().text());
    };
    const auto allowed = oidc::allowed_algorithms({}, {"Ed25519", "ES256"}); // of the metadata
    assert_true(allowed == (std::vector<std::string>{"EdDSA", "ES256"}));
    for (const Object& jwk :
         {plain.jwk(), plain.jwk({{"alg", "\"EdDSA\""}}), plain.jwk({{"alg", "\"Ed25519\""}})}) {
        const auto keys = Provider::parse_set({jwk});
        for (const char* alg : {"EdDSA", "Ed25519"}) {
            accept(token(alg), allowing(allowed), keys);
            accept(token(alg), allowing({"EdDSA"}), keys);
            refuse(token(alg), "algorithm is not allowed: found \"" + std::string(alg) + "\"",
                   allowing({"ES256"}), keys);
        }
        refuse(token("Ed448"), "", allowing({"EdDSA", "Ed448"}), keys);
        refuse(token("ed25519"), "", allowing({"EdDSA"}), keys);
    }
    assert_false(
        jose::parse_public_jwk(core::Json::parse(provider().rsa.jwk({{"alg", "\"Ed25519\""}}).text())->root())
            .has_value());
}

void idt_11_idt_21_conf_019_unsigned_tokens(void**) {
    const auto permissive = allowing({"none", "None", "nOnE", "", "RS256"}); // even if somebody puts it there
    for (const char* alg : {"none", "None", "nOnE", "NONE", ""}) {
        const std::string token = tokens::unsigned_token(Object{{"alg", quote(alg)}}.text(), claims().text());
        refuse(token, "");
        refuse(token, "", permissive);
        refuse(token + "AAAA", "", permissive);
    }
    refuse(tokens::unsigned_token("{}", claims().text()), "", permissive);
    refuse(tokens::unsigned_token("{\"alg\":null}", claims().text()), "", permissive);
    refuse(tokens::unsigned_token("{\"alg\":\"RS256\",\"kid\":\"rsa-1\"}", claims().text()), "", permissive);
}

void idt_12_a_public_key_is_no_hmac_key(void**) {
    const std::string pem = provider().rsa.public_pem();
    const std::string jwk = provider().rsa.jwk().text();
    for (const std::string& secret : {pem, pem.substr(0, pem.size() - 1), provider().rsa.public_der(), jwk,
                                      jwk + "\n", tokens::jwk_set({provider().rsa.jwk()})}) {
        const std::string token = tokens::sign_hmac("HS256", secret, claims().text());
        refuse(token, "algorithm is not allowed");
        refuse(token, "signature", allowing({"RS256", "HS256"}));
        auto with_secret = allowing({"RS256", "HS256"});
        with_secret.client_secret = client_secret;
        refuse(token, "signature", with_secret);
    }
}

void conf_021_the_client_secret_as_hmac_key(void**) {
    for (const char* alg : {"HS256", "HS384", "HS512"}) {
        auto expected = allowing({alg});
        expected.client_secret = client_secret;
        const std::string token = tokens::sign_hmac(alg, client_secret, claims().text());
        accept(token, expected);
        refuse(broken(token), "signature", expected);
        refuse(token, "algorithm is not allowed", allowing({"RS256"}));
        expected.algorithms = {"HS257"};
        refuse(token, "algorithm is not allowed", expected);
    }
}

void jo_12_no_secret_no_hmac(void**) {
    refuse(tokens::sign_hmac("HS256", "", claims().text()), "signature", allowing({"HS256"}));
    auto weak = allowing({"HS256"});
    weak.client_secret = "short";
    refuse(tokens::sign_hmac("HS256", "short", claims().text()), "signature", weak);
}

void md_15_an_oct_key_in_the_set_is_ignored(void**) {
    const std::string secret(64, 'k');
    const Object oct = {{"kty", "\"oct\""}, {"kid", "\"o\""}, {"k", quote(core::base64url_encode(secret))}};
    const auto keys = Provider::parse_set({oct, provider().rsa.jwk()});
    refuse(tokens::sign_hmac("HS256", secret, claims().text()), "signature", allowing({"HS256"}), keys);
    accept(rs256(claims()), expectation(), keys);
}

void idt_14_keys_in_the_header_are_ignored(void**) {
    const Key attacker = Key::rsa("rsa-1");
    const Object header = {{"alg", "\"RS256\""},
                           {"kid", "\"rsa-1\""},
                           {"jwk", attacker.jwk().text()},
                           {"jku", "\"https://evil.example/jwks\""},
                           {"x5u", "\"https://evil.example/x5u\""},
                           {"x5c", "[\"AAAA\"]"}};
    refuse(tokens::sign(attacker, "RS256", header.text(), claims().text()), "signature");
    accept(with_header(header));
}

void idt_15_critical_headers(void**) {
    for (const char* critical : {"[\"exp\"]", "[\"b64\"]", "[]", "[\"unknown\"]", "\"exp\"", "{}", "false"}) {
        const Object header = {{"alg", "\"RS256\""}, {"kid", "\"rsa-1\""}, {"crit", critical}, {"exp", "1"}};
        refuse(with_header(header), "");
    }
    refuse(with_header({{"alg", "\"RS256\""}, {"kid", "\"rsa-1\""}, {"crit", "[\"b64\"]"}, {"b64", "false"}}),
           "");
}

void idt_17_idt_23_other_numbers_of_segments(void**) {
    const std::string token = rs256(claims());
    const std::size_t dot = token.rfind('.');
    for (const std::string& text :
         {token.substr(0, dot), token + ".", token + ".AAAA", token + ".AAAA.AAAA", token + "...",
          std::string(), std::string(".."), token.substr(token.find('.')), token.substr(0, dot + 1),
          std::string(10000, '.'), "{\"payload\":\"" + token + "\"}"}) {
        refuse(text, "");
    }
}

void idt_23_an_encrypted_token_says_so(void**) {
    const std::string header =
        core::base64url_encode("{\"alg\":\"RSA-OAEP\",\"enc\":\"A256GCM\",\"cty\":\"JWT\"}");
    refuse(header + ".AAAA.AAAA.AAAA.AAAA", "the token is encrypted (JWE), which is not supported");
    refuse(header + "....", "the token is encrypted");
    refuse(header + ".AAAA.AAAA", ""); // it claims to be signed
    refuse(rs256(claims()) + ".AAAA.AAAA", "has not three segments");
}

void the_signature_covers_header_and_claims(void**) {
    const std::string token = rs256(claims());
    const std::string signature = token.substr(token.rfind('.'));
    const std::string header = "{\"alg\":\"RS256\",\"kid\":\"rsa-1\"}";
    accept(tokens::compact_input(header, claims().text()) + signature);
    refuse(tokens::compact_input(header, claims().with("sub", "\"admin\"").text()) + signature, "signature");
    refuse(tokens::compact_input("{\"alg\":\"RS256\",\"kid\":\"rsa-1\" }", claims().text()) + signature,
           "signature");
}

void the_signature_comes_before_the_claims(void**) {
    refuse(broken(rs256(claims().with("iss", "\"https://evil.example/\""))), "signature");
}

void conf_023_the_one_key_that_fits_without_kid(void**) {
    const Key rsa = Key::rsa(""), rsa_encryption = Key::rsa(""), p256 = Key::ec("", "P-256");
    const Key k1 = Key::ec("", "secp256k1"), ed = Key::ed25519("");
    const auto keys = Provider::parse_set(
        {k1.jwk({{"use", "\"sig\""}}), rsa_encryption.jwk({{"use", "\"enc\""}}),
         p256.jwk({{"use", "\"sig\""}}), rsa.jwk({{"use", "\"sig\""}}), ed.jwk({{"use", "\"sig\""}})});
    accept(tokens::sign(rsa, "RS256", claims().text()), expectation(), keys);
    // MD-14: not with the one that is for encryption
    refuse(tokens::sign(rsa_encryption, "RS256", claims().text()), "signature", expectation(), keys);
}

void conf_024_md_11_any_of_several_candidates(void**) {
    const Key first = Key::rsa(""), second = Key::rsa(""), stranger = Key::rsa("");
    const auto keys = Provider::parse_set({first.jwk(), provider().p256.jwk(), second.jwk()});
    accept(tokens::sign(first, "RS256", claims().text()), expectation(), keys);
    accept(tokens::sign(second, "RS256", claims().text()), expectation(), keys);
    refuse(tokens::sign(stranger, "RS256", claims().text()), "signature", expectation(), keys);
    const Key same = Key::rsa("rsa-1");
    const Key other_type = Key::ec("rsa-1", "P-256");
    const auto twins = Provider::parse_set({other_type.jwk(), same.jwk(), provider().rsa.jwk()});
    accept(rs256(claims()), expectation(), twins);
    accept(tokens::sign(same, "RS256", claims().text()), expectation(), twins);
    accept(tokens::sign(other_type, "ES256", claims().text()), allowing({"ES256"}), twins);
}

void jo_13_the_kid_chooses(void**) {
    const Key other = Key::rsa("rsa-2");
    const auto keys = Provider::parse_set({provider().rsa.jwk(), other.jwk()});
    const std::string header = "{\"alg\":\"RS256\",\"kid\":\"rsa-2\"}";
    refuse(tokens::sign(provider().rsa, "RS256", header, claims().text()), "signature", expectation(), keys);
    accept(tokens::sign(other, "RS256", header, claims().text()), expectation(), keys);
    // JO-13: it is bytes to compare, no more
    const std::string odd = "{\"alg\":\"RS256\",\"kid\":\"../../etc/passwd' OR 1=1\\n\"}";
    refuse(tokens::sign(provider().rsa, "RS256", odd, claims().text()), "signature", expectation(), keys);
}

void a_key_keeps_to_its_own_algorithm(void**) { // MD-16, MD-17: x5c and private members change nothing
    const auto keys = Provider::parse_set(
        {provider().rsa.jwk({{"alg", "\"PS256\""}, {"x5c", "[\"AAAA\"]"}, {"d", "\"AAAA\""}, {"p", "1"}})});
    refuse(rs256(claims()), "signature", expectation(), keys);
    accept(tokens::sign(provider().rsa, "PS256", claims().text()), allowing({"RS256", "PS256"}), keys);
}

void md_09_conf_038_when_to_fetch_the_keys_again(void**) {
    const auto keys = provider().keys();
    assert_true(look(rs256(claims()), keys) == KeyLookup::found);
    const Key rotated = Key::rsa("rsa-9");
    const std::string fresh = tokens::sign(rotated, "RS256", claims().text());
    assert_true(look(fresh, keys) == KeyLookup::refetch_may_help);
    assert_true(look(fresh, Provider::parse_set({rotated.jwk()})) == KeyLookup::found);
    // a known kid of another type
    const std::string mixed =
        tokens::sign(provider().p256, "ES256", "{\"alg\":\"ES256\",\"kid\":\"rsa-1\"}", claims().text());
    assert_true(look(mixed, keys) == KeyLookup::refetch_may_help);
    // a known kid and a bad signature: the key may have been replaced under its kid
    assert_true(look(broken(rs256(claims())), keys) == KeyLookup::refetch_may_help);
    const Key replaced = Key::rsa("rsa-1");
    const std::string by_new = tokens::sign(replaced, "RS256", claims().text());
    assert_true(look(by_new, keys) == KeyLookup::refetch_may_help);
    assert_true(look(by_new, Provider::parse_set({replaced.jwk()})) == KeyLookup::found);
    // no published key decides about these
    assert_true(look(tokens::sign_hmac("HS256", client_secret, claims().text()), keys) == KeyLookup::found);
}

void keys_without_kid_may_have_been_replaced(void**) {
    const Key old_key = Key::rsa(""), new_key = Key::rsa("");
    const auto keys = Provider::parse_set({old_key.jwk()});
    assert_true(look(tokens::sign(old_key, "RS256", claims().text()), keys) == KeyLookup::found);
    assert_true(look(tokens::sign(new_key, "RS256", claims().text()), keys) == KeyLookup::refetch_may_help);
    const std::string named =
        tokens::sign(old_key, "RS256", "{\"alg\":\"RS256\",\"kid\":\"k\"}", claims().text());
    assert_true(look(named, keys) == KeyLookup::found);
}

void which_algorithms_are_allowed(void**) {
    using List = std::vector<std::string>;
    assert_true(oidc::allowed_algorithms({}, {}) == List{"RS256"});
    assert_true(oidc::allowed_algorithms({}, List{"none", "HS256", "ES256", "RS256", "ES256K", "EdDSA"}) ==
                (List{"ES256", "RS256", "EdDSA"}));
    assert_true(oidc::allowed_algorithms({}, List{"HS256", "none"}).empty());
    assert_true(oidc::allowed_algorithms(List{"HS256"}, List{"RS256"}) == List{"HS256"});
}

} // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(conf_018_every_asymmetric_algorithm),
        cmocka_unit_test(the_key_that_a_token_names),
        cmocka_unit_test(idt_13_an_algorithm_that_is_not_allowed),
        cmocka_unit_test(ed25519_is_eddsa),
        cmocka_unit_test(idt_11_idt_21_conf_019_unsigned_tokens),
        cmocka_unit_test(idt_12_a_public_key_is_no_hmac_key),
        cmocka_unit_test(conf_021_the_client_secret_as_hmac_key),
        cmocka_unit_test(jo_12_no_secret_no_hmac),
        cmocka_unit_test(md_15_an_oct_key_in_the_set_is_ignored),
        cmocka_unit_test(idt_14_keys_in_the_header_are_ignored),
        cmocka_unit_test(idt_15_critical_headers),
        cmocka_unit_test(idt_17_idt_23_other_numbers_of_segments),
        cmocka_unit_test(idt_23_an_encrypted_token_says_so),
        cmocka_unit_test(the_signature_covers_header_and_claims),
        cmocka_unit_test(the_signature_comes_before_the_claims),
        cmocka_unit_test(conf_023_the_one_key_that_fits_without_kid),
        cmocka_unit_test(conf_024_md_11_any_of_several_candidates),
        cmocka_unit_test(jo_13_the_kid_chooses),
        cmocka_unit_test(a_key_keeps_to_its_own_algorithm),
        cmocka_unit_test(md_09_conf_038_when_to_fetch_the_keys_again),
        cmocka_unit_test(keys_without_kid_may_have_been_replaced),
        cmocka_unit_test(which_algorithms_are_allowed),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
