// SPDX-License-Identifier: MIT
// The readers of texts that have a form, and the setters of directives that are more than a value, except the
// provider block (provider_block.cpp) and rules (rules.cpp).
#include "directives.hpp"
#include "names.hpp"
#include "../pool.hpp"

#include "../../core/bytes.hpp"
#include "../../core/url.hpp"
#include "../../net/certificates.hpp"

#include <algorithm>
#include <set>

namespace oauth::ngx {

namespace {

bool is_token(std::string_view text) {
    return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
        return std::isalnum(static_cast<unsigned char>(c)) != 0 ||
               std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
    });
}

// Scheme, host and port of a URL that has nothing else.
std::optional<std::string> read_origin(const std::string& found, std::string_view accepted,
                                       std::string& problem) {
    const auto url = core::parse_url(found);
    if (!url || url->path != "/" || url->has_query) {
        problem = found_instead(found, accepted);
        return std::nullopt;
    }
    return url->origin();
}

} // namespace

std::optional<std::string> read_base_url(ngx_conf_t*, const std::string& found, std::string& problem) {
    return read_origin(found, "scheme, host and perhaps a port, such as https://app.example.org", problem);
}

std::optional<std::string> read_http_proxy(ngx_conf_t*, const std::string& found, std::string& problem) {
    return read_origin(found, "a proxy such as http://proxy.example.org:3128", problem);
}

std::optional<std::string> read_path(ngx_conf_t*, const std::string& found, std::string& problem) {
    std::string path = found;
    while (path.size() > 1 && path.back() == '/') {
        path.pop_back();
    }
    const bool plain = std::all_of(path.begin(), path.end(), [](char c) {
        return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '/' || c == '-' || c == '_' ||
               c == '.';
    });
    if (path.size() < 2 || path.front() != '/' || !plain || path.find("//") != std::string::npos ||
        path.find("/.") != std::string::npos) {
        problem = found_instead(
            found, "a path such as /auth/oauth, of letters, digits, \"-\", \"_\", \".\" and \"/\"");
        return std::nullopt;
    }
    return path;
}

std::optional<std::string> read_login_page(ngx_conf_t*, const std::string& found, std::string& problem) {
    if (found.empty() || core::safe_return_to(found, "") != found || found.find('#') != std::string::npos) {
        problem = found_instead(found, "a path of this server, such as /signin.html");
        return std::nullopt;
    }
    return found;
}

std::optional<std::string> read_header_name(ngx_conf_t*, const std::string& found, std::string& problem) {
    // The identity must not overwrite a header that nginx or upstreams use themselves.
    static constexpr std::string_view taken[] = {
        "host",   "connection", "content_length", "content_type", "transfer_encoding",
        "cookie", "upgrade",    "expect",         "te",           "range"};
    const std::string normalised = normalise_header_name(found);
    if (!is_token(found) || std::find(std::begin(taken), std::end(taken), normalised) != std::end(taken)) {
        problem = found_instead(found, "a header name of its own, such as X-OAuth-Identity");
        return std::nullopt;
    }
    return found;
}

std::optional<std::string> read_certificates(ngx_conf_t* cf, const std::string& found, std::string& problem) {
    auto text = read_file(cf, found, problem);
    if (text && text->find("-----BEGIN CERTIFICATE-----") == std::string::npos) {
        problem = found_instead(found, "a file of PEM certificates");
        return std::nullopt;
    }
    if (text && !net::trust_certificates(*text, problem)) { // as each worker will do
        problem = "\"" + found + "\": " + problem;
        return std::nullopt;
    }
    return text;
}

char* set_session_key(ngx_conf_t* cf, ngx_command_t*, void* conf) {
    auto* server = static_cast<ServerConf*>(conf);
    const auto key = read_source(cf, argument(cf, 1));
    if (!key) {
        return conf_failed();
    }
    constexpr std::size_t shortest = 32;
    if (key->size() < shortest) {
        return refuse(cf, "the key has " + std::to_string(key->size()) +
                              " bytes, accepted: at least 32, as from \"openssl rand -base64 32\"");
    }
    if (key->find_first_not_of(key->front()) == std::string::npos) {
        return refuse(
            cf,
            "the key is one character repeated, accepted: a random key, as from \"openssl rand -base64 32\"");
    }
    if (server->session_keys == nullptr) {
        server->session_keys = ngx_array_create(cf->pool, 2, sizeof(ngx_str_t));
    }
    auto* place = server->session_keys == nullptr
                      ? nullptr
                      : static_cast<ngx_str_t*>(ngx_array_push(server->session_keys));
    if (place == nullptr) {
        return conf_failed();
    }
    *place = copy(cf->pool, *key);
    return NGX_CONF_OK;
}

namespace {

// One word of oauth_cookie; a sentence if it is wrong.
std::string read_cookie_word(session::CookieSettings& cookie, std::string_view word) {
    using SameSite = session::CookieSettings::SameSite;
    using Secure = session::CookieSettings::Secure;
    const std::size_t equals = word.find('=');
    const std::string_view name = word.substr(0, equals);
    const std::string value(equals == std::string_view::npos ? std::string_view() : word.substr(equals + 1));
    const bool bad_attribute =
        value.find_first_of("; ,") != std::string::npos || core::has_control_characters(value);
    if (name == "name" && is_token(value)) {
        cookie.name = value;
    } else if (name == "domain" && !value.empty() && !bad_attribute) {
        cookie.domain = value;
    } else if (name == "path" && value.starts_with('/') && !bad_attribute) {
        cookie.path = value;
    } else if (word == "samesite=lax") {
        cookie.same_site = SameSite::lax;
    } else if (word == "samesite=strict") {
        cookie.same_site = SameSite::strict;
    } else if (word == "samesite=none") {
        cookie.same_site = SameSite::none;
    } else if (word == "secure=auto") {
        cookie.secure = Secure::automatic;
    } else if (word == "secure=on") {
        cookie.secure = Secure::on;
    } else if (word == "secure=off") {
        cookie.secure = Secure::off;
    } else if (word == "partitioned") {
        cookie.partitioned = true;
    } else {
        return "found \"" + std::string(word) +
               "\", accepted: name=NAME, domain=DOMAIN, path=PATH, samesite=lax|strict|none, "
               "secure=auto|on|off, partitioned";
    }
    return "";
}

std::string check_cookie(const session::CookieSettings& cookie) {
    using Secure = session::CookieSettings::Secure;
    if (cookie.name.starts_with("__Host-") &&
        (!cookie.domain.empty() || (!cookie.path.empty() && cookie.path != "/"))) {
        return "a name that begins with __Host- goes with no domain= and no path=: browsers refuse it";
    }
    if ((cookie.name.starts_with("__Host-") || cookie.name.starts_with("__Secure-")) &&
        cookie.secure == Secure::off) {
        return "a name that begins with __Host- or __Secure- needs Secure: browsers refuse it with "
               "secure=off";
    }
    if (cookie.same_site == session::CookieSettings::SameSite::none && cookie.secure == Secure::off) {
        return "samesite=none needs Secure: browsers refuse it with secure=off";
    }
    return "";
}

} // namespace

char* set_cookie(ngx_conf_t* cf, ngx_command_t*, void* conf) {
    auto* server = static_cast<ServerConf*>(conf);
    if (server->cookie != nullptr) {
        return refuse_duplicate(cf);
    }
    server->cookie = pool_make<session::CookieSettings>(cf->pool);
    std::set<std::string> given;
    for (ngx_uint_t i = 1; i < cf->args->nelts; ++i) {
        const std::string word = argument(cf, i);
        const std::string name = word.substr(0, word.find('='));
        std::string problem = read_cookie_word(*server->cookie, word);
        if (problem.empty() && !given.insert(name).second) {
            problem = "parameter \"" + name + "\" is duplicate, accepted: each once";
        }
        if (!problem.empty()) {
            return refuse(cf, problem);
        }
    }
    const std::string problem = check_cookie(*server->cookie);
    return problem.empty() ? NGX_CONF_OK : refuse(cf, problem);
}

char* set_identity_key(ngx_conf_t* cf, ngx_command_t*, void* conf) {
    auto* server = static_cast<ServerConf*>(conf);
    const auto text = read_source(cf, argument(cf, 1));
    if (!text) {
        return conf_failed();
    }
    const std::string option = cf->args->nelts > 2 ? argument(cf, 2) : "";
    if (!option.empty() && (!option.starts_with("kid=") || option.size() < 5)) {
        return refuse_value(cf, option, "kid=ID");
    }
    const auto key = text->find("-----BEGIN") != std::string::npos ? jose::SigningKey::from_pem(*text)
                                                                   : jose::SigningKey::from_secret(*text);
    if (!key) {
        return refuse(
            cf,
            "the key cannot be used, accepted: a PEM private key (EC P-256, Ed25519, RSA of at least 2048 "
            "bits), or a shared secret of at least 32 bytes");
    }
    if (server->identity_keys == nullptr) {
        server->identity_keys = ngx_array_create(cf->pool, 2, sizeof(IdentityKey));
    }
    auto* place = server->identity_keys == nullptr
                      ? nullptr
                      : static_cast<IdentityKey*>(ngx_array_push(server->identity_keys));
    if (place == nullptr) {
        return conf_failed();
    }
    place->text = copy(cf->pool, *text);
    place->kid = copy(cf->pool, option.empty() ? key->kid() : option.substr(4));
    return NGX_CONF_OK;
}

char* set_identity_audience(ngx_conf_t* cf, ngx_command_t*, void* conf) {
    auto* location = static_cast<LocationConf*>(conf);
    if (location->audience != nullptr) {
        return refuse_duplicate(cf);
    }
    auto* value =
        static_cast<ngx_http_complex_value_t*>(ngx_pcalloc(cf->pool, sizeof(ngx_http_complex_value_t)));
    if (value == nullptr) {
        return conf_failed();
    }
    ngx_http_compile_complex_value_t compile;
    ngx_memzero(&compile, sizeof(compile));
    compile.cf = cf;
    compile.value = &static_cast<ngx_str_t*>(cf->args->elts)[1];
    compile.complex_value = value;
    if (compile.value->len == 0) {
        return refuse_value(cf, "", "a text that names the application, variables allowed");
    }
    if (ngx_http_compile_complex_value(&compile) != NGX_OK) {
        return conf_failed();
    }
    location->audience = value;
    return NGX_CONF_OK;
}

} // namespace oauth::ngx
