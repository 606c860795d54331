// SPDX-License-Identifier: MIT
// See provider.hpp. Requests that waited for a fetch share its failure, so that a provider that hangs is
// asked once per timeout and not once per visitor.
#include "provider.hpp"

#include "../oidc/id_token.hpp"

#include <algorithm>

namespace oauth::flow {

namespace {

std::vector<net::Header> accept(std::string types) {
    return {{"Accept", std::move(types)}};
}

} // namespace

bool TokenBucket::take(std::int64_t now) {
    const std::int64_t refills =
        refilled_at_ == 0 ? 0 : std::max<std::int64_t>(0, now - refilled_at_) / refill_;
    if (refills > 0) {
        tokens_ = static_cast<int>(std::min<std::int64_t>(capacity_, tokens_ + refills));
    }
    if (refills > 0 || refilled_at_ == 0 || now < refilled_at_) {
        refilled_at_ = now;
    }
    if (tokens_ == 0) {
        return false;
    }
    --tokens_;
    return true;
}

bool Provider::needs_discovery() const {
    const bool keys_known = !settings_.is_openid() || !settings_.jwks_uri.empty();
    return settings_.is_openid() && !settings_.issuer.empty() &&
           (settings_.authorization_endpoint.empty() || settings_.token_endpoint.empty() || !keys_known);
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
    return metadata;
}

core::Task<core::Result<Provider::MetadataPointer>> Provider::metadata(net::HttpClient& http) {
    if (!metadata_ && !needs_discovery()) {
        oidc::Metadata configured;
        configured.issuer = settings_.issuer;
        metadata_ = std::make_shared<oidc::Metadata>(with_configured(std::move(configured)));
    }
    if (metadata_ && (!needs_discovery() || clock_.now() - metadata_at_ < fresh_for)) {
        co_return metadata_;
    }
    const std::uint64_t failures_before = metadata_failure_.number;
    const auto guard = co_await metadata_lock_.lock();
    const std::int64_t now = clock_.now();
    const bool stale_is_usable = metadata_ && now - metadata_at_ < usable_for;
    if (metadata_ && now - metadata_at_ < fresh_for) {
        co_return metadata_;
    }
    if (stale_is_usable && now - metadata_tried_at_ < retry_stale_after) {
        co_return metadata_;
    }
    if (metadata_failure_.number != failures_before) {
        co_return metadata_failure_.error;
    }
    metadata_tried_at_ = now;
    core::Status fetched = co_await fetch_metadata(http);
    if (!fetched) {
        ++metadata_failure_.number;
        metadata_failure_.error = fetched.error();
        if (!stale_is_usable) {
            co_return metadata_failure_.error;
        }
    }
    co_return metadata_;
}

namespace {

// The issuer that the document must name: the configured one, or, if the type's rule says so, the one in the
// document.
std::string expected_issuer(const providers::Settings& settings, const std::string& issuer,
                            const std::string& document) {
    if (settings.type->issuer_rule != providers::IssuerRule::from_metadata) {
        return issuer;
    }
    const auto json = core::Json::parse(document);
    const auto named = json ? json->root().get("issuer").as_string() : std::nullopt;
    return named && named->starts_with("http") ? std::string(*named) : issuer;
}

} // namespace

core::Task<core::Result<oidc::Metadata>> Provider::fetch_document(net::HttpClient& http, std::string issuer) {
    net::HttpRequest request;
    request.url = oidc::metadata_url(issuer);
    request.headers = accept("application/json");
    net::HttpResult response = co_await net::fetch(http, std::move(request));
    if (!response) {
        co_return core::Error{response.error().code, "metadata: " + response.error().detail};
    }
    const std::string expected = expected_issuer(settings_, issuer, response->body);
    auto metadata = oidc::process_metadata_response(response.value(), expected);
    if (!metadata) {
        co_return core::Error{metadata.error().code, "metadata: " + metadata.error().detail};
    }
    co_return std::move(metadata);
}

core::Task<core::Status> Provider::fetch_metadata(net::HttpClient& http) {
    auto document = co_await fetch_document(http, settings_.issuer);
    if (!document) {
        co_return document.error();
    }
    metadata_ = std::make_shared<oidc::Metadata>(with_configured(std::move(document.value())));
    metadata_at_ = clock_.now();
    co_return core::Done{};
}

core::Task<core::Result<Provider::MetadataPointer>> Provider::metadata_of(net::HttpClient& http,
                                                                          std::string issuer) {
    const auto guard = co_await metadata_lock_.lock();
    if (token_issuer_ && token_issuer_->issuer == issuer) {
        co_return token_issuer_;
    }
    if (token_issuer_ || settings_.type->is_issuer == nullptr || !settings_.type->is_issuer(issuer)) {
        co_return core::Error{core::Code::token_invalid, "the ID token's issuer is none of this provider's"};
    }
    auto document = co_await fetch_document(http, issuer);
    if (!document) {
        co_return document.error();
    }
    if (document->token_endpoint != settings_.token_endpoint) {
        co_return core::Error{core::Code::token_invalid, "the ID token's issuer has another token endpoint"};
    }
    token_issuer_ = std::make_shared<oidc::Metadata>(with_configured(std::move(document.value())));
    co_return token_issuer_;
}

core::Task<core::Result<Provider::KeysPointer>>
Provider::keys(net::HttpClient& http, const std::string& jwks_uri, const jose::Jws& token) {
    const std::uint64_t failures_before = keys_failure_.number;
    const auto guard = co_await keys_lock_.lock();
    const std::int64_t now = clock_.now();
    const bool have_keys = keys_ && keys_uri_ == jwks_uri;
    const bool fresh = have_keys && now - keys_at_ < fresh_for;
    const bool stale_is_usable = have_keys && now - keys_at_ < usable_for;
    const bool known = have_keys && oidc::look_for_key(token, *keys_) == oidc::KeyLookup::found;
    if (known && (fresh || (stale_is_usable && now - keys_tried_at_ < retry_stale_after))) {
        co_return keys_;
    }
    if (keys_failure_.number != failures_before) {
        co_return keys_failure_.error;
    }
    if (fresh && !refetches_.take(now)) {
        co_return keys_; // does not hold the key, so the token is refused
    }
    keys_tried_at_ = now;
    core::Status fetched = co_await fetch_keys(http, jwks_uri);
    if (!fetched) {
        ++keys_failure_.number;
        keys_failure_.error = fetched.error();
        if (!known || !stale_is_usable) {
            co_return keys_failure_.error;
        }
    }
    co_return keys_;
}

core::Task<core::Status> Provider::fetch_keys(net::HttpClient& http, const std::string& jwks_uri) {
    net::HttpRequest request;
    request.url = jwks_uri;
    request.headers = accept("application/jwk-set+json, application/json");
    net::HttpResult response = co_await net::fetch(http, std::move(request));
    if (!response) {
        co_return core::Error{response.error().code, "keys: " + response.error().detail};
    }
    if (response->status != 200) {
        co_return core::Error{core::Code::provider_error, "keys: status " + std::to_string(response->status)};
    }
    auto keys = jose::JwkSet::parse(response->body);
    if (!keys) {
        co_return core::Error{keys.error().code, "keys: " + keys.error().detail};
    }
    keys_ = std::make_shared<jose::JwkSet>(std::move(keys.value()));
    keys_uri_ = jwks_uri;
    keys_at_ = clock_.now();
    co_return core::Done{};
}

} // namespace oauth::flow
