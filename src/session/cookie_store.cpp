// SPDX-License-Identifier: MIT
// See cookie_store.hpp.
#include "cookie_store.hpp"

namespace oauth::session {

namespace {

using core::Code;
using core::Error;

} // namespace

OpenedSessionPointer CookieStore::open(std::string_view cookie, std::string_view base_url) {
    const std::string name = cookie_name(parts_.cookie, base_url);
    const auto record = sealer_.open(binding(name, base_url), cookie);
    auto session = record ? deserialize(*record) : std::nullopt;
    if (!session) {
        return nullptr;
    }
    auto opened = std::make_shared<OpenedSession>();
    opened->session = std::move(*session);
    opened->store = this;
    opened->base_url = base_url;
    opened->cookie = cookie;
    // Never equal to a generation that was read before this moment: the first check always asks.
    opened->revocations_seen = parts_.ledger.generation() - 1;
    return opened;
}

std::optional<OpenedSessionPointer> CookieStore::peek(std::string_view cookie, std::string_view base_url) {
    if (const OpenedSessionPointer* cached = parts_.cache.find(cookie, this, base_url)) {
        return *cached;
    }
    OpenedSessionPointer opened = open(cookie, base_url);
    if (opened) {
        parts_.cache.insert(opened);
    }
    return opened;
}

core::Task<core::Result<Loaded>> CookieStore::load(std::string cookie, std::string base_url) {
    co_return Loaded{peek(cookie, base_url).value_or(nullptr), {}};
}

core::Task<core::Result<CookieParts>> CookieStore::save(const Session& session, std::string base_url) {
    const std::string record = serialize(session);
    if (record.empty()) {
        co_return Error{Code::session_too_large, "the session takes more than 64k"};
    }
    const std::string name = cookie_name(parts_.cookie, base_url);
    const auto sealed = sealer_.seal(parts_.random, binding(name, base_url), record);
    if (!sealed) {
        co_return Error{Code::internal_error, "the session cannot be sealed"};
    }
    auto parts = split_cookie(name, *sealed);
    if (!parts) {
        co_return Error{Code::session_too_large, "the session takes " + std::to_string(sealed->size()) +
                                                     " bytes, more than cookies can carry: use "
                                                     "\"oauth_session shared\""};
    }
    co_return std::move(*parts);
}

core::Task<core::Status> CookieStore::erase(OpenedSessionPointer session) {
    const Session& ended = session->session;
    switch (parts_.ledger.revoke(ended.id, ended.expires_at)) {
    case Ledger::Revocation::done:
        break;
    case Ledger::Revocation::full:
        co_return Error{Code::store_unavailable, "the zone is full: raise oauth_zone"};
    case Ledger::Revocation::moved:
        co_return Error{
            Code::store_unavailable,
            "a reload with another oauth_zone is replacing this worker: the next attempt meets a new one"};
    }
    co_return core::Done{};
}

} // namespace oauth::session
