// SPDX-License-Identifier: MIT
// The stores that sessions can be kept in. A new one is a class behind session/store.hpp, and a line here.
#pragma once

#include "../session/cache.hpp"
#include "../session/ledger.hpp"
#include "../session/sealer.hpp"
#include "../session/store.hpp"
#include "site.hpp"

#include <memory>

namespace oauth::flow {

// What a store is made of; all but the sealer outlive it.
struct StoreMeans {
    const SiteOptions& options;
    core::Clock& clock;
    core::Random& random;
    session::Ledger& ledger;
    session::SessionCache& cache;
    net::HttpClient& http;
    session::Sealer sealer;
};

std::unique_ptr<session::Store> make_store(StoreMeans means);

} // namespace oauth::flow
