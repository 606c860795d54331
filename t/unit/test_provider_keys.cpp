// SPDX-License-Identifier: MIT
// A provider's keys: fetched by one for all who wait, kept while the provider is down (MD-08), and looked for
// again when a token names an unknown one, a few times only (MD-09, MD-10, MD-17, MX-05, T4).
#include "../../src/oidc/id_token.hpp"
#include "provider_place.hpp"

#include <memory>
#include <string>
#include <vector>

using namespace oauth;
using flow::Provider;
using unit::answer;
using unit::json_response;
using unit::KeysRun;
using unit::Place;

namespace {

const tokens::Key& key(int number) {
    static const std::vector<tokens::Key> keys = [] {
        std::vector<tokens::Key> made;
        for (int i = 0; i < 4; ++i) {
            made.push_back(tokens::Key::ec("k" + std::to_string(i), "P-256"));
        }
        return made;
    }();
    return keys[static_cast<std::size_t>(number)];
}

// Tokens that the coroutine refers to live as long as the test.
const jose::Jws& token(std::string_view kid, const tokens::Key& by = key(0)) {
    static std::vector<std::unique_ptr<std::string>> texts;
    static std::vector<std::unique_ptr<jose::Jws>> all;
    texts.push_back(std::make_unique<std::string>(
        tokens::sign(by, "ES256", "{\"alg\":\"ES256\",\"kid\":\"" + std::string(kid) + "\"}", "{}")));
    auto jws = jose::parse_compact(*texts.back());
    assert_true(jws.ok());
    all.push_back(std::make_unique<jose::Jws>(std::move(jws.value())));
    return *all.back();
}

const std::string jwks_uri = "https://op.example/jwks";

std::unique_ptr<KeysRun> keys(Place& place, const jose::Jws& jws) {
    return std::make_unique<KeysRun>(place.provider.keys(place.http, jwks_uri, jws));
}

net::HttpResult key_answer(const std::vector<int>& numbers) {
    std::vector<tokens::Object> jwks;
    for (const int number : numbers) {
        jwks.push_back(key(number).jwk());
    }
    return json_response(tokens::jwk_set(jwks));
}

bool holds(const KeysRun& run, const std::string& kid) {
    return run.ok() && run.result->value()->has_kid(kid);
}

void keys_are_fetched_once(void**) {
    Place place;
    std::vector<std::unique_ptr<KeysRun>> runs;
    for (int i = 0; i < 100; ++i) {
        runs.push_back(keys(place, token("k0")));
    }
    assert_int_equal(place.http.sent.size(), 1);
    answer(place, key_answer({0}));
    for (const auto& run : runs) {
        assert_true(holds(*run, "k0"));
    }
    assert_true(holds(*keys(place, token("k0")), "k0"));
    assert_int_equal(place.http.sent.size(), 1);
}

void key_failures_are_shared_and_forgotten(void**) {
    net::HttpResult refused = key_answer({0});
    refused->status = 500;
    for (const net::HttpResult& bad :
         {unit::unreachable(), refused, json_response("[]"), json_response("<")}) {
        Place place;
        const auto first = keys(place, token("k0"));
        const auto waiting = keys(place, token("k0"));
        answer(place, bad);
        assert_false(first->result->ok());
        assert_false(waiting->result->ok());
        assert_int_equal(place.http.sent.size(), 1);
        const auto next = keys(place, token("k0"));
        answer(place, key_answer({0}));
        assert_true(holds(*next, "k0"));
    }
}

void t4_keys_may_rotate_twice_within_seconds(void**) {
    Place place;
    const auto first = keys(place, token("k0"));
    answer(place, key_answer({0}));
    for (const int number : {1, 2}) {
        place.clock.advance(1);
        const std::string kid = "k" + std::to_string(number);
        const auto rotated = keys(place, token(kid, key(number)));
        answer(place, key_answer({number}));
        assert_true(holds(*rotated, kid));
    }
    assert_int_equal(place.http.sent.size(), 3);
}

void md_09_unknown_keys_are_looked_for_a_few_times_only(void**) {
    Place place;
    const auto first = keys(place, token("k0"));
    answer(place, key_answer({0}));
    for (int i = 0; i < 1000; ++i) {
        const auto run = keys(place, token("unknown-" + std::to_string(i)));
        if (place.http.pending() != 0) {
            answer(place, key_answer({0}));
        }
        assert_true(run->ok()); // what it has, which does not verify the token
        assert_false(run->result->value()->has_kid("unknown-" + std::to_string(i)));
    }
    assert_int_equal(place.http.sent.size(), 1 + 5);
    assert_true(holds(*keys(place, token("k0")), "k0")); // the others are not disturbed
    assert_int_equal(place.http.sent.size(), 1 + 5);
    place.clock.advance(10);
    const auto later = keys(place, token("k1", key(1)));
    assert_int_equal(place.http.sent.size(), 1 + 6);
    answer(place, key_answer({1}));
    assert_true(holds(*later, "k1"));
}

// While it gives none, too: anybody can send tokens.
void md_09_keys_that_cannot_be_had_are_asked_for_now_and_then(void**) {
    Place place;
    for (int i = 0; i < 100; ++i) {
        const auto run = keys(place, token("k0"));
        if (place.http.pending() != 0) {
            answer(place, json_response("{}", 500));
        }
        assert_true(run->done());
        assert_true(run->result->error().detail.find("status 500") != std::string::npos);
    }
    assert_int_equal(place.http.sent.size(), 1 + 20);
    place.clock.advance(1);
    const auto recovered = keys(place, token("k0"));
    answer(place, key_answer({0}));
    assert_true(holds(*recovered, "k0"));
    for (const int number : {1, 2}) { // and is not held up by what was
        const auto rotated = keys(place, token("k" + std::to_string(number), key(number)));
        answer(place, key_answer({number}));
        assert_true(holds(*rotated, "k" + std::to_string(number)));
    }
}

// Each of them would be another address that is asked.
void md_09_tokens_of_strangers_name_a_few_other_issuers_only(void**) {
    Place place;
    place.settings = providers::make_settings(*providers::find_type("aws-cognito"), "op");
    place.settings.token_endpoint = "https://op.example/token";
    const auto ask = [&place](int pool, Provider::Asker asker) {
        const std::string issuer =
            "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_Pool" + std::to_string(pool);
        return std::make_unique<unit::MetadataRun>(place.provider.metadata_of(place.http, issuer, asker));
    };
    for (int i = 0; i < 100; ++i) {
        const auto run = ask(i, Provider::Asker::stranger);
        if (place.http.pending() != 0) {
            answer(place, unit::unreachable());
        }
        assert_true(run->done() && !run->ok());
    }
    assert_int_equal(place.http.sent.size(), 2);
    const auto own = ask(100, Provider::Asker::ourselves); // a sign-in is not held up
    assert_int_equal(place.http.sent.size(), 3);
    answer(place, unit::unreachable());
    place.clock.advance(30);
    const auto later = ask(101, Provider::Asker::stranger);
    assert_int_equal(place.http.sent.size(), 4);
    answer(place, unit::unreachable());
}

void md_17_published_secrets_are_told_once(void**) {
    Place place;
    const auto with_secrets = [](int number) {
        return json_response(tokens::jwk_set({key(number).jwk({{"d", "\"AQAB\""}}), key(3).jwk()}));
    };
    const auto first = keys(place, token("k0"));
    answer(place, with_secrets(0));
    assert_true(holds(*first, "k0")); // its public part is used
    assert_int_equal(place.reported.size(), 1);
    assert_true(place.reported[0].find("secret parts of keys") != std::string::npos);
    assert_true(place.reported[0].find(": k0. Have") != std::string::npos);
    assert_true(place.reported[0].find("AQAB") == std::string::npos);
    const auto again = keys(place, token("unknown"));
    answer(place, with_secrets(0));
    assert_int_equal(place.reported.size(), 1);
    const auto other = keys(place, token("k1", key(1)));
    answer(place, with_secrets(1));
    assert_int_equal(place.reported.size(), 2);
    const auto clean = keys(place, token("k2", key(2)));
    answer(place, key_answer({2}));
    assert_int_equal(place.reported.size(), 2);
}

// Against OpenID Connect Core 10.1, but servers do it: another key under the same kid.
void a_key_replaced_under_its_kid_is_fetched_again(void**) {
    Place place;
    const tokens::Key replaced = tokens::Key::ec("k0", "P-256");
    const std::string replaced_set = tokens::jwk_set({replaced.jwk()});
    const auto first = keys(place, token("k0"));
    answer(place, key_answer({0}));
    const jose::Jws& by_new = token("k0", replaced);
    const auto renewed = keys(place, by_new);
    assert_int_equal(place.http.sent.size(), 2);
    answer(place, json_response(replaced_set));
    assert_true(oidc::look_for_key(by_new, *renewed->result->value()) == oidc::KeyLookup::found);
    assert_true(holds(*keys(place, by_new), "k0"));
    assert_int_equal(place.http.sent.size(), 2);
    // Signatures that no key verifies cost no more than unknown kids do, together with them.
    for (int i = 0; i < 1000; ++i) {
        const auto forged = keys(place, token(i % 2 == 0 ? "k0" : "unknown", key(1)));
        if (place.http.pending() != 0) {
            answer(place, json_response(replaced_set));
        }
        assert_true(forged->ok());
    }
    assert_int_equal(place.http.sent.size(), 1 + 5);
    assert_true(holds(*keys(place, by_new), "k0"));
}

void md_10_a_failing_refetch_refuses(void**) {
    Place place;
    const auto first = keys(place, token("k0"));
    answer(place, key_answer({0}));
    const auto unknown = keys(place, token("k1", key(1)));
    answer(place, unit::unreachable());
    assert_true(unknown->done());
    assert_false(unknown->result->ok());
    assert_true(holds(*keys(place, token("k0")), "k0")); // what is known is still good
}

void md_08_stale_keys_serve_while_the_provider_is_down(void**) {
    Place place;
    const auto first = keys(place, token("k0"));
    answer(place, key_answer({0}));
    place.clock.advance(flow::fresh_for);
    assert_true(holds(*keys(place, token("k0")), "k0")); // at once, with a fetch behind it
    assert_int_equal(place.http.sent.size(), 2);
    answer(place, unit::unreachable());
    assert_int_equal(place.reported.size(), 1);
    assert_true(place.reported[0].starts_with("goes on with what was last known"));
    assert_true(holds(*keys(place, token("k0")), "k0"));
    assert_int_equal(place.http.sent.size(), 2);
    const auto unknown = keys(place, token("k1", key(1)));
    answer(place, unit::unreachable());
    assert_false(unknown->result->ok());
    place.clock.advance(flow::usable_for);
    const auto too_old = keys(place, token("k0"));
    answer(place, unit::unreachable());
    assert_false(too_old->result->ok());
}

void a_key_that_is_withdrawn_is_gone_when_the_keys_are_read_again(void**) {
    Place place;
    const auto first = keys(place, token("k0"));
    answer(place, key_answer({0, 1}));
    place.clock.advance(flow::fresh_for);
    assert_true(holds(*keys(place, token("k0")), "k0"));
    answer(place, key_answer({1}));
    const auto again = keys(place, token("k0"));
    answer(place, key_answer({1}));
    assert_true(again->ok());
    assert_false(holds(*again, "k0"));
}

void who_joins_a_fetch_of_before_asks_once_more(void**) {
    Place place;
    const auto first = keys(place, token("k0"));
    const auto joined = keys(place, token("k1", key(1)));
    answer(place, key_answer({0})); // as they were before k1 was there
    assert_true(holds(*first, "k0"));
    assert_false(joined->done());
    assert_int_equal(place.http.sent.size(), 2);
    answer(place, key_answer({0, 1}));
    assert_true(holds(*joined, "k1"));
}

void who_goes_away_stops_no_fetch_of_keys(void**) {
    Place place;
    keys(place, token("k0")).reset();
    assert_int_equal(place.http.cancelled, 0);
    const auto next = keys(place, token("k0"));
    assert_int_equal(place.http.sent.size(), 1);
    answer(place, key_answer({0}));
    assert_true(holds(*next, "k0"));
}

void mx_05_keys_of_another_address_are_not_used(void**) {
    Place place;
    const auto first = keys(place, token("k0"));
    answer(place, key_answer({0}));
    KeysRun other(place.provider.keys(place.http, "https://op.example/other", token("k0")));
    assert_int_equal(place.http.sent.size(), 2);
    assert_text_equal(place.http.sent[1].url, "https://op.example/other");
    answer(place, unit::unreachable());
    assert_false(other.result->ok());
}

void the_bucket_fills_up_again(void**) {
    flow::TokenBucket bucket(2, 10);
    assert_true(bucket.take(100));
    assert_true(bucket.take(100));
    assert_false(bucket.take(109));
    assert_true(bucket.take(110));
    assert_false(bucket.take(119));
    assert_true(bucket.take(100000)); // full, not fuller
    assert_true(bucket.take(100000));
    assert_false(bucket.take(100000));
    assert_false(bucket.take(50)); // a clock that is set back gives nothing, and takes nothing for long
    assert_true(bucket.take(60));
}

} // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(keys_are_fetched_once),
        cmocka_unit_test(key_failures_are_shared_and_forgotten),
        cmocka_unit_test(t4_keys_may_rotate_twice_within_seconds),
        cmocka_unit_test(md_09_unknown_keys_are_looked_for_a_few_times_only),
        cmocka_unit_test(md_09_keys_that_cannot_be_had_are_asked_for_now_and_then),
        cmocka_unit_test(md_09_tokens_of_strangers_name_a_few_other_issuers_only),
        cmocka_unit_test(md_17_published_secrets_are_told_once),
        cmocka_unit_test(a_key_replaced_under_its_kid_is_fetched_again),
        cmocka_unit_test(md_10_a_failing_refetch_refuses),
        cmocka_unit_test(md_08_stale_keys_serve_while_the_provider_is_down),
        cmocka_unit_test(a_key_that_is_withdrawn_is_gone_when_the_keys_are_read_again),
        cmocka_unit_test(who_joins_a_fetch_of_before_asks_once_more),
        cmocka_unit_test(who_goes_away_stops_no_fetch_of_keys),
        cmocka_unit_test(mx_05_keys_of_another_address_are_not_used),
        cmocka_unit_test(the_bucket_fills_up_again),
    };
    return cmocka_run_group_tests_name("provider_keys", tests, nullptr, nullptr);
}
