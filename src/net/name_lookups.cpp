// SPDX-License-Identifier: MIT
// See name_lookups.hpp. A lookup is a transfer that ends when libcurl asks for a socket, because it is given
// none: by then the name has been found.
#include "name_lookups.hpp"

#include "in_libcurl.hpp"

#include <algorithm>
#include <new>
#include <utility>

namespace oauth::net {

namespace {

// Well before libcurl forgets it, so that a transfer that begins now finds it still there.
constexpr std::chrono::seconds known_for(50);
static_assert(known_for.count() < seconds_in_libcurls_cache);

// A lookup without an answer for so long is not waited for any more by those who come then: resolvers give up
// after this time, and one that does not is stuck.
constexpr std::chrono::seconds stuck_after(30);

constexpr long a_day = 24L * 3600 * 1000; // in milliseconds: the resolver's own times end a lookup
constexpr std::size_t most_known = 256;

std::chrono::steady_clock::time_point now() {
    return std::chrono::steady_clock::now();
}

} // namespace

curl_socket_t NameLookups::Lookup::on_open(void* lookup, curlsocktype, curl_sockaddr*) noexcept {
    static_cast<Lookup*>(lookup)->found_ = true;
    return CURL_SOCKET_BAD;
}

bool NameLookups::Lookup::prepare(const NameToLookUp& name) {
    easy_.reset(curl_easy_init());
    if (!easy_) {
        throw std::bad_alloc();
    }
    const auto set = [this](CURLoption option, auto value) {
        return curl_easy_setopt(easy_.get(), option, value) == CURLE_OK;
    };
    if (!name.anew.empty()) {
        forgotten_.reset(curl_slist_append(nullptr, ("-" + name.anew).c_str()));
        if (!forgotten_ || !set(CURLOPT_RESOLVE, forgotten_.get())) {
            throw std::bad_alloc();
        }
    }
    return set(CURLOPT_URL, name.origin.c_str()) && set(CURLOPT_PROXY, name.proxy.c_str()) &&
           set(CURLOPT_NOPROXY, "") && set(CURLOPT_PROTOCOLS_STR, "http,https") &&
           set(CURLOPT_NETRC, static_cast<long>(CURL_NETRC_IGNORED)) && set(CURLOPT_NOSIGNAL, 1L) &&
           set(CURLOPT_QUICK_EXIT, 1L) && set(CURLOPT_CONNECTTIMEOUT_MS, a_day) &&
           set(CURLOPT_DNS_CACHE_TIMEOUT, seconds_in_libcurls_cache) &&
           set(CURLOPT_OPENSOCKETFUNCTION, &Lookup::on_open) &&
           set(CURLOPT_OPENSOCKETDATA, static_cast<void*>(this)) &&
           set(CURLOPT_PRIVATE, static_cast<void*>(static_cast<HandleOwner*>(this)));
}

NameLookups::~NameLookups() {
    for (Lookup& lookup : lookups_) {
        if (lookup.in_multi_) {
            curl_multi_remove_handle(multi_, lookup.easy_.get());
        }
    }
}

bool NameLookups::knows(const std::string& key) const {
    const auto known = known_.find(key);
    return known != known_.end() && known->second > now();
}

// The newest of that name.
NameLookups::Lookup* NameLookups::find(const std::string& key) noexcept {
    const auto found = std::find_if(lookups_.begin(), lookups_.end(),
                                    [&key](const Lookup& lookup) { return lookup.key_ == key; });
    return found == lookups_.end() ? nullptr : &*found;
}

const NameLookups::Lookup* NameLookups::join(const NameToLookUp& name) {
    Lookup* under_way = find(name.key);
    const bool full = lookups_.size() >= most_at_once;
    if (under_way != nullptr && (full || now() - under_way->begun_ < stuck_after)) {
        return under_way;
    }
    if (full) {
        return nullptr;
    }
    Lookup& lookup = lookups_.emplace_front(name.key, now());
    try {
        lookup.in_multi_ =
            lookup.prepare(name) && curl_multi_add_handle(multi_, lookup.easy_.get()) == CURLM_OK;
    } catch (...) {
        lookups_.pop_front();
        throw;
    }
    if (!lookup.in_multi_) {
        lookups_.pop_front();
        throw std::bad_alloc(); // libcurl refuses none of this for another reason
    }
    return &lookup;
}

void NameLookups::end(const Lookup& ended) noexcept {
    const auto place = std::find_if(lookups_.begin(), lookups_.end(),
                                    [&ended](const Lookup& lookup) { return &lookup == &ended; });
    curl_multi_remove_handle(multi_, place->easy_.get());
    if (place->found_) {
        try {
            std::erase_if(known_, [](const auto& known) { return known.second <= now(); });
            if (known_.size() < most_known) {
                known_[place->key_] = now() + known_for;
            }
        } catch (...) {
            known_.erase(place->key_); // no memory: it is looked up again
        }
    }
    lookups_.erase(place);
}

} // namespace oauth::net
