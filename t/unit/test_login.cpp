// SPDX-License-Identifier: MIT
// One sign-in on its way: its values are distinct and strong (AR-01, AR-02), the record is read back
// strictly, and the cookies of many tabs stay few and small (SC-18).
#include "../../src/core/bytes.hpp"
#include "../../src/session/login.hpp"

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "unit.hpp"

using namespace oauth;
using namespace oauth::session;

namespace {

constexpr std::int64_t started = 1760000000;

Login make(core::Random& random, std::int64_t at = started) {
    std::string bytes(Login::seed_size + Login::id_random_size, '\0');
    assert_true(random.fill(bytes.data(), bytes.size()));
    return make_login(bytes, at);
}

Login example() {
    unit::CountingRandom random;
    Login login = make(random);
    login.provider = "corp";
    login.token_endpoint = "https://op.example/token";
    login.userinfo_endpoint = "https://op.example/userinfo";
    login.return_to = "/page?x=1";
    return login;
}

bool is_unreserved(const std::string& text) {
    return text.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") ==
           std::string::npos;
}

void ar_01_all_values_are_distinct(void**) {
    core::SystemRandom random;
    std::set<std::string> values;
    for (int i = 0; i < 1000; ++i) {
        const Login login = make(random);
        values.insert(login.state().substr(Login::id_size));
        values.insert(login.nonce());
        values.insert(login.code_verifier());
        values.insert(login.id);
    }
    assert_int_equal(values.size(), 4000);
}

void ar_02_sizes_and_characters(void**) {
    const Login login = example();
    assert_int_equal(login.id.size(), Login::id_size);
    assert_int_equal(login.state().size(), Login::id_size + 43);
    assert_int_equal(login.nonce().size(), 43);
    assert_int_equal(login.code_verifier().size(), 43);
    assert_true(is_unreserved(login.state() + login.nonce() + login.code_verifier()));
}

void ar_01_every_bit_of_the_seed_matters(void**) {
    const Login login = example();
    for (std::size_t i = 0; i < Login::seed_size; ++i) {
        Login other = login;
        other.seed[i] = static_cast<char>(other.seed[i] ^ 1);
        assert_true(other.state() != login.state());
        assert_true(other.nonce() != login.nonce());
        assert_true(other.code_verifier() != login.code_verifier());
    }
}

void the_state_tells_the_id_and_nothing_of_the_rest(void**) {
    const Login login = example();
    assert_text_equal(login_id(login.state()).value_or("none"), login.id);
    assert_true(login.state().find(login.nonce()) == std::string::npos);
    assert_true(login.state().find(login.code_verifier()) == std::string::npos);
    assert_true(login.state().find(core::base64url_encode(login.seed)) == std::string::npos);
    assert_false(login_id("").has_value());
    assert_false(login_id(login.id).has_value());
    assert_text_equal(login_cookie_name("__Host-oauth", login.id), "__Host-oauth_login_" + login.id);
}

void the_record_round_trips(void**) {
    const Login login = example();
    const auto read = deserialize_login(serialize(login));
    assert_true(read.has_value());
    assert_text_equal(read->id, login.id);
    assert_text_equal(read->seed, login.seed);
    assert_int_equal(read->started_at, started);
    assert_text_equal(read->provider, login.provider);
    assert_text_equal(read->token_endpoint, login.token_endpoint);
    assert_text_equal(read->userinfo_endpoint, login.userinfo_endpoint);
    assert_text_equal(read->return_to, login.return_to);
    assert_text_equal(read->state(), login.state());
}

void sc_20_nothing_else_is_read(void**) {
    const std::string record = serialize(example());
    for (std::size_t size = 0; size < record.size(); ++size) {
        assert_false(deserialize_login(record.substr(0, size)).has_value());
    }
    assert_false(deserialize_login(record + "x").has_value());
    std::string other_version = record;
    other_version[0] = 2;
    assert_false(deserialize_login(other_version).has_value());
    Login short_seed = example();
    short_seed.seed.pop_back(); // state, nonce and verifier would be guessable with none at all
    assert_false(deserialize_login(serialize(short_seed)).has_value());
    short_seed.seed.clear();
    assert_false(deserialize_login(serialize(short_seed)).has_value());
}

LoginCookie cookie_at(core::Random& random, std::int64_t at, std::size_t size = 300) {
    return {login_cookie_name("oauth", make(random, at).id), size};
}

void sc_18_five_at_most_the_oldest_go(void**) {
    unit::CountingRandom random;
    std::vector<LoginCookie> present;
    for (const int age : {30, 10, 50, 20}) {
        present.push_back(cookie_at(random, started - age));
    }
    assert_int_equal(logins_to_evict(present, "oauth", 300).size(), 0); // the new one is the fifth
    present.push_back(cookie_at(random, started - 40));
    auto evicted = logins_to_evict(present, "oauth", 300);
    assert_int_equal(evicted.size(), 1);
    assert_text_equal(evicted[0], present[2].name);
    for (int i = 0; i < 195; ++i) {
        present.push_back(cookie_at(random, started, 10));
    }
    evicted = logins_to_evict(present, "oauth", 10);
    assert_int_equal(evicted.size(), 200 - (max_logins - 1));
    assert_text_equal(evicted[0], present[2].name);
    assert_text_equal(evicted[1], present[4].name);
    assert_text_equal(evicted[2], present[0].name);
}

void sc_18_all_together_are_bounded(void**) {
    unit::CountingRandom random;
    const std::size_t name = cookie_at(random, started).name.size();
    std::vector<LoginCookie> present;
    for (const int age : {10, 20, 30}) {
        present.push_back(cookie_at(random, started - age, 1000 - name));
    }
    assert_int_equal(logins_to_evict(present, "oauth", 1000).size(), 0);
    auto evicted = logins_to_evict(present, "oauth", 1001);
    assert_int_equal(evicted.size(), 1);
    assert_text_equal(evicted[0], present[2].name);
    assert_int_equal(logins_to_evict(present, "oauth", 2001).size(), 2);
    assert_int_equal(logins_to_evict(present, "oauth", 5000).size(), 3);
}

void foreign_names_go_first(void**) {
    unit::CountingRandom random;
    std::vector<LoginCookie> present;
    for (int i = 0; i < 4; ++i) {
        present.push_back(cookie_at(random, started));
    }
    present.push_back({"oauth_login_planted!", 10});
    const auto evicted = logins_to_evict(present, "oauth", 300);
    assert_int_equal(evicted.size(), 1);
    assert_text_equal(evicted[0], "oauth_login_planted!");
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
    };
    return cmocka_run_group_tests_name("login", tests, nullptr, nullptr);
}
