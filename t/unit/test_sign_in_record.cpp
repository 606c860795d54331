// SPDX-License-Identifier: MIT
// One sign-in on its way: its values are distinct and strong (AR-01, AR-02), the record is read back
// strictly, and the cookies of many tabs stay few and small (SC-18).
#include "../../src/core/bytes.hpp"
#include "../../src/session/sign_in.hpp"

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "unit.hpp"

using namespace oauth;
using namespace oauth::session;

namespace {

constexpr std::int64_t started = 1760000000;

SignIn make(core::Random& random, std::int64_t at = started) {
    std::string bytes(SignIn::seed_size + SignIn::id_random_size, '\0');
    assert_true(random.fill(bytes.data(), bytes.size()));
    return make_sign_in(bytes, at);
}

SignIn example() {
    unit::CountingRandom random;
    SignIn sign_in = make(random);
    sign_in.expires_at = started + 600;
    sign_in.provider = "corp";
    sign_in.provider_fingerprint = std::string("\0fingerp", 8);
    sign_in.token_endpoint = "https://op.example/token";
    sign_in.userinfo_endpoint = "https://op.example/userinfo";
    sign_in.return_to = "/page?x=1";
    sign_in.origin = "https://wiki.example";
    sign_in.offer = "corp.other";
    return sign_in;
}

bool is_unreserved(const std::string& text) {
    return text.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") ==
           std::string::npos;
}

void ar_01_all_values_are_distinct(void**) {
    core::SystemRandom random;
    std::set<std::string> values;
    for (int i = 0; i < 1000; ++i) {
        const SignIn sign_in = make(random);
        values.insert(sign_in.state().substr(SignIn::id_size));
        values.insert(sign_in.nonce());
        values.insert(sign_in.code_verifier());
        values.insert(sign_in.id);
    }
    assert_int_equal(values.size(), 4000);
}

void ar_02_sizes_and_characters(void**) {
    const SignIn sign_in = example();
    assert_int_equal(sign_in.id.size(), SignIn::id_size);
    assert_int_equal(sign_in.state().size(), SignIn::id_size + 43);
    assert_int_equal(sign_in.nonce().size(), 43);
    assert_int_equal(sign_in.code_verifier().size(), 43);
    assert_true(is_unreserved(sign_in.state() + sign_in.nonce() + sign_in.code_verifier()));
}

void ar_01_every_bit_of_the_seed_matters(void**) {
    const SignIn sign_in = example();
    for (std::size_t i = 0; i < SignIn::seed_size; ++i) {
        SignIn other = sign_in;
        other.seed[i] = static_cast<char>(other.seed[i] ^ 1);
        assert_true(other.state() != sign_in.state());
        assert_true(other.nonce() != sign_in.nonce());
        assert_true(other.code_verifier() != sign_in.code_verifier());
    }
}

void the_state_tells_the_id_and_nothing_of_the_rest(void**) {
    const SignIn sign_in = example();
    assert_text_equal(sign_in_id(sign_in.state()).value_or("none"), sign_in.id);
    assert_true(sign_in.state().find(sign_in.nonce()) == std::string::npos);
    assert_true(sign_in.state().find(sign_in.code_verifier()) == std::string::npos);
    assert_true(sign_in.state().find(core::base64url_encode(sign_in.seed)) == std::string::npos);
    assert_false(sign_in_id("").has_value());
    assert_false(sign_in_id(sign_in.id).has_value());
    assert_text_equal(sign_in_cookie_name("__Host-oauth", sign_in.id), "__Host-oauth_login_" + sign_in.id);
}

void the_record_round_trips(void**) {
    const SignIn sign_in = example();
    const auto read = deserialize_sign_in(serialize(sign_in));
    assert_true(read.has_value());
    assert_text_equal(read->id, sign_in.id);
    assert_text_equal(read->seed, sign_in.seed);
    assert_int_equal(read->started_at, started);
    assert_int_equal(read->expires_at, started + 600);
    assert_text_equal(read->provider, sign_in.provider);
    assert_text_equal(read->provider_fingerprint, sign_in.provider_fingerprint);
    assert_text_equal(read->token_endpoint, sign_in.token_endpoint);
    assert_text_equal(read->userinfo_endpoint, sign_in.userinfo_endpoint);
    assert_text_equal(read->return_to, sign_in.return_to);
    assert_text_equal(read->origin, sign_in.origin);
    assert_text_equal(read->offer, sign_in.offer);
    assert_text_equal(read->state(), sign_in.state());
}

void sc_20_nothing_else_is_read(void**) {
    const std::string record = serialize(example());
    for (std::size_t size = 0; size < record.size(); ++size) {
        assert_false(deserialize_sign_in(record.substr(0, size)).has_value());
    }
    assert_false(deserialize_sign_in(record + "x").has_value());
    std::string other_version = record;
    other_version[0] = 1;
    assert_false(deserialize_sign_in(other_version).has_value());
    SignIn short_seed = example();
    short_seed.seed.pop_back(); // state, nonce and verifier would be guessable with none at all
    assert_false(deserialize_sign_in(serialize(short_seed)).has_value());
    short_seed.seed.clear();
    assert_false(deserialize_sign_in(serialize(short_seed)).has_value());
}

SignInCookie cookie_at(core::Random& random, std::int64_t at, std::size_t size = 300) {
    return {sign_in_cookie_name("oauth", make(random, at).id), size};
}

void sc_18_five_at_most_the_oldest_go(void**) {
    unit::CountingRandom random;
    std::vector<SignInCookie> present;
    for (const int age : {30, 10, 50, 20}) {
        present.push_back(cookie_at(random, started - age));
    }
    assert_int_equal(sign_ins_to_evict(present, "oauth", started, 300).size(), 0); // the new one is the fifth
    present.push_back(cookie_at(random, started - 40));
    auto evicted = sign_ins_to_evict(present, "oauth", started, 300);
    assert_int_equal(evicted.size(), 1);
    assert_text_equal(evicted[0], present[2].name);
    for (int i = 0; i < 195; ++i) {
        present.push_back(cookie_at(random, started, 10));
    }
    evicted = sign_ins_to_evict(present, "oauth", started, 10);
    assert_int_equal(evicted.size(), 200 - (max_sign_ins - 1));
    assert_text_equal(evicted[0], present[2].name);
    assert_text_equal(evicted[1], present[4].name);
    assert_text_equal(evicted[2], present[0].name);
}

void sc_18_all_together_are_bounded(void**) {
    unit::CountingRandom random;
    const std::size_t name = cookie_at(random, started).name.size();
    std::vector<SignInCookie> present;
    for (const int age : {10, 20, 30}) {
        present.push_back(cookie_at(random, started - age, 1000 - name));
    }
    assert_int_equal(sign_ins_to_evict(present, "oauth", started, 2000).size(), 0);
    auto evicted = sign_ins_to_evict(present, "oauth", started, 2001);
    assert_int_equal(evicted.size(), 1);
    assert_text_equal(evicted[0], present[2].name);
    assert_int_equal(sign_ins_to_evict(present, "oauth", started, 3001).size(), 2);
    assert_int_equal(sign_ins_to_evict(present, "oauth", started, 5000).size(), 3);
    // A large session beside them leaves less: a line of 8 KB holds them all.
    assert_int_equal(sign_ins_to_evict(present, "oauth", started, 1000, 4000).size(), 0);
    assert_int_equal(sign_ins_to_evict(present, "oauth", started, 1000, 4001).size(), 1);
    assert_int_equal(sign_ins_to_evict(present, "oauth", started, 1000, 7500).size(), 3);
    assert_int_equal(sign_ins_to_evict(present, "oauth", started, 1000, 90000).size(), 3);
}

void foreign_names_go_first(void**) {
    unit::CountingRandom random;
    std::vector<SignInCookie> present;
    for (int i = 0; i < 4; ++i) {
        present.push_back(cookie_at(random, started));
    }
    present.push_back({"oauth_login_planted!", 10});
    const auto evicted = sign_ins_to_evict(present, "oauth", started, 300);
    assert_int_equal(evicted.size(), 1);
    assert_text_equal(evicted[0], "oauth_login_planted!");
}

void sc_18_a_time_to_come_saves_nothing(void**) {
    unit::CountingRandom random;
    std::vector<SignInCookie> present = {cookie_at(random, started), cookie_at(random, started - 60)};
    for (const std::int64_t ahead : {1, 3600, 1 << 30}) {
        present.push_back(cookie_at(random, started + ahead, 10));
    }
    auto evicted = sign_ins_to_evict(present, "oauth", started, 300);
    assert_int_equal(evicted.size(), 1);
    assert_text_equal(evicted[0], present[2].name);
    const std::size_t real = present[0].name.size() + present[0].size;
    evicted = sign_ins_to_evict(present, "oauth", started, max_sign_in_bytes - 2 * real);
    assert_int_equal(evicted.size(), 3);
    for (const std::string& name : evicted) {
        assert_true(name != present[0].name && name != present[1].name);
    }
}

} // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(ar_01_all_values_are_distinct),
        cmocka_unit_test(ar_02_sizes_and_characters),
        cmocka_unit_test(ar_01_every_bit_of_the_seed_matters),
        cmocka_unit_test(the_state_tells_the_id_and_nothing_of_the_rest),
        cmocka_unit_test(the_record_round_trips),
        cmocka_unit_test(sc_20_nothing_else_is_read),
        cmocka_unit_test(sc_18_five_at_most_the_oldest_go),
        cmocka_unit_test(sc_18_all_together_are_bounded),
        cmocka_unit_test(foreign_names_go_first),
        cmocka_unit_test(sc_18_a_time_to_come_saves_nothing),
    };
    return cmocka_run_group_tests_name("login", tests, nullptr, nullptr);
}
