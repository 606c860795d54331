// SPDX-License-Identifier: MIT
// Base URLs that requests of a server have been found to have, so that names, addresses and ports are
// compared once for each and not once a request.
#pragma once

#include "../ngx.hpp"

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace oauth::ngx {

struct KnownHost {
    std::string authority;                      // as clients send it, with its port
    const ngx_listening_t* listening = nullptr; // where the connection was accepted: its port counts
    bool https = false;
    std::string
        local_address;       // the connection's, as bytes; empty where the host is one of the server's names
    bool open_ended = false; // a visitor could send any number of others like it
    std::string base_url;
};

// Bounded, and nothing is forgotten: requests hold views into it.
class KnownHosts {
public:
    // The one that `fits(const KnownHost&)`; nullptr: none. The last one found is asked first.
    template <class Fits>
    const KnownHost* find(Fits fits) {
        for (auto& known : known_) {
            if (fits(*known)) {
                if (&known != &known_.front()) {
                    std::swap(known, known_.front());
                }
                return known_.front().get();
            }
        }
        return nullptr;
    }

    // The one that was found last, if that was for the same connection: what is true of a connection need not
    // be compared again. nullptr: another connection.
    const KnownHost* last_of(ngx_atomic_uint_t connection) const {
        return connection == connection_ && !known_.empty() ? known_.front().get() : nullptr;
    }
    void found_for(ngx_atomic_uint_t connection) { connection_ = connection; }

    // A view that lives as long as the worker's configuration; empty: there is no room for it.
    std::string_view add(KnownHost found) {
        if (known_.size() >= (found.open_ended ? max_open_ended : max_known)) {
            return {};
        }
        known_.push_back(std::make_unique<KnownHost>(std::move(found)));
        return known_.back()->base_url;
    }

    bool told_of_https = false; // the log knows that a proxy in front says https where the base URL is http

private:
    // Names under a wildcard, ports and upper case are a visitor's choice: what comes after those finds room.
    static constexpr std::size_t max_open_ended = 16;
    static constexpr std::size_t max_known = 64;

    std::vector<std::unique_ptr<KnownHost>> known_;
    ngx_atomic_uint_t connection_ = 0; // number of the one that the first was found for; 0: none
};

} // namespace oauth::ngx
