// SPDX-License-Identifier: MIT
// What a worker knows of a provider: fetched once for all who wait, whoever of them leaves; a failure is
// shared by those who waited and by nobody else, and what is stale serves while the provider is asked again
// (MD-02, MD-08). And what makes it the provider that it is. Its keys: test_provider_keys.cpp.
#include "provider_place.hpp"

#include <memory>
#include <set>
#include <string>
#include <vector>

using namespace oauth;
using flow::Provider;
using unit::answer;
using unit::json_response;
using unit::MetadataRun;
using unit::Place;

namespace {

std::unique_ptr<MetadataRun> ask(Place& place) {
    return std::make_unique<MetadataRun>(place.provider.metadata(place.http));
}

net::HttpResult metadata_answer(const char* token_endpoint = "\"https://op.example/token\"") {
    return json_response(unit::metadata_document().with("token_endpoint", token_endpoint).text());
}

void a_hundred_wait_for_one_fetch(void**) {
    Place place;
    std::vector<std::unique_ptr<MetadataRun>> runs;
    for (int i = 0; i < 100; ++i) {
        runs.push_back(ask(place));
    }
    assert_int_equal(place.http.sent.size(), 1);
    assert_text_equal(place.http.sent[0].url, "https://op.example/.well-known/openid-configuration");
    answer(place, metadata_answer());
    for (const auto& run : runs) {
        assert_true(run->ok());
        assert_text_equal((*run->result->value()).token_endpoint, "https://op.example/token");
    }
    assert_int_equal(place.http.sent.size(), 1);
    assert_true(ask(place)->ok()); // and is remembered
    assert_int_equal(place.http.sent.size(), 1);
    assert_non_null(place.provider.known_metadata().get());
}

void who_waited_shares_the_failure_and_the_next_asks_again(void**) {
    Place place;
    std::vector<std::unique_ptr<MetadataRun>> runs;
    for (int i = 0; i < 100; ++i) {
        runs.push_back(ask(place));
    }
    answer(place, unit::unreachable());
    for (const auto& run : runs) {
        assert_true(run->done());
        assert_false(run->result->ok());
        assert_true(run->result->error().code == core::Code::provider_unreachable);
    }
    assert_int_equal(place.http.sent.size(), 1);
    const auto next = ask(place);
    assert_int_equal(place.http.sent.size(), 2);
    answer(place, metadata_answer());
    assert_true(next->ok());
}

void who_came_after_a_failure_asks_for_itself(void**) {
    Place place;
    const auto first = ask(place);
    const auto waiting = ask(place);
    place.http.answer(unit::unreachable()); // those who waited are on their way
    const auto late = ask(place);
    place.ready.run();
    assert_false(first->result->ok());
    assert_false(waiting->result->ok());
    assert_false(late->done());
    assert_int_equal(place.http.sent.size(), 2);
    answer(place, metadata_answer());
    assert_true(late->ok());
}

void who_waited_long_does_not_ask_again(void**) {
    Place place;
    const auto first = ask(place);
    const auto waiting = ask(place);
    place.clock.advance(flow::retry_stale_after + 1); // a slow provider
    answer(place, metadata_answer());
    assert_true(first->ok());
    assert_true(waiting->ok());
    assert_int_equal(place.http.sent.size(), 1);
}

void who_goes_away_stops_no_fetch(void**) {
    Place place;
    auto first = ask(place);
    auto second = ask(place);
    const auto third = ask(place);
    first.reset();
    second.reset();
    assert_int_equal(place.http.cancelled, 0);
    assert_int_equal(place.http.pending(), 1);
    answer(place, metadata_answer());
    assert_true(third->ok());
    assert_int_equal(place.http.sent.size(), 1);
}

// Eight who lose patience cost the ninth nothing: the fetch that the first began goes on for whoever comes.
void a_fetch_goes_on_when_all_have_left(void**) {
    Place place;
    for (int i = 0; i < 8; ++i) {
        auto impatient = ask(place);
        impatient.reset();
    }
    assert_int_equal(place.http.sent.size(), 1);
    assert_int_equal(place.http.cancelled, 0);
    const auto ninth = ask(place);
    assert_int_equal(place.http.sent.size(), 1);
    answer(place, metadata_answer());
    assert_true(ninth->ok());
    auto leaves_between =
        std::make_unique<Place>(); // the answer is there, and who waited is about to be told
    auto run = ask(*leaves_between);
    leaves_between->http.answer(metadata_answer());
    run.reset();
    leaves_between->ready.run();
    assert_true(ask(*leaves_between)->ok());
    assert_int_equal(leaves_between->http.sent.size(), 1);
}

void a_fetch_ends_with_its_owner(void**) {
    unit::FakeHttp http;
    unit::FakeClock clock{unit::start_of_time};
    core::ReadyQueue ready{[] {}};
    const providers::Settings settings = unit::openid_settings("op", unit::issuer);
    auto provider = std::make_unique<Provider>(settings, ready, clock);
    auto run = std::make_unique<MetadataRun>(provider->metadata(http));
    run.reset();
    assert_int_equal(http.pending(), 1);
    provider.reset();
    assert_int_equal(http.pending(), 0);
    assert_int_equal(http.cancelled, 1);
}

// The process may end while a fetch is under way that nobody waits for, and not while somebody does.
void only_who_waits_keeps_the_process(void**) {
    int waiting = 0;
    unit::FakeHttp http;
    unit::FakeClock clock{unit::start_of_time};
    core::ReadyQueue ready{[] {},
                           [&waiting](core::ReadyQueue::Waiting change) {
                               waiting += change == core::ReadyQueue::Waiting::somebody ? 1 : -1;
                           }};
    const providers::Settings settings = unit::openid_settings("op", unit::issuer);
    Provider provider(settings, ready, clock);
    auto leaving = std::make_unique<MetadataRun>(provider.metadata(http));
    auto staying = std::make_unique<MetadataRun>(provider.metadata(http));
    assert_true(http.oldest().purpose == net::HttpRequest::Purpose::background);
    assert_int_equal(waiting, 1);
    leaving.reset();
    assert_int_equal(waiting, 1);
    http.answer(metadata_answer());
    assert_int_equal(waiting, 1); // until it has been told
    ready.run();
    assert_true(staying->ok());
    assert_int_equal(waiting, 0);
    clock.advance(flow::fresh_for);
    assert_true(MetadataRun(provider.metadata(http)).ok());
    assert_int_equal(http.pending(), 1);
    assert_int_equal(waiting, 0);
}

void md_02_what_is_not_its_own_is_refused(void**) {
    Place place;
    const auto run = ask(place);
    answer(place, json_response(unit::metadata_document().with("issuer", "\"https://op.example/\"").text()));
    assert_true(run->result->error().code == core::Code::provider_error);
    assert_null(place.provider.known_metadata().get());
}

void md_03_a_server_that_knows_oauth_alone(void**) {
    for (const int status : {404, 500, 403}) {
        Place place;
        const auto run = ask(place);
        answer(place, json_response("{}", status));
        if (status != 404) {
            assert_true(run->done() && !run->ok());
            assert_int_equal(place.http.sent.size(), 1);
            continue;
        }
        assert_int_equal(place.http.sent.size(), 2);
        assert_text_equal(place.http.sent[1].url,
                          "https://op.example/.well-known/oauth-authorization-server");
        answer(place, metadata_answer());
        assert_true(run->ok());
    }
    Place neither;
    const auto run = ask(neither);
    answer(neither, json_response("{}", 404));
    answer(neither, unit::unreachable());
    assert_true(run->done() && !run->ok());
    assert_true(run->result->error().detail.find("status 404") != std::string::npos);
    assert_true(run->result->error().detail.find("openid-configuration") != std::string::npos);
    Place other; // MD-02 holds there, too
    const auto refused = ask(other);
    answer(other, json_response("{}", 404));
    answer(other, json_response(unit::metadata_document().with("issuer", "\"https://evil.test\"").text()));
    assert_true(refused->done() && !refused->ok());
}

void md_08_stale_metadata_serve_while_the_provider_is_down(void**) {
    Place place;
    const auto first = ask(place);
    answer(place, metadata_answer());
    place.clock.advance(flow::fresh_for - 1);
    assert_true(ask(place)->ok());
    assert_int_equal(place.http.sent.size(), 1);

    place.clock.advance(1);
    assert_true(ask(place)->ok()); // at once, with a fetch behind it
    assert_true(ask(place)->ok());
    assert_int_equal(place.http.sent.size(), 2);
    assert_int_equal(place.reported.size(), 0);
    answer(place, unit::unreachable());
    assert_int_equal(place.reported.size(), 1);
    assert_true(place.reported[0].starts_with("goes on with what was last known"));
    assert_true(ask(place)->ok()); // without asking for a while
    assert_int_equal(place.http.sent.size(), 2);
    place.clock.advance(flow::retry_stale_after);
    const auto again = ask(place);
    assert_text_equal((*again->result->value()).token_endpoint, "https://op.example/token");
    assert_int_equal(place.http.sent.size(), 3);
    answer(place, metadata_answer("\"https://op.example/new\""));
    const auto renewed = ask(place);
    assert_text_equal((*renewed->result->value()).token_endpoint, "https://op.example/new");
    assert_int_equal(place.http.sent.size(), 3);
}

void md_08_not_for_ever(void**) {
    Place place;
    const auto first = ask(place);
    answer(place, metadata_answer());
    place.clock.advance(flow::usable_for - 1);
    assert_true(ask(place)->ok());
    answer(place, unit::unreachable());
    place.clock.advance(1);
    const auto too_old = ask(place);
    assert_false(too_old->done());
    answer(place, unit::unreachable());
    assert_false(too_old->result->ok());
}

void configured_endpoints_win(void**) {
    Place place;
    place.settings.token_endpoint = "https://op.example/configured";
    const auto run = ask(place);
    answer(place, metadata_answer());
    assert_text_equal((*run->result->value()).token_endpoint, "https://op.example/configured");
    assert_text_equal((*run->result->value()).jwks_uri, "https://op.example/jwks");
}

// MD-05, member by member: a bad one that the block gives, or that nothing needs, harms nobody.
void configured_endpoints_win_over_unusable_ones(void**) {
    Place place;
    place.settings.token_endpoint = "https://op.example/configured";
    place.settings.userinfo = providers::UserinfoUse::off;
    const auto run = ask(place);
    answer(place, json_response(unit::metadata_document()
                                    .with("token_endpoint", "\"/relative\"")
                                    .with("userinfo_endpoint", "\"http://op.example/u\"")
                                    .with("introspection_endpoint", "\"\"")
                                    .text()));
    assert_true(run->ok());
    assert_text_equal((*run->result->value()).token_endpoint, "https://op.example/configured");
    assert_text_equal((*run->result->value()).jwks_uri, "https://op.example/jwks");
    assert_int_equal(place.reported.size(), 1);
    for (const char* name : {"token_endpoint is", "userinfo_endpoint is", "introspection_endpoint is"}) {
        assert_true(place.reported[0].find(name) != std::string::npos);
    }
}

void unusable_members_are_reported_once(void**) {
    Place place;
    const auto bad = [](const char* name) {
        return json_response(unit::metadata_document().with(name, "\"http://op.example/x\"").text());
    };
    const auto first = ask(place);
    answer(place, bad("introspection_endpoint"));
    assert_true(first->ok());
    for (const char* name : {"introspection_endpoint", "revocation_endpoint", "introspection_endpoint"}) {
        place.clock.advance(flow::fresh_for);
        assert_true(ask(place)->ok());
        answer(place, bad(name));
    }
    assert_int_equal(place.reported.size(), 3); // what is as it was is not said again
    assert_text_equal(
        place.reported[0],
        "left out of its metadata: introspection_endpoint is not an https URL (allow_http names "
        "hosts that may do without)");
    assert_true(place.reported[1].find("revocation_endpoint") != std::string::npos);
}

void what_is_needed_must_be_usable(void**) {
    for (const char* name : {"authorization_endpoint", "token_endpoint", "userinfo_endpoint", "jwks_uri"}) {
        Place place;
        const auto run = ask(place);
        answer(place, json_response(unit::metadata_document().with(name, "\"http://op.example/x\"").text()));
        assert_true(run->result->error().code == core::Code::provider_error);
        const std::string& detail = run->result->error().detail;
        assert_true(detail.starts_with("metadata: " + std::string(name)));
        assert_true(detail.ends_with(": give " + std::string(name) + " in the oauth_provider block"));
    }
    for (const auto& [name, parameter] :
         {std::pair<std::string, std::string>("token_endpoint_auth_methods_supported", "client_auth"),
          {"id_token_signing_alg_values_supported", "signing_algorithms"}}) {
        Place other;
        const auto run = ask(other);
        answer(other, json_response(unit::metadata_document().with(name, "[7]").text()));
        assert_true(
            run->result->error().detail.ends_with(": give " + parameter + " in the oauth_provider block"));
    }
    Place place;
    place.settings.userinfo = providers::UserinfoUse::on;
    const auto run = ask(place);
    answer(place, json_response(unit::metadata_document().without("userinfo_endpoint").text()));
    assert_text_equal(run->result->error().detail, "metadata: userinfo_endpoint is missing "
                                                   "(https://op.example/.well-known/openid-configuration): "
                                                   "give userinfo_endpoint in the oauth_provider block");
}

// MD-06: a public issuer whose metadata would have the code posted to this machine.
void metadata_of_another_machine_name_no_port_of_this_one(void**) {
    const std::string local = "\"http://127.0.0.1:8500/v1/agent\"";
    Place place;
    const auto run = ask(place);
    answer(place, metadata_answer(local.c_str()));
    assert_true(run->result->error().code == core::Code::provider_error);
    assert_true(run->result->error().detail.find("loopback") != std::string::npos);
    const auto answered = [&local](const std::string& issuer, std::vector<std::string> plain) {
        Place other;
        other.settings.issuer = issuer;
        other.settings.plain_http.hosts = std::move(plain);
        const auto asked = ask(other);
        answer(other, json_response(unit::metadata_document()
                                        .with("issuer", unit::quote(issuer))
                                        .with("token_endpoint", local)
                                        .text()));
        return asked->ok();
    };
    assert_true(answered("http://localhost:9000", {}));
    assert_true(answered("https://127.0.0.1:9000", {}));
    assert_false(answered("http://idp.internal", {"idp.internal"}));
    assert_true(answered("https://op.example", {"127.0.0.1"})); // the operator says so
}

void nothing_is_fetched_where_everything_is_configured(void**) {
    Place place;
    place.settings.authorization_endpoint = "https://op.example/a";
    place.settings.token_endpoint = "https://op.example/t";
    place.settings.jwks_uri = "https://op.example/j";
    const auto run = ask(place);
    assert_true(run->ok());
    assert_text_equal((*run->result->value()).issuer, unit::issuer);
    place.clock.advance(10 * flow::usable_for);
    assert_true(ask(place)->ok());
    assert_int_equal(place.http.sent.size(), 0);
}

void what_makes_a_provider_itself(void**) {
    const providers::Settings settings = unit::openid_settings("op", unit::issuer);
    const std::string mark = providers::fingerprint(settings);
    assert_int_equal(mark.size(), 8);
    providers::Settings same = settings;
    same.client_secret = "another secret";
    same.scopes = {"openid"};
    same.label = "Another label";
    assert_text_equal(providers::fingerprint(same), mark);
    std::set<std::string> marks = {mark};
    using Text = std::string providers::Settings::*;
    for (const Text member : {&providers::Settings::client_id, &providers::Settings::issuer,
                              &providers::Settings::authorization_endpoint,
                              &providers::Settings::token_endpoint, &providers::Settings::userinfo_endpoint,
                              &providers::Settings::api_url, &providers::Settings::jwks_uri,
                              &providers::Settings::subject_claim, &providers::Settings::user_claim}) {
        providers::Settings other = settings;
        other.*member += "x";
        marks.insert(providers::fingerprint(other));
    }
    providers::Settings type = settings;
    type.type = providers::find_type("keycloak");
    marks.insert(providers::fingerprint(type));
    providers::Settings shifted = settings; // the same letters in other places
    shifted.client_id += "h";
    shifted.issuer.erase(0, 1);
    marks.insert(providers::fingerprint(shifted));
    providers::Settings tenants = settings; // whom it admits
    for (const char* tenant :
         {"aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee", "bbbbbbbb-cccc-dddd-eeee-ffffffffffff"}) {
        tenants.allowed_tenants.emplace_back(tenant);
        marks.insert(providers::fingerprint(tenants));
    }
    providers::Settings named = settings;
    named.tenant = "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee";
    assert_text_equal(providers::fingerprint(named), mark); // anybody may come still
    named.single_tenant = true;
    marks.insert(providers::fingerprint(named));
    named.tenant = "bbbbbbbb-cccc-dddd-eeee-ffffffffffff";
    marks.insert(providers::fingerprint(named));
    providers::Settings audiences = settings;
    for (const char* audience : {"aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee", "project"}) {
        audiences.trusted_audiences.emplace_back(audience);
        marks.insert(providers::fingerprint(audiences));
    }
    audiences.allowed_tenants = {"project"}; // the same texts in other lists
    audiences.trusted_audiences.pop_back();
    marks.insert(providers::fingerprint(audiences));
    audiences.allowed_tenants.push_back(audiences.trusted_audiences.front());
    audiences.trusted_audiences.clear();
    marks.insert(providers::fingerprint(audiences));
    assert_int_equal(marks.size(), 20);
}

} // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(a_hundred_wait_for_one_fetch),
        cmocka_unit_test(who_waited_shares_the_failure_and_the_next_asks_again),
        cmocka_unit_test(who_came_after_a_failure_asks_for_itself),
        cmocka_unit_test(who_waited_long_does_not_ask_again),
        cmocka_unit_test(who_goes_away_stops_no_fetch),
        cmocka_unit_test(a_fetch_goes_on_when_all_have_left),
        cmocka_unit_test(a_fetch_ends_with_its_owner),
        cmocka_unit_test(only_who_waits_keeps_the_process),
        cmocka_unit_test(md_02_what_is_not_its_own_is_refused),
        cmocka_unit_test(md_03_a_server_that_knows_oauth_alone),
        cmocka_unit_test(md_08_stale_metadata_serve_while_the_provider_is_down),
        cmocka_unit_test(md_08_not_for_ever),
        cmocka_unit_test(configured_endpoints_win),
        cmocka_unit_test(configured_endpoints_win_over_unusable_ones),
        cmocka_unit_test(unusable_members_are_reported_once),
        cmocka_unit_test(what_is_needed_must_be_usable),
        cmocka_unit_test(metadata_of_another_machine_name_no_port_of_this_one),
        cmocka_unit_test(nothing_is_fetched_where_everything_is_configured),
        cmocka_unit_test(what_makes_a_provider_itself),
    };
    return cmocka_run_group_tests_name("provider_state", tests, nullptr, nullptr);
}
