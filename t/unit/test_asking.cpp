// SPDX-License-Identifier: MIT
// How a provider is asked about a user again (oauth_refresh): what the sign-in asks for so that it can be,
// and what each answer means. RF-02, RF-04, RF-05, RF-06, RF-09, RF-10.
#include "../../src/flow/asking.hpp"
#include "checked_world.hpp"

using namespace oauth;
using flow::Said;
using Outcome = flow::Said::Outcome;
using unit::Checked;
using unit::quote;

namespace {

// ---- At the sign-in

bool asks_for_offline_access(unit::World& world, const char* type,
                             const std::vector<std::string>& supported = {}) {
    const auto settings = providers::make_settings(*providers::find_type(type), type);
    const auto scopes = flow::sign_in_scopes(world.options, settings, supported);
    return std::count(scopes.begin(), scopes.end(), "offline_access") == 1;
}

void each_type_is_asked_for_what_it_needs(void**) {
    unit::World world;
    constexpr const char* with_it[] = {"azure-ad", "azure-ad-hybrid", "okta", "auth0", "descope", "oidc"};
    constexpr const char* without_it[] = {"github", "gitlab", "google", "aws-cognito", "keycloak", "oauth2"};
    for (const char* type : with_it) {
        assert_false(asks_for_offline_access(world, type));
    }
    world.options.refresh = 300;
    for (const char* type : with_it) {
        assert_true(asks_for_offline_access(world, type));
        assert_true(asks_for_offline_access(world, type, {"openid", "offline_access"}));
        assert_false(asks_for_offline_access(world, type, {"openid", "email"})); // it says what it knows
    }
    for (const char* type : without_it) {
        assert_false(asks_for_offline_access(world, type));
    }
}

void google_is_asked_by_parameters(void**) {
    for (const std::int64_t refresh : {0, 300}) {
        unit::World world;
        world.options.refresh = refresh;
        auto settings = providers::make_settings(*providers::find_type("google"), "google");
        settings.client_id = "client";
        settings.client_secret = "secret";
        settings.issuer = unit::issuer;
        flow::Provider google(settings, world.ready, world.clock);
        const auto answer = world.run(flow::sign_in(world.site, world.request("GET", "/auth/oauth/google"),
                                                    google, world.site.providers, "/"));
        const auto asked = world.query_of(world.location(answer));
        assert_text_equal(asked.find("access_type").value_or("none"), refresh == 0 ? "none" : "offline");
        assert_text_equal(asked.find("prompt").value_or("none"), refresh == 0 ? "none" : "consent");
    }
}

// ---- At a check

struct Asked : Checked {
    flow::Attempt attempt;
    session::Session before = session_now();

    session::Session session_now() { return current()->session; }
    Said ask() { return ask(provider); }
    Said ask(flow::Provider& of) {
        std::optional<Said> said;
        core::Flow<Said> flow(
            flow::ask(site, of, before, attempt),
            [&](std::optional<Said> value, std::exception_ptr) { said = std::move(value); });
        flow.start();
        while (!said && turn()) {
        }
        assert_true(said.has_value());
        return std::move(*said);
    }
    std::string sent_to_token() const {
        for (const auto& request : http.sent) {
            if (request.url.ends_with("/token")) {
                return request.body;
            }
        }
        return "";
    }
    void without_refresh_token() {
        before.refresh_token.clear();
        before.access_token = "access-1";
        before.access_expires_at = clock.now() + 50;
    }
};

void check(const Said& said, Outcome outcome, std::string_view why = "") {
    if (said.outcome != outcome || said.why.find(why) == std::string::npos) {
        print_error("outcome %d: %s\n", static_cast<int>(said.outcome), said.why.c_str());
        fail();
    }
    assert_int_equal(said.next.has_value(), outcome == Outcome::known);
}

void rf_09_not_more_is_asked_for_than_was_granted(void**) {
    const std::pair<std::optional<std::string>, std::string> cases[] = {
        {std::nullopt, "scope=openid%20profile%20email%20offline_access"}, // all that was asked for
        {"openid email", "scope=openid%20email"},
        {"openid,email", "scope=openid%20email"},
        {"email", ""}, // without openid there would be no ID token
        {"", ""},
    };
    for (const auto& [granted, expected] : cases) {
        Asked world;
        world.before.scope = granted;
        check(world.ask(), Outcome::known);
        std::string sent = world.sent_to_token();
        for (std::size_t plus = sent.find('+'); plus != std::string::npos; plus = sent.find('+')) {
            sent.replace(plus, 1, "%20");
        }
        const std::size_t at = sent.find("&scope=");
        const std::string scope =
            at == std::string::npos ? "" : sent.substr(at + 1, sent.find('&', at + 1) - at - 1);
        assert_text_equal(scope, expected);
    }
    Asked world; // whose metadata speak against it: the sign-in did not ask for it either
    world.op.metadata = world.op.metadata.with("scopes_supported", "[\"openid\",\"email\",\"profile\"]");
    world.before.scope.reset();
    flow::Provider fresh(world.settings, world.ready, world.clock);
    check(world.ask(fresh), Outcome::known);
    assert_true(world.sent_to_token().find("scope=openid") != std::string::npos);
    assert_true(world.sent_to_token().find("offline_access") == std::string::npos);
}

void rf_06_each_thing_that_an_id_token_must_be(void**) {
    const std::pair<const char*, std::string> wrong[] = {
        {"sub", "\"mallory\""}, {"iss", "\"https://other.example\""},
        {"aud", "\"other\""},   {"nonce", quote(std::string(43, 'n'))},
        {"exp", "1000"},        {"sub", "\"\""},
        {"azp", "\"other\""},   {"at_hash", "\"b3RoZXItdG9rZW4tb3Ro\""},
    };
    for (const auto& [name, value] : wrong) {
        Asked world;
        world.op.claims = world.op.claims.with(name, value);
        check(world.ask(), Outcome::ended);
        assert_int_equal(world.http.count("/userinfo"), 0);
    }
    Asked forged;
    const auto stranger = tokens::Key::ec("k1", "P-256");
    forged.op.signing_key = &stranger;
    check(forged.ask(), Outcome::ended);
}

void rf_07_no_nonce_is_no_fault(void**) {
    Asked world;
    world.op.claims = world.op.claims.without("nonce");
    check(world.ask(), Outcome::known);
}

void rf_06_userinfo_of_another_user(void**) {
    for (const bool has_refresh_token : {true, false}) {
        Asked world;
        if (!has_refresh_token) {
            world.without_refresh_token();
        }
        world.op.userinfo = world.op.userinfo.with("sub", "\"mallory\"");
        check(world.ask(), Outcome::ended);
    }
}

// Where no ID token says who it is, what the provider says of the new token is compared.
void rf_06_another_user_of_plain_oauth(void**) {
    for (const bool has_refresh_token : {true, false}) {
        for (const char* subject : {"user-1", "mallory"}) {
            Asked world;
            if (!has_refresh_token) {
                world.without_refresh_token();
            }
            world.settings.type = providers::find_type("oauth2");
            world.settings.token_endpoint = unit::issuer + "/token";
            world.settings.userinfo_endpoint = unit::issuer + "/userinfo";
            flow::Provider plain(world.settings, world.ready, world.clock);
            world.op.userinfo = world.op.userinfo.with("sub", quote(subject));
            const bool is_same = std::string_view(subject) == "user-1";
            check(world.ask(plain), is_same ? Outcome::known : Outcome::ended,
                  is_same ? "" : "speaks of another user");
        }
    }
}

void rf_04_a_refusal_with_status_200_has_redeemed_nothing(void**) {
    Asked world;
    world.op.instead.emplace("/token", unit::json_response("{\"error\":\"bad_refresh_token\"}"));
    check(world.ask(), Outcome::ended);
    assert_false(world.attempt.is_redeemed);
}

void rf_04_a_token_that_nobody_knows_any_more(void**) {
    for (const bool has_refresh_token : {true, false}) {
        Asked world;
        if (!has_refresh_token) {
            world.without_refresh_token();
        }
        world.op.instead.emplace("/userinfo", unit::json_response("{}", 401));
        check(world.ask(), Outcome::ended, "status 401");
    }
}

void rf_05_what_says_nothing_of_the_user(void**) {
    const net::HttpResult answers[] = {unit::json_response("{}", 500), unit::json_response("{}", 429),
                                       unit::json_response("{}", 403), unit::unreachable()};
    for (const auto& answer : answers) {
        for (const char* place : {"/openid-configuration", "/token"}) {
            Asked world;
            world.op.instead.emplace(place, answer);
            flow::Provider fresh(world.settings, world.ready, world.clock); // that knows no metadata yet
            check(world.ask(fresh), Outcome::away);
            assert_false(world.attempt.is_redeemed);
        }
        Asked redeemed; // the new tokens are all that there is
        redeemed.op.instead.emplace("/userinfo", answer);
        redeemed.options.keep_tokens = true;
        redeemed.op.token = redeemed.op.token.with("expires_in", "60").with("scope", "\"openid email\"");
        const Said said = redeemed.ask();
        assert_true(said.outcome == Outcome::away);
        assert_text_equal(said.next->refresh_token, "refresh-2");
        assert_text_equal(said.next->access_token, "access-2");
        assert_int_equal(said.next->access_expires_at, redeemed.clock.now() + 60);
        assert_text_equal(said.next->scope.value_or("none"), "openid email");
        assert_text_equal(said.next->identity.subject, "user-1");
        assert_true(redeemed.attempt.is_redeemed);
        Asked unchanged; // nothing new has come
        unchanged.without_refresh_token();
        unchanged.op.instead.emplace("/userinfo", answer);
        check(unchanged.ask(), Outcome::away);
        assert_false(unchanged.attempt.is_redeemed);
    }
}

void rf_04_nobody_to_ask(void**) {
    Asked without_tokens;
    without_tokens.without_refresh_token();
    without_tokens.before.access_token.clear();
    check(without_tokens.ask(), Outcome::ended, "neither a refresh token nor an access token");
    Asked without_userinfo;
    without_userinfo.without_refresh_token();
    without_userinfo.settings.userinfo = providers::UserinfoUse::off;
    check(without_userinfo.ask(), Outcome::ended, "neither a refresh token nor an access token");
    assert_int_equal(without_userinfo.http.sent.size(), 0);
}

// By the block's own settings, not by a rule.
void rf_10_an_account_that_is_not_admitted_any_more(void**) {
    Asked world;
    const std::string home = "11111111-1111-1111-1111-111111111111";
    world.settings.type = providers::find_type("azure-ad");
    world.settings.allowed_tenants = {home};
    const std::string other = "22222222-2222-2222-2222-222222222222";
    world.op.claims = world.op.claims.with("tid", quote(other)).with("oid", "\"o\"");
    check(world.ask(), Outcome::ended, "tenant is not admitted");
}

// There the user is more than the token's sub, which is the same here.
void rf_06_the_same_object_of_another_tenant(void**) {
    const std::string home = "11111111-1111-1111-1111-111111111111";
    const std::string other = "22222222-2222-2222-2222-222222222222";
    for (const std::string& tenant : {home, other}) {
        Asked world;
        world.settings.type = providers::find_type("azure-ad");
        world.before.identity.subject = home + ".o";
        world.op.claims = world.op.claims.with("tid", quote(tenant)).with("oid", "\"o\"");
        check(world.ask(), tenant == home ? Outcome::known : Outcome::ended,
              tenant == home ? "" : "speaks of another user");
    }
}

// The access token that asks has the end that it had, and is not made longer by asking.
void the_access_token_that_asks_stays_what_it_was(void**) {
    Asked world;
    world.without_refresh_token();
    world.options.keep_tokens = true;
    const std::int64_t ends_at = world.before.access_expires_at;
    const Said said = world.ask();
    check(said, Outcome::known);
    assert_text_equal(said.next->access_token, "access-1");
    assert_int_equal(said.next->access_expires_at, ends_at);
    assert_int_equal(world.http.count("/token"), 0);
}

} // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(each_type_is_asked_for_what_it_needs),
        cmocka_unit_test(google_is_asked_by_parameters),
        cmocka_unit_test(rf_09_not_more_is_asked_for_than_was_granted),
        cmocka_unit_test(rf_06_each_thing_that_an_id_token_must_be),
        cmocka_unit_test(rf_07_no_nonce_is_no_fault),
        cmocka_unit_test(rf_06_userinfo_of_another_user),
        cmocka_unit_test(rf_06_another_user_of_plain_oauth),
        cmocka_unit_test(rf_04_a_refusal_with_status_200_has_redeemed_nothing),
        cmocka_unit_test(rf_04_a_token_that_nobody_knows_any_more),
        cmocka_unit_test(rf_05_what_says_nothing_of_the_user),
        cmocka_unit_test(rf_04_nobody_to_ask),
        cmocka_unit_test(rf_10_an_account_that_is_not_admitted_any_more),
        cmocka_unit_test(rf_06_the_same_object_of_another_tenant),
        cmocka_unit_test(the_access_token_that_asks_stays_what_it_was),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
