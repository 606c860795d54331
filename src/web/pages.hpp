// SPDX-License-Identifier: MIT
// The pages for people and the JSON for programs. Callers give plain text; it is escaped here.
#pragma once

#include "frame.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace oauth::web {

// The answer to a failure: the status, a page, JSON {"error","message","request_id","login_url"} or a gRPC
// status, and a log line.
Answer failure(const core::Error& error, const Audience& audience);

// The 401 for requests that are no page loads: WWW-Authenticate (RFC 6750 3) and JSON.
Answer unauthenticated(std::string_view realm, const Audience& audience);
// The same for a form that a browser has posted: a page that says that it was not sent.
Answer not_sent(std::string_view realm, const Audience& audience);

// A page of that address that no sign-in can lead to, because of a fault of the configuration.
Answer endless(std::string_view realm, std::string reason, const Audience& audience);

// Under oauth_path: 404, or 405 with the methods that are allowed.
Answer not_found(const Audience& audience);
Answer not_allowed(std::string_view allow, const Audience& audience);

// Where a tab that waits asks whether another one has signed in, and where it goes then; both are paths of
// its origin.
struct Waiting {
    std::string asks;
    std::string proceeds_to;
};
// audience.account: who is signed in already, and can go on to waiting.proceeds_to.
Answer sign_in_page(const std::vector<Choice>& choices, const Waiting& waiting, const Audience& audience);
Answer providers_json(const std::vector<Choice>& choices);

// Asks for confirmation, where another site may have sent the browser.
enum class Leaving { sign_out, another_account };
Answer leave_confirmation(Leaving what, std::string_view url, std::string_view stay_url,
                          const Audience& audience);

// After a sign-out; audience.login_url is the way to sign in again.
Answer signed_out_page(const Audience& audience);

// The same address, for somebody who is signed in: audience.login_url is the way out.
Answer still_signed_in_page(std::string_view stay_url, const Audience& audience);

// A page that sends the browser on. Needed with SameSite=Strict cookies: a browser does not send them after a
// redirect from another site.
Answer continue_page(std::string_view url, const Audience& audience);
// The same, and it is not known yet whether anybody is signed in.
Answer onward_page(std::string_view url, const Audience& audience);

} // namespace oauth::web
