// SPDX-License-Identifier: MIT
// Sessions that open connections use: what ends them without a request (LO-06, LO-17, SC-16, RF-10), who is
// asked and how often, and what is known where nobody answers.
#include "../../src/flow/session_watch.hpp"
#include "policy_ports.hpp"

#include "checked_world.hpp"

using namespace oauth;
using flow::SessionWatch;
using flow::WatchedPointer;
using flow::WatchedSession;
using session::Loaded;
using session::OpenedSessionPointer;
using unit::start_of_time;
using unit::World;

namespace {

core::Error unavailable() {
    return {core::Code::store_unavailable, "the store does not answer"};
}

// A store on another machine that answers a millisecond later.
class FarStore final : public session::Store {
public:
    explicit FarStore(World& world) : world_(world) {}

    std::optional<OpenedSessionPointer> peek(std::string_view, std::string_view) override {
        return std::nullopt;
    }
    core::Task<core::Result<Loaded>> load(std::string, std::string) override {
        ++loads;
        co_await world_.timers.sleep(1);
        if (fails) {
            co_return unavailable();
        }
        co_return Loaded{found};
    }
    core::Task<core::Result<std::vector<bool>>>
    which_live(std::vector<OpenedSessionPointer> sessions) override {
        asked.push_back(sessions.size());
        co_await world_.timers.sleep(1);
        if (fails) {
            co_return unavailable();
        }
        std::vector<bool> live;
        for (const auto& each : sessions) {
            live.push_back(each->session.id != gone);
        }
        co_return std::move(live);
    }
    core::Task<core::Result<session::CookieParts>> create(const session::Session&, std::string) override {
        co_return unavailable();
    }
    void read_id_token(session::OpenedSession&) override {}
    core::Task<core::Result<Loaded>> touch(OpenedSessionPointer) override {
        ++touches;
        co_return unavailable();
    }
    core::Task<core::Result<session::Replaced>> replace(OpenedSessionPointer,
                                                        const session::Session&) override {
        co_return unavailable();
    }
    core::Task<core::Result<Loaded>> take_over(OpenedSessionPointer, std::string) override {
        co_return unavailable();
    }
    core::Task<core::Status> erase(OpenedSessionPointer) override { co_return unavailable(); }
    core::Task<core::Status> erase_all(session::Whose) override { co_return unavailable(); }
    core::Task<core::Result<bool>> use_once(std::string, std::int64_t) override { co_return unavailable(); }
    core::Task<core::Result<bool>> is_used(std::string) override { co_return unavailable(); }

    std::vector<std::size_t> asked; // how many sessions each time
    int loads = 0;
    int touches = 0;
    bool fails = false;
    std::string gone;
    OpenedSessionPointer found;

private:
    World& world_;
};

struct Place {
    Place() {
        world.sign_in_as("user-1");
        opened = world.open(world.jar.at(world.session_name()));
        world.jar.clear(); // another browser
        world.sign_in_as("user-2");
        other = world.open(world.jar.at(world.session_name()));
    }

    FarStore& move_far() {
        for (const auto& each : {opened, other}) {
            each->place = "far away";
        }
        auto far = std::make_unique<FarStore>(world);
        FarStore& store = *far;
        world.site.store = std::move(far);
        return store;
    }
    void answer() {
        ++world.passed;
        world.timers.run();
        world.ready.run();
    }

    SessionWatch watch; // outlives the flows that ask
    World world;
    OpenedSessionPointer opened;
    OpenedSessionPointer other;
};

bool goes_on(const WatchedPointer& watched) {
    return WatchedSession::goes_on(watched);
}

void lo_06_a_sign_out_ends_that_session(void**) {
    Place at;
    const auto watched = at.watch.add(at.world.site, at.opened);
    const auto other = at.watch.add(at.world.site, at.other);
    assert_true(goes_on(watched) && goes_on(other));
    at.world.ledger.revoke(at.opened->session.id, start_of_time + 9999);
    assert_false(goes_on(watched));
    assert_true(goes_on(other));
}

void lo_17_a_mark_on_the_user_ends_his_sessions(void**) {
    Place at;
    const auto watched = at.watch.add(at.world.site, at.opened);
    const auto other = at.watch.add(at.world.site, at.other);
    const session::Session& session = at.opened->session;
    at.world.ledger.revoke_all(session::mark_of({session.provider_fingerprint, session.identity.subject, ""}),
                               session.begun_at, start_of_time + 9999);
    assert_false(goes_on(watched));
    assert_true(goes_on(other));
}

void sc_16_its_time_is_over(void**) {
    Place at;
    const auto watched = at.watch.add(at.world.site, at.opened);
    at.world.clock.set(at.opened->ends_at - 1);
    assert_true(goes_on(watched));
    at.world.clock.advance(1);
    assert_false(goes_on(watched));
}

void connections_of_a_session_share_one(void**) {
    Place at;
    auto first = at.watch.add(at.world.site, at.opened);
    const auto copy = std::make_shared<session::OpenedSession>(*at.opened);
    auto second = at.watch.add(at.world.site, copy);
    assert_ptr_equal(first.get(), second.get());
    assert_ptr_not_equal(first.get(), at.watch.add(at.world.site, at.other).get());
    first.reset();
    second.reset();
    const auto third = at.watch.add(at.world.site, at.opened);
    assert_true(goes_on(third));
}

void what_a_store_has_no_more_is_over(void**) {
    Place at;
    FarStore& store = at.move_far();
    const auto watched = at.watch.add(at.world.site, at.opened);
    const auto other = at.watch.add(at.world.site, at.other);
    store.gone = at.opened->session.id;
    at.watch.ask_stores();
    assert_true(goes_on(watched)); // nobody has answered yet
    at.answer();
    assert_false(goes_on(watched));
    assert_true(goes_on(other));
}

void stores_are_asked_every_other_second(void**) {
    Place at;
    FarStore& store = at.move_far();
    at.watch.ask_stores();
    assert_int_equal(store.asked.size(), 0); // nothing is open
    const auto watched = at.watch.add(at.world.site, at.opened);
    for (int second = 0; second < 10; ++second) {
        at.watch.ask_stores();
        at.watch.ask_stores();
        at.answer();
        at.world.clock.advance(1);
    }
    assert_int_equal(store.asked.size(), 5);
    at.world.clock.set(start_of_time - 3600); // a clock that is set back
    at.watch.ask_stores();
    assert_int_equal(store.asked.size(), 6);
    at.answer();
    at.opened->place.clear();
    at.world.clock.advance(10);
    at.watch.ask_stores();
    assert_int_equal(store.asked.size(), 6); // a session in its cookie is nobody's to tell
}

void many_are_asked_about_in_pieces(void**) {
    Place at;
    FarStore& store = at.move_far();
    std::vector<WatchedPointer> all;
    for (int i = 0; i < 1200; ++i) {
        auto each = std::make_shared<session::OpenedSession>(*at.opened);
        each->session.id = "session " + std::to_string(i);
        all.push_back(at.watch.add(at.world.site, each));
    }
    store.gone = "session 700";
    at.watch.ask_stores();
    at.answer();
    assert_int_equal(store.asked.size(), 3);
    assert_int_equal(store.asked[0] + store.asked[1] + store.asked[2], 1200);
    for (const auto& each : all) {
        assert_int_equal(goes_on(each), each->session().id != store.gone);
    }
}

void where_no_store_answers_nothing_ends(void**) {
    Place at;
    FarStore& store = at.move_far();
    store.fails = true;
    const auto watched = at.watch.add(at.world.site, at.opened);
    at.watch.ask_stores();
    at.answer();
    assert_true(goes_on(watched));
}

// Another node, or another worker, may know of a later use.
void sc_16_a_store_tells_of_later_use(void**) {
    Place at;
    FarStore& store = at.move_far();
    at.world.options.session_idle = 100;
    at.opened->accepted = false; // as opened under this configuration
    const auto watched = at.watch.add(at.world.site, at.opened);
    at.world.clock.advance(99);
    assert_true(goes_on(watched));
    assert_int_equal(store.loads, 0);
    at.world.clock.advance(1);
    store.found = std::make_shared<session::OpenedSession>(*at.opened);
    store.found->session.used_at = start_of_time + 50;
    store.found->accepted = false;
    assert_true(goes_on(watched)); // being asked
    assert_true(goes_on(watched));
    assert_int_equal(store.loads, 1);
    at.answer();
    at.world.clock.advance(49);
    assert_true(goes_on(watched));
    at.world.clock.advance(1);
    assert_true(goes_on(watched));
    assert_int_equal(store.loads, 2);
    at.answer(); // it has not been used since
    assert_false(goes_on(watched));
    assert_int_equal(store.touches, 0); // an open connection is no use
}

void sc_16_idle_without_an_answer_is_over(void**) {
    for (const bool answers : {true, false}) {
        Place at;
        FarStore& store = at.move_far();
        store.fails = !answers;
        at.world.options.session_idle = 100;
        at.opened->accepted = false;
        const auto watched = at.watch.add(at.world.site, at.opened);
        assert_true(goes_on(watched));
        at.world.clock.advance(100);
        assert_true(goes_on(watched));
        at.answer();
        assert_false(goes_on(watched));
    }
}

// The worker keeps the frames of flows that have ended for a while.
void a_session_that_comes_again_is_a_session(void**) {
    Place at;
    FarStore& store = at.move_far();
    at.world.options.session_idle = 100;
    at.opened->accepted = false;
    auto watched = at.watch.add(at.world.site, at.opened);
    at.watch.ask_stores();
    at.answer();
    at.world.clock.advance(100);
    store.fails = true;
    assert_true(goes_on(watched));
    at.answer();
    assert_false(goes_on(watched));
    watched.reset(); // its connections have been closed
    auto again = std::make_shared<session::OpenedSession>(*at.opened);
    again->session.used_at = at.world.clock.now();
    again->accepted = false;
    assert_true(goes_on(at.watch.add(at.world.site, again)));
}

void sc_16_nobody_is_asked_about_what_is_over(void**) {
    for (const bool is_far : {true, false}) {
        Place at;
        FarStore& store = at.move_far();
        at.opened->place = is_far ? "far away" : "";
        at.world.options.session_idle = 100;
        at.opened->accepted = false;
        const auto watched = at.watch.add(at.world.site, at.opened);
        assert_true(goes_on(watched));
        // The whole lifetime, or the idle time of a session that is in its cookie.
        at.world.clock.advance(is_far ? at.world.options.session_lifetime : 100);
        assert_false(goes_on(watched));
        assert_int_equal(store.loads, 0);
    }
}

void a_worker_with_too_much_under_way_prolongs_nothing(void**) {
    Place at;
    FarStore& store = at.move_far();
    at.world.options.session_idle = 100;
    at.opened->accepted = false;
    const auto watched = at.watch.add(at.world.site, at.opened);
    assert_true(goes_on(watched));
    const auto asleep = [](World& world) -> core::Task<core::Done> {
        co_await world.timers.sleep(1000);
        co_return core::Done{};
    };
    while (at.world.background.start(asleep(at.world))) {
    }
    at.world.clock.advance(100);
    assert_false(goes_on(watched));
    assert_int_equal(store.loads, 0);
}

// ---- Its provider

struct Due {
    bool goes_on() { return WatchedSession::goes_on(watched); }
    void turn() {
        while (world.turn()) {
        }
    }

    SessionWatch watch; // outlives the flows that ask
    unit::Checked world;
    WatchedPointer watched = watch.add(world.site, world.current());
};

// A stream may stay open for days without a request that would have the user asked for.
void rf_10_a_provider_that_speaks_of_an_end_ends_it(void**) {
    Due at;
    at.world.op.instead.emplace("/token", unit::json_response("{\"error\":\"invalid_grant\"}", 400));
    assert_true(at.goes_on()); // being asked
    assert_true(at.goes_on());
    at.turn();
    assert_false(at.goes_on());
    assert_int_equal(at.world.refreshes(), 1);
}

void rf_10_what_a_provider_tells_counts_from_then_on(void**) {
    Due at;
    assert_true(at.goes_on());
    at.turn();
    assert_true(at.goes_on());
    assert_int_equal(at.watched->session().epoch, 1);
    at.turn();
    assert_int_equal(at.world.refreshes(), 1);
}

void rf_05_a_provider_that_is_away_ends_nothing(void**) {
    Due at;
    at.world.op.instead.emplace("/token", unit::unreachable());
    for (int i = 0; i < 3; ++i) {
        assert_true(at.goes_on());
        at.turn();
    }
    assert_int_equal(at.world.refreshes(), 1);
    at.world.let_it_be_due(10);
    assert_true(at.goes_on());
    at.turn();
    assert_int_equal(at.world.refreshes(), 2);
}

} // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(lo_06_a_sign_out_ends_that_session),
        cmocka_unit_test(lo_17_a_mark_on_the_user_ends_his_sessions),
        cmocka_unit_test(sc_16_its_time_is_over),
        cmocka_unit_test(connections_of_a_session_share_one),
        cmocka_unit_test(what_a_store_has_no_more_is_over),
        cmocka_unit_test(stores_are_asked_every_other_second),
        cmocka_unit_test(many_are_asked_about_in_pieces),
        cmocka_unit_test(where_no_store_answers_nothing_ends),
        cmocka_unit_test(sc_16_a_store_tells_of_later_use),
        cmocka_unit_test(sc_16_idle_without_an_answer_is_over),
        cmocka_unit_test(a_session_that_comes_again_is_a_session),
        cmocka_unit_test(sc_16_nobody_is_asked_about_what_is_over),
        cmocka_unit_test(a_worker_with_too_much_under_way_prolongs_nothing),
        cmocka_unit_test(rf_10_a_provider_that_speaks_of_an_end_ends_it),
        cmocka_unit_test(rf_10_what_a_provider_tells_counts_from_then_on),
        cmocka_unit_test(rf_05_a_provider_that_is_away_ends_nothing),
    };
    return cmocka_run_group_tests_name("session_watch", tests, nullptr, nullptr);
}
