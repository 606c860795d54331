// SPDX-License-Identifier: MIT
// oauth_allow, oauth_deny and oauth_policy: read where they stand, compiled when everything has been read, so
// that order in the files does not matter.
#pragma once

#include "conf.hpp"

namespace oauth::ngx {

// Compiles all levels and policies; false: an error has been logged with file and line.
bool compile_rules(ngx_conf_t* cf, MainConf::Compiled& compiled);

// if=$variable, for one request.
class RequestVariables final : public policy::RequestFacts {
public:
    explicit RequestVariables(ngx_http_request_t* r) : r_(r) {}
    bool variable_is_true(int index) const noexcept override;

private:
    ngx_http_request_t* r_;
};

} // namespace oauth::ngx
