// SPDX-License-Identifier: MIT
// How the client proves itself: TK-01..03, CONF-003, CONF-004, CONF-029.
#include "../../src/core/bytes.hpp"
#include "../../src/core/url.hpp"
#include "../../src/oidc/client_auth.hpp"

#include <string>
#include <vector>

#include "unit.hpp"

namespace {

using namespace oauth;
using oidc::ClientAuth;

net::HttpRequest authenticated(oidc::ClientCredentials credentials, std::string body = "grant_type=x") {
    net::HttpRequest request;
    request.body = std::move(body);
    oidc::authenticate_client(credentials, request);
    return request;
}

void names_of_the_directive(void**) {
    assert_true(oidc::parse_client_auth("basic") == ClientAuth::basic);
    assert_true(oidc::parse_client_auth("post") == ClientAuth::post);
    assert_true(oidc::parse_client_auth("none") == ClientAuth::none);
    for (const char* name : {"", "Basic", "client_secret_basic", "private_key_jwt", "none "}) {
        assert_false(oidc::parse_client_auth(name).has_value());
    }
}

void tk_03_conf_029_the_choice_from_metadata(void**) {
    using List = std::vector<std::string>;
    assert_true(oidc::choose_client_auth({}) == ClientAuth::basic);
    assert_true(oidc::choose_client_auth(List{"client_secret_post", "client_secret_basic"}) ==
                ClientAuth::basic);
    assert_true(oidc::choose_client_auth(List{"none", "private_key_jwt", "client_secret_post"}) ==
                ClientAuth::post);
    assert_true(oidc::choose_client_auth(List{"none"}) == ClientAuth::none);
    assert_true(oidc::choose_client_auth(List{"private_key_jwt", "none"}) == ClientAuth::none);
    assert_false(oidc::choose_client_auth(List{"private_key_jwt", "tls_client_auth"}).has_value());
    assert_false(oidc::choose_client_auth(List{"CLIENT_SECRET_BASIC"}).has_value());
}

void tk_01_conf_004_basic_encodes_both_halves(void**) {
    const std::string id = "id:with+%\xc3\xa9 space";
    const std::string secret = "s:e+c%r\xc3\xa9t ~/=&";
    const auto request = authenticated({id, secret, ClientAuth::basic});
    assert_text_equal(request.body, "grant_type=x"); // never both
    assert_int_equal(request.headers.size(), 1);
    assert_text_equal(request.headers[0].name, "Authorization");
    const std::string pair = "id%3Awith%2B%25%C3%A9%20space:s%3Ae%2Bc%25r%C3%A9t%20~%2F%3D%26";
    assert_text_equal(request.headers[0].value, "Basic " + core::base64_encode(pair));
    // what a provider does with it
    assert_text_equal(*core::form_decode(pair.substr(0, pair.find(':'))), id);
    assert_text_equal(*core::form_decode(pair.substr(pair.find(':') + 1)), secret);
}

void basic_as_rfc_6749_has_it(void**) { // 2.3.1
    const auto request = authenticated({"s6BhdRkqt3", "7Fjfp0ZBr1KtDRbnfVdmIw", ClientAuth::basic});
    assert_text_equal(request.headers[0].value, "Basic czZCaGRSa3F0Mzo3RmpmcDBaQnIxS3REUmJuZlZkbUl3");
}

void tk_02_post_is_in_the_body_alone(void**) {
    const auto request = authenticated({"a&b", "c=d +\xc3\xa9", ClientAuth::post});
    assert_true(request.headers.empty());
    assert_text_equal(request.body, "grant_type=x&client_id=a%26b&client_secret=c%3Dd%20%2B%C3%A9");
}

void none_names_the_client_and_gives_no_secret(void**) {
    const auto request = authenticated({"public", "left over", ClientAuth::none}, "");
    assert_true(request.headers.empty());
    assert_text_equal(request.body, "client_id=public");
}

} // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(names_of_the_directive),
        cmocka_unit_test(tk_03_conf_029_the_choice_from_metadata),
        cmocka_unit_test(tk_01_conf_004_basic_encodes_both_halves),
        cmocka_unit_test(basic_as_rfc_6749_has_it),
        cmocka_unit_test(tk_02_post_is_in_the_body_alone),
        cmocka_unit_test(none_names_the_client_and_gives_no_secret),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
