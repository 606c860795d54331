// SPDX-License-Identifier: MIT
// See session.hpp. The record is what gets sealed into a cookie or kept in a store, so it is small: one
// number tells which of the optional facts are there, and only those follow. Reading is total; whatever is
// not exactly such a record is no session.
#include "session.hpp"

#include "../core/bytes.hpp"
#include "../core/crypto.hpp"
#include "../core/record.hpp"

#include <cstddef>

namespace oauth::session {

namespace {

constexpr std::uint64_t record_version = 1;
constexpr std::size_t max_record_size = 64 * 1024;

using OptionalText = std::optional<std::string> Identity::*;
using OptionalList = std::optional<Strings> Identity::*;

// The order is the format: bit n of `present` is the n-th of these, texts first.
constexpr OptionalText optional_texts[] = {&Identity::email, &Identity::name, &Identity::picture,
                                           &Identity::hd, &Identity::acr};
constexpr OptionalList optional_lists[] = {&Identity::amr,    &Identity::scopes, &Identity::groups,
                                           &Identity::roles,  &Identity::orgs,   &Identity::teams,
                                           &Identity::tenants};
constexpr unsigned verified_bit = std::size(optional_texts) + std::size(optional_lists);

constexpr std::uint64_t bit(unsigned index) {
    return std::uint64_t{1} << index;
}

std::uint64_t present_facts(const Identity& identity) {
    std::uint64_t present = identity.email_verified ? bit(verified_bit) : 0;
    unsigned index = 0;
    for (const auto member : optional_texts) {
        present |= identity.*member ? bit(index) : 0;
        ++index;
    }
    for (const auto member : optional_lists) {
        present |= identity.*member ? bit(index) : 0;
        ++index;
    }
    return present;
}

void write_identity(core::RecordWriter& record, const Identity& identity) {
    record.number(present_facts(identity));
    record.text(identity.provider);
    record.text(identity.subject);
    record.text(identity.user);
    for (const auto member : optional_texts) {
        if (const auto& text = identity.*member) {
            record.text(*text);
        }
    }
    for (const auto member : optional_lists) {
        if (const auto& list = identity.*member) {
            record.number(list->size());
            for (const auto& element : *list) {
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

// Grows by what is really there: a count alone reserves nothing.
Strings read_list(core::RecordReader& record) {
    Strings list;
    const std::uint64_t count = record.number();
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

// False if a fact is marked present that this version does not know.
bool read_identity(core::RecordReader& record, Identity& identity) {
    const std::uint64_t present = record.number();
    if (present >= bit(verified_bit + 1)) {
        return false;
    }
    identity.email_verified = (present & bit(verified_bit)) != 0;
    identity.provider = record.text();
    identity.subject = record.text();
    identity.user = record.text();
    unsigned index = 0;
    for (const auto member : optional_texts) {
        if ((present & bit(index++)) != 0) {
            identity.*member = std::string(record.text());
        }
    }
    for (const auto member : optional_lists) {
        if ((present & bit(index++)) != 0) {
            identity.*member = read_list(record);
        }
    }
    read_claims(record, identity);
    return true;
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
    record.number(static_cast<std::uint64_t>(session.signed_in_at));
    record.number(static_cast<std::uint64_t>(session.expires_at));
    record.text(session.made_for);
    record.number(session.groups_are_cut ? 1 : 0);
    write_identity(record, session.identity);
    record.text(session.id_token);
    record.text(session.access_token);
    std::string bytes = std::move(record).finish();
    return bytes.size() <= max_record_size ? bytes : std::string();
}

std::optional<Session> deserialize(std::string_view bytes) {
    core::RecordReader record(bytes);
    if (bytes.size() > max_record_size || record.number() != record_version) {
        return std::nullopt;
    }
    Session session;
    session.id = record.text();
    session.signed_in_at = static_cast<std::int64_t>(record.number());
    session.expires_at = static_cast<std::int64_t>(record.number());
    session.made_for = record.text();
    session.groups_are_cut = record.number() != 0;
    if (!read_identity(record, session.identity)) {
        return std::nullopt;
    }
    session.id_token = record.text();
    session.access_token = record.text();
    if (!record.complete()) {
        return std::nullopt;
    }
    return session;
}

std::string log_id(const Session& session) {
    return core::hex_encode(core::digest(core::Hash::sha256, session.id).substr(0, 8));
}

} // namespace oauth::session
