// SPDX-License-Identifier: MIT
// What the tests of tokens say of an outcome: it is there, or it is an error of this code, for the reason
// that is tested and no other.
#pragma once

#include "../../src/core/result.hpp"

#include <string_view>
#include <utility>

#include "unit.hpp"

namespace oauth::unit {

inline void expect_error(const core::Error& error, std::string_view code, std::string_view part) {
    assert_text_equal(core::code_name(error.code), code);
    if (error.detail.find(part) == std::string::npos) {
        print_error("detail: %s\nexpected: %.*s\n", error.detail.c_str(), static_cast<int>(part.size()),
                    part.data());
        fail();
    }
}

template <class Value>
void expect_refused(const core::Result<Value>& outcome, std::string_view part,
                    std::string_view code = "token_invalid") {
    if (outcome.ok()) {
        print_error("accepted; to be refused: %.*s\n", static_cast<int>(part.size()), part.data());
        fail();
    }
    expect_error(outcome.error(), code, part);
}

template <class Value>
Value expect_accepted(core::Result<Value> outcome) {
    if (!outcome.ok()) {
        print_error("refused: %s\n", outcome.error().detail.c_str());
        fail();
    }
    return std::move(outcome.value());
}

} // namespace oauth::unit
