// SPDX-License-Identifier: MIT
// See ended_elsewhere.hpp. Anybody can ask for this, with any iss and sid: what it writes into the zone comes
// from an allowance (Provider::may_end_by_sid), so that strangers leave room for real sign-outs.
#include "ended_elsewhere.hpp"
#include "sign_out.hpp"

#include "../core/url.hpp"
#include "../oidc/logout_token.hpp"

#include <optional>

namespace oauth::flow {

namespace {

using core::Code;
using core::Error;

// What the provider's frame says. Nothing counts that is said twice.
struct Said {
    std::string issuer;
    std::string sid;
    bool is_usable = false;
};

Said read(const Request& request) {
    const auto parameters = core::Parameters::parse(request.arguments);
    Said said;
    if (!parameters || parameters->count("iss") > 1 || parameters->count("sid") > 1) {
        return said;
    }
    said.issuer = parameters->find("iss").value_or("");
    said.sid = parameters->find("sid").value_or("");
    said.is_usable = (said.sid.empty() || oidc::is_usable_sid(said.sid)) &&
                     parameters->has("iss") == !said.issuer.empty() &&
                     parameters->has("sid") == !said.sid.empty();
    return said;
}

// The provider's own page frames this one, and no other does.
web::Answer frame_answer(const Provider& provider, const oidc::Metadata* metadata) {
    const providers::Settings& settings = provider.settings();
    const auto by_metadata = core::parse_url(metadata != nullptr ? metadata->issuer : "");
    const auto configured = core::parse_url(settings.issuer);
    const auto& issuer = by_metadata ? by_metadata : configured;
    web::Answer answer = web::page(200,
                                   "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
                                   "<title>Signed out</title></head><body></body></html>\n",
                                   "");
    answer.headers = {{"Content-Security-Policy", "default-src 'none'; frame-ancestors " +
                                                      (issuer ? issuer->origin() : std::string("'none'"))},
                      {"X-Content-Type-Options", "nosniff"},
                      {"Referrer-Policy", "no-referrer"}};
    return answer;
}

web::Answer not_recorded(const Provider& provider, const Error& error) {
    web::Answer answer = web::json(503, R"({"error":"store_unavailable"})");
    answer.code = error.code;
    answer.log_level = web::LogLevel::error;
    answer.log.append(core::code_name(error.code)).append(": ").append(provider.settings().name);
    answer.log.append(": front-channel logout: ").append(error.detail);
    return answer;
}

// The metadata as far as they are known; asked for where a worker knows none yet.
core::Task<Provider::MetadataPointer> find_metadata(Site& site, Provider& provider, std::string client) {
    if (Provider::MetadataPointer known = provider.known_metadata()) {
        co_return known;
    }
    const auto turn = Turn::take(site.turns, provider.settings().name + " front-channel", client);
    if (!turn) {
        co_return nullptr;
    }
    const auto metadata = co_await provider.metadata(site.http);
    co_return metadata ? metadata.value() : nullptr;
}

enum class Which { all, without_sid };

// The sessions that this browser itself has at the provider, if its cookies came along: where the site is the
// provider's, or its cookies are for all. True: some have ended.
core::Task<core::Result<bool>> end_own(Site& site, const Provider& provider, Visitor& visitor, Which which) {
    const core::Status looked_up = co_await visitor.look_up();
    if (!looked_up) {
        co_return looked_up.error();
    }
    bool has_ended = false;
    const std::vector<session::OpenedSessionPointer> all = visitor.all_sessions();
    for (const session::OpenedSessionPointer& each : all) {
        const bool is_meant = each->session.provider_fingerprint == provider.fingerprint() &&
                              (which == Which::all || each->session.sid.empty());
        if (!is_meant) {
            continue;
        }
        const core::Status ended = co_await site.store->erase(each);
        if (!ended) {
            co_return ended.error();
        }
        has_ended = true;
    }
    co_return has_ended;
}

core::Task<core::Status> end_by_sid(Site& site, Provider& provider, std::string sid) {
    if (!provider.may_end_by_sid()) {
        co_return Error{Code::store_unavailable, "more of them come than are taken at once"};
    }
    session::Whose whose{provider.fingerprint(), "", std::move(sid)};
    co_return co_await end_all(site, std::move(whose));
}

} // namespace

core::Task<web::Answer> front_channel_logout(Site& site, const Request& request, Provider& provider,
                                             Visitor& visitor) {
    const Said said = read(request);
    const auto metadata = co_await find_metadata(site, provider, request.client);
    web::Answer answer = frame_answer(provider, metadata.get());
    if (!said.is_usable || request.method == "HEAD" || is_prefetch(request)) { // ends nothing ahead of time
        co_return answer;
    }
    const bool is_whole = !said.issuer.empty() && !said.sid.empty();
    const bool is_issuer = is_whole && metadata && provider.may_be_issuer(*metadata, said.issuer);
    const bool by_sid =
        is_issuer || (said.issuer.empty() && !said.sid.empty() && provider.settings().type->sends_sid_alone);
    const bool by_browser = is_issuer || (said.issuer.empty() && said.sid.empty());
    bool has_ended = by_sid;
    std::optional<Error> failure; // the other way is tried all the same: no frame comes twice
    if (by_sid) {
        const core::Status ended = co_await end_by_sid(site, provider, said.sid);
        if (!ended) {
            failure = ended.error();
        }
    }
    if (by_browser) {
        // With a sid the browser's own session counts only where the provider has told none at the sign-in:
        // LemonLDAP::NG names the user there.
        const auto ended =
            co_await end_own(site, provider, visitor, by_sid ? Which::without_sid : Which::all);
        if (!ended) {
            co_return not_recorded(provider, ended.error());
        }
        if (ended.value()) {
            has_ended = true;
            delete_session_cookies(site, request, answer);
        }
    }
    if (failure) {
        web::Answer failed = not_recorded(provider, *failure);
        failed.set_cookies = std::move(answer.set_cookies);
        co_return failed;
    }
    if (has_ended) {
        answer.log_level = web::LogLevel::info;
        answer.log = provider.settings().name + ": signed out by the provider's page";
    }
    co_return answer;
}

} // namespace oauth::flow
