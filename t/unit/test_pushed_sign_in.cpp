// SPDX-License-Identifier: MIT
// Sign-ins whose request is pushed first (RFC 9126): what goes where, and that what cannot be pushed is no
// sign-in (PD-01 to PD-03); proofs beside the push (PD-05, PD-06, CONF-070).
#include "../../src/core/bytes.hpp"
#include "../../src/flow/pushed_request.hpp"
#include "../../src/oidc/authorization.hpp"
#include "../../src/oidc/client_auth.hpp"
#include "flow_world.hpp"
#include "jose_keys.hpp"

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace {

using namespace oauth;
using unit::json_response;
using unit::World;

const std::string pushed = R"({"request_uri":"urn:a:b","expires_in":60})";

// `par` answers what is pushed; else all is well.
struct PushingWorld : World {
    std::function<net::HttpResult(const net::HttpRequest&)> par = [](const net::HttpRequest&) {
        return json_response(pushed, 201);
    };
    flow::Request asked = request("GET", "/auth/oauth/op");

    PushingWorld() { settings.pushed_authorization_request_endpoint = unit::issuer + "/par"; }

    // As its metadata have it, and no word of the configuration.
    void by_metadata(const char* endpoint, const char* required) {
        settings.pushed_authorization_request_endpoint.clear();
        op.metadata = op.metadata.with("pushed_authorization_request_endpoint", endpoint)
                          .with("require_pushed_authorization_requests", required);
    }

    web::Answer start() {
        std::optional<web::Answer> given;
        core::Flow<web::Answer> flow(
            flow::sign_in(site, asked, provider, site.providers, "/page"),
            [&](std::optional<web::Answer> value, std::exception_ptr) { given = std::move(value); });
        flow.start();
        while (!given) {
            ready.run();
            if (http.pending() != 0) {
                const net::HttpRequest& oldest = http.oldest();
                http.answer(oldest.url.ends_with("/par") ? par(oldest) : op.answer(oldest));
            }
        }
        keep_cookies(*given);
        return std::move(*given);
    }

    std::vector<net::HttpRequest> pushes() const {
        std::vector<net::HttpRequest> found;
        for (const net::HttpRequest& each : http.sent) {
            if (each.url == unit::issuer + "/par") {
                found.push_back(each);
            }
        }
        return found;
    }
};

std::string header_of(const net::HttpRequest& request, std::string_view name) {
    for (const net::Header& header : request.headers) {
        if (header.name == name) {
            return header.value;
        }
    }
    return "";
}

core::Parameters form_of(const net::HttpRequest& request) {
    return *core::Parameters::parse(request.body);
}

std::string claim(std::string_view jwt, const char* name) {
    const auto jws = jose::parse_compact(jwt);
    const auto claims = jws ? core::Json::parse(jws->payload) : std::nullopt;
    return claims ? std::string(claims->root().get(name).as_string().value_or("")) : "no JWT";
}

void pd_02_the_browser_carries_the_name_and_the_provider_has_the_rest(void**) {
    PushingWorld world;
    world.settings.authorize_parameters = {{"acr_values", "urn:mfa"}, {"display", ""}};
    const web::Answer answer = world.start();
    assert_text_equal(World::location(answer),
                      unit::issuer + "/authorize?tenant=x&client_id=client&request_uri=urn%3Aa%3Ab");
    const auto pushes = world.pushes();
    assert_int_equal(pushes.size(), 1);
    const auto form = form_of(pushes[0]);
    assert_text_equal(form.find("acr_values").value_or(""), "urn:mfa");
    assert_false(form.has("display")); // an empty value is not sent
    const std::string state(form.find("state").value_or(""));
    world.op.claims = world.op.claims.with("nonce", unit::quote(form.find("nonce").value_or("")));
    assert_int_equal(world.serve(world.callback_request(state)).status, 302);
    assert_non_null(world.current().get());
}

void pd_01_what_the_metadata_say(void**) {
    PushingWorld required;
    required.by_metadata("\"https://op.example/par\"", "true");
    assert_true(World::location(required.start()).find("request_uri=") != std::string::npos);
    PushingWorld offered;
    offered.by_metadata("\"https://op.example/par\"", "false");
    assert_true(World::location(offered.start()).find("&state=") != std::string::npos);
    assert_int_equal(offered.pushes().size(), 0);
    for (const char* endpoint : {"null", "\"nowhere\"", "\"http://op.example/par\"", "7"}) {
        PushingWorld world;
        world.by_metadata(endpoint, "true");
        const web::Answer failed = world.start();
        assert_failure(failed, "provider_error", 502);
        assert_true(failed.log.find("give pushed_authorization_request_endpoint") != std::string::npos);
        assert_true(failed.set_cookies.empty());
    }
    PushingWorld unclear;
    unclear.by_metadata("\"https://op.example/par\"", "\"true\"");
    assert_failure(unclear.start(), "provider_error", 502);
}

void pd_03_what_cannot_be_pushed_begins_no_sign_in(void**) {
    struct Case {
        net::HttpResult answer;
        const char* code;
        int status;
    };
    const Case cases[] = {
        {json_response(pushed, 200), "provider_error", 502},
        {json_response("{}", 400), "provider_error", 502},
        {json_response(R"({"error":"invalid_client"})", 401), "provider_error", 502},
        {json_response("{}", 429), "provider_error", 502},
        {json_response("", 500), "provider_error", 502},
        {json_response("", 201), "provider_error", 502},
        {json_response(R"({"request_uri":"urn:a b","expires_in":60})", 201), "provider_error", 502},
        {json_response(R"({"request_uri":"urn:a"})", 201), "provider_error", 502},
        {unit::unreachable(), "provider_unreachable", 502},
        {core::Error{core::Code::provider_timeout, "no answer"}, "provider_timeout", 504},
    };
    for (const Case& each : cases) {
        PushingWorld world;
        world.par = [&each](const net::HttpRequest&) { return each.answer; };
        const web::Answer failed = world.start();
        assert_failure(failed, each.code, each.status);
        assert_text_equal(World::location(failed), "");
        assert_true(failed.set_cookies.empty());
        assert_int_equal(world.pushes().size(), 1);
    }
}

void pd_03_nothing_is_pushed_without_a_way_to_authenticate(void**) {
    PushingWorld world;
    world.settings.client_auth = std::nullopt;
    world.op.metadata = world.op.metadata.with("token_endpoint_auth_methods_supported", R"(["tls"])");
    assert_failure(world.start(), "provider_error", 502);
    assert_int_equal(world.pushes().size(), 0);
}

void pd_03_lg_01_what_the_provider_repeats_is_not_told(void**) {
    for (const auto auth : {oidc::ClientAuth::basic, oidc::ClientAuth::post, oidc::ClientAuth::none,
                            oidc::ClientAuth::private_key_jwt}) {
        PushingWorld world;
        world.settings.client_auth = auth;
        world.settings.client_secret = "s3cr:t+%2F &=";
        const auto pem = unit::private_pem(unit::generate_ec("P-256").get());
        world.settings.client_key =
            std::make_shared<const jose::SigningKey>(*jose::SigningKey::from_pem(pem));
        world.asked.authorize_parameters = {{"op", "login_hint", "ann@example.org"}};
        std::size_t from = 0; // each parameter comes first once, and so is quoted
        world.par = [&](const net::HttpRequest& request) {
            const std::string all = header_of(request, "Authorization") + " " + request.body;
            const std::string text = all.substr(from);
            from = all.find_first_of(" &", from + 1);
            return json_response(
                R"({"error":"invalid_request","error_description":)" + unit::quote(text) + "}", 400);
        };
        while (from != std::string::npos) {
            const web::Answer failed = world.start();
            assert_failure(failed, "provider_error", 502);
            const net::HttpRequest push = world.pushes().back();
            const auto form = form_of(push);
            std::vector<std::string> secrets = {"s3cr:t", "s3cr%3At", "ann@example.org", "ann%40example.org"};
            const std::string header = header_of(push, "Authorization");
            if (!header.empty()) {
                secrets.push_back(header.substr(sizeof("Basic ") - 1, 12));
            }
            for (const char* name : {"state", "nonce", "client_assertion"}) {
                secrets.emplace_back(form.find(name).value_or("no such text"));
            }
            for (const std::string& secret : secrets) {
                if (failed.log.find(secret) != std::string::npos) {
                    print_error("%s in %s\n", secret.c_str(), failed.log.c_str());
                    fail();
                }
            }
        }
    }
}

void conf_070_pd_05_a_push_is_proved_where_dpop_is_on(void**) {
    PushingWorld world;
    world.settings.dpop = true;
    const auto pem = unit::private_pem(unit::generate_ec("P-256").get());
    world.settings.client_key = std::make_shared<const jose::SigningKey>(*jose::SigningKey::from_pem(pem));
    world.settings.client_auth = oidc::ClientAuth::private_key_jwt;
    world.site.dpop_key =
        std::make_shared<const jose::SigningKey>(*jose::SigningKey::derive_es256("a secret", "DPoP key"));
    int asked = 0;
    world.par = [&asked](const net::HttpRequest&) {
        auto answer =
            json_response(asked == 0 ? R"({"error":"use_dpop_nonce"})" : pushed, asked == 0 ? 400 : 201);
        ++asked;
        answer->headers.push_back({"dpop-nonce", "n1"});
        return answer;
    };
    assert_int_equal(world.start().status, 302);
    const auto pushes = world.pushes();
    assert_int_equal(pushes.size(), 2);
    const std::string first = header_of(pushes[0], "DPoP");
    const std::string second = header_of(pushes[1], "DPoP");
    assert_text_equal(claim(first, "htu"), unit::issuer + "/par");
    assert_text_equal(claim(first, "htm"), "POST");
    assert_text_equal(claim(first, "nonce"), "");
    assert_text_equal(claim(second, "nonce"), "n1");
    assert_true(claim(first, "jti") != claim(second, "jti"));
    const auto assertion = [](const net::HttpRequest& push) {
        return claim(form_of(push).find("client_assertion").value_or(""), "jti");
    };
    assert_true(assertion(pushes[0]) != assertion(pushes[1]));
    assert_text_equal(form_of(pushes[0]).find("state").value_or("a"),
                      form_of(pushes[1]).find("state").value_or("b"));
}

void pd_06_a_push_for_which_a_proof_is_wanted_while_it_is_off(void**) {
    PushingWorld world;
    world.par = [](const net::HttpRequest&) {
        auto answer = json_response(R"({"error":"use_dpop_nonce"})", 400);
        answer->headers.push_back({"dpop-nonce", "n1"});
        return answer;
    };
    const web::Answer failed = world.start();
    assert_failure(failed, "provider_error", 502);
    assert_true(failed.log.find("\"dpop on\" gives one") != std::string::npos);
    assert_int_equal(world.pushes().size(), 1);
    assert_text_equal(header_of(world.pushes()[0], "DPoP"), "");
}

// Whoever waits for a push takes a turn, also where the metadata are known.
void visitors_who_wait_for_a_push_take_turns(void**) {
    PushingWorld world;
    assert_int_equal(world.start().status, 302);
    assert_true(flow::is_pushed(world.provider));
    world.asked.client = "\x7f\x01\x01\x01";
    std::vector<std::unique_ptr<core::Flow<web::Answer>>> waiting;
    std::vector<web::Answer> answers;
    for (int i = 0; i < 5; ++i) {
        waiting.push_back(std::make_unique<core::Flow<web::Answer>>(
            flow::sign_in(world.site, world.asked, world.provider, world.site.providers, "/"),
            [&](std::optional<web::Answer> value, std::exception_ptr) {
                answers.push_back(std::move(*value));
            }));
        waiting.back()->start();
    }
    world.ready.run();
    assert_int_equal(world.http.pending(), 4);
    assert_int_equal(answers.size(), 1);
    assert_failure(answers[0], "provider_unreachable", 502);
    assert_text_equal(World::header(answers[0], "Retry-After"), "10");
    waiting.clear(); // they leave, and what they asked goes with them
    assert_int_equal(world.http.pending(), 0);
    assert_int_equal(world.start().status, 302);
    PushingWorld plain;
    plain.settings.pushed_authorization_request_endpoint.clear();
    assert_false(flow::is_pushed(plain.provider));
}

} // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(pd_02_the_browser_carries_the_name_and_the_provider_has_the_rest),
        cmocka_unit_test(pd_01_what_the_metadata_say),
        cmocka_unit_test(pd_03_what_cannot_be_pushed_begins_no_sign_in),
        cmocka_unit_test(pd_03_nothing_is_pushed_without_a_way_to_authenticate),
        cmocka_unit_test(pd_03_lg_01_what_the_provider_repeats_is_not_told),
        cmocka_unit_test(conf_070_pd_05_a_push_is_proved_where_dpop_is_on),
        cmocka_unit_test(pd_06_a_push_for_which_a_proof_is_wanted_while_it_is_off),
        cmocka_unit_test(visitors_who_wait_for_a_push_take_turns),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
