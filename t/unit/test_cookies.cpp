// SPDX-License-Identifier: MIT
// Cookies in and out: only ';' separates (SC-09), ours are cut out and the application's stay as they were
// (HD-12), what is set has the right attributes (SC-07, CS-05), and large values go in parts that are put
// together strictly (SC-08, SC-10..12).
#include "../../src/session/cookies.hpp"

#include <string>
#include <utility>
#include <vector>

#include "unit.hpp"

using namespace oauth;
using namespace oauth::session;

namespace {

using SameSite = CookieSettings::SameSite;
using Secure = CookieSettings::Secure;

std::string read_all(std::string_view header) {
    std::string text;
    Cookie cookie;
    while (!header.empty()) {
        if (read_cookie(next_pair(header), cookie)) {
            text.append("[").append(cookie.name).append("|").append(cookie.value).append("]");
        }
    }
    return text;
}

void sc_09_only_semicolons_separate(void**) {
    assert_text_equal(read_all(""), "");
    assert_text_equal(read_all("a=1"), "[a|1]");
    assert_text_equal(read_all("a=1; b=2;c=3 ;\td=4"), "[a|1][b|2][c|3][d|4]");
    assert_text_equal(read_all("a=1,oauth=evil"), "[a|1,oauth=evil]");
    assert_text_equal(read_all("a=\"x; oauth=evil\""), "[a|\"x][oauth|evil\"]");
    assert_text_equal(read_all("sid=\"x\""), "[sid|\"x\"]");
    assert_text_equal(read_all("$Version=1; a=1"), "[$Version|1][a|1]");
    assert_text_equal(read_all("a = 1 ; b=x=y="), "[a|1][b|x=y=]");
    assert_text_equal(read_all("a b=1 2"), "[a b|1 2]");
    assert_text_equal(read_all("a=1;a=2"), "[a|1][a|2]");
}

void cookies_without_equals_are_passed_over(void**) {
    assert_text_equal(read_all(";;;"), "");
    assert_text_equal(read_all(" ; "), "");
    assert_text_equal(read_all("nameless; a=1; oauth"), "[a|1]");
    assert_text_equal(read_all("="), "[|]");
    assert_text_equal(read_all("=x; a="), "[|x][a|]");
}

void our_cookies_are_known_by_name(void**) {
    for (const char* ours : {"oauth", "oauth.0", "oauth.12", "oauth_login_", "oauth_login_AbC-_1",
                             "oauth_logout", "oauth_last"}) {
        assert_true(is_own_cookie(ours, "oauth"));
    }
    for (const char* other : {"",
                              "oaut",
                              "oauth2",
                              "OAUTH",
                              "oauth.",
                              "oauth.x",
                              "oauth.1x",
                              "oauth_log",
                              "oauth.0.1",
                              "xoauth",
                              "oauth_state",
                              "oauth_logout_",
                              "oauth_logout1",
                              "oauth_last1",
                              "__Host-oauth",
                              "oauth-login_",
                              "oauth_login_a b",
                              "oauth_login_\x01",
                              "oauth_login_a\x7f",
                              "oauth_login_\xc3\xa9",
                              "oauth_login_a,b",
                              "oauth_login_\"a\""}) {
        assert_false(is_own_cookie(other, "oauth"));
    }
}

void hd_12_ours_are_cut_out(void**) {
    const std::pair<const char*, const char*> cases[] = {
        {"oauth=x", ""},
        {"oauth=x; oauth.0=y;oauth_login_z=1", ""},
        {" oauth = x ", ""},
        {"a=1; oauth=x; b=2", "a=1; b=2"},
        {"oauth=x;a=\"1,2\"; =; nameless", "a=\"1,2\"; =; nameless"},
        {"oauth=x; a=1; a=2; oauth2=keep; A = b c ", "a=1; a=2; oauth2=keep; A = b c"},
        {";;; ;oauth=x; ;", ""},
        {"oauth; oauth=1", "oauth"},
        {"a=1,oauth=evil; oauth=x", "a=1,oauth=evil"},
        {"oauth=1; oauth=2; oauth.9=3", ""},
        {"a=1;b=2;oauth=x;c=3", "a=1;b=2;c=3"},
        {"a =  1 ;  oauth=x;  b=2 ;\tc", "a =  1 ;  b=2 ;\tc"},
    };
    for (const auto& [header, expected] : cases) {
        assert_text_equal(without_own_cookies(header, "oauth").value_or("unchanged"), expected);
    }
}

void sc_09_a_header_without_ours_is_left_alone(void**) {
    for (const char* header :
         {"", ";;;", "=", " ; ", "a=1;b=2", "a=1 ;  b=\"x\"", "a=1,oauth=evil", "oauth"}) {
        assert_false(without_own_cookies(header, "oauth").has_value());
    }
}

void the_name_follows_the_base_url(void**) {
    CookieSettings settings;
    assert_text_equal(cookie_name(settings, "https://app.example"), "__Host-oauth");
    assert_text_equal(cookie_name(settings, "http://app.example"), "oauth");
    settings.domain = "example";
    assert_text_equal(cookie_name(settings, "https://app.example"), "oauth");
    settings = {};
    settings.path = "/app";
    assert_text_equal(cookie_name(settings, "https://app.example"), "oauth");
    settings = {};
    settings.secure = Secure::off; // a browser refuses the prefix without Secure
    assert_text_equal(cookie_name(settings, "https://app.example"), "oauth");
    settings = {};
    settings.name = "mine";
    assert_text_equal(cookie_name(settings, "https://app.example"), "mine");
}

void sc_07_attributes(void**) {
    const std::string https = "https://app.example";
    const std::string http = "http://app.example";
    CookieSettings settings;
    assert_text_equal(set_cookie(settings, https, "__Host-oauth", "v", std::nullopt),
                      "__Host-oauth=v; Path=/; HttpOnly; Secure; SameSite=Lax");
    assert_text_equal(set_cookie(settings, http, "oauth", "v", std::nullopt),
                      "oauth=v; Path=/; HttpOnly; SameSite=Lax");
    assert_text_equal(set_cookie(settings, https, "oauth", "", 0),
                      "oauth=; Path=/; Max-Age=0; HttpOnly; Secure; SameSite=Lax");
    settings.domain = "example";
    settings.path = "/app";
    settings.same_site = SameSite::strict;
    settings.partitioned = true;
    assert_text_equal(
        set_cookie(settings, https, "oauth", "v", 600),
        "oauth=v; Path=/app; Domain=example; Max-Age=600; HttpOnly; Secure; SameSite=Strict; Partitioned");
    settings = {};
    settings.secure = Secure::on;
    assert_text_equal(set_cookie(settings, http, "oauth", "v", std::nullopt),
                      "oauth=v; Path=/; HttpOnly; Secure; SameSite=Lax");
    settings.secure = Secure::off;
    assert_text_equal(set_cookie(settings, https, "oauth", "v", std::nullopt),
                      "oauth=v; Path=/; HttpOnly; SameSite=Lax");
}

void same_site_none_needs_secure(void**) {
    CookieSettings settings;
    settings.same_site = SameSite::none;
    assert_text_equal(set_cookie(settings, "https://app.example", "oauth", "v", std::nullopt),
                      "oauth=v; Path=/; HttpOnly; Secure; SameSite=None");
    assert_text_equal(set_cookie(settings, "http://app.example", "oauth", "v", std::nullopt),
                      "oauth=v; Path=/; HttpOnly");
}

using Pairs = std::vector<std::pair<std::string, std::string>>;

std::vector<std::string> values_of(const Pairs& cookies, std::string_view name = "oauth") {
    const std::vector<CookieView> views(cookies.begin(), cookies.end());
    return session_values(views, name);
}

void assert_values(const Pairs& cookies, const std::vector<std::string>& expected) {
    const auto values = values_of(cookies);
    std::string text;
    for (const std::string& value : values) {
        text += value + " ";
    }
    if (values != expected) {
        fail_msg("%s", text.c_str());
    }
}

std::string text_of(std::size_t size) {
    std::string text;
    while (text.size() < size) {
        text += std::to_string(text.size()) + "-";
    }
    text.resize(size);
    return text;
}

void sc_12_parts_round_trip_at_every_boundary(void**) {
    const std::string name = "__Host-oauth";
    const std::size_t part = max_cookie_part - name.size() - 3;
    const std::size_t whole = max_cookie_part - name.size() - 1;
    for (const std::size_t size :
         {std::size_t{1}, whole - 1, whole, whole + 1, part, part + 1, part + part / 2, std::size_t{7000}}) {
        const std::string value = text_of(size);
        const auto parts = split_cookie(name, value);
        assert_true(parts.has_value());
        assert_int_equal(parts->size(), size <= whole ? 1 : 2);
        for (const auto& [part_name, part_value] : *parts) {
            assert_false(part_value.empty());
            assert_true(part_name.size() + 1 + part_value.size() <= max_cookie_part);
        }
        assert_text_equal(parts->front().first, size <= whole ? name : name + ".0");
        const auto values = values_of(*parts, name);
        assert_int_equal(values.size(), 1);
        assert_text_equal(values.front(), value);
    }
}

void sc_11_more_than_the_bound_is_refused_when_written(void**) {
    // Two parts, the second with the mark of both: they are told from those of another source.
    const std::size_t overhead = 2 * (std::string_view("oauth").size() + 3) + part_mark_size;
    assert_true(split_cookie("oauth", std::string(max_cookie_total - overhead, 'x')).has_value());
    assert_false(split_cookie("oauth", std::string(max_cookie_total - overhead + 1, 'x')).has_value());
    assert_false(split_cookie("oauth", std::string(1000000, 'x')).has_value());
}

const std::string one = "mark-of-one-"; // as long as a mark is
const std::string two = "mark-of-two-";

void sc_10_parts_are_put_together_strictly(void**) {
    assert_int_equal(one.size(), part_mark_size);
    assert_values({{"oauth.0", one + "a"}, {"oauth.1", one + "b"}}, {one + "ab"});
    assert_values({{"oauth.1", one + "b"}, {"other", "x"}, {"oauth.0", one + "a"}}, {one + "ab"});
    assert_values({{"oauth.0", one + "a"}, {"oauth.1", one + "b"}, {"oauth.2", one + "c"}}, {one + "abc"});
    assert_values({}, {});
    assert_values({{"oauth.1", one + "b"}}, {});
    assert_values({{"oauth.0", one + "a"}, {"oauth.2", one + "c"}}, {one + "a"}); // which does not open
    assert_values({{"oauth.0", one + "a"}, {"oauth.1", "short"}}, {one + "a"});
    for (const char* name :
         {"oauth.99999999", "oauth.-1", "oauth.1e9", "oauth.00", "oauth.", "oauth.x", "oauth.9", "oauth.3"}) {
        assert_values({{name, one + "a"}}, {});
        assert_values({{"oauth.0", one + "a"}, {name, one + "b"}}, {one + "a"});
        assert_false(is_session_cookie(name, "oauth"));
    }
    assert_true(is_session_cookie("oauth.2", "oauth"));
    assert_false(is_session_cookie("oauth_login_x", "oauth"));
}

void sc_08_parts_of_two_sources_are_not_mixed(void**) {
    const Pairs first = {{"oauth.0", one + "a"}, {"oauth.1", one + "b"}};
    const Pairs second = {{"oauth.0", two + "c"}, {"oauth.1", two + "d"}};
    assert_values({first[0], second[0], first[1], second[1]}, {one + "ab", two + "cd"});
    assert_values({second[1], first[0], first[1], second[0]}, {one + "ab", two + "cd"});
    assert_values({{"oauth.0", "foreign"}, {"oauth.1", "foreign, too, and long"}, first[0], first[1]},
                  {"foreign", one + "ab"});
}

void sc_10_a_joined_value_is_bounded(void**) {
    const std::string half(max_cookie_total / 2 - part_mark_size, 'x');
    const Pairs parts = {{"oauth.0", one + half}, {"oauth.1", one + half}, {"oauth.2", one + half}};
    assert_int_equal(values_of({parts[0], parts[1]}).size(), 1);
    assert_int_equal(values_of(parts).size(), 0);
    assert_int_equal(values_of({{"oauth", std::string(max_cookie_total + 1, 'x')}}).size(), 0);
}

void sc_08_each_of_two_with_one_name_may_be_the_session(void**) {
    assert_values({{"oauth", "a"}}, {"a"});
    assert_values({{"oauth", "a"}, {"oauth", "b"}, {"oauth", ""}}, {"a", "b"});
    assert_values({{"oauth", "a"}, {"oauth.0", one + "c"}, {"oauth", "b"}}, {"a", one + "c", "b"});
}

// Many first parts do not each get the same later one.
void sc_08_what_is_tried_is_no_longer_than_what_was_sent(void**) {
    Pairs cookies(1000, {"oauth.0", one});
    cookies.emplace_back("oauth.1", one + std::string(3000, 'x'));
    std::size_t total = 0;
    for (const std::string& value : values_of(cookies)) {
        total += value.size();
    }
    assert_int_equal(total, 1000 * one.size() + 3000);
}

} // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(sc_09_only_semicolons_separate),
        cmocka_unit_test(cookies_without_equals_are_passed_over),
        cmocka_unit_test(our_cookies_are_known_by_name),
        cmocka_unit_test(hd_12_ours_are_cut_out),
        cmocka_unit_test(sc_09_a_header_without_ours_is_left_alone),
        cmocka_unit_test(the_name_follows_the_base_url),
        cmocka_unit_test(sc_07_attributes),
        cmocka_unit_test(same_site_none_needs_secure),
        cmocka_unit_test(sc_12_parts_round_trip_at_every_boundary),
        cmocka_unit_test(sc_11_more_than_the_bound_is_refused_when_written),
        cmocka_unit_test(sc_10_parts_are_put_together_strictly),
        cmocka_unit_test(sc_10_a_joined_value_is_bounded),
        cmocka_unit_test(sc_08_parts_of_two_sources_are_not_mixed),
        cmocka_unit_test(sc_08_each_of_two_with_one_name_may_be_the_session),
        cmocka_unit_test(sc_08_what_is_tried_is_no_longer_than_what_was_sent),
    };
    return cmocka_run_group_tests_name("cookies", tests, nullptr, nullptr);
}
