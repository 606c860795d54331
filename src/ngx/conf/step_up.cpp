// SPDX-License-Identifier: MIT
// See step_up.hpp.
#include "step_up.hpp"
#include "directives.hpp"
#include "../pool.hpp"

#include "../../core/bytes.hpp"

#include <algorithm>

namespace oauth::ngx {

namespace {

constexpr std::string_view acr_key = "acr=";
constexpr std::string_view age_key = "max_age=";
constexpr std::string_view accepted = "acr=VALUE..., max_age=TIME, or off";
constexpr std::size_t most_values = 16;
constexpr std::size_t longest_value = 256;

// RFC 9470 3: it stands in a quoted string, one among others with spaces between them. A variable would be
// taken as it stands, and never be fulfilled.
bool is_acr(std::string_view text) {
    const auto allowed = [](char c) { return c > ' ' && c <= '~' && c != '"' && c != '\\' && c != '$'; };
    return !text.empty() && text.size() <= longest_value && std::all_of(text.begin(), text.end(), allowed);
}

// A sentence if they are not accepted.
std::string add_acr(std::string_view list, session::StepUp& step_up) {
    for (const std::string_view value : core::split(list, ',')) {
        if (!is_acr(value)) {
            return found_instead(std::string(list),
                                 "acr=VALUE, values of visible ASCII without quotes and variables");
        }
        if (std::find(step_up.acr.begin(), step_up.acr.end(), value) != step_up.acr.end()) {
            return "\"" + std::string(value) + "\" is duplicate, accepted: each once";
        }
        step_up.acr.emplace_back(value);
    }
    return step_up.acr.size() <= most_values
               ? ""
               : "found more than " + std::to_string(most_values) + " values of acr";
}

std::string set_age(std::string_view text, session::StepUp& step_up) {
    constexpr ngx_int_t year = 366 * 24 * 3600;
    std::string copied(text);
    ngx_str_t value{copied.size(), reinterpret_cast<u_char*>(copied.data())};
    const ngx_int_t seconds = copied.empty() ? NGX_ERROR : ngx_parse_time(&value, 1);
    if (step_up.max_age) {
        return "\"max_age\" is duplicate";
    }
    if (seconds < 1 || seconds > year) {
        return found_instead(std::string(text), "max_age=TIME, a time above 0 and up to a year, such as 5m");
    }
    step_up.max_age = seconds;
    return "";
}

// What a value without a name belongs to: "acr=one two".
std::string read_word(std::string_view word, session::StepUp& step_up) {
    if (word.starts_with(acr_key)) {
        return add_acr(word.substr(acr_key.size()), step_up);
    }
    if (word.starts_with(age_key)) {
        return set_age(word.substr(age_key.size()), step_up);
    }
    const bool is_further = !step_up.acr.empty() && word.find('=') == std::string_view::npos;
    return is_further ? add_acr(word, step_up) : found_instead(std::string(word), std::string(accepted));
}

struct Lack {
    const providers::Settings* provider = nullptr; // null: none
    bool is_acr = false;
};

Lack find_lack(const MainConf::Compiled& compiled, const LocationConf& location) {
    using Recent = providers::StepUpWays::Recent;
    for (const std::size_t index : *location.offer) {
        const providers::Settings& settings = compiled.providers[index]->settings;
        const providers::StepUpWays& ways = settings.type->step_up;
        if (!location.step_up->acr.empty() && !ways.by_acr) {
            return {&settings, true};
        }
        if (location.step_up->max_age && ways.recent == Recent::never) {
            return {&settings, false};
        }
    }
    return {};
}

std::string types_with(bool acr) { // NOLINT: which of the two
    std::string names;
    for (const providers::Type* type : providers::types()) {
        const bool can =
            acr ? type->step_up.by_acr : type->step_up.recent != providers::StepUpWays::Recent::never;
        if (can) {
            names.append(names.empty() ? "" : ", ").append(type->name);
        }
    }
    return names;
}

} // namespace

char* set_step_up(ngx_conf_t* cf, ngx_command_t*, void* conf) {
    auto* location = static_cast<LocationConf*>(conf);
    if (location->step_up != nullptr) {
        return refuse_duplicate(cf);
    }
    location->step_up = pool_make<session::StepUp>(cf->pool);
    location->step_up_place = make_place(cf);
    if (cf->args->nelts == 2 && argument(cf, 1) == "off") {
        return NGX_CONF_OK;
    }
    for (ngx_uint_t i = 1; i < cf->args->nelts; ++i) {
        const std::string word = argument(cf, i);
        const std::string problem = read_word(word, *location->step_up);
        if (!problem.empty()) {
            return refuse(cf, problem);
        }
    }
    return NGX_CONF_OK;
}

bool check_step_ups(ngx_conf_t* cf, const MainConf::Compiled& compiled) {
    for (const LocationConf* location : compiled.locations) {
        if (location->mode == mode_off || location->step_up == nullptr) {
            continue;
        }
        const Lack lack = find_lack(compiled, *location);
        if (lack.provider == nullptr) {
            continue;
        }
        const std::string what = lack.is_acr ? "acr" : "max_age";
        refuse_at(cf, *location->step_up_place,
                  "\"oauth_step_up\": provider \"" + lack.provider->name + "\" of type \"" +
                      std::string(lack.provider->type->name) + "\" cannot fulfil \"" + what +
                      "\", accepted: providers of the types " + types_with(lack.is_acr) +
                      ", or oauth_providers without it there,");
        return false;
    }
    return true;
}

} // namespace oauth::ngx
