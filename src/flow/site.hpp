// SPDX-License-Identifier: MIT
// What flows work with: a Site is a server's compiled configuration, immutable and owned by it; a SiteState is a worker's
// means to serve it (keys, client, provider caches), made after fork. Flows hold references to both; both outlive them.
#pragma once

#include "../../providers/provider.hpp"
#include "../core/clock.hpp"
#include "../core/crypto.hpp"
#include "../identity/identity_token.hpp"
#include "../net/http.hpp"
#include "../session/cache.hpp"
#include "../session/cookies.hpp"
#include "../session/ledger.hpp"
#include "../session/sealer.hpp"
#include "provider_state.hpp"

#include <memory>
#include <string>
#include <vector>

namespace oauth::flow {

struct Site {
    std::string path = "/auth/oauth"; // oauth_path
    std::string base_url;             // empty: from the request
    std::string page_title;
    std::string login_page;           // oauth_login_page: a path of this server; empty: the built-in page
    session::CookieSettings cookie;
    std::int64_t session_lifetime = 8 * 3600;
    std::int64_t login_lifetime = 600;
    std::int64_t clock_skew = 60;
    bool keep_tokens = false; // oauth_tokens
    const providers::Needs* needs = nullptr;
};

struct SiteState {
    const Site& site;
    core::Clock& clock;
    core::Random& random;
    session::Ledger& ledger;
    net::HttpClient& http;
    session::SessionCache& sessions;
    std::vector<ProviderState*> providers; // all of the configuration, in its order
    session::Sealer session_sealer;
    session::Sealer login_sealer;
    identity::KeyRing identity_keys;

    ProviderState* find_provider(std::string_view name) const;
};

} // namespace oauth::flow
