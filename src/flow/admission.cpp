// SPDX-License-Identifier: MIT
// See admission.hpp.
#include "admission.hpp"
#include "step_up.hpp"
#include "upkeep.hpp"

#include <algorithm>
#include <utility>

namespace oauth::flow {

namespace {

constexpr std::size_t max_remembered = 16; // verdicts per session
// Cookies of a request that a store is asked about, where it has to be waited for: a sibling host can plant
// what leads nowhere before the visitor's own. Browsers keep up to 180 of one domain.
constexpr std::size_t max_asked = 192;

// Is it a session of this configuration: of a provider that it has, as it has it, and with all that its rules
// ask about?
bool fits(const Site& site, const session::Session& session) {
    const Provider* provider = site.find_provider(session.identity.provider);
    if (provider == nullptr || session.provider_fingerprint != provider->fingerprint()) {
        return false;
    }
    const Requirements& requirements = *site.options.requirements;
    const bool is_cut = session.groups_are_cut;
    return session.made_for == (is_cut ? requirements.mark_with_groups : requirements.mark) &&
           !(is_cut && requirements.shows_groups);
}

policy::Verdict verdict_of(session::OpenedSession& session, const policy::RuleSet& rules,
                           const policy::RequestFacts& request) {
    for (const auto& known : session.verdicts) {
        if (known.rules == &rules) {
            return {known.allowed, known.rule, known.email_unverified};
        }
    }
    const policy::Verdict verdict = rules.evaluate(session.session.identity, request);
    if (session.verdicts.size() < max_remembered && !rules.depends_on_request()) {
        session.verdicts.push_back({&rules, verdict.allowed, verdict.rule, verdict.email_unverified});
    }
    return verdict;
}

Standing standing_of(const Guard& guard, bool is_allowed) { // NOLINT: the verdict itself
    if (is_allowed) {
        return Standing::allowed;
    }
    if (guard.enforcement == Guard::Enforcement::shadow) {
        return Standing::shadowed;
    }
    return guard.mode == Guard::Mode::optional ? Standing::anonymous : Standing::denied;
}

// By a token in place of cookies.
bool is_by_token(const Visitor& visitor, const Guard& guard) {
    return guard.resource != nullptr && visitor.credentials().decide();
}

// Is there anybody to be looked for by cookies? A page of another site cannot use those of an MCP server,
// whose clients have none.
bool is_by_cookies(const Visitor& visitor, const Guard& guard) {
    return guard.resource == nullptr || !guard.resource->is_mcp || !visitor.credentials().has_foreign_origin;
}

// Of an admission that may have been another one.
void judge(const Visitor& visitor, const Guard& guard, const Circumstances& circumstances,
           const session::OpenedSessionPointer& session, Admission& admission) {
    const bool is_optional = guard.mode == Guard::Mode::optional;
    if (!visitor.cookies().empty() || !admission.cookies.empty()) {
        admission.cookies = visitor.cookies();
    }
    admission.credentials = Credentials::Kind::none;
    admission.standing = is_optional ? Standing::anonymous : Standing::unauthenticated;
    admission.verdict = {};
    if (!session || !takes_provider(guard, session->session.identity.provider)) {
        admission.session.reset();
        admission.identity.reset();
        return;
    }
    admission.session = session;
    admission.identity = {session, &session->session.identity};
    if (guard.step_up != nullptr && !meets(*guard.step_up, session->session, visitor.site())) {
        admission.standing = is_optional ? Standing::anonymous : Standing::insufficient;
        return;
    }
    if (guard.rules == nullptr) { // "optional" needs no rule to tell who is signed in
        admission.standing = is_optional ? Standing::allowed : Standing::denied;
        return;
    }
    circumstances.about(&admission);
    admission.verdict = verdict_of(*session, *guard.rules, circumstances);
    circumstances.about(nullptr);
    admission.standing = standing_of(guard, admission.verdict.allowed);
}

void judge_by_cookies(const Visitor& visitor, const Guard& guard, const Circumstances& circumstances,
                      Admission& admission) {
    judge(visitor, guard, circumstances, is_by_cookies(visitor, guard) ? visitor.session() : nullptr,
          admission);
}

// The token decides alone: one that is none is refused, in optional locations and with a session, too.
void judge_by_token(Visitor& visitor, const Guard& guard, const Circumstances& circumstances,
                    const TokenVerdict& verdict, Admission& admission) {
    judge(visitor, guard, circumstances, verdict.session, admission);
    admission.credentials = visitor.credentials().kind;
    if (!admission.session) {
        admission.standing = Standing::unauthenticated;
        admission.complaint = verdict.error.detail;
    }
}

} // namespace

bool takes_provider(const Guard& guard, std::string_view name) {
    return guard.providers.empty() ||
           std::find(guard.providers.begin(), guard.providers.end(), name) != guard.providers.end();
}

const TokenVerdict* Visitor::verdict(const ProtectedResource& resource) {
    if (verified_for_ == &resource) {
        return &verdict_;
    }
    if (base_url_.empty()) {
        verdict_ = {nullptr, {core::Code::request_invalid, "the host is none of this server's"}};
        return &verdict_;
    }
    switch (credentials_.kind) {
    case Credentials::Kind::token:
        break;
    case Credentials::Kind::twice:
        verdict_ = {nullptr,
                    {core::Code::request_invalid, "an access token is in the header and in the query"}};
        break;
    default:
        verdict_ = {nullptr, {core::Code::token_invalid, "Authorization has no token after Bearer"}};
        break;
    }
    if (credentials_.kind == Credentials::Kind::token) {
        auto known = find_token(site_, resource, credentials_.token, base_url_);
        if (!known) {
            return nullptr;
        }
        verdict_ = {std::move(known), {}};
    }
    verified_for_ = &resource;
    return &verdict_;
}

core::Task<core::Status> Visitor::verify(const ProtectedResource& resource) {
    const auto guard = co_await lock_.lock();
    if (verdict(resource) != nullptr) {
        co_return core::Done{};
    }
    std::string token(credentials_.token);
    std::string base_url(base_url_);
    std::string client = client_;
    auto verdict =
        co_await verify_token(site_, resource, std::move(token), std::move(base_url), std::move(client));
    if (!verdict) {
        co_return verdict.error();
    }
    verdict_ = std::move(verdict.value());
    verified_for_ = &resource;
    co_return core::Done{};
}

bool is_current(Site& site, session::OpenedSession& opened) {
    if (opened.kind == session::SessionState::Kind::token) {
        return goes_on(site, opened);
    }
    const std::int64_t now = site.clock.now();
    if (!opened.accepted || now < opened.planned_at) { // or the clock has been set back since
        opened.accepted = fits(site, opened.session);
        plan(site, opened);
    }
    return opened.accepted && goes_on(site, opened);
}

void Visitor::accept(session::Loaded found) {
    if (!found.session || !is_current(site_, *found.session)) {
        return;
    }
    if (!found.session->was_seen && found.session->session.epoch != 0) {
        found.session->was_seen = true; // the browser has it: what led there is needed for a while only
        site_.ledger.saw(session::renewal_of(found.session->session));
    }
    if (session_ && found.session->session.id == session_->session.id) {
        const session::Session& known = session_->session;
        const session::Session& other = found.session->session;
        if (std::pair(other.epoch, other.used_at) > std::pair(known.epoch, known.used_at)) {
            session_ = std::move(found.session);
            cookies_ = std::move(found.cookies);
        }
        return;
    }
    if (session_ && found.session->session.made_at < session_->session.made_at) {
        older_.push_back(std::move(found.session));
        return;
    }
    if (session_) {
        older_.push_back(std::move(session_));
    }
    session_ = std::move(found.session);
    cookies_ = std::move(found.cookies);
}

std::vector<session::OpenedSessionPointer> Visitor::all_sessions() const {
    std::vector<session::OpenedSessionPointer> all = older_;
    if (session_) {
        all.insert(all.begin(), session_);
    }
    return all;
}

std::optional<std::vector<std::string>> Visitor::cookies_by_now() const {
    using Cookies = std::vector<std::string>;
    if (cookies_.empty()) {
        return std::nullopt;
    }
    if (!session_) { // they delete its cookie, which may be another one a second later
        return site_.clock.now() > ended_at_ + 1 ? std::optional(Cookies()) : std::nullopt;
    }
    if (site_.ledger.is_revoked(session::marks_of(session_->session))) {
        return Cookies();
    }
    const auto successor = site_.ledger.successor(session::renewal_of(session_->session));
    if (!successor) {
        return std::nullopt;
    }
    return successor->empty() ? Cookies() : site_.store->cookies_of(*session_, *successor);
}

bool Visitor::is_known() {
    for (; !unasked_.empty(); unasked_ = unasked_.subspan(1)) {
        if (failure_ || is_asking_) {
            return false;
        }
        if (unasked_.front().empty()) {
            continue;
        }
        auto found = site_.store->peek(unasked_.front(), base_url_);
        if (!found) {
            return false;
        }
        accept({std::move(*found), {}});
    }
    return true;
}

// Takes what is known of them already.
std::vector<std::string> Visitor::cookies_to_ask_about() {
    std::vector<std::string> asked;
    for (const std::string_view cookie : unasked_) {
        if (asked.size() == max_asked) {
            break;
        }
        if (cookie.empty() || std::find(asked.begin(), asked.end(), cookie) != asked.end()) {
            continue;
        }
        auto found = site_.store->peek(cookie, base_url_);
        if (found) {
            accept({std::move(*found), {}});
        } else {
            asked.emplace_back(cookie);
        }
    }
    return asked;
}

core::Task<core::Status> Visitor::look_up() {
    const auto guard = co_await lock_.lock();
    is_asking_ = false; // whoever did has gone
    if (is_known()) {
        co_return core::Done{};
    }
    if (failure_) {
        co_return *failure_;
    }
    std::vector<std::string> asked = cookies_to_ask_about();
    std::string asked_at(base_url_);
    is_asking_ = true;
    auto loaded = co_await site_.store->load_all(std::move(asked), std::move(asked_at));
    is_asking_ = false;
    if (!loaded) {
        failure_ = std::make_unique<core::Error>(loaded.error());
        co_return *failure_;
    }
    for (session::Loaded& each : loaded.value()) {
        accept(std::move(each));
    }
    unasked_ = {};
    co_return core::Done{};
}

core::Task<core::Status> Visitor::attend() {
    const auto guard = co_await lock_.lock();
    if (!is_due()) {
        co_return core::Done{};
    }
    is_attended_ = true;
    auto attended = co_await flow::attend(site_, session_);
    if (!attended) {
        failure_ = std::make_unique<core::Error>(attended.error());
        co_return *failure_;
    }
    session_ = std::move(attended->session);
    cookies_.insert(cookies_.end(), attended->cookies.begin(), attended->cookies.end());
    if (session_ && !is_current(site_, *session_)) {
        session_.reset();
    }
    ended_at_ = session_ ? 0 : site_.clock.now();
    co_return core::Done{};
}

bool admit_now(Visitor& visitor, const Guard& guard, const Circumstances& circumstances,
               Admission& admission) {
    if (is_by_token(visitor, guard)) {
        const TokenVerdict* verdict = visitor.verdict(*guard.resource);
        if (verdict != nullptr) {
            judge_by_token(visitor, guard, circumstances, *verdict, admission);
        }
        return verdict != nullptr;
    }
    if (!visitor.is_known() || visitor.is_due()) {
        return false;
    }
    judge_by_cookies(visitor, guard, circumstances, admission);
    return true;
}

std::optional<Admission> foresee(Visitor& visitor, const Guard& guard, const Circumstances& circumstances) {
    const bool is_token = is_by_token(visitor, guard);
    const TokenVerdict* verdict = is_token ? visitor.verdict(*guard.resource) : nullptr;
    if (is_token ? verdict == nullptr : !visitor.is_known()) {
        return std::nullopt;
    }
    std::optional<Admission> admission(std::in_place);
    if (verdict != nullptr) {
        judge_by_token(visitor, guard, circumstances, *verdict, *admission);
    } else {
        judge_by_cookies(visitor, guard, circumstances, *admission);
    }
    return admission;
}

core::Task<core::Result<Admission>> admit(Visitor& visitor, const Guard& guard,
                                          const Circumstances& circumstances) {
    Admission admission;
    if (is_by_token(visitor, guard)) {
        const core::Status verified = co_await visitor.verify(*guard.resource);
        if (!verified) {
            co_return verified.error();
        }
        judge_by_token(visitor, guard, circumstances, *visitor.verdict(*guard.resource), admission);
        co_return admission;
    }
    const core::Status looked_up = co_await visitor.look_up();
    if (!looked_up) {
        co_return looked_up.error();
    }
    const core::Status attended = co_await visitor.attend();
    if (!attended) {
        co_return attended.error();
    }
    judge_by_cookies(visitor, guard, circumstances, admission);
    co_return admission;
}

} // namespace oauth::flow
