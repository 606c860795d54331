// SPDX-License-Identifier: MIT
// See late_news.hpp. A record says of which kind it is; its key is the session's own, or its renewal's.
#include "late_news.hpp"

#include "shared_records.hpp"

#include <cstring>
#include <string>

namespace oauth::session {

namespace {

constexpr std::uint32_t of_renewal = 1;
constexpr std::uint32_t of_session = 2;
constexpr unsigned taken_at_once = 16; // so that nobody holds the lock for long

using Lock = std::lock_guard<SharedMutex>;

void take_end(SharedState& state, const RecordTable::Key& key, const RecordTable::Found& found,
              const core::Clock& clock) {
    Renewals::Keys keys{key, {}};
    if (found.bytes.size() < keys.handover.size()) {
        return;
    }
    std::memcpy(keys.handover.data(), found.bytes.data(), keys.handover.size());
    const Renewal renewal{"", found.fields.epoch, found.fields.until};
    renewals_of(state, clock)
        .end(keys, renewal, static_cast<Ledger::RenewalEnd>(found.fields.numbers[1]),
             std::string_view(found.bytes).substr(keys.handover.size()));
}

// Without room for what its refresh token was redeemed for it ends: it could never be renewed.
void take_session(SharedState& state, const RecordTable::Key& key, const RecordTable::Found& found,
                  const core::Clock& clock) {
    RecordTable::Fields fields = found.fields;
    fields.numbers = {};
    if (state.sessions != nullptr && SharedRecords::replace_in(*state.sessions, key, fields, found.bytes,
                                                               clock.now()) == SharedRecords::Put::full) {
        state.sessions->erase(key);
        state.generation.fetch_add(1);
    }
}

} // namespace

bool LateNews::tell(const RecordTable::Key& key, const RecordTable::Fields& fields, std::string_view bytes) {
    const Lock lock(mutex_);
    RecordTable& table = *memory_.table;
    memory_.count.fetch_add(1); // before: whoever is killed here leaves one too many
    table.erase(key);
    const bool is_told = table.insert(key, fields, bytes, 0) == RecordTable::Put::done;
    memory_.count.store(static_cast<std::uint32_t>(table.used().records));
    return is_told;
}

bool LateNews::tell_end(const Renewals::Keys& keys, const Renewal& renewal, Ledger::RenewalEnd end,
                        std::string_view handover) {
    std::string bytes(keys.handover.begin(), keys.handover.end());
    bytes += handover;
    return tell(keys.state,
                {renewal.ends_at, renewal.epoch, 0, {of_renewal, static_cast<std::uint32_t>(end)}}, bytes);
}

bool LateNews::tell_session(const RecordTable::Key& key, const RecordTable::Fields& fields,
                            std::string_view sealed) {
    RecordTable::Fields told = fields;
    told.numbers = {of_session, 0};
    return tell(key, told, sealed);
}

void LateNews::take_into(SharedState& state, const core::Clock& clock) {
    const Lock lock(mutex_);
    RecordTable& table = *memory_.table;
    for (unsigned i = 0; i < taken_at_once; ++i) {
        const auto key = table.earliest();
        const auto found = key ? table.read(*key, 0) : std::nullopt;
        if (!found) {
            break;
        }
        if (found->fields.numbers[0] == of_session) {
            take_session(state, *key, *found, clock);
        } else {
            take_end(state, *key, *found, clock);
        }
        table.erase(*key);
    }
    memory_.count.store(static_cast<std::uint32_t>(table.used().records));
}

} // namespace oauth::session
