// SPDX-License-Identifier: MIT
// See store.hpp. What a store does that no other node shares.
#include "store.hpp"

#include "../core/record.hpp"

namespace oauth::session {

namespace {

std::string mark(std::string_view kind, std::string_view provider_fingerprint, std::string_view value) {
    core::RecordWriter record;
    record.text(kind);
    record.text(provider_fingerprint);
    record.text(value);
    return std::move(record).finish();
}

} // namespace

std::string subject_mark(std::string_view provider_fingerprint, std::string_view subject) {
    return mark("sub", provider_fingerprint, subject);
}

std::string sid_mark(std::string_view provider_fingerprint, std::string_view sid) {
    return mark("sid", provider_fingerprint, sid);
}

Marks marks_of(const Session& session) {
    const std::string& provider = session.provider_fingerprint;
    return {session.id, subject_mark(provider, session.identity.subject),
            session.sid.empty() ? "" : sid_mark(provider, session.sid), session.begun_at};
}

Renewal renewal_of(const Session& session) {
    return {session.id, session.epoch, session.expires_at};
}

core::Status recorded(Ledger::Revocation revocation) {
    switch (revocation) {
    case Ledger::Revocation::full:
        return core::Error{core::Code::store_unavailable, "the zone is full: raise oauth_zone"};
    case Ledger::Revocation::moved:
        return core::Error{
            core::Code::store_unavailable,
            "a reload with another oauth_zone is replacing this worker: the next attempt meets a new one"};
    case Ledger::Revocation::done:
        break;
    }
    return core::Done{};
}

core::Task<core::Result<std::string>> Store::lock(OpenedSessionPointer, std::int64_t) {
    co_return std::string("-");
}

core::Task<core::Result<bool>> Store::keep_lock(OpenedSessionPointer, std::string, std::int64_t) {
    co_return true;
}

core::Task<core::Done> Store::unlock(OpenedSessionPointer, std::string) {
    co_return core::Done{};
}

core::Task<core::Result<std::vector<bool>>> Store::which_live(std::vector<OpenedSessionPointer> sessions) {
    co_return std::vector<bool>(sessions.size(), true);
}

} // namespace oauth::session
