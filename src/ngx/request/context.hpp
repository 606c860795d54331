// SPDX-License-Identifier: MIT
// What the module remembers of one request: its session, the decision of the location it is in, and a flow
// under way. In the request's pool, found again after internal redirects; variables read it until the log
// phase.
#pragma once

#include "../conf/conf.hpp"
#include "../worker/worker.hpp"

#include "../../core/task.hpp"
#include "../../flow/request.hpp"
#include "../../web/answer.hpp"

#include <memory>
#include <optional>
#include <string_view>

namespace oauth::ngx {

// Our cookies among a request's, in its pool.
class OwnCookies {
public:
    using Pair = std::pair<std::string_view, std::string_view>;

    void add(ngx_pool_t* pool, std::string_view name, std::string_view value) {
        if (size_ == capacity_) {
            grow(pool);
        }
        new (data_ + size_++) Pair(name, value);
    }
    bool empty() const { return size_ == 0; }
    const Pair* begin() const { return data_; }
    const Pair* end() const { return data_ + size_; }

private:
    void grow(ngx_pool_t* pool) {
        const std::size_t capacity = capacity_ == 0 ? 4 : capacity_ * 2;
        auto* data = static_cast<Pair*>(ngx_palloc(pool, capacity * sizeof(Pair)));
        if (data == nullptr) {
            throw std::bad_alloc();
        }
        std::uninitialized_copy_n(data_, size_, data);
        data_ = data;
        capacity_ = capacity;
    }

    Pair* data_ = nullptr;
    std::size_t size_ = 0;
    std::size_t capacity_ = 0;
};

class Context final : public Abandonable {
public:
    explicit Context(ngx_http_request_t* r) : request_(r) {}

    ngx_http_request_t* request() const { return request_; }
    void abandon() noexcept override { flow.reset(); }

    // Found before the cookies are cut out of the request.
    bool cookies_read = false;
    std::string_view session_cookie; // the header's own bytes, or joined parts in the pool; empty: none
    OwnCookies own_cookies;
    ngx_table_elt_t* spare_header = nullptr; // a Cookie header that held nothing but ours

    std::string_view base_url; // empty: not found yet, or the host is none of ours
    session::OpenedSessionPointer session;
    bool session_looked_up = false;

    // The decision, and the location it is of: an internal redirect brings another.
    const LocationConf* decided_for = nullptr;
    bool signed_in = false; // a session, of a provider that the location takes
    bool allowed = false;
    bool deciding = false; // the rules are being asked: their variables may say who is signed in
    const LocationConf* turned_away_by = nullptr;
    bool shadowed = false; // allowed only because oauth_policy_mode is shadow
    policy::Verdict verdict;

    // The query of a callback, taken out of sight of the logs.
    bool hidden = false;
    std::string arguments;

    std::optional<core::Code> error;

    // A flow under way, and what it refers to: destroyed in this order's reverse.
    std::optional<flow::Request> facts;
    flow::Offer offer;
    std::optional<web::Answer> answer;
    std::unique_ptr<core::Flow<web::Answer>> flow;
    bool starting = false; // inside flow->start(): the answer needs no event
    bool failed = false;   // the flow ended with an exception
    bool body_read = false;
    bool cleanup_added = false;

private:
    ngx_http_request_t* request_;
};

// The request's context if it has one; nullptr otherwise. A subrequest has its own.
Context* find_context(ngx_http_request_t* r);
// Throws bad_alloc.
Context& make_context(ngx_http_request_t* r);

// Reads the cookies that are ours, once, and takes them out of what goes upstream. Main requests only.
void read_cookies(ngx_http_request_t* r, Context& context);

// "https://host[:port]" as configured, or of the request where its host is one of the server's names or the
// address it was reached at; empty otherwise.
std::string_view find_base_url(ngx_http_request_t* r, const ServerConf& server);

// The session of the main request at its base URL; nullptr: none.
const session::OpenedSessionPointer& find_session(ngx_http_request_t* r, Context& context);

// Decides the request by the location it is in now. Idempotent; allocates a context only where there is
// something to remember. `context` of the result is nullptr where the module has nothing to do with the
// request.
struct Decision {
    Context* context = nullptr;
    bool allowed = false;
};
Decision decide(ngx_http_request_t* r);

// The signed identity of an allowed request, for its location's audience; empty if signing fails. A view into
// the session.
std::string_view identity_of(ngx_http_request_t* r, Context& context);

// For a flow, an endpoint or a challenge.
flow::Request collect_facts(ngx_http_request_t* r, const Context& context);

} // namespace oauth::ngx
