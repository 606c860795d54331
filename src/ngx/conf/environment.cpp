// SPDX-License-Identifier: MIT
// See environment.hpp. `environ` is what the module that came last has made of it. What nginx was started
// with is known to ngx_set_environment() alone, which chooses from it by the list of kept names.
#include "environment.hpp"

#include "../../../providers/near_names.hpp"
#include "../../core/bytes.hpp"

#include <algorithm>
#include <memory>
#include <optional>
#include <unistd.h>

namespace oauth::ngx {

namespace {

struct Freed {
    void operator()(char** environment) const { ngx_free(static_cast<void*>(environment)); }
};

ngx_core_conf_t& core_conf(ngx_conf_t* cf) {
    return *reinterpret_cast<ngx_core_conf_t*>(ngx_get_conf(cf->cycle->conf_ctx, ngx_core_module));
}

// The list of kept names is another one as long as this lives.
class OtherList {
public:
    OtherList(ngx_core_conf_t& core, const ngx_array_t& list) : core_(core), saved_(core.env) {
        core_.env = list;
    }
    OtherList(const OtherList&) = delete;
    OtherList& operator=(const OtherList&) = delete;
    ~OtherList() { core_.env = saved_; }

private:
    ngx_core_conf_t& core_;
    ngx_array_t saved_;
};

// Of "NAME=VALUE"; nullptr: it is another name's.
const char* value_of(const char* line, std::string_view name) {
    const std::string_view text(line);
    return text.size() > name.size() && text.starts_with(name) && text[name.size()] == '='
               ? line + name.size() + 1
               : nullptr;
}

void push(ngx_array_t& list, const ngx_str_t& name) {
    auto* place = static_cast<ngx_str_t*>(ngx_array_push(&list));
    if (place == nullptr) {
        throw std::bad_alloc();
    }
    *place = name;
}

// nginx's own text of it ends before "=".
const char* whole_line(const ngx_array_t& list, ngx_uint_t index) {
    return reinterpret_cast<const char*>(static_cast<const ngx_str_t*>(list.elts)[index].data);
}

// An `env` line: what it sets, "" if it only keeps; nullopt: there is none for this name.
std::optional<const char*> listed(const ngx_array_t& list, std::string_view name) {
    std::optional<const char*> found;
    for (ngx_uint_t i = 0; i < list.nelts; ++i) {
        const char* line = whole_line(list, i);
        if (const char* value = value_of(line, name)) {
            return value;
        }
        if (name == line) {
            found = nullptr;
        }
    }
    return found;
}

const char* started_with(ngx_conf_t* cf, const ngx_str_t& name) {
    ngx_array_t one;
    if (ngx_array_init(&one, cf->pool, 2, sizeof(ngx_str_t)) != NGX_OK) {
        throw std::bad_alloc();
    }
    push(one, name);
    const OtherList list(core_conf(cf), one);
    ngx_uint_t count = 0; // asks for an array that is the caller's
    const std::unique_ptr<char*, Freed> environment(ngx_set_environment(cf->cycle, &count));
    if (environment == nullptr) {
        throw std::bad_alloc();
    }
    for (ngx_uint_t i = 0; i < count; ++i) {
        if (const char* value = value_of(environment.get()[i], view(name))) {
            return value;
        }
    }
    return nullptr;
}

} // namespace

const char* read_environment(ngx_conf_t* cf, const std::string& name) {
    main_conf(cf)->compiled->variables.insert(name);
    ngx_array_t& kept = core_conf(cf).env;
    const auto line = listed(kept, name);
    if (line && *line != nullptr) {
        return *line;
    }
    const ngx_str_t copied = copy(cf->pool, name); // nginx looks at the zero after it
    if (copied.data == nullptr) {
        throw std::bad_alloc();
    }
    const char* value = started_with(cf, copied);
    if (value != nullptr && !line) {
        push(kept, copied);
    }
    return value;
}

namespace {

constexpr std::size_t most_warnings = 8;

// All that may be read, and all that has been: `env:NAME` may name any variable.
std::vector<std::string> known_variables(const MainConf::Compiled& compiled) {
    std::vector<std::string> known = providers::variable_names();
    known.insert(known.end(), compiled.variables.begin(), compiled.variables.end());
    return known;
}

// Of those that have a value: nginx's own environment, and `env NAME=VALUE;`.
std::set<std::string> set_variables(ngx_conf_t* cf) {
    std::set<std::string> names;
    const auto add = [&names](std::string_view line) { // "NAME=VALUE"
        const std::size_t equals = line.find('=');
        if (equals != std::string_view::npos && equals + 1 < line.size()) {
            names.emplace(line.substr(0, equals));
        }
    };
    for (char** line = environ; line != nullptr && *line != nullptr; ++line) {
        add(*line);
    }
    const ngx_array_t& kept = core_conf(cf).env;
    for (ngx_uint_t i = 0; i < kept.nelts; ++i) {
        add(whole_line(kept, i));
    }
    return names;
}

} // namespace

void warn_of_unread_variables(ngx_conf_t* cf, MainConf::Compiled& compiled) {
    const std::vector<std::string> known = known_variables(compiled);
    const providers::GetVariable get = [cf](const std::string& name) { return read_environment(cf, name); };
    std::size_t warnings = 0;
    for (const std::string& name : set_variables(cf)) {
        const std::string sentence = providers::explain_unread(name, known, get);
        if (!sentence.empty() && ++warnings <= most_warnings) {
            ngx_log_error(NGX_LOG_WARN, cf->log, 0, "oauth: %s", sentence.c_str());
        }
    }
    compiled.environment_lines = core_conf(cf).env.nelts;
}

void warn_of_late_variables(ngx_cycle_t* cycle) {
    const auto* main =
        ngx_get_conf(cycle->conf_ctx, ngx_http_module) == nullptr
            ? nullptr
            : static_cast<MainConf*>(ngx_http_cycle_get_module_main_conf(cycle, ngx_http_oauth_module));
    if (main == nullptr || !main->in_use) {
        return;
    }
    const std::vector<std::string> known = known_variables(*main->compiled);
    const auto& core = *reinterpret_cast<ngx_core_conf_t*>(ngx_get_conf(cycle->conf_ctx, ngx_core_module));
    for (ngx_uint_t i = main->compiled->environment_lines; i < core.env.nelts; ++i) {
        const std::string_view line = whole_line(core.env, i);
        const std::string name(line.substr(0, line.find('=')));
        if (name.size() != line.size() && std::find(known.begin(), known.end(), name) != known.end()) {
            ngx_log_error(NGX_LOG_WARN, cycle->log, 0,
                          "oauth: \"env %s=...;\" has no effect below the http block, which has been read "
                          "without it, accepted: above \"http\"",
                          name.c_str());
        }
    }
}

bool is_in_environment(ngx_conf_t* cf, const std::string& name) {
    const auto line = listed(core_conf(cf).env, name);
    const ngx_str_t copied = copy(cf->pool, name); // nginx looks at the zero after it
    if (copied.data == nullptr) {
        throw std::bad_alloc();
    }
    const char* value = line && *line != nullptr ? *line : started_with(cf, copied);
    return value != nullptr && *value != '\0';
}

} // namespace oauth::ngx
