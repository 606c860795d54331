// SPDX-License-Identifier: MIT
// A provider as the flows see it. Settings are made when the configuration is read, are immutable afterwards,
// and belong to the http-level configuration. A Type is a row of data (one file each in this folder, listed
// in registry.cpp) with the defaults of Settings, and with functions only where an API differs.
#pragma once

#include "../src/core/json.hpp"
#include "../src/core/result.hpp"
#include "../src/core/task.hpp"
#include "../src/core/url.hpp"
#include "../src/figures/figures.hpp"
#include "../src/jose/jwk.hpp"
#include "../src/net/client_certificate.hpp"
#include "../src/net/http.hpp"
#include "../src/oidc/client_auth.hpp"
#include "../src/oidc/logout.hpp"
#include "../src/oidc/revocation.hpp"
#include "../src/oidc/token.hpp"
#include "../src/policy/policy.hpp"
#include "../src/session/session.hpp"

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace oauth::providers {

struct Settings;

// What the configuration's rules, claim lists and variables use of a user.
using Needs = policy::Needs;

// The provider's answers about the user. All are optional: plain OAuth 2.0 has no ID token, OpenID Connect
// may have no userinfo.
struct UserData {
    std::optional<core::Json> id_token;
    std::optional<core::Json> userinfo;
    std::optional<core::Json> access_token;               // its claims, verified, where a type reads it
    std::vector<std::pair<std::string, core::Json>> more; // answers of other calls, by name: claim.emails

    core::JsonView id_token_view() const { return id_token ? id_token->root() : core::JsonView(); }
    core::JsonView userinfo_view() const { return userinfo ? userinfo->root() : core::JsonView(); }
    core::JsonView access_token_view() const {
        return access_token ? access_token->root() : core::JsonView();
    }
    // From the ID token, else from the userinfo answer, else from `more`; null and "" count as absent (OpenID
    // Connect Core 5.3.2).
    core::JsonView claim(std::string_view path) const;
};

enum class Protocol { oidc, oauth2 };

// Where the issuer comes from.
enum class IssuerRule {
    exact,
    from_metadata, // the document at the configured address names it: Okta with a custom domain
    from_token,    // the ID token names it, in a fixed form, and its metadata must name our token endpoint:
                   // Cognito
};

// An environment variable and the block parameter whose value it is.
struct Variable {
    std::string_view name;
    std::string_view parameter;
    enum class Use { required, optional } use = Use::required;
};

// A call of a provider's API beside the protocol's own, while a sign-in is under way. References outlive it.
struct ApiCall {
    net::HttpClient& http;
    const Settings& settings;
    const Needs& needs;
    const std::string& access_token;
    UserData& data;
    session::Identity& identity;
    figures::Figures* figures = nullptr; // null: nothing is counted
};

enum class UserinfoUse { automatic, on, off };

// How a provider gives refresh tokens and how it revokes tokens. For the flows that refresh or end sessions.
enum class Refresh {
    by_scope,     // with offline_access in the scope
    by_parameter, // with access_type=offline and prompt=consent
    always,       // with every code
    never,
};
enum class Revocation {
    by_metadata,    // RFC 7009, where the metadata names the endpoint
    refresh_tokens, // RFC 7009, but access tokens are refused
    github,         // DELETE API/applications/CLIENT_ID/token, with the client's credentials
    none,
};

// How it is asked for a sign-in that is stronger or more recent, where its ID token then tells that it was:
// acr by acr_values, auth_time by max_age or by prompt=login.
struct StepUpWays {
    bool by_acr = false;
    enum class Recent { never, by_max_age, by_prompt } recent = Recent::never;
};

struct Type {
    std::string_view name;  // as in `oauth_provider NAME TYPE` and in the callback path
    std::string_view label; // on the sign-in page
    Protocol protocol = Protocol::oidc;
    std::vector<std::string> scopes = {};
    session::FactSet tells = {}; // that rules may ask for, beside the address, the name and the scopes
    // Parameters of a block that it uses beside those of every type, or of every OpenID type
    // (parameters.cpp).
    std::vector<std::string_view> parameters = {};
    // Those of them that only the issuer is made of: with `issuer` they would have no effect.
    std::vector<std::string_view> issuer_parameters = {};
    std::vector<std::string> user_claims = {}; // the first one that exists is the user name
    std::vector<Variable> variables = {};
    std::string_view name_variable = {};       // renames the provider
    std::string_view account_prompt = "login"; // has it ask which account, whoever is signed in there
    std::string_view prompt_variable = {};     // beside OAUTH_<NAME>_PROMPT
    std::vector<std::string_view> refused_prompts =
        {}; // values of OAUTH_PROMPT (which is for all providers) that this provider answers with an error
    std::vector<std::string_view> issuers = {}; // accepted in an ID token beside the issuer
    IssuerRule issuer_rule = IssuerRule::exact;
    std::optional<oidc::ClientAuth> client_auth = std::nullopt; // if there is no metadata
    oidc::TokenFormat token_format = oidc::TokenFormat::json;
    enum class VerifiedFlag { boolean, boolean_or_text } verified_flag = VerifiedFlag::boolean;
    enum class Flow { code, hybrid } flow = Flow::code;
    UserinfoUse userinfo = UserinfoUse::automatic;
    std::string_view userinfo_subject = {}; // what an older userinfo endpoint calls sub
    bool allows_hs256 = false;              // where signing_algorithms says so
    bool makes_subject = false;             // a session's subject is not the token's sub
    bool reads_access_token = false;        // a JWT of the same issuer, for roles

    Refresh refresh = Refresh::by_scope;
    Revocation revocation = Revocation::by_metadata;
    // What its end-session endpoint takes without an ID token. Where that is not all, the ID token is kept
    // for it, in a cookie too if one still holds it.
    oidc::HintRule hint_rule = oidc::HintRule::optional;
    // Why its lists of organisations and teams may be empty for somebody who is in one: for the log.
    std::string_view hides_memberships = {};
    // Its front-channel logout names the session alone, and not the issuer.
    bool sends_sid_alone = false;
    StepUpWays step_up = {};

    // Derives endpoints from domain, tenant, realm and the like, where they are not set. A sentence if
    // something is wrong.
    std::string (*complete)(Settings& settings) = nullptr;
    // Scopes that are needed besides the configured ones.
    std::vector<std::string> (*scopes_for)(const Settings& settings, const Needs& needs) = nullptr;
    // The form that an ID token's issuer must have, with IssuerRule::from_token.
    bool (*is_issuer)(std::string_view issuer) = nullptr;
    // The provider's own mapping, applied after the generic one. policy_denied for an account that the
    // settings exclude.
    core::Status (*map)(const Settings& settings, const UserData& data, const Needs& needs,
                        session::Identity& identity) = nullptr;
    // Calls that only some configurations need, such as organisations. Fails closed: a partial list is an
    // error.
    core::Task<core::Status> (*call_api)(ApiCall call) = nullptr;
    // Where giving a token back does not follow RFC 7009; nullopt: not this kind of token.
    std::optional<net::HttpRequest> (*revocation_request)(const Settings& settings, oidc::TokenKind kind,
                                                          const std::string& token) = nullptr;
    // Where signing out does not follow OpenID Connect.
    std::string (*end_session_url)(const Settings& settings,
                                   const oidc::EndSessionRequest& request) = nullptr;
};

struct Settings {
    const Type* type = nullptr;
    std::string name;
    std::string given_label; // the parameter "label"
    std::string label;       // what people see: tell_labels_apart()
    std::string client_id;
    std::string client_secret;
    std::optional<oidc::ClientAuth> client_auth;                      // nullopt: by metadata
    std::shared_ptr<const jose::SigningKey> client_key;               // null: none
    std::string client_certificate_text;                              // PEM, until complete() has it
    std::string client_certificate_file;                              // its name, as a message has it
    std::shared_ptr<const net::ClientCertificate> client_certificate; // null: none
    bool dpop = false;
    std::string issuer;
    std::vector<std::string> issuers;   // accepted in an ID token beside the issuer
    core::PlainHttp plain_http;         // allow_http
    std::string authorization_endpoint; // configured endpoints are used instead of the metadata's
    std::string token_endpoint;
    std::string userinfo_endpoint;
    std::string jwks_uri;
    std::string end_session_endpoint;
    std::string revocation_endpoint;
    std::string introspection_endpoint;
    std::string pushed_authorization_request_endpoint;
    std::string api_url; // without a trailing '/'
    std::vector<std::string> scopes;
    bool pkce = true;
    bool nonce = true;
    std::string response_mode; // empty, "query", "form_post", "query.jwt" or "form_post.jwt"
    std::vector<std::pair<std::string, std::string>> authorize_parameters;
    std::string prompt;
    std::string account_prompt;                  // with account=other
    std::string user_claim;                      // empty: the type's
    std::string subject_claim;                   // a path into the userinfo answer; empty: sub, else id
    std::vector<std::string> signing_algorithms; // canonical
    std::vector<std::string> trusted_audiences;  // that an ID token may name beside client_id
    UserinfoUse userinfo = UserinfoUse::automatic;
    std::string domain;
    std::string tenant;
    bool single_tenant = false;
    std::vector<std::string> allowed_tenants;
    std::string authorization_server;
    std::string original_domain;
    std::string realm;
    std::string region;
    bool has_opaque_tokens = false; // by its type: access tokens that nobody but itself can read

    // Everything that metadata would say of the way to the tokens: none are asked for.
    bool gives_all_endpoints() const {
        return !authorization_endpoint.empty() && !token_endpoint.empty() && !jwks_uri.empty();
    }
    bool is_openid() const { return type->protocol == Protocol::oidc; }
    bool is_hybrid() const { return type->flow == Type::Flow::hybrid; }
    bool uses_form_post() const { return response_mode.starts_with("form_post"); }
    bool wants_signed_response() const { return response_mode.ends_with(".jwt"); }
    oidc::ClientMaterial material() const {
        return {client_secret.size(), client_key != nullptr, client_certificate != nullptr};
    }
};

// All types, in the order that pages list providers.
const std::vector<const Type*>& types();
const Type* find_type(std::string_view name);

// All that a session of this type can have, for rules: what they ask for beside it can never hold.
session::FactSet told_facts(const Type& type);

// Settings with the type's defaults.
Settings make_settings(const Type& type, std::string name);

// Gives each its label: the one of the configuration, as it is, else the type's; where another has the same,
// the name is in brackets behind it.
void tell_labels_apart(const std::vector<Settings*>& all);

// Derives what is not set. Returns a sentence for nginx -t that names what is missing or contradictory, else
// an empty string.
std::string complete(Settings& settings);

// What makes a provider itself: its type, its issuer and endpoints, the client id, and how its answers become
// a user: which tenants it admits, which claims are the subject and the user name. Eight bytes of a hash. Two
// that differ are two providers, whatever their names: what was begun at one is not finished at the other,
// and its sessions are none of the other's.
std::string fingerprint(const Settings& settings);

// Who it is, without the user name. provider_error where there is no stable subject.
core::Result<session::Identity> map_identity(const Settings& settings, const UserData& data,
                                             const Needs& needs);

// After all answers have arrived: adds the user name, and the raw claims that are needed.
void complete_identity(const Settings& settings, const UserData& data, const Needs& needs,
                       session::Identity& identity);

// The scopes of an authorization request: the configured ones and those that the needs take.
std::vector<std::string> scopes_for(const Settings& settings, const Needs& needs);

} // namespace oauth::providers
