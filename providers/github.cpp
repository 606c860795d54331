// SPDX-License-Identifier: MIT
// GitHub: plain OAuth 2.0, the user from /user, the verified primary address from /user/emails, organisations
// and teams only where a rule asks for them. With `domain`, GitHub Enterprise Server, which does not verify
// addresses itself.
#include "facts.hpp"
#include "types.hpp"

#include "../src/core/url.hpp"

#include <set>

namespace oauth::providers {

namespace {

constexpr std::string_view public_host = "https://github.com";
constexpr std::size_t max_pages = 100;
constexpr std::string_view approval =
    "GitHub shows an organisation only where an owner of it has approved this application";

std::string complete_github(Settings& settings) {
    settings.has_opaque_tokens = true;
    const std::string base =
        settings.domain.empty() ? std::string(public_host) : core::base_of(settings.domain);
    const bool is_public = base == public_host;
    if (settings.api_url.empty() && settings.userinfo_endpoint.ends_with("/user")) {
        settings.api_url = settings.userinfo_endpoint.substr(0, settings.userinfo_endpoint.size() - 5);
    }
    if (settings.api_url.empty()) {
        settings.api_url = is_public ? "https://api.github.com" : base + "/api/v3";
    }
    if (settings.authorization_endpoint.empty()) {
        settings.authorization_endpoint = base + "/login/oauth/authorize";
    }
    if (settings.token_endpoint.empty()) {
        settings.token_endpoint = base + "/login/oauth/access_token";
    }
    if (settings.userinfo_endpoint.empty()) {
        settings.userinfo_endpoint = settings.api_url + "/user";
    }
    // RFC 9207: github.com sometimes sends iss and sometimes does not; the value of Enterprise servers is not
    // known.
    if (settings.authorization_endpoint.starts_with("https://github.com/") && settings.issuer.empty()) {
        settings.issuer = "https://github.com/login/oauth";
    }
    return "";
}

std::vector<std::string> github_scopes(const Settings&, const Needs& needs) {
    return needs.has("org") || needs.has("team") ? std::vector<std::string>{"read:org"}
                                                 : std::vector<std::string>{};
}

// GitHub takes access tokens back at its API, each by itself (the grant stays), and answers 204.
std::optional<net::HttpRequest> revoke_at_github(const Settings& settings, oidc::TokenKind kind,
                                                 const std::string& token) {
    if (kind != oidc::TokenKind::access) {
        return std::nullopt;
    }
    net::HttpRequest request;
    request.method = "DELETE";
    request.url = settings.api_url + "/applications/" + core::percent_encode(settings.client_id) + "/token";
    request.purpose = net::HttpRequest::Purpose::background;
    request.headers = {{"Accept", "application/vnd.github+json"}, {"Content-Type", "application/json"}};
    core::JsonObjectWriter body;
    body.add("access_token", token);
    request.body = std::move(body).finish();
    oidc::authenticate_client({settings.client_id, settings.client_secret, oidc::ClientAuth::basic}, request);
    return request;
}

core::Status map_github(const Settings&, const UserData& data, const Needs&, session::Identity& identity) {
    const core::JsonView user = data.userinfo_view();
    const auto id = user.get("id").number_text();
    if (!id || !user.get("id").as_identifier()) {
        return core::Error{core::Code::provider_error, "the user has no id that is an integer"};
    }
    identity.subject = *id;
    identity.picture = text_fact(user.get("avatar_url"));
    identity.email.reset(); // the public address in /user is not verified: its owner can write anything
    identity.email_verified = false;
    return core::Done{};
}

std::vector<net::Header> api_headers() {
    return {{"Accept", "application/vnd.github+json"}, {"X-GitHub-Api-Version", "2022-11-28"}};
}

bool is_enterprise(const Settings& settings) {
    return !settings.domain.empty() && core::base_of(settings.domain) != public_host;
}

// All pages of a list. If one page fails, the call fails.
core::Task<core::Result<std::vector<core::Json>>> read_pages(ApiCall call, std::string url,
                                                             std::string what) {
    std::vector<core::Json> pages;
    const std::string first = url;
    url += "?per_page=100";
    while (!url.empty()) {
        if (pages.size() == max_pages || !same_origin(url, first)) {
            co_return core::Error{core::Code::provider_error, what + ": too many pages, or a page elsewhere"};
        }
        std::vector<net::Header> headers = api_headers();
        auto answer = co_await get_json(call, url, what, std::move(headers));
        if (!answer) {
            co_return answer.error();
        }
        if (!answer->json.root().is_array()) {
            co_return core::Error{core::Code::provider_error, what + ": the answer is no list"};
        }
        pages.push_back(std::move(answer->json));
        url = answer->next;
    }
    co_return std::move(pages);
}

core::Task<core::Status> read_emails(ApiCall call) {
    auto pages = co_await read_pages(call, call.settings.userinfo_endpoint + "/emails", "addresses");
    if (!pages && !call.needs.has("email") && pages.error().code == core::Code::provider_error) {
        co_return core::Done{}; // the user has removed the scope, and nothing here needs the address
    }
    if (!pages) {
        co_return pages.error();
    }
    for (const core::Json& page : pages.value()) {
        for (const core::JsonView entry : page.root().elements()) {
            if (entry.get("primary").as_bool() == true) {
                call.identity.email = text_fact(entry.get("email"));
                call.identity.email_verified =
                    entry.get("verified").as_bool() == true || is_enterprise(call.settings);
            }
        }
    }
    if (!pages->empty()) {
        call.data.more.emplace_back("emails", std::move(pages->front()));
    }
    co_return core::Done{};
}

core::Task<core::Status> read_names(ApiCall call, std::string path, session::Strings& list,
                                    std::optional<std::string> (*read)(core::JsonView item)) {
    auto pages = co_await read_pages(call, call.settings.api_url + path, path);
    if (!pages) {
        co_return pages.error();
    }
    for (const core::Json& page : pages.value()) {
        for (const core::JsonView item : page.root().elements()) {
            auto name = read(item);
            if (!name) {
                co_return core::Error{core::Code::provider_error, path + ": an entry has no name"};
            }
            list.push_back(std::move(*name));
        }
    }
    co_return core::Done{};
}

std::optional<std::string> read_org(core::JsonView item) {
    return text_fact(item.get("login"));
}

std::optional<std::string> read_team(core::JsonView item) {
    const auto org = text_fact(item.get("organization").get("login"));
    const auto team = text_fact(item.get("slug"));
    return org && team ? std::optional(*org + "/" + *team) : std::nullopt;
}

// Who is in a team is in its organisation, whatever the other list says: the rules rely on it
// (src/policy/reach.cpp).
void add_organisations_of_teams(session::Identity& identity) {
    if (!identity.orgs) {
        return;
    }
    std::set<std::string> known(identity.orgs->begin(), identity.orgs->end());
    for (const std::string& team : *identity.teams) {
        std::string org = team.substr(0, team.find('/'));
        if (known.insert(org).second) {
            identity.orgs->push_back(std::move(org));
        }
    }
}

core::Error without_approval(const core::Error& error) {
    const bool is_refused = error.code == core::Code::provider_error;
    return {error.code, is_refused ? error.detail + ": " + std::string(approval) : error.detail};
}

core::Task<core::Status> call_github(ApiCall call) {
    core::Status emails = co_await read_emails(call);
    if (!emails) {
        co_return emails;
    }
    if (call.needs.has("org")) {
        call.identity.orgs.emplace();
        core::Status orgs = co_await read_names(call, "/user/orgs", *call.identity.orgs, read_org);
        if (!orgs) {
            co_return without_approval(orgs.error());
        }
    }
    if (call.needs.has("team")) {
        call.identity.teams.emplace();
        core::Status teams = co_await read_names(call, "/user/teams", *call.identity.teams, read_team);
        if (!teams) {
            co_return without_approval(teams.error());
        }
        add_organisations_of_teams(call.identity);
    }
    co_return core::Done{};
}

} // namespace

const Type github_type = {
    .name = "github",
    .label = "GitHub",
    .protocol = Protocol::oauth2,
    .scopes = {"user:email"},
    .tells = {"org", "team"},
    .parameters = {"domain", "api_url"},
    .user_claims = {"login"},
    .variables = {{"OAUTH_GITHUB_CLIENT_ID", "client_id"},
                  {"OAUTH_GITHUB_CLIENT_SECRET", "client_secret"},
                  {"OAUTH_GITHUB_AUTH_URL", "authorization_endpoint", Variable::Use::optional},
                  {"OAUTH_GITHUB_TOKEN_URL", "token_endpoint", Variable::Use::optional},
                  {"OAUTH_GITHUB_USER_INFO_URL", "userinfo_endpoint", Variable::Use::optional}},
    .account_prompt = "select_account",
    .client_auth = oidc::ClientAuth::post,
    .token_format = oidc::TokenFormat::json_or_form,
    .refresh = Refresh::never,
    .revocation = Revocation::github,
    .hides_memberships = approval,
    .complete = complete_github,
    .scopes_for = github_scopes,
    .map = map_github,
    .call_api = call_github,
    .revocation_request = revoke_at_github,
};

} // namespace oauth::providers
