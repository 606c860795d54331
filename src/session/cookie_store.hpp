// SPDX-License-Identifier: MIT
// Sessions that live in their cookies, sealed: nothing is kept here but what a worker has opened already, and
// the ledger of those that were ended before their time. Never waits.
#pragma once

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
        core::Random& random;
        Ledger& ledger;
        SessionCache& cache;
    };

    CookieStore(Parts parts, Sealer sealer) : parts_(parts), sealer_(std::move(sealer)) {}

    std::optional<OpenedSessionPointer> peek(std::string_view cookie, std::string_view base_url) override;
    core::Task<core::Result<Loaded>> load(std::string cookie, std::string base_url) override;
    core::Task<core::Result<CookieParts>> save(const Session& session, std::string base_url) override;
    core::Task<core::Status> erase(OpenedSessionPointer session) override;

private:
    OpenedSessionPointer open(std::string_view cookie, std::string_view base_url);

    Parts parts_;
    Sealer sealer_;
};

} // namespace oauth::session
