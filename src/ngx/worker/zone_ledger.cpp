// SPDX-License-Identifier: MIT
// See zone.hpp: what workers agree on in the zone.
#include "zone.hpp"
#include "zone_header.hpp"

#include "../../core/crypto.hpp"

#include <cstdint>
#include <string_view>

namespace oauth::ngx {

namespace {

using session::ExpiringSet;

ExpiringSet::Key make_key(std::string_view value) {
    ExpiringSet::Key key{};
    const std::string hash = core::digest(core::Hash::sha256, value);
    ngx_memcpy(key.data(), hash.data(), key.size());
    return key;
}

} // namespace

session::Ledger::Mark ZoneLedger::use_once(std::string_view state, std::int64_t until) {
    const ExpiringSet::Key key = make_key(state);
    const ZoneLock lock(zone_);
    const auto added =
        header_of(zone_)->used_states->add(key, {ngx_time(), until}, ExpiringSet::WhenFull::drop_earliest);
    return added == ExpiringSet::Added::first ? Mark::first : Mark::again;
}

bool ZoneLedger::is_used(std::string_view state) {
    const ExpiringSet::Key key = make_key(state);
    const ZoneLock lock(zone_);
    return header_of(zone_)->used_states->contains(key);
}

session::Ledger::Revocation ZoneLedger::revoke(std::string_view session_id, std::int64_t until) {
    const ExpiringSet::Key key = make_key(session_id);
    const ZoneLock lock(zone_);
    ZoneHeader& header = *header_of(zone_);
    if (header.moved != 0) {
        return Revocation::moved;
    }
    const auto added = header.revoked_sessions->add(key, {ngx_time(), until}, ExpiringSet::WhenFull::refuse);
    if (added == ExpiringSet::Added::full) {
        return Revocation::full;
    }
    static_cast<void>(ngx_atomic_fetch_add(&header.generation, 1));
    return Revocation::done;
}

session::Ledger::Remembered ZoneLedger::remember(std::string_view, std::int64_t) {
    return Remembered::full;
}

session::Ledger::Revocation ZoneLedger::revoke_all(std::string_view, std::int64_t, std::int64_t) {
    return Revocation::full;
}

session::Lease ZoneLedger::lease(const session::Renewal&, std::int64_t) {
    return {};
}

void ZoneLedger::end_renewal(const session::Renewal&, RenewalEnd, std::string_view) {}

void ZoneLedger::saw(const session::Renewal&) {}

bool ZoneLedger::is_revoked(const session::Marks& marks) {
    const ExpiringSet::Key key = make_key(marks.id);
    const ZoneLock lock(zone_);
    return header_of(zone_)->revoked_sessions->contains(key);
}

std::uint64_t ZoneLedger::generation() const noexcept {
    return header_of(zone_)->generation;
}

} // namespace oauth::ngx
