// SPDX-License-Identifier: MIT
// Sessions in cookies that change while they last: the next epoch, and a later use, in as many parts as it
// takes, and without the parts of the one before.
#include "flow_world.hpp"

using namespace oauth;
using session::Replaced;
using unit::World;

namespace {

// What a task gives that waits for nothing.
template <class T>
T result_of(core::Task<core::Result<T>> task) {
    std::optional<core::Result<T>> result;
    core::Flow<core::Result<T>> flow(std::move(task), [&](std::optional<core::Result<T>> value,
                                                          std::exception_ptr) { result = std::move(value); });
    flow.start();
    assert_true(result && result->ok());
    return std::move(result->value());
}

struct Stored : World {
    Stored() { sign_in_as("user-1"); }

    session::Store& store() { return *site.store; }

    // The next epoch, with a token of that size.
    session::Session next(const session::OpenedSession& before, std::size_t size) const {
        session::Session session = before.session;
        ++session.epoch;
        session.refresh_token = std::string(size, 'r');
        return session;
    }

    static std::vector<std::string> names(const std::vector<std::string>& cookies, bool deleted) {
        std::vector<std::string> found;
        for (const std::string& cookie : cookies) {
            if ((cookie.find("; Max-Age=0;") != std::string::npos) == deleted) {
                found.push_back(cookie.substr(0, cookie.find('=')));
            }
        }
        return found;
    }
};

using Names = std::vector<std::string>;

void parts_grow_and_shrink(void**) {
    Stored at;
    const auto small = at.current();
    const std::string name = at.session_name();
    const Replaced large = result_of(at.store().replace(small, at.next(*small, 4000)));
    assert_true(large.outcome == Replaced::Outcome::saved);
    assert_true(Stored::names(large.now.cookies, false) == (Names{name + ".0", name + ".1"}));
    assert_true(Stored::names(large.now.cookies, true) == Names{name});
    const Replaced small_again =
        result_of(at.store().replace(large.now.session, at.next(*large.now.session, 10)));
    assert_true(Stored::names(small_again.now.cookies, false) == Names{name});
    assert_true(Stored::names(small_again.now.cookies, true) == (Names{name + ".0", name + ".1"}));
    assert_int_equal(small_again.now.session->session.epoch, 2);
}

void the_handover_leads_to_the_next_epoch(void**) {
    Stored at;
    const auto before = at.current();
    const Replaced replaced = result_of(at.store().replace(before, at.next(*before, 10)));
    const session::Loaded taken = result_of(at.store().take_over(before, replaced.handover));
    assert_int_equal(taken.session->session.epoch, 1);
    assert_true(taken.cookies == replaced.now.cookies);
}

// Then whoever asked deletes the cookie that leads nowhere: it is not set before.
void a_handover_that_is_none_of_the_session_sets_nothing(void**) {
    Stored at;
    const auto before = at.current();
    const Replaced replaced = result_of(at.store().replace(before, at.next(*before, 10)));
    session::Session other = before->session;
    other.id = std::string(16, 'o');
    const auto of_other = result_of(at.store().create(other, before->base_url));
    for (const std::string& handover : {replaced.handover + "x", std::string("x"), of_other[0].second}) {
        const session::Loaded taken = result_of(at.store().take_over(before, handover));
        assert_null(taken.session.get());
        assert_int_equal(taken.cookies.size(), 0);
    }
}

// SC-11: what cookies cannot carry is refused when it is written, and the one before goes on.
void sc_11_what_has_grown_too_large_is_refused(void**) {
    Stored at;
    const auto before = at.current();
    std::optional<core::Result<Replaced>> result;
    const session::Session next = at.next(*before, 7500);
    core::Flow<core::Result<Replaced>> flow(
        at.store().replace(before, next),
        [&](std::optional<core::Result<Replaced>> value, std::exception_ptr) { result = std::move(value); });
    flow.start();
    assert_true(result && !result->ok());
    assert_true(result->error().code == core::Code::session_too_large);
    assert_non_null((*at.store().peek(before->cookie, before->base_url)).get());
}

void what_was_ended_is_not_replaced(void**) {
    Stored at;
    const auto before = at.current();
    assert_false(result_of(at.store().is_used("token")));
    assert_true(result_of(at.store().use_once("token", at.clock.now() + 9)));
    assert_true(result_of(at.store().is_used("token")));
    assert_false(result_of(at.store().use_once("token", at.clock.now() + 9)));
    at.ledger.revoke(before->session.id, before->session.expires_at);
    const Replaced replaced = result_of(at.store().replace(before, at.next(*before, 10)));
    assert_true(replaced.outcome == Replaced::Outcome::gone);
    assert_true(replaced.handover.empty() && replaced.now.cookies.empty());
}

// As long as one of them can last.
void lo_17_a_user_is_signed_out_until_no_session_can_be_left(void**) {
    Stored at;
    const auto before = at.current();
    const session::Whose whose{before->session.provider_fingerprint, before->session.identity.subject, ""};
    std::optional<core::Status> ended;
    core::Flow<core::Status> flow(
        at.store().erase_all(whose),
        [&](std::optional<core::Status> value, std::exception_ptr) { ended = std::move(value); });
    flow.start();
    assert_true(ended && ended->ok());
    at.clock.advance(before->session.expires_at - at.clock.now() - 1);
    assert_true(at.ledger.is_revoked(session::marks_of(before->session)));
}

void a_use_is_sealed_with_its_time(void**) {
    Stored at;
    const auto before = at.current();
    at.clock.advance(7);
    const session::Loaded touched = result_of(at.store().touch(before));
    assert_int_equal(touched.session->session.used_at, at.clock.now());
    assert_int_equal(touched.session->session.made_at, before->session.made_at);
    assert_int_equal(touched.session->session.epoch, 0);
    assert_true(Stored::names(touched.cookies, false) == Names{at.session_name()});
}

// A session that comes once takes no other's place among those that are open.
void a_session_is_kept_open_when_it_comes_again(void**) {
    Stored at;
    const auto before = at.current();
    at.sessions = session::SessionCache(8, 16);
    const auto first = at.store().peek(before->cookie, before->base_url);
    assert_true(first && *first && (*first)->session.id == before->session.id);
    assert_null(at.sessions.find(before->cookie, (*first)->store, before->base_url));
    const auto second = at.store().peek(before->cookie, before->base_url);
    assert_ptr_not_equal(second->get(), first->get());
    const auto third = at.store().peek(before->cookie, before->base_url);
    assert_ptr_equal(third->get(), second->get());
}

constexpr const char* app = "https://app.example";

// A worker that has not seen any session.
session::OpenedSessionPointer open_afresh(Stored& at, const std::string& cookie) {
    at.sessions = session::SessionCache(8, 16);
    return at.store().peek(cookie, app).value_or(nullptr);
}

std::string id_token_of(Stored& at, const std::string& cookie) {
    const auto opened = open_afresh(at, cookie);
    assert_non_null(opened.get());
    assert_text_equal(opened->session.id_token, ""); // sealed still
    at.store().read_id_token(*opened);
    return opened->session.id_token;
}

std::string cookie_with(Stored& at, const std::string& id_token) {
    session::Session session = at.current()->session;
    session.id_token = id_token;
    return result_of(at.store().create(session, app)).front().second;
}

void sc_01_a_cookie_opens_only_as_it_was_written(void**) {
    Stored at;
    const std::string cookie = cookie_with(at, "id-token-1");
    const std::string other = cookie_with(at, "id-token-1");
    const std::string bare = cookie_with(at, "");
    assert_true(open_afresh(at, cookie) && open_afresh(at, other) && open_afresh(at, bare));
    const std::size_t end = cookie.find('.');
    assert_true(end != std::string::npos && bare.find('.') == std::string::npos);
    for (std::size_t i = 0; i < cookie.size(); ++i) {
        std::string changed = cookie;
        changed[i] = changed[i] == 'A' ? 'B' : 'A';
        assert_null(open_afresh(at, changed).get());
        assert_null(open_afresh(at, cookie.substr(0, i)).get());
    }
    for (const std::string& wrong : {cookie + ".", cookie + "A", cookie + cookie.substr(end), bare + ".",
                                     bare + cookie.substr(end), cookie.substr(0, end) + other.substr(end),
                                     cookie.substr(end), cookie.substr(end + 1), "." + cookie}) {
        assert_null(open_afresh(at, wrong).get());
    }
}

void the_id_token_stays_sealed_until_it_is_read(void**) {
    Stored at;
    const std::string cookie = cookie_with(at, "id-token-1");
    assert_text_equal(id_token_of(at, cookie), "id-token-1");
    const auto opened = open_afresh(at, cookie);
    const session::Loaded touched = result_of(at.store().touch(opened));
    assert_text_equal(id_token_of(at, touched.session->cookie), "id-token-1");
    session::Session next = at.next(*open_afresh(at, cookie), 10);
    next.id_token = "id-token-2";
    const Replaced replaced = result_of(at.store().replace(opened, next));
    assert_text_equal(id_token_of(at, replaced.handover), "id-token-2");
    next.id_token.clear();
    const Replaced without = result_of(at.store().replace(opened, next));
    assert_text_equal(id_token_of(at, without.handover), "");
}

// Not even what a session's record would be, if it could be brought to be sealed as an ID token.
void sc_03_an_id_token_is_no_session(void**) {
    Stored at;
    auto sealer = session::Sealer::create({"a secret that seals cookies in tests"}, "session");
    const std::string record = session::serialize(at.current()->session);
    const auto sealed_as = [&](const std::string& name) {
        return sealer->seal(at.random, session::binding(name, app), record).value_or("");
    };
    assert_non_null(open_afresh(at, sealed_as(at.session_name())).get());
    assert_null(open_afresh(at, sealed_as(at.session_name() + " id_token")).get());
    const std::string cookie = cookie_with(at, "id-token-1");
    const std::string id_token = cookie.substr(cookie.find('.') + 1);
    assert_false(sealer->open(session::binding(at.session_name(), app), id_token).has_value());
    assert_true(sealer->open(session::binding(at.session_name() + " id_token", app), id_token).has_value());
}

// Of another version, say, as a node of the fleet may have it by now.
void what_is_sealed_and_no_record_is_no_session(void**) {
    Stored at;
    auto sealer = session::Sealer::create({"a secret that seals cookies in tests"}, "session");
    const std::string record = session::serialize(at.current()->session);
    for (const std::string& other :
         {record + "x", record.substr(0, record.size() - 1), "\x7f" + record.substr(1), std::string()}) {
        const auto sealed = sealer->seal(at.random, session::binding(at.session_name(), app), other);
        assert_null(open_afresh(at, *sealed).get());
    }
}

// Also where it is no JWS that a provider should have sent.
void every_id_token_comes_back_as_it_was(void**) {
    Stored at;
    const std::string long_one =
        "eyJhbGciOiJFUzI1NiJ9." + std::string(1200, 'a') + "." + std::string(86, 'A');
    for (const std::string& id_token :
         {long_one, std::string("YQ.Yg.Yw"), std::string("YQ..Yw"), std::string(".."), std::string("YQ.Yg."),
          std::string("YR.Yg.Yw"), std::string("YQ.Yg"), std::string("YQ.Yg.Yw.ZA"), std::string("YQ.Yg.Yw="),
          std::string("YQ.Yg.Y+"), std::string("YQ"), std::string("."), std::string("..."),
          std::string("a.b.c"), std::string("\0\xff", 2)}) {
        assert_text_equal(id_token_of(at, cookie_with(at, id_token)), id_token);
    }
    const std::size_t with_text = cookie_with(at, std::string(1000, '.')).size();
    assert_true(cookie_with(at, "YWJj." + std::string(988, 'a') + ".YWJj").size() + 300 < with_text);
}

void what_is_no_session_is_not_remembered(void**) {
    Stored at;
    const std::string forged(400, 'x');
    assert_true(at.store().peek(forged, "https://app.example") == session::OpenedSessionPointer());
    assert_false(at.sessions.came_before(forged));
}

} // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(parts_grow_and_shrink),
        cmocka_unit_test(the_handover_leads_to_the_next_epoch),
        cmocka_unit_test(a_handover_that_is_none_of_the_session_sets_nothing),
        cmocka_unit_test(sc_11_what_has_grown_too_large_is_refused),
        cmocka_unit_test(what_was_ended_is_not_replaced),
        cmocka_unit_test(lo_17_a_user_is_signed_out_until_no_session_can_be_left),
        cmocka_unit_test(a_use_is_sealed_with_its_time),
        cmocka_unit_test(a_session_is_kept_open_when_it_comes_again),
        cmocka_unit_test(sc_01_a_cookie_opens_only_as_it_was_written),
        cmocka_unit_test(the_id_token_stays_sealed_until_it_is_read),
        cmocka_unit_test(sc_03_an_id_token_is_no_session),
        cmocka_unit_test(what_is_sealed_and_no_record_is_no_session),
        cmocka_unit_test(every_id_token_comes_back_as_it_was),
        cmocka_unit_test(what_is_no_session_is_not_remembered),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
