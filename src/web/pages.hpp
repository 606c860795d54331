// SPDX-License-Identifier: MIT
// The pages that people see and the JSON that programs see. All text is escaped here; callers give plain
// text.
#pragma once

#include "answer.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace oauth::web {

std::string
html_escape(std::string_view text); // fit for text and quoted attributes; control characters become U+FFFD

// What the answers of one request have in common.
struct Audience {
    bool prefers_json = false;
    std::string title;      // oauth_page_title
    std::string request_id; // to find the log line by
    std::string login_url;  // absolute; empty: none to offer
    std::string account;    // who is signed in, for policy_denied; empty: nobody
};

// The answer to a failure: its status, a page or JSON {"error","message","request_id","login_url"}, and the
// log line.
Answer failure(const core::Error& error, const Audience& audience);

// 401 for whatever is no page load: WWW-Authenticate and JSON.
Answer unauthenticated(std::string_view realm, const Audience& audience);

struct Choice {
    std::string name;
    std::string label;
    std::string url;
};
Answer sign_in_page(const std::vector<Choice>& choices, const Audience& audience);
Answer providers_json(const std::vector<Choice>& choices);

// A cross-site request to sign out is asked back.
Answer sign_out_confirmation(std::string_view url, const Audience& audience);

// Sends the browser on by a page of ours: for SameSite=Strict cookies, which a redirect from another site
// does not carry.
Answer continue_page(std::string_view url, const Audience& audience);

} // namespace oauth::web
