// SPDX-License-Identifier: MIT
// The pages for people and the JSON for programs. Callers give plain text; it is escaped here.
#pragma once

#include "answer.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace oauth::web {

// For text and for quoted attributes; control characters become U+FFFD.
std::string html_escape(std::string_view text);

// What all answers to one request need to know.
struct Audience {
    bool prefers_json = false;
    std::string title;      // oauth_page_title
    std::string request_id; // finds the log line
    std::string login_url;  // absolute; empty: none is offered
    std::string account;    // who is signed in, for policy_denied; empty: nobody
};

// The answer to a failure: the status, a page or JSON {"error","message","request_id","login_url"}, and a log
// line.
Answer failure(const core::Error& error, const Audience& audience);

// The 401 for requests that are no page loads: WWW-Authenticate (RFC 6750 3) and JSON.
Answer unauthenticated(std::string_view realm, const Audience& audience);

struct Choice {
    std::string name;
    std::string label;
    std::string url;
};
Answer sign_in_page(const std::vector<Choice>& choices, const Audience& audience);
Answer providers_json(const std::vector<Choice>& choices);

// Asks for confirmation, where another site may have sent the browser to sign out.
Answer sign_out_confirmation(std::string_view url, std::string_view stay_url, const Audience& audience);

// After a sign-out; audience.login_url is the way to sign in again.
Answer signed_out_page(const Audience& audience);

// The same address, for somebody who is signed in: audience.login_url is the way out.
Answer still_signed_in_page(std::string_view stay_url, const Audience& audience);

// A page that sends the browser on. Needed with SameSite=Strict cookies: a browser does not send them after a
// redirect from another site.
Answer continue_page(std::string_view url, const Audience& audience);

} // namespace oauth::web
