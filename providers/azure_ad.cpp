// SPDX-License-Identifier: MIT
// Microsoft Entra ID, and its hybrid form. Each tenant has its own issuer, so the ID token's issuer is
// checked against its tid. The stable subject is tid and oid. An e-mail address is only a label, unless the
// tenant is trusted for it. More than 200 groups are read from Graph.
#include "facts.hpp"
#include "types.hpp"

#include "../src/core/url.hpp"

#include <algorithm>

namespace oauth::providers {

namespace {

constexpr int max_pages = 100;

bool is_tenant_id(std::string_view tenant) {
    return tenant.size() == 36 && tenant.find_first_not_of("0123456789abcdef-") == std::string_view::npos;
}

// One tenant signs in: a list that names others, or not this one, would admit nobody of them. A domain of a
// tenant has an id that is not known here, so one id may stand beside it.
std::string excluded_tenants(const Settings& settings) {
    if (!settings.single_tenant) {
        return "";
    }
    for (const std::string& allowed : settings.allowed_tenants) {
        if (settings.allowed_tenants.size() > 1 ||
            (is_tenant_id(settings.tenant) && allowed != settings.tenant)) {
            return "\"single_tenant on\" admits tenant \"" + settings.tenant +
                   "\" alone: \"allowed_tenants\" with others has no effect beside it";
        }
    }
    return "";
}

// A block that gives all endpoints has no metadata to tell the issuer: it is the authority's, with the tenant
// in it that the token names as its tid. Without "domain" the authority is Microsoft's, or where the tokens
// come from.
std::string expect_issuers(Settings& settings) {
    if (settings.single_tenant && !is_tenant_id(settings.tenant)) {
        return "\"single_tenant on\" with endpoints of the block: found tenant \"" + settings.tenant +
               "\", accepted: a tenant's id, or \"issuer\"";
    }
    const std::string rest = "/" + (settings.single_tenant ? settings.tenant : "{tenantid}") + "/v2.0";
    if (!settings.domain.empty()) {
        settings.issuer = core::base_of(settings.domain) + rest;
        return "";
    }
    settings.issuer = "https://login.microsoftonline.com" + rest;
    const std::string origin = core::parse_url(settings.token_endpoint)->origin();
    if (origin + rest != settings.issuer) {
        settings.issuers.push_back(origin + rest);
    }
    return "";
}

std::string complete_azure(Settings& settings) {
    const std::string authority =
        core::base_of(settings.domain.empty() ? "login.microsoftonline.com" : settings.domain);
    if (settings.single_tenant && settings.tenant.empty()) {
        return "\"single_tenant on\" needs \"tenant\"";
    }
    const bool is_everybody =
        settings.tenant == "common" || settings.tenant == "organizations" || settings.tenant == "consumers";
    if (settings.single_tenant && is_everybody) {
        return "\"single_tenant on\": found tenant \"" + settings.tenant +
               "\", accepted: a tenant's id or one of its domains";
    }
    if (const std::string problem = excluded_tenants(settings); !problem.empty()) {
        return problem;
    }
    if (settings.issuer.empty() && settings.gives_all_endpoints()) {
        if (const std::string problem = expect_issuers(settings); !problem.empty()) {
            return problem;
        }
    }
    if (settings.issuer.empty()) {
        const std::string tenant = settings.single_tenant ? settings.tenant : "common";
        settings.issuer = authority + "/" + tenant + "/v2.0";
    }
    if (settings.api_url.empty()) {
        settings.api_url = "https://graph.microsoft.com";
    }
    if (settings.is_hybrid()) {
        if (!settings.response_mode.empty() && settings.response_mode != "form_post") {
            return "\"response_mode " + settings.response_mode +
                   "\" cannot be: the ID token of the hybrid flow comes in a form, accepted: form_post";
        }
        settings.response_mode = "form_post";
        if (!settings.nonce) {
            return "\"nonce off\" cannot be: the ID token of the hybrid flow comes through the browser";
        }
    }
    return "";
}

// The ID token has oid only with the scope profile.
std::vector<std::string> azure_scopes_for(const Settings&, const Needs&) {
    return {"openid", "profile"};
}

bool is_admitted(const Settings& settings, const std::string& tenant) {
    const auto& allowed = settings.allowed_tenants;
    if (!allowed.empty() && std::find(allowed.begin(), allowed.end(), tenant) == allowed.end()) {
        return false;
    }
    return !settings.single_tenant || !is_tenant_id(settings.tenant) || settings.tenant == tenant;
}

// ID-08: a tenant's administrator can give a user any address, so only addresses of tenants that the operator
// named are believed.
bool vouches_for_email(const Settings& settings, core::JsonView id_token, const std::string& tenant) {
    const auto& allowed = settings.allowed_tenants;
    return id_token.get("xms_edov").as_bool() == true || settings.single_tenant ||
           std::find(allowed.begin(), allowed.end(), tenant) != allowed.end();
}

bool has_overage(core::JsonView id_token) {
    return id_token.get("_claim_names").get("groups").exists() || id_token.get("hasgroups").as_bool() == true;
}

core::Status map_azure(const Settings& settings, const UserData& data, const Needs& needs,
                       session::Identity& identity) {
    const core::JsonView id_token = data.id_token_view();
    const auto tenant = text_fact(id_token.get("tid"));
    const auto object = text_fact(id_token.get("oid"));
    if (!tenant || !is_tenant_id(*tenant)) {
        return core::Error{core::Code::token_invalid, "the ID token names no tenant (tid)"};
    }
    if (!is_admitted(settings, *tenant)) {
        return core::Error{core::Code::policy_denied,
                           "the account's tenant is not admitted (tenant, allowed_tenants)"};
    }
    if (!object) {
        return core::Error{core::Code::provider_error,
                           "the ID token has no oid: the scope profile is needed"};
    }
    identity.subject = *tenant + "." + *object;
    identity.tenants = needs.has("tenant") ? std::optional(session::Strings{*tenant}) : std::nullopt;
    identity.email = text_fact(id_token.get("email"));
    identity.email_verified = identity.email && vouches_for_email(settings, id_token, *tenant);
    identity.groups = has_overage(id_token) ? std::nullopt : list_fact(id_token.get("groups"));
    return core::Done{};
}

std::vector<net::Header> consistent_headers() {
    return {{"ConsistencyLevel", "eventual"}};
}

// Graph gives the address of the next page. It must be an address of Graph.
core::Task<core::Status> call_graph(ApiCall call) {
    if (!call.needs.has("group") || !has_overage(call.data.id_token_view())) {
        co_return core::Done{};
    }
    session::Strings groups;
    std::string url = call.settings.api_url + "/v1.0/me/transitiveMemberOf?$select=id&$top=100";
    for (int page = 0; !url.empty(); ++page) {
        if (page == max_pages || !same_origin(url, call.settings.api_url)) {
            co_return core::Error{core::Code::provider_error, "groups: too many pages, or a page elsewhere"};
        }
        std::vector<net::Header> headers = consistent_headers();
        auto answer = co_await get_json(call, url, "groups", std::move(headers));
        if (!answer) {
            co_return answer.error();
        }
        const core::JsonView root = answer->json.root();
        if (!root.get("value").is_array()) {
            co_return core::Error{core::Code::provider_error, "groups: the answer is no list"};
        }
        for (const core::JsonView entry : root.get("value").elements()) {
            if (entry.get("@odata.type").as_string() != "#microsoft.graph.group") {
                continue; // a directory role, an administrative unit
            }
            const auto id = text_fact(entry.get("id"));
            if (!id) {
                co_return core::Error{core::Code::provider_error, "groups: an entry has no id"};
            }
            groups.push_back(*id);
        }
        url = text_fact(root.get("@odata.nextLink")).value_or("");
    }
    call.identity.groups = std::move(groups);
    co_return core::Done{};
}

const std::vector<std::string> azure_scopes = {"openid", "profile", "email",
                                               "https://graph.microsoft.com/User.Read"};
// acr and amr are in tokens of the older endpoints.
const session::FactSet azure_facts = {"group", "role", "tenant", "acr", "amr"};
const std::vector<std::string_view> azure_parameters = {"domain", "tenant", "single_tenant",
                                                        "allowed_tenants", "api_url"};
const std::vector<std::string> azure_users = {"upn", "preferred_username", "email", "sub"};

} // namespace

const Type azure_ad_type = {
    .name = "azure-ad",
    .label = "Microsoft",
    .scopes = azure_scopes,
    .tells = azure_facts,
    .parameters = azure_parameters,
    .issuer_parameters = {"domain"},
    .user_claims = azure_users,
    .variables = {{"OAUTH_AZURE_AD_CLIENT_ID", "client_id"},
                  {"OAUTH_AZURE_AD_CLIENT_SECRET", "client_secret"},
                  {"OAUTH_AZURE_AD_TENANT_ID", "tenant"},
                  {"OAUTH_AZURE_AD_ENABLE_SINGLE_TENANT", "single_tenant", Variable::Use::optional},
                  {"OAUTH_AZURE_AD_SCOPES", "scope", Variable::Use::optional}},
    .account_prompt = "select_account",
    .issuer_rule = IssuerRule::from_metadata,
    .userinfo = UserinfoUse::off, // the ID token says more
    .makes_subject = true,
    .revocation = Revocation::none,
    .sends_sid_alone = true,
    .step_up = {.recent = StepUpWays::Recent::by_max_age},
    .complete = complete_azure,
    .scopes_for = azure_scopes_for,
    .map = map_azure,
    .call_api = call_graph,
};

const Type azure_ad_hybrid_type = {
    .name = "azure-ad-hybrid",
    .label = "Microsoft",
    .scopes = azure_scopes,
    .tells = azure_facts,
    .parameters = azure_parameters,
    .issuer_parameters = {"domain"},
    .user_claims = azure_users,
    .variables = {{"OAUTH_AZURE_AD_HYBRID_CLIENT_ID", "client_id"},
                  {"OAUTH_AZURE_AD_HYBRID_CLIENT_SECRET", "client_secret"},
                  {"OAUTH_AZURE_AD_HYBRID_TENANT_ID", "tenant"},
                  {"OAUTH_AZURE_AD_HYBRID_ENABLE_SINGLE_TENANT", "single_tenant", Variable::Use::optional},
                  {"OAUTH_AZURE_AD_HYBRID_SCOPES", "scope", Variable::Use::optional}},
    .account_prompt = "select_account",
    .issuer_rule = IssuerRule::from_metadata,
    .flow = Type::Flow::hybrid,
    .userinfo = UserinfoUse::off, // the ID token says more
    .makes_subject = true,
    .revocation = Revocation::none,
    .sends_sid_alone = true,
    .step_up = {.recent = StepUpWays::Recent::by_max_age},
    .complete = complete_azure,
    .scopes_for = azure_scopes_for,
    .map = map_azure,
    .call_api = call_graph,
};

} // namespace oauth::providers
