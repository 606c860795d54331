// SPDX-License-Identifier: MIT
// See parser.hpp. Rules are checked here once, so that requests only compare. Messages name what was found
// and what is accepted; the caller adds the directive, the file and the line.
#include "parser.hpp"

#include "anchor.hpp"
#include "vocabulary.hpp"
#include "../core/bytes.hpp"

#include <algorithm>
#include <cctype>

namespace oauth::policy {

namespace {

constexpr std::size_t max_value_size = 1024;
constexpr std::size_t max_regex_size = 4096;
constexpr std::size_t max_path_size = 256;

// A word cut at its operator: '=', '!', '~' or '@'.
struct Split {
    std::string_view name;
    char op = '\0';
    std::string_view right;
};

// In a JSON Pointer "~0" and "~1" are escapes, not the beginning of a pattern.
std::optional<Split> split_word(std::string_view word) {
    const bool is_pointer = word.starts_with("claim./");
    for (std::size_t i = 0; i < word.size(); ++i) {
        const char c = word[i];
        const char next = i + 1 < word.size() ? word[i + 1] : '\0';
        if (is_pointer && c == '~' && (next == '0' || next == '1')) {
            ++i;
        } else if (c == '=' || c == '~' || c == '@') {
            return Split{word.substr(0, i), c, word.substr(i + 1)};
        } else if (c == '!' && next == '=') {
            return Split{word.substr(0, i), c, word.substr(i + 2)};
        }
    }
    return std::nullopt;
}

std::string unknown_condition(std::string_view name) {
    return "unknown condition " + in_quotes(name) + nearest_condition_hint(name) +
           " Accepted: " + accepted_conditions();
}

std::string provider_error(const Condition& condition, const std::vector<std::string>& providers) {
    if (!condition.topic.is("provider") || providers.empty()) {
        return {};
    }
    std::string error;
    condition.values.all([&](const ValueText& value) {
        const bool known =
            std::ranges::any_of(providers, [&](const auto& name) { return value.matches(name); });
        if (!known) {
            const std::string text = value.text();
            error = "no provider " + in_quotes(text) + " is configured" + nearest_hint(text, providers) +
                    " Configured:";
        }
        return known;
    });
    for (std::size_t i = 0; !error.empty() && i < providers.size(); ++i) {
        error += (i == 0 ? " " : ", ") + providers[i];
    }
    return error;
}

std::string add_value(Condition& condition, ValueText value) {
    const std::string text = value.text();
    if (text.empty()) {
        return in_quotes(condition.text) + " has an empty value";
    }
    if (text.size() > max_value_size) {
        return "a value of " + in_quotes(condition.text.substr(0, 40)) + "... is longer than 1024 bytes";
    }
    if (!core::is_valid_utf8(text)) {
        return in_quotes(condition.text) + " is not UTF-8";
    }
    const std::string reason = impossible_value(condition.topic, value);
    if (!reason.empty()) {
        return in_quotes(text) + " can never match in " + in_quotes(condition.text) + ": " + reason;
    }
    if (condition.topic.is_address()) {
        for (auto& part : value.parts) {
            part = core::to_lower_ascii(part);
        }
    }
    condition.values.add(std::move(value));
    return {};
}

std::string parse_values(Condition& condition, std::string_view list) {
    for (auto& value : split_values(list)) {
        if (auto error = add_value(condition, std::move(value)); !error.empty()) {
            return error;
        }
    }
    condition.values.finish();
    return {};
}

// One line of a file without its comment: '#' at the beginning, or after a space or a tab.
std::string_view line_value(std::string_view line) {
    if (line.ends_with('\r')) {
        line.remove_suffix(1);
    }
    for (std::size_t i = 0; i < line.size(); ++i) {
        if (line[i] == '#' && (i == 0 || line[i - 1] == ' ' || line[i - 1] == '\t')) {
            line = line.substr(0, i);
        }
    }
    return core::trim(line);
}

std::string add_line(Condition& condition, std::string_view value) {
    if (core::has_control_characters(value)) {
        return "it holds control characters";
    }
    if (condition.topic.is_address() && value.find('*') != std::string_view::npos) {
        return in_quotes(value) + " has a star, which is itself in a file: wildcards are written with =";
    }
    return add_value(condition, ValueText{{std::string(value)}});
}

std::string parse_file(Condition& condition, std::string_view path, const ParserPorts& ports) {
    std::string error;
    const auto text = ports.read_file(path, error);
    if (!text) {
        return in_quotes(condition.text) + ": " + error;
    }
    if (text->size() > max_file_size) {
        return "the file of " + in_quotes(condition.text) + " is larger than 4 megabytes";
    }
    std::string_view rest = *text;
    if (rest.starts_with("\xef\xbb\xbf")) {
        rest.remove_prefix(3);
    }
    std::size_t number = 0;
    for (const auto line : core::split(rest, '\n')) {
        ++number;
        const auto value = line_value(line);
        if (value.empty()) {
            continue;
        }
        if (error = add_line(condition, value); !error.empty()) {
            return "line " + std::to_string(number) + " of the file of " + in_quotes(condition.text) + ": " +
                   error;
        }
    }
    condition.values.finish();
    if (condition.values.literals().empty()) {
        return "the file of " + in_quotes(condition.text) + " has no value, accepted: one a line";
    }
    return {};
}

std::string impossible_pattern(const Condition& condition, const ParserPorts& ports) {
    const bool about_address = condition.topic.is_address();
    if (about_address && condition.regex.starts_with('@') && !is_anchored_at_end(condition.regex)) {
        return in_quotes(condition.text) + " can never match: a pattern matches the whole value, accepted: " +
               in_quotes("email~@example\\.org$") + " or domain=example.org";
    }
    if (condition.topic.is("provider") && !ports.providers.empty() &&
        std::ranges::none_of(ports.providers, [&](const auto& provider) {
            return condition.pattern->match(provider) != Pattern::Match::no;
        })) {
        return in_quotes(condition.text) + " matches none of the providers that are configured";
    }
    return {};
}

std::string parse_pattern(Condition& condition, std::string_view regex, const ParserPorts& ports) {
    if (is_empty_pattern(regex)) {
        return in_quotes(condition.text) + " has an empty pattern";
    }
    if (regex.size() > max_regex_size) {
        return "the pattern of " + in_quotes(condition.text.substr(0, 40)) + "... is longer than 4096 bytes";
    }
    condition.regex = regex;
    // Compiled first as it is written: "a)|(b" is an error and must not become valid by the brackets around
    // it.
    std::string error;
    if (ports.compile(regex, error) != nullptr) {
        const std::string flags = condition.topic.is_address() ? "(?i)" : "";
        condition.pattern = ports.compile(flags + anchored_pattern(regex), error);
    }
    if (condition.pattern == nullptr) {
        return "the pattern of " + in_quotes(condition.text) + " is invalid: " + error;
    }
    return impossible_pattern(condition, ports);
}

std::string parse_policy(Condition& condition, const Split& split, const ParserPorts& ports) {
    condition.topic.kind = Topic::Kind::policy;
    if (split.op != '=' || split.right.empty()) {
        return in_quotes(condition.text) + " is not understood, accepted: policy=NAME";
    }
    condition.set = ports.find_policy(split.right);
    if (condition.set == nullptr) {
        return "there is no oauth_policy " + in_quotes(split.right) +
               " that could be asked here: not defined, or it leads back to itself";
    }
    return {};
}

std::string parse_variable(Condition& condition, const Split& split, const ParserPorts& ports) {
    condition.topic.kind = Topic::Kind::variable;
    const auto is_name_character = [](unsigned char c) { return std::isalnum(c) != 0 || c == '_'; };
    const std::string_view name = split.right.empty() ? split.right : split.right.substr(1);
    if (split.op != '=' || !split.right.starts_with('$') || name.empty() ||
        !std::ranges::all_of(name, is_name_character)) {
        return in_quotes(condition.text) + " is not understood, accepted: if=$variable";
    }
    std::string error;
    const auto index = ports.find_variable(name, error);
    if (!index) {
        return in_quotes(condition.text) + ": " + error;
    }
    condition.variable = *index;
    return {};
}

std::string parse_claim_path(Condition& condition, std::string_view path) {
    if (path.empty() || path == "/") {
        return in_quotes(condition.text) +
               " has no path, accepted: claim.PATH, as in claim.realm_access.roles=admin";
    }
    if (path.size() > max_path_size) {
        return "the path of " + in_quotes(condition.text.substr(0, 40)) + "... is longer than 256 bytes";
    }
    condition.path = path;
    return {};
}

std::string no_operator(const std::string& word) {
    if (word == "any") {
        return "\"any\" stands alone: it has no conditions beside it";
    }
    if (find_topic(word) && !word.starts_with("claim.")) {
        return in_quotes(word) + " has no value, accepted: " + word + "=VALUE, " + word + "!=VALUE, " + word +
               "~REGEX, " + word + "@FILE";
    }
    return unknown_condition(word);
}

std::string unknown_name(const Split& split, const std::string& word) {
    // "oauth_allow bob@example.org" is an address and no file.
    if (split.op == '@' && split.right.find('/') == std::string_view::npos) {
        return unknown_condition(split.name) + "; for an address write email=" + word;
    }
    return unknown_condition(split.name);
}

} // namespace

std::string parse_condition(const std::string& word, const ParserPorts& ports, Condition& condition) {
    condition.text = word;
    const auto split = split_word(word);
    if (!split) {
        return no_operator(word);
    }
    if (split->name == "policy") {
        return parse_policy(condition, *split, ports);
    }
    if (split->name == "if") {
        return parse_variable(condition, *split, ports);
    }
    const auto topic = find_topic(split->name);
    if (!topic) {
        return unknown_name(*split, word);
    }
    condition.topic = *topic;
    if (topic->is(Topic::Kind::claim)) {
        if (auto error = parse_claim_path(condition, split->name.substr(6)); !error.empty()) {
            return error;
        }
    }
    if (split->right.empty()) {
        return in_quotes(word) + " has an empty value";
    }
    if (split->op == '~') {
        condition.op = Operator::pattern;
        return parse_pattern(condition, split->right, ports);
    }
    condition.op = split->op == '!' ? Operator::not_equal : Operator::equal;
    const auto error =
        split->op == '@' ? parse_file(condition, split->right, ports) : parse_values(condition, split->right);
    return error.empty() ? provider_error(condition, ports.providers) : error;
}

} // namespace oauth::policy
