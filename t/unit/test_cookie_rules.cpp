// SPDX-License-Identifier: MIT
// What browsers do with cookies: paths and domains as RFC 6265 5.1 matches them, and settings that they
// refuse (SC-07).
#include "../../src/session/cookie_rules.hpp"
#include "unit.hpp"

using oauth::session::CookieSettings;
using oauth::session::Scheme;
using SameSite = CookieSettings::SameSite;
using Secure = CookieSettings::Secure;
using oauth::session::why_refused;

namespace {

void paths(void**) {
    struct Row {
        const char* cookie;
        const char* path;
        bool covers;
    };
    const Row rows[] = {
        {"", "/a", true},
        {"/", "/", true},
        {"/", "/a/b", true},
        {"/app", "/app", true},
        {"/app", "/app/", true},
        {"/app", "/app/x", true},
        {"/app", "/apple", false},
        {"/app", "/ap", false},
        {"/app", "/", false},
        {"/app/", "/app/x", true},
        {"/app/", "/app", false},
        {"/app", "/App/x", false},
        {"/auth/oauth", "/auth/oauth/op/callback", true},
    };
    for (const Row& row : rows) {
        if (oauth::session::path_covers(row.cookie, row.path) != row.covers) {
            fail_msg("'%s' '%s'", row.cookie, row.path);
        }
    }
}

void domains(void**) {
    struct Row {
        const char* domain;
        const char* host;
        bool covers;
    };
    const Row rows[] = {
        {"example.org", "example.org", true},
        {"example.org", "app.example.org", true},
        {".example.org", "app.example.org", true},
        {"Example.ORG", "a.b.example.org", true},
        {"example.org", "badexample.org", false},
        {"app.example.org", "example.org", false},
        {"example.org", "example.com", false},
        {"2.3.4", "1.2.3.4", false},
        {"1.2.3.4", "1.2.3.4", true},
    };
    for (const Row& row : rows) {
        if (oauth::session::domain_covers(row.domain, row.host) != row.covers) {
            fail_msg("'%s' '%s'", row.domain, row.host);
        }
    }
}

CookieSettings with(auto change) {
    CookieSettings settings;
    change(settings);
    return settings;
}

void sc_07_settings_that_browsers_refuse_everywhere(void**) {
    const CookieSettings refused[] = {
        with([](auto& s) { s.name = "__Host-a", s.domain = "example.org"; }),
        with([](auto& s) { s.name = "__host-a", s.path = "/app"; }),
        with([](auto& s) { s.name = "__Host-a", s.secure = Secure::off; }),
        with([](auto& s) { s.name = "__Secure-a", s.secure = Secure::off; }),
        with([](auto& s) { s.name = "__SECURE-a", s.secure = Secure::off; }),
        with([](auto& s) { s.name = "__Http-a", s.secure = Secure::off; }),
        with([](auto& s) { s.partitioned = true, s.secure = Secure::off; }),
        with([](auto& s) { s.same_site = SameSite::none, s.secure = Secure::off; }),
        with([](auto& s) { s.domain = "https://example.org"; }),
        with([](auto& s) { s.domain = "*.example.org"; }),
        with([](auto& s) { s.domain = "example..org"; }),
        with([](auto& s) { s.domain = "example.org:443"; }),
    };
    for (const CookieSettings& settings : refused) {
        for (const Scheme scheme : {Scheme::unknown, Scheme::http, Scheme::https}) {
            assert_false(why_refused(settings, scheme).empty());
        }
    }
}

void sc_07_settings_that_need_https(void**) {
    const CookieSettings secure[] = {
        with([](auto& s) { s.name = "__Host-a"; }),
        with([](auto& s) { s.name = "__Secure-a", s.domain = "example.org"; }),
        with([](auto& s) { s.secure = Secure::on; }),
        with([](auto& s) { s.partitioned = true; }),
        with([](auto& s) { s.same_site = SameSite::none; }),
    };
    for (const CookieSettings& settings : secure) {
        assert_text_equal(why_refused(settings, Scheme::https), "");
        assert_text_equal(why_refused(settings, Scheme::unknown), "");
        assert_false(why_refused(settings, Scheme::http).empty());
    }
}

void settings_that_are_right_everywhere(void**) {
    const CookieSettings right[] = {
        {},
        with([](auto& s) { s.name = "mine", s.domain = ".example.org", s.path = "/app"; }),
        with([](auto& s) { s.secure = Secure::off, s.same_site = SameSite::strict; }),
    };
    for (const CookieSettings& settings : right) {
        for (const Scheme scheme : {Scheme::unknown, Scheme::http, Scheme::https}) {
            assert_text_equal(why_refused(settings, scheme), "");
        }
    }
}

} // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(paths),
        cmocka_unit_test(domains),
        cmocka_unit_test(sc_07_settings_that_browsers_refuse_everywhere),
        cmocka_unit_test(sc_07_settings_that_need_https),
        cmocka_unit_test(settings_that_are_right_everywhere),
    };
    return cmocka_run_group_tests_name("cookie_rules", tests, nullptr, nullptr);
}
