// SPDX-License-Identifier: MIT
// The error table (names and statuses are what users rely on) and Result's two states.
#include "../../src/core/result.hpp"

#include <memory>

#include "unit.hpp"

using namespace oauth::core;

static void every_code_has_its_name_and_status(void**) {
    struct Row {
        Code code;
        const char* name;
        int status;
    };
    constexpr Row rows[] = {
        {Code::login_required, "login_required", 401},
        {Code::policy_denied, "policy_denied", 403},
        {Code::access_denied, "access_denied", 403},
        {Code::email_unverified, "email_unverified", 403},
        {Code::state_invalid, "state_invalid", 400},
        {Code::request_invalid, "request_invalid", 400},
        {Code::provider_error, "provider_error", 502},
        {Code::token_invalid, "token_invalid", 502},
        {Code::provider_unreachable, "provider_unreachable", 502},
        {Code::provider_timeout, "provider_timeout", 504},
        {Code::session_too_large, "session_too_large", 500},
        {Code::store_unavailable, "store_unavailable", 503},
        {Code::internal_error, "internal_error", 500},
    };
    for (const auto& row : rows) {
        assert_text_equal(code_name(row.code), row.name);
        assert_int_equal(code_status(row.code), row.status);
    }
}

static void a_result_is_a_value_or_an_error(void**) {
    Result<int> good(7);
    assert_true(good.ok());
    assert_int_equal(good.value(), 7);

    Result<int> bad(Error{Code::state_invalid, "expired"});
    assert_false(static_cast<bool>(bad));
    assert_true(bad.error().code == Code::state_invalid);
    assert_text_equal(bad.error().detail, "expired");

    Status done{Done{}};
    assert_true(done.ok());
}

static void a_result_carries_what_can_only_be_moved(void**) {
    Result<std::unique_ptr<int>> result(std::make_unique<int>(3));
    auto moved = std::move(result);
    assert_int_equal(**moved.operator->(), 3);
}

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(every_code_has_its_name_and_status),
        cmocka_unit_test(a_result_is_a_value_or_an_error),
        cmocka_unit_test(a_result_carries_what_can_only_be_moved),
    };
    return cmocka_run_group_tests_name("result", tests, nullptr, nullptr);
}
