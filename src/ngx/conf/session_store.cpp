// SPDX-License-Identifier: MIT
// oauth_session: where sessions are kept. A URL of Redis is read strictly, and never shown where it may have
// a password in it: that belongs into password=SOURCE, which can be a file.
#include "session_store.hpp"
#include "directives.hpp"
#include "../pool.hpp"

#include "../../core/bytes.hpp"
#include "../../core/secrets.hpp"
#include "../../core/url.hpp"
#include "../../session/store_settings.hpp"

#include <algorithm>
#include <set>

namespace oauth::ngx {

namespace {

using session::StoreSettings;
using Kind = StoreSettings::Kind;

constexpr std::string_view accepted =
    "cookie, shared, redis://HOST[:PORT][/DB], rediss://HOST[:PORT][/DB], redis+unix:PATH";
constexpr std::string_view accepted_parameters = "user=NAME, password=SOURCE, prefix=TEXT";
constexpr std::size_t longest_unix_path = 107; // what the kernel takes
constexpr std::size_t longest_prefix = 64;
constexpr std::uint64_t highest_database = 65535;

// A sentence if it is none.
std::string read_port(std::string_view text, StoreSettings& store) {
    const auto port = core::parse_decimal(text, 65535);
    if (!port || *port == 0) {
        return "found the port \"" + std::string(text) + "\", accepted: a number from 1 to 65535";
    }
    store.port = static_cast<unsigned>(*port);
    return "";
}

std::string read_host(std::string_view authority, StoreSettings& store) {
    const std::size_t bracket = authority.rfind(']');
    const std::size_t colon = authority.find(':', bracket == std::string_view::npos ? 0 : bracket);
    const std::string host(authority.substr(0, colon));
    const auto url = core::parse_url("http://" + host + "/");
    if (!url || url->path != "/" || url->has_query || host.empty()) {
        return "found the host \"" + host +
               "\", accepted: a name, an IPv4 address, or an IPv6 address in brackets";
    }
    store.host = url->host;
    return colon == std::string_view::npos ? "" : read_port(authority.substr(colon + 1), store);
}

std::string read_server(std::string_view rest, StoreSettings& store) {
    if (rest.find('@') != std::string_view::npos) {
        return "the URL has a user or a password in it, where everybody sees it who may read the "
               "configuration, accepted: user=NAME and password=SOURCE behind the URL, such as "
               "password=file:/etc/nginx/redis.password";
    }
    if (rest.find_first_of("?#") != std::string_view::npos) {
        return "the URL has a query or a fragment, accepted: redis://HOST[:PORT][/DB]";
    }
    const std::size_t slash = rest.find('/');
    std::string problem = read_host(rest.substr(0, slash), store);
    const std::string_view database = slash == std::string_view::npos ? "" : rest.substr(slash + 1);
    if (problem.empty() && !database.empty()) {
        const auto number = core::parse_decimal(database, highest_database);
        if (!number) {
            return "found the database \"" + std::string(database) + "\", accepted: its number, such as 0";
        }
        store.database = static_cast<unsigned>(*number);
    }
    return problem;
}

std::string read_place(const std::string& word, StoreSettings& store) {
    constexpr std::string_view plain = "redis://";
    constexpr std::string_view tls = "rediss://";
    constexpr std::string_view unix_socket = "redis+unix:";
    const std::string_view view(word);
    if (word == "cookie" || word == "shared") {
        store.kind = word == "cookie" ? Kind::cookie : Kind::shared;
        return "";
    }
    store.kind = Kind::redis;
    store.tls = view.starts_with(tls);
    if (store.tls || view.starts_with(plain)) {
        return read_server(view.substr(store.tls ? tls.size() : plain.size()), store);
    }
    if (!view.starts_with(unix_socket)) {
        return found_instead(word, accepted);
    }
    store.unix_path = view.substr(unix_socket.size());
    if (!store.unix_path.starts_with('/') || store.unix_path.size() > longest_unix_path ||
        core::has_control_characters(store.unix_path)) {
        return found_instead(word, "redis+unix: and the path of a socket from / on, of up to 107 bytes");
    }
    return "";
}

bool is_prefix(std::string_view text) {
    return !text.empty() && text.size() <= longest_prefix &&
           std::all_of(text.begin(), text.end(), [](char c) {
               return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == ':' || c == '.' || c == '_' ||
                      c == '-' || c == '/';
           });
}

// False: an error has been logged.
bool read_password(ngx_conf_t* cf, const std::string& value, StoreSettings& store) {
    if (value.empty()) {
        refuse(cf, "password= is empty, accepted: password=file:PATH, password=env:NAME or the password");
        return false;
    }
    auto source = read_source(cf, value);
    if (!source) {
        return false;
    }
    const std::string problem = why_no_secret(*source);
    if (!problem.empty()) {
        refuse(cf, "password=: " + problem);
        return false;
    }
    store.password = std::move(source->text);
    return true;
}

bool read_parameter(ngx_conf_t* cf, const std::string& word, StoreSettings& store) {
    const std::size_t equals = word.find('=');
    const std::string name = word.substr(0, equals);
    const std::string value = equals == std::string::npos ? "" : word.substr(equals + 1);
    if (name == "password" && equals != std::string::npos) {
        return read_password(cf, value, store);
    }
    if (name == "user" && !value.empty()) {
        store.user = value;
        return true;
    }
    if (name == "prefix" && is_prefix(value)) {
        store.prefix = value;
        return true;
    }
    if (name == "prefix") {
        refuse_value(cf, word, "prefix= and up to 64 letters, digits, \":\", \".\", \"_\", \"-\" and \"/\"");
    } else {
        refuse_value(cf, name, accepted_parameters); // and not what may be a secret behind it
    }
    return false;
}

bool read_parameters(ngx_conf_t* cf, StoreSettings& store) {
    std::set<std::string> given;
    for (ngx_uint_t i = 2; i < cf->args->nelts; ++i) {
        const std::string word = argument(cf, i);
        const std::string name = word.substr(0, word.find('='));
        if (store.kind != Kind::redis) {
            refuse(cf, core::found(name) + " behind \"" + argument(cf, 1) +
                           "\", which has no parameters, accepted: " + std::string(accepted_parameters) +
                           " behind the URL of Redis");
            return false;
        }
        if (!given.insert(name).second) {
            refuse(cf, "parameter \"" + name + "\" is duplicate, accepted: each once");
            return false;
        }
        if (!read_parameter(cf, word, store)) {
            return false;
        }
    }
    if (given.contains("user") && !given.contains("password")) {
        refuse(cf, "user= is there without a password, accepted: password=SOURCE beside it");
        return false;
    }
    return true;
}

} // namespace

char* set_session_store(ngx_conf_t* cf, ngx_command_t*, void* conf) {
    auto* server = static_cast<ServerConf*>(conf);
    if (server->session_store != nullptr) {
        return refuse_duplicate(cf);
    }
    server->session_store = pool_make<StoreSettings>(cf->pool);
    server->session_store_place = make_place(cf);
    const std::string problem = read_place(argument(cf, 1), *server->session_store);
    if (!problem.empty()) {
        return refuse(cf, problem);
    }
    return read_parameters(cf, *server->session_store) ? NGX_CONF_OK : conf_failed();
}

bool check_session_stores(ngx_conf_t* cf, const MainConf::Compiled& compiled) {
    for (const ServerConf* server : compiled.servers) {
        const ServerConf::Compiled& own = *server->compiled;
        if (server->in_use && own.options.store.kind == Kind::redis && own.session_keys.empty()) {
            refuse_at(cf, *server->session_store_place,
                      "\"oauth_session\": found Redis without an oauth_session_key: what is kept there could "
                      "not be opened after a restart, or by another machine, accepted: oauth_session_key "
                      "file:PATH (a random key, as from \"openssl rand -base64 32\") beside it,");
            return false;
        }
    }
    return true;
}

} // namespace oauth::ngx
