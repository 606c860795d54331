// SPDX-License-Identifier: MIT
// See worker.hpp.
#include "worker.hpp"
#include "../boundary.hpp"
#include "../pool.hpp"

#include "../../flow/stores.hpp"

#include <stdexcept>

namespace oauth::ngx {

namespace {

struct Worker {
    NgxEventLoop loop;
    ngx_event_t wake{};
    core::ReadyQueue ready{[this] {
                               if (!wake.posted) {
                                   ngx_post_event(&wake, &ngx_posted_events);
                               }
                           },
                           [this](core::ReadyQueue::Waiting waiting) {
                               if (waiting == core::ReadyQueue::Waiting::somebody) {
                                   loop.stay();
                               } else {
                                   loop.may_leave();
                               }
                           }};
    std::unique_ptr<net::CurlEngine> engine; // nullptr: libcurl cannot do what is needed
    std::string engine_error;
    std::vector<std::unique_ptr<Runtime>> runtimes; // destroyed first: they hold clients of the engine
};

// One per process, made after fork. A configuration keeps nothing here.
std::unique_ptr<Worker> worker;
Abandonable* abandonables = nullptr;

void run_ready(ngx_event_t*) {
    worker->ready.run();
}

// Lives in a configuration's pool and takes its runtime along.
class RuntimeRelease {
public:
    explicit RuntimeRelease(const Runtime* runtime) : runtime_(runtime) {}
    RuntimeRelease(const RuntimeRelease&) = delete;
    RuntimeRelease& operator=(const RuntimeRelease&) = delete;
    ~RuntimeRelease() {
        if (worker) {
            std::erase_if(worker->runtimes, [this](const auto& each) { return each.get() == runtime_; });
        }
    }

private:
    const Runtime* runtime_;
};

void start_worker() {
    worker = std::make_unique<Worker>();
    worker->wake.handler = guarded<run_ready>;
    worker->wake.log = ngx_cycle->log;
    worker->engine = net::CurlEngine::create(worker->loop, worker->engine_error);
    worker->loop.attach(worker->engine.get());
}

bool is_in_use(const MainConf& main) {
    return main.zone != nullptr;
}

std::uint64_t random_seed() {
    core::SystemRandom random;
    std::uint64_t seed = 0;
    if (!random.fill(&seed, sizeof(seed))) {
        throw std::runtime_error("the random generator failed");
    }
    return seed;
}

constexpr std::size_t session_buckets = 1024; // of four

// The first of its names, for the log.
std::string name_of(const ServerConf& server) {
    for (const ServerName& name : server.compiled->names) {
        if (!name.name.empty()) {
            return name.name;
        }
    }
    return server.base_url.len != 0 ? string(server.base_url) : "-";
}

} // namespace

Abandonable::Abandonable() : next_(abandonables) {
    if (next_ != nullptr) {
        next_->previous_ = this;
    }
    abandonables = this;
}

Abandonable::~Abandonable() {
    (previous_ != nullptr ? previous_->next_ : abandonables) = next_;
    if (next_ != nullptr) {
        next_->previous_ = previous_;
    }
}

Runtime::Runtime(MainConf& main) : ledger_(main.zone), sessions_(random_seed(), session_buckets) {
    for (const auto& entry : main.compiled->providers) {
        flow::Provider::Report report = [name = entry->settings.name](const std::string& text) {
            ngx_log_error(NGX_LOG_WARN, ngx_cycle->log, 0, "oauth: provider \"%s\": %s", name.c_str(),
                          text.c_str());
        };
        providers_.push_back(
            std::make_unique<flow::Provider>(entry->settings, worker->ready, clock_, std::move(report)));
    }
    known_hosts_.resize(main.compiled->servers.size());
    make_sites(main);
}

void Runtime::make_sites(MainConf& main) {
    for (const ServerConf* server : main.compiled->servers) {
        sites_.emplace_back();
        if (!server->in_use) {
            continue;
        }
        try {
            sites_.back() = make_site(main, *server);
        } catch (const std::exception& exception) {
            ngx_log_error(NGX_LOG_CRIT, ngx_cycle->log, 0,
                          "oauth: server \"%s\" cannot sign anybody in, and refuses what it protects: %s",
                          name_of(*server).c_str(), exception.what());
        }
    }
}

std::unique_ptr<flow::Site> Runtime::make_site(const MainConf& main, const ServerConf& server) {
    const ServerConf::Compiled& compiled = *server.compiled;
    if (!worker->engine) {
        throw std::runtime_error(worker->engine_error);
    }
    net::HttpLimits limits = compiled.limits;
    for (const auto& entry : main.compiled->providers) {
        const auto& hosts = entry->settings.plain_http.hosts;
        limits.plain_hosts.insert(limits.plain_hosts.end(), hosts.begin(), hosts.end());
    }
    std::string error;
    auto client = worker->engine->make_client(std::move(limits), error);
    if (!client) {
        throw std::runtime_error("\"oauth_http_trusted_certificate\": " + error);
    }
    std::vector<std::string> secrets = compiled.session_keys;
    if (secrets.empty()) {
        secrets.push_back(zone_session_secret(main.zone));
    }
    auto session_sealer = session::Sealer::create(secrets, "session");
    auto sign_in_sealer = session::Sealer::create(secrets, "login");
    identity::KeyRing ring = compiled.identity_ring;
    if (ring.empty()) {
        auto key = jose::SigningKey::from_der(zone_identity_key(main.zone));
        if (!key) {
            throw std::runtime_error("the zone's identity key cannot be read");
        }
        ring.add(std::move(*key));
    }
    if (!session_sealer || !sign_in_sealer) {
        throw std::runtime_error("the session key cannot be used");
    }
    std::vector<flow::Provider*> providers;
    providers.reserve(providers_.size());
    for (const auto& provider : providers_) {
        providers.push_back(provider.get());
    }
    clients_.push_back(std::move(client));
    auto store = flow::make_store(
        {compiled.options, random_, ledger_, sessions_, *clients_.back(), std::move(*session_sealer)});
    return std::unique_ptr<flow::Site>(
        new flow::Site{compiled.options, clock_, random_, ledger_, *clients_.back(), worker->ready,
                       std::move(providers), std::move(store), std::move(*sign_in_sealer), std::move(ring)});
}

flow::Offer Runtime::offer(const LocationConf& location) const {
    flow::Offer offer;
    for (const std::size_t index : *location.offer) {
        offer.push_back(providers_[index].get());
    }
    return offer;
}

Runtime& make_runtime(MainConf& main) {
    if (!worker) {
        start_worker();
    }
    worker->runtimes.push_back(std::make_unique<Runtime>(main));
    main.runtime = worker->runtimes.back().get();
    pool_make<RuntimeRelease>(ngx_cycle->pool, main.runtime);
    return *main.runtime;
}

ngx_int_t init_worker(ngx_cycle_t* cycle) {
    const bool serves = ngx_process == NGX_PROCESS_WORKER || ngx_process == NGX_PROCESS_SINGLE;
    auto* main =
        static_cast<MainConf*>(ngx_get_conf(cycle->conf_ctx, ngx_http_module) == nullptr
                                   ? nullptr
                                   : ngx_http_cycle_get_module_main_conf(cycle, ngx_http_oauth_module));
    if (!serves || main == nullptr || !is_in_use(*main)) {
        return NGX_OK;
    }
    // A failure here is that of the requests that need it, which try again and are refused: never the
    // worker's, which has other servers to serve.
    try {
        static_cast<void>(runtime_of(*main));
    } catch (const std::exception& exception) {
        ngx_log_error(NGX_LOG_CRIT, cycle->log, 0, "oauth: nobody can sign in: %s", exception.what());
    }
    return NGX_OK;
}

void exit_worker(ngx_cycle_t*) {
    while (abandonables != nullptr) {
        abandonables->abandon();
    }
    if (worker && worker->wake.posted) {
        ngx_delete_posted_event(&worker->wake);
    }
    worker.reset();
}

} // namespace oauth::ngx
