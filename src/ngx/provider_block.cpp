// SPDX-License-Identifier: MIT
// oauth_provider NAME [TYPE] { ... }: a table of the block's parameters, each a check and a field of Settings.
#include "directives.hpp"
#include "boundary.hpp"
#include "pool.hpp"

#include "../core/bytes.hpp"
#include "../core/url.hpp"
#include "../jose/jws.hpp"
#include "../oidc/authorization.hpp"

#include <algorithm>

namespace oauth::ngx {

namespace {

using Words = std::vector<std::string>; // the parameter's name, then its values

struct Parameter {
    std::string_view name;
    std::size_t min_values;
    std::size_t max_values;
    // An empty string, or what is wrong with the value.
    std::string (*set)(ngx_conf_t* cf, ProviderEntry& entry, const Words& words);
};

std::string wrong(std::string_view found, std::string_view accepted) {
    return "found \"" + std::string(found) + "\", accepted: " + std::string(accepted);
}

template <std::string providers::Settings::*Field>
std::string set_any_text(ngx_conf_t*, ProviderEntry& entry, const Words& words) {
    if (words[1].empty() || core::has_control_characters(words[1]) || !core::is_valid_utf8(words[1])) {
        return wrong(words[1], "a text that is not empty");
    }
    entry.settings.*Field = words[1];
    return "";
}

template <std::string providers::Settings::*Field>
std::string set_endpoint(ngx_conf_t*, ProviderEntry& entry, const Words& words) {
    if (!core::is_endpoint_url(words[1])) {
        return wrong(words[1], "an https URL without a fragment (http only for a loopback host)");
    }
    entry.settings.*Field = words[1];
    return "";
}

template <bool providers::Settings::*Field>
std::string set_switch(ngx_conf_t*, ProviderEntry& entry, const Words& words) {
    if (words[1] != "on" && words[1] != "off") {
        return wrong(words[1], "on, off");
    }
    entry.settings.*Field = words[1] == "on";
    return "";
}

std::string set_client_secret(ngx_conf_t* cf, ProviderEntry& entry, const Words& words) {
    const auto secret = read_source(cf, words[1]);
    if (!secret) {
        return "the secret cannot be read";
    }
    if (secret->empty()) {
        return "the secret is empty";
    }
    entry.settings.client_secret = *secret;
    return "";
}

std::string set_scopes(ngx_conf_t*, ProviderEntry& entry, const Words& words) {
    entry.settings.scopes.assign(words.begin() + 1, words.end());
    for (const std::string& scope : entry.settings.scopes) {
        if (scope.empty() || scope.find(' ') != std::string::npos || core::has_control_characters(scope)) {
            return wrong(scope, "scopes, one word each");
        }
    }
    auto& scopes = entry.settings.scopes;
    if (entry.settings.is_openid() && std::find(scopes.begin(), scopes.end(), "openid") == scopes.end()) {
        scopes.insert(scopes.begin(), "openid");
    }
    return "";
}

std::string set_client_auth(ngx_conf_t*, ProviderEntry& entry, const Words& words) {
    entry.settings.client_auth = oidc::parse_client_auth(words[1]);
    return entry.settings.client_auth ? "" : wrong(words[1], "basic, post, none");
}

std::string set_response_mode(ngx_conf_t*, ProviderEntry& entry, const Words& words) {
    if (words[1] != "query" && words[1] != "form_post") {
        return wrong(words[1], "query, form_post");
    }
    entry.settings.response_mode = words[1];
    return "";
}

std::string set_userinfo(ngx_conf_t*, ProviderEntry& entry, const Words& words) {
    using providers::UserinfoUse;
    if (words[1] == "auto") {
        entry.settings.userinfo = UserinfoUse::automatic;
    } else if (words[1] == "on" || words[1] == "off") {
        entry.settings.userinfo = words[1] == "on" ? UserinfoUse::on : UserinfoUse::off;
    } else {
        return wrong(words[1], "on, off, auto");
    }
    return "";
}

std::string set_signing_algorithms(ngx_conf_t*, ProviderEntry& entry, const Words& words) {
    for (std::size_t i = 1; i < words.size(); ++i) {
        if (!jose::is_asymmetric_algorithm(words[i])) {
            return wrong(words[i], "RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384, ES512, EdDSA");
        }
        entry.settings.signing_algorithms.push_back(words[i]);
    }
    return "";
}

std::string set_authorize_parameter(ngx_conf_t* cf, ProviderEntry& entry, const Words& words) {
    if (words[1].empty() || oidc::is_reserved_parameter(words[1])) {
        return "\"" + words[1] + "\" is set by the module itself and cannot be given here";
    }
    for (const auto& [name, value] : entry.settings.authorize_parameters) {
        if (name == words[1]) {
            return "\"" + words[1] + "\" is given twice";
        }
    }
    if (words[2].find('$') == std::string::npos) {
        entry.settings.authorize_parameters.emplace_back(words[1], words[2]);
        return "";
    }
    DynamicParameter parameter;
    parameter.name = words[1];
    ngx_memzero(&parameter.value, sizeof(parameter.value));
    ngx_str_t text = copy(cf->pool, words[2]);
    ngx_http_compile_complex_value_t compile;
    ngx_memzero(&compile, sizeof(compile));
    compile.cf = cf;
    compile.value = &text;
    compile.complex_value = &parameter.value;
    if (ngx_http_compile_complex_value(&compile) != NGX_OK) {
        return "the value cannot be compiled";
    }
    entry.dynamic_parameters.push_back(std::move(parameter));
    return "";
}

using S = providers::Settings;

constexpr Parameter parameters[] = {
    {"client_id", 1, 1, set_any_text<&S::client_id>},
    {"client_secret", 1, 1, set_client_secret},
    {"issuer", 1, 1, set_endpoint<&S::issuer>},
    {"authorization_endpoint", 1, 1, set_endpoint<&S::authorization_endpoint>},
    {"token_endpoint", 1, 1, set_endpoint<&S::token_endpoint>},
    {"userinfo_endpoint", 1, 1, set_endpoint<&S::userinfo_endpoint>},
    {"jwks_uri", 1, 1, set_endpoint<&S::jwks_uri>},
    {"end_session_endpoint", 1, 1, set_endpoint<&S::end_session_endpoint>},
    {"scope", 1, 32, set_scopes},
    {"client_auth", 1, 1, set_client_auth},
    {"pkce", 1, 1, set_switch<&S::pkce>},
    {"nonce", 1, 1, set_switch<&S::nonce>},
    {"response_mode", 1, 1, set_response_mode},
    {"authorize_param", 2, 2, set_authorize_parameter},
    {"prompt", 1, 1, set_any_text<&S::prompt>},
    {"label", 1, 1, set_any_text<&S::label>},
    {"user", 1, 1, set_any_text<&S::user_claim>},
    {"signing_algorithms", 1, 16, set_signing_algorithms},
    {"userinfo", 1, 1, set_userinfo},
};

std::string all_names() {
    std::string names;
    for (const Parameter& parameter : parameters) {
        names.append(names.empty() ? "" : ", ").append(parameter.name);
    }
    return names;
}

char* read_parameter(ngx_conf_t* cf, ngx_command_t*, void* conf) {
    auto& entry = *static_cast<ProviderEntry*>(conf);
    Words words;
    for (ngx_uint_t i = 0; i < cf->args->nelts; ++i) {
        words.push_back(argument(cf, i));
    }
    const auto* parameter = std::find_if(std::begin(parameters), std::end(parameters),
                                         [&](const Parameter& each) { return each.name == words[0]; });
    if (parameter == std::end(parameters)) {
        return refuse(cf, "is no parameter of an oauth_provider block, accepted: " + all_names());
    }
    const std::size_t values = words.size() - 1;
    if (values < parameter->min_values || values > parameter->max_values) {
        return refuse(cf, "found " + std::to_string(values) + " values, accepted: " + std::to_string(parameter->min_values) +
                              (parameter->max_values > parameter->min_values
                                   ? " to " + std::to_string(parameter->max_values)
                                   : ""));
    }
    const std::string problem = parameter->set(cf, entry, words);
    return problem.empty() ? NGX_CONF_OK : refuse(cf, problem);
}

bool is_provider_name(std::string_view name) {
    static constexpr std::string_view endpoints[] = {"login", "logout", "userinfo", "providers", "jwks.json"};
    return !name.empty() && name.size() <= 64 && std::find(std::begin(endpoints), std::end(endpoints), name) == std::end(endpoints) &&
           std::all_of(name.begin(), name.end(), [](char c) {
               return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '_';
           });
}

std::string type_names() {
    std::string names;
    for (const providers::Type* type : providers::types()) {
        names.append(names.empty() ? "" : ", ").append(type->name);
    }
    return names;
}

} // namespace

char* set_provider_block(ngx_conf_t* cf, ngx_command_t*, void* conf) {
    auto* main = static_cast<MainConf*>(conf);
    const std::string name = argument(cf, 1);
    const std::string type_name = cf->args->nelts > 2 ? argument(cf, 2) : name;
    if (!is_provider_name(name)) {
        return refuse_value(cf, name, "a name of letters, digits, \"-\" and \"_\" that is not login, logout, userinfo or providers");
    }
    for (const auto& entry : main->state->providers) {
        if (entry->settings.name == name) {
            return refuse(cf, "provider \"" + name + "\" is defined already in " + entry->place.file + ":" +
                                  std::to_string(entry->place.line));
        }
    }
    const providers::Type* type = providers::find_type(type_name);
    if (type == nullptr) {
        return refuse(cf, "found type \"" + type_name + "\", accepted: " + type_names() + " (oauth_provider NAME TYPE { ... })");
    }
    auto entry = std::make_unique<ProviderEntry>();
    entry->settings = providers::make_settings(*type, name);
    entry->place = place_of(cf);

    ngx_conf_t saved = *cf;
    cf->handler = guarded<read_parameter>;
    cf->handler_conf = reinterpret_cast<char*>(entry.get());
    char* rc = ngx_conf_parse(cf, nullptr);
    *cf = saved;
    if (rc != NGX_CONF_OK) {
        return rc;
    }
    const std::string problem = providers::check(entry->settings);
    if (!problem.empty()) {
        return refuse_at(cf, entry->place, "\"oauth_provider\" " + name + ": " + problem);
    }
    main->state->providers.push_back(std::move(entry));
    return NGX_CONF_OK;
}

} // namespace oauth::ngx
