// SPDX-License-Identifier: MIT
// A worker's opened sessions: found by the whole cookie, for its own site and base URL only (SC-03, SC-17),
// and never more of them than there is room for.
#include "../../src/session/cache.hpp"

#include <memory>
#include <string>

#include "unit.hpp"

using namespace oauth::session;

namespace {

const int site_one = 0;
const int site_two = 0;
const std::string base = "https://app.example";

OpenedSessionPointer opened(const std::string& cookie, const void* site = &site_one) {
    auto session = std::make_shared<OpenedSession>();
    session->cookie = cookie;
    session->store = site;
    session->base_url = base;
    return session;
}

// They begin alike, and differ in their seals.
std::string cookie(int number) {
    std::string seal = std::to_string(number) + "x";
    seal.resize(16, 'y');
    return "AQx" + std::string(384, 'y') + seal;
}

void finds_what_was_inserted(void**) {
    SessionCache cache(42, 64);
    assert_null(cache.find(cookie(1), &site_one, base));
    for (const std::string& text : {cookie(1), cookie(2), std::string("short"), std::string("")}) {
        const auto session = opened(text);
        cache.insert(session);
        const OpenedSessionPointer* found = cache.find(text, &site_one, base);
        assert_non_null(found);
        assert_ptr_equal(found->get(), session.get());
    }
}

void sc_17_for_its_own_site_and_base_url_only(void**) {
    SessionCache cache(42, 64);
    cache.insert(opened(cookie(1)));
    assert_non_null(cache.find(cookie(1), &site_one, base));
    assert_null(cache.find(cookie(1), &site_two, base));
    assert_null(cache.find(cookie(1), &site_one, "https://other.example"));
    assert_null(cache.find(cookie(1), &site_one, "http://app.example"));
}

void sc_01_the_whole_cookie_is_the_key(void**) {
    // Only part of it is hashed, so all of these share a place.
    SessionCache cache(42, 1);
    const std::string right = cookie(1);
    cache.insert(opened(right));
    for (std::size_t i = 0; i < right.size(); ++i) {
        std::string wrong = right;
        wrong[i] = static_cast<char>(wrong[i] ^ 1);
        assert_null(cache.find(wrong, &site_one, base));
    }
    assert_null(cache.find(right + "y", &site_one, base));
    assert_null(cache.find(right.substr(0, right.size() - 1), &site_one, base));
    assert_null(cache.find("", &site_one, base));
}

void the_oldest_of_four_makes_room(void**) {
    SessionCache cache(42, 1);
    const auto first = opened(cookie(0));
    const std::weak_ptr<OpenedSession> watched = first;
    cache.insert(first);
    for (int i = 1; i < 4; ++i) {
        cache.insert(opened(cookie(i)));
    }
    for (int i = 0; i < 4; ++i) {
        assert_non_null(cache.find(cookie(i), &site_one, base));
    }
    cache.insert(opened(cookie(4)));
    assert_null(cache.find(cookie(0), &site_one, base));
    assert_int_equal(watched.use_count(), 1); // only the test holds it now
    for (int i = 1; i < 5; ++i) {
        assert_non_null(cache.find(cookie(i), &site_one, base));
    }
}

void buckets_are_spread(void**) {
    SessionCache cache(42, 1024);
    for (int i = 0; i < 512; ++i) {
        cache.insert(opened(cookie(i)));
    }
    int found = 0;
    for (int i = 0; i < 512; ++i) {
        found += cache.find(cookie(i), &site_one, base) != nullptr ? 1 : 0;
    }
    assert_true(found > 490);
}

// Also where one part of the end is the same for all, as of tokens of one server.
void buckets_are_spread_by_each_half_of_the_end(void**) {
    for (const std::size_t from_end : {16U, 8U}) {
        SessionCache cache(42, 1024);
        std::string text(400, 'y');
        for (int i = 0; i < 512; ++i) {
            const std::string digits = std::to_string(100 + i);
            text.replace(text.size() - from_end, digits.size(), digits);
            cache.insert(opened(text));
        }
        int found = 0;
        for (int i = 0; i < 512; ++i) {
            const std::string digits = std::to_string(100 + i);
            text.replace(text.size() - from_end, digits.size(), digits);
            found += cache.find(text, &site_one, base) != nullptr ? 1 : 0;
        }
        assert_true(found > 490);
    }
}

// sixteen bytes and fewer are hashed, too
void the_length_of_what_is_hashed(void**) {
    for (const std::size_t size : {1U, 7U, 8U, 15U, 16U, 17U}) {
        SessionCache cache(42, 16);
        const std::string right(size, 'a');
        cache.insert(opened(right));
        assert_non_null(cache.find(right, &site_one, base));
        for (std::size_t i = 0; i < size; ++i) {
            std::string wrong = right;
            wrong[i] = 'b';
            assert_null(cache.find(wrong, &site_one, base));
        }
    }
}

// Sealed anew, with the ID token that is behind it as it was.
void cookies_that_end_alike_do_not_share_a_place(void**) {
    SessionCache cache(42, 1024);
    const std::string end = "." + std::string(40, 'x');
    for (char nonce = 'a'; nonce <= 'p'; ++nonce) {
        cache.insert(opened("AQ" + std::string(16, nonce) + end));
    }
    int found = 0;
    for (char nonce = 'a'; nonce <= 'p'; ++nonce) {
        found += cache.find("AQ" + std::string(16, nonce) + end, &site_one, base) != nullptr ? 1 : 0;
    }
    assert_int_equal(found, 16);
}

// Who does not know the seed cannot tell which of them share a place.
void the_seed_decides_where(void**) {
    const auto found_with = [](std::uint64_t seed) {
        SessionCache cache(seed, 2);
        std::string found;
        for (int i = 0; i < 16; ++i) {
            cache.insert(opened(cookie(i)));
        }
        for (int i = 0; i < 16; ++i) {
            found += cache.find(cookie(i), &site_one, base) != nullptr ? '1' : '0';
        }
        return found;
    };
    assert_true(found_with(1) != found_with(2) || found_with(1) != found_with(3));
}

void what_came_before_is_remembered_for_the_last_three(void**) {
    SessionCache cache(42, 1);
    for (int i = 0; i < 3; ++i) {
        assert_false(cache.came_before(cookie(i)));
    }
    for (int i = 0; i < 3; ++i) {
        assert_true(cache.came_before(cookie(i)));
    }
    assert_false(cache.came_before(cookie(3)));
    assert_false(cache.came_before(cookie(0))); // the oldest has made room
    assert_true(cache.came_before(cookie(2)));
    assert_true(cache.came_before(cookie(3)));
    assert_null(cache.find(cookie(2), &site_one, base)); // nothing is kept for it
}

// Its memory goes to the next one, and nothing of what was in it.
void what_is_gone_leaves_nothing_to_the_next(void**) {
    for (int round = 0; round < 3; ++round) {
        std::vector<OpenedSessionPointer> gone;
        for (int i = 0; i < 100; ++i) { // more than there are spare ones
            auto session = make_opened_session();
            assert_true(session->kind == SessionState::Kind::session);
            assert_null(session->store);
            assert_false(session->was_seen || session->accepted);
            for (const auto time : {session->ends_at, session->due_at, session->check_at, session->planned_at,
                                    session->fresh_until}) {
                assert_int_equal(time, 0);
            }
            assert_int_equal(session->revocations_seen, 0);
            assert_true(session->base_url.empty() && session->cookie.empty() && session->place.empty());
            assert_true(session->record.empty() && session->verdicts.empty() && session->tokens.empty());
            assert_true(serialize(session->session) == serialize(Session()));

            Session full;
            full.id = std::string(16, 'i');
            full.identity.user = "ann";
            full.identity.email = "ann@example.org";
            full.identity.groups = Strings{"staff"};
            full.identity.claims = {{"c", "1"}};
            full.refresh_token = "a token";
            full.expires_at = 1;
            assert_true(read_session(serialize(full), *session));
            assert_true(serialize(session->session) == serialize(full));
            static_cast<SessionState&>(*session) = {
                SessionState::Kind::token, &site_one, true, true, 1, 1, 1, 1, 1, 1};
            session->base_url = base;
            session->cookie = std::string(i % 2 == 0 ? 100 : 10000, 'c');
            session->place = base;
            session->verdicts.emplace_back();
            session->tokens.emplace_back();
            gone.push_back(std::move(session));
        }
    }
}

void a_small_session_does_not_hold_the_memory_of_a_large_one(void**) {
    constexpr std::size_t most = 2048;
    auto large = make_opened_session();
    large->cookie.assign(7000, 'c');
    large->record.assign(6000, 'r');
    large.reset();
    const auto small = make_opened_session();
    assert_in_range(small->cookie.capacity(), 0, most);
    assert_in_range(small->record.capacity(), 0, most);
}

} // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(finds_what_was_inserted),
        cmocka_unit_test(sc_17_for_its_own_site_and_base_url_only),
        cmocka_unit_test(sc_01_the_whole_cookie_is_the_key),
        cmocka_unit_test(the_oldest_of_four_makes_room),
        cmocka_unit_test(buckets_are_spread),
        cmocka_unit_test(buckets_are_spread_by_each_half_of_the_end),
        cmocka_unit_test(the_length_of_what_is_hashed),
        cmocka_unit_test(cookies_that_end_alike_do_not_share_a_place),
        cmocka_unit_test(the_seed_decides_where),
        cmocka_unit_test(what_came_before_is_remembered_for_the_last_three),
        cmocka_unit_test(what_is_gone_leaves_nothing_to_the_next),
        cmocka_unit_test(a_small_session_does_not_hold_the_memory_of_a_large_one),
    };
    return cmocka_run_group_tests_name("cache", tests, nullptr, nullptr);
}
