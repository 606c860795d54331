// SPDX-License-Identifier: MIT
// One value says what a request is: who sends it, by which session, and what the rules of its location say.
// src/ngx/request/ makes it once for each location that a request meets; everything else only reads it.
#pragma once

#include "../core/result.hpp"
#include "../core/wait.hpp"
#include "../policy/policy.hpp"
#include "../session/sign_in.hpp"
#include "../session/store.hpp"
#include "bearer.hpp"
#include "protected_resource.hpp"
#include "site.hpp"

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace oauth::flow {

enum class Standing {
    anonymous,       // the location is open to everybody, and this one passes without a name
    unauthenticated, // it is not, and nobody is signed in
    insufficient,    // somebody is, by a sign-in that is not enough here: oauth_step_up
    denied,          // somebody is, whom no rule lets in
    shadowed,        // as denied, but the rules are only being tried: passes
    allowed,
};

struct Admission {
    Standing standing = Standing::anonymous;
    std::shared_ptr<const session::Identity> identity; // who it is, wherever that is known from; null: nobody
    policy::Verdict verdict;
    session::OpenedSessionPointer session;                   // that the identity came from; null: none
    Credentials::Kind credentials = Credentials::Kind::none; // what decided in place of cookies
    std::string complaint;                                   // of a token that is none: for the log
    std::vector<std::string> cookies;                        // Set-Cookie values for whatever answer follows

    // Does it go on with an identity?
    bool passes() const { return standing == Standing::allowed || standing == Standing::shadowed; }
};

// What a location asks of whoever comes. Made when the configuration is read, and lives as long.
struct Guard {
    enum class Mode { optional, required } mode = Mode::required;
    enum class Enforcement { enforced, shadow } enforcement = Enforcement::enforced;
    const policy::RuleSet* rules = nullptr;      // null: whoever is signed in; only with Mode::optional
    std::vector<std::string> providers;          // whose sessions count; empty: all
    const session::StepUp* step_up = nullptr;    // what their sign-ins have to be like; null: any will do
    const ProtectedResource* resource = nullptr; // which tokens do; null: none
};

// Do sessions of that provider count there?
bool takes_provider(const Guard& guard, std::string_view name);

// What the rules ask about the request.
class Circumstances : public policy::RequestFacts {
public:
    // Called before the rules are asked, with whom they are asked about, and with null afterwards.
    virtual void about(const Admission* candidate) const = 0;
};

// Is it a session at this moment? Two comparisons, as long as no session has been signed out since it was
// asked last. Throws bad_alloc.
bool is_current(Site& site, session::OpenedSession& opened);

// Who sends a request, by the credentials that it brings. The main request keeps it for itself and its
// subrequests, so that the store is asked once, whoever needs the answer first.
class Visitor {
public:
    // What may be the session's cookie, usually one: of those that are a session now, the newest is the
    // visitor's. The views and the base URL outlive it; no cookie or an empty base URL: nobody.
    Visitor(Site& site, std::span<const std::string_view> session_cookies, std::string_view base_url)
        : site_(site), unasked_(base_url.empty() ? std::span<const std::string_view>() : session_cookies),
          base_url_(base_url), lock_(site.ready) {}

    // What it brings beside cookies; `client`: whose turns are counted together. The views outlive this.
    void bring(Credentials credentials, std::string_view client) {
        credentials_ = credentials;
        client_ = client;
    }
    const Credentials& credentials() const { return credentials_; }
    // What the token is for that resource; null: verify() has to be awaited.
    const TokenVerdict* verdict(const ProtectedResource& resource);
    core::Task<core::Status> verify(const ProtectedResource& resource);

    Site& site() const { return site_; }
    std::string_view base_url() const { return base_url_; }

    // The session as far as that is known without waiting. False: look_up() has to be awaited.
    bool is_known();
    // store_unavailable if the store does not answer; that is remembered, too.
    core::Task<core::Status> look_up();
    // Its idle time has to be renewed, or its user asked for again.
    bool is_due() const { return session_ && site_.clock.now() >= session_->due_at && !is_attended_; }
    // Does that, once it is known. An error as of look_up().
    core::Task<core::Status> attend();
    // Null: none. Only once it is known.
    const session::OpenedSessionPointer& session() const { return session_; }
    // That one and all others that its cookies open: to end one of several would bring back an older one.
    std::vector<session::OpenedSessionPointer> all_sessions() const;
    // Set-Cookie values that came with the session.
    const std::vector<std::string>& cookies() const { return cookies_; }
    // What is to be set instead by an answer that begins now: another request of the browser may have
    // refreshed the session since it was decided, or ended it, or signed somebody in. Absent: the same.
    std::optional<std::vector<std::string>> cookies_by_now() const;

private:
    void accept(session::Loaded found);
    std::vector<std::string> cookies_to_ask_about();

    Site& site_;
    std::span<const std::string_view> unasked_; // cookies that the store has not been asked about
    std::string_view base_url_;
    core::AsyncMutex lock_;
    bool is_asking_ = false;
    bool is_attended_ = false;
    std::int64_t ended_at_ = 0; // when attend() found that the session had ended
    std::unique_ptr<core::Error> failure_;
    session::OpenedSessionPointer session_;
    std::vector<session::OpenedSessionPointer> older_;
    std::vector<std::string> cookies_;
    Credentials credentials_;
    std::string client_;
    const ProtectedResource* verified_for_ = nullptr; // whose verdict this is; null: nobody's yet
    TokenVerdict verdict_;
};

// On the warm path: a hash, a compare and two short searches, and no allocation. False, and the admission is
// what it was: it has to wait, or the session has to be attended to.
bool admit_now(Visitor& visitor, const Guard& guard, const Circumstances& circumstances,
               Admission& admission);

// What it would be with the session as it is, before anything is decided. nullopt: that is not known yet.
std::optional<Admission> foresee(Visitor& visitor, const Guard& guard, const Circumstances& circumstances);

// The same where it has to wait; store_unavailable if the store does not answer. All references outlive it.
core::Task<core::Result<Admission>> admit(Visitor& visitor, const Guard& guard,
                                          const Circumstances& circumstances);

} // namespace oauth::flow
