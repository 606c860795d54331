// SPDX-License-Identifier: MIT
// What flows work with. SiteOptions is a server's compiled configuration: immutable, owned by the
// configuration. A Site is what a worker needs to serve it (keys, client, provider caches), made after fork.
// Flows hold references to both; both outlive them.
#pragma once

#include "../../providers/provider.hpp"
#include "../core/clock.hpp"
#include "../core/crypto.hpp"
#include "../core/timers.hpp"
#include "../identity/identity_token.hpp"
#include "../net/http.hpp"
#include "../session/cookies.hpp"
#include "../session/ledger.hpp"
#include "../session/sealer.hpp"
#include "../session/signed_tokens.hpp"
#include "../session/store.hpp"
#include "../session/store_settings.hpp"
#include "../web/pages.hpp"
#include "background.hpp"
#include "provider.hpp"
#include "request.hpp"
#include "turns.hpp"

#include <chrono>
#include <memory>
#include <string>
#include <vector>

namespace oauth::flow {

// What the whole configuration uses of a user.
struct Requirements {
    providers::Needs needs;
    std::vector<std::shared_ptr<const policy::RuleSet>> rules;
    bool shows_groups = false; // a variable or a claim list uses them, so none may be left out
    // Marks for sessions. A session with another mark was made under other requirements: it may lack facts
    // that the rules use, so it counts as none.
    std::string mark;
    std::string mark_with_groups;            // of a session that keeps only the groups that rules name
    std::int64_t longest_session = 8 * 3600; // seconds, of all servers: so long revocations of many are kept
    std::int64_t longest_sign_in = 660;      // likewise: so long one can be under way that they end

    void finish(); // makes the marks
    bool mentions_group(std::string_view group) const;
};

struct SiteOptions {
    std::string path = "/auth/oauth"; // oauth_path
    std::string base_url;             // empty: from the request
    web::Look look;                   // oauth_page_*
    std::string login_page;           // oauth_login_page: a path of this server; empty: the built-in page
    std::vector<std::string> offered; // the providers that some location of the server offers
    bool has_several_offers = false;  // its locations do not all offer the same; of a family, all of theirs
    session::CookieSettings cookie;
    session::StoreSettings store;                  // oauth_session
    std::chrono::milliseconds store_timeout{1000}; // oauth_session_timeout
    std::chrono::milliseconds store_cache{1000};   // oauth_session_cache; 0: off
    std::int64_t session_lifetime = 8 * 3600;
    std::int64_t session_idle = 0;                 // oauth_session_idle; 0: off
    std::chrono::milliseconds http_timeout{10000}; // oauth_http_timeout
    std::int64_t refresh = 0;                      // oauth_refresh; 0: off
    std::int64_t sign_in_lifetime = 600;           // oauth_login_lifetime
    std::int64_t clock_skew = 60;
    bool keep_tokens = false; // oauth_tokens
    const Requirements* requirements = nullptr;
};

// The stores of all servers, since what a provider ends may be in any of them.
class AllStores {
public:
    AllStores() = default;
    AllStores(const AllStores&) = delete;
    AllStores& operator=(const AllStores&) = delete;
    virtual ~AllStores() = default;

    struct Found {
        std::vector<session::Store*> stores; // of servers that use the module; some may be alike
        bool is_whole = true;                // false: some server's cannot be had at the moment
    };
    virtual Found find() = 0;
};

// The access tokens that a worker knows, each as the session that stands for it, and those of the last
// moments that no provider knew.
struct TokenMemory {
    session::SessionCache known;
    session::SessionCache refused;
};

struct Site {
    const SiteOptions& options;
    core::Clock& clock;
    core::Random& random;
    session::Ledger& ledger;
    net::HttpClient& http;
    core::ReadyQueue& ready;
    core::Timers& timers;
    Background& background;
    Turns& turns;
    std::vector<Provider*> providers; // all of the configuration, in its order
    std::unique_ptr<session::Store> store;
    session::Sealer sign_in_sealer;
    identity::KeyRing identity_keys;
    session::Sealer sign_out_sealer;
    session::SignedTokens* signed_tokens = nullptr; // of all workers; null: each remembers its own alone
    AllStores* all_stores = nullptr;                // null: `store` alone
    TokenMemory* tokens = nullptr;                  // null: each token is verified each time
    // What proofs of possession are signed with (DPoP): by this node and all that have its session key, as
    // they have its sessions with their tokens. Null: no provider takes them.
    std::shared_ptr<const jose::SigningKey> dpop_key = nullptr;

    Provider* find_provider(std::string_view name) const;
};

// Of an authorization request: what the configuration needs, and what has the provider give a refresh token
// where oauth_refresh is on. `supported`: as the metadata have it; empty: not told.
std::vector<std::string> sign_in_scopes(const SiteOptions& options, const providers::Settings& settings,
                                        const std::vector<std::string>& supported = {});

// Keeps only the groups that rules name. False: all are shown, so none may be left out.
bool cut_groups(const Requirements& requirements, session::Session& session);
// Of a session that its store does not take: a hint for the sign-out goes first, then the groups that no rule
// names. False: there is nothing to leave out.
bool make_smaller(const SiteOptions& options, session::Session& session);

std::string redirect_uri(const SiteOptions& options, const std::string& base_url,
                         const std::string& provider);
// A family of hosts signs in by one base URL, with the cookies of one domain. `origin` if its host is of that
// family, and another than the base URL; else empty. `origin` has been verified, when the request came in:
// no parameter and no header is ever asked here.
std::string family_origin(const SiteOptions& options, const std::string& base_url, const std::string& origin);

using Offer = std::vector<Provider*>; // the providers of a location: oauth_providers

// A page of ours: a verified origin, a path that core::safe_return_to has checked, and the names of what it
// offers, where others offer something else: a session of another provider would not count there.
struct Page {
    std::string origin;
    std::string path;
    std::string offer = {};
    std::string step_up =
        {}; // the path of another page, whose oauth_step_up a sign-in has to fulfil; or empty
};

// As in a Page and in the parameter "providers"; empty: all locations have one offer.
std::string offer_names(const SiteOptions& options, const Offer& offer);
// One of that name that is offered here, or somewhere else on this server; nullptr: there is none.
Provider* find_offered(const Site& site, const Offer& offer, std::string_view name);
// What a request names, as far as the server offers it somewhere; else `offer`.
Offer asked_offer(const Site& site, const Request& request, const Offer& offer);
// What a sealed record names; else `offer`.
Offer named_offer(const Site& site, std::string_view names, const Offer& offer);
// Of an address at which a sign-in begins: see Page.
constexpr std::string_view step_up_parameter = "step_up";
// For an address; nothing where there are no names.
void append_offer(std::string_view names, std::string& url);

// Where a sign-in begins.
std::string login_url(const SiteOptions& options, const Page& return_to);

// The page to return to, from a parameter of the request: a path of that origin of ours, else "/".
std::string local_return_to(std::string_view value, const std::string& origin);

// The same for the parameter return_to of a query or a form; nullopt: there is none.
std::optional<std::string> asked_return_to(std::string_view form, const std::string& origin);

// A link that is too long to be kept leads to "/", and the visitor wonders why: for the log.
void tell_of_long_link(std::string_view link, web::Answer& answer);

// Has the browser forget a cookie of ours that it sent. No answer does that for more than a few dozen: the
// next one goes on.
void forget_cookie(const Site& site, const Request& request, std::string_view name, web::Answer& answer);

// Where a sign-in at that provider begins. `confirmation`: see confirmed_switch_url() in sign_out.hpp.
enum class Account { any, another }; // another: the provider is asked to let the user choose
std::string start_url(const SiteOptions& options, const Provider& provider, const Page& return_to,
                      Account account = Account::any, std::string_view confirmation = {});

// Of a page's script; empty: there is no randomness, and the page has no script.
std::string page_nonce(core::Random& random);

// What answers have in common, whatever becomes of the request.
web::Audience audience(const SiteOptions& options, const Request& request);
// The same with the ways on: login_url leads to a fresh sign-in.
web::Audience audience(const Site& site, const Request& request, const Page& return_to);
// The same for a path of the host that the visitor is on.
web::Audience audience(const Site& site, const Request& request, const std::string& return_to);
// The same where it is about a provider: "try again" and "use another account" lead to it, and the others of
// the offer are named beside it.
web::Audience audience(const Site& site, const Request& request, const Page& return_to,
                       const Provider& provider, const Offer& offer);

// Of an account: the user name and the provider's label.
std::string account_label(const Site& site, const session::Identity& identity);

// The providers of an offer, as pages list them.
std::vector<web::Choice> choices(const SiteOptions& options, const Offer& offer, const Page& return_to);

} // namespace oauth::flow
