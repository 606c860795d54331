// SPDX-License-Identifier: MIT
// The stores that sessions can be kept in. A new one is a class behind session/store.hpp, and a line here.
#pragma once

#include "../net/redis_client.hpp"
#include "../session/cache.hpp"
#include "../session/ledger.hpp"
#include "../session/sealer.hpp"
#include "../session/shared_state.hpp"
#include "../session/store.hpp"
#include "site.hpp"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace oauth::flow {

// What a store is made of; all but the sealer outlive it.
struct StoreMeans {
    const SiteOptions& options;
    core::Clock& clock;
    core::Random& random;
    session::Ledger& ledger;
    session::SessionCache& cache;
    session::SharedMemory memory; // of this machine's workers
    net::HttpClient& http;
    net::RedisClient* redis;                 // of the server that the options name; null: they name none
    const std::vector<std::string>& secrets; // that sessions are sealed with
    session::Sealer sealer;
};

// What a client of the server's Redis is made with; nullopt: its sessions are not kept there.
std::optional<net::RedisSettings> redis_settings(const SiteOptions& options,
                                                 const std::string& trusted_certificates);

// Null: OpenSSL fails.

std::unique_ptr<session::Store> make_store(StoreMeans means);

} // namespace oauth::flow
