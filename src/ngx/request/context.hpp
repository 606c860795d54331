// SPDX-License-Identifier: MIT
// What the module remembers of one request. In the request's pool, found again after internal redirects, and
// alive until the log phase is over, because variables read it. A subrequest has one of its own.
#pragma once

#include "../conf/conf.hpp"
#include "../worker/worker.hpp"

#include "../../flow/admission.hpp"
#include "../../flow/endpoints.hpp"
#include "waiting.hpp"

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

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
    std::size_t size() const { return size_; }
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

class Context;
struct Decision; // original.hpp

// What a flow that waits refers to, and the flow: destroyed in reverse order. Off the warm path.
class UnderWay final : public Abandonable {
public:
    explicit UnderWay(Context& context);
    void abandon() noexcept override; // the worker is about to end

private:
    Context& context_;

public:
    Wake wake;
    std::optional<flow::Request> facts;
    flow::Offer offer;
    std::unique_ptr<flow::Circumstances> circumstances;
    enum class Body { unread, read, too_large } body = Body::unread; // see form.hpp
    std::string form;
    Waiting<core::Result<flow::Admission>> admission{wake};
    Waiting<web::Answer> answer{wake};
};

class Context {
public:
    explicit Context(ngx_http_request_t* r) : request_(r) {}
    Context(const Context&) = delete;
    Context& operator=(const Context&) = delete;
    ~Context() {
        if (outcome) {
            count_outcome();
        }
    }

    void count_outcome() noexcept; // where there is one

    ngx_http_request_t* request() const { return request_; }

    // Of a main request: what it brought, made when it is received (intake.hpp).
    OwnCookies own_cookies;
    bool intake_broke_off = false; // for lack of memory: the request may still hold what it must not
    ngx_table_elt_t* spare_header = nullptr;           // a Cookie header that held nothing but ours
    flow::Route route;                                 // an endpoint of ours
    const flow::ProtectedResource* resource = nullptr; // whose metadata it asks for, at such an endpoint
    std::unique_ptr<std::string> hidden_arguments;     // the query of a callback
    std::optional<flow::Visitor> visitor;
    Decision* decision = nullptr; // of `auth`, for another proxy; in the pool

    // The admission to a location (admission.hpp).
    const LocationConf* admitted_to = nullptr; // null: not decided since the request came to where it is
    flow::Admission admission;
    const flow::Admission* candidate = nullptr;   // whom the rules are being asked about
    std::unique_ptr<flow::Admission> foreseen;    // what variables told before it was decided
    const LocationConf* turned_away_by = nullptr; // refused there, on our word
    std::shared_ptr<const std::string> identity;  // the header's value
    std::vector<std::shared_ptr<const std::string>> former_identities; // what variables read may be of them
    ngx_table_elt_t* identity_header = nullptr;                        // ours in the list
    bool asks_for_audience = false;       // oauth_identity_audience with variables is being evaluated
    std::unique_ptr<core::Error> failure; // why it could not be decided

    // The answer (filter.hpp).
    // Of a main request: what the rules have said of it, to be counted when its answer begins, or when it
    // ends without one.
    std::optional<figures::Request> outcome;
    bool is_refused = false; // by the rules: what an error_page leads to does not change that
    bool is_counted = false;
    bool is_for_any_origin = false;           // pages of every site may read it (mcp_answers.hpp)
    bool is_secret = false;                   // its headers: not even a debug log shows them
    bool is_watched = false;                  // a stream that ends with its session (streams.hpp)
    const std::string* shadowed_by = nullptr; // the rule that has been counted for it; of the configuration
    std::optional<core::Code> error;
    std::vector<const u_char*> headers; // the keys of those that an answer of ours has set
    std::vector<ngx_str_t> set_cookies; // whole Set-Cookie values, in the pool
    ngx_str_t cache_control{};          // the one that the answer carries; empty: not our answer

    std::unique_ptr<UnderWay> under_way;

private:
    ngx_http_request_t* request_;
};

// The request's context if it has one; nullptr otherwise.
Context* find_context(ngx_http_request_t* r);
// Throws bad_alloc.
Context& make_context(ngx_http_request_t* r);
UnderWay& make_under_way(Context& context);

// What this worker serves the request's server with; nullptr: it cannot be made at the moment, which the
// worker has said in its log, and whatever the server protects is refused with no_site().
flow::Site* site_of(ngx_http_request_t* r);
core::Error no_site();

// What the rules of its location say of a request. A subrequest's counts where the main request is in no
// protected location itself, and where it is a gate that auth_request asks.
void note_outcome_of_subrequest(ngx_http_request_t* r, figures::Request outcome);
inline void note_outcome(ngx_http_request_t* r, Context& context, figures::Request outcome) {
    if (r != r->main) {
        note_outcome_of_subrequest(r, outcome);
    } else if (!context.is_refused) {
        context.outcome = outcome;
    }
}
// The request is turned away for it. False: it has been before, on its way to an error_page.
bool note_refusal(ngx_http_request_t* r, Context& context, figures::Request outcome);

// Whose turns are counted together: an address of IPv4, or the network that one customer has of IPv6; empty:
// whoever is behind a unix socket.
std::string client_of(const ngx_http_request_t* r);

// For a flow, an endpoint or a challenge: copies.
flow::Request collect_facts(ngx_http_request_t* r, const Context& context);

} // namespace oauth::ngx
