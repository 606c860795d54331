// SPDX-License-Identifier: MIT
// What workers agree on (CC-03, CC-04, DS-11): used once among processes, sessions ended by their id or by a
// mark, also after a process was killed, a lease that one of many gets, and what goes on in other memory.
#include "../../src/session/shared_ledger.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <cstdint>
#include <string>
#include <vector>

#include "killed_process.hpp"
#include "shared_memory.hpp"

using namespace oauth;
using session::Lease;
using session::Ledger;
using session::Marks;
using session::SharedLedger;

namespace {

struct Place {
    unit::FakeClock clock{1000};
    unit::SharedBlocks blocks;
    SharedLedger ledger{blocks.memory()};

    explicit Place(unit::Blocks sizes = {}) : blocks(clock, sizes) {}
};

void used_states_give_way_and_what_is_remembered_does_not(void**) {
    Place place(unit::Blocks{.used_states = 24 + 40 * 3, .ended = 24 + 40 * 3});
    for (const char* text : {"a", "b", "c", "d"}) {
        assert_true(place.ledger.use_once(text, 2000) == Ledger::Mark::first);
        assert_true(place.ledger.use_once(text, 2000) == Ledger::Mark::again);
        assert_true(place.ledger.is_used(text));
    }
    for (const char* text : {"a", "b", "c"}) {
        assert_false(place.ledger.is_remembered(text));
        assert_true(place.ledger.remember(text, 2000) == Ledger::Remembered::first);
        assert_true(place.ledger.is_remembered(text));
        assert_true(place.ledger.remember(text, 2000) == Ledger::Remembered::again);
    }
    assert_true(place.ledger.remember("d", 2000) == Ledger::Remembered::full);
    assert_true(place.ledger.remember("a", 2000) == Ledger::Remembered::again);
    assert_true(place.ledger.revoke("session", 2000) == Ledger::Revocation::full);
    place.clock.set(2000);
    assert_true(place.ledger.remember("d", 3000) == Ledger::Remembered::first);
}

void a_session_ends_by_its_id_and_by_marks_up_to_their_moment(void**) {
    Place place;
    const std::uint64_t before = place.ledger.generation();
    const Marks one{"id 1", "subject", "sid", 500};
    const Marks later{"id 2", "subject", "", 501};
    assert_false(place.ledger.is_revoked(one));
    assert_true(place.ledger.revoke("id 1", 2000) == Ledger::Revocation::done);
    assert_true(place.ledger.is_revoked(one));
    assert_false(place.ledger.is_revoked(later));
    assert_int_equal(place.ledger.generation(), before + 1);

    const Marks other{"id 3", "subject 2", "sid", 500};
    assert_true(place.ledger.revoke_all("sid", 499, 2000) == Ledger::Revocation::done);
    assert_false(place.ledger.is_revoked(other));
    assert_true(place.ledger.revoke_all("sid", 500, 1500) == Ledger::Revocation::done);
    assert_true(place.ledger.is_revoked(other));
    assert_true(place.ledger.revoke_all("sid", 3, 1500) == Ledger::Revocation::done); // the later one counts
    assert_true(place.ledger.is_revoked(other));
    assert_int_equal(place.ledger.generation(), before + 4);
    assert_false(place.ledger.is_revoked({"id 4", "subject 2", "", 500})); // it has no such mark

    Marks both{"id 6", "subject 2", "sid 2", 500};
    both.subject_and_sid = "both";
    assert_true(place.ledger.revoke_all("both", 500, 1500) == Ledger::Revocation::done);
    assert_true(place.ledger.is_revoked(both));
    assert_false(place.ledger.is_revoked({"id 7", "subject 3", "sid 2", 500})); // another user's
    assert_true(place.ledger.revoke_all("", 500, 1500) == Ledger::Revocation::done);
    assert_false(place.ledger.is_revoked({"id 8", "subject 3", "", 500})); // none is not the empty one

    assert_true(place.ledger.revoke_all("longer", 500, 1100) == Ledger::Revocation::done);
    assert_true(place.ledger.revoke_all("longer", 3, 1500) == Ledger::Revocation::done);
    place.clock.set(1499);
    assert_true(place.ledger.is_revoked({"id 9", "longer", "", 500}));
    place.clock.set(1000);

    assert_true(place.ledger.revoke_all("subject", 501, 1100) == Ledger::Revocation::done);
    assert_true(place.ledger.is_revoked(later));
    assert_false(place.ledger.is_revoked({"id 5", "subject", "", 502})); // begun afterwards
    place.clock.set(1999);
    assert_true(place.ledger.is_revoked(other)); // until the later of all times
    place.clock.set(2000);
    assert_false(place.ledger.is_revoked(other));
}

// A session's id, a mark and a jti of the same text are three.
void kinds_are_apart(void**) {
    Place place;
    place.ledger.remember("x", 2000);
    place.ledger.use_once("x", 2000);
    assert_false(place.ledger.is_revoked({"x", "x", "x", 5}));
    place.ledger.revoke_all("x", 3, 2000);
    assert_false(place.ledger.is_revoked({"x", "y", "", 1}));
    place.ledger.revoke("x", 2000);
    assert_true(place.ledger.remember("y", 2000) == Ledger::Remembered::first);
    assert_true(place.ledger.lease({"x", 0, 2000}, 1030).state == Lease::State::taken);
}

void marks_without_room_are_refused(void**) {
    Place place(unit::Blocks{.marks = 64 + 24 + 2 * 72});
    assert_true(place.ledger.revoke_all("a", 5, 2000) == Ledger::Revocation::done);
    assert_true(place.ledger.revoke_all("b", 5, 2000) == Ledger::Revocation::done);
    const std::uint64_t generation = place.ledger.generation();
    assert_true(place.ledger.revoke_all("c", 5, 2000) == Ledger::Revocation::full);
    assert_int_equal(place.ledger.generation(), generation);
    assert_true(place.ledger.revoke_all("a", 9, 2000) == Ledger::Revocation::done);
    assert_true(place.ledger.is_revoked({"id", "a", "", 9}));
    assert_true(place.ledger.revoke("id", 2000) == Ledger::Revocation::done); // a share of its own
}

void all_that_is_live_goes_on_elsewhere(void**) {
    Place from;
    from.ledger.use_once("state", 2000);
    from.ledger.revoke("id", 2000);
    from.ledger.revoke("expired", 1001);
    from.ledger.revoke_all("mark", 5, 2000);
    from.ledger.remember("jti", 2000);
    from.ledger.lease({"session", 2, 2000}, 1030);
    from.ledger.end_renewal({"session", 2, 2000}, Ledger::RenewalEnd::done, "sealed");
    from.ledger.lease({"away", 0, 2000}, 1030);
    from.ledger.end_renewal({"away", 0, 2000}, Ledger::RenewalEnd::failed, "");
    from.blocks.state().sessions->insert({1}, {2000, 0, 0, {}}, "a session", 1000);
    from.clock.set(1001);
    const session::LiveState live = count_live(from.blocks.state(), from.clock);
    assert_int_equal(live.ended, 2);
    assert_int_equal(live.marks, 1);
    assert_int_equal(live.renewals.records, 3);
    assert_int_equal(live.sessions.records, 1);

    for (const std::size_t size : {3000U, 40000U}) {
        Place to(unit::Blocks{size, size, size, size, size});
        assert_true(take_live(to.blocks.state(), from.blocks.state(), from.clock));
        assert_true(to.ledger.is_used("state"));
        assert_true(to.ledger.is_revoked({"id", "", "", 9}));
        assert_true(to.ledger.is_revoked({"", "mark", "", 5}));
        assert_true(to.ledger.remember("jti", 2000) == Ledger::Remembered::again);
        assert_true(to.ledger.lease({"session", 3, 2000}, 1030).state == Lease::State::taken);
        assert_string_equal(to.ledger.lease({"session", 2, 2000}, 1030).handover.c_str(), "sealed");
        assert_true(to.ledger.lease({"away", 0, 2000}, 1030).state == Lease::State::later);
        assert_string_equal(to.blocks.state().sessions->read({1}, 1001)->bytes.c_str(), "a session");
    }
    Place small(unit::Blocks{.renewals = 64 + 24 + 2 * (72 + 256)});
    assert_false(take_live(small.blocks.state(), from.blocks.state(), from.clock));
}

// While the clock is ahead all of it seems to be over, and others come who need room.
void lo_06_what_was_ended_stays_so_when_the_clock_goes_ahead_and_back(void**) {
    constexpr std::int64_t ahead = 40000;
    Place place;
    Place former;
    for (Place* each : {&place, &former}) {
        each->ledger.revoke("id", 29800);
        each->ledger.revoke_all("mark", 5, 29800);
        each->ledger.remember("jti", 29800);
        each->ledger.use_once("state", 1600);
        each->ledger.lease({"session", 0, 29800}, 1030);
        each->ledger.end_renewal({"session", 0, 29800}, Ledger::RenewalEnd::done, "sealed");
        each->clock.put(ahead);
    }
    place.clock.put(-ahead);
    place.clock.put(ahead);
    place.clock.advance(100);
    for (const char* name : {"a", "b", "c", "d", "e", "f"}) {
        const std::int64_t until = place.clock.now() + 28800;
        assert_true(place.ledger.revoke(name, until) == Ledger::Revocation::done);
        assert_true(place.ledger.revoke_all(name, 5, until) == Ledger::Revocation::done);
        assert_true(place.ledger.use_once(name, until) == Ledger::Mark::first);
        assert_true(place.ledger.lease({name, 0, until}, until).state == Lease::State::taken);
    }
    Place moved; // a reload with another zone
    assert_true(take_live(moved.blocks.state(), former.blocks.state(), former.clock));
    moved.clock.put(ahead);
    moved.ledger.revoke("a", 99999);
    for (Place* each : {&place, &moved}) {
        each->clock.put(-ahead);
        assert_true(each->ledger.is_revoked({"id", "", "", 9}));
        assert_true(each->ledger.is_revoked({"", "mark", "", 5}));
        assert_true(each->ledger.remember("jti", 29800) == Ledger::Remembered::again);
        assert_true(each->ledger.is_used("state"));
        assert_string_equal(each->ledger.lease({"session", 0, 29800}, 1030).handover.c_str(), "sealed");
    }
}

// A spent refresh token is not redeemed again because the clock was set while it was redeemed.
void rf_03_a_lease_is_held_though_the_clock_is_set(void**) {
    for (const std::int64_t by : {5000, -500}) {
        Place place;
        const auto lease = [&] { return place.ledger.lease({"session", 0, 29800}, place.clock.now() + 30); };
        assert_true(lease().state == Lease::State::taken);
        place.clock.put(by);
        place.clock.advance(29);
        const Lease held = lease();
        assert_true(held.state == Lease::State::busy);
        assert_int_equal(held.at, place.clock.now() + 1);
        place.clock.advance(1);
        assert_true(lease().state == Lease::State::taken);
        place.clock.put(-by);
        assert_true(lease().state == Lease::State::busy);
        place.clock.advance(30);
        assert_true(lease().state == Lease::State::refused);
    }
}

// However long ago it was that something was kept for so long.
void lo_06_at_any_moment(void**) {
    for (std::int64_t begun = 0; begun < 300; begun += 10) {
        for (const std::int64_t wait : {1, 50, 99}) {
            Place place;
            place.ledger.revoke("first", 1100);
            place.clock.advance(begun);
            const std::int64_t until = place.clock.now() + 100;
            place.ledger.revoke("id", until);
            place.clock.put(1000);
            place.clock.advance(wait);
            for (const char* name : {"a", "b", "c"}) {
                place.ledger.revoke(name, place.clock.now() + 100);
            }
            place.clock.put(-1000);
            assert_true(place.clock.now() < until);
            assert_true(place.ledger.is_revoked({"id", "", "", 9}));
        }
    }
}

// It was wrong until now: that does not keep the room of what is over for good.
void what_is_over_makes_room_after_the_clock_was_set(void**) {
    for (const std::int64_t by : {1000000, -500}) {
        Place place(unit::Blocks{.ended = 24 + 40 * 3});
        const auto fill = [&](const char* names) {
            for (const char* name = names; *name != '\0'; ++name) {
                const std::string id(1, *name);
                assert_true(place.ledger.revoke(id, place.clock.now() + 100) == Ledger::Revocation::done);
            }
            assert_true(place.ledger.revoke("more", place.clock.now() + 100) == Ledger::Revocation::full);
        };
        fill("abc");
        place.clock.put(by);
        place.clock.advance(99);
        assert_true(place.ledger.revoke("more", place.clock.now() + 100) == Ledger::Revocation::full);
        place.clock.advance(by > 0 ? 1 : 501); // nor before its time by the clock
        fill("def");
        place.clock.advance(99);
        assert_true(place.ledger.is_revoked({"d", "", "", 9}));
        place.clock.advance(102); // twice as long as anything is kept
        fill("ghi");
        place.clock.advance(100);
        fill("jkl"); // and all is as ever
    }
}

// Others have a copy: nothing begins here that they would have to know of, and what is known stays so.
void who_was_left_behind_promises_nothing(void**) {
    Place place;
    place.ledger.revoke("id", 2000);
    const std::uint64_t generation = place.ledger.generation();
    place.blocks.state().moved = 1;
    assert_true(place.ledger.revoke("other", 2000) == Ledger::Revocation::moved);
    assert_true(place.ledger.revoke_all("mark", 5, 2000) == Ledger::Revocation::moved);
    assert_true(place.ledger.remember("jti", 2000) == Ledger::Remembered::moved);
    assert_true(place.ledger.lease({"session", 0, 2000}, 1030).state == Lease::State::full);
    assert_true(place.ledger.use_once("state", 2000) == Ledger::Mark::first);
    assert_true(place.ledger.is_revoked({"id", "", "", 9}));
    assert_false(place.ledger.is_revoked({"other", "mark", "", 5}));
    assert_int_equal(place.ledger.generation(), generation);
}

// One process at a time, so that a dead one holds up nobody.
class NoLock final : public session::SharedMutex {
public:
    void lock() noexcept override {}
    void unlock() noexcept override {}
};

// A ledger whose tables of what was ended lie in one block.
struct Ends {
    static constexpr std::size_t each = 2048;

    Ends(const core::Clock& clock, session::ExpiringSet* ended, session::RecordTable* marks)
        : ledger({state, nobody, clock}) {
        state.ended = ended;
        state.marks = marks;
    }
    static Ends in_new(char* block, const core::Clock& clock) {
        return {clock, session::ExpiringSet::create(block, each),
                session::RecordTable::create(block + each, {each, 0})};
    }
    static Ends in_left(char* block, const core::Clock& clock) {
        return {clock, reinterpret_cast<session::ExpiringSet*>(block),
                reinterpret_cast<session::RecordTable*>(block + each)};
    }

    session::SharedState state{};
    NoLock nobody;
    SharedLedger ledger;
};

// Whatever a killed process left, be it in a change or while it mended what another had left: who has been
// signed out stays so, and a worker does not take the session without asking.
void ended_stays_ended_wherever_processes_were_killed(void**) {
    const Marks marks{"id", "subject", "", 500};
    for (const bool is_by_mark : {true, false}) {
        const unit::FakeClock clock{1000};
        unit::SharedBlock shared(2 * Ends::each);
        Ends here = Ends::in_new(shared.begin(), clock);
        const auto end = [&](const char* id, const char* subject) {
            return is_by_mark ? here.ledger.revoke_all(subject, 500, 2000) : here.ledger.revoke(id, 2000);
        };
        assert_false(here.ledger.may_be_revoked("id"));
        assert_true(end("id", "subject") == Ledger::Revocation::done);
        const auto in_change = unit::states_in(shared, [&] { end("other", "other"); });
        shared.put_back(in_change[in_change.size() / 2]);
        const auto in_mending = unit::states_in(shared, [&] { here.ledger.is_revoked(marks); });
        for (const auto* states : {&in_change, &in_mending}) {
            assert_true(states->size() > 5);
            for (std::vector<std::uint64_t> left : *states) {
                Ends next = Ends::in_left(reinterpret_cast<char*>(left.data()), clock);
                assert_true(next.ledger.may_be_revoked("id"));
                assert_true(next.ledger.is_revoked(marks));
            }
        }
    }
}

// In each of many rounds several processes want the same at once.
void cc_03_one_of_many_processes(void**) {
    constexpr int processes = 6;
    constexpr int rounds = 3000;
    Place place(unit::Blocks{262144, 262144, 4096, 1048576, 4096});
    int counts[2];
    assert_int_equal(pipe(counts), 0);
    for (int process = 0; process < processes; ++process) {
        if (fork() == 0) {
            int won[3] = {0, 0, 0};
            for (int round = 0; round < rounds; ++round) {
                const std::string id = "session " + std::to_string(round / 10);
                const auto epoch = static_cast<std::uint64_t>(round % 10);
                const session::Renewal renewal{id, epoch, 2000};
                if (place.ledger.lease(renewal, 1030).state == Lease::State::taken) {
                    ++won[0];
                    place.ledger.end_renewal(renewal, Ledger::RenewalEnd::done, "sealed " + id);
                }
                const std::string text = "round " + std::to_string(round);
                won[1] += place.ledger.use_once(text, 2000) == Ledger::Mark::first ? 1 : 0;
                won[2] += place.ledger.remember(text, 2000) == Ledger::Remembered::first ? 1 : 0;
            }
            const bool written = write(counts[1], won, sizeof(won)) == sizeof(won);
            _exit(written ? 0 : 1);
        }
    }
    int total[3] = {0, 0, 0};
    for (int process = 0; process < processes; ++process) {
        int won[3];
        assert_int_equal(read(counts[0], won, sizeof(won)), sizeof(won));
        for (int i = 0; i < 3; ++i) {
            total[i] += won[i];
        }
    }
    int status = 0;
    while (wait(&status) > 0) {
        assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    }
    close(counts[0]);
    close(counts[1]);
    // A process that is slow comes with an epoch that has been spent by then: that one was taken by others.
    for (const int won : total) {
        assert_int_equal(won, rounds);
    }
    assert_string_equal(place.ledger.lease({"session 7", 9, 2000}, 1030).handover.c_str(),
                        "sealed session 7");
}

} // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(used_states_give_way_and_what_is_remembered_does_not),
        cmocka_unit_test(a_session_ends_by_its_id_and_by_marks_up_to_their_moment),
        cmocka_unit_test(kinds_are_apart),
        cmocka_unit_test(marks_without_room_are_refused),
        cmocka_unit_test(all_that_is_live_goes_on_elsewhere),
        cmocka_unit_test(lo_06_what_was_ended_stays_so_when_the_clock_goes_ahead_and_back),
        cmocka_unit_test(lo_06_at_any_moment),
        cmocka_unit_test(rf_03_a_lease_is_held_though_the_clock_is_set),
        cmocka_unit_test(what_is_over_makes_room_after_the_clock_was_set),
        cmocka_unit_test(who_was_left_behind_promises_nothing),
        cmocka_unit_test(ended_stays_ended_wherever_processes_were_killed),
        cmocka_unit_test(cc_03_one_of_many_processes),
    };
    return cmocka_run_group_tests_name("shared_ledger", tests, nullptr, nullptr);
}
