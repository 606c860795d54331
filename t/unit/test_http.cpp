// SPDX-License-Identifier: MIT
// Media types, tokens and response headers.
#include "../../src/net/http.hpp"

#include "unit.hpp"

namespace {

using namespace oauth;

void test_media_type(void**) {
    assert_text_equal(net::media_type("application/json"), "application/json");
    assert_text_equal(net::media_type(" Application/JWT ; charset=utf-8"), "application/jwt");
    assert_text_equal(net::media_type("application/jwk-set+json;a=\"b;c\""), "application/jwk-set+json");
    for (const char* bad :
         {"", ";", "json", "/json", "application/", "application/json, text/html", "a/b/c", "a b/c"}) {
        assert_text_equal(net::media_type(bad), "");
    }
}

void test_token(void**) {
    assert_true(net::is_token("X-Forwarded_User.1!"));
    for (const std::string_view bad :
         {std::string_view(""), std::string_view("a b"), std::string_view("a:"), std::string_view("a\r\n"),
          std::string_view("a\0b", 3), std::string_view("\xc3\xa9")}) {
        assert_false(net::is_token(bad));
    }
}

void test_header(void**) {
    net::HttpResponse response;
    response.headers = {{"a", "1"}, {"b", "2"}, {"b", "3"}};
    assert_text_equal(response.header("b").value_or("none"), "2");
    assert_false(response.header("c").has_value());
}

} // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(test_media_type),
        cmocka_unit_test(test_token),
        cmocka_unit_test(test_header),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
