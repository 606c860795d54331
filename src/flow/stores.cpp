// SPDX-License-Identifier: MIT
// See stores.hpp.
#include "stores.hpp"

#include "../session/cookie_store.hpp"
#include "../session/redis_store.hpp"
#include "../session/shared_store.hpp"

#include <utility>

namespace oauth::flow {

namespace {

using session::StoreSettings;

std::unique_ptr<session::Store> make_redis_store(StoreMeans means) {
    const SiteOptions& options = means.options;
    auto keys = session::RedisKeys::create(options.store.prefix, means.secrets);
    if (!keys || means.redis == nullptr) {
        return nullptr;
    }
    const session::RedisStore::Parts parts{options.cookie,
                                           means.clock,
                                           means.random,
                                           means.ledger,
                                           means.cache,
                                           *means.redis,
                                           options.requirements->longest_session,
                                           options.requirements->longest_sign_in,
                                           options.session_idle,
                                           options.store_cache.count()};
    return std::make_unique<session::RedisStore>(parts, std::move(*keys), std::move(means.sealer));
}

} // namespace

std::optional<net::RedisSettings> redis_settings(const SiteOptions& options,
                                                 const std::string& trusted_certificates) {
    using Transport = net::RedisSettings::Transport;
    const StoreSettings& store = options.store;
    if (store.kind != StoreSettings::Kind::redis) {
        return std::nullopt;
    }
    net::RedisSettings settings;
    settings.transport = !store.unix_path.empty() ? Transport::unix_socket
                         : store.tls              ? Transport::tls
                                                  : Transport::tcp;
    settings.host = store.host;
    settings.port = static_cast<std::uint16_t>(store.port);
    settings.path = store.unix_path;
    settings.database = store.database;
    settings.user = store.user;
    settings.password = store.password;
    settings.timeout = options.store_timeout;
    settings.trusted_certificates = trusted_certificates;
    return settings;
}

std::unique_ptr<session::Store> make_store(StoreMeans means) {
    if (means.options.store.kind == StoreSettings::Kind::redis) {
        return make_redis_store(std::move(means));
    }
    const SiteOptions& options = means.options;
    const std::int64_t longest = options.requirements->longest_session;
    if (options.store.kind == session::StoreSettings::Kind::shared) {
        const session::SharedStore::Parts parts{
            options.cookie, means.clock, means.random,         means.ledger,
            means.cache,    longest,     options.session_idle, options.store_cache.count()};
        return std::make_unique<session::SharedStore>(parts, session::SharedRecords(means.memory),
                                                      std::move(means.sealer));
    }
    const session::CookieStore::Parts parts{options.cookie, means.clock, means.random,
                                            means.ledger,   means.cache, longest};
    return std::make_unique<session::CookieStore>(parts, std::move(means.sealer));
}

} // namespace oauth::flow
