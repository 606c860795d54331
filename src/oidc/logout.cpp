// SPDX-License-Identifier: MIT
// The URL that ends the session at the provider. Called by the sign-out flow after the local session is gone;
// keeps nothing.
#include "logout.hpp"

#include "../core/url.hpp"

#include <string_view>

namespace oauth::oidc {

std::string build_end_session_url(const EndSessionRequest& request) {
    if (request.end_session_endpoint.empty()) {
        return {};
    }
    const bool has_hint = !request.id_token_hint.empty() && request.id_token_hint.size() <= max_hint_size;
    if (!has_hint && request.hint_rule == HintRule::required) {
        return {};
    }
    std::string url = request.end_session_endpoint;
    const auto append = [&url](std::string_view name, std::string_view value) {
        if (!value.empty()) {
            core::append_parameter(url, name, value);
        }
    };
    append("id_token_hint", has_hint ? request.id_token_hint : "");
    append("client_id", request.client_id);
    if (!has_hint && request.hint_rule == HintRule::for_return) {
        return url;
    }
    append("post_logout_redirect_uri", request.post_logout_redirect_uri);
    append("state", request.state);
    return url;
}

} // namespace oauth::oidc
