// SPDX-License-Identifier: MIT
// See headers.hpp. Removing makes a new list of the remaining headers. The old elements keep their addresses
// and values, because headers_in and other modules point to them.
#include "headers.hpp"
#include "../compat.hpp"
#include "../conf/names.hpp"

#include "../../core/bytes.hpp"

#include <algorithm>

namespace oauth::ngx {

namespace {

template <class Visit>
void for_each_header(const ngx_list_t& list, Visit visit) {
    for (const ngx_list_part_t* part = &list.part; part != nullptr; part = part->next) {
        auto* headers = static_cast<ngx_table_elt_t*>(part->elts);
        for (ngx_uint_t i = 0; i < part->nelts; ++i) {
            visit(headers[i]);
        }
    }
}

template <class Keep>
bool rebuild(ngx_http_request_t* r, Keep keep) {
    ngx_list_t fresh;
    constexpr ngx_uint_t part_size = 20;
    if (ngx_list_init(&fresh, r->pool, part_size, sizeof(ngx_table_elt_t)) != NGX_OK) {
        return false;
    }
    bool complete = true;
    for_each_header(r->headers_in.headers, [&](const ngx_table_elt_t& header) {
        if (!keep(header)) {
            return;
        }
        auto* place = static_cast<ngx_table_elt_t*>(ngx_list_push(&fresh));
        if (place == nullptr) {
            complete = false;
            return;
        }
        *place = header;
    });
    if (!complete) {
        return false;
    }
    const bool last_is_first = fresh.last == &fresh.part;
    r->headers_in.headers = fresh;
    if (last_is_first) {
        r->headers_in.headers.last = &r->headers_in.headers.part; // ngx_list_t points into itself
    }
    return true;
}

bool has_headers(const ngx_http_request_t* r) {
    return r->headers_in.headers.last != nullptr; // an HTTP/0.9 request has no list at all
}

bool is_connection(const ngx_table_elt_t& header) {
    constexpr std::string_view name = "connection";
    return header.key.len == name.size() && core::equal_ignoring_case(view(header.key), name);
}

// "keep-alive" and "Upgrade" are shorter than a name.
bool may_name(const ngx_table_elt_t& header, const std::vector<std::string>& normalised_names) {
    return std::any_of(normalised_names.begin(), normalised_names.end(),
                       [&](const std::string& name) { return header.value.len >= name.size(); });
}

// Some servers take blanks for commas.
bool has_name(std::string_view element, const std::vector<std::string>& normalised_names) {
    while (!element.empty()) {
        const std::size_t size = std::min(element.find_first_of(" \t"), element.size());
        const ngx_str_t word = {size, reinterpret_cast<u_char*>(const_cast<char*>(element.data()))};
        if (is_forgeable(word, normalised_names)) {
            return true;
        }
        element.remove_prefix(std::min(size + 1, element.size()));
    }
    return false;
}

// The list without what is forgeable; the same text where nothing is.
std::string without_names(std::string_view list, const std::vector<std::string>& normalised_names) {
    std::string kept;
    for (const std::string_view element : core::split(list, ',')) {
        if (!has_name(element, normalised_names)) {
            kept.append(kept.empty() ? "" : ",").append(element);
        }
    }
    return std::string(core::trim(kept));
}

} // namespace

Sighting look_for(const ngx_http_request_t* r, const std::vector<std::string>& normalised_names) {
    Sighting seen;
    if (has_headers(r)) {
        for_each_header(r->headers_in.headers, [&](const ngx_table_elt_t& header) {
            seen.header = seen.header || is_forgeable(header.key, normalised_names);
            seen.nominated = seen.nominated || (is_connection(header) && may_name(header, normalised_names));
        });
    }
    return seen;
}

bool clean_connection_headers(ngx_http_request_t* r, const std::vector<std::string>& normalised_names) {
    bool is_emptied = false;
    for_each_header(r->headers_in.headers, [&](ngx_table_elt_t& header) {
        if (!is_connection(header) || !may_name(header, normalised_names)) {
            return;
        }
        const std::string kept = without_names(view(header.value), normalised_names);
        if (kept.empty()) {
            mark_removed(header);
            is_emptied = true;
        } else if (kept.size() < header.value.len) {
            header.value = copy(r->pool, kept);
            if (header.value.data == nullptr) {
                throw std::bad_alloc();
            }
        }
    });
    return is_emptied;
}

const ngx_table_elt_t* find_header(const ngx_http_request_t* r, std::string_view name) {
    const ngx_table_elt_t* found = nullptr;
    if (has_headers(r)) {
        for_each_header(r->headers_in.headers, [&](const ngx_table_elt_t& header) {
            if (found == nullptr && header.key.len == name.size() &&
                core::equal_ignoring_case(view(header.key), name)) {
                found = &header;
            }
        });
    }
    return found;
}

bool has_header(const ngx_http_request_t* r, const std::vector<std::string>& normalised_names) {
    bool found = false;
    if (has_headers(r)) {
        for_each_header(r->headers_in.headers, [&](const ngx_table_elt_t& header) {
            found = found || is_forgeable(header.key, normalised_names);
        });
    }
    return found;
}

void remove_headers(ngx_http_request_t* r, const std::vector<std::string>& normalised_names) {
    const bool removed = !has_headers(r) || rebuild(r, [&](const ngx_table_elt_t& header) {
        return header.value.data != nullptr && !is_forgeable(header.key, normalised_names);
    });
    if (!removed) {
        throw std::bad_alloc();
    }
}

ngx_table_elt_t* add_identity_header(ngx_http_request_t* r, const LocationConf& location,
                                     std::string_view value, ngx_table_elt_t* reuse) {
    if (!has_headers(r)) {
        return nullptr;
    }
    ngx_table_elt_t* header = reuse;
    if (header == nullptr) {
        header = static_cast<ngx_table_elt_t*>(ngx_list_push(&r->headers_in.headers));
    }
    if (header == nullptr) {
        return nullptr;
    }
    header->hash = location.identity_header_hash;
    header->key = location.identity_header;
    header->lowcase_key = location.identity_header_lowcase.data;
    header->value = {value.size(), reinterpret_cast<u_char*>(const_cast<char*>(value.data()))};
    terminate_chain(*header);
    return header;
}

} // namespace oauth::ngx
