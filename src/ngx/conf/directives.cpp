// SPDX-License-Identifier: MIT
// The readers of texts that have a form, and the setters of directives that are more than a value, except the
// provider block (provider_block.cpp) and rules (rules.cpp).
#include "directives.hpp"
#include "names.hpp"
#include "../pool.hpp"

#include "../../core/bytes.hpp"
#include "../../core/url.hpp"
#include "../../net/certificates.hpp"
#include "../../web/look.hpp"
#include "../../web/phrases.hpp"

#include <algorithm>

namespace oauth::ngx {

namespace {

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

// What was found may have a password in it, in any place, and is not shown.
std::optional<std::string> read_http_proxy(ngx_conf_t*, const std::string& found, std::string& problem) {
    const auto origin = read_origin(found, "", problem);
    if (!origin) {
        problem = "the value is no URL of a proxy, accepted: scheme, host and port, such as "
                  "http://proxy.example.org:3128, without a user and a password";
    }
    return origin;
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

std::optional<std::string> read_logo(ngx_conf_t* cf, const std::string& found, std::string& problem) {
    const auto file = read_file(cf, found, problem, web::max_logo);
    if (!file) {
        return std::nullopt;
    }
    auto url = web::logo_data_url(*file);
    if (!url) {
        problem = found_instead(found, "a file with a picture: PNG, JPEG, GIF, WebP or SVG");
    }
    return url;
}

std::optional<std::string> read_page_color(ngx_conf_t*, const std::string& found, std::string& problem) {
    auto color = web::read_color(found);
    if (!color) {
        problem = found_instead(found, "a colour such as \"#1f4fa3\", in quotes");
    }
    return color;
}

std::optional<std::string> read_language(ngx_conf_t*, const std::string& found, std::string& problem) {
    if (found == "auto" || web::find_language(found) != nullptr) {
        return found;
    }
    std::string accepted = "auto";
    for (const web::Language* language : web::languages()) {
        accepted.append(", ").append(language->tag());
    }
    problem = found_instead(found, accepted);
    return std::nullopt;
}

std::optional<std::string> read_header_name(ngx_conf_t*, const std::string& found, std::string& problem) {
    // The identity must not overwrite a header that nginx or upstreams use themselves, nor be one that is for
    // the next hop only, which upstreams drop.
    static constexpr std::string_view taken[] = {"host",
                                                 "connection",
                                                 "content_length",
                                                 "content_type",
                                                 "transfer_encoding",
                                                 "cookie",
                                                 "upgrade",
                                                 "expect",
                                                 "te",
                                                 "range",
                                                 "keep_alive",
                                                 "trailer",
                                                 "trailers",
                                                 "proxy_connection",
                                                 "proxy_authenticate",
                                                 "proxy_authorization",
                                                 "http2_settings"};
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
