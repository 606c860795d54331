// SPDX-License-Identifier: MIT
// The URL that ends the provider's session: LO-02, LO-03, LO-04 as far as they are pure, CONF-047.
#include "../../src/core/url.hpp"
#include "../../src/oidc/logout.hpp"
#include "tokens.hpp"

#include <string>

#include "unit.hpp"

namespace {

using namespace oauth;

std::string parameter(const std::string& url, std::string_view name) {
    const auto parameters = core::Parameters::parse(url.substr(url.find('?') + 1));
    assert_true(parameters.has_value());
    assert_true(parameters->count(name) <= 1);
    return std::string(parameters->find(name).value_or("(none)"));
}

oidc::EndSessionRequest request() {
    oidc::EndSessionRequest request;
    request.end_session_endpoint = "https://op.example/logout";
    request.client_id = "client & co";
    request.post_logout_redirect_uri = "https://app.example/bye?a=b&c=d";
    request.id_token_hint = "a.b.c";
    request.state = "s-1";
    return request;
}

void lo_02_conf_047_all_is_sent(void**) {
    const std::string url = oidc::build_end_session_url(request());
    assert_true(url.starts_with("https://op.example/logout?"));
    assert_text_equal(parameter(url, "id_token_hint"), "a.b.c");
    assert_text_equal(parameter(url, "client_id"), "client & co");
    assert_text_equal(parameter(url, "post_logout_redirect_uri"), "https://app.example/bye?a=b&c=d");
    assert_text_equal(parameter(url, "state"), "s-1");
}

void lo_02_what_is_empty_is_not_sent(void**) {
    oidc::EndSessionRequest bare;
    bare.end_session_endpoint = "https://op.example/logout?tenant=x";
    bare.client_id = "c";
    assert_text_equal(oidc::build_end_session_url(bare), "https://op.example/logout?tenant=x&client_id=c");
}

void lo_03_an_expired_hint_is_sent(void**) {
    auto expired = request();
    expired.id_token_hint = tokens::unsigned_token("{\"alg\":\"RS256\"}", "{\"exp\":1}");
    assert_text_equal(parameter(oidc::build_end_session_url(expired), "id_token_hint"),
                      expired.id_token_hint);
}

// What a provider would answer with an error is not sent.
void lo_02_without_a_hint(void**) {
    auto without = request();
    without.id_token_hint.clear();
    const std::string all = "client_id=client%20%26%20co&post_logout_redirect_uri=https%3A%2F%2Fapp.example"
                            "%2Fbye%3Fa%3Db%26c%3Dd&state=s-1";
    assert_text_equal(oidc::build_end_session_url(without), "https://op.example/logout?" + all);
    without.hint_rule = oidc::HintRule::for_return;
    assert_text_equal(oidc::build_end_session_url(without),
                      "https://op.example/logout?client_id=client%20%26%20co");
    without.hint_rule = oidc::HintRule::required;
    assert_text_equal(oidc::build_end_session_url(without), "");
    for (const auto rule : {oidc::HintRule::optional, oidc::HintRule::for_return, oidc::HintRule::required}) {
        auto with = request();
        with.hint_rule = rule;
        assert_text_equal(oidc::build_end_session_url(with),
                          "https://op.example/logout?id_token_hint=a.b.c&" + all);
    }
}

void a_hint_that_no_server_would_take_is_none(void**) {
    auto long_hint = request();
    long_hint.hint_rule = oidc::HintRule::required;
    long_hint.id_token_hint.assign(oidc::max_hint_size, 'a');
    assert_text_equal(parameter(oidc::build_end_session_url(long_hint), "id_token_hint"),
                      long_hint.id_token_hint);
    long_hint.id_token_hint += 'a';
    assert_text_equal(oidc::build_end_session_url(long_hint), "");
    long_hint.hint_rule = oidc::HintRule::optional;
    assert_text_equal(parameter(oidc::build_end_session_url(long_hint), "id_token_hint"), "(none)");
    assert_text_equal(parameter(oidc::build_end_session_url(long_hint), "state"), "s-1");
}

void lo_04_no_endpoint_no_url(void**) {
    auto none = request();
    none.end_session_endpoint.clear();
    assert_text_equal(oidc::build_end_session_url(none), "");
}

} // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(lo_02_conf_047_all_is_sent),
        cmocka_unit_test(lo_02_what_is_empty_is_not_sent),
        cmocka_unit_test(lo_03_an_expired_hint_is_sent),
        cmocka_unit_test(lo_02_without_a_hint),
        cmocka_unit_test(a_hint_that_no_server_would_take_is_none),
        cmocka_unit_test(lo_04_no_endpoint_no_url),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
