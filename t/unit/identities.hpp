// SPDX-License-Identifier: MIT
// Shared by the tests of what a provider's answers become: answers out of JSON text, the identity that a type
// makes of them, and its lists as text.
#pragma once

#include "../../providers/provider.hpp"

#include <optional>
#include <string>
#include <utility>

#include "unit.hpp"

namespace oauth::unit {

using providers::Needs;
using providers::UserData;

inline providers::Settings settings(const char* type = "oidc") {
    return providers::make_settings(*providers::find_type(type), "corp");
}

inline core::Json parse(const std::string& text) {
    auto json = core::Json::parse(text);
    assert_true(json.has_value());
    return std::move(*json);
}

inline UserData openid(const std::string& id_token, const std::string& userinfo = "") {
    UserData data;
    data.id_token = parse(id_token);
    if (!userinfo.empty()) {
        data.userinfo = parse(userinfo);
    }
    return data;
}

inline UserData plain(const std::string& userinfo) {
    UserData data;
    data.userinfo = parse(userinfo);
    return data;
}

inline session::Identity map(const UserData& data, const Needs& needs = {},
                             const providers::Settings& with = settings()) {
    auto identity = providers::map_identity(with, data, needs);
    if (!identity) {
        fail_msg("%s", identity.error().detail.c_str());
    }
    providers::complete_identity(with, data, needs, identity.value());
    return std::move(identity.value());
}

inline void refuse(const UserData& data, const char* type) {
    const auto identity = providers::map_identity(settings(type), data, {});
    assert_false(identity.ok());
    assert_true(identity.error().code == core::Code::provider_error);
}

inline std::string joined(const std::optional<session::Strings>& list) {
    if (!list) {
        return "absent";
    }
    std::string text;
    for (const std::string& each : *list) {
        text += "[" + each + "]";
    }
    return text;
}

} // namespace oauth::unit
