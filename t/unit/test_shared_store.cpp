// SPDX-License-Identifier: MIT
// Sessions in shared memory (CC-04): the cookie is a sealed handle, what is kept is sealed as well, two
// workers see the same at once, and a full zone refuses without losing anything.
#include "../../src/session/shared_store.hpp"

#include "../../src/core/bytes.hpp"
#include "../../src/session/cookie_store.hpp"
#include "../../src/session/shared_ledger.hpp"

#include <algorithm>
#include <string>

#include "shared_memory.hpp"

using namespace oauth;
using session::CookieParts;
using session::Loaded;
using session::OpenedSessionPointer;
using session::Replaced;
using session::Session;
using session::SharedStore;

namespace {

constexpr std::int64_t start = 1760000000;
const std::string app = "https://app.example";

session::Sealer sealer(char key = 's') {
    return *session::Sealer::create({std::string(32, key)}, "session");
}

template <class T>
T finish(core::Task<T> task) {
    std::optional<T> result;
    core::Flow<T> flow(std::move(task),
                       [&](std::optional<T> value, std::exception_ptr) { result = std::move(value); });
    flow.start();
    assert_true(result.has_value());
    return std::move(*result);
}

// A worker: what it has opened is its own.
struct Worker {
    Worker(session::SharedMemory memory, core::Clock& clock, core::Random& random, std::int64_t idle = 0,
           char key = 's')
        : ledger(memory), store({settings, clock, random, ledger, cache, 28800, idle, 1000},
                                session::SharedRecords(memory), sealer(key)) {}
    session::CookieSettings settings;
    session::SharedLedger ledger;
    session::SessionCache cache{7, 16};
    SharedStore store;

    // As admission does: what has been revoked counts as none.
    OpenedSessionPointer see(const std::string& cookie, const std::string& base_url = app) {
        const auto found = store.peek(cookie, base_url);
        assert_true(found.has_value()); // it never has to wait
        if (!*found || ledger.is_revoked(session::marks_of((*found)->session))) {
            return nullptr;
        }
        (*found)->revocations_seen = ledger.generation();
        return *found;
    }
};

struct Place {
    explicit Place(unit::Blocks sizes = {}, std::int64_t idle = 0) : blocks(clock, sizes), idle_(idle) {}
    unit::FakeClock clock{start};
    unit::FakeRandom random;
    unit::SharedBlocks blocks;
    std::int64_t idle_;
    Worker one{blocks.memory(), clock, random, idle_};
    Worker two{blocks.memory(), clock, random, idle_};

    std::string sign_in(const Session& session) {
        const auto parts = finish(one.store.create(session, app));
        assert_true(static_cast<bool>(parts));
        assert_int_equal(parts.value().size(), 1);
        assert_text_equal(parts.value()[0].first, "__Host-oauth");
        return parts.value()[0].second;
    }
    std::size_t kept() { return blocks.state().sessions->live(clock.now()).records; }
};

Session session_of(const std::string& subject, std::size_t size = 0) {
    Session session;
    session.identity.provider = "op";
    session.identity.subject = subject;
    session.identity.user = subject;
    session.id = ("id of " + subject + std::string(16, '.')).substr(0, 16);
    session.begun_at = start * 1000;
    session.made_at = start;
    session.used_at = start;
    session.expires_at = start + 28800;
    session.provider_fingerprint = "fingerprint";
    session.access_token = std::string(size, 't');
    return session;
}

session::RecordTable::Key key_of(const session::OpenedSession& opened) {
    session::RecordTable::Key key{};
    std::memcpy(key.data(), opened.place.data(), key.size());
    return key;
}

void the_cookie_is_a_handle_and_leads_there_on_every_worker(void**) {
    Place place;
    const std::string cookie = place.sign_in(session_of("ann", 20000)); // no cookie could hold that
    assert_true(cookie.size() < 150);
    for (Worker* worker : {&place.one, &place.two}) {
        const auto found = worker->see(cookie);
        assert_non_null(found.get());
        assert_text_equal(found->session.identity.subject, "ann");
        assert_int_equal(found->session.access_token.size(), 20000);
        assert_text_equal(found->base_url, app);
        assert_int_equal(found->place.size(), 16);
    }
    assert_text_equal(finish(place.two.store.load(cookie, app)).value().session->session.identity.subject,
                      "ann");
    assert_true(place.sign_in(session_of("ann")) != cookie); // a new handle for each sign-in
    assert_int_equal(place.kept(), 2);
}

// Neither a name nor a token nor the handle can be read in the memory.
void what_is_kept_tells_nothing(void**) {
    Place place;
    Session session = session_of("ann.miller@example.org");
    session.access_token = "a token that nobody may read";
    const std::string cookie = place.sign_in(session);
    const std::string handle = *core::base64url_decode(cookie);
    const auto& sessions = *place.blocks.state().sessions;
    const std::string_view memory(reinterpret_cast<const char*>(&sessions), 65536);
    for (const std::string_view text :
         {std::string_view(session.identity.subject), std::string_view(session.access_token),
          std::string_view(session.id), std::string_view(handle).substr(14, 16)}) {
        assert_true(memory.find(text) == std::string_view::npos);
    }
}

void what_is_sealed_and_no_record_is_no_session(void**) {
    session::CookieSettings settings;
    core::SystemRandom random;
    session::StoredSeals seals(settings, random, "handle", sealer());
    const auto sealed_as = [&](std::string_view record) {
        return sealer().seal_bytes(random, session::binding("record place", app), record).value_or("");
    };
    const std::string record = session::serialize(session_of("ann"));
    assert_non_null(seals.open(sealed_as(record), "place", app).get());
    assert_null(seals.open(sealed_as(record), "another", app).get());
    assert_null(seals.open(sealed_as(record + "x"), "place", app).get());
    assert_null(seals.open(sealed_as("\x7f" + record.substr(1)), "place", app).get());
}

void nothing_of_others_reaches_the_memory(void**) {
    Place place;
    const std::string cookie = place.sign_in(session_of("ann"));
    const std::string base = "https://other.example";
    assert_null(place.two.see(cookie, base).get());
    assert_null(place.two.see("").get());
    assert_null(place.two.see(std::string(200, 'A')).get());
    std::string changed = cookie;
    changed.back() = changed.back() == 'A' ? 'B' : 'A';
    assert_null(place.two.see(changed).get());
    Worker stranger(place.blocks.memory(), place.clock, place.random, 0, 'x');
    assert_null(stranger.see(cookie).get());

    // A session of the cookie store is none here, and the other way round.
    session::SessionCache cache(7, 16);
    session::CookieStore cookies(
        {place.one.settings, place.clock, place.random, place.one.ledger, cache, 28800}, sealer());
    const auto sealed = finish(cookies.create(session_of("ann"), app)).value()[0].second;
    assert_null(place.two.see(sealed).get());
    assert_null((*cookies.peek(cookie, app)).get());
}

// Each part of what a handle and a record are bound to counts by itself.
void sc_03_a_handle_leads_nowhere_under_another_name_or_base_url(void**) {
    Place place;
    const std::string cookie = place.sign_in(session_of("ann"));
    Worker renamed(place.blocks.memory(), place.clock, place.random);
    renamed.settings.name = "another";
    assert_null(renamed.see(cookie).get());
    // With the purpose and the key of a session in a cookie it is none.
    assert_false(sealer().open(session::binding("__Host-oauth", app), cookie).has_value());

    session::OpenedSession moved = *place.one.see(cookie);
    moved.base_url = "https://other.example";
    const auto elsewhere = std::make_shared<session::OpenedSession>(moved);
    assert_null(finish(place.one.store.take_over(elsewhere, "")).value().session.get());
}

// Its numbers say which epoch is there: an older record put back is not that one.
void a_record_of_another_epoch_is_none(void**) {
    Place place;
    const std::string cookie = place.sign_in(session_of("ann"));
    const auto key = key_of(*place.one.see(cookie));
    session::RecordTable& table = *place.blocks.state().sessions;
    auto fields = *table.find(key, start);
    fields.epoch = 1;
    assert_true(table.update(key, fields, start));
    assert_null(place.two.see(cookie).get());
}

// One key once: what is there is not written over by a second one of that name.
void a_handle_that_is_taken_is_refused(void**) {
    Place place;
    session::SharedRecords records(place.blocks.memory());
    const session::RecordTable::Key key{1, 2, 3};
    using Put = session::SharedRecords::Put;
    assert_true(records.create(key, {start + 9, 0, start, {}}, "the first") == Put::done);
    assert_true(records.create(key, {start + 9, 0, start, {}}, "the second") == Put::full);
    assert_string_equal(records.read(key)->bytes.c_str(), "the first");
}

void a_record_put_in_place_of_another_is_none(void**) {
    Place place;
    const std::string ann = place.sign_in(session_of("ann"));
    const std::string bob = place.sign_in(session_of("bob"));
    const auto first = place.one.see(ann);
    const auto second = place.one.see(bob);
    session::RecordTable& table = *place.blocks.state().sessions;
    const auto from = key_of(*second);
    const auto to = key_of(*first);
    const auto moved = table.read(from, start);
    assert_true(table.replace(to, moved->fields, moved->bytes, start) == session::RecordTable::Put::done);
    assert_null(place.two.see(ann).get());
    assert_non_null(place.two.see(bob).get());
}

void cc_04_an_end_holds_at_once_on_every_worker(void**) {
    Place place;
    const std::string cookie = place.sign_in(session_of("ann"));
    const auto opened = place.one.see(cookie);
    assert_non_null(place.two.see(cookie).get());
    assert_true(static_cast<bool>(finish(place.one.store.erase(opened))));
    assert_null(place.one.see(cookie).get());
    assert_null(place.two.see(cookie).get());
    assert_int_equal(place.kept(), 0);
    assert_true(place.two.ledger.is_revoked(session::marks_of(opened->session)));
    assert_false(finish(place.two.store.which_live({opened})).value()[0]);

    const std::string other = place.sign_in(session_of("bob"));
    const auto of_bob = place.two.see(other);
    assert_true(finish(place.two.store.which_live({of_bob})).value()[0]);
    place.clock.advance(1);
    const session::Whose whose{"fingerprint", "bob", ""};
    assert_true(static_cast<bool>(finish(place.one.store.erase_all(whose))));
    assert_null(place.two.see(other).get());
}

// A mark leaves the records alone: it has to be asked about, by whoever opens one afterwards too, as long as
// one can last.
void lo_17_a_mark_holds_for_what_is_opened_later_and_is_not_replaced(void**) {
    Place place;
    const std::string cookie = place.sign_in(session_of("ann"));
    const auto before = place.one.see(cookie);
    assert_true(static_cast<bool>(finish(place.one.store.erase_all({"fingerprint", "ann", ""}))));
    const auto opened = place.two.store.peek(cookie, app);
    assert_non_null(opened->get());
    assert_true((*opened)->revocations_seen != place.two.ledger.generation());
    Session next = before->session;
    next.epoch = 1;
    assert_true(finish(place.one.store.replace(before, next)).value().outcome == Replaced::Outcome::gone);
    place.clock.advance(28799);
    assert_null(place.two.see(cookie).get());
    assert_true(place.two.ledger.is_revoked(session::marks_of(before->session)));
}

void ends_are_recorded_though_nothing_more_can_be_revoked(void**) {
    Place place(unit::Blocks{.ended = 24 + 40});
    place.one.ledger.revoke("something else", start + 28800);
    const std::string cookie = place.sign_in(session_of("ann"));
    assert_non_null(place.two.see(cookie).get());
    const auto opened = place.one.see(cookie);
    assert_true(static_cast<bool>(finish(place.one.store.erase(opened))));
    assert_null(place.two.see(cookie).get());
    Session next = opened->session; // a refresh that was under way
    next.epoch = 1;
    assert_true(finish(place.one.store.replace(opened, next)).value().outcome == Replaced::Outcome::gone);
    assert_int_equal(place.kept(), 0);
}

void what_was_opened_is_reused_for_a_while(void**) {
    Place place;
    const std::string cookie = place.sign_in(session_of("ann"));
    const auto opened = place.two.see(cookie);
    opened->verdicts.resize(3);
    place.blocks.state().sessions->erase(key_of(*opened)); // unseen: as on another node
    assert_ptr_equal(place.two.see(cookie).get(), opened.get());
    place.clock.put(-86400); // SC-16: no longer by that
    place.clock.advance(1);
    assert_null(place.two.see(cookie).get());

    const std::string other = place.sign_in(session_of("bob"));
    const auto of_bob = place.two.see(other);
    place.clock.advance(100);
    assert_ptr_equal(place.two.see(other).get(), of_bob.get()); // the same, with all that is kept with it
}

void a_refreshed_session_takes_the_place_of_the_one_before(void**) {
    Place place;
    const std::string cookie = place.sign_in(session_of("ann"));
    const auto before = place.one.see(cookie);
    const auto elsewhere = place.two.see(cookie);
    Session next = before->session;
    next.epoch = 1;
    next.access_token = "the next one";
    const auto saved = finish(place.one.store.replace(before, next));
    assert_true(saved.value().outcome == Replaced::Outcome::saved);
    assert_true(saved.value().handover.empty());
    assert_true(saved.value().now.cookies.empty());
    assert_text_equal(saved.value().now.session->session.access_token, "the next one");
    assert_text_equal(place.one.see(cookie)->session.access_token, "the next one");
    place.clock.advance(1);
    assert_text_equal(place.two.see(cookie)->session.access_token, "the next one");

    const auto late = finish(place.two.store.replace(elsewhere, next));
    assert_true(late.value().outcome == Replaced::Outcome::newer);
    assert_text_equal(late.value().now.session->session.access_token, "the next one");
    assert_int_equal(finish(place.two.store.take_over(elsewhere, "")).value().session->session.epoch, 1);

    const auto current = place.one.see(cookie);
    next.epoch = 2;
    assert_true(static_cast<bool>(finish(place.two.store.erase(place.two.see(cookie)))));
    assert_true(finish(place.one.store.replace(current, next)).value().outcome == Replaced::Outcome::gone);
    assert_null(place.one.see(cookie).get());
    assert_null(finish(place.one.store.take_over(current, "")).value().session.get());
}

void idle_time_is_renewed_in_the_record_and_seldom(void**) {
    Place place({}, 600);
    const std::string cookie = place.sign_in(session_of("ann"));
    place.clock.advance(599);
    auto opened = place.two.see(cookie);
    assert_non_null(opened.get());
    assert_ptr_equal(finish(place.two.store.touch(opened)).value().session.get(), opened.get());
    assert_int_equal(opened->session.used_at, start + 599);
    const auto first = place.one.see(cookie); // another worker learns of it, and has its times planned again
    assert_int_equal(first->session.used_at, start + 599);
    place.clock.advance(59);
    assert_true(static_cast<bool>(finish(place.one.store.touch(first))));
    assert_int_equal(first->session.used_at, start + 599); // within a tenth
    place.clock.advance(1);
    assert_true(static_cast<bool>(finish(place.one.store.touch(first))));
    assert_int_equal(first->session.used_at, start + 659);
    place.clock.advance(600);
    assert_null(place.one.see(cookie).get());
    assert_null(finish(place.one.store.touch(first)).value().session.get());
    Session bob = session_of("bob");
    bob.used_at = place.clock.now();
    place.sign_in(bob);
    assert_int_equal(place.kept(), 1); // its room is free
}

// The record keeps the end that it was made with, until somebody comes who counts otherwise.
void a_reload_with_a_longer_idle_time_or_none_holds_for_sessions_in_use(void**) {
    for (const std::int64_t longer : {1000, 0}) {
        Place place({}, 10);
        const std::string cookie = place.sign_in(session_of("ann"));
        Worker next(place.blocks.memory(), place.clock, place.random, longer);
        Worker shorter(place.blocks.memory(), place.clock, place.random, 5);
        place.clock.advance(9);
        const auto opened = next.see(cookie);
        assert_int_equal(opened->session.used_at, start); // to look at it is no use of it
        assert_non_null(shorter.see(cookie).get());       // takes nothing away
        const std::int64_t end = longer == 0 ? 28800 : longer;
        place.clock.set(start + end - 1);
        assert_non_null(next.see(cookie).get());
        place.clock.set(start + end);
        assert_null(next.see(cookie).get());
    }
    Place place({}, 10);
    const std::string cookie = place.sign_in(session_of("ann"));
    Worker next(place.blocks.memory(), place.clock, place.random, 1000);
    const auto known = next.see(cookie);
    place.clock.advance(9);
    assert_true(
        static_cast<bool>(finish(place.one.store.touch(place.one.see(cookie))))); // a worker of before
    place.clock.advance(9);
    assert_ptr_equal(next.see(cookie).get(), known.get()); // one that it has had before
    place.clock.advance(900);
    assert_non_null(next.see(cookie).get());
    place.clock.set(start + 9 + 1000);
    assert_null(next.see(cookie).get()); // what has ended has ended
}

void sc_16_a_use_that_has_not_come_yet_is_none(void**) {
    Place place({}, 600);
    const std::string cookie = place.sign_in(session_of("ann"));
    place.clock.put(-61);
    const auto opened = place.one.see(cookie);
    assert_true(static_cast<bool>(finish(place.one.store.touch(opened))));
    assert_int_equal(opened->session.used_at, start - 61);
    place.clock.put(60);
    assert_true(static_cast<bool>(finish(place.one.store.touch(opened))));
    assert_int_equal(opened->session.used_at, start - 1);
    place.clock.put(-60); // as far as clocks may differ
    assert_true(static_cast<bool>(finish(place.one.store.touch(opened))));
    assert_int_equal(opened->session.used_at, start - 1);
    place.clock.set(start + 599);
    assert_null(place.one.see(cookie).get());
}

void sc_16_use_does_not_make_it_longer_than_its_lifetime(void**) {
    Place place({}, 600);
    Session session = session_of("ann");
    session.expires_at = start + 700;
    const std::string cookie = place.sign_in(session);
    const auto known = place.two.see(cookie);
    known->accepted = true;
    place.clock.advance(599);
    const auto opened = place.one.see(cookie);
    assert_true(static_cast<bool>(finish(place.one.store.touch(opened))));
    assert_ptr_equal(place.two.see(cookie).get(), known.get());
    assert_int_equal(known->session.used_at, start + 599); // as the other worker noted it
    assert_false(known->accepted);                         // its times are planned again

    Session next = session; // a refresh that began before that use
    next.epoch = 1;
    assert_true(finish(place.two.store.replace(known, next)).value().outcome == Replaced::Outcome::saved);
    assert_int_equal(place.blocks.state().sessions->find(key_of(*known), start + 599)->used_at, start + 599);
    place.clock.advance(100);
    assert_non_null(place.one.see(cookie).get());
    place.clock.advance(1);
    assert_int_equal(place.kept(), 0);
}

void a_full_zone_says_so_and_loses_nothing(void**) {
    Place place(unit::Blocks{.sessions = 64 + 24 + 5 * (72 + 768)});
    std::vector<std::string> cookies;
    for (int i = 0; i < 5; ++i) {
        cookies.push_back(place.sign_in(session_of("user " + std::to_string(i))));
    }
    const auto refused = finish(place.one.store.create(session_of("one more"), app));
    assert_false(static_cast<bool>(refused));
    assert_true(refused.error().code == core::Code::store_unavailable);
    assert_text_equal(refused.error().detail, "the zone is full: raise oauth_zone");
    for (const std::string& cookie : cookies) {
        assert_non_null(place.two.see(cookie).get());
    }
    Session next = place.two.see(cookies[0])->session;
    next.epoch = 1;
    next.access_token = std::string(9000, 't');
    assert_true(finish(place.two.store.replace(place.two.see(cookies[0]), next)).error().code ==
                core::Code::store_unavailable);
    place.clock.advance(1);
    assert_int_equal(place.two.see(cookies[0])->session.epoch, 0);
    assert_true(static_cast<bool>(finish(place.one.store.erase(place.one.see(cookies[1])))));
    place.sign_in(session_of("one more"));
}

void who_was_left_behind_neither_signs_in_nor_out(void**) {
    Place place;
    const std::string cookie = place.sign_in(session_of("ann"));
    const auto opened = place.one.see(cookie);
    place.blocks.state().moved = 1;
    for (const core::Error& error : {finish(place.one.store.create(session_of("bob"), app)).error(),
                                     finish(place.one.store.erase(opened)).error(),
                                     finish(place.one.store.erase_all({"fingerprint", "ann", ""})).error(),
                                     finish(place.one.store.use_once("jti", start + 9)).error()}) {
        assert_true(error.code == core::Code::store_unavailable);
        assert_true(error.detail.find("a reload with another oauth_zone") != std::string::npos);
    }
    assert_non_null(place.one.see(cookie).get());
}

void what_has_expired_is_not_counted(void**) {
    Place place;
    const session::SharedMemory memory = place.blocks.memory();
    const session::SharedUsage empty = session::measure(memory);
    assert_int_equal(empty.sessions, 0);
    for (int i = 0; i < 12; ++i) { // more than one addition drops
        Session session = session_of("user-1");
        session.id = "0123456789abcde" + std::string(1, static_cast<char>('a' + i));
        place.sign_in(session);
    }
    place.one.ledger.revoke("other", place.clock.now() + 100);
    const session::SharedUsage full = session::measure(memory);
    assert_int_equal(full.sessions, 12);
    assert_true(full.used > empty.used && full.total == empty.total && full.used < full.total);
    place.clock.advance(28801);
    const session::SharedUsage later = session::measure(memory);
    assert_int_equal(later.sessions, 0);
    assert_int_equal(later.used, empty.used);
}

void a_session_without_measure_is_refused(void**) {
    Place place;
    const auto refused = finish(place.one.store.create(session_of("ann", 70000), app));
    assert_true(refused.error().code == core::Code::session_too_large);
    place.random.fail_draw(0);
    assert_true(finish(place.one.store.create(session_of("ann"), app)).error().code ==
                core::Code::internal_error);
    assert_int_equal(place.kept(), 0);
}

} // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(the_cookie_is_a_handle_and_leads_there_on_every_worker),
        cmocka_unit_test(what_is_kept_tells_nothing),
        cmocka_unit_test(what_is_sealed_and_no_record_is_no_session),
        cmocka_unit_test(nothing_of_others_reaches_the_memory),
        cmocka_unit_test(sc_03_a_handle_leads_nowhere_under_another_name_or_base_url),
        cmocka_unit_test(a_record_of_another_epoch_is_none),
        cmocka_unit_test(a_handle_that_is_taken_is_refused),
        cmocka_unit_test(a_record_put_in_place_of_another_is_none),
        cmocka_unit_test(cc_04_an_end_holds_at_once_on_every_worker),
        cmocka_unit_test(lo_17_a_mark_holds_for_what_is_opened_later_and_is_not_replaced),
        cmocka_unit_test(ends_are_recorded_though_nothing_more_can_be_revoked),
        cmocka_unit_test(what_was_opened_is_reused_for_a_while),
        cmocka_unit_test(a_refreshed_session_takes_the_place_of_the_one_before),
        cmocka_unit_test(idle_time_is_renewed_in_the_record_and_seldom),
        cmocka_unit_test(a_reload_with_a_longer_idle_time_or_none_holds_for_sessions_in_use),
        cmocka_unit_test(sc_16_a_use_that_has_not_come_yet_is_none),
        cmocka_unit_test(sc_16_use_does_not_make_it_longer_than_its_lifetime),
        cmocka_unit_test(a_full_zone_says_so_and_loses_nothing),
        cmocka_unit_test(who_was_left_behind_neither_signs_in_nor_out),
        cmocka_unit_test(a_session_without_measure_is_refused),
        cmocka_unit_test(what_has_expired_is_not_counted),
    };
    return cmocka_run_group_tests_name("shared_store", tests, nullptr, nullptr);
}
