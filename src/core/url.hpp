// SPDX-License-Identifier: MIT
// URLs as they are configured and met: strict parsing, encoding, form parameters, and the return-URL rule.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace oauth::core {

// An absolute http or https URL. No userinfo, no fragment, no control or non-ASCII bytes, port 1..65535.
struct Url {
    std::string scheme;     // "http" or "https"
    std::string host;       // lower case; an IPv6 address keeps its brackets
    std::uint16_t port = 0; // 0: the scheme's default (an explicit default port is normalised to 0)
    std::string path;       // begins with "/"; "/" where the URL has none
    std::string query;      // without "?"
    bool has_query = false;

    std::string origin() const; // "https://host[:port]"
};

std::optional<Url> parse_url(std::string_view text);

// 127.0.0.0/8 in dotted form, [::1], "localhost": the only hosts http:// is accepted for.
bool is_loopback_host(std::string_view host);

// What an endpoint of a provider may be: https, or http on a loopback host.
bool is_endpoint_url(std::string_view text);

// "example.org", "https://example.org/" and "http://127.0.0.1:8080" as "https://example.org" or what their
// scheme says; empty if it is none of these. A path stays, without a trailing '/'.
std::string base_of(std::string_view domain);

// RFC 3986: everything but unreserved characters is encoded; a space becomes %20.
std::string percent_encode(std::string_view text);

// application/x-www-form-urlencoded: '+' is a space. Nothing for a malformed escape.
std::optional<std::string> form_decode(std::string_view text);

// Appends "?name=value" or "&name=value", as the URL needs, with the value encoded.
void append_parameter(std::string& url, std::string_view name, std::string_view value);

// A query or form body, decoded. At most 64 parameters, malformed escapes make the whole invalid.
class Parameters {
public:
    static std::optional<Parameters> parse(std::string_view query);

    // The first value of that name.
    std::optional<std::string_view> find(std::string_view name) const;
    bool has(std::string_view name) const { return find(name).has_value(); }
    std::size_t count(std::string_view name) const;

private:
    std::vector<std::pair<std::string, std::string>> items_;
};

// Where a browser may be sent after signing in or out: `value` itself if, parsed as a browser parses it
// against either an http or an https page, it stays on the page's origin; a full URL is accepted only if it
// begins with `origin` (scheme://host[:port]) exactly. At most 2048 bytes, no bytes below 0x21 or above 0x7e.
// Otherwise "/". A path must begin with one '/', not followed by '/' or '\', and hold no backslash before '?'
// or '#'.
std::string safe_return_to(std::string_view value, std::string_view origin);

} // namespace oauth::core
