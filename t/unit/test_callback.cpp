// SPDX-License-Identifier: MIT
// What comes back from the provider: the whole way to a session; what is refused before anything is sent
// (CB-01..04, CB-06, CS-01, MX-03, SC-03, SC-17); double clicks and replays (CB-03, TK-18). Steps that fail
// on the way: test_callback_failures.cpp; sessions that are there already: test_callback_sessions.cpp.
#include "../../src/flow/callback.hpp"
#include "../../src/oidc/authorization.hpp"
#include "flow_world.hpp"

using namespace oauth;
using unit::app;
using unit::World;

namespace {

std::string state_of(const core::Parameters& parameters) {
    return std::string(*parameters.find("state"));
}

void cb_18_a_sign_in_ends_in_a_session(void**) {
    World world;
    const auto parameters = world.begin("/page?x=1");
    const std::string state = state_of(parameters);
    const web::Answer answer = world.serve(world.callback_request(state));
    assert_int_equal(answer.status, 302);
    assert_text_equal(World::location(answer), app + "/page?x=1");
    assert_text_equal(answer.cache_control, "no-store");
    assert_false(answer.code.has_value());
    const std::string cookie = World::cookie_set(answer, "__Host-oauth");
    assert_true(cookie.ends_with("; Path=/; HttpOnly; Secure; SameSite=Lax"));
    assert_text_equal(World::cookie_set(answer, world.sign_in_name(state)), ""); // it still tells the way

    const auto session = world.current();
    assert_non_null(session.get());
    assert_text_equal(session->session.identity.provider, "op");
    assert_text_equal(session->session.identity.subject, "user-1");
    assert_text_equal(session->session.identity.email.value_or(""), "ann@example.org");
    assert_true(session->session.identity.email_verified);
    assert_int_equal(session->session.id.size(), 16);
    assert_int_equal(session->session.made_at, unit::start_of_time);
    assert_int_equal(session->session.signed_in_at, unit::start_of_time);
    assert_int_equal(session->session.expires_at, unit::start_of_time + world.options.session_lifetime);
    assert_true(world.id_token().starts_with("ey")); // for the sign-out
    assert_text_equal(session->session.access_token, "");
    assert_true(answer.log.find(state) == std::string::npos);
    assert_true(answer.log.find("code-1") == std::string::npos);
}

void the_code_is_redeemed_as_it_was_asked_for(void**) {
    World world;
    const auto asked = world.begin();
    world.serve(world.callback_request(state_of(asked)));
    const char* expected[] = {"/openid-configuration", "/token", "/jwks", "/userinfo"};
    assert_int_equal(world.http.sent.size(), 4);
    for (std::size_t i = 0; i < 4; ++i) {
        assert_true(world.http.sent[i].url.ends_with(expected[i])); // T1: userinfo after the ID token
    }
    const auto form = core::Parameters::parse(world.http.sent[1].body);
    assert_true(form.has_value());
    assert_text_equal(form->find("code").value_or(""), "code-1");
    assert_text_equal(form->find("redirect_uri").value_or(""), *asked.find("redirect_uri"));
    assert_text_equal(oidc::code_challenge_s256(form->find("code_verifier").value_or("")),
                      *asked.find("code_challenge"));
}

void tokens_are_kept_where_they_are_asked_for(void**) {
    World world;
    world.options.keep_tokens = true;
    world.sign_in_as("user-1");
    assert_text_equal(world.current()->session.access_token, "access-1");
    assert_true(world.id_token().starts_with("ey"));
}

// LO-02, LO-03: for a provider that refuses the way back without it, and while one cookie holds it.
void the_id_token_is_kept_as_a_hint_where_the_provider_needs_it(void**) {
    using Kind = session::StoreSettings::Kind;
    const auto kept = [](const char* type, std::size_t filler, const char* left_out,
                         Kind kind = Kind::cookie) {
        World world;
        world.options.store.kind = kind;
        world.settings.type = providers::find_type(type);
        world.op.claims = world.op.claims.with("filler", unit::quote(std::string(filler, 'a')));
        world.op.metadata = world.op.metadata.without(left_out);
        world.sign_in_as("user-1");
        assert_non_null(world.current().get());
        assert_text_equal(world.current()->session.access_token, "");
        return !world.id_token().empty();
    };
    assert_true(kept("oidc", 0, ""));
    assert_true(kept("descope", 0, ""));
    assert_true(kept("oidc", 2000, ""));
    assert_false(kept("oidc", 2600, ""));  // one cookie holds the rest alone
    assert_false(kept("keycloak", 0, "")); // takes the client's name as well
    assert_false(kept("oidc", 0, "end_session_endpoint"));
    assert_true(kept("keycloak", 0, "", session::StoreSettings::Kind::shared)); // there is room
    assert_false(kept("keycloak", 0, "end_session_endpoint", session::StoreSettings::Kind::redis));
}

void auth_time_is_a_time_of_the_past(void**) {
    const std::pair<const char*, std::int64_t> cases[] = {
        {"1759999000", 1759999000},     {"1759999000.5", 1759999000},
        {"-5", unit::start_of_time}, // unknown, not before 1970
        {"0", unit::start_of_time},     {"\"1759999000\"", unit::start_of_time},
        {"1e300", unit::start_of_time}, {"1760000050", unit::start_of_time}};
    for (const auto& [given, expected] : cases) {
        World world;
        world.op.claims = world.op.claims.with("auth_time", given);
        world.sign_in_as("user-1");
        assert_non_null(world.current().get());
        assert_int_equal(world.current()->session.signed_in_at, expected);
    }
}

// Nothing is sent, nothing is used up, no session is set, and the right callback still works afterwards.
void assert_refused_unsent(World& world, const flow::Request& request,
                           std::string_view code = "state_invalid", int status = 400) {
    const std::size_t sent = world.http.sent.size();
    const auto jar = world.jar;
    const web::Answer answer = world.serve(request);
    assert_failure(answer, code, status);
    assert_false(World::sets_session(answer, world.session_name()));
    assert_int_equal(world.http.sent.size(), sent);
    assert_true(world.jar == jar);
    assert_true(world.ledger.used.empty());
}

void cb_01_without_a_state_nothing_is_sent(void**) {
    World world;
    world.begin();
    assert_refused_unsent(world, world.request("GET", "/auth/oauth/op/callback", "code=code-1"));
    assert_refused_unsent(world, world.request("GET", "/auth/oauth/op/callback", ""));
    assert_refused_unsent(world, world.callback_request(""));
    assert_refused_unsent(world, world.callback_request("short"));
    assert_refused_unsent(world, world.callback_request(std::string(129, 'a')));
    assert_refused_unsent(world, world.callback_request("%zz"), "request_invalid");
}

void cb_02_only_this_sign_ins_state(void**) {
    World world;
    const std::string state = state_of(world.begin());
    for (std::size_t i = 0; i < state.size(); ++i) {
        std::string altered = state;
        altered[i] = altered[i] == 'A' ? 'B' : 'A';
        if (altered != state) {
            assert_refused_unsent(world, world.callback_request(altered));
        }
    }
    assert_refused_unsent(world, world.callback_request(state + "A"));
    assert_refused_unsent(world, world.callback_request(state.substr(0, state.size() - 1)));
    assert_int_equal(world.serve(world.callback_request(state)).status, 302);
    assert_non_null(world.current().get());
}

void cs_01_not_in_another_browser(void**) {
    World world;
    const std::string state = state_of(world.begin());
    const auto jar = std::exchange(world.jar, {});
    assert_refused_unsent(world, world.callback_request(state));
    const std::string second = state_of(world.begin()); // a victim's own sign-in under way does not help
    assert_refused_unsent(world, world.callback_request(state));
    // Nor does its cookie under the other's name.
    world.jar[world.sign_in_name(state)] = world.jar[world.sign_in_name(second)];
    assert_refused_unsent(world, world.callback_request(state));
    assert_refused_unsent(world, world.callback_request(second.substr(0, 12) + state.substr(12)));
}

void mx_03_not_at_another_provider(void**) {
    World world;
    const std::string state = state_of(world.begin());
    assert_refused_unsent(world, world.request("GET", "/auth/oauth/other/callback", "code=c&state=" + state));
    assert_int_equal(world.serve(world.callback_request(state)).status, 302);
}

// A reload gave the name to another provider, with a secret of its own: the former one never sees that.
void not_at_a_provider_that_is_configured_anew(void**) {
    World world;
    const std::string state = state_of(world.begin());
    providers::Settings changed = world.settings;
    changed.issuer = "https://new.example";
    flow::Provider renewed{changed, world.ready, world.clock};
    world.site.providers = {&renewed, &world.other};
    assert_refused_unsent(world, world.callback_request(state));
    flow::Provider same{world.settings, world.ready, world.clock};
    world.site.providers = {&same, &world.other};
    assert_int_equal(world.serve(world.callback_request(state)).status, 302);
}

void sc_17_not_at_another_base_url(void**) {
    World world;
    const std::string state = state_of(world.begin());
    flow::Request request = world.callback_request(state);
    request.base_url = "https://tenant.example";
    assert_refused_unsent(world, request);
    assert_true(world.serve(request).log.find("is damaged, or was made for another base URL") !=
                std::string::npos);
}

void sc_03_a_session_is_no_sign_in_and_a_sign_in_no_session(void**) {
    World world;
    const std::string state = state_of(world.begin());
    const std::string sign_in = world.jar[world.sign_in_name(state)];
    assert_null(world.open(sign_in).get());
    world.serve(world.callback_request(state));
    const std::string session = world.jar.at(world.session_name());
    assert_non_null(world.open(session).get());
    assert_null(world.open(session, "https://tenant.example").get());
    const std::string second = state_of(world.begin());
    world.ledger.used.clear();
    world.jar[world.sign_in_name(second)] = session;
    world.jar.erase(world.session_name());
    assert_refused_unsent(world, world.callback_request(second));
}

void cb_04_not_too_late(void**) {
    World in_time;
    const std::string first = state_of(in_time.begin());
    in_time.clock.advance(in_time.options.sign_in_lifetime);
    in_time.op.claims = in_time.op.claims.with("exp", std::to_string(in_time.clock.now() + 300));
    assert_int_equal(in_time.serve(in_time.callback_request(first)).status, 302);

    World too_late;
    const std::string second = state_of(too_late.begin());
    too_late.clock.advance(too_late.options.sign_in_lifetime + 1);
    const flow::Request request = too_late.callback_request(second, "&code=code-1&return_to=%2Fevil");
    const web::Answer answer = too_late.serve(request);
    assert_failure(answer, "state_invalid", 400);
    assert_true(answer.body.find("evil") == std::string::npos); // a fresh start, not where the query says
    assert_true(answer.body.find("/auth/oauth/login?return_to=%2Fpage\"") != std::string::npos);
    assert_refused_unsent(too_late, request);
    too_late.clock.set(unit::start_of_time - 1); // before it began
    assert_refused_unsent(too_late, request);
}

void cb_06_repeated_parameters_are_refused(void**) {
    World world;
    const std::string state = state_of(world.begin());
    for (const char* rest :
         {"&code=a&code=b", "&code=a&state=b", "&code=a&iss=b&iss=c", "&error=a&error=b"}) {
        assert_refused_unsent(world, world.callback_request(state, rest), "request_invalid");
    }
}

void it_is_used_up_for_as_long_as_it_could_be_used(void**) {
    World world;
    const std::string state = state_of(world.begin());
    assert_true(world.ledger.used.empty());
    assert_int_equal(world.serve(world.callback_request(state)).status, 302);
    assert_int_equal(world.ledger.used.at(state), unit::start_of_time + world.options.sign_in_lifetime + 1);
}

void an_outage_before_the_code_goes_out_uses_nothing_up(void**) {
    const net::HttpResult answers[] = {unit::unreachable(),
                                       core::Error{core::Code::provider_timeout, "op.example: no answer"},
                                       unit::json_response("{}", 503)};
    for (const net::HttpResult& away : answers) {
        World world;
        const std::string state = state_of(world.begin());
        flow::Provider cold(world.settings, world.ready, world.clock); // another worker, say
        world.site.providers = {&cold, &world.other};
        world.op.instead.emplace("/openid-configuration", away);
        const web::Answer answer = world.serve(world.callback_request(state));
        assert_true(answer.status == 502 || answer.status == 504);
        assert_true(world.ledger.used.empty());
        assert_true(world.jar.contains(world.sign_in_name(state)));
        world.op.instead.clear();
        assert_int_equal(world.serve(world.callback_request(state)).status, 302);
        assert_non_null(world.current().get());
    }
}

void a_refusal_uses_nothing_up_and_ends_the_sign_in(void**) {
    for (const char* error : {"access_denied", "server_error"}) {
        World world;
        const std::string state = state_of(world.begin());
        world.serve(world.callback_request(state, std::string("&error=") + error));
        assert_true(world.ledger.used.empty());
        assert_false(world.jar.contains(world.sign_in_name(state)));
    }
}

void cb_03_a_second_time_leads_to_the_page_and_redeems_nothing(void**) {
    World world;
    const std::string state = state_of(world.begin("/deep?y=2"));
    const auto jar = world.jar;
    assert_int_equal(world.serve(world.callback_request(state)).status, 302);
    world.jar = jar; // the browser that keeps the sign-in's cookie, without the session's
    for (const char* rest : {"&code=code-1", "&code=another", "&error=access_denied"}) {
        const web::Answer again = world.serve(world.callback_request(state, rest));
        assert_int_equal(again.status, 302);
        assert_text_equal(World::location(again), app + "/deep?y=2");
        assert_true(again.set_cookies.empty());
    }
    assert_int_equal(world.http.count("/token"), 1);
    world.jar.clear(); // without it nothing is known of the sign-in
    assert_failure(world.serve(world.callback_request(state)), "state_invalid", 400);
}

void tk_18_of_two_at_once_one_redeems(void**) {
    World world;
    const std::string state = state_of(world.begin());
    const flow::Request request = world.callback_request(state);
    std::optional<web::Answer> first;
    flow::Visitor browser = world.visitor();
    core::Flow<web::Answer> flow(
        flow::callback(world.site, request, world.provider, world.site.providers, browser),
        [&first](std::optional<web::Answer> value, std::exception_ptr) { first = std::move(value); });
    flow.start();
    assert_int_equal(world.http.pending(), 1);
    core::Flow<web::Answer> second(
        flow::callback(world.site, request, world.provider, world.site.providers, browser),
        [](std::optional<web::Answer> value, std::exception_ptr) {
            assert_text_equal(World::location(*value), app + "/page");
            assert_true(value->set_cookies.empty());
        });
    second.start();
    assert_int_equal(world.http.pending(), 1);
    while (!first && world.turn()) {
    }
    assert_int_equal(first->status, 302);
    assert_int_equal(world.http.count("/token"), 1);
}

// Both have got past every check and wait for the metadata: still one code goes out.
void tk_18_of_two_that_wait_one_redeems(void**) {
    World world;
    const std::string state = state_of(world.begin());
    const flow::Request request = world.callback_request(state);
    flow::Provider cold(world.settings, world.ready, world.clock);
    std::vector<web::Answer> answers;
    const auto keep = [&answers](std::optional<web::Answer> value, std::exception_ptr) {
        answers.push_back(std::move(*value));
    };
    flow::Visitor browser = world.visitor();
    core::Flow<web::Answer> first(flow::callback(world.site, request, cold, world.site.providers, browser),
                                  keep);
    core::Flow<web::Answer> second(flow::callback(world.site, request, cold, world.site.providers, browser),
                                   keep);
    first.start();
    second.start();
    assert_int_equal(world.http.pending(), 1);
    while (answers.size() < 2 && world.turn()) {
    }
    assert_int_equal(answers.size(), 2);
    assert_text_equal(World::location(answers[0]), app + "/page"); // without a session
    assert_true(answers[0].set_cookies.empty());
    assert_true(World::sets_session(answers[1], world.session_name()));
    assert_int_equal(world.http.count("/token"), 1);
}

void a_browser_that_goes_away_takes_its_exchange_along(void**) {
    World world;
    const std::string state = state_of(world.begin());
    const flow::Request request = world.callback_request(state);
    int done = 0;
    flow::Visitor browser = world.visitor();
    {
        core::Flow<web::Answer> flow(
            flow::callback(world.site, request, world.provider, world.site.providers, browser),
            [&done](std::optional<web::Answer>, std::exception_ptr) { ++done; });
        flow.start();
        assert_int_equal(world.http.pending(), 1);
    }
    assert_int_equal(world.http.pending(), 0);
    assert_int_equal(world.http.cancelled, 1);
    assert_int_equal(done, 0);
    assert_text_equal(World::location(world.serve(request)), app + "/page"); // the code may have been used
    assert_int_equal(world.http.count("/token"), 1);
}

void a_strict_cookie_is_followed_by_a_page_of_ours(void**) {
    World world;
    world.options.cookie.same_site = session::CookieSettings::SameSite::strict;
    const web::Answer answer = world.sign_in_as("user-1");
    assert_int_equal(answer.status, 200);
    assert_true(answer.body.find("content=\"0;url=https://app.example/page\"") != std::string::npos);
    assert_true(World::sets_session(answer, "__Host-oauth"));
}

flow::Request posted(const World& world, const std::string& state, std::string content_type) {
    flow::Request request = world.request("POST", "/auth/oauth/op/callback");
    request.content_type = std::move(content_type);
    request.body = "code=code-1&state=" + state;
    return request;
}

void cb_15_a_posted_form(void**) {
    World world;
    world.settings.response_mode = "form_post";
    const std::string state = state_of(world.begin());
    for (const char* type : {"", "multipart/form-data", "text/plain", "application/json",
                             "application/x-www-form-urlencoded-not"}) {
        assert_refused_unsent(world, posted(world, state, type), "request_invalid");
    }
    const web::Answer wrong_method = world.serve(world.callback_request(state)); // CB-14
    assert_int_equal(wrong_method.status, 405);
    assert_text_equal(World::header(wrong_method, "Allow"), "POST");
    assert_true(world.ledger.used.empty());
    const web::Answer answer =
        world.serve(posted(world, state, "Application/X-WWW-Form-urlencoded ; charset=utf-8"));
    assert_int_equal(answer.status, 303);
    assert_text_equal(World::location(answer), app + "/page");
    assert_non_null(world.current().get());
}

} // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(cb_18_a_sign_in_ends_in_a_session),
        cmocka_unit_test(the_code_is_redeemed_as_it_was_asked_for),
        cmocka_unit_test(tokens_are_kept_where_they_are_asked_for),
        cmocka_unit_test(the_id_token_is_kept_as_a_hint_where_the_provider_needs_it),
        cmocka_unit_test(auth_time_is_a_time_of_the_past),
        cmocka_unit_test(cb_01_without_a_state_nothing_is_sent),
        cmocka_unit_test(cb_02_only_this_sign_ins_state),
        cmocka_unit_test(cs_01_not_in_another_browser),
        cmocka_unit_test(mx_03_not_at_another_provider),
        cmocka_unit_test(not_at_a_provider_that_is_configured_anew),
        cmocka_unit_test(sc_17_not_at_another_base_url),
        cmocka_unit_test(sc_03_a_session_is_no_sign_in_and_a_sign_in_no_session),
        cmocka_unit_test(cb_04_not_too_late),
        cmocka_unit_test(cb_06_repeated_parameters_are_refused),
        cmocka_unit_test(it_is_used_up_for_as_long_as_it_could_be_used),
        cmocka_unit_test(an_outage_before_the_code_goes_out_uses_nothing_up),
        cmocka_unit_test(a_refusal_uses_nothing_up_and_ends_the_sign_in),
        cmocka_unit_test(cb_03_a_second_time_leads_to_the_page_and_redeems_nothing),
        cmocka_unit_test(tk_18_of_two_at_once_one_redeems),
        cmocka_unit_test(tk_18_of_two_that_wait_one_redeems),
        cmocka_unit_test(a_browser_that_goes_away_takes_its_exchange_along),
        cmocka_unit_test(a_strict_cookie_is_followed_by_a_page_of_ours),
        cmocka_unit_test(cb_15_a_posted_form),
    };
    return cmocka_run_group_tests_name("callback", tests, nullptr, nullptr);
}
