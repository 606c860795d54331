// SPDX-License-Identifier: MIT
// What a worker knows of one provider: its metadata and keys, fetched when first needed. The fetches are the
// worker's, visitors only wait for them. A provider that is down concerns its own sign-ins only, and is asked
// again by the next one, as often as refreshed.hpp allows.
#pragma once

#include "../../providers/provider.hpp"
#include "../core/clock.hpp"
#include "../core/crypto.hpp"
#include "../core/task.hpp"
#include "../core/wait.hpp"
#include "../figures/figures.hpp"
#include "../jose/jwk.hpp"
#include "../jose/jws.hpp"
#include "../net/http.hpp"
#include "../oidc/dpop.hpp"
#include "../oidc/metadata.hpp"
#include "refreshed.hpp"
#include "repeats.hpp"
#include "token_bucket.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace oauth::flow {

class Provider {
public:
    // Given what an administrator should read: a sentence.
    using Report = std::function<void(const std::string&)>;

    Provider(const providers::Settings& settings, core::ReadyQueue& ready, core::Clock& clock,
             Report report = nullptr, figures::Figures* figures = nullptr)
        : settings_(settings), fingerprint_(providers::fingerprint(settings)), ready_(ready), clock_(clock),
          report_(std::move(report)), figures_(figures), discovered_(ready, clock) {}

    const providers::Settings& settings() const { return settings_; }
    const std::string& fingerprint() const { return fingerprint_; }

    using MetadataPointer = std::shared_ptr<const oidc::Metadata>;
    using KeysPointer = std::shared_ptr<const jose::JwkSet>;

    // The endpoints: configured ones win over the metadata's. The client outlives this provider: the fetch
    // may outlive the visitor.
    core::Task<core::Result<MetadataPointer>> metadata(net::HttpClient& http);

    // Who has brought a token: the provider itself, when it was asked, or anybody who may post one. What
    // strangers bring has the keys fetched again from an allowance of its own, so that they use up no
    // sign-in's.
    enum class Asker { ourselves, stranger };

    // The metadata of the issuer that an ID token names, where the configuration cannot
    // (IssuerRule::from_token): it has the form that the type knows, and its document names the token
    // endpoint that the code went to.
    core::Task<core::Result<MetadataPointer>> metadata_of(net::HttpClient& http, std::string issuer,
                                                          Asker asker = Asker::ourselves);

    // Keys to verify that token with. If none of them does, they are fetched again, throttled; if that fails,
    // the error.
    core::Task<core::Result<KeysPointer>> keys(net::HttpClient& http, std::string jwks_uri,
                                               const jose::Jws& token, Asker asker = Asker::ourselves);

    // How this client authenticates itself at the provider; nullopt: in no way that both know. They refer to
    // this provider, which outlives them.
    std::optional<oidc::ClientCredentials> credentials(const oidc::Metadata& metadata) const;
    // The same; provider_error says what both know, for an administrator.
    core::Result<oidc::ClientCredentials> explained_credentials(const oidc::Metadata& metadata) const;

    // RFC 9449 5.1. provider_error: it takes no proofs that this client can make, though "dpop on" says so.
    std::optional<core::Error> why_no_proofs(const oidc::Metadata& metadata) const;
    oidc::Nonces& nonces() { return nonces_; } // of its servers, for proofs

    // Does that name the provider, as far as can be told without its tokens? A tenant may stand for any.
    bool may_be_issuer(const oidc::Metadata& metadata, std::string_view issuer) const;

    // Front-channel logouts are not signed: so many of them are taken at once, and one a second.
    bool may_end_by_sid() { return unsigned_logouts_.take(clock_.now()); }

    // null: nothing is counted.
    figures::Figures* figures() const { return figures_; }
    // Begins before a request to it is sent.
    figures::Asking asking(figures::Endpoint endpoint) const { return {figures_, settings_.name, endpoint}; }
    // A sign-in there has ended, with a session or by a failure.
    void count_login(figures::Failure failure = std::nullopt) const noexcept;
    void count_refresh(figures::Refresh how) const noexcept;

    // For the administrator, without secrets: of an event, each time.
    void report(const std::string& sentence) const {
        if (report_) {
            report_(sentence);
        }
    }
    // The same of a fault that many sessions and attempts meet: not each time. Sentences that differ, as by
    // the session they name, may be about one fault.
    void report_fault(const std::string& sentence, std::string_view fault) {
        if (const auto line = faults_.line(sentence, fault, clock_.now())) {
            report(*line);
        }
    }
    void report_fault(const std::string& sentence) { report_fault(sentence, sentence); }
    // It did what it was asked for.
    void works() noexcept { faults_.end(); }

    // True if metadata() has to wait.
    bool has_to_ask() const { return needs_discovery() && !discovered_.usable(); }

    // The metadata as last seen, however old, without asking; nullptr: not known, and has to be fetched.
    MetadataPointer known_metadata();

private:
    // From an address of its own: another address is another object, and who waits for the former keeps it.
    template <class T>
    struct Addressed {
        std::string address;
        std::shared_ptr<Refreshed<T>> value;
    };

    bool needs_discovery() const;
    oidc::MetadataRules metadata_rules(const std::string& asked, const std::string& document) const;
    void report_left_out(const std::vector<std::string>& members);
    oidc::Metadata with_configured(oidc::Metadata metadata) const;
    void report_stale(const core::Error& error);
    void report_secrets(const jose::JwkSet& keys);
    core::Task<core::Result<jose::JwkSet>> fetch_keys(net::HttpClient& http, std::string jwks_uri);
    core::Task<core::Result<jose::JwkSet>> renew_keys(net::HttpClient& http, std::string jwks_uri);
    core::Task<net::HttpResult> ask_oauth_document(net::HttpClient& http, std::string url);
    core::Task<core::Result<oidc::Metadata>> fetch_document(net::HttpClient& http, std::string issuer);
    core::Task<core::Result<oidc::Metadata>> fetch_metadata(net::HttpClient& http);
    core::Task<core::Result<oidc::Metadata>> fetch_metadata_of(net::HttpClient& http, std::string issuer);

    const providers::Settings& settings_;
    std::string fingerprint_;
    core::ReadyQueue& ready_;
    core::Clock& clock_;
    mutable core::SystemRandom random_; // without a state
    oidc::Nonces nonces_;
    Report report_;
    figures::Figures* figures_;
    std::string reported_;         // of what was left out of its metadata
    std::string reported_secrets_; // of its key set
    Repeats faults_;
    TokenBucket refetches_{5, 10};
    TokenBucket refetches_of_strangers_{2, 30};
    TokenBucket unsigned_logouts_{256, 1};
    MetadataPointer configured_; // where nothing has to be asked
    // Destroyed before the rest, which their fetches refer to.
    Refreshed<oidc::Metadata> discovered_;
    Addressed<oidc::Metadata> token_issuer_; // of metadata_of
    Addressed<jose::JwkSet> keys_;
};

} // namespace oauth::flow
