// SPDX-License-Identifier: MIT
// Sessions that live in their cookies, sealed: nothing is kept here but what a worker has opened already, and
// the ledger of those that were ended before their time. Never waits. A cookie is SESSION or
// SESSION.ID_TOKEN, each sealed: the ID token is opened only where it is read, but the session is bound to
// what stands there, so that a cookie opens only as it was written.
#pragma once

#include "../core/clock.hpp"
#include "cookies.hpp"
#include "ledger.hpp"
#include "sealer.hpp"
#include "store.hpp"

namespace oauth::session {

class CookieStore final : public Store {
public:
    // All references outlive the store.
    struct Parts {
        const CookieSettings& cookie;
        core::Clock& clock;
        core::Random& random;
        Ledger& ledger;
        SessionCache& cache;
        std::int64_t longest_session = 0; // seconds: so long revocations of many are kept
    };

    CookieStore(Parts parts, Sealer sealer) : parts_(parts), sealer_(std::move(sealer)) {}

    std::optional<OpenedSessionPointer> peek(std::string_view cookie, std::string_view base_url) override;
    core::Task<core::Result<Loaded>> load(std::string cookie, std::string base_url) override;
    core::Task<core::Result<CookieParts>> create(const Session& session, std::string base_url) override;
    void read_id_token(OpenedSession& session) override;
    core::Task<core::Result<Loaded>> touch(OpenedSessionPointer session) override;
    core::Task<core::Result<Replaced>> replace(OpenedSessionPointer before, const Session& next) override;
    core::Task<core::Result<Loaded>> take_over(OpenedSessionPointer before, std::string handover) override;
    std::vector<std::string> cookies_of(const OpenedSession& before, const std::string& handover) override;
    core::Task<core::Status> erase(OpenedSessionPointer session) override;
    core::Task<core::Status> erase_all(Whose whose) override;
    core::Task<core::Result<bool>> use_once(std::string key, std::int64_t until) override;
    core::Task<core::Result<bool>> is_used(std::string key) override;

private:
    OpenedSessionPointer open(std::string_view cookie, std::string_view base_url);
    OpenedSessionPointer open_and_remember(std::string_view cookie, std::string_view base_url);
    OpenedSessionPointer find(std::string_view cookie, std::string_view base_url);
    core::Result<std::string> seal(Session session, const std::string& name, std::string_view base_url);
    // The same session by another value of its cookie; no session and no cookies where that is none of it.
    core::Result<Loaded> change(const OpenedSession& before, const std::string& sealed);

    Parts parts_;
    Sealer sealer_;
};

} // namespace oauth::session
