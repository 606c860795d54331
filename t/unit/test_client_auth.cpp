// SPDX-License-Identifier: MIT
// How the client proves itself: TK-01..03, TK-05, CONF-003, CONF-004, CONF-029.
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
    for (const char* name : {"", "Basic", "client_secret_basic", "tls_client_auth", "none "}) {
        assert_false(oidc::parse_client_auth(name).has_value());
    }
    for (const char* name : {"basic", "post", "none", "private_key_jwt", "client_secret_jwt", "tls"}) {
        assert_text_equal(oidc::client_auth_name(*oidc::parse_client_auth(name)), name);
    }
}

using List = std::vector<std::string>;

std::optional<ClientAuth> choose(const List& supported, const oidc::ClientMaterial& material = {32}) {
    return oidc::choose_client_auth(supported, material);
}

void tk_03_conf_029_the_choice_from_metadata(void**) {
    assert_true(choose({}) == ClientAuth::basic);
    assert_true(choose({"client_secret_post", "client_secret_basic"}) == ClientAuth::basic);
    assert_true(choose({"none", "private_key_jwt", "client_secret_post"}) == ClientAuth::post);
    assert_true(choose({"none"}) == ClientAuth::none);
    assert_true(choose({"private_key_jwt", "none"}) == ClientAuth::none);
    assert_false(choose({"private_key_jwt", "tls_client_auth"}).has_value());
    assert_false(choose({"CLIENT_SECRET_BASIC"}).has_value());
    assert_true(choose({"client_secret_jwt"}) == ClientAuth::client_secret_jwt);
    assert_true(choose({"client_secret_jwt", "client_secret_post"}) == ClientAuth::post);
    assert_false(choose({"client_secret_jwt"}, {31}).has_value()); // TK-05
}

void a_key_or_a_certificate_is_chosen_where_it_is_taken(void**) {
    const List all = {"client_secret_basic", "private_key_jwt", "self_signed_tls_client_auth", "none"};
    const oidc::ClientMaterial key{32, true, false};
    const oidc::ClientMaterial certificate{32, true, true};
    assert_true(choose(all, key) == ClientAuth::private_key_jwt);
    assert_true(choose(all, certificate) == ClientAuth::tls);
    assert_true(choose({"tls_client_auth"}, certificate) == ClientAuth::tls);
    assert_false(choose({"tls_client_auth"}, key).has_value());
    assert_true(choose({"private_key_jwt"}, certificate) == ClientAuth::private_key_jwt);
    assert_true(choose({"client_secret_post"}, certificate) == ClientAuth::post);
    const oidc::ClientMaterial no_secret{0, true, false};
    assert_true(choose({}, no_secret) == ClientAuth::private_key_jwt);
    assert_true(choose({}, {0, true, true}) == ClientAuth::tls);
    assert_false(choose({"client_secret_basic"}, no_secret).has_value());
    assert_false(choose({"none"}, no_secret).has_value()); // it was to prove itself
    assert_false(choose({"client_secret_basic", "client_secret_post"}, {}).has_value());
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
        cmocka_unit_test(a_key_or_a_certificate_is_chosen_where_it_is_taken),
        cmocka_unit_test(tk_01_conf_004_basic_encodes_both_halves),
        cmocka_unit_test(basic_as_rfc_6749_has_it),
        cmocka_unit_test(tk_02_post_is_in_the_body_alone),
        cmocka_unit_test(none_names_the_client_and_gives_no_secret),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
