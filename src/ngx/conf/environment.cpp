// SPDX-License-Identifier: MIT
// See environment.hpp. `environ` is what the module that came last has made of it. What nginx was started
// with is known to ngx_set_environment() alone, which chooses from it by the list of kept names.
#include "environment.hpp"

#include "../../core/bytes.hpp"

#include <memory>
#include <optional>

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

// An `env` line: what it sets, "" if it only keeps; nullopt: there is none for this name.
std::optional<const char*> listed(const ngx_array_t& list, std::string_view name) {
    const auto* lines = static_cast<const ngx_str_t*>(list.elts);
    std::optional<const char*> found;
    for (ngx_uint_t i = 0; i < list.nelts; ++i) {
        const auto* line = reinterpret_cast<const char*>(lines[i].data); // ends with a zero
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

} // namespace oauth::ngx
