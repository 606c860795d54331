// SPDX-License-Identifier: MIT
// See provider.hpp. What is asked of a provider, and whether an answer will do; when it is asked is the
// business of refreshed.hpp.
#include "provider.hpp"

#include "../core/bytes.hpp"
#include "../core/url.hpp"
#include "../net/told.hpp"
#include "../oidc/id_token.hpp"
#include "../oidc/remedies.hpp"

#include <algorithm>

namespace oauth::flow {

namespace {

const core::Error no_document{core::Code::provider_error, ""};

// Of the worker's own: who waits for it keeps the process, not the request.
net::HttpRequest own_request(std::string url, std::string types) {
    net::HttpRequest request;
    request.url = std::move(url);
    request.headers = {{"Accept", std::move(types)}};
    request.purpose = net::HttpRequest::Purpose::background;
    return request;
}

struct Asked {
    std::string url;
    std::string remedy;
};

core::Error useless(std::string_view what, const core::Error& error, const net::HttpResponse& response,
                    const Asked& asked) {
    const std::string outage = oidc::outage_remedy(response);
    const core::Error told =
        net::told(oidc::with_answer(error, response), asked.url, outage.empty() ? asked.remedy : outage);
    return {told.code, std::string(what) + ": " + told.detail};
}

core::Result<jose::JwkSet> read_keys(const net::HttpResponse& response) {
    if (response.status != 200) {
        return core::Error{core::Code::provider_error, "status " + std::to_string(response.status)};
    }
    return jose::JwkSet::parse(response.body);
}

} // namespace

void Provider::count_login(figures::Failure failure) const noexcept {
    if (figures_ != nullptr) {
        figures_->count_login(settings_.name, failure);
    }
}

void Provider::count_refresh(figures::Refresh how) const noexcept {
    if (figures_ != nullptr) {
        figures_->count_refresh(settings_.name, how);
    }
}

bool Provider::needs_discovery() const {
    return settings_.is_openid() && !settings_.issuer.empty() && !settings_.gives_all_endpoints();
}

oidc::Metadata Provider::with_configured(oidc::Metadata metadata) const {
    const auto take = [](const std::string& configured, std::string& value) {
        if (!configured.empty()) {
            value = configured;
        }
    };
    take(settings_.authorization_endpoint, metadata.authorization_endpoint);
    take(settings_.token_endpoint, metadata.token_endpoint);
    take(settings_.userinfo_endpoint, metadata.userinfo_endpoint);
    take(settings_.jwks_uri, metadata.jwks_uri);
    take(settings_.end_session_endpoint, metadata.end_session_endpoint);
    take(settings_.revocation_endpoint, metadata.revocation_endpoint);
    take(settings_.introspection_endpoint, metadata.introspection_endpoint);
    take(settings_.pushed_authorization_request_endpoint, metadata.pushed_authorization_request_endpoint);
    return metadata;
}

Provider::MetadataPointer Provider::known_metadata() {
    if (needs_discovery()) {
        return discovered_.known();
    }
    if (!configured_) {
        oidc::Metadata configured;
        configured.issuer = settings_.issuer;
        configured_ = std::make_shared<oidc::Metadata>(with_configured(std::move(configured)));
    }
    return configured_;
}

core::Task<core::Result<Provider::MetadataPointer>> Provider::metadata(net::HttpClient& http) {
    if (!needs_discovery()) {
        co_return known_metadata();
    }
    co_return co_await discovered_.get([this, &http] { return fetch_metadata(http); });
}

namespace {

// The issuer that the document must name: the configured one, or the one it does name where that is the
// type's rule.
std::string expected_issuer(const providers::Settings& settings, const std::string& issuer,
                            const std::string& document) {
    if (settings.type->issuer_rule != providers::IssuerRule::from_metadata) {
        return issuer;
    }
    const auto json = core::Json::parse(document);
    const auto named = json ? json->root().get("issuer").as_string() : std::nullopt;
    return named && named->starts_with("http") ? std::string(*named) : issuer;
}

// What says where its metadata is.
std::string where_it_is(const providers::Settings& settings) {
    std::vector<std::string_view> names = {"issuer"};
    for (const std::string_view name : settings.type->parameters) {
        constexpr std::string_view parts[] = {"domain", "tenant", "realm", "region", "authorization_server"};
        if (std::find(std::begin(parts), std::end(parts), name) != std::end(parts)) {
            names.push_back(name);
        }
    }
    std::string text;
    for (const std::string_view name : names) {
        text.append(text.empty() ? "" : (name == names.back() ? " and " : ", ")).append(name);
    }
    return text + " must be as the provider has " + (names.size() == 1 ? "it" : "them");
}

// A member that the block can give, or the address of the whole document.
std::string metadata_remedy(const providers::Settings& settings, const core::Error& error) {
    constexpr std::pair<std::string_view, std::string_view> lists[] = {
        {"token_endpoint_auth_methods_supported ", "client_auth"},
        {"id_token_signing_alg_values_supported ", "signing_algorithms"}};
    for (const auto& [member, parameter] : lists) {
        if (error.detail.starts_with(member)) {
            return "give " + std::string(parameter) + " in the oauth_provider block";
        }
    }
    for (const std::string name :
         {"authorization_endpoint", "token_endpoint", "userinfo_endpoint", "jwks_uri"}) {
        const bool is_alias = error.detail.starts_with("mtls_endpoint_aliases." + name + " ");
        if (is_alias || error.detail.starts_with(name + " ")) {
            return "give " + name + " in the oauth_provider block";
        }
    }
    return where_it_is(settings);
}

bool is_on_this_machine(const std::string& address) {
    const auto url = core::parse_url(address);
    return url && core::is_loopback_host(url->host);
}

} // namespace

// What the block gives is not needed of the document, and what nothing here uses is not either.
oidc::MetadataRules Provider::metadata_rules(const std::string& asked, const std::string& document) const {
    const providers::Settings& settings = settings_;
    oidc::MetadataRules rules;
    rules.issuer = expected_issuer(settings, asked, document);
    rules.plain = settings.plain_http;
    // A document from elsewhere does not say what of this machine is asked with a code or a token.
    if (!is_on_this_machine(asked)) {
        rules.plain.loopback = core::PlainHttp::Loopback::refused;
    }
    rules.required.clear();
    rules.used = {"authorization_response_iss_parameter_supported"};
    if (settings.pushed_authorization_request_endpoint.empty()) {
        rules.used.push_back("require_pushed_authorization_requests");
    }
    if (settings.authorization_endpoint.empty()) {
        rules.required.push_back("authorization_endpoint");
    }
    if (settings.token_endpoint.empty()) {
        rules.required.push_back("token_endpoint");
    }
    if (settings.jwks_uri.empty()) {
        rules.used.push_back("jwks_uri");
    }
    if (settings.signing_algorithms.empty()) {
        rules.used.push_back("id_token_signing_alg_values_supported");
    }
    rules.client_auth = settings.client_auth;
    rules.material = settings.material();
    if (!settings.client_auth) {
        rules.used.push_back("token_endpoint_auth_methods_supported");
    }
    if (settings.client_key || settings.client_auth == oidc::ClientAuth::client_secret_jwt) {
        rules.used.push_back("token_endpoint_auth_signing_alg_values_supported");
    }
    if (settings.dpop) {
        rules.used.push_back("dpop_signing_alg_values_supported");
    }
    if (settings.userinfo != providers::UserinfoUse::off && settings.userinfo_endpoint.empty()) {
        auto& names = settings.userinfo == providers::UserinfoUse::on ? rules.required : rules.used;
        names.push_back("userinfo_endpoint");
    }
    return rules;
}

void Provider::report_left_out(const std::vector<std::string>& members) {
    std::string text;
    for (const std::string& member : members) {
        text.append(text.empty() ? "" : "; ").append(member);
    }
    if (text == reported_) {
        return;
    }
    reported_ = text;
    if (!text.empty()) {
        report("left out of its metadata: " + text);
    }
}

// RFC 8414 3.1: where there is no OpenID document, there may be one of this form.
core::Task<net::HttpResult> Provider::ask_oauth_document(net::HttpClient& http, std::string url) {
    net::HttpRequest request = own_request(std::move(url), "application/json");
    figures::Asking asked = asking(figures::Endpoint::metadata);
    net::HttpResult response = co_await net::fetch(http, std::move(request));
    const bool is_there = response && response->status == 200;
    static_cast<void>(asked.ended(is_there ? core::Status(core::Done{}) : core::Status(no_document)));
    co_return response;
}

core::Task<core::Result<oidc::Metadata>> Provider::fetch_document(net::HttpClient& http, std::string issuer) {
    std::string address = oidc::metadata_url(issuer);
    net::HttpRequest request = own_request(address, "application/json");
    figures::Asking asked = asking(figures::Endpoint::metadata);
    net::HttpResult response = co_await net::fetch(http, std::move(request));
    if (!response) {
        co_return asked.ended({response.error().code, "metadata: " + response.error().detail});
    }
    std::string other_address = oidc::authorization_server_metadata_url(issuer);
    if (response->status == 404 && !other_address.empty()) {
        net::HttpResult other = co_await ask_oauth_document(http, other_address);
        if (other && other->status == 200) {
            response = std::move(other);
            address = std::move(other_address);
        }
    }
    const oidc::MetadataRules rules = metadata_rules(issuer, response->body);
    auto metadata = oidc::process_metadata_response(response.value(), rules);
    if (!metadata) {
        co_return asked.ended(useless("metadata", metadata.error(), response.value(),
                                      {address, metadata_remedy(settings_, metadata.error())}));
    }
    report_left_out(metadata->left_out);
    co_return asked.ended(std::move(metadata));
}

// What is known serves meanwhile, for a day at most.
void Provider::report_stale(const core::Error& error) {
    report_fault("goes on with what was last known, for a day at most: " + error.detail, error.detail);
}

core::Task<core::Result<oidc::Metadata>> Provider::fetch_metadata(net::HttpClient& http) {
    auto document = co_await fetch_document(http, settings_.issuer);
    if (!document) {
        if (discovered_.usable()) {
            report_stale(document.error());
        }
        co_return document.error();
    }
    co_return with_configured(std::move(document.value()));
}

core::Task<core::Result<oidc::Metadata>> Provider::fetch_metadata_of(net::HttpClient& http,
                                                                     std::string issuer) {
    auto document = co_await fetch_document(http, std::move(issuer));
    if (!document) {
        co_return document.error();
    }
    if (document->token_endpoint != settings_.token_endpoint) {
        co_return core::Error{core::Code::token_invalid, "the ID token's issuer has another token endpoint"};
    }
    co_return with_configured(std::move(document.value()));
}

core::Task<core::Result<Provider::MetadataPointer>> Provider::metadata_of(net::HttpClient& http,
                                                                          std::string issuer, Asker asker) {
    if (token_issuer_.address != issuer) {
        const bool other_is_known = token_issuer_.value && token_issuer_.value->known();
        if (other_is_known || settings_.type->is_issuer == nullptr || !settings_.type->is_issuer(issuer)) {
            co_return core::Error{core::Code::token_invalid,
                                  "the ID token's issuer is none of this provider's"};
        }
        if (asker == Asker::stranger && !refetches_of_strangers_.take(clock_.now())) {
            co_return core::Error{core::Code::provider_error,
                                  "too many tokens of other issuers came: their metadata are not asked for"};
        }
        token_issuer_ = {issuer, std::make_shared<Refreshed<oidc::Metadata>>(ready_, clock_)};
    }
    const auto metadata = token_issuer_.value;
    // Named: g++ 12 destroys a temporary like this one twice where it is made in a co_await.
    Refreshed<oidc::Metadata>::Fetch fetch = [this, &http, issuer] {
        return fetch_metadata_of(http, issuer);
    };
    co_return co_await metadata->get(std::move(fetch));
}

bool Provider::may_be_issuer(const oidc::Metadata& metadata, std::string_view issuer) const {
    if (settings_.type->is_issuer != nullptr) {
        return settings_.type->is_issuer(issuer);
    }
    const auto fits = [issuer](std::string_view pattern) {
        const std::size_t open = pattern.find('{');
        if (open == std::string_view::npos) {
            return !pattern.empty() && issuer == pattern;
        }
        const std::string_view before = pattern.substr(0, open);
        const std::string_view after = pattern.substr(pattern.find('}') + 1);
        return issuer.size() > before.size() + after.size() && issuer.starts_with(before) &&
               issuer.ends_with(after);
    };
    const auto& others = settings_.issuers;
    return fits(metadata.issuer) || std::any_of(others.begin(), others.end(), fits);
}

// RFC 7517 9.2: they are for nobody else. What is told does not change with their order.
void Provider::report_secrets(const jose::JwkSet& keys) {
    std::string ids;
    for (const std::string& id : keys.published_secrets()) {
        ids.append(ids.empty() ? "" : " ").append(id.empty() ? "(one without an id)" : id);
    }
    ids = core::for_log(ids);
    if (ids == reported_secrets_) {
        return;
    }
    reported_secrets_ = ids;
    if (!ids.empty()) {
        report("its key set at jwks_uri shows the secret parts of keys, so that anybody could sign as this "
               "provider: " +
               ids + ". Have the provider publish public keys, and new ones");
    }
}

core::Task<core::Result<jose::JwkSet>> Provider::fetch_keys(net::HttpClient& http, std::string jwks_uri) {
    const std::string address = jwks_uri;
    figures::Asking asked = asking(figures::Endpoint::keys);
    net::HttpRequest request = own_request(std::move(jwks_uri), "application/jwk-set+json, application/json");
    net::HttpResult response = co_await net::fetch(http, std::move(request));
    if (!response) {
        co_return asked.ended({response.error().code, "keys: " + response.error().detail});
    }
    auto keys = read_keys(response.value());
    if (!keys) {
        co_return asked.ended(useless("keys", keys.error(), response.value(), {address, "check jwks_uri"}));
    }
    report_secrets(keys.value());
    co_return asked.ended(std::move(keys));
}

// Nobody waits for it.
core::Task<core::Result<jose::JwkSet>> Provider::renew_keys(net::HttpClient& http, std::string jwks_uri) {
    auto fetched = co_await fetch_keys(http, std::move(jwks_uri));
    if (!fetched) {
        report_stale(fetched.error());
    }
    co_return std::move(fetched);
}

core::Task<core::Result<Provider::KeysPointer>> Provider::keys(net::HttpClient& http, std::string jwks_uri,
                                                               const jose::Jws& token, Asker asker) {
    if (keys_.address != jwks_uri) {
        keys_ = {jwks_uri, std::make_shared<Refreshed<jose::JwkSet>>(ready_, clock_)};
    }
    const auto keys = keys_.value;
    const auto fetch = [this, &http, jwks_uri] { return fetch_keys(http, jwks_uri); };
    const auto holds_key = [&token](const KeysPointer& set) {
        return set && oidc::look_for_key(token, *set) == oidc::KeyLookup::found;
    };
    TokenBucket& refetches = asker == Asker::stranger ? refetches_of_strangers_ : refetches_;
    const KeysPointer held = keys->usable();
    if (holds_key(held)) {
        keys->keep_fresh([this, &http, jwks_uri] { return renew_keys(http, jwks_uri); });
        co_return held;
    }
    const bool joins = keys->is_being_fetched();
    if (held && !joins && !refetches.take(clock_.now())) {
        co_return held; // does not hold the key, so the token is refused
    }
    auto fetched = co_await keys->fetched(fetch);
    // A fetch that was under way may have begun before the key was there.
    if (joins && fetched && !holds_key(fetched.value()) && refetches.take(clock_.now())) {
        fetched = co_await keys->fetched(fetch);
    }
    co_return fetched;
}

} // namespace oauth::flow
