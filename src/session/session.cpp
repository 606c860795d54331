// SPDX-License-Identifier: MIT
// See session.hpp. The record is sealed into a cookie or kept in a store, so it must be small: one number
// tells which of the optional facts follow. Anything that is not exactly such a record is refused.
#include "session.hpp"

#include "../core/bytes.hpp"
#include "../core/crypto.hpp"
#include "../core/record.hpp"
#include "facts.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <iterator>

namespace oauth::session {

namespace {

constexpr std::uint64_t record_version = 4;
constexpr std::size_t max_record_size = 64 * 1024;

constexpr std::uint64_t bit(std::size_t index) {
    return std::uint64_t{1} << index;
}

// A session that is not known costs what it takes to read its record: the table is sorted beforehand.
template <bool IsKnown>
constexpr std::size_t count_rows() {
    return static_cast<std::size_t>(std::count_if(std::begin(facts), std::end(facts), [](const FactRow& row) {
        return is_always_known(row) == IsKnown;
    }));
}

template <bool IsKnown>
constexpr auto rows_of() {
    std::array<const FactRow*, count_rows<IsKnown>()> rows{};
    auto place = rows.begin();
    for (const FactRow& row : facts) {
        if (is_always_known(row) == IsKnown) {
            *place++ = &row;
        }
    }
    return rows;
}

constexpr auto known_facts = rows_of<true>();
// Bit n of a number is the n-th of them, and those that are there follow in this order; the number comes
// first, and before them what every session has.
constexpr auto optional_facts = rows_of<false>();

std::uint64_t present_facts(const Identity& identity) {
    std::uint64_t present = 0;
    for (std::size_t i = 0; i < optional_facts.size(); ++i) {
        const FactRow& row = *optional_facts[i];
        const auto* flag = std::get_if<Flag>(&row.member);
        const bool is_set = flag != nullptr && identity.*flag->value;
        const bool is_there = text_of(identity, row) != nullptr || list_of(identity, row) != nullptr;
        present |= is_set || is_there ? bit(i) : 0;
    }
    return present;
}

void write_identity(core::RecordWriter& record, const Identity& identity) {
    record.number(present_facts(identity));
    for (const FactRow* row : known_facts) {
        record.text(*text_of(identity, *row));
    }
    for (const FactRow* row : optional_facts) {
        if (const core::Text* text = text_of(identity, *row)) {
            record.text(*text);
        }
        if (const Strings* list = list_of(identity, *row)) {
            record.number(list->size());
            for (const std::string& element : *list) {
                record.text(element);
            }
        }
    }
    record.number(identity.claims.size());
    for (const auto& [path, json] : identity.claims) {
        record.text(path);
        record.text(json);
    }
}

// Lists grow with what is read: the count alone reserves no more than this.
constexpr std::uint64_t max_reserved = 8;

Strings read_list(core::RecordReader& record) {
    Strings list;
    const std::uint64_t count = record.number();
    list.reserve(std::min(count, max_reserved));
    for (std::uint64_t i = 0; i < count && !record.failed(); ++i) {
        list.emplace_back(record.text());
    }
    return list;
}

void read_claims(core::RecordReader& record, Identity& identity) {
    const std::uint64_t count = record.number();
    for (std::uint64_t i = 0; i < count && !record.failed(); ++i) {
        std::string path(record.text());
        std::string json(record.text());
        identity.claims.emplace_back(std::move(path), std::move(json));
    }
}

void read_fact(core::RecordReader& record, const FactRow& row, Identity& identity) {
    if (const auto* text = std::get_if<OneText>(&row.member)) {
        (identity.**text).emplace().borrow(record.text());
    } else if (const auto* list = std::get_if<List>(&row.member)) {
        identity.** list = read_list(record);
    } else if (const auto* flag = std::get_if<Flag>(&row.member)) {
        identity.*flag->value = true;
    }
}

// False if a fact is marked present that this version does not know.
bool read_identity(core::RecordReader& record, Identity& identity) {
    const std::uint64_t present = record.number();
    if (present >= bit(optional_facts.size())) {
        return false;
    }
    for (const FactRow* row : known_facts) {
        (identity.*std::get<KnownText>(row->member)).borrow(record.text());
    }
    for (std::uint64_t rest = present; rest != 0; rest &= rest - 1) {
        read_fact(record, *optional_facts[static_cast<std::size_t>(std::countr_zero(rest))], identity);
    }
    read_claims(record, identity);
    return true;
}

// What most sessions lack: bit n tells that the n-th text follows.
constexpr core::Text Session::* kept_texts[] = {&Session::sid, &Session::id_token, &Session::access_token,
                                                &Session::refresh_token, &Session::nonce};
constexpr unsigned scope_bit = std::size(kept_texts);
constexpr unsigned cut_groups_bit = scope_bit + 1;
constexpr unsigned auth_time_bit = cut_groups_bit + 1;

void write_kept(core::RecordWriter& record, const Session& session) {
    std::uint64_t kept = session.scope ? bit(scope_bit) : 0;
    kept |= session.groups_are_cut ? bit(cut_groups_bit) : 0;
    kept |= session.auth_time_is_told ? bit(auth_time_bit) : 0;
    for (unsigned i = 0; i < std::size(kept_texts); ++i) {
        kept |= (session.*kept_texts[i]).empty() ? 0 : bit(i);
    }
    record.number(kept);
    for (const auto member : kept_texts) {
        if (!(session.*member).empty()) {
            record.text(session.*member);
        }
    }
    if (session.scope) {
        record.text(*session.scope);
    }
    if (!session.access_token.empty()) {
        record.number(static_cast<std::uint64_t>(session.access_expires_at));
    }
}

// False if something is marked that this version does not know.
bool read_kept(core::RecordReader& record, Session& session) {
    const std::uint64_t kept = record.number();
    for (unsigned i = 0; i < std::size(kept_texts); ++i) {
        if ((kept & bit(i)) != 0) {
            (session.*kept_texts[i]).borrow(record.text());
        }
    }
    if ((kept & bit(scope_bit)) != 0) {
        session.scope.emplace().borrow(record.text());
    }
    if (!session.access_token.empty()) {
        session.access_expires_at = static_cast<std::int64_t>(record.number());
    }
    session.groups_are_cut = (kept & bit(cut_groups_bit)) != 0;
    session.auth_time_is_told = (kept & bit(auth_time_bit)) != 0;
    return kept < bit(auth_time_bit + 1);
}

} // namespace

const std::string* Identity::find_claim(std::string_view path) const {
    for (const auto& [name, json] : claims) {
        if (name == path) {
            return &json;
        }
    }
    return nullptr;
}

std::string serialize(const Session& session) {
    core::RecordWriter record;
    record.number(record_version);
    record.text(session.id);
    record.number(session.epoch);
    record.number(static_cast<std::uint64_t>(session.begun_at));
    record.number(static_cast<std::uint64_t>(session.made_at));
    record.number(static_cast<std::uint64_t>(session.signed_in_at));
    record.number(static_cast<std::uint64_t>(session.used_at));
    record.number(static_cast<std::uint64_t>(session.checked_at));
    record.number(static_cast<std::uint64_t>(session.expires_at));
    record.text(session.provider_fingerprint);
    record.text(session.made_for);
    write_identity(record, session.identity);
    write_kept(record, session);
    std::string bytes = std::move(record).finish();
    return bytes.size() <= max_record_size ? bytes : std::string();
}

bool deserialize(std::string_view bytes, Session& session) {
    core::RecordReader record(bytes);
    if (bytes.size() > max_record_size || record.number() != record_version) {
        return false;
    }
    session.id.borrow(record.text());
    session.epoch = record.number();
    session.begun_at = static_cast<std::int64_t>(record.number());
    session.made_at = static_cast<std::int64_t>(record.number());
    session.signed_in_at = static_cast<std::int64_t>(record.number());
    session.used_at = static_cast<std::int64_t>(record.number());
    session.checked_at = static_cast<std::int64_t>(record.number());
    session.expires_at = static_cast<std::int64_t>(record.number());
    session.provider_fingerprint.borrow(record.text());
    session.made_for.borrow(record.text());
    return read_identity(record, session.identity) && read_kept(record, session) && record.complete();
}

std::optional<Session> deserialize(std::string_view bytes) {
    Session borrowing;
    return deserialize(bytes, borrowing) ? std::optional(borrowing) : std::nullopt;
}

std::string log_id(const Session& session) {
    return core::hex_encode(core::digest(core::Hash::sha256, session.id).substr(0, 8));
}

} // namespace oauth::session
