// SPDX-License-Identifier: MIT
// See site.hpp.
#include "site.hpp"

#include "../core/bytes.hpp"
#include "../core/url.hpp"
#include "../session/cookie_rules.hpp"

#include <algorithm>
#include <array>

namespace oauth::flow {

namespace {

constexpr std::size_t mark_size = 8;
constexpr std::string_view offer_parameter = "providers";
constexpr std::string_view offer_separator = "."; // no name of a provider has one

// What is kept only where it is needed; the rest is kept anyway. Empty: nothing of that kind.
std::string describe(const providers::Needs& needs) {
    std::string text;
    for (const session::FactRow& row : session::facts) {
        if (row.kept == session::Kept::where_needed && needs.has(session::Fact::of(row))) {
            text.append(row.name).push_back('\n');
        }
    }
    for (const std::string& claim : needs.claims) {
        text.append("claim.").append(claim).push_back('\n');
    }
    return text;
}

template <class List, class Wanted>
bool contains(const List& list, const Wanted& wanted) {
    return std::find(list.begin(), list.end(), wanted) != list.end();
}

} // namespace

void Requirements::finish() {
    const std::string needs_text = describe(needs);
    std::string groups_text = needs_text + "\n";
    for (const auto& each : rules) {
        each->append_group_conditions(groups_text);
    }
    mark = needs_text.empty() ? "" : core::digest(core::Hash::sha256, needs_text).substr(0, mark_size);
    mark_with_groups = core::digest(core::Hash::sha256, groups_text).substr(0, mark_size);
}

bool Requirements::mentions_group(std::string_view group) const {
    return std::any_of(rules.begin(), rules.end(),
                       [group](const auto& each) { return each->mentions_group(group); });
}

Provider* Site::find_provider(std::string_view name) const {
    const auto found = std::find_if(providers.begin(), providers.end(), [name](const Provider* provider) {
        return provider->settings().name == name;
    });
    return found == providers.end() ? nullptr : *found;
}

std::vector<std::string> sign_in_scopes(const SiteOptions& options, const providers::Settings& settings,
                                        const std::vector<std::string>& supported) {
    std::vector<std::string> scopes = providers::scopes_for(settings, options.requirements->needs);
    constexpr std::string_view offline = "offline_access";
    const bool is_wanted = options.refresh != 0 && settings.is_openid() &&
                           settings.type->refresh == providers::Refresh::by_scope;
    const bool is_offered = supported.empty() || contains(supported, offline);
    if (is_wanted && is_offered && !contains(scopes, offline)) {
        scopes.emplace_back(offline);
    }
    return scopes;
}

bool cut_groups(const Requirements& requirements, session::Session& session) {
    if (!session.identity.groups || requirements.shows_groups) {
        return false;
    }
    std::erase_if(*session.identity.groups,
                  [&](const std::string& group) { return !requirements.mentions_group(group); });
    session.groups_are_cut = true;
    session.made_for = requirements.mark_with_groups;
    return true;
}

bool make_smaller(const SiteOptions& options, session::Session& session) {
    if (!options.keep_tokens && !session.id_token.empty()) {
        session.id_token.clear();
        return true;
    }
    return !session.groups_are_cut && cut_groups(*options.requirements, session);
}

std::string redirect_uri(const SiteOptions& options, const std::string& base_url,
                         const std::string& provider) {
    return base_url + options.path + "/" + provider + "/callback";
}

std::string offer_names(const SiteOptions& options, const Offer& offer) {
    if (!options.has_several_offers) {
        return "";
    }
    std::string names;
    for (const Provider* provider : offer) {
        names.append(names.empty() ? "" : offer_separator).append(provider->settings().name);
    }
    return names;
}

Provider* find_offered(const Site& site, const Offer& offer, std::string_view name) {
    Provider* provider = site.find_provider(name);
    const bool is_offered =
        provider != nullptr && (contains(offer, provider) || contains(site.options.offered, name));
    return is_offered ? provider : nullptr;
}

Offer asked_offer(const Site& site, const Request& request, const Offer& offer) {
    const auto parameters = core::Parameters::parse(request.arguments);
    const auto names = parameters ? parameters->find(offer_parameter) : std::nullopt;
    Offer asked = named_offer(site, names.value_or(""), {});
    std::erase_if(asked, [&](const Provider* provider) {
        return find_offered(site, offer, provider->settings().name) == nullptr;
    });
    return asked.empty() ? offer : asked;
}

Offer named_offer(const Site& site, std::string_view names, const Offer& offer) {
    Offer named;
    for (const std::string_view name : core::split(names, offer_separator[0])) {
        Provider* provider = site.find_provider(name);
        if (provider != nullptr && !contains(named, provider)) {
            named.push_back(provider);
        }
    }
    return named.empty() ? offer : named;
}

namespace {

// What a sign-in for that page is begun with.
void append_page(const Page& page, std::string& url) {
    append_offer(page.offer, url);
    if (!page.step_up.empty()) {
        core::append_parameter(url, step_up_parameter, page.step_up);
    }
    if (page.path != "/") { // always the last: scripts of our pages add the fragment to it
        core::append_parameter(url, "return_to", page.path);
    }
}

} // namespace

void append_offer(std::string_view names, std::string& url) {
    if (!names.empty()) {
        core::append_parameter(url, offer_parameter, names);
    }
}

std::string login_url(const SiteOptions& options, const Page& return_to) {
    std::string url = return_to.origin + options.path + "/login";
    append_page(return_to, url);
    return url;
}

std::string family_origin(const SiteOptions& options, const std::string& base_url,
                          const std::string& origin) {
    const std::string& domain = options.cookie.domain;
    if (domain.empty() || origin.empty() || origin == base_url) {
        return "";
    }
    const auto host = core::parse_url(origin);
    const auto base_host = core::parse_url(base_url);
    // The base URL's own host, with whatever port, is the base URL.
    const bool share_cookies = host && base_host && host->host != base_host->host &&
                               session::domain_covers(domain, host->host) &&
                               session::domain_covers(domain, base_host->host);
    return share_cookies ? host->origin() : "";
}

std::string local_return_to(std::string_view value, const std::string& origin) {
    std::string safe = core::safe_return_to(value, origin);
    if (safe.starts_with('/')) {
        return safe;
    }
    const std::string path = safe.substr(origin.size());
    return path.starts_with('/') ? path : "/" + path;
}

std::optional<std::string> asked_return_to(std::string_view form, const std::string& origin) {
    const auto value = core::find_as_typed(form, "return_to");
    return value ? std::optional(local_return_to(*value, origin)) : std::nullopt;
}

void tell_of_long_link(std::string_view link, web::Answer& answer) {
    if (!core::is_too_long_to_return(link)) {
        return;
    }
    answer.log_level = std::max(answer.log_level, web::LogLevel::warn);
    answer.log.append(answer.log.empty() ? "" : "; ")
        .append("the page to return to has more than 2048 bytes, once encoded: the visitor comes to \"/\"");
}

void forget_cookie(const Site& site, const Request& request, std::string_view name, web::Answer& answer) {
    constexpr std::size_t most = 60; // with what it sets beside them, 64 lines
    auto& headers = answer.set_cookies;
    std::string header = session::delete_cookie(site.options.cookie, request.base_url, name);
    if (headers.size() < most && std::find(headers.begin(), headers.end(), header) == headers.end()) {
        headers.push_back(std::move(header)); // one a name, however often the browser sent it
    }
}

std::string start_url(const SiteOptions& options, const Provider& provider, const Page& return_to,
                      Account account, std::string_view confirmation) {
    std::string url = return_to.origin + options.path + "/" + provider.settings().name;
    if (account == Account::another) {
        core::append_parameter(url, "account", "other");
    }
    if (!confirmation.empty()) {
        core::append_parameter(url, "confirm", confirmation);
    }
    append_page(return_to, url);
    return url;
}

web::Audience audience(const SiteOptions& options, const Request& request) {
    web::Audience audience;
    audience.is_grpc = is_grpc(request);
    audience.prefers_json = prefers_json(request);
    audience.look = &options.look;
    const web::Language* language = web::find_language(options.look.language);
    audience.language = language != nullptr ? language : &web::choose_language(request.accept_language);
    const auto home = core::parse_url(request.home());
    audience.site = options.look.title;
    if (audience.site.empty()) {
        audience.site = home ? std::string(std::string_view(home->host)) : request.home();
    }
    audience.request_id = request.id;
    return audience;
}

std::string page_nonce(core::Random& random) {
    std::array<char, 16> bytes{};
    return random.fill(bytes.data(), bytes.size()) ? core::base64url_encode({bytes.data(), bytes.size()})
                                                   : "";
}

web::Audience audience(const Site& site, const Request& request, const Page& return_to) {
    web::Audience to = audience(site.options, request);
    to.login_url = login_url(site.options, return_to);
    to.retry_url = to.login_url;
    to.start_url = return_to.origin + "/";
    if (!to.prefers_json && !to.is_grpc) {
        to.nonce = page_nonce(site.random);
    }
    return to;
}

web::Audience audience(const Site& site, const Request& request, const std::string& return_to) {
    return audience(site, request, Page{request.home(), return_to});
}

web::Audience audience(const Site& site, const Request& request, const Page& return_to,
                       const Provider& provider, const Offer& offer) {
    web::Audience to = audience(site, request, return_to);
    to.provider = provider.settings().label;
    if (find_offered(site, offer, provider.settings().name) != nullptr) {
        to.retry_url = start_url(site.options, provider, return_to);
        to.other_account_url = start_url(site.options, provider, return_to, Account::another);
    }
    to.others = choices(site.options, offer, return_to);
    std::erase_if(to.others, [&](const web::Choice& each) { return each.name == provider.settings().name; });
    return to;
}

std::string account_label(const Site& site, const session::Identity& identity) {
    const Provider* provider = site.find_provider(identity.provider);
    std::string label(std::string_view(identity.user));
    label.append(" (").append(provider != nullptr ? provider->settings().label : "?");
    return label + ")";
}

std::vector<web::Choice> choices(const SiteOptions& options, const Offer& offer, const Page& return_to) {
    std::vector<web::Choice> all;
    for (const Provider* provider : offer) {
        const providers::Settings& settings = provider->settings();
        all.push_back({settings.name, settings.label, start_url(options, *provider, return_to),
                       std::string(settings.type->name)});
    }
    return all;
}

} // namespace oauth::flow
