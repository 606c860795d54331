// SPDX-License-Identifier: MIT
// Sessions in memory that the workers of one machine share: "oauth_session shared". The cookie holds a random
// handle, sealed like a session, so that nothing that others have made reaches the memory; the record is
// sealed as well, and its key is a hash of the handle: whoever reads the memory learns nothing. Never waits.
#pragma once

#include "cookies.hpp"
#include "ledger.hpp"
#include "shared_records.hpp"
#include "store.hpp"
#include "stored_seals.hpp"

namespace oauth::session {

class SharedStore final : public Store {
public:
    // All references outlive the store.
    struct Parts {
        const CookieSettings& cookie;
        core::Clock& clock;
        core::Random& random;
        Ledger& ledger;
        SessionCache& cache;
        std::int64_t longest_session = 0; // seconds: so long revocations of many are kept
        std::int64_t idle = 0;            // seconds; 0: none
        std::int64_t reuse = 0;           // milliseconds: oauth_session_cache
    };

    SharedStore(Parts parts, SharedRecords records, Sealer sealer)
        : parts_(parts), records_(records), seals_(parts.cookie, parts.random, "handle", std::move(sealer)) {}

    std::optional<OpenedSessionPointer> peek(std::string_view cookie, std::string_view base_url) override;
    core::Task<core::Result<Loaded>> load(std::string cookie, std::string base_url) override;
    core::Task<core::Result<CookieParts>> create(const Session& session, std::string base_url) override;
    void read_id_token(OpenedSession&) override {} // it is in the record
    core::Task<core::Result<Loaded>> touch(OpenedSessionPointer session) override;
    core::Task<core::Result<Replaced>> replace(OpenedSessionPointer before, const Session& next) override;
    core::Task<core::Result<Loaded>> take_over(OpenedSessionPointer before, std::string handover) override;
    core::Task<core::Status> erase(OpenedSessionPointer session) override;
    core::Task<core::Status> erase_all(Whose whose) override;
    core::Task<core::Result<bool>> use_once(std::string key, std::int64_t until) override;
    core::Task<core::Result<bool>> is_used(std::string key) override;
    core::Task<core::Result<std::vector<bool>>>
    which_live(std::vector<OpenedSessionPointer> sessions) override;

private:
    using Key = SharedRecords::Key;

    // Of a cookie that was made here; nullopt: it is none.
    std::optional<Key> key_of(std::string_view cookie, std::string_view base_url);
    OpenedSessionPointer read(const Key& key, std::string_view cookie, std::string_view base_url);
    OpenedSessionPointer renew(const OpenedSessionPointer& known);
    bool is_fresh(const OpenedSession& known) const;
    OpenedSessionPointer look_up(const OpenedSessionPointer* known, std::string_view cookie,
                                 std::string_view base_url);
    OpenedSessionPointer remember(OpenedSessionPointer opened);
    SharedRecords::Fields fields_of(const Session& session) const;
    std::int64_t end_of(const Session& session, std::int64_t used_at) const;
    void keep(const Key& key, const Session& session, const SharedRecords::Fields& fields);

    Parts parts_;
    SharedRecords records_;
    StoredSeals seals_;
};

} // namespace oauth::session
