// SPDX-License-Identifier: MIT
// See signed_response.hpp. Called by the callback: find_signed_response before the sign-in is known,
// process_signed_response after it. Nothing is kept here.
#include "signed_response.hpp"

#include "../core/bytes.hpp"
#include "../core/json.hpp"
#include "authorization.hpp"
#include "wire.hpp"

#include <algorithm>
#include <utility>

namespace oauth::oidc {

namespace {

constexpr std::string_view parameter_name = "response";

core::Error refusal(std::string_view wrong) {
    return {core::Code::request_invalid, "the signed response: " + std::string(wrong)};
}

// JARM 2.2: an encrypted one has five parts
bool is_encrypted(std::string_view jwt) {
    return std::count(jwt.begin(), jwt.end(), '.') == 4;
}

// The texts among the claims, as the parameters that they stand for. nullopt: one is something else.
std::optional<core::Parameters> parameters_of(core::JsonView claims) {
    std::string form;
    for (const std::string_view name : response_parameters) {
        const core::JsonView claim = claims.get(name);
        if (!claim.exists()) {
            continue;
        }
        const auto text = claim.as_string();
        if (!text) {
            return std::nullopt;
        }
        append_form_parameter(form, name, *text);
    }
    return core::Parameters::parse(form);
}

using Check = Complaint (*)(core::JsonView claims, const TokenExpectation& expected);

Complaint check_issue_time_if_given(core::JsonView claims, const TokenExpectation& expected) {
    return claims.get("iat").exists() ? check_issue_time(claims, expected) : Complaint();
}

constexpr Check checks[] = {check_issuer, check_audience, check_expiry, check_issue_time_if_given,
                            check_not_before};

} // namespace

core::Result<std::optional<SignedResponse>> find_signed_response(const core::Parameters& parameters) {
    const auto jwt = parameters.find(parameter_name);
    if (!jwt) {
        return std::optional<SignedResponse>();
    }
    if (parameters.count(parameter_name) > 1) {
        return refusal("the response parameter is repeated");
    }
    for (const std::string_view name : response_parameters) {
        if (parameters.has(name)) {
            return refusal("the " + std::string(name) + " parameter is beside it");
        }
    }
    if (is_encrypted(*jwt)) {
        return refusal(
            "it is encrypted, which is not supported: register this client at the provider without "
            "authorization_encrypted_response_alg");
    }
    auto jws = jose::parse_compact(*jwt);
    if (!jws) {
        return refusal(jws.error().detail);
    }
    const core::JsonView read = jws->claims();
    auto claims = read.exists() ? parameters_of(read) : std::nullopt;
    if (!claims) {
        return refusal("its claims are not a strict JSON object of texts");
    }
    return std::optional(SignedResponse{std::string(*jwt), std::move(*claims)});
}

core::Result<core::Parameters> process_signed_response(const jose::Jws& jws, const jose::JwkSet& keys,
                                                       const TokenExpectation& expected) {
    if (const Complaint complaint = check_signature(jws, keys, expected); !complaint.empty()) {
        return refused_token(complaint);
    }
    // RFC 8725 3.11, 3.12: typ does not name another kind of token
    if (!jws.typ.empty() && jws.typ != "jwt") {
        return refused_token("its typ is another token's");
    }
    const core::JsonView claims = jws.claims();
    if (!claims.exists()) {
        return refused_token("its claims are not a strict JSON object");
    }
    for (const Check check : checks) {
        if (const Complaint complaint = check(claims, expected); !complaint.empty()) {
            return refused_token(complaint);
        }
    }
    auto parameters = parameters_of(claims);
    return parameters ? core::Result<core::Parameters>(std::move(*parameters))
                      : refused_token("a claim that is a parameter is no text");
}

std::vector<std::string> response_algorithms(const std::vector<std::string>& configured,
                                             const std::vector<std::string>& supported,
                                             const std::vector<std::string>& of_id_tokens) {
    std::vector<std::string> allowed =
        allowed_algorithms(configured, supported.empty() ? of_id_tokens : supported);
    std::erase_if(allowed, [](const std::string& alg) { return !jose::is_asymmetric_algorithm(alg); });
    return allowed;
}

} // namespace oauth::oidc
