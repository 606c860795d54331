// SPDX-License-Identifier: MIT
// From what a provider said to who it is: the generic mapping, by OpenID Connect's standard claims. Called by the
// callback flow once everything has been validated.
#include "provider.hpp"

#include "../src/core/bytes.hpp"

namespace oauth::providers {

namespace {

constexpr std::size_t max_subject = 255;
constexpr std::size_t max_text = 1024;
constexpr std::size_t max_list = 2000;

bool is_absent(core::JsonView value) {
    return !value || value.is_null() || value.as_string() == std::string_view();
}

// A scalar as text; nothing for a list, an object, or text that is too long to be what it says it is.
std::optional<std::string> text(core::JsonView value) {
    if (const auto string = value.as_string()) {
        return string->empty() || string->size() > max_text ? std::nullopt : std::optional<std::string>(*string);
    }
    if (value.is_number()) {
        return value.dump();
    }
    return std::nullopt;
}

// A list of strings; one string is a list of one; anything else in it makes it nothing (ID-11).
std::optional<session::Strings> list(core::JsonView value) {
    if (const auto string = value.as_string()) {
        return session::Strings{std::string(*string)};
    }
    if (!value.is_array()) {
        return std::nullopt;
    }
    session::Strings strings;
    for (const core::JsonView element : value.elements()) {
        const auto string = element.as_string();
        if (!string || strings.size() == max_list) {
            return std::nullopt;
        }
        strings.emplace_back(*string);
    }
    return strings;
}

// The address is verified where a source that gives this very address says so: a flag of one address does not vouch for another.
void map_email(const UserData& data, session::Identity& identity) {
    for (const core::JsonView source : {data.id_token_view(), data.userinfo_view()}) {
        const auto email = text(source.get("email"));
        if (email && !identity.email) {
            identity.email = email;
        }
        if (email && email == identity.email && source.get("email_verified").as_bool() == true) {
            identity.email_verified = true;
        }
    }
}

std::string user_name(const Settings& settings, const UserData& data, const session::Identity& identity) {
    const std::vector<std::string> configured = {settings.user_claim};
    for (const std::string& claim : settings.user_claim.empty() ? settings.type->user_claims : configured) {
        if (auto name = text(data.claim(claim)); name && !core::has_control_characters(*name)) {
            return *name;
        }
    }
    return identity.subject;
}

} // namespace

core::JsonView UserData::claim(std::string_view path) const {
    const core::JsonView signed_claim = id_token_view().at_path(path);
    return is_absent(signed_claim) ? userinfo_view().at_path(path) : signed_claim;
}

core::Result<session::Identity> map_identity(const Settings& settings, const UserData& data, const Needs& needs) {
    session::Identity identity;
    identity.provider = settings.name;
    // UI-02: what the protocol vouches for comes from the ID token alone, where there is one.
    const core::JsonView subject_source = data.id_token ? data.id_token_view() : data.userinfo_view();
    auto subject = text(subject_source.get("sub"));
    if (!subject && !data.id_token) {
        subject = text(subject_source.get("id"));
    }
    if (!subject || subject->size() > max_subject || core::has_control_characters(*subject)) {
        return core::Error{core::Code::provider_error, "the provider gives no usable subject (sub)"};
    }
    identity.subject = std::move(*subject);
    map_email(data, identity);
    identity.name = text(data.claim("name"));
    identity.picture = text(data.claim("picture"));
    identity.groups = list(data.claim("groups"));
    identity.user = user_name(settings, data, identity);
    if (needs.hd) {
        identity.hd = text(data.id_token_view().get("hd"));
    }
    if (needs.tenant) {
        identity.tenant = text(data.id_token_view().get("tid"));
    }
    if (needs.acr) {
        identity.acr = text(data.id_token_view().get("acr"));
    }
    if (needs.amr) {
        identity.amr = list(data.id_token_view().get("amr"));
    }
    if (needs.role) {
        identity.roles = list(data.claim("roles"));
    }
    for (const std::string& path : needs.claims) {
        if (const core::JsonView value = data.claim(path); !is_absent(value)) {
            identity.claims.emplace_back(path, value.dump());
        }
    }
    return identity;
}

} // namespace oauth::providers
