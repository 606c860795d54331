// SPDX-License-Identifier: MIT
// See fresh_variables.hpp.
#include "fresh_variables.hpp"

namespace oauth::ngx {

namespace {

// A value that asking its handler again would not give: somebody has put it there.
bool is_put_there(ngx_http_request_t* r, const ngx_http_variable_t& variable,
                  const ngx_http_variable_value_t& cached) {
    if (cached.valid == 0 || (variable.flags & NGX_HTTP_VAR_NOCACHEABLE) != 0) {
        return false;
    }
    if ((variable.flags & NGX_HTTP_VAR_WEAK) != 0) {
        return true; // `set`
    }
    if ((variable.flags & NGX_HTTP_VAR_CHANGEABLE) == 0 || variable.get_handler == nullptr) {
        return false;
    }
    // Variables of other modules that are set and never computed have themselves for their data.
    if (variable.index != 0 && variable.data == variable.index) {
        return true;
    }
    // Captures with a name, and auth_request_set: their handlers know of no value.
    static u_char nobody[] = "";
    ngx_http_variable_value_t asked{};
    asked.data = nobody;
    return variable.get_handler(r, &asked, variable.data) == NGX_OK && asked.not_found != 0;
}

} // namespace

FreshVariables::FreshVariables(ngx_http_request_t* r) : r_(r), variables_(r->variables) {
#if (NGX_PCRE)
    captures_ = r->captures;
    captures_size_ = r->ncaptures;
    captures_data_ = r->captures_data;
    realloc_captures_ = r->realloc_captures & 1;
#endif
    restore_captures();
    const auto* core_main =
        static_cast<ngx_http_core_main_conf_t*>(ngx_http_get_module_main_conf(r, ngx_http_core_module));
    const auto* variables = static_cast<ngx_http_variable_t*>(core_main->variables.elts);
    // Handlers that are asked here fill in another array than the one that they are asked about.
    std::vector<ngx_http_variable_value_t> asked(variables_, variables_ + core_main->variables.nelts);
    fresh_.resize(core_main->variables.nelts);
    r->variables = asked.data();
    for (std::size_t i = 0; i < fresh_.size(); ++i) {
        if (is_put_there(r, variables[i], variables_[i])) {
            fresh_[i] = variables_[i];
        }
    }
    r->variables = fresh_.data();
    restore_captures();
}

bool FreshVariables::has_read_unset() const {
    const auto* core_main =
        static_cast<ngx_http_core_main_conf_t*>(ngx_http_get_module_main_conf(r_, ngx_http_core_module));
    const auto* variables = static_cast<ngx_http_variable_t*>(core_main->variables.elts);
    for (std::size_t i = 0; i < fresh_.size(); ++i) {
        if ((variables[i].flags & NGX_HTTP_VAR_WEAK) != 0 && fresh_[i].valid != 0 &&
            variables_[i].valid == 0) {
            return true;
        }
    }
    return false;
}

void FreshVariables::restore_captures() const {
#if (NGX_PCRE)
    r_->captures = captures_;
    r_->ncaptures = captures_size_;
    r_->captures_data = captures_data_;
    r_->realloc_captures = 1; // so that the array is not written into
#endif
}

FreshVariables::~FreshVariables() {
    r_->variables = variables_;
    restore_captures();
#if (NGX_PCRE)
    r_->realloc_captures = realloc_captures_ & 1;
#endif
}

} // namespace oauth::ngx
