// SPDX-License-Identifier: MIT
// oauth_provider NAME [TYPE] { ... }, and the providers of the environment. The parameters themselves are
// providers/parameters.cpp.
#include "directives.hpp"
#include "environment.hpp"
#include "../boundary.hpp"
#include "../pool.hpp"

#include "../../../providers/environment.hpp"
#include "../../../providers/parameters.hpp"
#include "../../core/bytes.hpp"
#include "../../core/secrets.hpp"
#include "../../oidc/authorization.hpp"

#include <algorithm>

namespace oauth::ngx {

namespace {

using Words = std::vector<std::string>;

std::string set_authorize_parameter(ngx_conf_t* cf, ProviderEntry& entry, const Words& values) {
    if (!oidc::is_parameter_name(values[0])) {
        return found_instead(values[0], "a name of letters, digits, \"-\", \".\" and \"_\", and a value");
    }
    // Some servers make no difference between "state" and "State".
    if (oidc::is_reserved_parameter(core::to_lower_ascii(values[0]))) {
        return "\"" + values[0] + "\" is set by the module itself and cannot be given here";
    }
    const auto is_it = [&](const auto& name) { return name == values[0]; };
    const auto& dynamic = entry.dynamic_parameters;
    const auto& fixed = entry.settings.authorize_parameters;
    if (std::any_of(fixed.begin(), fixed.end(), [&](const auto& each) { return is_it(each.first); }) ||
        std::any_of(dynamic.begin(), dynamic.end(), [&](const auto& each) { return is_it(each.name); })) {
        return "\"" + values[0] + "\" is given twice";
    }
    if (values[1].find('$') == std::string::npos) {
        constexpr std::uint64_t year = 366 * 24 * 3600;
        if (values[0] == "max_age" && !core::parse_decimal(values[1], year)) {
            return found_instead(values[1], "seconds, a number of up to a year");
        }
        entry.settings.authorize_parameters.emplace_back(values[0], values[1]);
        return "";
    }
    DynamicParameter parameter;
    parameter.name = values[0];
    ngx_memzero(&parameter.value, sizeof(parameter.value));
    ngx_str_t text = copy(cf->pool, values[1]);
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

struct Block {
    ProviderEntry* entry;
    Words given;                                       // the parameters that it has set
    std::vector<Place> places = {};                    // of each
    Source::From secret_from = Source::From::variable; // unless the block says otherwise
};

// What can only be seen when the whole block has been read: whether its addresses may be http. That some are
// is worth a line each time.
char* check_plain_http(ngx_conf_t* cf, const Block& block) {
    const providers::Settings& settings = block.entry->settings;
    for (std::size_t i = 0; i < block.given.size(); ++i) {
        const std::string& name = block.given[i];
        const std::string problem = providers::find_plain_endpoint(settings, name);
        if (!problem.empty()) {
            return refuse_at(cf, block.places[i],
                             std::string("\"").append(name).append("\": ").append(problem));
        }
        if (name == "allow_http") {
            std::string hosts;
            for (const std::string& host : settings.plain_http.hosts) {
                hosts.append(hosts.empty() ? "" : ", ").append(host);
            }
            ngx_log_error(NGX_LOG_WARN, cf->log, 0,
                          "\"oauth_provider\" %s: \"allow_http\" lets %s be asked without TLS: who is on the "
                          "way there can read secrets and sign in as anybody, in %s:%ui",
                          settings.name.c_str(), hosts.c_str(), block.places[i].file.c_str(),
                          block.places[i].line);
        }
    }
    return NGX_CONF_OK;
}

std::string range(std::size_t least, std::size_t most) {
    return std::to_string(least) + (most > least ? " to " + std::to_string(most) : "");
}

// A name that nobody knows may be a piece of a secret with a ";" in it.
char* refuse_parameter(ngx_conf_t* cf, const std::string& sentence) {
    const std::string name = argument(cf, 0);
    const bool is_name =
        name.size() <= 40 && name.find_first_not_of("abcdefghijklmnopqrstuvwxyz_") == std::string::npos;
    if (is_name) {
        return refuse(cf, sentence);
    }
    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "what stands here %s", sentence.c_str());
    return conf_failed();
}

// A sentence if a complete provider's secret is evidently none. Never has the secret in it.
std::string check_secret(const providers::Settings& settings, Source::From from) {
    if (settings.client_secret.empty()) {
        return "";
    }
    if (core::has_control_characters(settings.client_secret)) {
        return "\"client_secret\": the value has more than one line, or control characters";
    }
    const std::string problem = why_no_secret({settings.client_secret, from});
    return problem.empty() ? "" : "\"client_secret\": " + problem;
}

bool is_file_parameter(std::string_view name) {
    return name == "client_key" || name == "client_certificate";
}

// The text of the file takes the place of its name.
char* set_by_file(ngx_conf_t* cf, const providers::Parameter& parameter, Block& block, const Words& values) {
    constexpr std::size_t max_size = 64 * 1024;
    std::string error;
    auto text = read_file(cf, values[0], error, max_size);
    if (!text) {
        return refuse(cf, error);
    }
    if (parameter.name == "client_key") {
        warn_of_open_file(cf, values[0]);
    }
    Words texts = values;
    texts[0] = std::move(*text);
    if (parameter.name == "client_certificate") { // which is looked at when all has been read
        texts.push_back(shown_file(values[0]));
    }
    const std::string problem = parameter.set(block.entry->settings, texts);
    core::wipe(texts[0]);
    return problem.empty() ? NGX_CONF_OK : refuse(cf, "file" + shown_file(values[0]) + " " + problem);
}

// A sentence if the parameter "prompt" would be sent for two reasons.
std::string find_double_prompt(const ProviderEntry& entry, const Words& given) {
    const auto& fixed = entry.settings.authorize_parameters;
    const auto& dynamic = entry.dynamic_parameters;
    const bool is_added =
        std::any_of(fixed.begin(), fixed.end(), [](const auto& each) { return each.first == "prompt"; }) ||
        std::any_of(dynamic.begin(), dynamic.end(), [](const auto& each) { return each.name == "prompt"; });
    return is_added && std::find(given.begin(), given.end(), "prompt") != given.end()
               ? "\"prompt\" and \"authorize_param prompt\" are the same parameter, accepted: one of them"
               : "";
}

char* read_parameter(ngx_conf_t* cf, ngx_command_t* cmd, void* conf) {
    if (const auto included = read_include(cf, cmd, conf)) {
        return *included;
    }
    auto& block = *static_cast<Block*>(conf);
    const std::string name = argument(cf, 0);
    Words values;
    for (ngx_uint_t i = 1; i < cf->args->nelts; ++i) {
        values.push_back(argument(cf, i));
    }
    if (name == "authorize_param") {
        const std::string problem = values.size() == 2 ? set_authorize_parameter(cf, *block.entry, values)
                                                       : "accepted: a name and a value";
        return problem.empty() ? NGX_CONF_OK : refuse(cf, problem);
    }
    const providers::Type* type = block.entry->settings.type;
    const providers::Parameter* parameter = providers::find_parameter(name);
    if (parameter == nullptr) {
        return refuse_parameter(cf, "is no parameter of an oauth_provider block, accepted: " +
                                        providers::parameter_names(*type) + ", authorize_param, include");
    }
    if (!providers::takes(*type, *parameter)) {
        return refuse(cf, "is not used by type \"" + std::string(type->name) +
                              "\", accepted by: " + providers::types_that_take(*parameter));
    }
    if (std::find(block.given.begin(), block.given.end(), name) != block.given.end()) {
        return refuse_duplicate(cf);
    }
    if (values.size() < parameter->min_values || values.size() > parameter->max_values) {
        return refuse(cf, "found " + std::to_string(values.size()) +
                              " values, accepted: " + range(parameter->min_values, parameter->max_values));
    }
    if (name == "client_secret") {
        auto secret = read_source(cf, values[0]);
        if (!secret) {
            return conf_failed();
        }
        values[0] = std::move(secret->text);
        block.secret_from = secret->from;
    }
    block.given.push_back(name);
    block.places.push_back(place_of(cf));
    if (is_file_parameter(name)) {
        return set_by_file(cf, *parameter, block, values);
    }
    const std::string problem = parameter->set(block.entry->settings, values);
    return problem.empty() ? NGX_CONF_OK : refuse(cf, problem);
}

providers::GetVariable environment_of(ngx_conf_t* cf) {
    return [cf](const std::string& name) { return read_environment(cf, name); };
}

bool is_provider_name(std::string_view name) {
    return !name.empty() && name.size() <= 64 && !flow::is_endpoint_name(name) &&
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
        return refuse_value(
            cf, name,
            "a name of letters, digits, \"-\" and \"_\" that is not login, logout, userinfo or providers");
    }
    for (const auto& entry : main->compiled->providers) {
        if (entry->settings.name == name) {
            return refuse(cf, "provider \"" + name + "\" is defined already in " + entry->place.file + ":" +
                                  std::to_string(entry->place.line));
        }
    }
    const providers::Type* type = providers::find_type(type_name);
    if (type == nullptr) {
        return refuse(cf, found_instead(type_name, type_names()) + " (oauth_provider NAME TYPE { ... })");
    }
    auto entry = std::make_unique<ProviderEntry>();
    entry->settings = providers::make_settings(*type, name);
    entry->place = place_of(cf);

    ngx_conf_t saved = *cf;
    cf->handler = guarded<read_parameter>;
    Block block{entry.get(), {}, {}};
    cf->handler_conf = reinterpret_cast<char*>(&block);
    char* rc = ngx_conf_parse(cf, nullptr);
    *cf = saved;
    if (rc == NGX_CONF_OK) {
        rc = check_plain_http(cf, block);
    }
    if (rc != NGX_CONF_OK) {
        return rc;
    }
    std::string problem = providers::fill_from_environment(entry->settings, block.given, environment_of(cf));
    if (problem.empty()) {
        problem = providers::find_idle_parameter(entry->settings, block.given);
    }
    if (problem.empty()) {
        problem = find_double_prompt(*entry, block.given);
    }
    if (problem.empty()) {
        problem = providers::complete(entry->settings);
    }
    if (problem.empty()) {
        problem = check_secret(entry->settings, block.secret_from);
    }
    if (!problem.empty()) {
        return refuse_at(cf, entry->place, "\"oauth_provider\" " + name + ": " + problem);
    }
    const auto& certificate = entry->settings.client_certificate;
    if (certificate && certificate->has_ended()) {
        ngx_log_error(
            NGX_LOG_WARN, cf->log, 0,
            "\"oauth_provider\" %s: the certificate of \"client_certificate\" has ended, and servers "
            "refuse it, in %s:%ui",
            name.c_str(), entry->place.file.c_str(), entry->place.line);
    }
    main->compiled->providers.push_back(std::move(entry));
    return NGX_CONF_OK;
}

bool add_environment_providers(ngx_conf_t* cf, MainConf::Compiled& compiled) {
    const providers::GetVariable environment = environment_of(cf);
    for (const providers::Type* type : providers::types()) {
        std::string missing;
        const std::string name = providers::name_by_environment(*type, environment);
        const auto activation = providers::activation_of(*type, environment, missing);
        const auto same_name = std::find_if(compiled.providers.begin(), compiled.providers.end(),
                                            [&](const auto& entry) { return entry->settings.name == name; });
        const bool has_block = same_name != compiled.providers.end() && (*same_name)->place.line != 0;
        if (same_name != compiled.providers.end() && !has_block &&
            activation == providers::Activation::complete) {
            ngx_log_error(
                NGX_LOG_EMERG, cf->log, 0,
                "oauth: environment variable \"%s\": found \"%s\", which is another provider's name",
                std::string(type->name_variable).c_str(), name.c_str());
            return false;
        }
        if (activation == providers::Activation::partial && !has_block) {
            ngx_log_error(NGX_LOG_WARN, cf->log, 0, "oauth: provider \"%s\" is not active: %s is not set",
                          name.c_str(), missing.c_str());
        }
        if (activation != providers::Activation::complete || has_block) {
            continue;
        }
        auto entry = std::make_unique<ProviderEntry>();
        entry->settings = providers::make_settings(*type, name);
        std::string problem = is_provider_name(name) ? "" : "the name is not accepted";
        if (problem.empty()) {
            problem = providers::fill_from_environment(entry->settings, {}, environment);
        }
        if (problem.empty()) {
            problem = providers::complete(entry->settings);
        }
        if (problem.empty()) {
            problem = check_secret(entry->settings, Source::From::variable);
        }
        if (!problem.empty()) {
            ngx_log_error(NGX_LOG_EMERG, cf->log, 0, "oauth: provider \"%s\" of the environment: %s",
                          name.c_str(), problem.c_str());
            return false;
        }
        compiled.providers.push_back(std::move(entry));
    }
    return true;
}

} // namespace oauth::ngx
