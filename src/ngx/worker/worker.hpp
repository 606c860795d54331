// SPDX-License-Identifier: MIT
// What a worker process has: one network engine for its whole life, and a Runtime (caches, clients, keys) for
// each configuration, which is destroyed with it. Both are made after fork; the master has neither.
#pragma once

#include "../conf/conf.hpp"
#include "event_loop.hpp"
#include "known_hosts.hpp"
#include "zone.hpp"

#include "../../core/wait.hpp"

#include <memory>
#include <optional>
#include <vector>

namespace oauth::ngx {

class NgxClock final : public core::Clock {
public:
    std::int64_t now() const noexcept override { return ngx_time(); }
};

class Runtime {
public:
    // Throws runtime_error with a sentence if a key or a certificate cannot be used.
    explicit Runtime(MainConf& main);

    flow::Site& site(const ServerConf& server) { return *sites_[server.index]; }
    flow::Offer offer(const LocationConf& location) const;
    KnownHosts& known_hosts(const ServerConf& server) { return known_hosts_[server.index]; }

private:
    std::unique_ptr<flow::Site> make_site(const MainConf& main, const ServerConf& server);

    NgxClock clock_;
    core::SystemRandom random_;
    ZoneLedger ledger_;
    session::SessionCache sessions_;
    std::vector<std::unique_ptr<flow::Provider>> providers_;
    std::vector<std::unique_ptr<net::HttpClient>> clients_;
    std::vector<KnownHosts> known_hosts_; // by ServerConf::index
    std::vector<std::unique_ptr<flow::Site>>
        sites_; // by ServerConf::index; null where the module is not in use
};

// A part of a request that must end before the worker ends.
class Abandonable {
public:
    Abandonable();
    Abandonable(const Abandonable&) = delete;
    Abandonable& operator=(const Abandonable&) = delete;
    virtual ~Abandonable();
    virtual void abandon() noexcept = 0;

private:
    friend void exit_worker(ngx_cycle_t* cycle);
    Abandonable* previous_ = nullptr;
    Abandonable* next_ = nullptr;
};

ngx_int_t init_worker(ngx_cycle_t* cycle);
void exit_worker(ngx_cycle_t* cycle);

// The runtime of the request's configuration; made now in single-process mode after a reload.
Runtime& runtime_of(MainConf& main);

} // namespace oauth::ngx
