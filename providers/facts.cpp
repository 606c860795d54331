// SPDX-License-Identifier: MIT
// See facts.hpp.
#include "facts.hpp"

#include "../src/core/bytes.hpp"
#include "../src/core/url.hpp"
#include "../src/net/told.hpp"
#include "../src/oidc/remedies.hpp"

#include <algorithm>
#include <unordered_set>

namespace oauth::providers {

namespace {
constexpr std::size_t max_text = 1024;

std::string next_link(std::string_view header) {
    for (const std::string_view link : core::split(header, ',')) {
        const std::size_t open = link.find('<');
        const std::size_t close = link.find('>');
        if (open != std::string_view::npos && close != std::string_view::npos && open < close &&
            link.find("rel=\"next\"", close) != std::string_view::npos) {
            return std::string(link.substr(open + 1, close - open - 1));
        }
    }
    return "";
}
} // namespace

std::optional<std::string> text_fact(core::JsonView value) {
    if (const auto string = value.as_string()) {
        return string->empty() || string->size() > max_text ? std::nullopt
                                                            : std::optional<std::string>(*string);
    }
    const auto number = value.number_text();
    return number ? std::optional<std::string>(*number) : std::nullopt;
}

std::optional<session::Strings> list_fact(core::JsonView value) {
    const auto text_of = [](core::JsonView scalar) {
        const auto string = scalar.as_string();
        return string ? string : scalar.number_text();
    };
    if (const auto text = text_of(value)) {
        return session::Strings{std::string(*text)};
    }
    if (!value.is_array()) {
        return std::nullopt;
    }
    session::Strings strings;
    for (const core::JsonView element : value.elements()) {
        if (element.is_null()) {
            continue; // absent, as a member that is null
        }
        const auto text = text_of(element);
        if (!text || strings.size() == max_list) {
            return std::nullopt;
        }
        strings.emplace_back(*text);
    }
    return strings;
}

bool is_true(core::JsonView value, Type::VerifiedFlag flag) {
    return value.as_bool() == true ||
           (flag == Type::VerifiedFlag::boolean_or_text && value.as_string() == "true");
}

std::string member_names(core::JsonView object) {
    constexpr std::size_t max_size = 256;
    std::string names;
    for (const auto& [name, value] : object.members()) {
        const bool is_word = !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
            return c > ' ' && c <= '~' && c != '"';
        });
        if (is_word && names.size() + name.size() + 2 <= max_size) {
            names.append(names.empty() ? "" : ", ").append(name);
        }
    }
    return names.empty() ? "no members" : names;
}

void append_missing(session::Strings& list, const session::Strings& more) {
    std::unordered_set<std::string> present(list.begin(), list.end());
    for (const std::string& item : more) {
        if (present.insert(item).second) {
            list.push_back(item);
        }
    }
}

bool same_origin(std::string_view a, std::string_view b) {
    const auto first = core::parse_url(a);
    const auto second = core::parse_url(b);
    return first && second && first->origin() == second->origin();
}

namespace {

// GitHub's and Microsoft's answers say in `message` what they miss.
core::Error refused(const net::HttpResponse& response, const ApiCall& call, const std::string& url,
                    const std::string& what) {
    const core::Code code = response.status == 401 ? core::Code::access_denied : core::Code::provider_error;
    std::string detail = "status " + std::to_string(response.status);
    const auto json = core::Json::parse(response.body);
    const core::JsonView root = json ? json->root() : core::JsonView();
    auto message = root.get("message").as_string();
    message = message ? message : root.get("error").get("message").as_string();
    if (message) {
        detail += ", \"" + oidc::quoted_answer(*message, {call.access_token}) + "\"";
    }
    return {code, what + ": " + net::told(detail, url)};
}

} // namespace

core::Task<core::Result<ApiAnswer>> get_json(ApiCall call, std::string url, std::string what,
                                             std::vector<net::Header> headers) {
    if (call.access_token.empty()) {
        co_return core::Error{core::Code::provider_error,
                              what + ": the token answer has no access_token to ask with"};
    }
    net::HttpRequest request;
    request.url = url;
    request.headers = std::move(headers);
    request.headers.push_back({"Authorization", "Bearer " + call.access_token});
    figures::Asking asking(call.figures, call.settings.name, figures::Endpoint::api);
    net::HttpResult response = co_await net::fetch(call.http, std::move(request));
    if (!response) {
        co_return asking.ended({response.error().code, what + ": " + response.error().detail});
    }
    if (response->status != 200) {
        co_return asking.ended(refused(response.value(), call, url, what));
    }
    auto json = core::Json::parse(response->body);
    if (!json) {
        co_return asking.ended(
            {core::Code::provider_error, what + ": " + net::told("the answer is not JSON", url)});
    }
    ApiAnswer answer{std::move(*json), next_link(response->header("link").value_or(""))};
    co_return asking.ended(core::Result<ApiAnswer>(std::move(answer)));
}

} // namespace oauth::providers
