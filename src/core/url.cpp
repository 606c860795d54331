// SPDX-License-Identifier: MIT
// Strict URL parsing, percent and form encoding, and the rule for return URLs. Called with configuration,
// provider metadata, query strings and form bodies. What is returned owns its text.
#include "url.hpp"
#include "bytes.hpp"

#include <arpa/inet.h>

#include <algorithm>

namespace oauth::core {
namespace {

constexpr std::size_t max_url_size = 4096;
constexpr std::size_t max_host_size = 253;
constexpr std::size_t max_parameters = 64;
constexpr std::size_t max_return_size = 2048;

bool is_alphanumeric(char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

int hex_value(char c) {
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    char lower = to_lower_ascii(c);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

// The byte of the escape at the beginning of the text; -1 if there is none.
int escaped_byte(std::string_view text) {
    if (text.size() < 3 || text[0] != '%') {
        return -1;
    }
    int high = hex_value(text[1]);
    int low = hex_value(text[2]);
    return high < 0 || low < 0 ? -1 : high * 16 + low;
}

std::optional<std::string> percent_decode(std::string_view text) {
    std::string decoded;
    decoded.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '%') {
            decoded += text[i];
            continue;
        }
        int byte = escaped_byte(text.substr(i));
        if (byte < 0) {
            return std::nullopt;
        }
        decoded += static_cast<char>(static_cast<unsigned char>(byte));
        i += 2;
    }
    return decoded;
}

bool is_printable_ascii(std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7f; });
}

bool is_ipv6_literal(std::string_view host) {
    if (host.size() < 4 || host.front() != '[' || host.back() != ']') {
        return false;
    }
    in6_addr address{};
    std::string text(host.substr(1, host.size() - 2));
    return inet_pton(AF_INET6, text.c_str(), &address) == 1;
}

bool is_host(std::string_view host) {
    if (host.empty() || host.size() > max_host_size) {
        return false;
    }
    if (host.front() == '[') {
        return is_ipv6_literal(host);
    }
    if (host.front() == '.' || host.find("..") != std::string_view::npos) {
        return false;
    }
    return std::all_of(host.begin(), host.end(),
                       [](char c) { return is_alphanumeric(c) || c == '-' || c == '.' || c == '_'; });
}

bool is_path_or_query(std::string_view text) {
    return text.find_first_of("\"#<>\\`") == std::string_view::npos && percent_decode(text).has_value();
}

bool parse_authority(std::string_view authority, Url& url) {
    auto host_end = authority.starts_with('[') ? authority.find(']') : authority.find(':');
    if (authority.starts_with('[') && host_end != std::string_view::npos) {
        ++host_end;
    }
    auto host = authority.substr(0, host_end);
    if (!is_host(host)) {
        return false;
    }
    url.host = to_lower_ascii(host);
    authority.remove_prefix(host.size());
    if (authority.empty()) {
        return true;
    }
    auto port = authority[0] == ':' ? parse_decimal(authority.substr(1), 65535) : std::nullopt;
    if (!port || *port == 0) {
        return false;
    }
    std::uint64_t usual = url.scheme == "https" ? 443 : 80;
    url.port = *port == usual ? std::uint16_t{0} : static_cast<std::uint16_t>(*port);
    return true;
}

// As a browser sends it: spaces around it are cut, and what a URL cannot hold is encoded. nullopt: it has
// control characters, which browsers cut out, or is no UTF-8.
std::optional<std::string> as_sent(std::string_view value) {
    while (value.starts_with(' ')) {
        value.remove_prefix(1);
    }
    while (value.ends_with(' ')) {
        value.remove_suffix(1);
    }
    if (!is_valid_utf8(value)) {
        return std::nullopt;
    }
    std::string sent;
    for (std::size_t i = 0; i < value.size(); ++i) {
        const auto byte = static_cast<unsigned char>(value[i]);
        if (byte < 0x20 || byte == 0x7f) {
            return std::nullopt;
        }
        const bool is_lone = byte == '%' && escaped_byte(value.substr(i)) < 0;
        sent += byte == ' ' || byte >= 0x80 || is_lone ? percent_encode(value.substr(i, 1))
                                                       : std::string(value.substr(i, 1));
    }
    return sent;
}

// True if browsers stay on the page's own origin, with the path as it is and after a proxy has decoded it
// once.
bool is_safe_path(std::string_view path) {
    if (!path.starts_with('/') || path.find('\\') != std::string_view::npos) {
        return false;
    }
    auto decoded = percent_decode(path);
    if (!decoded || has_control_characters(*decoded)) {
        return false;
    }
    std::replace(decoded->begin(), decoded->end(), '\\', '/');
    // "/.//host" and "/..//host" resolve to "//host", which is another origin.
    return !decoded->starts_with("//") && decoded->find("/.//") == std::string::npos &&
           decoded->find("/..//") == std::string::npos;
}

// The target is what follows the origin: path, query and fragment.
bool is_safe_target(std::string_view target) {
    auto path_end = std::min(target.find_first_of("?#"), target.size());
    return is_safe_path(target.substr(0, path_end));
}

} // namespace

std::string Url::origin() const {
    auto text = scheme + "://" + host;
    if (port != 0) {
        text += ":" + std::to_string(port);
    }
    return text;
}

std::optional<Url> parse_url(std::string_view text) {
    if (text.size() > max_url_size || !is_printable_ascii(text)) {
        return std::nullopt;
    }
    auto scheme_end = text.find("://");
    if (scheme_end == std::string_view::npos) {
        return std::nullopt;
    }
    Url url;
    url.scheme = to_lower_ascii(text.substr(0, scheme_end));
    if (url.scheme != "http" && url.scheme != "https") {
        return std::nullopt;
    }
    text.remove_prefix(scheme_end + 3);
    auto authority = text.substr(0, text.find_first_of("/?"));
    auto rest = text.substr(authority.size());
    if (!is_path_or_query(rest) || !parse_authority(authority, url)) {
        return std::nullopt;
    }
    auto question = rest.find('?');
    url.has_query = question != std::string_view::npos;
    if (url.has_query) {
        url.query = rest.substr(question + 1);
    }
    url.path = rest.substr(0, question);
    if (url.path.empty()) {
        url.path = "/";
    }
    return url;
}

bool is_loopback_host(std::string_view host) {
    if (equal_ignoring_case(host, "localhost") || host == "[::1]") {
        return true;
    }
    auto parts = split(host, '.');
    bool decimal = std::all_of(parts.begin(), parts.end(), [](std::string_view part) {
        bool leading_zero = part.size() > 1 && part[0] == '0'; // read as octal by some resolvers
        return !leading_zero && parse_decimal(part, 255).has_value();
    });
    return decimal && parts.size() == 4 && parts[0] == "127";
}

bool PlainHttp::takes(std::string_view host) const {
    return (loopback == Loopback::accepted && is_loopback_host(host)) ||
           std::find(hosts.begin(), hosts.end(), host) != hosts.end();
}

bool is_endpoint_url(std::string_view text, const PlainHttp& plain) {
    auto url = parse_url(text);
    return url && (url->scheme == "https" || plain.takes(url->host));
}

std::string percent_encode(std::string_view text) {
    constexpr std::string_view digits = "0123456789ABCDEF";
    std::string encoded;
    encoded.reserve(text.size() + text.size() / 2);
    for (char c : text) {
        if (is_alphanumeric(c) || c == '-' || c == '.' || c == '_' || c == '~') {
            encoded += c;
            continue;
        }
        auto byte = static_cast<unsigned char>(c);
        encoded += '%';
        encoded += digits[byte >> 4];
        encoded += digits[byte & 15];
    }
    return encoded;
}

std::optional<std::string> form_decode(std::string_view text) {
    std::string spaced(text);
    std::replace(spaced.begin(), spaced.end(), '+', ' ');
    return percent_decode(spaced);
}

void append_parameter(std::string& url, std::string_view name, std::string_view value) {
    if (url.find('?') == std::string::npos) {
        url += '?';
    } else if (!url.ends_with('?') && !url.ends_with('&')) {
        url += '&';
    }
    url += percent_encode(name);
    url += '=';
    url += percent_encode(value);
}

std::optional<Parameters> Parameters::parse(std::string_view query) {
    Parameters parameters;
    while (!query.empty()) {
        auto item = query.substr(0, query.find('&'));
        query.remove_prefix(std::min(item.size() + 1, query.size()));
        if (item.empty()) {
            continue;
        }
        auto equals = item.find('=');
        auto name = form_decode(item.substr(0, equals));
        auto value =
            form_decode(equals == std::string_view::npos ? std::string_view() : item.substr(equals + 1));
        if (!name || !value || parameters.items_.size() == max_parameters) {
            return std::nullopt;
        }
        parameters.items_.emplace_back(std::move(*name), std::move(*value));
    }
    return parameters;
}

std::optional<std::string_view> Parameters::find(std::string_view name) const {
    for (const auto& [item_name, value] : items_) {
        if (item_name == name) {
            return value;
        }
    }
    return std::nullopt;
}

std::optional<std::string> find_as_typed(std::string_view query, std::string_view name) {
    for (const std::string_view item : split(query, '&')) {
        const std::size_t equals = item.find('=');
        if (equals == std::string_view::npos || form_decode(item.substr(0, equals)) != name) {
            continue;
        }
        std::string value;
        for (std::string_view rest = item.substr(equals + 1); !rest.empty();) {
            const int byte = escaped_byte(rest);
            value += byte >= 0 ? static_cast<char>(static_cast<unsigned char>(byte))
                               : (rest.front() == '+' ? ' ' : rest.front());
            rest.remove_prefix(byte >= 0 ? 3 : 1);
        }
        return value;
    }
    return std::nullopt;
}

std::size_t Parameters::count(std::string_view name) const {
    auto same =
        std::count_if(items_.begin(), items_.end(), [&](const auto& item) { return item.first == name; });
    return static_cast<std::size_t>(same);
}

std::string safe_return_to(std::string_view value, std::string_view origin) {
    // Encoding makes nothing shorter.
    auto sent = value.size() > 2 * max_return_size ? std::nullopt : as_sent(value);
    if (!sent || sent->size() > max_return_size) {
        return "/";
    }
    std::string_view target = *sent;
    if (!origin.empty() && target.starts_with(origin)) {
        target.remove_prefix(origin.size());
        if (target.empty() || target[0] == '?' || target[0] == '#') {
            return std::move(*sent);
        }
    }
    return is_safe_target(target) ? std::move(*sent) : "/";
}

bool is_too_long_to_return(std::string_view value) {
    const auto sent = value.size() > 2 * max_return_size ? std::nullopt : as_sent(value);
    return value.size() > 2 * max_return_size || (sent && sent->size() > max_return_size);
}

std::string base_of(std::string_view domain) {
    std::string text(domain);
    while (text.ends_with('/')) {
        text.pop_back();
    }
    if (text.find("://") == std::string::npos) {
        text.insert(0, "https://");
    }
    const auto url = parse_url(text);
    if (!url || url->has_query) {
        return "";
    }
    return url->origin() + (url->path == "/" ? "" : url->path);
}

} // namespace oauth::core
