// SPDX-License-Identifier: MIT
// The readers of plain values - times, sizes, choices, texts - and the sentences that all directives are
// refused with. nginx's own slots say "invalid value"; these say what was found and what is accepted.
#include "table.hpp"
#include "directives.hpp"
#include "environment.hpp"
#include "../pool.hpp"

#include "../../core/bytes.hpp"
#include "../../core/secrets.hpp"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

namespace oauth::ngx {

namespace {

// Beside the configuration's own files; nullopt: no memory.
std::optional<std::string> full_name(ngx_conf_t* cf, const std::string& path) {
    ngx_str_t name = copy(cf->pool, path);
    if (name.data == nullptr || ngx_conf_full_name(cf->cycle, &name, 1) != NGX_OK) {
        return std::nullopt;
    }
    return string(name);
}

std::string user_name() {
    const passwd* user = getpwuid(geteuid());
    return user == nullptr ? std::to_string(geteuid()) : user->pw_name;
}

// The rest of a sentence that begins with a file.
std::string why_unreadable(int reason) {
    switch (reason) {
    case ENOENT:
    case ENOTDIR:
        return " does not exist, accepted: a path from / on, or one from the folder of nginx.conf on,";
    case EACCES:
        return " cannot be read: user \"" + user_name() +
               "\", who runs this nginx, has no permission to it, or to a folder above it, accepted: a file "
               "that this user can read,";
    case EISDIR:
        return " is a folder, accepted: a file,";
    default:
        return " cannot be read: " + std::string(std::strerror(reason)) + ", accepted: a file that can be,";
    }
}

// As nginx writes sizes: 32k, 4m.
std::string size_text(std::size_t size) {
    constexpr std::size_t kilobyte = 1024;
    constexpr std::size_t megabyte = kilobyte * kilobyte;
    if (size % megabyte == 0) {
        return std::to_string(size / megabyte) + "m";
    }
    return size % kilobyte == 0 ? std::to_string(size / kilobyte) + "k" : std::to_string(size);
}

// nginx would wait for whoever writes to it, at each reload anew.
bool may_wait_for_others(const std::string& name) {
    struct stat file{};
    return stat(name.c_str(), &file) == 0 && !S_ISREG(file.st_mode) && !S_ISDIR(file.st_mode);
}

std::string empty_file(const std::string& path) {
    return "file" + shown_file(path) + " is empty, accepted: a file that is not,";
}

} // namespace

std::string shown_file(std::string_view name) {
    return core::may_hold_secret(name) ? "" : " \"" + std::string(name) + "\"";
}

Place place_of(ngx_conf_t* cf) {
    if (cf->conf_file == nullptr) {
        return {};
    }
    return {string(cf->conf_file->file.name), cf->conf_file->line};
}

Place* make_place(ngx_conf_t* cf) {
    return pool_make<Place>(cf->pool, place_of(cf));
}

char* refuse(ngx_conf_t* cf, std::string_view sentence) {
    const std::string text(sentence);
    const std::string name = argument(cf, 0);
    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "\"%s\": %s", name.c_str(), text.c_str());
    return conf_failed();
}

std::string found_instead(std::string_view found, std::string_view accepted) {
    return core::found(found) + ", accepted: " + std::string(accepted);
}

char* refuse_value(ngx_conf_t* cf, std::string_view found, std::string_view accepted) {
    return refuse(cf, found_instead(found, accepted));
}

char* refuse_duplicate(ngx_conf_t* cf) {
    const std::string name = argument(cf, 0);
    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "\"%s\" directive is duplicate", name.c_str()); // as nginx says
    return conf_failed();
}

char* refuse_at(ngx_conf_t* cf, const Place& place, std::string_view sentence) {
    const std::string text(sentence);
    ngx_log_error(NGX_LOG_EMERG, cf->log, 0, "%s in %s:%ui", text.c_str(), place.file.c_str(), place.line);
    return conf_failed();
}

std::string argument(ngx_conf_t* cf, ngx_uint_t index) {
    return string(static_cast<ngx_str_t*>(cf->args->elts)[index]);
}

std::optional<char*> read_include(ngx_conf_t* cf, ngx_command_t* cmd, void* conf) {
    if (argument(cf, 0) != "include") {
        return std::nullopt;
    }
    return cf->args->nelts == 2 ? ngx_conf_include(cf, cmd, conf)
                                : refuse(cf, "found " + std::to_string(cf->args->nelts - 1) +
                                                 " files, accepted: one, or a pattern such as conf.d/*.conf");
}

std::optional<std::string> read_file(ngx_conf_t* cf, const std::string& path, std::string& error,
                                     std::size_t max_size) {
    const auto name = full_name(cf, path);
    if (!name) {
        error = "no memory";
        return std::nullopt;
    }
    if (core::has_control_characters(path) || path.find("-----BEGIN") != std::string::npos) {
        error = "what stands here is a text and no file's name, accepted: the path of a file that has it,";
        return std::nullopt;
    }
    if (may_wait_for_others(*name)) {
        error = "file" + shown_file(*name) + " is a pipe, a socket or a device, accepted: a regular file,";
        return std::nullopt;
    }
    std::string text(max_size + 1, '\0');
    errno = 0;
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(name->c_str(), "rb"), std::fclose);
    const std::size_t size = file ? std::fread(text.data(), 1, text.size(), file.get()) : 0;
    if (!file || std::ferror(file.get()) != 0) {
        error = "file" + shown_file(*name) + why_unreadable(errno);
        return std::nullopt;
    }
    text.resize(size);
    if (text.empty()) {
        error = empty_file(*name);
        return std::nullopt;
    }
    if (text.size() > max_size) {
        error = "file" + shown_file(*name) + " is larger than " + size_text(max_size);
        return std::nullopt;
    }
    return text;
}

// Reading a secret from a file is meant to keep it from others: it does not where all can read the file, and
// who can write it can choose the secret. A group is somebody's choice.
void warn_of_open_file(ngx_conf_t* cf, const std::string& path) {
    const auto name = full_name(cf, path);
    struct stat file{};
    if (!name || stat(name->c_str(), &file) != 0 || !S_ISREG(file.st_mode) ||
        (file.st_mode & (S_IROTH | S_IWOTH)) == 0) {
        return;
    }
    const std::string directive = argument(cf, 0);
    const std::string what = (file.st_mode & S_IWOTH) != 0 ? "changed" : "read";
    ngx_conf_log_error(NGX_LOG_WARN, cf, 0,
                       "\"%s\": file%s holds a secret and can be %s by every user of this machine: "
                       "\"chmod o= FILE\" keeps it from them",
                       directive.c_str(), shown_file(*name).c_str(), what.c_str());
}

std::string why_no_secret(const Source& source) {
    return source.from == Source::From::file ? core::why_no_secret_of_file(source.text)
                                             : core::why_no_secret(source.text);
}

std::optional<Source> read_source(ngx_conf_t* cf, const std::string& source) {
    if (source.starts_with("env:")) {
        const std::string name = source.substr(4);
        const char* value = read_environment(cf, name);
        if (value == nullptr || *value == '\0') {
            refuse(cf, "environment variable" + shown_file(name) + " is not set or empty");
            return std::nullopt;
        }
        return Source{value, Source::From::variable};
    }
    if (!source.starts_with("file:")) {
        return Source{source, Source::From::literal};
    }
    std::string error;
    auto text = read_file(cf, source.substr(5), error);
    if (!text) {
        refuse(cf, error);
        return std::nullopt;
    }
    while (!text->empty() && (text->back() == '\n' || text->back() == '\r')) {
        text->pop_back();
    }
    if (text->empty()) {
        refuse(cf, empty_file(source.substr(5)));
        return std::nullopt;
    }
    warn_of_open_file(cf, source.substr(5));
    return Source{std::move(*text), Source::From::file};
}

namespace {

ngx_str_t in_pool(ngx_conf_t* cf, std::string_view text) {
    const ngx_str_t result = copy(cf->pool, text);
    if (result.data == nullptr) {
        throw std::bad_alloc();
    }
    return result;
}

ngx_array_t* list_in_pool(ngx_conf_t* cf, std::span<const std::string> words) {
    ngx_array_t* names = ngx_array_create(cf->pool, words.size(), sizeof(ngx_str_t));
    if (names == nullptr) {
        throw std::bad_alloc();
    }
    for (const std::string& word : words) {
        *static_cast<ngx_str_t*>(ngx_array_push(names)) = in_pool(cf, word); // room was made for all
    }
    return names;
}

// A time or size in the range; nullopt: it is none.
std::optional<std::int64_t> read_number(const Reader& reader, const std::string& found) {
    if (reader.off_is_zero && found == "off") {
        return 0;
    }
    ngx_str_t text;
    text.data = reinterpret_cast<u_char*>(const_cast<char*>(found.data())); // only read
    text.len = found.size();
    std::int64_t number = NGX_ERROR;
    if (reader.kind == Kind::size) {
        number = ngx_parse_size(&text);
    } else {
        number = ngx_parse_time(&text, reader.kind == Kind::seconds ? 1 : 0);
    }
    if (number == NGX_ERROR || number < reader.range.lowest || number > reader.range.highest) {
        return std::nullopt;
    }
    return number;
}

std::string read_choice(const Reader& reader, const std::string& found, ngx_uint_t& field) {
    std::string accepted;
    for (const Choice& choice : reader.choices) {
        if (choice.name == found) {
            field = choice.value;
            return "";
        }
        accepted.append(accepted.empty() ? "" : ", ").append(choice.name);
    }
    return found_instead(found, accepted);
}

std::string read_flag(const std::string& found, ngx_flag_t& field) {
    if (found != "on" && found != "off") {
        return found_instead(found, "on, off");
    }
    field = found == "on" ? 1 : 0;
    return "";
}

std::string read_number_into(const Reader& reader, const std::string& found, void* field) {
    const auto number = read_number(reader, found);
    if (!number) {
        return found_instead(found, reader.range.accepted);
    }
    if (reader.kind == Kind::seconds) {
        *static_cast<time_t*>(field) = static_cast<time_t>(*number);
    } else if (reader.kind == Kind::milliseconds) {
        *static_cast<ngx_msec_t*>(field) = static_cast<ngx_msec_t>(*number);
    } else {
        *static_cast<size_t*>(field) = static_cast<size_t>(*number);
    }
    return "";
}

} // namespace

std::string read_value(ngx_conf_t* cf, const Directive& row, std::span<const std::string> words, void* conf) {
    const Reader& reader = row.reader;
    void* field = row.field.in(conf);
    const std::string& first = words.front(); // nginx has counted the arguments
    switch (reader.kind) {
    case Kind::seconds:
    case Kind::milliseconds:
    case Kind::size:
        return read_number_into(reader, first, field);
    case Kind::flag:
        return read_flag(first, *static_cast<ngx_flag_t*>(field));
    case Kind::choice:
        return read_choice(reader, first, *static_cast<ngx_uint_t*>(field));
    case Kind::text: {
        std::string problem;
        const auto text = reader.read_text(cf, first, problem);
        if (text) {
            *static_cast<ngx_str_t*>(field) = in_pool(cf, *text);
        }
        return problem;
    }
    case Kind::list:
        *static_cast<ngx_array_t**>(field) = list_in_pool(cf, words);
        return "";
    case Kind::own:
        break;
    }
    return "has no reader"; // a row that the compiler refuses
}

std::optional<std::string> read_printable(ngx_conf_t*, const std::string& found, std::string& problem) {
    if (!core::is_valid_utf8(found) || core::has_control_characters(found)) {
        problem = "the text is not printable UTF-8";
        return std::nullopt;
    }
    return found;
}

} // namespace oauth::ngx
