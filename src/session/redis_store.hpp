// SPDX-License-Identifier: MIT
// Sessions in Redis, for all nodes: "oauth_session redis://...". The cookie holds a random handle, sealed, so
// that nothing that others have made is asked for; the record is sealed as well, and bound to its name, so
// that the server can neither read it nor put one in place of another. One round trip for each operation.
// What this worker has seen is taken as it is for oauth_session_cache; sessions that end here are noted in
// the ledger besides, for the other workers of this node.
#pragma once

#include "../core/clock.hpp"
#include "../net/redis_client.hpp"
#include "cookies.hpp"
#include "ledger.hpp"
#include "redis_keys.hpp"
#include "store.hpp"
#include "stored_seals.hpp"

namespace oauth::session {

class RedisStore final : public Store {
public:
    // All references outlive the store.
    struct Parts {
        const CookieSettings& cookie;
        core::Clock& clock;
        core::Random& random;
        Ledger& ledger;
        SessionCache& cache;
        net::RedisClient& redis;
        std::int64_t longest_session = 0; // seconds: so long revocations of many are kept in the ledger
        std::int64_t longest_sign_in = 0; // seconds: so long one can be under way
        std::int64_t idle = 0;            // seconds; 0: none
        std::int64_t reuse = 0;           // milliseconds: oauth_session_cache
    };

    RedisStore(Parts parts, RedisKeys keys, Sealer sealer)
        : parts_(parts), keys_(std::move(keys)),
          seals_(parts.cookie, parts.random, "redis", std::move(sealer)) {}

    std::optional<OpenedSessionPointer> peek(std::string_view cookie, std::string_view base_url) override;
    core::Task<core::Result<Loaded>> load(std::string cookie, std::string base_url) override;
    core::Task<core::Result<std::vector<Loaded>>> load_all(std::vector<std::string> cookies,
                                                           std::string base_url) override;
    core::Task<core::Result<CookieParts>> create(const Session& session, std::string base_url) override;
    void read_id_token(OpenedSession&) override {} // it is in the record
    core::Task<core::Result<Loaded>> touch(OpenedSessionPointer session) override;
    core::Task<core::Result<Replaced>> replace(OpenedSessionPointer before, const Session& next) override;
    core::Task<core::Result<Loaded>> take_over(OpenedSessionPointer before, std::string handover) override;
    core::Task<core::Status> erase(OpenedSessionPointer session) override;
    core::Task<core::Status> erase_all(Whose whose) override;
    std::string reach() const override;
    core::Task<core::Result<bool>> use_once(std::string key, std::int64_t until) override;
    core::Task<core::Result<bool>> is_used(std::string key) override;
    core::Task<core::Result<std::string>> lock(OpenedSessionPointer session,
                                               std::int64_t milliseconds) override;
    core::Task<core::Result<bool>> keep_lock(OpenedSessionPointer session, std::string token,
                                             std::int64_t milliseconds) override;
    core::Task<core::Done> unlock(OpenedSessionPointer session, std::string token) override;
    core::Task<core::Result<std::vector<bool>>>
    which_live(std::vector<OpenedSessionPointer> sessions) override;

private:
    // Where a session is, and which cookie leads there.
    struct Way {
        std::string place;
        std::string cookie;
        std::string base_url;
    };

    std::optional<std::string> place_of(std::string_view cookie, std::string_view base_url);
    core::Task<core::Result<Loaded>> read(Way way);
    core::Task<core::Result<std::vector<Loaded>>> read_all(std::vector<Way> ways);
    OpenedSessionPointer open(const Way& way, std::string_view value, std::int64_t milliseconds_left);
    OpenedSessionPointer remember(OpenedSessionPointer opened, const Way& way);
    std::int64_t used_at(const Session& session, const std::string& place, std::int64_t milliseconds_left);
    core::Result<std::string> value_of(const Session& session, const std::string& place,
                                       std::string_view base_url);
    std::int64_t seconds_left(const Session& session) const;
    void expire(const Session& session, const std::string& place);

    Parts parts_;
    RedisKeys keys_;
    StoredSeals seals_;
};

} // namespace oauth::session
