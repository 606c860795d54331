// SPDX-License-Identifier: MIT
// See parameters.hpp.
#include "parameters.hpp"
#include "client_parameters.hpp"

#include "../src/core/bytes.hpp"
#include "../src/core/secrets.hpp"
#include "../src/core/url.hpp"
#include "../src/jose/jws.hpp"
#include "../src/oidc/authorization.hpp"

#include <algorithm>

namespace oauth::providers {

namespace {

using Values = std::vector<std::string>;

std::string wrong(std::string_view found, std::string_view accepted) {
    return core::found(found) + ", accepted: " + std::string(accepted);
}

bool is_plain_text(std::string_view text) {
    return !text.empty() && !core::has_control_characters(text) && core::is_valid_utf8(text);
}

template <std::string Settings::* Field>
std::string set_text(Settings& settings, const Values& values) {
    if (!is_plain_text(values[0])) {
        return wrong(values[0], "a text that is not empty");
    }
    settings.*Field = values[0];
    return "";
}

std::string set_label(Settings& settings, const Values& values) {
    if (core::trim(values[0]).empty()) {
        return wrong(values[0], "a text that people can read");
    }
    return set_text<&Settings::given_label>(settings, values);
}

// With "none" it would answer at once, and for the same account.
std::string set_account_prompt(Settings& settings, const Values& values) {
    for (const std::string_view word : core::split(values[0], ' ')) {
        if (word == "none" || word.find('$') != std::string_view::npos) {
            return wrong(values[0], "what has the provider ask for the account, such as login or "
                                    "select_account");
        }
    }
    return set_text<&Settings::account_prompt>(settings, values);
}

// RFC 6901 3: "~0" and "~1" are all that begins with '~'.
bool has_bad_escape(std::string_view pointer) {
    for (std::size_t at = pointer.find('~'); at != std::string_view::npos; at = pointer.find('~', at + 1)) {
        if (at + 1 == pointer.size() || (pointer[at + 1] != '0' && pointer[at + 1] != '1')) {
            return true;
        }
    }
    return false;
}

// A dotted path without an empty name in it, or a JSON Pointer.
std::string set_subject(Settings& settings, const Values& values) {
    const std::string& path = values[0];
    const bool has_gap = path.starts_with('.') || path.ends_with('.') || path.find("..") != std::string::npos;
    const bool is_broken = path.starts_with('/') ? path == "/" || has_bad_escape(path) : has_gap;
    if (!is_plain_text(path) || is_broken) {
        return wrong(path,
                     "a member of the userinfo answer (uuid), a dotted path (data.id) or a JSON Pointer");
    }
    settings.subject_claim = path;
    return "";
}

std::string set_secret(Settings& settings, const Values& values) {
    if (values[0].empty()) {
        return "the secret is empty";
    }
    settings.client_secret = values[0];
    return "";
}

constexpr std::string_view endpoint_form =
    "an https URL without a fragment (http only for a loopback host, or one that allow_http names)";

template <std::string Settings::* Field>
std::string set_endpoint(Settings& settings, const Values& values) {
    // Whether it may be http is known when all has been read: find_plain_endpoint.
    if (!core::parse_url(values[0])) {
        return wrong(values[0], endpoint_form);
    }
    settings.*Field = values[0];
    return "";
}

// The address of the metadata is easily taken for the issuer that they name.
std::string set_issuer(Settings& settings, const Values& values) {
    const std::string& found = values[0];
    const std::size_t end = found.find("/.well-known/");
    if (end != std::string::npos) {
        return wrong(found, "the issuer that is named at this address, such as " + found.substr(0, end));
    }
    return set_endpoint<&Settings::issuer>(settings, values);
}

std::string set_api_url(Settings& settings, const Values& values) {
    std::string url = values[0];
    while (url.ends_with('/')) {
        url.pop_back();
    }
    return set_endpoint<&Settings::api_url>(settings, {url});
}

std::string set_domain(Settings& settings, const Values& values) {
    if (core::base_of(values[0]).empty()) {
        return wrong(values[0], "a domain such as example.org, with or without https://");
    }
    settings.domain = values[0];
    return "";
}

template <bool Settings::* Field>
std::string set_switch(Settings& settings, const Values& values) {
    if (values[0] != "on" && values[0] != "off") {
        return wrong(values[0], "on, off");
    }
    settings.*Field = values[0] == "on";
    return "";
}

std::string set_scopes(Settings& settings, const Values& values) {
    settings.scopes = values;
    for (const std::string& scope : settings.scopes) {
        if (!is_plain_text(scope) || scope.find(' ') != std::string::npos) {
            return wrong(scope, "scopes, one word each");
        }
    }
    auto& scopes = settings.scopes;
    if (settings.is_openid() && std::find(scopes.begin(), scopes.end(), "openid") == scopes.end()) {
        scopes.insert(scopes.begin(), "openid");
    }
    return "";
}

std::string set_response_mode(Settings& settings, const Values& values) {
    const bool is_signed = settings.is_openid() && (values[0] == "query.jwt" || values[0] == "form_post.jwt");
    if (values[0] != "query" && values[0] != "form_post" && !is_signed) {
        return wrong(values[0], settings.is_openid() ? "query, form_post, query.jwt, form_post.jwt"
                                                     : "query, form_post");
    }
    settings.response_mode = values[0];
    return "";
}

std::string set_userinfo(Settings& settings, const Values& values) {
    if (values[0] == "auto") {
        settings.userinfo = UserinfoUse::automatic;
    } else if (values[0] == "on" || values[0] == "off") {
        settings.userinfo = values[0] == "on" ? UserinfoUse::on : UserinfoUse::off;
    } else {
        return wrong(values[0], "on, off, auto");
    }
    return "";
}

std::string set_signing_algorithms(Settings& settings, const Values& values) {
    for (const std::string& value : values) {
        const bool symmetric = value == "HS256" && settings.type->allows_hs256;
        if (!symmetric && !jose::is_asymmetric_algorithm(value)) {
            return wrong(value,
                         "RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384, ES512, EdDSA, Ed25519");
        }
        settings.signing_algorithms.emplace_back(jose::canonical_algorithm(value));
    }
    return "";
}

std::string set_allow_http(Settings& settings, const Values& values) {
    for (const std::string& value : values) {
        const auto url = core::parse_url("http://" + value);
        if (!url || url->host != core::to_lower_ascii(value)) { // else it has a port, a path or a query
            return wrong(value,
                         "hosts such as idp.example.internal or 10.0.0.1, without scheme, port and path");
        }
        settings.plain_http.hosts.push_back(url->host);
    }
    return "";
}

std::string set_trusted_audiences(Settings& settings, const Values& values) {
    for (const std::string& value : values) {
        if (!is_plain_text(value)) {
            return wrong(value, "audiences, texts that are not empty");
        }
    }
    settings.trusted_audiences = values;
    return "";
}

std::string set_allowed_tenants(Settings& settings, const Values& values) {
    for (const std::string& value : values) {
        const bool is_id =
            value.size() == 36 && value.find_first_not_of("0123456789abcdef-") == std::string::npos;
        if (!is_id) {
            return wrong(value, "tenant ids such as aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee");
        }
    }
    settings.allowed_tenants = values;
    return "";
}

using S = Settings;

using Of = Parameter::Of;

template <std::string S::* Field>
constexpr Parameter endpoint(std::string_view name, Of of = Of::every_type) {
    return {name, of, 1, 1, set_endpoint<Field>, Field};
}

constexpr Parameter parameters[] = {
    {"client_id", Of::every_type, 1, 1, set_text<&S::client_id>},
    {"client_secret", Of::every_type, 1, 1, set_secret},
    {"issuer", Of::every_type, 1, 1, set_issuer, &S::issuer},
    endpoint<&S::authorization_endpoint>("authorization_endpoint"),
    endpoint<&S::token_endpoint>("token_endpoint"),
    endpoint<&S::userinfo_endpoint>("userinfo_endpoint"),
    endpoint<&S::jwks_uri>("jwks_uri", Of::openid_types),
    endpoint<&S::end_session_endpoint>("end_session_endpoint"),
    endpoint<&S::revocation_endpoint>("revocation_endpoint", Of::revoking_types),
    endpoint<&S::introspection_endpoint>("introspection_endpoint"),
    endpoint<&S::pushed_authorization_request_endpoint>("pushed_authorization_request_endpoint"),
    {"api_url", Of::named_types, 1, 1, set_api_url, &S::api_url},
    {"scope", Of::every_type, 1, 32, set_scopes},
    {"client_auth", Of::every_type, 1, 1, set_client_auth},
    {"client_key", Of::openid_types, 1, 2, set_client_key},
    {"client_certificate", Of::openid_types, 1, 1, set_client_certificate},
    {"dpop", Of::proving_types, 1, 1, set_switch<&S::dpop>},
    {"pkce", Of::every_type, 1, 1, set_switch<&S::pkce>},
    {"nonce", Of::openid_types, 1, 1, set_switch<&S::nonce>},
    {"response_mode", Of::openid_types, 1, 1, set_response_mode},
    {"prompt", Of::every_type, 1, 1, set_text<&S::prompt>},
    {"account_prompt", Of::every_type, 1, 1, set_account_prompt},
    {"label", Of::every_type, 1, 1, set_label},
    {"user", Of::every_type, 1, 1, set_text<&S::user_claim>},
    {"subject", Of::named_types, 1, 1, set_subject},
    {"signing_algorithms", Of::openid_types, 1, 16, set_signing_algorithms},
    {"allow_http", Of::every_type, 1, 32, set_allow_http},
    {"trusted_audiences", Of::openid_types, 1, 32, set_trusted_audiences},
    {"userinfo", Of::openid_types, 1, 1, set_userinfo},
    {"domain", Of::named_types, 1, 1, set_domain, &S::domain},
    {"tenant", Of::named_types, 1, 1, set_text<&S::tenant>},
    {"single_tenant", Of::named_types, 1, 1, set_switch<&S::single_tenant>},
    {"allowed_tenants", Of::named_types, 1, 100, set_allowed_tenants},
    {"authorization_server", Of::named_types, 1, 1, set_text<&S::authorization_server>},
    {"original_domain", Of::named_types, 1, 1, set_text<&S::original_domain>, &S::original_domain},
    {"realm", Of::named_types, 1, 1, set_text<&S::realm>},
    {"region", Of::named_types, 1, 1, set_text<&S::region>},
};

} // namespace

const Parameter* find_parameter(std::string_view name) {
    const auto* found = std::find_if(std::begin(parameters), std::end(parameters),
                                     [name](const Parameter& each) { return each.name == name; });
    return found == std::end(parameters) ? nullptr : found;
}

bool takes(const Type& type, const Parameter& parameter) {
    const bool is_named =
        std::find(type.parameters.begin(), type.parameters.end(), parameter.name) != type.parameters.end();
    const bool revokes =
        type.revocation == Revocation::by_metadata || type.revocation == Revocation::refresh_tokens;
    const bool is_openid = type.protocol == Protocol::oidc;
    return is_named || parameter.of == Of::every_type || (parameter.of == Of::revoking_types && revokes) ||
           (parameter.of == Of::openid_types && is_openid) ||
           (parameter.of == Of::proving_types && is_openid && type.call_api == nullptr);
}

std::string parameter_names(const Type& type) {
    std::string names;
    for (const Parameter& parameter : parameters) {
        if (takes(type, parameter)) {
            names.append(names.empty() ? "" : ", ").append(parameter.name);
        }
    }
    return names;
}

std::string types_that_take(const Parameter& parameter) {
    std::string names;
    for (const Type* type : types()) {
        if (takes(*type, parameter)) {
            names.append(names.empty() ? "" : ", ").append(type->name);
        }
    }
    return names;
}

std::string find_plain_endpoint(const Settings& settings, std::string_view parameter) {
    const Parameter* found = find_parameter(parameter);
    const std::string text = found != nullptr && found->address != nullptr ? settings.*found->address : "";
    const std::string url = core::parse_url(text) ? text : core::base_of(text); // a domain alone is none
    return text.empty() || core::is_endpoint_url(url, settings.plain_http) ? "" : wrong(text, endpoint_form);
}

std::string find_idle_parameter(const Settings& settings, const std::vector<std::string>& given) {
    const auto is_given = [&given](std::string_view name) {
        return std::find(given.begin(), given.end(), name) != given.end();
    };
    const auto idle = [](std::string_view name, std::string_view beside) {
        return "\"" + std::string(name) + "\" has no effect beside \"" + std::string(beside) + "\"";
    };
    for (const std::string_view name : settings.type->issuer_parameters) {
        if (is_given("issuer") && is_given(name)) {
            return idle(name, "issuer");
        }
    }
    if (is_given("region") && is_given("domain")) {
        return idle("region", "domain");
    }
    const bool has_own_way = settings.client_auth &&
                             (is_given("client_auth") || settings.client_auth != settings.type->client_auth);
    for (const std::string_view name : {"client_secret", "client_key", "client_certificate"}) {
        if (has_own_way && is_given(name) && !is_used_by_client_auth(settings, name)) {
            return idle(name, "client_auth " + std::string(oidc::client_auth_name(*settings.client_auth)));
        }
    }
    if (is_given("userinfo_endpoint") && settings.userinfo == UserinfoUse::off) {
        return idle("userinfo_endpoint", "userinfo off");
    }
    return "";
}

} // namespace oauth::providers
