// SPDX-License-Identifier: MIT
// See inquiry.hpp. The userinfo endpoint is asked only after the ID token was validated; organisations and
// the like only after the settings have accepted the account.
#include "inquiry.hpp"

#include "../../providers/missing.hpp"
#include "../core/bytes.hpp"
#include "../net/told.hpp"
#include "../oidc/dpop.hpp"
#include "../oidc/logout_token.hpp"
#include "../oidc/remedies.hpp"
#include "../oidc/userinfo.hpp"
#include "proved_request.hpp"

#include <algorithm>

namespace oauth::flow {

namespace {

using core::Code;
using core::Error;

Error why_refused(const Inquiry& inquiry, const std::string& access_token, const Error& error,
                  const net::HttpResponse& response) {
    return at("userinfo endpoint", net::told(oidc::with_answer(error, response, {access_token}),
                                             inquiry.userinfo_endpoint, oidc::resource_remedy(response)));
}

// RFC 8705 3: a token may be bound to the certificate that the client got it with.
net::HttpRequest userinfo_request(const Inquiry& inquiry, const std::string& access_token) {
    const auto type = inquiry.settings().dpop ? oidc::TokenType::dpop : oidc::TokenType::bearer;
    const auto form =
        inquiry.settings().is_openid() ? oidc::UserinfoForm::json_or_signed : oidc::UserinfoForm::json;
    net::HttpRequest request =
        oidc::build_userinfo_request(inquiry.userinfo_endpoint, access_token, form, type);
    if (inquiry.settings().client_certificate) {
        const auto credentials = inquiry.provider.credentials(*inquiry.metadata);
        request.certificate = credentials ? credentials->certificate : nullptr;
    }
    return request;
}

// Whom the ID token is about.
struct Person {
    std::string issuer;
    std::string subject;
};

core::Task<core::Result<core::Json>> read_userinfo(Inquiry inquiry, const net::HttpResponse& response,
                                                   Person expected) {
    if (inquiry.settings().is_openid() && oidc::is_signed_userinfo(response)) {
        SignedUserinfo userinfo{response.body, std::move(expected.issuer), std::move(expected.subject)};
        co_return co_await verify_userinfo(inquiry, std::move(userinfo));
    }
    co_return oidc::process_userinfo_response(response, expected.subject);
}

core::Task<core::Result<core::Json>> ask_userinfo(Inquiry inquiry, std::string access_token,
                                                  Person expected) {
    MakeRequest make = [&inquiry, &access_token] { return userinfo_request(inquiry, access_token); };
    figures::Asking asking = inquiry.provider.asking(figures::Endpoint::userinfo);
    net::HttpResult response =
        co_await ask_proved(inquiry.site, inquiry.provider, std::move(make), access_token);
    if (!response) {
        co_return asking.ended(at("userinfo endpoint", response.error()));
    }
    const bool is_refused_proof = inquiry.settings().dpop && oidc::is_about_proof(response.value());
    if (response->status == 401 && !is_refused_proof && inquiry.occasion == Inquiry::Occasion::check) {
        co_return asking.ended({Code::access_denied, "userinfo endpoint: status 401"});
    }
    const std::string_view other_name = inquiry.settings().type->userinfo_subject;
    Person named{expected.issuer, other_name.empty() ? expected.subject : ""};
    auto userinfo = co_await read_userinfo(inquiry, response.value(), std::move(named));
    if (!userinfo) {
        co_return asking.ended(why_refused(inquiry, access_token, userinfo.error(), response.value()));
    }
    if (!other_name.empty()) {
        const core::JsonView root = userinfo->root();
        const core::JsonView subject = root.get("sub") ? root.get("sub") : root.get(other_name);
        if (subject.as_string() != expected.subject) {
            co_return asking.ended(
                {Code::token_invalid, "userinfo endpoint: the answer is about another user"});
        }
    }
    co_return asking.ended(std::move(userinfo));
}

// OpenID Connect Core 3.3.3.6: the ID tokens from the browser and from the token endpoint have one iss and
// sub
bool same_user(const oidc::IdToken& a, const oidc::IdToken& b) {
    return a.subject == b.subject &&
           a.claims.root().get("iss").as_string() == b.claims.root().get("iss").as_string();
}

// RFC 6749 3.3 has spaces between scopes; GitHub, LinkedIn and others write commas.
void append_scopes(session::Strings& scopes, std::string_view list) {
    while (!list.empty()) {
        const std::size_t end = std::min(list.find_first_of(" ,"), list.size());
        if (end != 0) {
            scopes.emplace_back(list.substr(0, end));
        }
        list.remove_prefix(std::min(end + 1, list.size()));
    }
}

session::Strings granted_scopes(const providers::Settings& settings, const providers::Needs& needs,
                                const std::optional<std::string>& answered) {
    session::Strings scopes;
    if (answered) {
        append_scopes(scopes, *answered); // none, where it is empty
        return scopes;
    }
    for (const std::string& asked : providers::scopes_for(settings, needs)) { // RFC 6749 5.1
        append_scopes(scopes, asked);
    }
    return scopes;
}

providers::Needs needs_of_rules(const Requirements& requirements, const std::string& provider) {
    providers::Needs needs;
    for (const auto& rules : requirements.rules) {
        needs.merge(rules->needs_of(provider));
    }
    return needs;
}

// The ID token of the token endpoint, else the one of the browser; none where neither gave one.
core::Task<core::Result<std::optional<oidc::IdToken>>> verified_id_token(Inquiry inquiry, Tokens& tokens) {
    std::optional<oidc::IdToken> front = std::move(tokens.front);
    if (!inquiry.settings().is_openid() || tokens.set.id_token.empty()) {
        co_return std::move(front);
    }
    IdTokenFacts facts{tokens.set.id_token, tokens.set.access_token, tokens.code,
                       oidc::IdTokenExpectation::CodeHash::optional};
    auto back = co_await verify_id_token(inquiry, std::move(facts));
    if (!back) {
        co_return back.error();
    }
    if (front && !same_user(*front, back.value())) {
        co_return Error{Code::token_invalid, "the two ID tokens are about different users"};
    }
    co_return std::optional<oidc::IdToken>(std::move(back.value()));
}

} // namespace

Error at(std::string_view where, const Error& error) {
    return {error.code, std::string(where) + ": " + error.detail};
}

core::Result<oidc::ClientCredentials> token_credentials(const Provider& provider,
                                                        const oidc::Metadata& metadata) {
    return provider.explained_credentials(metadata);
}

core::Task<core::Result<SignedIn>> inquire(Inquiry inquiry, Tokens tokens) {
    const providers::Settings& settings = inquiry.settings();
    const providers::Needs& needs = inquiry.site.options.requirements->needs;
    auto verified = co_await verified_id_token(inquiry, tokens);
    if (!verified) {
        co_return verified.error();
    }
    SignedIn signed_in;
    providers::UserData data;
    std::string subject = std::move(tokens.subject);
    if (std::optional<oidc::IdToken>& id_token = verified.value()) {
        if (!subject.empty() && id_token->subject != subject) {
            co_return Error{Code::access_denied, "the ID token is about another user"};
        }
        subject = id_token->subject;
        signed_in.had_id_token = true;
        signed_in.auth_time = id_token->auth_time;
        const auto sid = id_token->claims.root().get("sid").as_string();
        signed_in.sid = sid && oidc::is_usable_sid(*sid) ? *sid : "";
        data.id_token = std::move(id_token->claims);
    }
    if (!inquiry.userinfo_endpoint.empty()) {
        Person expected{std::string(data.id_token_view().get("iss").as_string().value_or("")), subject};
        auto userinfo = co_await ask_userinfo(inquiry, tokens.set.access_token, std::move(expected));
        if (!userinfo) {
            co_return userinfo.error();
        }
        data.userinfo = std::move(userinfo.value());
    }
    if (settings.type->reads_access_token && needs.has("role")) {
        auto claims = co_await verify_access_token(inquiry, tokens.set.access_token, subject);
        if (!claims) {
            co_return claims.error();
        }
        data.access_token = std::move(claims.value()); // none: the type's map says what that means
    }
    if (tokens.response_issuer && data.id_token_view().get("iss").as_string() != tokens.response_issuer) {
        co_return Error{Code::request_invalid, "the iss of the response is not the ID token's"};
    }
    signed_in.id_token = std::move(tokens.set.id_token);
    signed_in.access_token = std::move(tokens.set.access_token);
    signed_in.refresh_token = std::move(tokens.set.refresh_token);
    signed_in.expires_in = tokens.set.expires_in;
    signed_in.scope = std::move(tokens.set.scope);
    signed_in.nonce = settings.is_openid() ? inquiry.nonce : "";
    if (tokens.set.token_type.empty() && !signed_in.access_token.empty()) {
        signed_in.note = "the token answer has no token_type, taken for bearer";
    }
    auto identity = providers::map_identity(settings, data, needs);
    if (!identity) {
        co_return identity.error();
    }
    signed_in.identity = std::move(identity.value());
    if (settings.type->call_api != nullptr) {
        providers::ApiCall call{inquiry.site.http,         settings, needs,
                                signed_in.access_token,    data,     signed_in.identity,
                                inquiry.provider.figures()};
        core::Status called = co_await settings.type->call_api(call);
        const bool is_refused = !called && called.error().code == Code::access_denied;
        if (is_refused && inquiry.occasion == Inquiry::Occasion::sign_in) { // a token that is a moment old
            co_return Error{Code::provider_error, called.error().detail};
        }
        if (!called) {
            co_return called.error();
        }
    }
    providers::complete_identity(settings, data, needs, signed_in.identity);
    if (needs.has("scope")) {
        signed_in.identity.scopes = granted_scopes(settings, needs, signed_in.scope);
    }
    if (inquiry.occasion == Inquiry::Occasion::sign_in) {
        signed_in.missing = providers::find_missing(
            settings, data, needs_of_rules(*inquiry.site.options.requirements, settings.name),
            signed_in.identity);
    }
    co_return signed_in;
}

} // namespace oauth::flow
