// SPDX-License-Identifier: MIT
// See store.hpp. What a store does that no other node shares.
#include "store.hpp"

#include "../core/record.hpp"

namespace oauth::session {

std::string mark_of(const Whose& whose) {
    core::RecordWriter record;
    record.text("whose");
    record.text(whose.provider_fingerprint);
    record.text(whose.subject);
    record.text(whose.sid);
    return std::move(record).finish();
}

Marks marks_of(const Session& session) {
    const core::Text& provider = session.provider_fingerprint;
    const core::Text& subject = session.identity.subject;
    Marks marks{session.id, mark_of({provider, subject, ""}), "", session.begun_at};
    if (!session.sid.empty()) {
        marks.sid = mark_of({provider, "", session.sid});
        marks.subject_and_sid = mark_of({provider, subject, session.sid});
    }
    return marks;
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

core::Result<bool> recorded(Ledger::Remembered remembered) {
    switch (remembered) {
    case Ledger::Remembered::full:
        return recorded(Ledger::Revocation::full).error();
    case Ledger::Remembered::moved:
        return recorded(Ledger::Revocation::moved).error();
    case Ledger::Remembered::again:
        return false;
    case Ledger::Remembered::first:
        break;
    }
    return true;
}

core::Task<core::Result<std::vector<Loaded>>> Store::load_all(std::vector<std::string> cookies,
                                                              std::string base_url) {
    std::vector<Loaded> all;
    all.reserve(cookies.size());
    for (const std::string& cookie : cookies) {
        std::string asked = cookie;
        std::string asked_at = base_url;
        auto loaded = co_await load(std::move(asked), std::move(asked_at));
        if (!loaded) {
            co_return loaded.error();
        }
        all.push_back(std::move(loaded.value()));
    }
    co_return std::move(all);
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
