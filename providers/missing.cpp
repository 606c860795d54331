// SPDX-License-Identifier: MIT
// See missing.hpp.
#include "missing.hpp"

#include "facts.hpp"

#include <algorithm>

namespace oauth::providers {

namespace {

// What every ID token has, or what is about the token and not about the user.
constexpr std::string_view of_the_token[] = {"iss",   "aud",     "exp",    "iat", "nbf",       "jti",
                                             "nonce", "at_hash", "c_hash", "azp", "auth_time", "sid"};

using Names = session::Strings;

void add_members(core::JsonView answer, Names& names) {
    for (const auto& [name, value] : answer.members()) {
        const bool is_of_user =
            std::find(std::begin(of_the_token), std::end(of_the_token), name) == std::end(of_the_token);
        if (is_of_user && !value.is_null()) {
            append_missing(names, {std::string(name)});
        }
    }
}

std::string told_names(const UserData& data) {
    constexpr std::size_t max_size = 256;
    Names names;
    for (const core::JsonView answer : {data.id_token_view(), data.userinfo_view()}) {
        add_members(answer, names);
    }
    std::string text;
    for (const std::string& name : names) {
        const bool is_word =
            std::all_of(name.begin(), name.end(), [](char c) { return c > ' ' && c <= '~'; });
        if (is_word && text.size() + name.size() + 2 <= max_size) {
            text.append(text.empty() ? "" : ", ").append(name);
        }
    }
    return text.empty() ? "nothing" : text;
}

bool is_membership(session::Fact fact) {
    return fact == session::Fact("org") || fact == session::Fact("team");
}

bool is_told(const Settings& settings, const session::Identity& identity, session::Fact fact) {
    const session::FactRow& row = fact.row();
    if (const session::Strings* list = session::list_of(identity, row)) {
        return !list->empty() || !is_membership(fact) || settings.type->hides_memberships.empty();
    }
    return session::text_of(identity, row) != nullptr;
}

std::string remedy(const Settings& settings, const Names& missing) {
    const auto lacks = [&missing](std::string_view name) {
        return std::find(missing.begin(), missing.end(), name) != missing.end();
    };
    if ((lacks("org") || lacks("team")) && !settings.type->hides_memberships.empty()) {
        return std::string(settings.type->hides_memberships);
    }
    std::string text =
        "Name the scope that gives it in the parameter scope, or have the provider give it to this client";
    if (lacks("email") &&
        std::find(settings.scopes.begin(), settings.scopes.end(), "email") == settings.scopes.end()) {
        text = "The parameter scope has no email. " + text;
    }
    return text;
}

} // namespace

std::string find_missing(const Settings& settings, const UserData& data, const Needs& of_rules,
                         const session::Identity& identity) {
    const session::FactSet tells = told_facts(*settings.type);
    Names missing;
    for (const session::FactRow& row : session::facts) {
        const session::Fact fact = session::Fact::of(row);
        if (of_rules.has(fact) && tells.has(fact) && !is_told(settings, identity, fact)) {
            missing.emplace_back(row.name);
        }
    }
    for (const std::string& path : of_rules.claims) {
        if (identity.find_claim(path) == nullptr) {
            missing.push_back("claim." + path);
        }
    }
    if (missing.empty()) {
        return "";
    }
    std::string names;
    for (const std::string& name : missing) {
        names.append(names.empty() ? "" : ", ").append(name);
    }
    constexpr std::size_t max_names = 256;
    return "not told, though rules use it: " + names.substr(0, max_names) + ". Told: " + told_names(data) +
           ". " + remedy(settings, missing);
}

} // namespace oauth::providers
