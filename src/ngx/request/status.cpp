// SPDX-License-Identifier: MIT
// See status.hpp.
#include "status.hpp"
#include "../boundary.hpp"
#include "../compat.hpp"
#include "../conf/directives.hpp"
#include "respond.hpp"

#include "../../figures/exposition.hpp"

namespace oauth::ngx {

namespace {

ngx_int_t serve_status(ngx_http_request_t* r) {
    if ((r->method & (NGX_HTTP_GET | NGX_HTTP_HEAD)) == 0) {
        return NGX_HTTP_NOT_ALLOWED;
    }
    const ngx_int_t discarded = ngx_http_discard_request_body(r);
    if (discarded != NGX_OK) {
        return discarded;
    }
    MainConf& main = *main_conf(r);
    Runtime& runtime = runtime_of(main);
    const figures::Named& named = main.compiled->named;
    const auto families = figures::collect(runtime.figures(), named, runtime.gauges());
    web::Answer answer;
    if (location_conf(r)->status == status_json) {
        answer = web::json(200, figures::json_text(families, runtime.figures(), named));
    } else {
        answer.content_type = "text/plain; version=0.0.4; charset=utf-8";
        answer.body = figures::prometheus_text(families);
    }
    if (!set_only_cache_control(r, push_header(r, "Cache-Control", answer.cache_control))) {
        return NGX_ERROR;
    }
    return write(r, answer);
}

const ngx_http_handler_pt handler = guarded<serve_status>;

constexpr char why_alone[] =
    "the location has another directive that is its content, such as proxy_pass, accepted: one of them";

} // namespace

char* set_status(ngx_conf_t* cf, ngx_command_t*, void* conf) {
    auto& location = *static_cast<LocationConf*>(conf);
    if (location.status != status_none) {
        return const_cast<char*>("is duplicate");
    }
    const auto* words = static_cast<ngx_str_t*>(cf->args->elts);
    const std::string_view format = cf->args->nelts == 1 ? "prometheus" : view(words[1]);
    if (format != "prometheus" && format != "json") {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "\"oauth_status\": found \"%V\", accepted: prometheus, json",
                           &words[1]);
        return static_cast<char*>(NGX_CONF_ERROR);
    }
    location.status_place = make_place(cf);
    location.status = format == "json" ? status_json : status_prometheus;
    auto* core =
        static_cast<ngx_http_core_loc_conf_t*>(ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module));
    if (core->handler != nullptr) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "\"oauth_status\": %s", why_alone);
        return static_cast<char*>(NGX_CONF_ERROR);
    }
    core->handler = handler;
    return NGX_CONF_OK;
}

bool check_status(ngx_conf_t* cf, const MainConf::Compiled& compiled) {
    for (const LocationConf* location : compiled.locations) {
        const bool is_its_content = location->status != status_none && location->core->noname == 0;
        if (is_its_content && location->core->handler != handler) {
            refuse_at(cf, *location->status_place, "\"oauth_status\": " + std::string(why_alone));
            return false;
        }
    }
    return true;
}

} // namespace oauth::ngx
