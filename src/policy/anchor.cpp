// SPDX-License-Identifier: MIT
// See anchor.hpp. The pattern is only wrapped and never rewritten, so its meaning stays the compiler's. Works
// for PCRE, and for ECMAScript, which the unit tests use and which has no \z.
#include "anchor.hpp"

namespace oauth::policy {

namespace {

// Flags such as "(?i)" at the beginning stay outside the anchors.
std::size_t flags_size(std::string_view regex) {
    if (!regex.starts_with("(?")) {
        return 0;
    }
    const std::size_t end = regex.find_first_not_of("imsxJUn-", 2);
    return end != std::string_view::npos && end > 2 && regex[end] == ')' ? end + 1 : 0;
}

// How many characters at the end are an anchor: "$", "\z" or "\Z", unless escaped.
std::size_t end_anchor_size(std::string_view regex) {
    if (regex.empty()) {
        return 0;
    }
    const char last = regex.back();
    const std::string_view before = regex.substr(0, regex.size() - 1);
    const std::size_t other = before.find_last_not_of('\\');
    const std::size_t backslashes = before.size() - (other == std::string_view::npos ? 0 : other + 1);
    if (last == '$') {
        return backslashes % 2 == 0 ? 1 : 0;
    }
    return (last == 'z' || last == 'Z') && backslashes % 2 == 1 ? 2 : 0;
}

std::size_t begin_anchor_size(std::string_view regex) {
    return regex.starts_with('^') ? 1 : regex.starts_with("\\A") ? 2 : 0;
}

} // namespace

std::string anchored_pattern(std::string_view regex) {
    const bool begins = begin_anchor_size(regex.substr(flags_size(regex))) != 0;
    const bool ends = end_anchor_size(regex) != 0;
    std::string pattern = begins || !ends ? "^(?:" : "(?:";
    pattern += regex;
    pattern += ends || !begins ? ")(?![\\s\\S])" : ")";
    return pattern;
}

bool is_anchored_at_end(std::string_view regex) {
    return end_anchor_size(regex) != 0;
}

bool is_empty_pattern(std::string_view regex) {
    regex.remove_prefix(flags_size(regex));
    regex.remove_prefix(begin_anchor_size(regex));
    regex.remove_suffix(end_anchor_size(regex));
    return regex.empty();
}

} // namespace oauth::policy
