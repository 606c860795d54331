// SPDX-License-Identifier: MIT
// See request.hpp.
#include "request.hpp"

#include "../core/bytes.hpp"

namespace oauth::flow {

namespace {

struct Accepts {
    bool html = false;
    bool json = false;
    bool anything = false; // a wildcard, or no Accept header
    bool others = false;
};

Accepts read_accept(const std::string& header) {
    Accepts accepts;
    accepts.anything = header.empty();
    for (const std::string_view item : core::split(header, ',')) {
        const std::string type = core::to_lower_ascii(core::trim(item.substr(0, item.find(';'))));
        if (type.empty()) {
            continue;
        }
        if (type == "text/html" || type == "application/xhtml+xml") {
            accepts.html = true;
        } else if (type == "application/json" || type.ends_with("+json")) {
            accepts.json = true;
        } else if (type == "*/*" || type == "text/*") {
            accepts.anything = true;
        } else {
            accepts.others = true;
        }
    }
    return accepts;
}

bool is_scripted(const Request& request) {
    return core::equal_ignoring_case(request.requested_with, "XMLHttpRequest") ||
           (!request.sec_fetch_mode.empty() && request.sec_fetch_mode != "navigate");
}

bool is_page_of(std::string_view url, std::string_view origin) {
    return !origin.empty() && url.starts_with(origin) &&
           (url.size() == origin.size() || url[origin.size()] == '/');
}

// A browser shows the answer as a page, or in a frame.
bool is_navigation(const Request& request) {
    const std::string& target = request.sec_fetch_dest;
    return !request.upgrade && !is_scripted(request) &&
           (target.empty() || target == "document" || target == "iframe" || target == "frame");
}

} // namespace

bool is_page_load(const Request& request) {
    if (!is_get(request) || !is_navigation(request)) {
        return false;
    }
    const Accepts accepts = read_accept(request.accept);
    return accepts.html || (accepts.anything && !accepts.json && !accepts.others);
}

bool is_posted_form(const Request& request) {
    return !is_get(request) && request.method != "OPTIONS" && is_navigation(request) &&
           read_accept(request.accept).html;
}

bool is_grpc(const Request& request) {
    return core::to_lower_ascii(request.content_type).starts_with("application/grpc");
}

bool prefers_json(const Request& request) {
    return !read_accept(request.accept).html && !is_page_load(request);
}

bool is_get(const Request& request) {
    return request.method == "GET" || request.method == "HEAD";
}

bool is_form(const Request& request) {
    const std::string& type = request.content_type;
    return core::to_lower_ascii(core::trim(type.substr(0, type.find(';')))) ==
           "application/x-www-form-urlencoded";
}

bool is_prefetch(const Request& request) {
    const std::string purpose = core::to_lower_ascii(request.sec_purpose);
    return purpose.find("prefetch") != std::string::npos || purpose.find("prerender") != std::string::npos ||
           purpose.find("preview") != std::string::npos;
}

Origin origin_of(const Request& request) {
    if (!request.sec_fetch_site.empty()) {
        const bool own = request.sec_fetch_site == "same-origin" || request.sec_fetch_site == "none";
        return own ? Origin::own : Origin::foreign;
    }
    if (!request.origin.empty()) {
        const bool own = request.origin == request.base_url || request.origin == request.own_origin;
        return own ? Origin::own : Origin::foreign;
    }
    if (request.referer.empty()) {
        return Origin::unknown;
    }
    const bool own =
        is_page_of(request.referer, request.base_url) || is_page_of(request.referer, request.own_origin);
    return own ? Origin::own : Origin::foreign;
}

} // namespace oauth::flow
