// SPDX-License-Identifier: MIT
// How many visitors may wait for providers at once: each limit by itself, what they cost, and the order in
// which they are reached (DS-02).
#include "../../src/flow/turns.hpp"

#include <ctime>
#include <string>
#include <vector>

#include "flow_world.hpp"

using namespace oauth;
using flow::Turn;
using flow::TurnLimits;
using flow::Turns;
using unit::World;

namespace {

std::string address(std::size_t number) {
    return "address " + std::to_string(number);
}

void an_address_has_a_share(void**) {
    Turns turns({10, 8, 3});
    std::vector<Turn> taken;
    for (int i = 0; i < 3; ++i) {
        taken.push_back(std::move(Turn::take(turns, "op", "a").value()));
    }
    const auto refused = Turn::take(turns, "op", "a");
    assert_true(!refused && refused.error().code == core::Code::provider_unreachable);
    assert_true(refused.error().detail.starts_with("3 visitors of this client's address"));
    assert_true(Turn::take(turns, "op", "b").ok());
    assert_true(Turn::take(turns, "op", "").ok()); // a unix socket: nobody's address
    taken.pop_back();
    assert_true(Turn::take(turns, "op", "a").ok());
}

void a_provider_has_a_share(void**) {
    Turns turns({10, 4, 3});
    std::vector<Turn> taken;
    for (std::size_t i = 0; i < 4; ++i) {
        taken.push_back(std::move(Turn::take(turns, "op", address(i)).value()));
    }
    const auto refused = Turn::take(turns, "op", "another");
    assert_true(!refused && refused.error().detail.starts_with("4 visitors of this provider"));
    assert_true(Turn::take(turns, "other", "another").ok());
}

void a_worker_has_a_limit(void**) {
    Turns turns({5, 4, 3});
    std::vector<Turn> taken;
    for (std::size_t i = 0; i < 5; ++i) {
        taken.push_back(std::move(Turn::take(turns, i < 3 ? "op" : "other", address(i)).value()));
    }
    const auto refused = Turn::take(turns, "third", "another");
    assert_true(!refused && refused.error().detail.starts_with("5 visitors of all providers"));
    taken.clear();
    for (std::size_t i = 0; i < 5; ++i) { // nothing of those before is counted any more
        taken.push_back(std::move(Turn::take(turns, i < 3 ? "op" : "other", address(i)).value()));
    }
}

void limits_grow_with_connections_and_keep_their_order(void**) {
    for (const std::size_t connections : {1U, 16U, 512U, 768U, 4096U, 1000000U}) {
        const TurnLimits limits = TurnLimits::for_connections(connections);
        assert_true(limits.address >= 2 && limits.address < limits.provider);
        assert_true(limits.provider < limits.worker && limits.worker <= 1024);
    }
    assert_int_equal(TurnLimits::for_connections(512).worker, 128);
    assert_int_equal(TurnLimits::for_connections(512).provider, 96);
    assert_int_equal(TurnLimits::for_connections(512).address, 32);
}

double seconds_for(Turns& turns, std::size_t number) {
    const std::clock_t before = std::clock();
    for (std::size_t i = 0; i < number; ++i) {
        assert_true(Turn::take(turns, "op", address(i)).ok());
    }
    return static_cast<double>(std::clock() - before) / CLOCKS_PER_SEC;
}

void what_is_given_back_leaves_nothing_behind(void**) {
    Turns turns({10, 8, 3});
    const double few = seconds_for(turns, 20000);
    const double many = seconds_for(turns, 100000);
    assert_true(many < 12 * few + 0.05);
}

// Who only waits is a coroutine that ends with the visitor.
void a_flow_has_its_turn_until_it_ends(void**) {
    World world; // 4 of one address
    std::vector<std::unique_ptr<core::Flow<web::Answer>>> visitors;
    flow::Request request = world.request("GET", "/auth/oauth/op");
    request.client = "a";
    std::vector<web::Answer> answers;
    const auto visit = [&] {
        visitors.push_back(std::make_unique<core::Flow<web::Answer>>(
            flow::sign_in(world.site, request, world.provider, world.site.providers, "/"),
            [&answers](std::optional<web::Answer> answer, std::exception_ptr) {
                answers.push_back(std::move(*answer));
            }));
        visitors.back()->start();
    };
    for (std::size_t i = 0; i < world.turns.limits().address; ++i) {
        visit();
    }
    assert_true(answers.empty());
    visit();
    assert_int_equal(answers.size(), 1);
    assert_int_equal(answers[0].status, 502);
    assert_true(answers[0].log.starts_with("provider_unreachable: op: 4 visitors of this client's address"));
    visitors.clear(); // they leave
    visit();
    assert_int_equal(answers.size(), 1);
    while (world.turn()) {
    }
    assert_int_equal(answers.size(), 2);
    assert_int_equal(answers[1].status, 302);
    for (std::size_t i = 0; i < 2 * world.turns.limits().address; ++i) { // nothing to wait for any more
        visit();
        assert_int_equal(answers.back().status, 302);
    }
}

void a_callback_that_is_refused_may_come_again(void**) {
    World world;
    const auto parameters = world.begin();
    flow::Request request = world.callback_request(*parameters.find("state"));
    request.client = "a";
    std::vector<Turn> taken;
    for (std::size_t i = 0; i < world.turns.limits().address; ++i) {
        taken.push_back(std::move(Turn::take(world.turns, "op", "a").value()));
    }
    const web::Answer refused = world.serve(request);
    assert_int_equal(refused.status, 502);
    assert_true(refused.set_cookies.empty());
    assert_int_equal(world.http.count("/token"), 0);
    taken.clear();
    assert_int_equal(world.serve(request).status, 302);
}

} // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(an_address_has_a_share),
        cmocka_unit_test(a_provider_has_a_share),
        cmocka_unit_test(a_worker_has_a_limit),
        cmocka_unit_test(limits_grow_with_connections_and_keep_their_order),
        cmocka_unit_test(what_is_given_back_leaves_nothing_behind),
        cmocka_unit_test(a_flow_has_its_turn_until_it_ends),
        cmocka_unit_test(a_callback_that_is_refused_may_come_again),
    };
    return cmocka_run_group_tests_name("turns", tests, nullptr, nullptr);
}
