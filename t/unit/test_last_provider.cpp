// SPDX-License-Identifier: MIT
// What a browser remembers of the providers that it has used.
#include "../../src/flow/last_provider.hpp"

#include "flow_world.hpp"

#include <string>
#include <string_view>

#include "unit.hpp"

using namespace oauth;
using unit::World;

namespace {

constexpr const char* cookie = "__Host-oauth_last";

// The cookie's value after an answer; empty: the answer sets none.
std::string value_of(const web::Answer& answer) {
    const std::string begin = std::string(cookie) + "=";
    for (const std::string& line : answer.set_cookies) {
        if (line.starts_with(begin)) {
            return line.substr(begin.size(), line.find(';') - begin.size());
        }
    }
    return "";
}

flow::Request with(World& world, std::string_view value) {
    flow::Request request = world.request("GET", "/");
    request.cookies = {{cookie, std::string(value)}};
    return request;
}

void the_last_one_comes_first(void**) {
    World world;
    for (const auto& [before, after] : {std::pair("", "op"), std::pair("other", "op.other"),
                                        std::pair("other!.op!", "op.other!"), std::pair("op", "")}) {
        web::Answer answer;
        flow::remember_sign_in(world.site, with(world, before), world.provider, answer);
        assert_text_equal(value_of(answer), after);
    }
    assert_true(flow::is_last_provider(world.site, with(world, "op!.other"), world.provider));
    assert_false(flow::is_last_provider(world.site, with(world, "other.op"), world.provider));
    assert_true(flow::has_left(world.site, with(world, "other.op!"), world.provider));
    assert_false(flow::has_left(world.site, with(world, "other!.op"), world.provider));
}

void who_signs_out_means_every_provider(void**) {
    World world;
    struct Row {
        const char* before;
        std::vector<const flow::Provider*> left;
        const flow::Provider* ended_there;
        const char* after;
    };
    for (const Row& row :
         {Row{"", {&world.provider}, nullptr, "op!"}, Row{"other.op", {&world.other}, nullptr, "other!.op!"},
          Row{"other.op", {&world.other}, &world.other, "other.op!"},
          Row{"other.op", {&world.provider}, nullptr, "other!.op!"},
          Row{"", {&world.provider}, &world.provider, ""},
          Row{"op!.other!", {&world.other}, &world.other, "op!.other"}, Row{"other", {}, nullptr, "other!"},
          Row{"", {}, nullptr, ""}, Row{"nobody", {}, nullptr, ""}}) {
        web::Answer answer;
        flow::remember_sign_out(world.site, with(world, row.before), row.left, row.ended_there, answer);
        assert_text_equal(value_of(answer), row.after);
        assert_int_equal(answer.set_cookies.size(), *row.after == '\0' ? 0 : 1);
    }
}

void its_cookie_is_sent_along_for_months(void**) {
    World world;
    world.options.cookie.same_site = session::CookieSettings::SameSite::strict;
    web::Answer answer;
    flow::remember_sign_in(world.site, with(world, ""), world.provider, answer);
    assert_text_equal(World::cookie_set(answer, cookie),
                      std::string(cookie) + "=op; Path=/; Max-Age=15552000; HttpOnly; Secure; SameSite=Lax");
}

void it_has_a_bound(void**) {
    World world;
    std::deque<providers::Settings> settings;
    std::deque<flow::Provider> many;
    std::string value;
    for (int i = 0; i < 40; ++i) {
        settings.push_back(unit::openid_settings("p" + std::to_string(i), unit::issuer));
        many.emplace_back(settings.back(), world.ready, world.clock);
        world.site.providers.push_back(&many.back());
        value.append(i == 0 ? "" : ".").append(settings.back().name);
    }
    for (const std::string& before : {value, value.substr(0, value.find(".p32"))}) {
        web::Answer answer;
        flow::remember_sign_in(world.site, with(world, before), world.provider, answer);
        const std::string after = value_of(answer);
        assert_true(after.starts_with("op.p0.") && after.ends_with(".p30"));
    }
    assert_true(flow::has_left(world.site, with(world, "p1.p39!"), many.back()));
    assert_false(flow::has_left(world.site, with(world, value + "!"), many.back()));
}

void a_change_of_accounts_asks_until_it_is_done(void**) {
    World world;
    for (const auto& [before, after] :
         {std::pair("", "op!"), std::pair("other.op", "other.op!"), std::pair("op!", "")}) {
        web::Answer answer;
        flow::remember_switch(world.site, with(world, before), world.provider, answer);
        assert_text_equal(value_of(answer), after);
    }
}

void what_nobody_has_written_is_dropped(void**) {
    World world;
    for (const std::string& hostile :
         {std::string("nobody.op!.op.<b>.!..other!!.\x01"), std::string(100000, '.'),
          std::string(100000, '!'), std::string(30000, 'x') + ".op!"}) {
        const flow::Request request = with(world, hostile);
        flow::is_last_provider(world.site, request, world.provider);
        web::Answer answer;
        flow::remember_sign_in(world.site, request, world.other, answer);
        const std::string value = value_of(answer);
        assert_true(value == "other" || value == "other.op!");
    }
}

// A foreign page, the front channel and a change of accounts end sessions, and not that.
void it_outlives_sessions(void**) {
    World world;
    world.jar[cookie] = "op!";
    flow::Request foreign = world.request("GET", "/auth/oauth/logout");
    foreign.sec_fetch_site = "cross-site";
    world.serve(foreign);
    assert_text_equal(world.jar[cookie], "op!");
    world.serve(world.request("GET", "/auth/oauth/other", "account=other"));
    assert_text_equal(world.jar[cookie], "op!.other!");
}

// Of a session that was over already nobody knows the provider, but for what the browser remembers.
void a_sign_out_of_nobody_asks_again(void**) {
    World world;
    flow::Request own = world.request("GET", "/auth/oauth/logout");
    own.sec_fetch_site = "same-origin";
    world.serve(own);
    assert_int_equal(world.jar.count(cookie), 0); // there are two
    own.cookies = {{"__Host-oauth", "over"}};
    world.serve(own);
    assert_int_equal(world.jar.count(cookie), 0);
    world.jar[cookie] = "other.op";
    own = world.request("GET", "/auth/oauth/logout");
    own.sec_fetch_site = "same-origin";
    world.serve(own);
    assert_text_equal(world.jar[cookie], "other!.op!");
    world.jar.clear();
    world.site.providers.pop_back();
    own.cookies.clear();
    world.serve(own);
    assert_int_equal(world.jar.count(cookie), 0); // nor has there been a session
    for (const char* name : {"__Host-oauth", "__Host-oauth.0"}) {
        world.jar.clear();
        own.cookies = {{name, "over"}};
        world.serve(own);
        assert_text_equal(world.jar[cookie], "op!");
    }
}

} // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(the_last_one_comes_first),
        cmocka_unit_test(who_signs_out_means_every_provider),
        cmocka_unit_test(its_cookie_is_sent_along_for_months),
        cmocka_unit_test(it_has_a_bound),
        cmocka_unit_test(a_change_of_accounts_asks_until_it_is_done),
        cmocka_unit_test(what_nobody_has_written_is_dropped),
        cmocka_unit_test(it_outlives_sessions),
        cmocka_unit_test(a_sign_out_of_nobody_asks_again),
    };
    return cmocka_run_group_tests_name("last_provider", tests, nullptr, nullptr);
}
