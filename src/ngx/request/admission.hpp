// SPDX-License-Identifier: MIT
// The admission of a request to the location it is in: made here, once for each location that it meets, and
// only read elsewhere. flow/admission.hpp says what it is.
#pragma once

#include "context.hpp"

#include <string>

namespace oauth::ngx {

enum class Admitting {
    decided, // see admission_of
    waiting, // for the store: come back when woken
    failed,  // it cannot be decided: see Context::failure
};

// Decides, and has the upstream told: the identity header of this admission and of no other. Idempotent.
Admitting admit(ngx_http_request_t* r);

// What admit() decided for the location that the request is in; nullptr: nothing, as where the module is off.
const flow::Admission* admission_of(ngx_http_request_t* r);

// What variables may tell: the admission; before it is made, in the rewrite phase, what can be known without
// waiting; while rules are asked, whom they are asked about. nullptr: nobody.
const flow::Admission* foresee_admission(ngx_http_request_t* r);

// May it be told who that is? A request that was turned away may say so in the log; one that goes on without
// being allowed - optional, or let in by another method - has no name.
bool may_be_named(ngx_http_request_t* r, const flow::Admission& admission);

// The signed identity of an admission that passes, for its location's audience; nullptr if signing fails.
std::shared_ptr<const std::string> identity_of(ngx_http_request_t* r, const flow::Admission& admission);

// For the figures: which rule refused, or would have.
void count_denied(ngx_http_request_t* r, const flow::Admission& denied);

// The scopes with which a rule would let it in; empty: none would.
std::vector<std::string> lacking_scopes(ngx_http_request_t* r, const flow::Admission& denied);

// For the log: whose session it is and why no rule lets it in. No values of the session.
std::string explain(ngx_http_request_t* r, const flow::Admission& denied);

} // namespace oauth::ngx
