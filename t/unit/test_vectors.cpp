// SPDX-License-Identifier: MIT
// Published vectors through our own wrappers: Wycheproof and the examples of the RFCs (JO-01, JO-02, JO-04 to
// JO-06, JO-15, MD-11 to MD-15). Each program run prints how many were accepted and refused, and names every
// deviation.
#include <algorithm>
#include <set>

#include "jose_keys.hpp"

using namespace oauth;
using namespace oauth::jose;
using namespace oauth::unit;
using core::Json;
using core::JsonView;

static Json load(const char* name) {
    auto json = Json::parse(read_vectors_or_skip(name));
    assert_true(json.has_value());
    return std::move(*json);
}

static std::string_view text(JsonView object, std::string_view name) {
    return object.get(name).as_string().value_or("");
}

static std::string bytes(JsonView object, std::string_view name) {
    return hex_decode(text(object, name));
}

static std::int64_t id_of(JsonView test) {
    return test.get("tcId").as_integer().value_or(0);
}

// What a caller with a configured secret does: the key itself says only what it is for.
static std::optional<Jwk> oct_key(JsonView object) {
    auto secret = core::base64url_decode(text(object, "k"));
    if (text(object, "kty") != "oct" || !secret || (object.get("use") && text(object, "use") != "sig")) {
        return std::nullopt;
    }
    auto jwk = secret_jwk(*secret, std::string(text(object, "alg")));
    jwk.kid = text(object, "kid");
    return jwk;
}

static bool verifies_with_set(std::string_view token, const JwkSet& set) {
    auto jws = parse_compact(token);
    if (!jws) {
        return false;
    }
    auto keys = set.candidates(jws->alg, jws->kid);
    return std::any_of(keys.begin(), keys.end(), [&](const Jwk* key) { return verify(jws.value(), *key); });
}

static bool verifies_with_secret(std::string_view token, JsonView object) {
    auto jws = parse_compact(token);
    auto key = oct_key(object);
    return jws && key && (!jws->kid || *jws->kid == key->kid) && verify(jws.value(), *key);
}

static JwkSet set_of(const std::string& body) {
    auto set = JwkSet::parse(body);
    assert_true(set.ok());
    return std::move(set.value());
}

class Tally {
public:
    explicit Tally(const char* name) : name_(name) {}

    void count(JsonView test, bool accepted, const std::set<std::int64_t>& deviations) {
        bool expected = text(test, "result") == "valid";
        bool deviates = deviations.count(id_of(test)) == 1;
        if (accepted != (expected != deviates)) {
            print_error("%s tcId %d %s: %s, and was %s\n", name_, static_cast<int>(id_of(test)),
                        std::string(text(test, "comment")).c_str(), std::string(text(test, "result")).c_str(),
                        accepted ? "accepted" : "refused");
            ++wrong_;
        }
        ++(accepted ? accepted_ : refused_);
        deviations_ += deviates ? 1 : 0;
    }
    void finish(int total) const {
        print_message("%s: %d vectors, %d accepted, %d refused, %d deviations, documented\n", name_,
                      accepted_ + refused_, accepted_, refused_, deviations_);
        assert_int_equal(wrong_, 0);
        assert_int_equal(accepted_ + refused_, total);
    }

private:
    const char* name_;
    int accepted_ = 0;
    int refused_ = 0;
    int deviations_ = 0;
    int wrong_ = 0;
};

template <class Function>
static void for_each_test(const Json& file, Function function) {
    for (auto group : file.root().get("testGroups").elements()) {
        for (auto test : group.get("tests").elements()) {
            function(group, test);
        }
    }
}

static void wycheproof_json_web_signatures_jo_01(void**) {
    auto file = load("wycheproof/json_web_signature_test.json");
    // Keys whose alg is another than the token's or none at all, and a '?' in base64url: refused, though
    // marked valid.
    // 367 and 370 are marked invalid, and are letter for letter the valid 357: what was wrong in them was
    // lost.
    const std::set<std::int64_t> deviations = {346, 347, 350, 351, 372, 373, 367, 370};
    std::string_view valid_mac;
    Tally tally("Wycheproof JWS");
    for_each_test(file, [&](JsonView group, JsonView test) {
        bool accepted = false;
        valid_mac = id_of(test) == 357 ? text(test, "jws") : valid_mac;
        if (id_of(test) == 367 || id_of(test) == 370) {
            assert_text_equal(text(test, "jws"), valid_mac);
        }
        if (auto key = group.get("public")) {
            accepted = verifies_with_set(text(test, "jws"), set_of("{\"keys\":[" + key.dump() + "]}"));
        } else {
            accepted = verifies_with_secret(text(test, "jws"), group.get("private"));
        }
        tally.count(test, accepted, deviations);
    });
    tally.finish(401);
}

static void wycheproof_json_web_keys_jo_02(void**) {
    auto file = load("wycheproof/json_web_key_test.json");
    // 2, 13, 14, 15: a set never gives a secret (MD-15). 7: a modulus open to the ROCA attack is not
    // recognised.
    const std::set<std::int64_t> deviations = {2, 7, 13, 14, 15};
    Tally tally("Wycheproof JWK");
    for_each_test(file, [&](JsonView group, JsonView test) {
        auto set = group.get("public") ? group.get("public") : group.get("private");
        tally.count(test, verifies_with_set(text(test, "jws"), set_of(set.dump())), deviations);
    });
    tally.finish(26);
}

static void wycheproof_secrets_of_one_key_jo_02_jo_12(void**) {
    auto file = load("wycheproof/json_web_key_test.json");
    Tally tally("Wycheproof JWK, secrets");
    for_each_test(file, [&](JsonView group, JsonView test) {
        auto keys = group.get("private").get("keys").elements();
        if (keys.size() == 1 && text(keys[0], "kty") == "oct") {
            tally.count(test, verifies_with_secret(text(test, "jws"), keys[0]), {});
        }
    });
    tally.finish(11);
}

static void wycheproof_ecdsa_jo_04_jo_05(void**) {
    auto file = load("wycheproof/ecdsa_secp256r1_sha256_p1363_test.json");
    Tally tally("Wycheproof ECDSA P-256");
    for_each_test(file, [&](JsonView group, JsonView test) {
        auto point = bytes(group.get("publicKey"), "uncompressed");
        auto key =
            parse_jwk(R"({"kty":"EC","crv":"P-256","x":")" + core::base64url_encode(point.substr(1, 32)) +
                      R"(","y":")" + core::base64url_encode(point.substr(33)) + "\"}");
        assert_true(key.has_value());
        auto message = bytes(test, "msg");
        tally.count(test, verifies("ES256", message, bytes(test, "sig"), *key), {});
    });
    tally.finish(262);
}

static void wycheproof_ed25519_jo_05_jo_06(void**) {
    auto file = load("wycheproof/ed25519_test.json");
    Tally tally("Wycheproof Ed25519");
    for_each_test(file, [&](JsonView group, JsonView test) {
        auto point = bytes(group.get("publicKey"), "pk");
        auto key = parse_jwk(R"({"kty":"OKP","crv":"Ed25519","x":")" + core::base64url_encode(point) + "\"}");
        auto message = bytes(test, "msg");
        tally.count(test, key && verifies("EdDSA", message, bytes(test, "sig"), *key), {});
    });
    tally.finish(151);
}

static void wycheproof_hkdf_jo_05(void**) {
    auto file = load("wycheproof/hkdf_sha256_test.json");
    Tally tally("Wycheproof HKDF-SHA256");
    for_each_test(file, [&](JsonView, JsonView test) {
        auto size = static_cast<std::size_t>(test.get("size").as_integer().value_or(0));
        auto output = core::hkdf_sha256(bytes(test, "ikm"), bytes(test, "salt"), bytes(test, "info"), size);
        tally.count(test, output && *output == bytes(test, "okm"), {});
    });
    tally.finish(86);
}

static void wycheproof_aes_gcm_jo_05(void**) {
    auto file = load("wycheproof/aes_gcm_test.json");
    Tally tally("Wycheproof AES-256-GCM");
    int others = 0;
    for_each_test(file, [&](JsonView group, JsonView test) {
        auto sealed = bytes(test, "ct") + bytes(test, "tag");
        auto iv = bytes(test, "iv");
        auto aead = core::Aead::create(bytes(test, "key"));
        if (group.get("keySize").as_integer() != 256 || group.get("ivSize").as_integer() != 96) {
            assert_true(!aead || !aead->open(iv, bytes(test, "aad"), sealed)); // another key or nonce size
            ++others;
            return;
        }
        auto opened = aead->open(iv, bytes(test, "aad"), sealed);
        tally.count(test, opened && *opened == bytes(test, "msg"), {});
        if (opened) {
            assert_true(aead->seal(iv, bytes(test, "aad"), *opened) == sealed);
        }
    });
    print_message("Wycheproof AES-GCM: %d of other key or nonce sizes, refused\n", others);
    tally.finish(316 - others);
    assert_true(others < 316);
}

static void rfc_7520_signatures_jo_15(void**) {
    for (const char* name :
         {"rfc7520/jws/4_1.rsa_v15_signature.json", "rfc7520/jws/4_2.rsa-pss_signature.json",
          "rfc7520/jws/4_3.ecdsa_signature.json", "rfc7520/jws/4_4.hmac-sha2_integrity_protection.json"}) {
        auto file = load(name);
        auto input = file.root().get("input");
        auto jws = parse_compact(text(file.root().get("output"), "compact"));
        assert_true(jws.ok());
        assert_text_equal(jws->payload, text(input, "payload"));
        auto key = text(input.get("key"), "kty") == "oct" ? oct_key(input.get("key"))
                                                          : parse_public_jwk(input.get("key"));
        assert_true(key && verify(jws.value(), *key));
        jws->signature.back() = static_cast<char>(jws->signature.back() ^ 1);
        assert_false(verify(jws.value(), *key));
    }
    // 4.5: the payload is elsewhere, and so the signature is not that of what is in the token.
    auto detached = load("rfc7520/jws/4_5.signature_with_detached_content.json");
    auto jws = parse_compact(text(detached.root().get("output"), "compact"));
    assert_true(jws.ok() && !verify(jws.value(), oct_key(detached.root().get("input").get("key")).value()));
}

static void rfc_7520_keys_jo_15(void**) {
    for (const char* name : {"rfc7520/jwk/3_1.ec_public_key.json", "rfc7520/jwk/3_3.rsa_public_key.json",
                             "rfc7520/jwk/3_2.ec_private_key.json", "rfc7520/jwk/3_4.rsa_private_key.json"}) {
        auto file = load(name);
        assert_true(parse_public_jwk(file.root()).has_value());
    }
    for (const char* name : {"rfc7520/jwk/3_5.symmetric_key_mac_computation.json",
                             "rfc7520/jwk/3_6.symmetric_key_encryption.json"}) {
        auto file = load(name);
        assert_false(parse_public_jwk(file.root()).has_value());
    }
}

static void rfc_examples_jo_15(void**) {
    auto file = load("rfc-small-vectors.json");
    int used = 0;
    for (auto vector : file.root().get("vectors").elements()) {
        auto type = text(vector, "type");
        auto object = vector.get("jwk");
        if (type == "jws") {
            auto jws = parse_compact(text(vector, "token"));
            auto key = text(object, "kty") == "oct" ? oct_key(object) : parse_public_jwk(object);
            assert_true(jws.ok() && key && verify(jws.value(), *key));
            assert_text_equal(jws->alg, text(vector, "alg"));
        } else if (type == "jwk-thumbprint") {
            assert_text_equal(thumbprint(parse_public_jwk(object).value()), text(vector, "thumbprint"));
        } else if (type == "pkce-s256") {
            assert_text_equal(
                core::base64url_encode(core::digest(core::Hash::sha256, text(vector, "verifier"))),
                text(vector, "challenge"));
        } else if (type == "dpop-ath") {
            assert_text_equal(
                core::base64url_encode(core::digest(core::Hash::sha256, text(vector, "access_token"))),
                text(vector, "ath"));
        } else {
            fail_msg("unknown type %s", std::string(type).c_str());
        }
        ++used;
    }
    print_message("RFC examples: %d\n", used);
    assert_int_equal(used, 7);
}

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(wycheproof_json_web_signatures_jo_01),
        cmocka_unit_test(wycheproof_json_web_keys_jo_02),
        cmocka_unit_test(wycheproof_secrets_of_one_key_jo_02_jo_12),
        cmocka_unit_test(wycheproof_ecdsa_jo_04_jo_05),
        cmocka_unit_test(wycheproof_ed25519_jo_05_jo_06),
        cmocka_unit_test(wycheproof_hkdf_jo_05),
        cmocka_unit_test(wycheproof_aes_gcm_jo_05),
        cmocka_unit_test(rfc_7520_signatures_jo_15),
        cmocka_unit_test(rfc_7520_keys_jo_15),
        cmocka_unit_test(rfc_examples_jo_15),
    };
    return cmocka_run_group_tests_name("vectors", tests, nullptr, nullptr);
}
