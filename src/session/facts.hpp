// SPDX-License-Identifier: MIT
// The facts of a user, one row each: its name in rules, where it is kept, when it is asked for, and how it
// reads as text. The record of a session, the rules and their evaluation, what is asked of a provider, and
// what is shown of a user are loops over this table. A new fact is a row here, a member of Identity, and
// the providers that fill it.
#pragma once

#include "session.hpp"

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <iterator>
#include <string>
#include <string_view>
#include <variant>

namespace oauth::session {

using KnownText = core::Text Identity::*;              // every session has it
using OneText = std::optional<core::Text> Identity::*; // one value
using List = std::optional<Strings> Identity::*;       // several
struct Flag {
    bool Identity::* value;
    OneText of; // the text that it is about: without it the flag means nothing
};

// A condition compares the fact; no rule can ask for one that is only shown.
enum class InRules { condition, never };
// where_needed: only if a rule, a claim list or a variable uses it. A session that was made without is none
// once it is needed.
enum class Kept { always, where_needed };

struct FactRow {
    std::string_view name; // in rules
    std::variant<KnownText, OneText, List, Flag> member;
    InRules in_rules;
    Kept kept;
    std::string_view asked_as; // in sentences: what a rule needs of a provider; empty: nothing
    std::string_view shown_as; // as variable, $oauth_NAME; empty: not shown
};

// The order is the format of a session's record: new rows go to the end.
inline constexpr FactRow facts[] = {
    {"provider", &Identity::provider, InRules::condition, Kept::always, "", "provider"},
    {"sub", &Identity::subject, InRules::condition, Kept::always, "", "sub"},
    {"user", &Identity::user, InRules::condition, Kept::always, "", "user"},
    {"email", &Identity::email, InRules::condition, Kept::always, "a verified e-mail address", "email"},
    {"name", &Identity::name, InRules::condition, Kept::always, "the name", "name"},
    {"picture", &Identity::picture, InRules::never, Kept::always, "the picture", "picture"},
    {"hd", &Identity::hd, InRules::condition, Kept::where_needed, "the hosted domain (hd)", ""},
    {"acr", &Identity::acr, InRules::condition, Kept::where_needed, "acr", ""},
    {"amr", &Identity::amr, InRules::condition, Kept::where_needed, "amr", ""},
    {"scope", &Identity::scopes, InRules::condition, Kept::where_needed, "the granted scopes", ""},
    {"group", &Identity::groups, InRules::condition, Kept::always, "groups", "groups"},
    {"role", &Identity::roles, InRules::condition, Kept::where_needed, "roles", ""},
    {"org", &Identity::orgs, InRules::condition, Kept::where_needed, "organisations", ""},
    {"team", &Identity::teams, InRules::condition, Kept::where_needed, "teams", ""},
    {"tenant", &Identity::tenants, InRules::condition, Kept::where_needed, "the tenant", ""},
    {"email_verified", Flag{&Identity::email_verified, &Identity::email}, InRules::never, Kept::always, "",
     "email_verified"},
};

// A row of the table, by its name. A name that is in no row does not compile.
class Fact {
public:
    consteval Fact(const char* name) : index_(index_of(name)) {}
    static constexpr Fact of(const FactRow& row) {
        return Fact(static_cast<std::size_t>(&row - std::begin(facts)));
    }

    constexpr std::size_t index() const { return index_; }
    constexpr const FactRow& row() const { return facts[index_]; }
    friend constexpr bool operator==(Fact a, Fact b) { return a.index_ == b.index_; }

private:
    constexpr explicit Fact(std::size_t index) : index_(index) {}
    static consteval std::size_t index_of(std::string_view name) {
        std::size_t index = 0;
        while (facts[index].name != name) { // past the end is no constant expression
            ++index;
        }
        return index;
    }

    std::size_t index_;
};

class FactSet {
public:
    constexpr FactSet() = default;
    constexpr FactSet(std::initializer_list<Fact> list) {
        for (const Fact fact : list) {
            add(fact);
        }
    }

    constexpr bool has(Fact fact) const { return (bits_ >> fact.index() & 1) != 0; }
    constexpr bool empty() const { return bits_ == 0; }
    constexpr void add(Fact fact) { bits_ |= std::uint64_t{1} << fact.index(); }
    constexpr void merge(FactSet other) { bits_ |= other.bits_; }
    friend constexpr bool operator==(FactSet a, FactSet b) { return a.bits_ == b.bits_; }

private:
    std::uint64_t bits_ = 0;
};

static_assert(std::size(facts) <= 64, "a FactSet has 64 bits");

constexpr bool is_list(const FactRow& row) {
    return std::holds_alternative<List>(row.member);
}
constexpr bool is_always_known(const FactRow& row) {
    return std::holds_alternative<KnownText>(row.member);
}

// The one value of a fact; nullptr: absent, or no text.
const core::Text* text_of(const Identity& identity, const FactRow& row);
// All values of a list; nullptr: absent, or no list.
const Strings* list_of(const Identity& identity, const FactRow& row);

// As a variable shows it: a list with commas between its elements, a flag as 1 or 0, empty what is absent.
// An element with a comma of its own is left out, since it could pass for two.
std::string shown_text(const Identity& identity, const FactRow& row);
std::string joined(const Strings& list);

// What has to be asked of a provider for this fact: the text that a flag is about, nothing for what every
// session has.
FactSet asked_for(Fact fact);

} // namespace oauth::session
