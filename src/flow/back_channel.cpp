// SPDX-License-Identifier: MIT
// See ended_elsewhere.hpp. Anybody can post here, so what it costs is bounded: a turn for each, and keys are
// fetched again for strangers from an allowance of their own.
#include "ended_elsewhere.hpp"

#include "../core/record.hpp"
#include "../core/url.hpp"
#include "../oidc/logout_token.hpp"
#include "id_tokens.hpp"
#include "sign_in.hpp"

#include <algorithm>

namespace oauth::flow {

namespace {

using core::Code;
using core::Error;

// Back-Channel Logout 1.0 2.8: 400, and no-store as all answers.
web::Answer refused(const Provider& provider, const Error& error) {
    web::Answer answer = web::json(400, R"({"error":"invalid_request","error_description":"This is no )"
                                        R"(valid logout token."})");
    answer.code = error.code;
    answer.log_level = web::LogLevel::warn;
    answer.log.append(core::code_name(error.code)).append(": ").append(provider.settings().name);
    answer.log.append(": back-channel logout: ").append(error.detail);
    return answer;
}

// Nothing is known of the token, or nothing was changed: it may come again.
web::Answer not_now(const Provider& provider, const Error& error) {
    web::Answer answer = web::json(503, R"({"error":"temporarily_unavailable"})");
    answer.code = error.code;
    answer.log_level = web::LogLevel::error;
    answer.log.append(core::code_name(error.code)).append(": ").append(provider.settings().name);
    answer.log.append(": back-channel logout: ").append(error.detail);
    return come_again(std::move(answer));
}

// 2.5: one logout_token in a form; what else is in it is none of our business.
core::Result<std::string> read_token(const Request& request) {
    if (!is_form(request)) {
        return Error{Code::request_invalid, "the body is not application/x-www-form-urlencoded"};
    }
    const auto parameters = core::Parameters::parse(request.body);
    if (!parameters) {
        return Error{Code::request_invalid, "the form is malformed"};
    }
    if (parameters->count("logout_token") != 1 || parameters->find("logout_token")->empty()) {
        return Error{Code::request_invalid, "the form has no logout_token, an empty one, or several"};
    }
    return std::string(*parameters->find("logout_token"));
}

core::Task<core::Result<Provider::MetadataPointer>> metadata_for(Site& site, Provider& provider,
                                                                 const jose::Jws& jws) {
    auto metadata = co_await provider.metadata(site.http);
    if (!metadata || !(*metadata.value()).issuer.empty()) {
        co_return std::move(metadata);
    }
    std::string issuer = claimed_issuer(jws);
    co_return co_await provider.metadata_of(site.http, std::move(issuer), Provider::Asker::stranger);
}

// token_invalid: it is refused. Any other error: whether it is right is not known.
core::Task<core::Result<oidc::LogoutToken>> verify(Site& site, Provider& provider, std::string text) {
    auto jws = jose::parse_compact(text);
    if (!jws) {
        co_return jws.error();
    }
    auto metadata = co_await metadata_for(site, provider, jws.value());
    if (!metadata) {
        co_return metadata.error();
    }
    const oidc::Metadata& issuer = *metadata.value();
    const oidc::TokenExpectation expected = token_expectation(site, provider.settings(), issuer);
    const auto& allowed = expected.algorithms;
    const bool may_be_right = std::find(allowed.begin(), allowed.end(), jws->alg) != allowed.end();
    if (!may_be_right || !jose::is_asymmetric_algorithm(jws->alg)) { // no key of the set is asked
        co_return oidc::validate_logout_token(jws.value(), jose::JwkSet(), expected);
    }
    if (issuer.jwks_uri.empty()) {
        co_return Error{Code::provider_error, "the metadata has no jwks_uri"};
    }
    auto keys = co_await provider.keys(site.http, issuer.jwks_uri, jws.value(), Provider::Asker::stranger);
    if (!keys) {
        co_return keys.error();
    }
    co_return oidc::validate_logout_token(jws.value(), *keys.value(), expected);
}

std::string memory_of(const Provider& provider, const std::string& jti) {
    core::RecordWriter record;
    record.text("jti");
    record.text(provider.fingerprint());
    record.text(jti);
    return std::move(record).finish();
}

// 2.6 (8): a token that comes again has no second effect. It is remembered once all is done, and not before:
// else the repeat of what has failed halfway would be refused, and the sessions live on. Of two that come at
// one instant both may end the same, and one is taken. The memory is one for all servers.
core::Task<core::Status> end_once(Site& site, Provider& provider, const oidc::LogoutToken& token) {
    const Error used{Code::token_invalid, "its jti has been used"};
    session::Store& memory = *find_places(site).stores.front();
    const std::string key = memory_of(provider, token.jti);
    std::string asked = key;
    const auto is_used = co_await memory.is_used(std::move(asked));
    if (!is_used) {
        co_return is_used.error();
    }
    if (is_used.value()) {
        co_return used;
    }
    session::Whose whose{provider.fingerprint(), token.subject, token.sid};
    const core::Status ended = co_await end_all(site, std::move(whose));
    if (!ended) {
        co_return ended.error();
    }
    asked = key;
    const auto is_first = co_await memory.use_once(std::move(asked), token.remember_until);
    if (!is_first) {
        co_return is_first.error();
    }
    if (!is_first.value()) {
        co_return used;
    }
    co_return core::Done{};
}

} // namespace

core::Task<web::Answer> back_channel_logout(Site& site, const Request& request, Provider& provider) {
    auto text = read_token(request);
    if (!text) {
        co_return refused(provider, text.error());
    }
    // Counted apart, so that they leave sign-ins their share.
    const auto turn = Turn::take(site.turns, provider.settings().name + " back-channel", request.client);
    if (!turn) {
        co_return not_now(provider, turn.error());
    }
    auto token = co_await verify(site, provider, std::move(text.value()));
    if (!token) {
        const bool is_wrong = token.error().code == Code::token_invalid;
        co_return is_wrong ? refused(provider, token.error()) : not_now(provider, token.error());
    }
    const core::Status ended = co_await end_once(site, provider, token.value());
    if (!ended) {
        const bool is_wrong = ended.error().code == Code::token_invalid;
        co_return is_wrong ? refused(provider, ended.error()) : not_now(provider, ended.error());
    }
    web::Answer answer; // 2.8: exactly 200, whether there were sessions or not
    answer.log_level = web::LogLevel::info;
    answer.log = provider.settings().name + (token->sid.empty()
                                                 ? ": signed out by the provider: all sessions of a user"
                                                 : ": signed out by the provider: one of its sessions");
    co_return answer;
}

} // namespace oauth::flow
