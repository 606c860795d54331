// SPDX-License-Identifier: MIT
// Reads JSON. The strict scanner checks a text first; only then cJSON builds the tree, which a Json owns and
// views borrow. In the tree a number is a cJSON_Raw: the text of the number, which cJSON prints as it stands,
// and beside it the double. Called for metadata, key sets, tokens, user data and sessions.
#include "json.hpp"
#include "bytes.hpp"
#include "json_scanner.hpp"

#include <cjson/cJSON.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>
#include <new>

namespace oauth::core {
namespace {

constexpr int depth_ceiling = 256; // bounds the recursion of parser, walk, printer and destructor

// Runs after parsing, so that names are compared unescaped, as they are looked up. Sorting keeps large
// objects cheap.
bool has_duplicate_names(const cJSON* node) {
    std::size_t count = 0;
    for (const cJSON* child = node->child; child != nullptr; child = child->next) {
        if (child->child != nullptr && has_duplicate_names(child)) {
            return true;
        }
        ++count;
    }
    if (count < 2 || cJSON_IsObject(node) == 0) {
        return false;
    }
    std::vector<std::string_view> names;
    names.reserve(count);
    for (const cJSON* child = node->child; child != nullptr; child = child->next) {
        names.emplace_back(child->string);
    }
    std::sort(names.begin(), names.end());
    return std::adjacent_find(names.begin(), names.end()) != names.end();
}

void keep_text(cJSON* number, std::string_view text) {
    auto* copy = static_cast<char*>(cJSON_malloc(text.size() + 1)); // freed with the node
    if (copy == nullptr) {
        throw std::bad_alloc();
    }
    std::memcpy(copy, text.data(), text.size());
    copy[text.size()] = '\0';
    number->valuestring = copy;
    number->type = cJSON_Raw;
}

// cJSON prints a double with 15 or 17 digits, and takes two for equal that differ by less than it can print.
// So the numbers of the text, which come in the tree's order, are put in. Gives how many were used.
std::size_t keep_number_texts(cJSON* node, const NumberTexts& texts, std::size_t used = 0) {
    if (cJSON_IsNumber(node) != 0 && used < texts.size()) {
        keep_text(node, texts[used]);
        ++used;
    }
    for (cJSON* child = node->child; child != nullptr; child = child->next) {
        used = keep_number_texts(child, texts, used);
    }
    return used;
}

bool is_integer(std::string_view number) {
    return number.find_first_of(".eE") == std::string_view::npos;
}

// RFC 7493 2.2: beyond 2^53 - 1 readers that have doubles take one integer for another.
bool is_beyond_doubles(std::string_view integer) {
    constexpr std::string_view greatest = "9007199254740991";
    if (integer.starts_with('-')) {
        integer.remove_prefix(1);
    }
    return integer.size() > greatest.size() || (integer.size() == greatest.size() && integer > greatest);
}

// Without sign, point, exponent, and zeros at both ends.
std::string significant_digits(std::string_view number) {
    std::string digits;
    for (const char c : number.substr(0, number.find_first_of("eE"))) {
        if (c >= '1' || (c == '0' && !digits.empty())) {
            digits += c;
        }
    }
    digits.erase(digits.find_last_not_of('0') + 1);
    return digits;
}

// The double gives back each digit that was sent. It does not if it is infinite, or became 0.
bool is_held_by_double(std::string_view number, double value) {
    constexpr std::size_t most = 17; // no double tells more digits apart
    const std::string digits = significant_digits(number);
    if (digits.size() > most || digits.empty()) {
        return digits.empty();
    }
    char text[64];
    const auto end = std::to_chars(text, text + sizeof(text), value, std::chars_format::scientific,
                                   static_cast<int>(digits.size()) - 1)
                         .ptr;
    return std::isfinite(value) && significant_digits({text, static_cast<std::size_t>(end - text)}) == digits;
}

void quote_great_numbers(cJSON* node) {
    if (cJSON_IsRaw(node) != 0) {
        const std::string_view number = node->valuestring;
        const bool safe =
            is_integer(number) ? !is_beyond_doubles(number) : is_held_by_double(number, node->valuedouble);
        node->type = safe ? cJSON_Raw : cJSON_String;
    }
    for (cJSON* child = node->child; child != nullptr; child = child->next) {
        quote_great_numbers(child);
    }
}

std::string print(const cJSON* node) {
    std::unique_ptr<char, void (*)(void*)> text(cJSON_PrintUnformatted(node), cJSON_free);
    if (!text) {
        throw std::bad_alloc();
    }
    return text.get();
}

// Most names differ in their first character.
bool is_named(const cJSON* member, std::string_view name) {
    return member->string[0] == (name.empty() ? '\0' : name.front()) && name == member->string;
}

// RFC 6901 4. nullopt for a '~' that does not begin an escape.
std::optional<std::string> unescape_reference_token(std::string_view token) {
    std::string name;
    for (std::size_t i = 0; i < token.size(); ++i) {
        if (token[i] != '~') {
            name += token[i];
            continue;
        }
        ++i;
        if (i == token.size() || (token[i] != '0' && token[i] != '1')) {
            return std::nullopt;
        }
        name += token[i] == '0' ? '~' : '/';
    }
    return name;
}

JsonView element_at(JsonView array, std::string_view index) {
    auto elements = array.elements();
    auto position = parse_decimal(index, 1000000);
    bool leading_zero = index.size() > 1 && index[0] == '0';
    const bool is_there = position && !leading_zero && *position < elements.size();
    return is_there && !elements[*position].is_null() ? elements[*position] : JsonView();
}

JsonView at_pointer(JsonView view, std::string_view pointer) {
    for (auto token : split(pointer.substr(1), '/')) {
        auto name = unescape_reference_token(token);
        if (!name) {
            return {};
        }
        view = view.is_array() ? element_at(view, *name) : view.get(*name);
    }
    return view;
}

} // namespace

void Json::Delete::operator()(cJSON* node) const {
    cJSON_Delete(node);
}

std::optional<Json> Json::parse(std::string_view text, int max_depth) {
    const auto numbers = scan_strict_json(text, std::clamp(max_depth, 0, depth_ceiling));
    if (!numbers) {
        return std::nullopt;
    }
    Json json(cJSON_ParseWithLengthOpts(text.data(), text.size(), nullptr, 0));
    if (!json.root_) {
        throw std::bad_alloc(); // the text is JSON: what cJSON lacks is memory
    }
    if (keep_number_texts(json.root_.get(), *numbers) != numbers->size() ||
        has_duplicate_names(json.root_.get())) {
        return std::nullopt;
    }
    return json;
}

bool JsonView::is_object() const {
    return node_ != nullptr && cJSON_IsObject(node_) != 0;
}

bool JsonView::is_array() const {
    return cJSON_IsArray(node_) != 0;
}

bool JsonView::is_string() const {
    return cJSON_IsString(node_) != 0;
}

bool JsonView::is_number() const {
    return cJSON_IsRaw(node_) != 0;
}

bool JsonView::is_bool() const {
    return cJSON_IsBool(node_) != 0;
}

bool JsonView::is_null() const {
    return cJSON_IsNull(node_) != 0;
}

JsonView JsonView::get(std::string_view name) const {
    if (is_object()) {
        for (const cJSON* child = node_->child; child != nullptr; child = child->next) {
            if (is_named(child, name)) {
                return cJSON_IsNull(child) != 0 ? JsonView() : JsonView(child);
            }
        }
    }
    return {};
}

JsonView JsonView::at_path(std::string_view path) const {
    if (path.starts_with('/')) {
        return at_pointer(*this, path);
    }
    auto literal = get(path);
    if (literal || path.find('.') == std::string_view::npos) {
        return literal;
    }
    auto view = *this;
    for (auto name : split(path, '.')) {
        view = view.get(name);
    }
    return view;
}

std::optional<std::string_view> JsonView::as_string() const {
    if (!is_string()) {
        return std::nullopt;
    }
    return node_->valuestring;
}

std::optional<double> JsonView::as_number() const {
    if (!is_number()) {
        return std::nullopt;
    }
    return node_->valuedouble;
}

std::optional<bool> JsonView::as_bool() const {
    if (!is_bool()) {
        return std::nullopt;
    }
    return cJSON_IsTrue(node_) != 0;
}

std::optional<std::int64_t> JsonView::as_integer() const {
    constexpr double limit = 9007199254740992.0; // 2^53
    if (!is_number() || !std::isfinite(node_->valuedouble)) {
        return std::nullopt;
    }
    return static_cast<std::int64_t>(std::clamp(node_->valuedouble, -limit, limit));
}

std::vector<JsonView> JsonView::elements() const {
    std::vector<JsonView> views;
    if (is_array()) {
        for (const cJSON* child = node_->child; child != nullptr; child = child->next) {
            views.emplace_back(child);
        }
    }
    return views;
}

std::vector<std::pair<std::string_view, JsonView>> JsonView::members() const {
    std::vector<std::pair<std::string_view, JsonView>> pairs;
    if (is_object()) {
        for (const cJSON* child = node_->child; child != nullptr; child = child->next) {
            if (cJSON_IsNull(child) == 0) {
                pairs.emplace_back(child->string, JsonView(child));
            }
        }
    }
    return pairs;
}

std::optional<std::string_view> JsonView::number_text() const {
    if (!is_number()) {
        return std::nullopt;
    }
    return node_->valuestring;
}

std::optional<std::string_view> JsonView::as_identifier() const {
    const auto number = number_text();
    if (!number) {
        return as_string();
    }
    return is_integer(*number) && *number != "-0" ? number : std::nullopt;
}

std::string JsonView::dump() const {
    return node_ == nullptr ? "null" : print(node_);
}

std::string JsonView::dump_interoperable() const {
    if (node_ == nullptr) {
        return dump();
    }
    std::unique_ptr<cJSON, void (*)(cJSON*)> copy(cJSON_Duplicate(node_, 1), cJSON_Delete);
    if (!copy) {
        throw std::bad_alloc();
    }
    quote_great_numbers(copy.get());
    return print(copy.get());
}

} // namespace oauth::core
