// SPDX-License-Identifier: MIT
// What is counted, and how it is shown: counts of several processes add up, names that need it are escaped,
// and memory that is full loses counts and nothing else.
#include "../../src/figures/exposition.hpp"

#include "../../src/core/json.hpp"
#include "fakes.hpp"
#include "unit.hpp"

#include <memory>
#include <thread>

namespace {

using namespace oauth;
using namespace oauth::figures;
using core::Code;

struct World {
    unit::FakeClock clock{1795761117}; // 2026-11-27T06:31:57Z
    std::unique_ptr<Memory> memory = std::make_unique<Memory>();
    Figures figures{*memory, 0, clock};
    Named named{{"example", "github"}, {"oauth_deny email=mallory@example.org"}};

    std::string text(const Gauges& gauges = {}) { return prometheus_text(collect(figures, named, gauges)); }
    core::Json json(const Gauges& gauges = {}) {
        auto json = core::Json::parse(json_text(collect(figures, named, gauges), figures, named));
        assert_true(json.has_value());
        return std::move(*json);
    }
};

bool has_line(const std::string& text, const std::string& line) {
    return ("\n" + text).find("\n" + line + "\n") != std::string::npos;
}

#define assert_line(text, line)                                                                              \
    if (!has_line(text, line)) {                                                                             \
        print_error("no line %s in:\n%s\n", std::string(line).c_str(), (text).c_str());                      \
        fail();                                                                                              \
    }

void counts_of_all_workers_add_up(void**) {
    World world;
    Figures other(*world.memory, 1, world.clock);
    Figures same_line(*world.memory, Memory::lines, world.clock);
    for (Figures* each : {&world.figures, &other, &same_line}) {
        each->count(Request::allowed);
        each->count(Cache::miss);
        each->count_login("example");
        each->count_login("example", Code::provider_timeout);
        each->count_refresh("example", Refresh::ended);
    }
    other.count(Request::anonymous);
    const std::string text = world.text();
    assert_line(text, R"(oauth_requests_total{result="allowed"} 3)");
    assert_line(text, R"(oauth_requests_total{result="denied"} 0)");
    assert_line(text, R"(oauth_requests_total{result="anonymous"} 1)");
    assert_line(text, R"(oauth_session_cache_total{result="miss"} 3)");
    assert_line(text, R"(oauth_session_cache_total{result="hit"} 0)");
    assert_line(text, R"(oauth_logins_total{provider="example",result="ok"} 3)");
    assert_line(text, R"(oauth_logins_total{provider="example",result="provider_timeout"} 3)");
    assert_line(text, R"(oauth_logins_total{provider="github",result="ok"} 0)");
    assert_line(text, R"(oauth_refreshes_total{provider="example",result="ended"} 3)");
    assert_line(text, R"(oauth_refreshes_total{provider="github",result="failed"} 0)");
}

void counting_at_once_loses_nothing(void**) {
    World world;
    constexpr int times = 20000;
    const auto work = [&world](std::size_t worker) {
        Figures figures(*world.memory, worker, world.clock);
        for (int i = 0; i < times; ++i) {
            figures.count(Request::allowed);
            figures.count_denied("rule " + std::to_string(i % 50)); // taken by both at the same time
        }
    };
    std::thread first(work, 0);
    std::thread second(work, Memory::lines); // the same line
    first.join();
    second.join();
    assert_int_equal(world.figures.requests(Request::allowed), 2 * times);
    std::uint64_t denied = 0;
    for (int i = 0; i < 50; ++i) {
        denied += world.figures.denied("rule " + std::to_string(i));
    }
    assert_int_equal(denied, 2 * times);
}

void requests_to_providers_are_timed(void**) {
    World world;
    const auto ask = [&world](Endpoint endpoint, int milliseconds, Failure failure) {
        Asking asking(&world.figures, "example", endpoint);
        world.clock.milliseconds += milliseconds;
        if (failure) {
            static_cast<void>(asking.ended(core::Error{*failure, "why"}));
        } else {
            static_cast<void>(asking.ended(core::Status(core::Done{})));
        }
    };
    ask(Endpoint::token, 5, std::nullopt); // a bound belongs to its bucket
    ask(Endpoint::token, 6, std::nullopt);
    ask(Endpoint::token, 1200, Code::provider_error);
    ask(Endpoint::token, 60000, Code::provider_timeout);
    {
        const Asking left(&world.figures, "example", Endpoint::token);
    } // nobody waited
    const std::string text = world.text();
    assert_line(text, R"(oauth_provider_requests_total{provider="example",endpoint="token",result="ok"} 2)");
    assert_line(
        text,
        R"(oauth_provider_requests_total{provider="example",endpoint="token",result="provider_error"} 1)");
    assert_line(text, R"(oauth_provider_requests_total{provider="example",endpoint="keys",result="ok"} 0)");
    const std::string bucket =
        R"(oauth_provider_request_seconds_bucket{provider="example",endpoint="token",le=)";
    assert_line(text, bucket + R"("0.005"} 1)");
    assert_line(text, bucket + R"("0.01"} 2)");
    assert_line(text, bucket + R"("1"} 2)");
    assert_line(text, bucket + R"("2.5"} 3)");
    assert_line(text, bucket + R"("10"} 3)");
    assert_line(text, bucket + R"("+Inf"} 4)");
    assert_line(text, R"(oauth_provider_request_seconds_sum{provider="example",endpoint="token"} 61.211)");
    assert_line(text, R"(oauth_provider_request_seconds_count{provider="example",endpoint="token"} 4)");
    assert_true(text.find("endpoint=\"par\"") == std::string::npos);
    assert_true(text.find("seconds_count{provider=\"github\"") == std::string::npos);
}

void who_gives_up_has_met_a_timeout_or_tells_nothing(void**) {
    World world;
    const auto leave_after = [&world](int milliseconds) {
        const Asking asking(&world.figures, "example", Endpoint::token);
        world.clock.milliseconds += milliseconds;
    };
    leave_after(999);
    assert_int_equal(world.figures.asked("example", Endpoint::token, Code::provider_timeout), 0);
    leave_after(1000);
    assert_int_equal(world.figures.asked("example", Endpoint::token, Code::provider_timeout), 1);
    {
        Asking asking(&world.figures, "example", Endpoint::token);
        const Asking moved(std::move(asking));
        world.clock.milliseconds += 2000;
    }
    assert_int_equal(world.figures.asked("example", Endpoint::token, Code::provider_timeout), 2);
    {
        Asking asking(&world.figures, "example", Endpoint::token);
        world.clock.milliseconds += 2000;
        static_cast<void>(asking.ended(core::Status(core::Done{})));
    }
    assert_int_equal(world.figures.times("example", Endpoint::token).count(), 3);
    const Asking nowhere(nullptr, "example", Endpoint::token);
}

void rules_are_named_as_they_are_written(void**) {
    World world;
    world.named.rules = {R"(oauth_deny name~"^a\d" x)", "two\nlines", "no UTF-8: \xff\xc3"};
    world.figures.count_denied(world.named.rules[0]);
    world.figures.count_denied(no_rule);
    world.figures.count_denied("a rule that the configuration has no more");
    const std::string text = world.text();
    assert_line(text, R"(oauth_policy_denied_total{rule="oauth_deny name~\"^a\\d\" x"} 1)");
    assert_line(text, R"(oauth_policy_denied_total{rule="two\nlines"} 0)");
    assert_line(text, R"(oauth_policy_denied_total{rule="no UTF-8: ??"} 0)");
    assert_line(text, R"(oauth_policy_denied_total{rule="none"} 1)");
    assert_true(text.find("no more") == std::string::npos);
    const core::Json json = world.json();
    const auto list = json.root().get("counters").get("oauth_policy_denied_total");
    assert_int_equal(list.elements().size(), 4);
}

void gauges_are_shown_where_they_are_known(void**) {
    World world;
    Gauges gauges;
    gauges.zone_used = 10;
    gauges.zone_free = 90;
    gauges.version = "1.2.3";
    gauges.nginx = "1.22.1";
    assert_true(world.text(gauges).find("oauth_sessions_active") == std::string::npos);
    gauges.sessions = 7;
    const std::string text = world.text(gauges);
    assert_line(text, "oauth_sessions_active 7");
    assert_line(text, R"(oauth_zone_bytes{state="used"} 10)");
    assert_line(text, R"(oauth_zone_bytes{state="free"} 90)");
    assert_line(text, R"(oauth_build_info{version="1.2.3",nginx="1.22.1"} 1)");
    for (const char* name : {"oauth_requests_total", "oauth_sessions_active"}) {
        assert_true(text.find(std::string("# HELP ") + name + " ") != std::string::npos);
        assert_true(text.find(std::string("# TYPE ") + name + " ") != std::string::npos);
    }
}

void json_has_the_same_and_what_is_known_of_providers(void**) {
    World world;
    world.figures.count_login("example");
    static_cast<void>(
        Asking(&world.figures, "example", Endpoint::metadata).ended(core::Status(core::Done{})));
    static_cast<void>(Asking(&world.figures, "example", Endpoint::keys)
                          .ended(core::Error{Code::provider_unreachable, "secret"}));
    Gauges gauges;
    gauges.sessions = 7;
    const core::Json json = world.json(gauges);
    const core::JsonView counters = json.root().get("counters");
    assert_int_equal(counters.get("oauth_sessions_active").as_integer().value_or(0), 7);
    const auto logins = counters.get("oauth_logins_total");
    assert_text_equal(logins.elements().at(0).get("provider").as_string().value_or(""), "example");
    assert_text_equal(logins.elements().at(0).get("result").as_string().value_or(""), "ok");
    assert_int_equal(logins.elements().at(0).get("value").as_integer().value_or(0), 1);
    const auto times = counters.get("oauth_provider_request_seconds").elements().at(0);
    assert_int_equal(times.get("count").as_integer().value_or(0), 1);
    assert_int_equal(times.get("buckets").get("+Inf").as_integer().value_or(0), 1);
    const auto provider = json.root().get("providers").elements().at(0);
    assert_text_equal(provider.get("name").as_string().value_or(""), "example");
    assert_text_equal(provider.get("metadata_fetched").as_string().value_or(""), "2026-11-27T06:31:57Z");
    assert_false(provider.get("keys_fetched").exists());
    assert_text_equal(provider.get("last_error").as_string().value_or(""),
                      "provider_unreachable (keys, 2026-11-27T06:31:57Z)");
    assert_false(json.root().get("providers").elements().at(1).get("last_error").exists());
}

void full_memory_loses_counts_alone(void**) {
    World world;
    for (std::size_t i = 0; i < 2 * Memory::cells; ++i) {
        world.figures.count_denied(std::to_string(i));
    }
    world.figures.count(Request::allowed);
    world.figures.count_login("example"); // within reach or not: no crash, no other's number
    assert_int_equal(world.figures.requests(Request::allowed), 1);
    assert_true(world.figures.logins("example", std::nullopt) <= 1);
    std::uint64_t all = 0;
    for (std::size_t i = 0; i < 2 * Memory::cells; ++i) {
        const std::uint64_t one = world.figures.denied(std::to_string(i));
        assert_true(one <= 1);
        all += one;
    }
    assert_true(all <= Memory::cells && all > Memory::cells * 9 / 10);
}

void keys_do_not_run_into_each_other(void**) {
    assert_true(Key("a").add("bc").value() != Key("ab").add("c").value());
    assert_true(Key("a").add("").value() != Key("a").value());
}

} // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(counts_of_all_workers_add_up),
        cmocka_unit_test(counting_at_once_loses_nothing),
        cmocka_unit_test(requests_to_providers_are_timed),
        cmocka_unit_test(who_gives_up_has_met_a_timeout_or_tells_nothing),
        cmocka_unit_test(rules_are_named_as_they_are_written),
        cmocka_unit_test(gauges_are_shown_where_they_are_known),
        cmocka_unit_test(json_has_the_same_and_what_is_known_of_providers),
        cmocka_unit_test(full_memory_loses_counts_alone),
        cmocka_unit_test(keys_do_not_run_into_each_other),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
