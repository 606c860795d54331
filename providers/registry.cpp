// SPDX-License-Identifier: MIT
// The list of provider types, and what makes a row and a block into Settings.
#include "client_parameters.hpp"
#include "facts.hpp"
#include "types.hpp"

#include "../src/core/crypto.hpp"
#include "../src/core/record.hpp"
#include "../src/core/url.hpp"
#include "../src/jose/jws.hpp"

#include <algorithm>
#include <map>

namespace oauth::providers {

const std::vector<const Type*>& types() {
    static const std::vector<const Type*> all = {
        &github_type,  &google_type,  &azure_ad_type,    &azure_ad_hybrid_type, &okta_type,
        &auth0_type,   &descope_type, &aws_cognito_type, &gitlab_type,          &keycloak_type,
        &generic_type, &oidc_type,    &oauth2_type};
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

session::FactSet told_facts(const Type& type) {
    session::FactSet facts = {"email", "name", "scope"};
    facts.merge(type.tells);
    return facts;
}

Settings make_settings(const Type& type, std::string name) {
    Settings settings;
    settings.type = &type;
    settings.label = type.label;
    settings.name = std::move(name);
    settings.scopes = type.scopes;
    settings.account_prompt = type.account_prompt;
    settings.userinfo = type.userinfo;
    settings.client_auth = type.client_auth;
    settings.issuers.assign(type.issuers.begin(), type.issuers.end());
    return settings;
}

namespace {

std::string missing(std::string_view parameter) {
    return "\"" + std::string(parameter) + "\" is missing";
}

} // namespace

void tell_labels_apart(const std::vector<Settings*>& all) {
    std::map<std::string, int> counts;
    for (Settings* settings : all) {
        settings->label = settings->given_label.empty() ? settings->type->label : settings->given_label;
        ++counts[settings->label];
    }
    for (Settings* settings : all) {
        if (settings->given_label.empty() && counts[settings->label] > 1) {
            settings->label.append(" (").append(settings->name).append(")");
        }
    }
}

std::string complete(Settings& settings) {
    if (settings.client_id.empty()) {
        return missing("client_id");
    }
    std::string unproven = complete_client_auth(settings);
    if (!unproven.empty()) {
        return unproven;
    }
    if (settings.type->complete != nullptr) {
        const std::string problem = settings.type->complete(settings);
        if (!problem.empty()) {
            return problem;
        }
    }
    if (settings.is_openid()) {
        const bool known = !settings.issuer.empty() || settings.type->issuer_rule == IssuerRule::from_token;
        if (!known) {
            return missing("issuer");
        }
        const auto& algorithms = settings.signing_algorithms;
        if (settings.wants_signed_response() && !algorithms.empty() &&
            std::none_of(algorithms.begin(), algorithms.end(), jose::is_asymmetric_algorithm)) {
            return "\"response_mode " + settings.response_mode +
                   "\" needs one of \"signing_algorithms\" that is not HS256: answers are verified with the "
                   "provider's keys";
        }
        // With metadata it is their business, and theirs alone.
        const bool asks_nobody = settings.userinfo == UserinfoUse::on && settings.userinfo_endpoint.empty() &&
                                 settings.gives_all_endpoints();
        return asks_nobody ? missing("userinfo_endpoint") + ", and \"userinfo on\" needs it" : "";
    }
    for (const auto& [name, endpoint] :
         {std::pair<const char*, const std::string&>("authorization_endpoint",
                                                     settings.authorization_endpoint),
          std::pair<const char*, const std::string&>("token_endpoint", settings.token_endpoint),
          std::pair<const char*, const std::string&>("userinfo_endpoint", settings.userinfo_endpoint)}) {
        if (endpoint.empty()) {
            return missing(name);
        }
    }
    if (settings.userinfo == UserinfoUse::off) {
        return "\"userinfo off\" leaves nobody to sign in: type \"" + std::string(settings.type->name) +
               "\" has no ID token";
    }
    return "";
}

std::string fingerprint(const Settings& settings) {
    constexpr std::size_t size = 8;
    core::RecordWriter record; // each text with its length: no two providers are written alike
    record.text(settings.type->name);
    record.text(settings.client_id);
    for (const std::string& address :
         {settings.issuer, settings.authorization_endpoint, settings.token_endpoint,
          settings.userinfo_endpoint, settings.jwks_uri, settings.api_url}) {
        record.text(address);
    }
    record.text(settings.subject_claim);
    record.text(settings.user_claim);
    record.text(settings.single_tenant ? settings.tenant : ""); // whom it admits
    for (const auto* list : {&settings.allowed_tenants, &settings.trusted_audiences}) {
        record.number(list->size()); // so that no list runs into the next
        for (const std::string& each : *list) {
            record.text(each);
        }
    }
    return core::digest(core::Hash::sha256, std::move(record).finish()).substr(0, size);
}

std::vector<std::string> scopes_for(const Settings& settings, const Needs& needs) {
    std::vector<std::string> scopes = settings.scopes;
    if (settings.type->scopes_for != nullptr) {
        append_missing(scopes, settings.type->scopes_for(settings, needs));
    }
    return scopes;
}

} // namespace oauth::providers
