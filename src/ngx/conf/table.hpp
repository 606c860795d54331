// SPDX-License-Identifier: MIT
// The table of directives. A row is all there is to a plain directive: its name, where it may stand, how many
// arguments it takes, how they are read, its field, its default, and who else is given the value. The rows
// stand in the front door, ngx_http_oauth_module.cpp; the loops over them are in table.cpp, the readers in
// directive_values.cpp. t/check-directives.sh compares the rows with docs/directives.md.
#pragma once

#include "conf.hpp"
#include "../boundary.hpp"

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace oauth::ngx {

// ---- Where it may stand

struct Level {
    ngx_uint_t contexts; // nginx's mask
    ngx_uint_t conf;     // which of the three structs the setter is given
};

inline constexpr Level in_http{NGX_HTTP_MAIN_CONF, NGX_HTTP_MAIN_CONF_OFFSET};
inline constexpr Level in_server{NGX_HTTP_MAIN_CONF | NGX_HTTP_SRV_CONF, NGX_HTTP_SRV_CONF_OFFSET};
inline constexpr Level in_location{NGX_HTTP_MAIN_CONF | NGX_HTTP_SRV_CONF | NGX_HTTP_LOC_CONF,
                                   NGX_HTTP_LOC_CONF_OFFSET};

inline constexpr Level in_location_alone{NGX_HTTP_LOC_CONF, NGX_HTTP_LOC_CONF_OFFSET};

template <class Conf>
inline constexpr ngx_uint_t conf_of = NGX_HTTP_LOC_CONF_OFFSET;
template <>
inline constexpr ngx_uint_t conf_of<MainConf> = NGX_HTTP_MAIN_CONF_OFFSET;
template <>
inline constexpr ngx_uint_t conf_of<ServerConf> = NGX_HTTP_SRV_CONF_OFFSET;

inline constexpr ngx_uint_t one = NGX_CONF_TAKE1;
inline constexpr ngx_uint_t none_or_one = NGX_CONF_NOARGS | NGX_CONF_TAKE1;
inline constexpr ngx_uint_t one_or_two = NGX_CONF_TAKE12;
inline constexpr ngx_uint_t some = NGX_CONF_1MORE;
inline constexpr ngx_uint_t block = NGX_CONF_BLOCK;

// ---- How it is read

// What a value becomes, and so the type of its field.
enum class Kind {
    seconds,      // time_t
    milliseconds, // ngx_msec_t
    size,         // size_t
    flag,         // ngx_flag_t
    choice,       // ngx_uint_t
    text,         // ngx_str_t
    list,         // ngx_array_t* of ngx_str_t
    own,          // a pointer, or no field: the directive has a setter of its own
};

struct Choice {
    std::string_view name;
    ngx_uint_t value;
};

struct Range {
    std::int64_t lowest;
    std::int64_t highest;
    std::string_view accepted; // for the error message
};

// The text to keep; nullopt, and a sentence in `problem`, if it is not accepted.
using TextReader = std::optional<std::string> (*)(ngx_conf_t* cf, const std::string& found,
                                                  std::string& problem);
using Setter = char* (*)(ngx_conf_t*, ngx_command_t*, void*);

struct Reader {
    Kind kind;
    Range range{};
    std::span<const Choice> choices{};
    bool off_is_zero = false;
    TextReader read_text = nullptr;
    Setter set = nullptr; // nullptr: set_value
};

constexpr Reader seconds(Range range) {
    return {.kind = Kind::seconds, .range = range};
}
constexpr Reader milliseconds(Range range) {
    return {.kind = Kind::milliseconds, .range = range};
}
constexpr Reader seconds_or_off(Range range) {
    return {.kind = Kind::seconds, .range = range, .off_is_zero = true};
}
constexpr Reader milliseconds_or_off(Range range) {
    return {.kind = Kind::milliseconds, .range = range, .off_is_zero = true};
}
constexpr Reader size(Range range) {
    return {.kind = Kind::size, .range = range};
}
constexpr Reader choice(std::span<const Choice> choices) {
    return {.kind = Kind::choice, .choices = choices};
}
constexpr Reader text(TextReader read) {
    return {.kind = Kind::text, .read_text = read};
}
template <Setter Set>
constexpr Reader own() {
    return {.kind = Kind::own, .set = guarded<Set>};
}
inline constexpr Reader flag{.kind = Kind::flag};
inline constexpr Reader list{.kind = Kind::list};

// Reads the directive's arguments into its field.
char* set_value(ngx_conf_t* cf, ngx_command_t* cmd, void* conf);

// The same, and notes in the field `Noted` where the directive stands, for errors found later.
template <auto Noted>
struct NotedPlace;
template <class Conf, Place* Conf::* Noted>
struct NotedPlace<Noted> {
    static char* set(ngx_conf_t* cf, ngx_command_t* cmd, void* conf) {
        static_cast<Conf*>(conf)->*Noted = make_place(cf);
        return set_value(cf, cmd, conf);
    }
};
template <auto Noted>
constexpr Reader noted_at(Reader reader) {
    reader.set = guarded<NotedPlace<Noted>::set>;
    return reader;
}

// The same, by a setter that looks at the words first.
template <Setter Set>
constexpr Reader checked_by(Reader reader) {
    reader.set = guarded<Set>;
    return reader;
}

// ---- Its field

// Types are compared by the address of one variable a type: a row whose kind, field and receiver do not fit
// together is a compile error.
template <class T>
inline constexpr char type_id = 0;

template <class T>
constexpr T unset_value() {
    if constexpr (std::is_pointer_v<T>) {
        return nullptr;
    } else if constexpr (std::is_same_v<T, ngx_str_t>) {
        return ngx_str_t{0, nullptr};
    } else {
        return static_cast<T>(NGX_CONF_UNSET); // of every width, as NGX_CONF_UNSET_MSEC and the others
    }
}

struct Field {
    const char* type = nullptr;
    bool is_pointer = false;
    ngx_uint_t conf = 0;
    void* (*in)(void* conf) = nullptr; // nullptr: the directive has no field of its own
    bool (*is_unset)(const void* conf) = nullptr;
    void (*unset)(void* conf) = nullptr;
    void (*inherit)(void* conf, const void* parent) = nullptr;
};

template <auto Member>
struct FieldOf;
template <class Conf, class T, T Conf::* Member>
struct FieldOf<Member> {
    static T& of(void* conf) { return static_cast<Conf*>(conf)->*Member; }
    static const T& of(const void* conf) { return static_cast<const Conf*>(conf)->*Member; }
    static void* in(void* conf) { return static_cast<void*>(&of(conf)); }
    static bool is_unset(const void* conf) {
        if constexpr (std::is_same_v<T, ngx_str_t>) {
            return of(conf).data == nullptr;
        } else {
            return of(conf) == unset_value<T>();
        }
    }
    static void unset(void* conf) { of(conf) = unset_value<T>(); }
    static void inherit(void* conf, const void* parent) { of(conf) = of(parent); }

    static_assert(std::is_standard_layout_v<Conf> && std::is_trivially_destructible_v<Conf>,
                  "nginx allocates it, and nobody destroys it");
    static constexpr Field field{.type = &type_id<T>,
                                 .is_pointer = std::is_pointer_v<T>,
                                 .conf = conf_of<Conf>,
                                 .in = in,
                                 .is_unset = is_unset,
                                 .unset = unset,
                                 .inherit = inherit};
};

template <auto Member>
inline constexpr Field field = FieldOf<Member>::field;
inline constexpr Field no_field{};

// ---- Its default

// As docs/directives.md has it after "Default:". A value is read by the row's own reader where no level says
// anything else; words describe what happens then.
struct Default {
    const char* text;
    bool is_value;
};

constexpr Default value(const char* text) {
    return {text, true};
}
constexpr Default words(const char* text) {
    return {text, false};
}

// ---- Who else is given the value

// A member of what flows and the HTTP client work with.
struct Receiver {
    const char* object = nullptr; // type_id of its struct
    const char* field = nullptr;  // type_id of the field that it is made from
    void (*copy)(const void* field, void* object) = nullptr;
};

std::vector<std::string> strings(const ngx_array_t* array);

template <class T>
struct Copied { // something that a setter of its own has made
    using From = T*;
    static void copy(From from, T& to) {
        if (from != nullptr) {
            to = *from;
        }
    }
};
template <>
struct Copied<std::int64_t> {
    using From = time_t;
    static void copy(From from, std::int64_t& to) { to = from; }
};
template <>
struct Copied<std::chrono::milliseconds> {
    using From = ngx_msec_t;
    static void copy(From from, std::chrono::milliseconds& to) { to = std::chrono::milliseconds(from); }
};
template <>
struct Copied<std::size_t> {
    using From = size_t;
    static void copy(From from, std::size_t& to) { to = from; }
};
template <>
struct Copied<bool> {
    using From = ngx_flag_t;
    static void copy(From from, bool& to) { to = from != 0; }
};
template <>
struct Copied<std::string> {
    using From = ngx_str_t;
    static void copy(const From& from, std::string& to) { to = string(from); }
};
template <>
struct Copied<std::vector<std::string>> {
    using From = ngx_array_t*;
    static void copy(From from, std::vector<std::string>& to) { to = strings(from); }
};

template <auto Member>
struct ReceiverOf;
template <class Object, class T, T Object::* Member>
struct ReceiverOf<Member> {
    using From = typename Copied<T>::From;
    static void copy(const void* field, void* object) {
        Copied<T>::copy(*static_cast<const From*>(field), static_cast<Object*>(object)->*Member);
    }
    static constexpr Receiver receiver{&type_id<Object>, &type_id<From>, copy};
};

template <auto Member>
inline constexpr Receiver gives = ReceiverOf<Member>::receiver;

// ---- The row, and what is made of the rows

struct Directive {
    const char* name;
    Level level;
    ngx_uint_t arguments;
    Reader reader;
    Field field;
    Default otherwise;
    Receiver receiver{};
};

constexpr bool fits(const Directive& row) {
    constexpr const char* types[] = {&type_id<time_t>,      &type_id<ngx_msec_t>, &type_id<size_t>,
                                     &type_id<ngx_flag_t>,  &type_id<ngx_uint_t>, &type_id<ngx_str_t>,
                                     &type_id<ngx_array_t*>};
    const bool own = row.reader.kind == Kind::own;
    const bool has_field = row.field.in != nullptr;
    const bool type = own ? !has_field || row.field.is_pointer
                          : has_field && row.field.type == types[static_cast<int>(row.reader.kind)];
    const bool place = !has_field || row.field.conf == row.level.conf;
    const bool receiver = row.receiver.copy == nullptr || row.receiver.field == row.field.type;
    const bool otherwise = !row.otherwise.is_value || !own;
    return type && place && receiver && otherwise;
}

template <std::size_t Count>
consteval bool fit(const Directive (&rows)[Count]) {
    for (const Directive& row : rows) {
        if (!fits(row)) {
            return false;
        }
    }
    return true;
}

ngx_command_t command_of(const Directive& row);

// nginx's table, with its end. Each command leads to its row.
template <std::size_t Count>
std::array<ngx_command_t, Count + 1> commands_of(const Directive (&rows)[Count]) {
    std::array<ngx_command_t, Count + 1> commands;
    for (std::size_t i = 0; i < Count; ++i) {
        commands[i] = command_of(rows[i]);
    }
    commands[Count] = ngx_null_command;
    return commands;
}

// The loops. `level` is the struct that `conf` is: conf_of<ServerConf>, for instance.
void unset_values(ngx_uint_t level, void* conf);
// What `conf` leaves out is its parent's, or the default. False: a default that cannot be read, logged.
bool merge_values(ngx_conf_t* cf, ngx_uint_t level, const void* parent, void* conf);
void copy_values(ngx_uint_t level, void* conf, const char* object_type, void* object);

template <class Conf, class Object>
void copy_values(Conf& conf, Object& object) {
    copy_values(conf_of<Conf>, &conf, &type_id<Object>, &object);
}

// Reads words into the field; a sentence if they are not accepted.
std::string read_value(ngx_conf_t* cf, const Directive& row, std::span<const std::string> words, void* conf);

} // namespace oauth::ngx
