// SPDX-License-Identifier: MIT
// See original.hpp.
#include "original.hpp"

#include "../core/bytes.hpp"
#include "../core/url.hpp"

#include <algorithm>

namespace oauth::flow {

namespace {

constexpr std::size_t max_method_size = 32;

core::Error invalid(std::string_view sentence) {
    return {core::Code::request_invalid, "the original address: " + std::string(sentence)};
}

// As a proxy names it for a request or a WebSocket; empty: another one.
std::string_view scheme_of(std::string_view proto) {
    const std::string lower = core::to_lower_ascii(proto);
    if (lower == "https" || lower == "wss") {
        return "https";
    }
    return lower == "http" || lower == "ws" ? "http" : "";
}

// What nginx takes as the target of a request that names no host. A fragment never is a part of one.
bool is_target(std::string_view target) {
    return target.starts_with('/') && std::all_of(target.begin(), target.end(), [](char c) {
               const auto byte = static_cast<unsigned char>(c);
               return byte > 0x20 && byte != 0x7f && c != '#';
           });
}

core::Result<Original> make_original(std::string_view scheme, std::string_view authority,
                                     std::string_view target) {
    std::string origin(scheme);
    origin.append("://").append(authority);
    auto url = core::parse_url(origin);
    if (!url || url->path != "/" || url->has_query || authority.ends_with('/')) {
        return invalid("its host or port is not valid");
    }
    if (url->host.ends_with('.')) { // the same name
        url->host.pop_back();
    }
    if (!is_target(target)) {
        return invalid("its path has a character that no address has, or no / at its beginning");
    }
    return Original{url->origin(), url->host, std::string(authority), std::string(target), {}};
}

core::Result<Original> read_url(const std::string& url) {
    const std::size_t colon = url.find("://");
    const std::string_view scheme =
        colon == std::string::npos ? "" : scheme_of(std::string_view(url).substr(0, colon));
    if (scheme.empty()) {
        return invalid("X-Original-URL is no http or https URL, such as $scheme://$http_host$request_uri");
    }
    const std::string_view rest = std::string_view(url).substr(colon + 3);
    const std::size_t end = std::min(rest.find_first_of("/?#"), rest.size());
    std::string target(rest.substr(end));
    if (target.empty() || target.front() == '?') {
        target.insert(0, 1, '/');
    }
    return make_original(scheme, rest.substr(0, end), target);
}

core::Result<Original> read_parts(const OriginalHeaders& headers) {
    if (headers.proto.empty() || headers.host.empty()) {
        return invalid("X-Forwarded-Uri comes without X-Forwarded-Proto or X-Forwarded-Host");
    }
    const std::string_view scheme = scheme_of(headers.proto.front());
    if (scheme.empty()) {
        return invalid("X-Forwarded-Proto is neither http nor https");
    }
    return make_original(scheme, headers.host.front(), headers.uri.front());
}

bool has_bounds(const OriginalHeaders& headers) {
    const auto all = {&headers.url, &headers.proto, &headers.host, &headers.uri};
    return std::all_of(all.begin(), all.end(), [](const auto* values) {
        return values->empty() || values->front().size() <= max_original_size;
    });
}

// Scheme and host come from every proxy, and count only where there is a path with them.
bool comes_twice(const OriginalHeaders& headers) {
    const bool has_parts = !headers.uri.empty();
    return headers.url.size() > 1 || headers.uri.size() > 1 ||
           (has_parts && (headers.proto.size() > 1 || headers.host.size() > 1));
}

// A proxy passes on what its own clients send, beside what it says itself. Who could add one of them must not
// choose which rules are asked.
bool contradict(const Original& url, const OriginalHeaders& headers) {
    const auto parts = read_parts(headers);
    return !parts || parts->origin != url.origin || parts->target != url.target;
}

bool is_method(std::string_view method) {
    return !method.empty() && method.size() <= max_method_size &&
           std::all_of(method.begin(), method.end(),
                       [](char c) { return (c >= 'A' && c <= 'Z') || c == '_' || c == '-'; });
}

// Both headers name the same one.
core::Result<std::string> read_method(const OriginalHeaders::Values& values) {
    if (values.empty()) {
        return std::string();
    }
    if (std::any_of(values.begin(), values.end(), [&](const auto& each) { return each != values.front(); })) {
        return invalid("X-Original-Method or X-Forwarded-Method comes twice, with different values");
    }
    return is_method(values.front()) ? core::Result<std::string>(values.front())
                                     : invalid("its method is none");
}

} // namespace

OriginalHeaders::Values* OriginalHeaders::find(std::string_view name) {
    const std::pair<std::string_view, Values*> all[] = {
        {"x-original-url", &url},  {"x-forwarded-proto", &proto},  {"x-forwarded-host", &host},
        {"x-forwarded-uri", &uri}, {"x-original-method", &method}, {"x-forwarded-method", &method},
    };
    for (const auto& [known, values] : all) {
        if (known.size() == name.size() && core::equal_ignoring_case(known, name)) {
            return values;
        }
    }
    return nullptr;
}

core::Result<std::optional<Original>> read_original(const OriginalHeaders& headers) {
    if (headers.url.empty() && headers.uri.empty()) {
        return std::optional<Original>();
    }
    if (comes_twice(headers)) {
        return invalid("X-Original-URL, or one of X-Forwarded-Proto, -Host and -Uri, comes twice");
    }
    if (!has_bounds(headers)) {
        return invalid("it is longer than " + std::to_string(max_original_size) + " bytes");
    }
    auto original = headers.url.empty() ? read_parts(headers) : read_url(headers.url.front());
    if (!original) {
        return original.error();
    }
    if (!headers.url.empty() && !headers.uri.empty() && contradict(original.value(), headers)) {
        return invalid("X-Original-URL and X-Forwarded-Proto, -Host and -Uri name different ones: have the "
                       "proxy remove those that it does not set itself");
    }
    auto method = read_method(headers.method);
    if (!method) {
        return method.error();
    }
    original->method = std::move(method.value());
    return std::optional<Original>(std::move(original.value()));
}

} // namespace oauth::flow
