// SPDX-License-Identifier: MIT
// See dpop.hpp.
#include "dpop.hpp"

#include "../core/bytes.hpp"
#include "../core/json.hpp"
#include "../core/url.hpp"
#include "../jose/jws.hpp"
#include "challenge.hpp"
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
    return error_of(response).error == wants_nonce || challenge_of(response, "DPoP").error == wants_nonce;
}

bool is_about_proof(const net::HttpResponse& response) {
    return asks_for_nonce(response) || challenge_of(response, "DPoP").error == "invalid_dpop_proof";
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
