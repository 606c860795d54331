// SPDX-License-Identifier: MIT
// JSON (RFC 8259), read strictly: UTF-8 without BOM, no duplicate names even when escaped differently, no
// NUL, no lone surrogates, bounded depth and count. A number keeps the text that it was sent as, and a member
// that is null counts as absent. cJSON builds the tree; a Json owns it, a JsonView borrows it and must not
// outlive it.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

struct cJSON;

namespace oauth::core {

class JsonView {
public:
    JsonView() = default;
    explicit JsonView(const cJSON* node) : node_(node) {}

    bool exists() const { return node_ != nullptr; }
    explicit operator bool() const { return exists(); }
    bool is_object() const;
    bool is_array() const;
    bool is_string() const;
    bool is_number() const;
    bool is_bool() const;
    bool is_null() const;

    // The member with exactly this name. The view does not exist() if there is none, if it is null, which is
    // how many servers write that they have none, or if this is no object.
    JsonView get(std::string_view name) const;
    // A dotted path ("realm_access.roles"), or a JSON Pointer (RFC 6901) if it begins with '/'. A member
    // whose name is the whole dotted path comes first.
    JsonView at_path(std::string_view path) const;

    std::optional<std::string_view> as_string() const;
    std::optional<double> as_number() const;
    std::optional<bool> as_bool() const;
    // A number, truncated towards zero and cut to [-2^53, 2^53], so that it never overflows.
    std::optional<std::int64_t> as_integer() const;
    // A number as it was sent: 1234567890123456789, 2.0, 1e3.
    std::optional<std::string_view> number_text() const;
    // What tells one from another: a text, or an integer with all its digits. Not a number with a fraction or
    // an exponent, nor -0: they are spellings of one number among others.
    std::optional<std::string_view> as_identifier() const;

    std::vector<JsonView> elements() const; // of an array; empty otherwise
    // Those of an object that are not null; empty otherwise.
    std::vector<std::pair<std::string_view, JsonView>> members() const;

    std::string dump() const; // compact JSON text, numbers as they were sent; "null" if it does not exist()
    // The same for readers that are not known: integers that most of them would round are texts (RFC 7493
    // 2.2).
    std::string dump_interoperable() const;

private:
    const cJSON* node_ = nullptr;
};

class Json {
public:
    // nullopt unless the text is strict JSON. At most `max_depth` nested arrays and objects, and 100000
    // values.
    static std::optional<Json> parse(std::string_view text, int max_depth = 32);

    Json(Json&& other) noexcept = default;
    Json& operator=(Json&& other) noexcept = default;

    JsonView root() const { return JsonView(root_.get()); }

private:
    struct Delete {
        void operator()(cJSON* node) const;
    };
    explicit Json(cJSON* root) : root_(root) {}
    std::unique_ptr<cJSON, Delete> root_;
};

// The text as a JSON string with quotes. '<', '>', '&', U+2028 and U+2029 are escaped too, so that it is safe
// in HTML. Invalid UTF-8 becomes U+FFFD.
std::string json_quote(std::string_view text);

// Writes one object, member by member, in order. The value of add_json must be JSON text; it is not checked.
class JsonObjectWriter {
public:
    void add(std::string_view name, std::string_view value);
    void add_integer(std::string_view name, std::int64_t value);
    void add_bool(std::string_view name, bool value); // NOLINT: the JSON type itself
    void add_json(std::string_view name, std::string_view json);
    std::string finish() &&;

private:
    void name(std::string_view name);
    std::string text_ = "{";
};

std::string json_string_array(const std::vector<std::string>& values);

} // namespace oauth::core
