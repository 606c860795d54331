// SPDX-License-Identifier: MIT
// Names of hosts, looked up by libcurl once for all transfers that need them. libcurl has a thread for each
// lookup, and that thread outlives a transfer that is cancelled or out of time, so lookups are not the
// transfers' own: each is a handle of the engine's that opens no connection, and ends when its thread does.
// What it finds is in libcurl's cache, where the transfers find it without a thread. Private to src/net.
#pragma once

#include <curl/curl.h>

#include <chrono>
#include <cstddef>
#include <list>
#include <map>
#include <memory>
#include <string>
#include <utility>

namespace oauth::net {

// Whose easy handle it is: what libcurl keeps for us with each (CURLOPT_PRIVATE).
struct HandleOwner {
    enum class Kind { transfer, lookup };
    explicit HandleOwner(Kind which) : kind(which) {}
    const Kind kind;
};

struct EasyDeleter {
    void operator()(CURL* easy) const noexcept { curl_easy_cleanup(easy); }
};
using EasyHandle = std::unique_ptr<CURL, EasyDeleter>;

struct SlistDeleter {
    void operator()(curl_slist* list) const noexcept { curl_slist_free_all(list); }
};

// What has to be looked up before a request can be sent.
struct NameToLookUp {
    std::string key;    // the same for requests that need the same
    std::string origin; // of the request's URL
    std::string proxy;
    std::string anew = {}; // "HOST:PORT": whatever is known of it is old; empty: what is known will do
};

constexpr long seconds_in_libcurls_cache = 60; // CURLOPT_DNS_CACHE_TIMEOUT of every handle

class NameLookups {
public:
    using TimePoint = std::chrono::steady_clock::time_point;

    static constexpr std::size_t most_at_once = 16; // and so many threads

    class Lookup : public HandleOwner {
    public:
        Lookup(std::string key, TimePoint begun)
            : HandleOwner(Kind::lookup), key_(std::move(key)), begun_(begun) {}
        bool has_found() const { return found_; }

    private:
        friend class NameLookups;
        static curl_socket_t on_open(void* lookup, curlsocktype type, curl_sockaddr* address) noexcept;
        bool prepare(const NameToLookUp& name);

        std::string key_;
        TimePoint begun_;
        bool found_ = false;
        bool in_multi_ = false;
        std::unique_ptr<curl_slist, SlistDeleter> forgotten_; // what libcurl's cache is to lose
        EasyHandle easy_;
    };

    explicit NameLookups(CURLM* multi) : multi_(multi) {}
    NameLookups(const NameLookups&) = delete;
    NameLookups& operator=(const NameLookups&) = delete;
    ~NameLookups(); // threads that still run are left to end by themselves

    // True if libcurl's cache has the name.
    bool knows(const std::string& key) const;
    // The lookup that is under way, or a new one; nullptr: too many are. Throws std::bad_alloc.
    const Lookup* join(const NameToLookUp& name);
    // After libcurl has ended it.
    void end(const Lookup& ended) noexcept;

private:
    Lookup* find(const std::string& key) noexcept;

    CURLM* multi_;
    std::list<Lookup> lookups_;
    std::map<std::string, TimePoint> known_; // until when
};

} // namespace oauth::net
