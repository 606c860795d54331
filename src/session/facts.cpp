// SPDX-License-Identifier: MIT
// See facts.hpp.
#include "facts.hpp"

#include "../core/bytes.hpp"

namespace oauth::session {

const core::Text* text_of(const Identity& identity, const FactRow& row) {
    if (const auto* known = std::get_if<KnownText>(&row.member)) {
        return &(identity.**known);
    }
    const auto* member = std::get_if<OneText>(&row.member);
    return member != nullptr && identity.**member ? &*(identity.**member) : nullptr;
}

const Strings* list_of(const Identity& identity, const FactRow& row) {
    const auto* member = std::get_if<List>(&row.member);
    return member != nullptr && identity.**member ? &*(identity.**member) : nullptr;
}

// One with a comma would be two, and blanks at the ends are lost where a list is read: "staff " is not
// "staff".
std::string joined(const Strings& list) {
    std::string text;
    for (const std::string& element : list) {
        if (element.find(',') == std::string::npos && core::trim(element).size() == element.size()) {
            text.append(text.empty() ? "" : ",").append(element);
        }
    }
    return text;
}

std::string shown_text(const Identity& identity, const FactRow& row) {
    if (const auto* flag = std::get_if<Flag>(&row.member)) {
        return identity.*flag->of ? (identity.*flag->value ? "1" : "0") : "";
    }
    if (const Strings* list = list_of(identity, row)) {
        return joined(*list);
    }
    const core::Text* text = text_of(identity, row);
    return text == nullptr ? std::string() : std::string(*text);
}

FactSet asked_for(Fact fact) {
    const FactRow& row = fact.row();
    if (is_always_known(row)) {
        return {};
    }
    const auto* flag = std::get_if<Flag>(&row.member);
    if (flag == nullptr) {
        return {fact};
    }
    FactSet asked;
    for (const FactRow& other : facts) {
        const auto* text = std::get_if<OneText>(&other.member);
        if (text != nullptr && *text == flag->of) {
            asked.add(Fact::of(other));
        }
    }
    return asked;
}

} // namespace oauth::session
