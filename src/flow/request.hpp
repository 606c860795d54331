// SPDX-License-Identifier: MIT
// The facts of a request that flows and endpoints use. They are copies, owned by whoever runs the flow, so
// that they outlive every suspension.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace oauth::flow {

struct Request {
    std::string method;
    std::string path;       // as nginx matches it: decoded, merged
    std::string target;     // as it was sent: path and query
    std::string arguments;  // the query as it was sent
    std::string base_url;   // verified; never empty in a flow
    std::string own_origin; // verified too: of the host it was sent to, where that may be another; or empty
    std::string family_origin; // the same where that host shares the cookies of the base URL (site.hpp)
    std::string id;            // to find the log line by
    std::string client;        // whose turns are counted together (turns.hpp); empty: an address of nobody's
    std::string content_type;
    std::string body; // of a form_post

    std::string accept;
    std::string accept_language;
    std::string sec_fetch_mode;
    std::string sec_fetch_dest;
    std::string sec_fetch_site;
    std::string sec_purpose; // and its older forms: Purpose, X-Purpose, X-Moz; all that came
    std::string requested_with;
    std::string origin;
    std::string referer;
    std::string early_data;
    bool upgrade = false;

    std::vector<std::pair<std::string, std::string>> cookies; // ours only

    struct AuthorizeParameter {
        std::string provider;
        std::string name;
        std::string value;
    };
    std::vector<AuthorizeParameter> authorize_parameters; // authorize_param with variables, evaluated

    // The origin that the visitor sees, and where links and redirects to our own pages lead.
    const std::string& home() const { return family_origin.empty() ? base_url : family_origin; }
};

// True for a GET or HEAD with which a browser loads a page: not XHR, fetch, an image, an event stream or an
// upgrade.
bool is_page_load(const Request& request);

// True for a form that a browser posts, and whose answer it shows as a page.
bool is_posted_form(const Request& request);

// True for gRPC and gRPC-Web, which read an answer's own status.
bool is_grpc(const Request& request);

// True for whoever neither loads a page nor asks for HTML.
bool prefers_json(const Request& request);

// GET or HEAD.
bool is_get(const Request& request);

// True if its body is application/x-www-form-urlencoded.
bool is_form(const Request& request);

// True for a request made in advance, by a browser or a link previewer. It must not use up anything.
bool is_prefetch(const Request& request);

// Whose page has made a request, as far as the browser tells: by Sec-Fetch-Site, which says "none" for what
// somebody typed, else by Origin, else by Referer.
enum class Origin { own, foreign, unknown };
Origin origin_of(const Request& request);

} // namespace oauth::flow
