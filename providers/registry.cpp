// SPDX-License-Identifier: MIT
// The list of provider types, and what makes a row and a block into Settings.
#include "types.hpp"

namespace oauth::providers {

const std::vector<const Type*>& types() {
    static const std::vector<const Type*> all = {&oidc_type, &oauth2_type};
    return all;
}

const Type* find_type(std::string_view name) {
    for (const Type* type : types()) {
        if (type->name == name) {
            return type;
        }
    }
    return nullptr;
}

Settings make_settings(const Type& type, std::string name) {
    Settings settings;
    settings.type = &type;
    settings.label = name;
    settings.name = std::move(name);
    settings.scopes = type.scopes;
    return settings;
}

namespace {

std::string missing(std::string_view parameter) {
    return "\"" + std::string(parameter) + "\" is missing";
}

} // namespace

std::string check(const Settings& settings) {
    if (settings.client_id.empty()) {
        return missing("client_id");
    }
    const bool without_secret = settings.client_auth == oidc::ClientAuth::none;
    if (settings.client_secret.empty() && !without_secret) {
        return missing("client_secret") + " (a public client needs \"client_auth none\")";
    }
    if (settings.is_openid()) {
        return settings.issuer.empty() ? missing("issuer") : "";
    }
    if (settings.authorization_endpoint.empty()) {
        return missing("authorization_endpoint");
    }
    if (settings.token_endpoint.empty()) {
        return missing("token_endpoint");
    }
    if (settings.userinfo_endpoint.empty()) {
        return missing("userinfo_endpoint");
    }
    if (settings.userinfo == UserinfoUse::off) {
        return "\"userinfo off\" leaves nobody to sign in: type \"oauth2\" has no ID token";
    }
    return "";
}

} // namespace oauth::providers
