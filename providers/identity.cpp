// SPDX-License-Identifier: MIT
// Makes an Identity from a provider's answers: the generic mapping of OpenID Connect's standard claims.
// Called by the callback flow after everything has been validated.
#include "facts.hpp"

#include "../src/core/bytes.hpp"

#include <algorithm>

namespace oauth::providers {

namespace {

constexpr std::size_t max_subject = 255;

bool is_absent(core::JsonView value) {
    return !value || value.as_string() == std::string_view();
}

// The address is verified if a source that has exactly this address says so. The flag of one address says
// nothing about another.
void map_email(const Settings& settings, const UserData& data, session::Identity& identity) {
    for (const core::JsonView source : {data.id_token_view(), data.userinfo_view()}) {
        const auto email = text_fact(source.get("email"));
        if (email && !identity.email) {
            identity.email = email;
        }
        if (email && email == identity.email &&
            is_true(source.get("email_verified"), settings.type->verified_flag)) {
            identity.email_verified = true;
        }
    }
}

// What the operator chose is taken as it stands. By default an address is a name only where it is verified,
// and one that is not is none under a claim after it either: people choose their preferred_username. What a
// type has before it (Entra ID's upn and preferred_username) is given out by administrators.
std::string user_name(const Settings& settings, const UserData& data, const session::Identity& identity) {
    const bool is_chosen = !settings.user_claim.empty();
    const std::vector<std::string> chosen = {settings.user_claim};
    std::string unverified;
    for (const std::string& claim : is_chosen ? chosen : settings.type->user_claims) {
        const bool is_address = claim == "email";
        const auto name =
            is_address ? identity.email : std::optional<core::Text>(text_fact(data.claim(claim)));
        // One with blanks at its ends is somebody else's where a header has lost them.
        if (!name || core::has_control_characters(*name) || core::trim(*name).size() != name->size()) {
            continue;
        }
        if (is_address && !is_chosen && !identity.email_verified) {
            unverified = *name;
        }
        if (!core::equal_ignoring_case(*name, unverified)) {
            return *name;
        }
    }
    return identity.subject;
}

// Facts that are a claim as it stands. What is signed only counts out of the ID token.
struct ClaimOfFact {
    session::Fact fact;
    std::string_view claim;
    enum class From { id_token, any_answer } from;
};
constexpr ClaimOfFact claims_of_facts[] = {
    {"name", "name", ClaimOfFact::From::any_answer},    {"picture", "picture", ClaimOfFact::From::any_answer},
    {"group", "groups", ClaimOfFact::From::any_answer}, {"role", "roles", ClaimOfFact::From::any_answer},
    {"hd", "hd", ClaimOfFact::From::id_token},          {"tenant", "tid", ClaimOfFact::From::id_token},
    {"acr", "acr", ClaimOfFact::From::id_token},        {"amr", "amr", ClaimOfFact::From::id_token},
};

void map_claims(const UserData& data, const Needs& needs, session::Identity& identity) {
    for (const ClaimOfFact& each : claims_of_facts) {
        const session::FactRow& row = each.fact.row();
        if (row.kept == session::Kept::where_needed && !needs.has(each.fact)) {
            continue;
        }
        const core::JsonView value = each.from == ClaimOfFact::From::id_token
                                         ? data.id_token_view().get(each.claim)
                                         : data.claim(each.claim);
        if (const auto* text = std::get_if<session::OneText>(&row.member)) {
            identity.** text = text_fact(value);
        } else if (const auto* list = std::get_if<session::List>(&row.member)) {
            identity.** list = list_fact(value);
        }
    }
}

} // namespace

core::JsonView UserData::claim(std::string_view path) const {
    for (const core::JsonView source : {id_token_view(), userinfo_view()}) {
        if (const core::JsonView value = source.at_path(path); !is_absent(value)) {
            return value;
        }
    }
    const std::string_view name = path.substr(0, path.find('.'));
    for (const auto& [answer, json] : more) {
        if (answer == name) {
            return name == path ? json.root() : json.root().at_path(path.substr(name.size() + 1));
        }
    }
    return {};
}

namespace {

// Plain OAuth 2.0 has no fixed name for the subject: what the operator says, else sub or id. A name or an
// address is never taken by itself, because somebody else may have it tomorrow.
core::JsonView find_subject(const Settings& settings, const UserData& data) {
    // UI-02: if there is an ID token, the facts that the protocol guarantees come only from it.
    if (data.id_token) {
        return data.id_token_view().get("sub");
    }
    if (!settings.subject_claim.empty()) {
        return data.userinfo_view().at_path(settings.subject_claim);
    }
    const core::JsonView subject = data.userinfo_view().get("sub");
    return is_absent(subject) ? data.userinfo_view().get("id") : subject;
}

core::Error no_subject(const Settings& settings, const UserData& data) {
    std::string detail =
        "the provider gives no usable subject (sub): a text of at most 255 bytes, or an integer";
    if (!data.id_token) {
        const std::string wanted = settings.subject_claim.empty() ? "sub, else id" : settings.subject_claim;
        detail = "the userinfo answer gives no usable subject (" + wanted +
                 "): a text of at most 255 bytes, or an integer. It has " +
                 member_names(data.userinfo_view());
        const auto& parameters = settings.type->parameters;
        if (std::find(parameters.begin(), parameters.end(), "subject") != parameters.end()) {
            detail += ". \"subject CLAIM\" in the oauth_provider block says which member it is";
        }
    }
    return {core::Code::provider_error, std::move(detail)};
}

bool is_usable_subject(std::optional<std::string_view> subject) {
    return subject && !subject->empty() && subject->size() <= max_subject &&
           !core::has_control_characters(*subject);
}

} // namespace

core::Result<session::Identity> map_identity(const Settings& settings, const UserData& data,
                                             const Needs& needs) {
    session::Identity identity;
    identity.provider = settings.name;
    const auto subject = find_subject(settings, data).as_identifier();
    if (!is_usable_subject(subject)) {
        return no_subject(settings, data);
    }
    identity.subject = *subject;
    map_email(settings, data, identity);
    map_claims(data, needs, identity);
    if (settings.type->map != nullptr) {
        const core::Status mapped = settings.type->map(settings, data, needs, identity);
        if (!mapped) {
            return mapped.error();
        }
    }
    return identity;
}

void complete_identity(const Settings& settings, const UserData& data, const Needs& needs,
                       session::Identity& identity) {
    identity.user = user_name(settings, data, identity);
    for (const std::string& path : needs.claims) {
        if (const core::JsonView value = data.claim(path); !is_absent(value)) {
            identity.claims.emplace_back(path, value.dump());
        }
    }
}

} // namespace oauth::providers
