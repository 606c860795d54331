// SPDX-License-Identifier: MIT
// The setters for plain values - times, sizes, choices, texts - and the sentences that all setters refuse
// with. nginx's own slots say "invalid value"; these say what was found and what is accepted.
#include "directives.hpp"

#include "../../core/bytes.hpp"

#include <cstdlib>
#include <fstream>

namespace oauth::ngx {

namespace {

constexpr std::size_t max_file = 1024 * 1024;

template <class T>
T& field(void* conf, const ngx_command_t* cmd) {
    return *reinterpret_cast<T*>(static_cast<char*>(conf) + cmd->offset);
}

} // namespace

Place place_of(ngx_conf_t* cf) {
    if (cf->conf_file == nullptr) {
        return {};
    }
    return {string(cf->conf_file->file.name), cf->conf_file->line};
}

char* refuse(ngx_conf_t* cf, std::string_view sentence) {
    const std::string text(sentence);
    const std::string name = argument(cf, 0);
    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "\"%s\": %s", name.c_str(), text.c_str());
    return conf_failed();
}

namespace {

// A password in a URL is a secret like any other.
std::string without_password(std::string_view found) {
    const std::size_t authority = found.find("://");
    const std::size_t at = found.rfind('@');
    if (authority == std::string_view::npos || at == std::string_view::npos || at < authority) {
        return std::string(found);
    }
    return std::string(found.substr(0, authority + 3)) + "***" + std::string(found.substr(at));
}

} // namespace

char* refuse_value(ngx_conf_t* cf, std::string_view found, std::string_view accepted) {
    return refuse(cf, "found \"" + without_password(found) + "\", accepted: " + std::string(accepted));
}

char* refuse_at(ngx_conf_t* cf, const Place& place, std::string_view sentence) {
    const std::string text(sentence);
    ngx_log_error(NGX_LOG_EMERG, cf->log, 0, "%s in %s:%ui", text.c_str(), place.file.c_str(), place.line);
    return conf_failed();
}

std::string argument(ngx_conf_t* cf, ngx_uint_t index) {
    return string(static_cast<ngx_str_t*>(cf->args->elts)[index]);
}

std::optional<std::string> read_file(ngx_conf_t* cf, const std::string& path, std::string& error) {
    ngx_str_t name = copy(cf->pool, path);
    if (name.data == nullptr || ngx_conf_full_name(cf->cycle, &name, 1) != NGX_OK) {
        error = "no memory";
        return std::nullopt;
    }
    std::ifstream file(string(name), std::ios::binary);
    std::string text(max_file + 1, '\0');
    file.read(text.data(), static_cast<std::streamsize>(text.size()));
    if (!file.is_open() || file.bad()) {
        error = "file \"" + string(name) + "\" cannot be read";
        return std::nullopt;
    }
    text.resize(static_cast<std::size_t>(file.gcount()));
    if (text.empty() || text.size() > max_file) {
        error = "file \"" + string(name) + "\" is " + (text.empty() ? "empty" : "larger than 1m");
        return std::nullopt;
    }
    return text;
}

std::optional<std::string> read_source(ngx_conf_t* cf, const std::string& source) {
    if (source.starts_with("env:")) {
        const std::string name = source.substr(4);
        const char* value = std::getenv(name.c_str());
        if (value == nullptr || *value == '\0') {
            refuse(cf, "environment variable \"" + name + "\" is not set or empty");
            return std::nullopt;
        }
        return std::string(value);
    }
    if (!source.starts_with("file:")) {
        return source;
    }
    std::string error;
    auto text = read_file(cf, source.substr(5), error);
    if (!text) {
        refuse(cf, error);
        return std::nullopt;
    }
    while (!text->empty() && (text->back() == '\n' || text->back() == '\r')) {
        text->pop_back();
    }
    return text;
}

char* set_time(ngx_conf_t* cf, ngx_command_t* cmd, void* conf) {
    auto& value = field<time_t>(conf, cmd);
    if (value != NGX_CONF_UNSET) {
        return conf_error("is duplicate");
    }
    auto* text = &static_cast<ngx_str_t*>(cf->args->elts)[1];
    value = ngx_parse_time(text, 1);
    constexpr time_t year = 366 * 24 * 3600;
    if (value == static_cast<time_t>(NGX_ERROR) || value <= 0 || value > year) {
        return refuse_value(cf, view(*text), "a time above 0 and up to a year, such as 30s, 10m or 8h");
    }
    return NGX_CONF_OK;
}

char* set_milliseconds(ngx_conf_t* cf, ngx_command_t* cmd, void* conf) {
    auto& value = field<ngx_msec_t>(conf, cmd);
    if (value != NGX_CONF_UNSET_MSEC) {
        return conf_error("is duplicate");
    }
    auto* text = &static_cast<ngx_str_t*>(cf->args->elts)[1];
    const ngx_int_t parsed = ngx_parse_time(text, 0);
    constexpr ngx_int_t hour = 3600 * 1000;
    if (parsed == NGX_ERROR || parsed <= 0 || parsed > hour) {
        return refuse_value(cf, view(*text), "a time above 0 and up to an hour, such as 500ms or 10s");
    }
    value = static_cast<ngx_msec_t>(parsed);
    return NGX_CONF_OK;
}

char* set_size(ngx_conf_t* cf, ngx_command_t* cmd, void* conf) {
    auto& value = field<size_t>(conf, cmd);
    if (value != NGX_CONF_UNSET_SIZE) {
        return conf_error("is duplicate");
    }
    auto* text = &static_cast<ngx_str_t*>(cf->args->elts)[1];
    const ssize_t parsed = ngx_parse_size(text);
    constexpr ssize_t smallest = 4 * 1024;
    if (parsed == NGX_ERROR || parsed < smallest) {
        return refuse_value(cf, view(*text), "a size of at least 4k, such as 64k or 8m");
    }
    value = static_cast<size_t>(parsed);
    return NGX_CONF_OK;
}

char* set_flag(ngx_conf_t* cf, ngx_command_t* cmd, void* conf) {
    auto& value = field<ngx_flag_t>(conf, cmd);
    if (value != NGX_CONF_UNSET) {
        return conf_error("is duplicate");
    }
    const std::string text = argument(cf, 1);
    if (text != "on" && text != "off") {
        return refuse_value(cf, text, "on, off");
    }
    value = text == "on" ? 1 : 0;
    return NGX_CONF_OK;
}

char* set_choice(ngx_conf_t* cf, ngx_command_t* cmd, void* conf) {
    auto& value = field<ngx_uint_t>(conf, cmd);
    if (value != NGX_CONF_UNSET_UINT) {
        return conf_error("is duplicate");
    }
    const std::string text = argument(cf, 1);
    std::string accepted;
    for (const auto* choice = static_cast<ngx_conf_enum_t*>(cmd->post); choice->name.len != 0; ++choice) {
        if (view(choice->name) == text) {
            value = choice->value;
            return NGX_CONF_OK;
        }
        accepted.append(accepted.empty() ? "" : ", ").append(view(choice->name));
    }
    return refuse_value(cf, text, accepted);
}

char* set_text(ngx_conf_t* cf, ngx_command_t* cmd, void* conf) {
    auto& value = field<ngx_str_t>(conf, cmd);
    if (value.data != nullptr) {
        return conf_error("is duplicate");
    }
    value = static_cast<ngx_str_t*>(cf->args->elts)[1];
    if (!core::is_valid_utf8(view(value)) || core::has_control_characters(view(value))) {
        return refuse(cf, "the text is not printable UTF-8");
    }
    return NGX_CONF_OK;
}

char* set_names(ngx_conf_t* cf, ngx_command_t* cmd, void* conf) {
    auto*& names = field<ngx_array_t*>(conf, cmd);
    if (names != nullptr) {
        return conf_error("is duplicate");
    }
    names = ngx_array_create(cf->pool, cf->args->nelts, sizeof(ngx_str_t));
    if (names == nullptr) {
        return conf_failed();
    }
    for (ngx_uint_t i = 1; i < cf->args->nelts; ++i) {
        auto* name = static_cast<ngx_str_t*>(ngx_array_push(names));
        *name = static_cast<ngx_str_t*>(cf->args->elts)[i]; // room was made for all
    }
    return NGX_CONF_OK;
}

} // namespace oauth::ngx
