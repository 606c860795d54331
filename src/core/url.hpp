// SPDX-License-Identifier: MIT
// URLs: strict parsing, encoding, form parameters, and the rule for return URLs.
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

// 127.0.0.0/8 in dotted form, [::1] or "localhost": hosts that http:// reaches without leaving the machine.
bool is_loopback_host(std::string_view host);

// The hosts that may be reached by http.
struct PlainHttp {
    std::vector<std::string> hosts = {}; // lower case, beside the loopback hosts
    enum class Loopback { accepted, refused } loopback = Loopback::accepted;

    bool takes(std::string_view host) const;
};

// True for https, and for http on such a host: what an endpoint of a provider may be.
bool is_endpoint_url(std::string_view text, const PlainHttp& plain = {});

// The base URL of a configured domain: "example.org" and "https://example.org/" give "https://example.org",
// "http://127.0.0.1:8080" stays. A path is kept, without a final '/'. Empty for anything else. Whether http
// may be used there is asked of is_endpoint_url.
std::string base_of(std::string_view domain);

// RFC 3986 2.1, 2.3: all but unreserved characters are encoded; a space becomes %20.
std::string percent_encode(std::string_view text);

// application/x-www-form-urlencoded: '+' is a space. nullopt for a malformed escape.
std::optional<std::string> form_decode(std::string_view text);

// Appends "?name=value" or "&name=value", depending on the URL, with name and value encoded.
void append_parameter(std::string& url, std::string_view name, std::string_view value);

// A decoded query or form body. parse gives nullopt for more than 64 parameters or a malformed escape.
class Parameters {
public:
    static std::optional<Parameters> parse(std::string_view query);

    // The first value with this name.
    std::optional<std::string_view> find(std::string_view name) const;
    bool has(std::string_view name) const { return find(name).has_value(); }
    std::size_t count(std::string_view name) const;

private:
    std::vector<std::pair<std::string, std::string>> items_;
};

// The first value with this name, decoded as far as it can be: a '%' that begins no escape is one. For links
// that people write, and nothing else.
std::optional<std::string> find_as_typed(std::string_view query, std::string_view name);

// Where a browser may be sent after signing in or out: `value`, encoded as a browser sends it, if it is safe,
// else "/". It is safe if a browser on an http or https page of this origin would stay on the origin. That is
// a path with one '/' at its beginning, without '\' before '?' or '#'; or a full URL that begins with exactly
// `origin` (scheme://host[:port]). Spaces, a '%' that begins no escape and what is not ASCII are encoded. At
// most 2,048 bytes then; no control characters.
std::string safe_return_to(std::string_view value, std::string_view origin);

// Is that its only fault?
bool is_too_long_to_return(std::string_view value);

} // namespace oauth::core
