// SPDX-License-Identifier: MIT
// oauth_path/auth: the decision for another proxy. Which location an address falls into is nginx's own doing:
// a subrequest is sent there, which is decided in its REWRITE phase (phases.hpp) and ends there. Nothing else
// of that location runs, and nothing is written.
#pragma once

#include "context.hpp"

#include "../../flow/original.hpp"

namespace oauth::ngx {

// In the pool of the main request; the subrequest knows it by its callback.
struct Decision {
    std::optional<flow::Original> original;
    ngx_http_request_t* asked = nullptr; // whose location decides: the request itself, or the subrequest
    // What is asked there: its rules, for another proxy, or nothing but which location it is.
    enum class About { rules, location } about = About::rules;
    enum class Progress { none, asking, decided, failed, closed } progress = Progress::none;
    ngx_int_t ended_with = NGX_OK;     // the subrequest, if nothing was decided
    bool has_slash = false;            // it was sent again, with the "/" that nginx redirects to
    bool is_unknowable = false;        // a rule has asked for what is not known here
    ngx_str_t method_name{0, nullptr}; // the main request's own, while another one is in its place
};

// What decides the request: of the main request for `auth`, or of its subrequest; nullptr: it is neither.
Decision* decision_of(ngx_http_request_t* r);
// Is it that subrequest?
bool is_asked(const ngx_http_request_t* r);

// Of the main request, in PREACCESS. Returns what a phase handler returns.
ngx_int_t serve_decision(ngx_http_request_t* r, Context& context, flow::Visitor& visitor);

// Of the subrequest, in REWRITE: NGX_DONE to wait, else its end.
ngx_int_t decide(ngx_http_request_t* r);

} // namespace oauth::ngx
