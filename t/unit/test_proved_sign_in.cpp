// SPDX-License-Identifier: MIT
// Sign-ins and checks with proofs of possession, and with what the client signs: PD-05, PD-06, PD-07, TK-04.
#include "../../src/core/bytes.hpp"
#include "../../src/core/json.hpp"
#include "../../src/core/url.hpp"
#include "../../src/jose/jws.hpp"
#include "checked_world.hpp"
#include "jose_keys.hpp"

#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace {

using namespace oauth;
using unit::quote;
using unit::World;

// A provider that gives tokens for DPoP, and answers as `first` and `second` say before all is well.
class ProvedWorld : public World {
public:
    ProvedWorld() {
        settings.dpop = true;
        op.token = op.token.with("token_type", "\"DPoP\"");
        site.dpop_key =
            std::make_shared<const jose::SigningKey>(*jose::SigningKey::derive_es256("a secret", "DPoP key"));
    }

    // Runs a sign-in; `answer` may answer in place of the provider.
    web::Answer
    sign_in(const std::function<std::optional<net::HttpResult>(const net::HttpRequest&)>& answer) {
        const auto parameters = begin();
        const flow::Request request = callback_request(*parameters.find("state"));
        flow::Visitor browser = visitor();
        std::optional<web::Answer> given;
        core::Flow<web::Answer> flow(
            flow::serve(site, request, site.providers, browser),
            [&](std::optional<web::Answer> value, std::exception_ptr) { given = std::move(value); });
        flow.start();
        while (!given) {
            ready.run();
            if (http.pending() != 0) {
                auto other = answer(http.oldest());
                http.answer(other ? std::move(*other) : op.answer(http.oldest()));
            }
        }
        keep_cookies(*given);
        return std::move(*given);
    }

    std::vector<net::HttpRequest> sent_to(std::string_view end) const {
        std::vector<net::HttpRequest> found;
        for (const net::HttpRequest& each : http.sent) {
            if (each.url.ends_with(end)) {
                found.push_back(each);
            }
        }
        return found;
    }
};

std::string header_of(const net::HttpRequest& request, std::string_view name) {
    std::string value;
    for (const net::Header& header : request.headers) {
        if (header.name == name) {
            assert_true(value.empty()); // once
            value = header.value;
        }
    }
    return value;
}

std::string claim(const std::string& jwt, const char* name) {
    const auto jws = jose::parse_compact(jwt);
    assert_true(jws.ok());
    const auto claims = core::Json::parse(jws->payload);
    return std::string(claims->root().get(name).as_string().value_or(""));
}

std::string assertion_of(const net::HttpRequest& request) {
    const auto form = core::Parameters::parse(request.body);
    return std::string(form->find("client_assertion").value_or(""));
}

net::HttpResult nonce_wanted(const char* nonce, int status = 400) {
    auto response = unit::json_response("{\"error\":\"use_dpop_nonce\"}", status);
    if (nonce != nullptr) {
        response->headers.push_back({"dpop-nonce", nonce});
    }
    return response;
}

net::HttpResult challenged(const char* nonce) {
    net::HttpResponse response;
    response.status = 401;
    response.headers = {{"www-authenticate", "dPoP error=\"use_dpop_nonce\""}, {"dpop-nonce", nonce}};
    return response;
}

const auto as_ever = [](const net::HttpRequest&) { return std::optional<net::HttpResult>(); };

void a_sign_in_has_proofs(void**) {
    ProvedWorld world;
    assert_int_equal(world.sign_in(as_ever).status, 302);
    assert_non_null(world.current().get());
    const auto token = world.sent_to("/token");
    const auto userinfo = world.sent_to("/userinfo");
    assert_int_equal(token.size(), 1);
    assert_int_equal(userinfo.size(), 1);
    const std::string proof = header_of(token[0], "DPoP");
    assert_text_equal(claim(proof, "htu"), unit::issuer + "/token");
    assert_text_equal(claim(proof, "ath"), "");
    assert_text_equal(header_of(userinfo[0], "Authorization"), "DPoP access-1");
    const std::string other = header_of(userinfo[0], "DPoP");
    assert_text_equal(claim(other, "htm"), "GET");
    assert_text_equal(claim(other, "ath"),
                      core::base64url_encode(core::digest(core::Hash::sha256, "access-1")));
    assert_true(claim(proof, "jti") != claim(other, "jti"));
    for (const char* end : {"/jwks", "/openid-configuration"}) {
        assert_text_equal(header_of(world.sent_to(end)[0], "DPoP"), "");
    }
}

void pd_05_one_retry_with_everything_new(void**) {
    ProvedWorld world;
    const auto pem = unit::private_pem(unit::generate_ec("P-256").get());
    world.settings.client_key = std::make_shared<const jose::SigningKey>(*jose::SigningKey::from_pem(pem));
    world.settings.client_auth = oidc::ClientAuth::private_key_jwt;
    int asked = 0;
    const auto answer = [&](const net::HttpRequest& request) -> std::optional<net::HttpResult> {
        if (request.url.ends_with("/token") && asked++ == 0) {
            return nonce_wanted("n1");
        }
        return std::nullopt;
    };
    assert_int_equal(world.sign_in(answer).status, 302);
    assert_non_null(world.current().get());
    const auto token = world.sent_to("/token");
    assert_int_equal(token.size(), 2);
    const std::string first = header_of(token[0], "DPoP");
    const std::string second = header_of(token[1], "DPoP");
    assert_text_equal(claim(first, "nonce"), "");
    assert_text_equal(claim(second, "nonce"), "n1");
    assert_true(claim(first, "jti") != claim(second, "jti"));
    assert_true(claim(assertion_of(token[0]), "jti") != claim(assertion_of(token[1]), "jti"));
    assert_text_equal(claim(assertion_of(token[1]), "aud"), unit::issuer);
    // The userinfo endpoint is on the same server, and gets the nonce at once.
    assert_text_equal(claim(header_of(world.sent_to("/userinfo")[0], "DPoP"), "nonce"), "n1");
}

void pd_05_a_second_refusal_is_an_error(void**) {
    ProvedWorld world;
    const auto answer = [](const net::HttpRequest& request) -> std::optional<net::HttpResult> {
        return request.url.ends_with("/token") ? std::optional(nonce_wanted("n1")) : std::nullopt;
    };
    assert_failure(world.sign_in(answer), "provider_error", 502);
    assert_int_equal(world.sent_to("/token").size(), 2);
    assert_null(world.current().get());
}

void pd_05_the_userinfo_endpoint_asks_for_a_nonce(void**) {
    ProvedWorld world;
    int asked = 0;
    const auto answer = [&](const net::HttpRequest& request) -> std::optional<net::HttpResult> {
        return request.url.ends_with("/userinfo") && asked++ == 0 ? std::optional(challenged("u1"))
                                                                  : std::nullopt;
    };
    assert_int_equal(world.sign_in(answer).status, 302);
    const auto userinfo = world.sent_to("/userinfo");
    assert_int_equal(userinfo.size(), 2);
    assert_text_equal(claim(header_of(userinfo[1], "DPoP"), "nonce"), "u1");
    assert_true(claim(header_of(userinfo[0], "DPoP"), "jti") != claim(header_of(userinfo[1], "DPoP"), "jti"));
}

void pd_06_no_nonce_is_named(void**) {
    for (const char* nonce : {static_cast<const char*>(nullptr), "", "not one"}) {
        ProvedWorld world;
        const auto answer = [&](const net::HttpRequest& request) -> std::optional<net::HttpResult> {
            return request.url.ends_with("/token") ? std::optional(nonce_wanted(nonce)) : std::nullopt;
        };
        const web::Answer failed = world.sign_in(answer);
        assert_failure(failed, "provider_error", 502);
        assert_true(failed.log.find("use_dpop_nonce") != std::string::npos);
        assert_int_equal(world.sent_to("/token").size(), 1);
    }
}

void pd_06_a_nonce_is_wanted_while_it_is_off(void**) {
    ProvedWorld world;
    world.settings.dpop = false;
    world.site.dpop_key = nullptr;
    world.op.token = world.op.token.with("token_type", "\"Bearer\"");
    const auto token = [](const net::HttpRequest& request) -> std::optional<net::HttpResult> {
        return request.url.ends_with("/token") ? std::optional(nonce_wanted("n1")) : std::nullopt;
    };
    const web::Answer failed = world.sign_in(token);
    assert_failure(failed, "provider_error", 502);
    assert_true(failed.log.find("\"dpop on\"") != std::string::npos);
    assert_int_equal(world.sent_to("/token").size(), 1);
    const auto userinfo = [](const net::HttpRequest& request) -> std::optional<net::HttpResult> {
        return request.url.ends_with("/userinfo") ? std::optional(challenged("u1")) : std::nullopt;
    };
    assert_failure(world.sign_in(userinfo), "provider_error", 502);
    assert_int_equal(world.sent_to("/userinfo").size(), 1);
    assert_null(world.current().get());
}

void pd_07_the_type_of_the_token(void**) {
    for (const char* type : {"\"Bearer\"", "\"\"", "\"N_A\"", "null", "7"}) {
        ProvedWorld world;
        world.op.token = world.op.token.with("token_type", type);
        const web::Answer failed = world.sign_in(as_ever);
        assert_failure(failed, "provider_error", 502);
        assert_true(failed.log.find("token_type is not DPoP") != std::string::npos);
        assert_null(world.current().get());
        assert_int_equal(world.sent_to("/userinfo").size(), 0);
    }
    for (const char* type : {"\"dpop\"", "\"DPOP\""}) {
        ProvedWorld world;
        world.op.token = world.op.token.with("token_type", type);
        assert_int_equal(world.sign_in(as_ever).status, 302);
    }
    ProvedWorld off;
    off.settings.dpop = false;
    const web::Answer failed = off.sign_in(as_ever);
    assert_failure(failed, "provider_error", 502);
    assert_true(failed.log.find("token_type is not bearer but DPoP, which needs \"dpop on\"") !=
                std::string::npos);
}

void without_a_key_nothing_goes_out(void**) {
    ProvedWorld world;
    world.site.dpop_key = nullptr;
    assert_failure(world.sign_in(as_ever), "internal_error", 500);
    assert_int_equal(world.sent_to("/token").size(), 0);
}

void a_provider_without_es256_is_told_of_at_once(void**) {
    ProvedWorld world;
    world.op.metadata = world.op.metadata.with("dpop_signing_alg_values_supported", "[\"RS256\",\"EdDSA\"]");
    const web::Answer failed = world.run(flow::sign_in(world.site, world.request("GET", "/auth/oauth/op"),
                                                       world.provider, world.site.providers, "/"));
    assert_failure(failed, "provider_error", 502);
    assert_true(failed.log.find("dpop_signing_alg_values_supported has RS256, EdDSA") != std::string::npos);
    ProvedWorld fine;
    fine.op.metadata = fine.op.metadata.with("dpop_signing_alg_values_supported", "[\"RS256\",\"ES256\"]");
    assert_int_equal(fine.sign_in(as_ever).status, 302);
}

// Before anybody types a password.
void a_client_that_cannot_prove_itself_sends_nobody_away(void**) {
    ProvedWorld world;
    world.op.metadata =
        world.op.metadata.with("token_endpoint_auth_methods_supported", "[\"private_key_jwt\"]");
    const web::Answer failed = world.run(flow::sign_in(world.site, world.request("GET", "/auth/oauth/op"),
                                                       world.provider, world.site.providers, "/"));
    assert_failure(failed, "provider_error", 502);
    assert_true(failed.log.find("its metadata lists private_key_jwt") != std::string::npos);
}

// A check of a session: refresh and userinfo.
void prove(World& world) {
    world.settings.dpop = true;
    world.site.dpop_key =
        std::make_shared<const jose::SigningKey>(*jose::SigningKey::derive_es256("a secret", "DPoP key"));
    world.op.token = world.op.token.with("token_type", "\"DPoP\"");
}

void a_refresh_has_proofs_too(void**) {
    unit::Checked world;
    prove(world);
    const std::size_t before = world.http.sent.size();
    assert_int_equal(world.come()->session.epoch, 1);
    std::size_t proofs = 0;
    for (std::size_t i = before; i < world.http.sent.size(); ++i) {
        proofs += header_of(world.http.sent[i], "DPoP").empty() ? 0 : 1;
    }
    assert_int_equal(proofs, 2);
    world.let_it_be_due();
    world.op.token = world.op.token.with("token_type", "\"Bearer\""); // PD-07
    assert_int_equal(world.come()->session.epoch, 1);
}

// It says nothing of the user; another 401 does.
void a_server_that_takes_no_proof_ends_no_session(void**) {
    unit::Checked world;
    prove(world);
    world.op.instead.emplace("/userinfo", challenged("u1"));
    const std::size_t before = world.http.count("/userinfo");
    assert_non_null(world.come().get());
    assert_int_equal(world.http.count("/userinfo"), before + 2);
    unit::Checked wrong_clock; // RFC 9449 7.1: of the proof, not of the token
    prove(wrong_clock);
    net::HttpResponse refused;
    refused.status = 401;
    refused.headers = {{"www-authenticate", "DPoP error=\"invalid_dpop_proof\", algs=\"ES256\""}};
    wrong_clock.op.instead.emplace("/userinfo", refused);
    assert_non_null(wrong_clock.come().get());
    refused.headers = {{"www-authenticate", "DPoP error=\"invalid_token\", algs=\"ES256\""}};
    unit::Checked ended;
    prove(ended);
    ended.op.instead.emplace("/userinfo", refused);
    assert_null(ended.come().get());
    unit::Checked revoked;
    prove(revoked);
    revoked.op.instead.emplace("/userinfo", unit::json_response("{\"error\":\"invalid_token\"}", 401));
    assert_null(revoked.come().get());
    unit::Checked off;
    off.op.instead.emplace("/userinfo", challenged("u1"));
    assert_null(off.come().get());
}

} // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(a_sign_in_has_proofs),
        cmocka_unit_test(pd_05_one_retry_with_everything_new),
        cmocka_unit_test(pd_05_a_second_refusal_is_an_error),
        cmocka_unit_test(pd_05_the_userinfo_endpoint_asks_for_a_nonce),
        cmocka_unit_test(pd_06_no_nonce_is_named),
        cmocka_unit_test(pd_06_a_nonce_is_wanted_while_it_is_off),
        cmocka_unit_test(pd_07_the_type_of_the_token),
        cmocka_unit_test(without_a_key_nothing_goes_out),
        cmocka_unit_test(a_provider_without_es256_is_told_of_at_once),
        cmocka_unit_test(a_client_that_cannot_prove_itself_sends_nobody_away),
        cmocka_unit_test(a_refresh_has_proofs_too),
        cmocka_unit_test(a_server_that_takes_no_proof_ends_no_session),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
