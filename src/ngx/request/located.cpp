// SPDX-License-Identifier: MIT
// See located.hpp.
#include "located.hpp"
#include "../boundary.hpp"
#include "../pool.hpp"

#include "../../flow/step_up.hpp"

#include <utility>

namespace oauth::ngx {

namespace {

using Progress = Decision::Progress;

// Whatever ended the subrequest, no page of it is looked for, and nothing is sent.
ngx_int_t on_asked(ngx_http_request_t*, void* data, ngx_int_t rc) {
    auto& decision = *static_cast<Decision*>(data);
    decision.ended_with = rc;
    if (decision.progress == Progress::asking) {
        decision.progress = Progress::none;
    }
    return NGX_OK;
}

} // namespace

bool is_asked(const ngx_http_request_t* r) {
    return r != r->main && r->post_subrequest != nullptr && r->post_subrequest->handler == guarded<on_asked>;
}

ngx_str_t stored(ngx_http_request_t* r, std::string_view text) {
    const ngx_str_t copied = copy(r->pool, text);
    if (copied.data == nullptr) {
        throw std::bad_alloc();
    }
    return copied;
}

// As nginx does with the target of a request: ngx_http_process_request_uri(), on a request of its own.
std::optional<Target> parse_target(ngx_http_request_t* r, const ngx_str_t& target) {
    ngx_http_request_t parsed{};
    parsed.pool = r->pool;
    parsed.connection = r->connection;
    parsed.uri_start = target.data;
    parsed.uri_end = target.data + target.len;
    if (ngx_http_parse_uri(&parsed) != NGX_OK) {
        return std::nullopt;
    }
    const u_char* end = parsed.args_start != nullptr ? parsed.args_start - 1 : parsed.uri_end;
    parsed.uri.len = static_cast<std::size_t>(end - parsed.uri_start);
    parsed.uri.data = parsed.uri_start;
    if (parsed.complex_uri != 0 || parsed.quoted_uri != 0) {
        parsed.uri = stored(r, view(parsed.uri));
        const auto* core_server =
            static_cast<ngx_http_core_srv_conf_t*>(ngx_http_get_module_srv_conf(r, ngx_http_core_module));
        const auto merges = static_cast<ngx_uint_t>(core_server->merge_slashes);
        if (ngx_http_parse_complex_uri(&parsed, merges) != NGX_OK) {
            return std::nullopt;
        }
    }
    Target found{parsed.uri, ngx_null_string};
    if (parsed.args_start != nullptr && parsed.uri_end > parsed.args_start) {
        found.arguments.data = parsed.args_start;
        found.arguments.len = static_cast<std::size_t>(parsed.uri_end - parsed.args_start);
    }
    return found;
}

ngx_int_t send_there(ngx_http_request_t* r, Decision& decision, Target target) {
    if (decision.has_slash) {
        target.uri = stored(r, string(target.uri) + "/");
    }
    auto* post =
        static_cast<ngx_http_post_subrequest_t*>(ngx_palloc(r->pool, sizeof(ngx_http_post_subrequest_t)));
    ngx_http_request_t* asked = nullptr;
    if (post == nullptr) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }
    post->handler = guarded<on_asked>;
    post->data = &decision;
    if (ngx_http_subrequest(r, &target.uri, &target.arguments, &asked, post, NGX_HTTP_SUBREQUEST_WAITED) !=
        NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }
    asked->header_only = 1;
    decision.asked = asked;
    decision.progress = Progress::asking;
    return NGX_AGAIN;
}

// A request of a browser would come again, to where nginx redirects it.
bool needs_slash(Decision& decision) {
    return decision.progress == Progress::none && decision.ended_with == NGX_HTTP_MOVED_PERMANENTLY &&
           !std::exchange(decision.has_slash, true);
}

ngx_int_t find_page(ngx_http_request_t* r, Context& context, const flow::Guard*& page) {
    page = nullptr;
    if (context.decision == nullptr) {
        context.decision = pool_make<Decision>(r->pool);
        context.decision->about = Decision::About::location;
    } else if (context.decision->progress == Progress::asking) {
        return NGX_AGAIN;
    } else if (!needs_slash(*context.decision)) {
        const bool is_found = context.decision->progress == Progress::decided;
        page = is_found ? location_conf(context.decision->asked)->guard : nullptr;
        return NGX_OK;
    }
    const std::string path = flow::page_to_sign_in_for(collect_facts(r, context));
    const auto target = parse_target(r, stored(r, path));
    return target ? send_there(r, *context.decision, *target) : NGX_OK;
}

} // namespace oauth::ngx
