// SPDX-License-Identifier: MIT
// What a worker knows about one provider: its metadata and keys. They are fetched when first needed, by one
// request, while others wait for it. A provider that is down affects only its own sign-ins, and the next one
// asks it again.
#pragma once

#include "../../providers/provider.hpp"
#include "../core/clock.hpp"
#include "../core/task.hpp"
#include "../core/wait.hpp"
#include "../jose/jwk.hpp"
#include "../jose/jws.hpp"
#include "../net/http.hpp"
#include "../oidc/metadata.hpp"

#include <memory>
#include <optional>

namespace oauth::flow {

// Limits how often an unknown key id fetches the keys again: a few times at once (two rotations), then
// rarely.
class TokenBucket {
public:
    TokenBucket(int capacity, std::int64_t refill_seconds)
        : capacity_(capacity), refill_(refill_seconds), tokens_(capacity) {}
    bool take(std::int64_t now);

private:
    int capacity_;
    std::int64_t refill_;
    int tokens_;
    std::int64_t refilled_at_ = 0;
};

class Provider {
public:
    Provider(const providers::Settings& settings, core::ReadyQueue& ready, core::Clock& clock)
        : settings_(settings), fingerprint_(providers::fingerprint(settings)), clock_(clock),
          metadata_lock_(ready), keys_lock_(ready) {}

    const providers::Settings& settings() const { return settings_; }
    const std::string& fingerprint() const { return fingerprint_; }

    using MetadataPointer = std::shared_ptr<const oidc::Metadata>;
    using KeysPointer = std::shared_ptr<const jose::JwkSet>;

    // The endpoints: the configured ones, else the metadata's.
    core::Task<core::Result<MetadataPointer>> metadata(net::HttpClient& http);

    // The metadata of the issuer that an ID token names (IssuerRule::from_token), for providers whose issuer
    // cannot be configured. The issuer must have the form that the type knows, and its document must name the
    // token endpoint that the code was sent to.
    core::Task<core::Result<MetadataPointer>> metadata_of(net::HttpClient& http, std::string issuer);

    // The keys for verifying this token. An unknown key id fetches them again, throttled; the error if that
    // fails.
    core::Task<core::Result<KeysPointer>> keys(net::HttpClient& http, const std::string& jwks_uri,
                                               const jose::Jws& token);

    // The last known metadata, without a fetch: signing out does not wait.
    MetadataPointer known_metadata() const { return metadata_; }

    static constexpr std::int64_t fresh_for = 3600;       // seconds
    static constexpr std::int64_t usable_for = 24 * 3600; // seconds, if the provider does not answer
    static constexpr std::int64_t retry_stale_after = 30;

private:
    bool needs_discovery() const;
    oidc::Metadata with_configured(oidc::Metadata metadata) const;
    core::Task<core::Result<oidc::Metadata>> fetch_document(net::HttpClient& http, std::string issuer);
    core::Task<core::Status> fetch_metadata(net::HttpClient& http);
    core::Task<core::Status> fetch_keys(net::HttpClient& http, const std::string& jwks_uri);

    struct Failure {
        std::uint64_t number = 0;
        core::Error error;
    };

    const providers::Settings& settings_;
    std::string fingerprint_;
    core::Clock& clock_;
    core::AsyncMutex metadata_lock_;
    core::AsyncMutex keys_lock_;
    MetadataPointer metadata_;
    MetadataPointer token_issuer_; // of metadata_of
    KeysPointer keys_;
    std::string keys_uri_;
    std::int64_t metadata_at_ = 0, metadata_tried_at_ = 0, keys_at_ = 0, keys_tried_at_ = 0;
    Failure metadata_failure_, keys_failure_;
    TokenBucket refetches_{5, 10};
};

} // namespace oauth::flow
