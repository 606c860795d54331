// SPDX-License-Identifier: MIT
// The loops over the table of directives: fields are unset, set, inherited, given their defaults, and copied
// to whoever works with them.
#include "table.hpp"
#include "directives.hpp"

#include "../../core/bytes.hpp"

namespace oauth::ngx {

namespace {

// Calls `visit` for the rows that have a field in that struct. nginx's own list leads to the rows.
template <class Visit>
void for_each_field(ngx_uint_t level, Visit visit) {
    for (const ngx_command_t* command = ngx_http_oauth_module.commands; command->name.len != 0; ++command) {
        const auto& row = *static_cast<const Directive*>(command->post);
        if (row.field.in != nullptr && row.field.conf == level) {
            visit(row);
        }
    }
}

std::vector<std::string> split(std::string_view text) {
    std::vector<std::string> words;
    while (!text.empty()) {
        const std::size_t space = text.find(' ');
        words.emplace_back(text.substr(0, space));
        text.remove_prefix(space == std::string_view::npos ? text.size() : space + 1);
    }
    return words;
}

bool read_default(ngx_conf_t* cf, const Directive& row, void* conf) {
    const std::string sentence = read_value(cf, row, split(row.otherwise.text), conf);
    if (!sentence.empty()) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "\"%s\": default: %s", row.name, sentence.c_str());
    }
    return sentence.empty();
}

} // namespace

ngx_command_t command_of(const Directive& row) {
    ngx_command_t command;
    command.name.data = reinterpret_cast<u_char*>(const_cast<char*>(row.name));
    command.name.len = ngx_strlen(row.name);
    command.type = row.level.contexts | row.arguments;
    command.set = row.reader.set == nullptr ? guarded<set_value> : row.reader.set;
    command.conf = row.level.conf;
    command.offset = 0; // the row knows its field
    command.post = const_cast<Directive*>(&row);
    return command;
}

char* set_value(ngx_conf_t* cf, ngx_command_t* cmd, void* conf) {
    const auto& row = *static_cast<const Directive*>(cmd->post);
    if (!row.field.is_unset(conf)) {
        return refuse_duplicate(cf);
    }
    std::vector<std::string> words;
    for (ngx_uint_t i = 1; i < cf->args->nelts; ++i) {
        words.push_back(argument(cf, i));
    }
    const std::string sentence = read_value(cf, row, words, conf);
    return sentence.empty() ? NGX_CONF_OK : refuse(cf, sentence);
}

void unset_values(ngx_uint_t level, void* conf) {
    for_each_field(level, [conf](const Directive& row) { row.field.unset(conf); });
}

bool merge_values(ngx_conf_t* cf, ngx_uint_t level, const void* parent, void* conf) {
    bool good = true;
    for_each_field(level, [&](const Directive& row) {
        if (parent != nullptr && row.field.is_unset(conf)) {
            row.field.inherit(conf, parent);
        }
        if (row.otherwise.is_value && row.field.is_unset(conf)) {
            good = read_default(cf, row, conf) && good;
        }
    });
    return good;
}

void copy_values(ngx_uint_t level, void* conf, const char* object_type, void* object) {
    for_each_field(level, [&](const Directive& row) {
        if (row.receiver.object == object_type) {
            row.receiver.copy(row.field.in(conf), object);
        }
    });
}

std::vector<std::string> strings(const ngx_array_t* array) {
    std::vector<std::string> result;
    const auto* items = array == nullptr ? nullptr : static_cast<ngx_str_t*>(array->elts);
    for (ngx_uint_t i = 0; items != nullptr && i < array->nelts; ++i) {
        result.push_back(string(items[i]));
    }
    return result;
}

} // namespace oauth::ngx
