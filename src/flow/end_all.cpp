// SPDX-License-Identifier: MIT
// How a provider's word ends sessions in all stores of the configuration. A store that fails, or a zone
// without room, keeps no other from being asked: who is told of the failure comes again, and what has ended
// by then stays so.
#include "ended_elsewhere.hpp"

#include <algorithm>
#include <optional>

namespace oauth::flow {

AllStores::Found find_places(Site& site) {
    AllStores::Found found;
    if (site.all_stores != nullptr) {
        found = site.all_stores->find();
    }
    found.stores.push_back(site.store.get());
    std::vector<std::string> seen;
    std::erase_if(found.stores, [&seen](const session::Store* store) {
        std::string reach = store->reach();
        if (std::find(seen.begin(), seen.end(), reach) != seen.end()) {
            return true;
        }
        seen.push_back(std::move(reach));
        return false;
    });
    std::stable_partition(found.stores.begin(), found.stores.end(),
                          [](const session::Store* store) { return !store->reach().empty(); });
    return found;
}

core::Task<core::Status> end_all(Site& site, session::Whose whose) {
    const AllStores::Found places = find_places(site);
    std::optional<core::Error> failure;
    if (!places.is_whole) {
        failure = {core::Code::store_unavailable, "the sessions of another server cannot be reached yet"};
    }
    // On this node at once, also where another store fails. Whether that matters, those tell that need it.
    static_cast<void>(site.ledger.revoke_all(session::mark_of(whose), site.clock.now_in_milliseconds(),
                                             site.clock.now() + site.options.requirements->longest_session));
    for (session::Store* store : places.stores) {
        const core::Status ended = co_await store->erase_all(whose);
        if (!ended && !failure) {
            failure = ended.error();
        }
    }
    if (failure) {
        co_return std::move(*failure);
    }
    co_return core::Done{};
}

} // namespace oauth::flow
