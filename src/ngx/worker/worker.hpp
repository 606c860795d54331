// SPDX-License-Identifier: MIT
// What a worker process has: one network engine for its whole life, and a Runtime (caches, clients, keys) for
// each configuration, which is destroyed with it. Both are made after fork; the master has neither.
#pragma once

#include "../conf/conf.hpp"
#include "event_loop.hpp"
#include "known_hosts.hpp"
#include "notices.hpp"
#include "zone.hpp"

#include "../../session/shared_ledger.hpp"

#include "../../core/wait.hpp"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace oauth::ngx {

class NgxClock final : public core::Clock {
public:
    std::int64_t now() const noexcept override { return ngx_time(); }
    std::int64_t now_in_milliseconds() const noexcept override {
        const ngx_time_t* time = ngx_timeofday();
        return static_cast<std::int64_t>(time->sec) * 1000 + static_cast<std::int64_t>(time->msec);
    }
    std::int64_t steady_milliseconds() const noexcept override {
        return static_cast<std::int64_t>(ngx_current_msec);
    }
};

class Runtime {
public:
    // A server that something is missing for gets no site, a log line that says why, and another attempt with
    // its next request.
    explicit Runtime(const MainConf& main);

    // nullptr: it cannot be made at the moment. Whatever that server protects is to be refused.
    flow::Site* site(const ServerConf& server) {
        flow::Site* site = sites_[server.index].get();
        return site != nullptr ? site : site_after_failure(server);
    }
    flow::Offer offer(const LocationConf& location) const;
    figures::Figures& figures() { return figures_; }
    // For who asks for the figures.
    figures::Gauges gauges();
    KnownHosts& known_hosts(const ServerConf& server) { return known_hosts_[server.index]; }
    Notices& notices(const ServerConf& server) { return notices_[server.index]; }

private:
    struct Attempt {
        time_t at = 0;
        std::string trouble; // empty: none
    };

    // A connection to a Redis server, for all servers that name it in the same way.
    struct RedisServer {
        net::RedisSettings settings;
        std::unique_ptr<net::RedisClient> client;
    };

    session::SharedMemory memory();
    class Stores final : public flow::AllStores {
    public:
        explicit Stores(Runtime& runtime) : runtime_(runtime) {}
        Found find() override;

    private:
        Runtime& runtime_;
    };

    void make_sites();
    net::RedisClient* redis_client(const ServerConf::Compiled& server);
    void try_to_make_site(const ServerConf& server);
    std::shared_ptr<const jose::SigningKey> dpop_key(const std::string& session_secret) const;
    std::unique_ptr<flow::Site> make_site(const ServerConf& server);
    flow::Site* site_after_failure(const ServerConf& server);

    const MainConf& main_;
    NgxClock clock_;
    core::SystemRandom random_;
    ZoneMutex zone_mutex_;
    ZoneMutex late_mutex_;
    session::LateNews late_news_;
    figures::Figures figures_;
    session::SharedLedger ledger_;
    session::SignedTokens signed_tokens_;
    session::SessionCache sessions_;
    flow::TokenMemory tokens_;
    std::vector<std::unique_ptr<net::HttpClient>> clients_; // outlive the fetches of providers
    std::vector<RedisServer> redis_;
    std::vector<std::unique_ptr<flow::Provider>> providers_;
    std::vector<KnownHosts> known_hosts_; // by ServerConf::index
    std::vector<Notices> notices_;        // likewise
    // By ServerConf::index; null where the module is not in use, or the site could not be made.
    std::vector<std::unique_ptr<flow::Site>> sites_;
    std::vector<Attempt> attempts_;
    Stores all_stores_{*this};
    flow::Background background_; // destroyed first: its flows refer to the rest
};

// A part of a request that must end before the worker ends.
class Abandonable {
public:
    Abandonable();
    Abandonable(const Abandonable&) = delete;
    Abandonable& operator=(const Abandonable&) = delete;
    virtual ~Abandonable();
    virtual void abandon() noexcept = 0; // destroys it

private:
    friend void exit_worker(ngx_cycle_t* cycle);
    Abandonable* previous_ = nullptr;
    Abandonable* next_ = nullptr;
};

ngx_int_t init_worker(ngx_cycle_t* cycle);
void exit_worker(ngx_cycle_t* cycle);

// The runtime of the request's configuration; made when the worker started, or, in single-process mode, by
// the first request after a reload.
Runtime& make_runtime(MainConf& main);
inline Runtime& runtime_of(MainConf& main) {
    return main.runtime != nullptr ? *main.runtime : make_runtime(main);
}

} // namespace oauth::ngx
