// SPDX-License-Identifier: MIT
// See dpop.hpp.
#include "dpop.hpp"

#include "../core/bytes.hpp"
#include "../core/json.hpp"
#include "../core/url.hpp"
#include "../jose/jws.hpp"
#include "unique.hpp"
#include "wire.hpp"

#include <algorithm>
#include <new>

namespace oauth::oidc {

namespace {

constexpr std::size_t max_nonce_size = 1024;
constexpr std::size_t max_origins = 8; // of one provider's endpoints: its own, and that of its userinfo
constexpr std::string_view wants_nonce = "use_dpop_nonce";

std::string origin_of(std::string_view url) {
    const auto parsed = core::parse_url(url);
    return parsed ? parsed->origin() : "";
}

// RFC 9449 4.2: without query and fragment
std::string htu_of(const std::string& url) {
    const auto parsed = core::parse_url(url);
    return parsed ? parsed->origin() + parsed->path : url.substr(0, url.find_first_of("?#"));
}

// The parts of a header between commas, which may stand in quotes, too.
std::vector<std::string_view> items_of(std::string_view list) {
    std::vector<std::string_view> items;
    bool is_quoted = false;
    std::size_t begin = 0;
    for (std::size_t i = 0; i < list.size(); ++i) {
        if (is_quoted && list[i] == '\\') {
            ++i;
        } else if (list[i] == '"') {
            is_quoted = !is_quoted;
        } else if (list[i] == ',' && !is_quoted) {
            items.push_back(core::trim(list.substr(begin, i - begin)));
            begin = i + 1;
        }
    }
    items.push_back(core::trim(list.substr(begin)));
    return items;
}

std::string_view unquoted(std::string_view value) {
    const bool is_quoted = value.size() >= 2 && value.front() == '"' && value.back() == '"';
    return is_quoted ? value.substr(1, value.size() - 2) : value;
}

// RFC 9110 11.6.1: SCHEME NAME=VALUE, NAME=VALUE, SCHEME NAME=VALUE ...
bool has_nonce_challenge(std::string_view header) {
    std::string_view scheme;
    for (std::string_view item : items_of(header)) {
        const std::size_t end = item.find_first_of(" \t=\"");
        if (end == std::string_view::npos || core::is_blank(item[end])) {
            const std::string_view rest = end == std::string_view::npos ? "" : core::trim(item.substr(end));
            if (!rest.starts_with('=')) { // else a name with a blank behind it
                scheme = item.substr(0, end);
                item = rest;
            }
        }
        const std::size_t equals = std::min(item.find('='), item.size());
        const std::string_view name = core::trim(item.substr(0, equals));
        const std::string_view value = core::trim(item.substr(std::min(equals + 1, item.size())));
        if (core::equal_ignoring_case(scheme, "DPoP") && core::equal_ignoring_case(name, "error") &&
            unquoted(value) == wants_nonce) {
            return true;
        }
    }
    return false;
}

} // namespace

std::string make_dpop_proof(const jose::SigningKey& key, core::Random& random, const DpopProof& proof) {
    core::JsonObjectWriter header;
    header.add("typ", "dpop+jwt");
    header.add("alg", key.alg());
    header.add_json("jwk", key.bare_jwk());
    core::JsonObjectWriter claims;
    claims.add("jti", unique_id(random));
    claims.add("htm", proof.method);
    claims.add("htu", htu_of(proof.url));
    claims.add_integer("iat", proof.now);
    if (!proof.access_token.empty()) {
        claims.add("ath", core::base64url_encode(core::digest(core::Hash::sha256, proof.access_token)));
    }
    if (!proof.nonce.empty()) {
        claims.add("nonce", proof.nonce);
    }
    auto made = jose::sign_compact(key, std::move(header).finish(), std::move(claims).finish());
    if (!made) {
        throw std::bad_alloc();
    }
    return std::move(*made);
}

bool asks_for_nonce(const net::HttpResponse& response) {
    if (response.status != 400 && response.status != 401) {
        return false;
    }
    const auto is_challenge = [](const net::Header& header) {
        return header.name == "www-authenticate" && has_nonce_challenge(header.value);
    };
    return error_of(response).error == wants_nonce ||
           std::any_of(response.headers.begin(), response.headers.end(), is_challenge);
}

std::optional<std::string> nonce_of(const net::HttpResponse& response) {
    const auto is_nonce = [](const net::Header& header) { return header.name == "dpop-nonce"; };
    const auto found = std::find_if(response.headers.begin(), response.headers.end(), is_nonce);
    if (found == response.headers.end() ||
        std::count_if(response.headers.begin(), response.headers.end(), is_nonce) != 1) {
        return std::nullopt;
    }
    const auto fits = [](char c) { return c > ' ' && c <= '~' && c != '"' && c != '\\'; }; // NQCHAR
    const std::string& nonce = found->value;
    const bool is_usable =
        !nonce.empty() && nonce.size() <= max_nonce_size && std::all_of(nonce.begin(), nonce.end(), fits);
    return is_usable ? std::optional(nonce) : std::nullopt;
}

std::string Nonces::of(std::string_view url) const {
    const std::string origin = origin_of(url);
    const auto found = std::find_if(known_.begin(), known_.end(),
                                    [&origin](const Known& each) { return each.origin == origin; });
    return found == known_.end() ? "" : found->nonce;
}

void Nonces::learn(std::string_view url, const net::HttpResponse& response) {
    auto nonce = nonce_of(response);
    if (!nonce) {
        return;
    }
    const std::string origin = origin_of(url);
    std::erase_if(known_, [&origin](const Known& each) { return each.origin == origin; });
    known_.insert(known_.begin(), {origin, std::move(*nonce)});
    known_.resize(std::min(known_.size(), max_origins));
}

} // namespace oauth::oidc
