// SPDX-License-Identifier: MIT
// See cache_control.hpp.
#include "cache_control.hpp"

#include "../core/bytes.hpp"
#include "../core/header_list.hpp"

namespace oauth::web {

namespace {

struct Member {
    std::string_view text; // the whole of it
    std::string_view name;
    bool has_value = false;
};

// Calls `visit` for each member that is well formed and not empty. False: something was not.
template <class Visit>
bool for_each_member(std::string_view line, Visit visit) {
    while (!line.empty()) {
        const auto end = core::end_of_element(line);
        if (!end) {
            return false;
        }
        const std::string_view text = core::trim(line.substr(0, *end));
        const std::size_t equals = text.find('=');
        if (!text.empty()) {
            visit(Member{text, core::trim(text.substr(0, equals)), equals != std::string_view::npos});
        }
        line.remove_prefix(*end == line.size() ? *end : *end + 1);
    }
    return true;
}

bool is_named(const Member& member, std::string_view name) {
    return core::equal_ignoring_case(member.name, name);
}

} // namespace

std::string for_one_person(std::string_view line) {
    std::string kept;
    bool is_private = false;
    bool is_same = true;
    const auto keep = [&kept](std::string_view text) { kept.append(kept.empty() ? "" : ", ").append(text); };
    const bool is_whole = for_each_member(line, [&](const Member& member) {
        const bool says_private = is_named(member, "private");
        if (is_named(member, "s-maxage") || (says_private && member.has_value)) {
            is_same = false;
        } else if (is_named(member, "public") || says_private) {
            is_same = is_same && says_private && !is_private;
            if (!is_private) {
                keep("private");
            }
            is_private = true;
        } else {
            keep(member.text);
        }
    });
    return is_whole && is_same ? std::string(line) : kept;
}

bool excludes_shared_caches(std::string_view line) {
    bool excludes = false;
    for_each_member(line, [&](const Member& member) {
        excludes =
            excludes || (is_named(member, "private") && !member.has_value) || is_named(member, "no-store");
    });
    return excludes;
}

} // namespace oauth::web
