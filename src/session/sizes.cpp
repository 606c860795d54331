// SPDX-License-Identifier: MIT
// See sizes.hpp.
#include "sizes.hpp"
#include "facts.hpp"

#include <algorithm>
#include <cstddef>
#include <vector>

namespace oauth::session {

namespace {

struct Part {
    std::string name;
    std::size_t size = 0;
    std::string remedy;
};

constexpr std::size_t most_named = 5;

std::size_t size_of(const Strings& list) {
    std::size_t size = 0;
    for (const std::string& element : list) {
        size += element.size() + 1; // and its length
    }
    return size;
}

std::vector<Part> parts_of(const Session& session) {
    std::vector<Part> parts;
    for (const FactRow& row : facts) {
        const std::string name(row.name);
        if (const Strings* list = list_of(session.identity, row)) {
            parts.push_back({name, size_of(*list), "fewer values of \"" + name + "\" at the provider"});
        } else if (const core::Text* text = text_of(session.identity, row)) {
            parts.push_back({name, text->size(), "a shorter \"" + name + "\" at the provider"});
        }
    }
    for (const auto& [path, json] : session.identity.claims) {
        parts.push_back({"claim." + path, path.size() + json.size(),
                         "fewer oauth_identity_claims, or fewer rules and variables that use claims"});
    }
    parts.push_back({"ID token", session.id_token.size(), "\"oauth_tokens off\""});
    parts.push_back({"access token", session.access_token.size(), "\"oauth_tokens off\""});
    parts.push_back({"refresh token", session.refresh_token.size(), "\"oauth_refresh off\""});
    std::stable_sort(parts.begin(), parts.end(),
                     [](const Part& a, const Part& b) { return a.size > b.size; });
    return parts;
}

} // namespace

std::string explain_size(const Session& session) {
    const std::vector<Part> parts = parts_of(session);
    std::string text = "make it smaller by " + parts.front().remedy + "; it holds, in bytes: ";
    for (std::size_t i = 0; i < most_named && parts[i].size != 0; ++i) {
        text.append(i == 0 ? "" : ", ").append(parts[i].name).append(" " + std::to_string(parts[i].size));
    }
    return text;
}

} // namespace oauth::session
