// SPDX-License-Identifier: MIT
// oauth_session_key and oauth_identity_key. A key is tried here as each worker will use it, and a text that
// is evidently none is refused: with the path of a key as the key everybody could sign in as anybody. No
// message shows any part of what was found.
#include "directives.hpp"
#include "../pool.hpp"

#include "../../core/secrets.hpp"
#include "../../jose/jwk.hpp"
#include "../../session/sealer.hpp"

namespace oauth::ngx {

namespace {

constexpr std::size_t shortest_key = 32; // bytes

// A sentence if it can be no key that seals sessions.
std::string check_session_key(const Source& key) {
    const std::string how = ", accepted: a random key, as from \"openssl rand -base64 32\", by file:PATH, "
                            "env:NAME or as the value itself";
    std::string problem = why_no_secret(key);
    if (!problem.empty()) {
        return problem;
    }
    if (key.text.size() < shortest_key) {
        return "the key has " + std::to_string(key.text.size()) + " bytes" + how + ", of at least 32 bytes";
    }
    if (core::is_one_character_repeated(key.text)) {
        return "the key is one character repeated" + how;
    }
    if (core::is_placeholder(key.text) || core::is_documented_key(key.text)) {
        return "the key is an example's, which everybody knows" + how;
    }
    if (key.from == Source::From::literal && !core::is_encoded_key(key.text)) {
        return "the value itself is not at least 256 bits written as base64, base64url or hexadecimal "
               "digits" +
               how;
    }
    if (core::is_evidently_not_random(key.text)) {
        return "the key is evidently not random: few different characters, or a pattern" + how;
    }
    if (core::is_short_encoding(key.text)) {
        return "the key is written in base64 or hexadecimal digits, and is not at least 256 bits (44 or 64 "
               "characters, an even number of digits)" +
               how;
    }
    if (!session::Sealer::create({key.text}, "session")) { // as each worker will do
        return "OpenSSL cannot use the key" + how;
    }
    return "";
}

bool is_pem(std::string_view text) {
    return text.find("-----BEGIN") != std::string_view::npos;
}

// A sentence if it is neither a private key nor a shared secret, but a key in another form, which would be
// taken for a secret that others know.
std::string check_identity_key(const Source& key) {
    const std::string& text = key.text;
    std::string problem = is_pem(text) ? "" : why_no_secret(key);
    if (!problem.empty()) {
        return problem;
    }
    const bool is_other_form = text.starts_with("ssh-") || text.starts_with("ecdsa-sha2-") ||
                               text.starts_with("{") || text.starts_with("\x30\x82") ||
                               text.starts_with("\x30\x81") || text.find('\0') != std::string::npos;
    if (is_other_form && !is_pem(text)) {
        return "the key is in a form that is not read here (DER, JWK or SSH), accepted: PEM, as from "
               "\"openssl genpkey\", or a shared secret of at least 32 bytes";
    }
    if (core::is_one_character_repeated(text)) {
        return "the key is one character repeated, accepted: a key of your own";
    }
    if (core::is_placeholder(text) || core::is_documented_key(text)) {
        return "the key is an example's, which everybody knows, accepted: a key of your own";
    }
    if (!is_pem(text) && text.size() >= shortest_key && core::is_evidently_not_random(text)) {
        return "the key is evidently not random: few different characters, or a pattern, accepted: a shared "
               "secret as from \"openssl rand -base64 32\", or a PEM private key";
    }
    return "";
}

// Harmless, but whoever wrote it means to have two.
void warn_of_same_key(ngx_conf_t* cf, const ServerConf& server, std::string_view key) {
    const auto* keys =
        server.session_keys == nullptr ? nullptr : static_cast<ngx_str_t*>(server.session_keys->elts);
    for (ngx_uint_t i = 0; keys != nullptr && i < server.session_keys->nelts; ++i) {
        if (view(keys[i]) == key) {
            ngx_conf_log_error(
                NGX_LOG_WARN, cf, 0,
                "\"oauth_session_key\": the key is the same as number %ui of this level: one of "
                "them was to be another, or is not needed",
                i + 1);
            return;
        }
    }
}

// Room for one more; nullptr: no memory.
template <class T>
T* push(ngx_conf_t* cf, ngx_array_t*& array) {
    if (array == nullptr) {
        array = ngx_array_create(cf->pool, 2, sizeof(T));
    }
    return array == nullptr ? nullptr : static_cast<T*>(ngx_array_push(array));
}

} // namespace

char* set_session_key(ngx_conf_t* cf, ngx_command_t*, void* conf) {
    auto* server = static_cast<ServerConf*>(conf);
    const auto key = read_source(cf, argument(cf, 1));
    if (!key) {
        return conf_failed();
    }
    const std::string problem = check_session_key(*key);
    if (!problem.empty()) {
        return refuse(cf, problem);
    }
    warn_of_same_key(cf, *server, key->text);
    auto* place = push<ngx_str_t>(cf, server->session_keys);
    if (place == nullptr) {
        return conf_failed();
    }
    *place = copy(cf->pool, key->text);
    return place->data == nullptr ? conf_failed() : NGX_CONF_OK;
}

char* set_identity_key(ngx_conf_t* cf, ngx_command_t*, void* conf) {
    auto* server = static_cast<ServerConf*>(conf);
    const auto source = read_source(cf, argument(cf, 1));
    if (!source) {
        return conf_failed();
    }
    const std::string option = cf->args->nelts > 2 ? argument(cf, 2) : "";
    if (!option.empty() && (!option.starts_with("kid=") || option.size() < 5)) {
        return refuse(cf, "the second argument is not kid=ID"); // and not shown: it may be half a key
    }
    const std::string problem = check_identity_key(*source);
    if (!problem.empty()) {
        return refuse(cf, problem);
    }
    const auto key = is_pem(source->text) ? jose::SigningKey::from_pem(source->text)
                                          : jose::SigningKey::from_secret(source->text);
    if (!key) {
        return refuse(
            cf,
            "the key cannot be used, accepted: a PEM private key (EC P-256, Ed25519, RSA of at least 2048 "
            "bits), or a shared secret of at least 32 bytes");
    }
    auto* place = push<IdentityKey>(cf, server->identity_keys);
    if (place == nullptr) {
        return conf_failed();
    }
    place->text = copy(cf->pool, source->text);
    place->kid = copy(cf->pool, option.empty() ? key->kid() : option.substr(4));
    return place->text.data == nullptr || place->kid.data == nullptr ? conf_failed() : NGX_CONF_OK;
}

} // namespace oauth::ngx
