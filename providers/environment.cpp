// SPDX-License-Identifier: MIT
// See environment.hpp.
#include "environment.hpp"

#include "../src/core/bytes.hpp"
#include "parameters.hpp"

#include <algorithm>

namespace oauth::providers {

namespace {

std::string value_of(const GetVariable& get, std::string_view name) {
    const char* value = get(std::string(name));
    return value == nullptr ? "" : value;
}

// Any value but empty, 0, false, off and no is true.
std::string switch_value(const std::string& value) {
    const std::string lower = core::to_lower_ascii(value);
    return lower == "0" || lower == "false" || lower == "off" || lower == "no" ? "off" : "on";
}

std::vector<std::string> words(const std::string& value) {
    std::vector<std::string> result;
    for (const std::string_view word : core::split(value, ' ')) {
        if (!word.empty()) {
            result.emplace_back(word);
        }
    }
    return result;
}

std::string set(Settings& settings, std::string_view parameter, const std::string& value) {
    const Parameter* known = find_parameter(parameter);
    if (parameter == "single_tenant") {
        return known->set(settings, {switch_value(value)});
    }
    return known->set(settings, known->max_values > 1 ? words(value) : std::vector<std::string>{value});
}

// OAUTH_AZURE_AD_PROMPT for azure-ad.
std::string prompt_variable(const std::string& provider) {
    std::string name = "OAUTH_";
    for (const char c : provider) {
        name += c == '-' ? '_' : static_cast<char>(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
    }
    return name + "_PROMPT";
}

void set_prompt(Settings& settings, const GetVariable& get) {
    settings.prompt = value_of(get, prompt_variable(settings.name));
    if (settings.prompt.empty() && !settings.type->prompt_variable.empty()) {
        settings.prompt = value_of(get, settings.type->prompt_variable);
    }
    if (!settings.prompt.empty()) {
        return;
    }
    const std::string for_all = value_of(get, "OAUTH_PROMPT");
    const auto& refused = settings.type->refused_prompts;
    if (std::find(refused.begin(), refused.end(), for_all) == refused.end()) {
        settings.prompt = for_all;
    }
}

} // namespace

std::string name_by_environment(const Type& type, const GetVariable& get) {
    const std::string name = type.name_variable.empty() ? "" : value_of(get, type.name_variable);
    return name.empty() ? std::string(type.name) : name;
}

std::string fill_from_environment(Settings& settings, const std::vector<std::string>& given,
                                  const GetVariable& get) {
    const auto is_given = [&given](std::string_view parameter) {
        return std::find(given.begin(), given.end(), parameter) != given.end();
    };
    for (const Variable& variable : settings.type->variables) {
        const std::string value = value_of(get, variable.name);
        if (value.empty() || is_given(variable.parameter)) {
            continue;
        }
        std::string problem = set(settings, variable.parameter, value);
        if (problem.empty()) {
            problem = find_plain_endpoint(settings, variable.parameter);
        }
        if (!problem.empty()) {
            return "environment variable \"" + std::string(variable.name) + "\": " + problem;
        }
    }
    if (!is_given("prompt")) {
        set_prompt(settings, get);
    }
    return "";
}

std::vector<std::string> variable_names() {
    std::vector<std::string> names{"OAUTH_BASE_URL", "CHAINLIT_URL", "OAUTH_PROMPT"};
    for (const Type* type : types()) {
        for (const Variable& variable : type->variables) {
            names.emplace_back(variable.name);
        }
        names.push_back(prompt_variable(std::string(type->name)));
        for (const std::string_view name : {type->name_variable, type->prompt_variable}) {
            if (!name.empty()) {
                names.emplace_back(name);
            }
        }
    }
    return names;
}

Activation activation_of(const Type& type, const GetVariable& get, std::string& missing) {
    bool any = false;
    bool all = !type.variables.empty();
    for (const Variable& variable : type.variables) {
        if (variable.use == Variable::Use::optional) {
            continue;
        }
        if (value_of(get, variable.name).empty()) {
            missing.append(missing.empty() ? "" : ", ").append(variable.name);
            all = false;
        } else {
            any = true;
        }
    }
    return all ? Activation::complete : (any ? Activation::partial : Activation::none);
}

} // namespace oauth::providers
