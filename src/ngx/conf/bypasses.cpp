// SPDX-License-Identifier: MIT
// See bypasses.hpp. The rewrite module compiles its directives, those of nested `if` included, into one array
// of codes for each location. What it has there is recognised by the functions that nginx exports for it.
#include "bypasses.hpp"
#include "directives.hpp"

#include <algorithm>
#include <cstddef>

namespace oauth::ngx {

namespace {

// How ngx_http_rewrite_loc_conf_t begins; the rest is private to its module.
struct RewriteConf {
    const ngx_array_t* codes; // bytes; each code begins with a function, and all are aligned as one
};

static_assert(sizeof(ngx_http_script_code_pt) == sizeof(uintptr_t));
static_assert(offsetof(ngx_http_script_return_code_t, code) == 0);
#if (NGX_PCRE)
static_assert(offsetof(ngx_http_script_regex_code_t, code) == 0);

bool is_redirect(const uintptr_t* code, std::size_t words) {
    return *code == reinterpret_cast<uintptr_t>(&ngx_http_script_regex_start_code) &&
           words * sizeof(uintptr_t) >= sizeof(ngx_http_script_regex_code_t) &&
           reinterpret_cast<const ngx_http_script_regex_code_t*>(code)->redirect != 0;
}
#else
bool is_redirect(const uintptr_t*, std::size_t) {
    return false;
}
#endif

// The directive that answers by itself; nullptr: none does.
const char* early_answer(const void* rewrite_conf) {
    const auto* rewrite = static_cast<const RewriteConf*>(rewrite_conf);
    if (rewrite == nullptr || rewrite->codes == nullptr) {
        return nullptr;
    }
    const auto* words = static_cast<const uintptr_t*>(rewrite->codes->elts);
    const std::size_t count = rewrite->codes->nelts * rewrite->codes->size / sizeof(uintptr_t);
    for (std::size_t i = 0; i < count; ++i) {
        if (words[i] == reinterpret_cast<uintptr_t>(&ngx_http_script_return_code)) {
            return "return";
        }
        if (is_redirect(words + i, count - i)) {
            return "rewrite";
        }
    }
    return nullptr;
}

// Can a client ask for it? Not for `internal` and named ones; `if` and `limit_except` are part of another.
bool is_asked_for(const LocationConf& location) {
    const ngx_http_core_loc_conf_t& core = *location.core;
    return core.internal == 0 && core.named == 0 && core.noname == 0;
}

void warn_at(ngx_conf_t* cf, const Place& place, const std::string& sentence) {
    ngx_log_error(NGX_LOG_WARN, cf->log, 0, "%s in %s:%ui", sentence.c_str(), place.file.c_str(), place.line);
}

bool is_protected(const LocationConf& location) {
    return location.mode == mode_on && is_asked_for(location);
}

// What is written in the server itself runs for all of its locations.
bool has_protected_location(const MainConf::Compiled& compiled, const ServerConf* server) {
    return std::any_of(
        compiled.locations.begin(), compiled.locations.end(),
        [&](const LocationConf* location) { return location->server == server && is_protected(*location); });
}

bool is_under(std::string_view name, std::string_view path) {
    return name.starts_with(path) && (name.size() == path.size() || name[path.size()] == '/');
}

// Only what the module answers can fall into it. Not a regex: what it matches beside our paths is not known.
bool is_ours(const LocationConf& location) {
    const ngx_http_core_loc_conf_t& core = *location.core;
#if (NGX_PCRE)
    if (core.regex != nullptr) {
        return false;
    }
#endif
    return !location.is_server && is_under(view(core.name), view(location.server->path));
}

void warn_of_early_answer(ngx_conf_t* cf, const MainConf::Compiled& compiled, const LocationConf& location) {
    const char* directive = early_answer(location.rewrite);
    if (directive == nullptr || is_ours(location) ||
        !(location.is_server ? has_protected_location(compiled, location.server) : is_protected(location))) {
        return;
    }
    const std::string where =
        location.is_server ? "the server" : "location \"" + string(location.core->name) + "\"";
    warn_at(cf, *location.place,
            "\"" + std::string(directive) + "\" of " + where +
                " answers before anybody is asked to sign in, although \"oauth on\" holds there, accepted: "
                "\"oauth off\" if that is meant, or try_files to a named location that answers,");
}

void warn_of_idle_handler(ngx_conf_t* cf, const LocationConf& location) {
    const ngx_http_core_loc_conf_t& core = *location.core;
    if (core.handler == nullptr || !is_asked_for(location) || !is_ours(location)) {
        return;
    }
    warn_at(
        cf, *location.place,
        "location \"" + string(core.name) +
            "\" has a handler of its own, such as proxy_pass, that is never reached: what is at and under "
            "oauth_path (\"" +
            string(location.server->path) +
            "\") is answered by the module, accepted: another location, or another oauth_path,");
}

// Of a path, as far as no regular expression has a say; nullptr: none.
const LocationConf* find_location(const MainConf::Compiled& compiled, const ServerConf* server,
                                  std::string_view path) {
    const LocationConf* best = nullptr;
    for (const LocationConf* location : compiled.locations) {
        const ngx_http_core_loc_conf_t& core = *location->core;
        const std::string_view name = location->is_server ? std::string_view() : view(core.name);
        const bool is_it = core.exact_match != 0 ? name == path : path.starts_with(name);
#if (NGX_PCRE)
        if (core.regex != nullptr) {
            continue;
        }
#endif
        if (location->server == server && is_asked_for(*location) && is_it &&
            (best == nullptr || best->is_server || name.size() >= best->core->name.len)) {
            best = location;
        }
    }
    return best;
}

// Whoever asks from where oauth_trusted_proxy does not say - a proxy that has another address now - is
// answered by the rules of that location.
void warn_of_open_decision(ngx_conf_t* cf, const MainConf::Compiled& compiled, const ServerConf& server) {
    const std::string path = string(server.path) + "/auth";
    const LocationConf* location = find_location(compiled, &server, path);
    if (!server.in_use || server.trusted_proxies == nullptr || location == nullptr ||
        location->mode != mode_off) {
        return;
    }
    warn_at(cf, *location->place,
            "\"oauth off\" holds for \"" + path +
                "\", which then lets everybody pass where the proxy's address is none of "
                "\"oauth_trusted_proxy\", accepted: \"oauth on\" there,");
}

} // namespace

const void* find_rewrite_conf(ngx_conf_t* cf) {
    for (ngx_uint_t i = 0; cf->cycle->modules[i] != nullptr; ++i) {
        const ngx_module_t& module = *cf->cycle->modules[i];
        if (std::string_view(module.name) == "ngx_http_rewrite_module") {
            return static_cast<ngx_http_conf_ctx_t*>(cf->ctx)->loc_conf[module.ctx_index];
        }
    }
    return nullptr;
}

void warn_of_bypasses(ngx_conf_t* cf, const MainConf::Compiled& compiled) {
    for (const LocationConf* location : compiled.locations) {
        if (location->server->in_use) {
            warn_of_early_answer(cf, compiled, *location);
            warn_of_idle_handler(cf, *location);
        }
    }
    for (const ServerConf* server : compiled.servers) {
        warn_of_open_decision(cf, compiled, *server);
    }
}

} // namespace oauth::ngx
