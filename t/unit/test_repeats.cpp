// SPDX-License-Identifier: MIT
// What the log says of a fault that every session meets: once, then once a minute with how often it came up.
#include "../../src/flow/repeats.hpp"
#include "provider_place.hpp"

using namespace oauth;
using flow::Repeats;

namespace {

constexpr std::int64_t start = 1000;

void the_same_is_told_once_a_minute_and_counted(void**) {
    Repeats repeats;
    assert_text_equal(repeats.line("session 1: away", "away", start).value_or(""), "session 1: away");
    for (int second = 0; second < 60; ++second) {
        assert_false(repeats.line("session 2: away", "away", start + second).has_value());
    }
    assert_text_equal(repeats.line("session 3: away", "away", start + 60).value_or(""),
                      "session 3: away (and 60 times more since this was last said)");
    assert_false(repeats.line("session 3: away", "away", start + 61).has_value());
    assert_text_equal(repeats.line("session 4: away", "away", start + 200).value_or(""),
                      "session 4: away (and 1 times more since this was last said)");
    assert_text_equal(repeats.line("session 5: away", "away", start + 260).value_or(""), "session 5: away");
}

void another_fault_is_told_at_once_and_neither_hides_the_other(void**) {
    Repeats repeats;
    assert_true(repeats.line("a", "a", start).has_value());
    assert_true(repeats.line("b", "b", start).has_value());
    assert_false(repeats.line("a", "a", start + 1).has_value());
    assert_false(repeats.line("b", "b", start + 1).has_value());
}

void what_comes_back_is_told_sooner(void**) {
    Repeats repeats;
    assert_true(repeats.line("a", "a", start).has_value());
    repeats.end();
    assert_false(repeats.line("a", "a", start + 9).has_value()); // where half of the attempts fail
    assert_true(repeats.line("a", "a", start + 10).has_value());
    assert_false(repeats.line("a", "a", start + 20).has_value()); // it has not worked since
}

void a_clock_that_is_set_back_silences_nothing(void**) {
    Repeats repeats;
    assert_true(repeats.line("a", "a", start).has_value());
    assert_true(repeats.line("a", "a", start - 500).has_value());
    assert_false(repeats.line("a", "a", start - 499).has_value());
}

void many_faults_cost_no_memory(void**) {
    Repeats repeats;
    int told = 0;
    for (int i = 0; i < 1000; ++i) {
        told += repeats.line("x", std::to_string(i), start).has_value() ? 1 : 0;
    }
    assert_int_equal(told, 16);
    assert_false(repeats.line("x", "new", start + 59).has_value());
    assert_true(repeats.line("x", "new", start + 60).has_value());
}

void a_provider_reports_events_each_time_and_faults_once(void**) {
    unit::Place place;
    for (int i = 0; i < 3; ++i) {
        place.provider.report("has ended session " + std::to_string(i));
        place.provider.report_fault("session " + std::to_string(i) + ": status 503", "status 503");
        place.provider.report_fault("the zone is full");
    }
    assert_int_equal(place.reported.size(), 5);
    place.provider.works();
    place.clock.advance(10);
    place.provider.report_fault("session 9: status 503", "status 503");
    assert_int_equal(place.reported.size(), 6);
    assert_text_equal(place.reported.back(),
                      "session 9: status 503 (and 2 times more since this was last said)");
}

} // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(the_same_is_told_once_a_minute_and_counted),
        cmocka_unit_test(another_fault_is_told_at_once_and_neither_hides_the_other),
        cmocka_unit_test(what_comes_back_is_told_sooner),
        cmocka_unit_test(a_clock_that_is_set_back_silences_nothing),
        cmocka_unit_test(many_faults_cost_no_memory),
        cmocka_unit_test(a_provider_reports_events_each_time_and_faults_once),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
