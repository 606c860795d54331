// SPDX-License-Identifier: MIT
// The part of the engine that has a transfer wait until its host's name is known. No waiter is resumed here:
// who cannot go on is refused, and told by the loop.
#include "curl_engine.hpp"
#include "in_libcurl.hpp"

#include <chrono>
#include <utility>

namespace oauth::net {

namespace {

constexpr const char* too_many_lookups =
    "16 names are being looked up already, the most that a worker does at once";
static_assert(NameLookups::most_at_once == 16);

} // namespace

void CurlMultiEngine::begin(Entry& entry) {
    const auto name = entry.transfer.name_to_look_up();
    if (name && (!name->anew.empty() || !lookups_->knows(name->key))) {
        wait_for_name(entry, *name);
    } else {
        add_to_multi(entry);
    }
}

void CurlMultiEngine::wait_for_name(Entry& entry, const NameToLookUp& name) {
    const InLibcurl in_libcurl;
    const NameLookups::Lookup* lookup = lookups_->join(name);
    if (lookup == nullptr) {
        refuse(entry, too_many_lookups);
        return;
    }
    entry.begun = std::chrono::steady_clock::now();
    entry.due = entry.begun + entry.transfer.connect_timeout();
    waiting_for_names_.emplace(entry.due, &entry);
    entry.lookup = lookup;
}

void CurlMultiEngine::stop_waiting_for_name(Entry& entry) noexcept {
    if (std::exchange(entry.lookup, nullptr) != nullptr) {
        waiting_for_names_.erase({entry.due, &entry});
    }
}

// Nobody is resumed here. Who waited goes on, or is refused.
void CurlMultiEngine::end_lookup(const NameLookups::Lookup& lookup, CURLcode code) noexcept {
    const TimePoint now = std::chrono::steady_clock::now();
    for (Entry& entry : entries_) {
        if (entry.lookup != &lookup) {
            continue;
        }
        stop_waiting_for_name(entry);
        if (lookup.has_found()) {
            entry.transfer.take_from_its_time(
                std::chrono::duration_cast<std::chrono::milliseconds>(now - entry.begun));
            add_to_multi(entry);
        } else {
            refuse(entry, code, Failure::Stage::name);
        }
    }
    const InLibcurl in_libcurl;
    lookups_->end(lookup);
}

// The time of who waits for a name; the lookup goes on.
void CurlMultiEngine::expire_waiting() noexcept {
    const TimePoint now = std::chrono::steady_clock::now();
    while (!waiting_for_names_.empty() && waiting_for_names_.begin()->first <= now) {
        Entry& entry = *waiting_for_names_.begin()->second;
        stop_waiting_for_name(entry);
        refuse(entry, CURLE_OPERATION_TIMEDOUT, Failure::Stage::name);
    }
}

} // namespace oauth::net
