// SPDX-License-Identifier: MIT
// Cache-Control on an answer that carries somebody's cookie (CA-04).
#include "../../src/web/cache_control.hpp"
#include "unit.hpp"

using namespace oauth;

namespace {

struct Case {
    const char* line;
    const char* expected;
};

void test_public_becomes_private_and_the_rest_stays(void**) {
    const Case cases[] = {
        {"public", "private"},
        {"public, max-age=60", "private, max-age=60"},
        {"max-age=60,PUBLIC , must-revalidate", "max-age=60, private, must-revalidate"},
        {"public=1", "private"},
        {"public, private, max-age=5", "private, max-age=5"},
        {"public, no-store", "private, no-store"},
        {"s-maxage=60", ""},
        {"max-age=1, S-MaxAge=\"60\", stale-while-revalidate=5", "max-age=1, stale-while-revalidate=5"},
        {"private=\"Set-Cookie, X-User\", max-age=5", "max-age=5"},
        {"no-cache=\"Set-Cookie, public\", public", "no-cache=\"Set-Cookie, public\", private"},
        {"x=\"a\\\", public, b\", public", "x=\"a\\\", public, b\", private"},
        {", ,public,,", "private"},
    };
    for (const Case& each : cases) {
        assert_text_equal(web::for_one_person(each.line), each.expected);
    }
}

void test_what_is_for_one_person_stays_as_it_was_written(void**) {
    for (const char* line :
         {"", "no-store", "private", "Private ,max-age=0", "max-age=60,must-revalidate", "no-cache",
          "x-public=1", "x=\"public, s-maxage=1\"", " private, , max-age=1 "}) {
        assert_text_equal(web::for_one_person(line), line);
    }
}

void test_quotes_without_an_end_hide_nothing(void**) {
    assert_text_equal(web::for_one_person("max-age=1, x=\"public"), "max-age=1");
    assert_text_equal(web::for_one_person("x=\"a\\"), "");
    assert_false(web::excludes_shared_caches("x=\"a, private"));
}

void test_who_is_kept_out(void**) {
    for (const char* line : {"private", "max-age=1, PRIVATE", "no-store", "public, no-store"}) {
        assert_true(web::excludes_shared_caches(line));
    }
    for (const char* line : {"", "public", "max-age=0", "no-cache", "private=\"X\"", "x-private",
                             "x=\"private\"", "must-revalidate, s-maxage=0"}) {
        assert_false(web::excludes_shared_caches(line));
    }
}

void test_a_long_line_takes_linear_time(void**) {
    std::string line;
    for (int i = 0; i < 100000; ++i) {
        line += "public,";
    }
    assert_text_equal(web::for_one_person(line), "private");
}

} // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(test_public_becomes_private_and_the_rest_stays),
        cmocka_unit_test(test_what_is_for_one_person_stays_as_it_was_written),
        cmocka_unit_test(test_quotes_without_an_end_hide_nothing),
        cmocka_unit_test(test_who_is_kept_out),
        cmocka_unit_test(test_a_long_line_takes_linear_time),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
