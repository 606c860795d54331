// SPDX-License-Identifier: MIT
// See stores.hpp.
#include "stores.hpp"

#include "../session/cookie_store.hpp"

namespace oauth::flow {

std::unique_ptr<session::Store> make_store(StoreMeans means) {
    const session::CookieStore::Parts parts{
        means.options.cookie, means.clock, means.random,
        means.ledger,         means.cache, means.options.requirements->longest_session};
    return std::make_unique<session::CookieStore>(parts, std::move(means.sealer));
}

} // namespace oauth::flow
