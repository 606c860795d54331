// SPDX-License-Identifier: MIT
// See worker.hpp.
#include "worker.hpp"
#include "timer.hpp"
#include "../boundary.hpp"
#include "../pool.hpp"
#include "../version.hpp"

#include "../../flow/stores.hpp"

#include <algorithm>
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
    WorkerTimer timer{[this] { timers.run(); }};
    core::Timers timers{ready, [] { return static_cast<std::int64_t>(ngx_current_msec); },
                        [this](std::optional<std::int64_t> milliseconds) { timer.set(milliseconds); }};
    flow::Turns turns{flow::TurnLimits::for_connections(ngx_cycle->connection_n)};
    std::unique_ptr<net::CurlEngine> engine;        // nullptr: it could not be made yet
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
}

// Made for the first server that needs it. Where that fails the next one tries again.
net::CurlEngine& engine_of_worker() {
    if (!worker->engine) {
        std::string error;
        worker->engine = net::CurlEngine::create(worker->loop, error);
        if (!worker->engine) {
            throw std::runtime_error(error);
        }
        worker->loop.attach(worker->engine.get());
    }
    return *worker->engine;
}

bool is_in_use(const MainConf& main) {
    return main.zone != nullptr;
}

std::uint64_t random_seed() {
    core::SystemRandom random;
    std::uint64_t seed = 0;
    if (!random.fill(&seed, sizeof(seed))) {
        throw std::bad_alloc(); // what OpenSSL lacks here is memory
    }
    return seed;
}

constexpr std::size_t session_buckets = 1024; // of four
constexpr std::size_t token_buckets = 512;    // likewise: of API clients
constexpr std::size_t refused_buckets = 64;
constexpr std::size_t most_in_background = 1024;

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

session::SharedMemory Runtime::memory() {
    session::SharedMemory memory = zone_memory(main_.zone, zone_mutex_, clock_);
    memory.late_news = &late_news_;
    return memory;
}

Runtime::Runtime(const MainConf& main)
    : main_(main), zone_mutex_(main.zone), late_mutex_(main.late_zone),
      late_news_(late_memory(main.late_zone), late_mutex_),
      figures_(figures_memory(main.figures_zone), ngx_worker, clock_), ledger_(memory()),
      signed_tokens_(memory()), sessions_(random_seed(), session_buckets, &figures_),
      tokens_{{random_seed(), token_buckets}, {random_seed(), refused_buckets}},
      background_(most_in_background, [](const std::exception_ptr& exception) { log_exception(exception); }) {
    for (const auto& entry : main.compiled->providers) {
        flow::Provider::Report report = [name = entry->settings.name](const std::string& text) {
            ngx_log_error(NGX_LOG_WARN, ngx_cycle->log, 0, "oauth: provider \"%s\": %s", name.c_str(),
                          text.c_str());
        };
        providers_.push_back(std::make_unique<flow::Provider>(entry->settings, worker->ready, clock_,
                                                              std::move(report), &figures_));
    }
    known_hosts_.resize(main.compiled->servers.size());
    notices_.resize(main.compiled->servers.size());
    make_sites();
}

figures::Gauges Runtime::gauges() {
    const session::SharedMemory shared = memory();
    const session::SharedUsage usage = session::measure(shared);
    figures::Gauges gauges;
    if (shared.state.sessions != nullptr) {
        gauges.sessions = usage.sessions;
    }
    // Free is what those may take who need it most, and no more than is free at all.
    const auto by_fullest =
        static_cast<std::size_t>(static_cast<double>(main_.zone_size) * (1 - usage.fullest));
    gauges.zone_free = std::min({by_fullest, usage.total - usage.used, main_.zone_size});
    gauges.zone_used = main_.zone_size - gauges.zone_free;
    gauges.version = version;
    gauges.nginx = NGINX_VERSION;
    return gauges;
}

void Runtime::make_sites() {
    sites_.resize(main_.compiled->servers.size());
    attempts_.resize(sites_.size());
    for (const ServerConf* server : main_.compiled->servers) {
        if (server->in_use) {
            try_to_make_site(*server);
        }
    }
}

// The log tells of a failure once, until it is another one or over.
void Runtime::try_to_make_site(const ServerConf& server) {
    Attempt& attempt = attempts_[server.index];
    attempt.at = ngx_time();
    std::string trouble;
    try {
        sites_[server.index] = make_site(server);
    } catch (const std::bad_alloc&) { // of the machine, not of what was configured
        trouble = "no memory";
    } catch (const std::exception& exception) {
        trouble = exception.what();
    }
    if (trouble == attempt.trouble) {
        return;
    }
    if (trouble.empty()) {
        ngx_log_error(NGX_LOG_NOTICE, ngx_cycle->log, 0, "oauth: server \"%s\" can sign people in again",
                      name_of(server).c_str());
    } else {
        ngx_log_error(
            NGX_LOG_CRIT, ngx_cycle->log, 0,
            "oauth: server \"%s\" cannot sign anybody in, refuses what it protects, and tries again: %s",
            name_of(server).c_str(), trouble.c_str());
    }
    attempt.trouble = std::move(trouble);
}

flow::Site* Runtime::site_after_failure(const ServerConf& server) {
    if (server.in_use && attempts_[server.index].at != ngx_time()) { // once a second
        try_to_make_site(server);
    }
    return sites_[server.index].get();
}

net::RedisClient* Runtime::redis_client(const ServerConf::Compiled& server) {
    auto settings = flow::redis_settings(server.options, server.limits.trusted_certificates);
    if (!settings) {
        return nullptr;
    }
    for (const RedisServer& each : redis_) {
        if (each.settings == *settings) {
            return each.client.get();
        }
    }
    net::RedisReport report = [](const std::string& sentence) {
        ngx_log_error(NGX_LOG_WARN, ngx_cycle->log, 0, "oauth: %s", sentence.c_str());
    };
    std::string error;
    auto client = engine_of_worker().make_redis_client(*settings, std::move(report), error);
    if (!client) {
        throw std::runtime_error("\"oauth_http_trusted_certificate\": " + error);
    }
    redis_.push_back({std::move(*settings), std::move(client)});
    return redis_.back().client.get();
}

// Of the session key, and not one of the zone: a session may be checked by another worker, after a restart,
// or on another node, and its token is good with this key alone.
std::shared_ptr<const jose::SigningKey> Runtime::dpop_key(const std::string& session_secret) const {
    const auto& all = main_.compiled->providers;
    if (std::none_of(all.begin(), all.end(), [](const auto& entry) { return entry->settings.dpop; })) {
        return nullptr;
    }
    auto key = jose::SigningKey::derive_es256(session_secret, "DPoP key");
    if (!key) {
        throw std::runtime_error("OpenSSL cannot derive the key for DPoP, for lack of memory most likely");
    }
    return std::make_shared<const jose::SigningKey>(std::move(*key));
}

std::unique_ptr<flow::Site> Runtime::make_site(const ServerConf& server) {
    const ServerConf::Compiled& compiled = *server.compiled;
    net::HttpLimits limits = compiled.limits;
    for (const auto& entry : main_.compiled->providers) {
        const auto& hosts = entry->settings.plain_http.hosts;
        limits.plain_hosts.insert(limits.plain_hosts.end(), hosts.begin(), hosts.end());
    }
    std::string error;
    auto client = engine_of_worker().make_client(std::move(limits), error);
    if (!client) {
        throw std::runtime_error("\"oauth_http_trusted_certificate\": " + error);
    }
    std::vector<std::string> secrets = compiled.session_keys;
    if (secrets.empty()) {
        secrets.push_back(zone_session_secret(main_.zone));
    }
    auto session_sealer = session::Sealer::create(secrets, "session");
    auto sign_in_sealer = session::Sealer::create(secrets, "login");
    auto sign_out_sealer = session::Sealer::create(secrets, "logout");
    identity::KeyRing ring = compiled.identity_ring;
    if (ring.empty()) {
        auto key = jose::SigningKey::from_der(zone_identity_key(main_.zone));
        if (!key) {
            throw std::runtime_error(
                "OpenSSL cannot take the identity key from the zone, for lack of memory most likely");
        }
        ring.add(std::move(*key));
    }
    if (!session_sealer || !sign_in_sealer || !sign_out_sealer) {
        throw std::runtime_error(
            "OpenSSL cannot derive keys from the session key, for lack of memory most likely");
    }
    std::vector<flow::Provider*> providers;
    providers.reserve(providers_.size());
    for (const auto& provider : providers_) {
        providers.push_back(provider.get());
    }
    notices_[server.index].session_seals = session_sealer->marks();
    auto store = flow::make_store({compiled.options, clock_, random_, ledger_, sessions_, memory(), *client,
                                   redis_client(compiled), secrets, std::move(*session_sealer)});
    if (!store) {
        throw std::runtime_error(
            "OpenSSL cannot derive keys from the session key, for lack of memory most likely");
    }
    auto site = std::unique_ptr<flow::Site>(new flow::Site{
        compiled.options, clock_, random_, ledger_, *client, worker->ready, worker->timers, background_,
        worker->turns, std::move(providers), std::move(store), std::move(*sign_in_sealer), std::move(ring),
        std::move(*sign_out_sealer), &signed_tokens_, &all_stores_, &tokens_});
    site->dpop_key = dpop_key(secrets.front());
    clients_.push_back(std::move(client));
    return site;
}

flow::AllStores::Found Runtime::Stores::find() {
    Found found;
    for (const ServerConf* server : runtime_.main_.compiled->servers) {
        if (!server->in_use) {
            continue;
        }
        if (const flow::Site* site = runtime_.site(*server)) {
            found.stores.push_back(site->store.get());
        } else {
            found.is_whole = false;
        }
    }
    return found;
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
    auto runtime = std::make_unique<Runtime>(main);
    pool_make<RuntimeRelease>(ngx_cycle->pool, runtime.get());
    worker->runtimes.push_back(std::move(runtime));
    main.runtime = worker->runtimes.back().get();
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
    } catch (...) {
        log_exception(std::current_exception());
        ngx_log_error(NGX_LOG_CRIT, cycle->log, 0,
                      "oauth: nobody can sign in yet: the first request tries again");
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
