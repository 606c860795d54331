// SPDX-License-Identifier: MIT
// Reads a provider's metadata member by member. Called by the flows that need a provider's endpoints. What is
// returned owns all its text.
#include "metadata.hpp"

#include "../core/bytes.hpp"
#include "../core/json.hpp"
#include "wire.hpp"

#include <algorithm>
#include <optional>

namespace oauth::oidc {

namespace {

constexpr std::size_t max_list_size = 1000;

struct EndpointField {
    std::string_view name;
    std::string Metadata::* member;
    enum class Alias { none, mutual_tls } alias = Alias::none; // where a client may show a certificate
};

struct ListField {
    std::string_view name;
    std::vector<std::string> Metadata::* member;
};

struct FlagField {
    std::string_view name;
    bool Metadata::* member;
};

// OpenID Connect Discovery 1.0 3, RP-Initiated Logout 1.0 2.1, RFC 8414 2, RFC 9126 5
constexpr EndpointField endpoint_fields[] = {
    {"authorization_endpoint", &Metadata::authorization_endpoint},
    {"token_endpoint", &Metadata::token_endpoint, EndpointField::Alias::mutual_tls},
    {"userinfo_endpoint", &Metadata::userinfo_endpoint, EndpointField::Alias::mutual_tls},
    {"jwks_uri", &Metadata::jwks_uri},
    {"end_session_endpoint", &Metadata::end_session_endpoint},
    {"revocation_endpoint", &Metadata::revocation_endpoint, EndpointField::Alias::mutual_tls},
    {"introspection_endpoint", &Metadata::introspection_endpoint, EndpointField::Alias::mutual_tls},
    {"pushed_authorization_request_endpoint", &Metadata::pushed_authorization_request_endpoint,
     EndpointField::Alias::mutual_tls},
};

// OpenID Connect Discovery 1.0 3, RFC 8414 2, JARM 1.0 4
constexpr ListField list_fields[] = {
    {"id_token_signing_alg_values_supported", &Metadata::id_token_signing_alg_values_supported},
    {"userinfo_signing_alg_values_supported", &Metadata::userinfo_signing_alg_values_supported},
    {"token_endpoint_auth_methods_supported", &Metadata::token_endpoint_auth_methods_supported},
    {"token_endpoint_auth_signing_alg_values_supported",
     &Metadata::token_endpoint_auth_signing_alg_values_supported},
    {"dpop_signing_alg_values_supported", &Metadata::dpop_signing_alg_values_supported},
    {"scopes_supported", &Metadata::scopes_supported},
    {"code_challenge_methods_supported", &Metadata::code_challenge_methods_supported},
    {"authorization_signing_alg_values_supported", &Metadata::authorization_signing_alg_values_supported},
};

// RFC 9207 3, RFC 9126 5
constexpr FlagField flag_fields[] = {
    {"authorization_response_iss_parameter_supported",
     &Metadata::authorization_response_iss_parameter_supported},
    {"require_pushed_authorization_requests", &Metadata::require_pushed_authorization_requests},
};

core::Error refusal(std::string_view member, std::string_view wrong) {
    return {core::Code::provider_error, std::string(member) + " " + std::string(wrong)};
}

std::string_view without_slash(std::string_view issuer) {
    return issuer.substr(0, issuer.size() - (issuer.ends_with('/') ? 1 : 0));
}

core::Error other_issuer(std::string_view found, std::string_view expected) {
    const bool is_slash = without_slash(found) == without_slash(expected);
    return refusal("issuer", "is not the expected one: found \"" + core::for_log(found) + "\", expected \"" +
                                 core::for_log(expected) + "\"" +
                                 (is_slash ? ", which differ in the slash at the end" : ""));
}

// What is wrong with a member; empty: nothing.
using Flaw = std::string_view;

Flaw flaw_of_url(std::string_view text, const core::PlainHttp& plain) {
    const auto url = core::parse_url(text);
    if (!url) {
        return "is not an absolute https URL";
    }
    if (url->scheme == "https" || plain.takes(url->host)) {
        return "";
    }
    return core::is_loopback_host(url->host)
               ? "is http on a loopback host, which the metadata of another machine's issuer may not name"
               : "is not an https URL (allow_http names hosts that may do without)";
}

Flaw read_endpoint(core::JsonView value, const core::PlainHttp& plain, std::string& endpoint) {
    // OpenID Connect Discovery 1.0 3: https; RFC 6749 3.1, 3.2: no fragment
    const auto url = value.as_string();
    const Flaw flaw = url ? flaw_of_url(*url, plain) : "is not an absolute https URL";
    if (flaw.empty()) {
        endpoint = *url;
    }
    return flaw;
}

Flaw read_list(core::JsonView value, std::vector<std::string>& list) {
    const auto elements = value.elements();
    if (!value.is_array() || elements.size() > max_list_size) {
        return "is not a list of sane size";
    }
    for (const core::JsonView& element : elements) {
        const auto text = element.as_string();
        if (!text) {
            list.clear();
            return "holds something that is not a string";
        }
        list.emplace_back(*text);
    }
    return "";
}

Flaw read_flag(core::JsonView value, bool& flag) { // NOLINT: JSON's own type
    const auto given = value.as_bool();
    flag = given.value_or(false);
    return given ? "" : "is neither true nor false";
}

// Reads the members one by one. A flaw of one that is needed ends that.
class Reading {
public:
    Reading(core::JsonView document, const MetadataRules& rules, Metadata& metadata)
        : document_(document), rules_(rules), metadata_(metadata) {}

    std::optional<core::Error> read() {
        for (const ListField& field : list_fields) {
            take(member(field.name),
                 [&](core::JsonView value) { return read_list(value, metadata_.*field.member); });
        }
        find_aliases();
        for (const EndpointField& field : endpoint_fields) {
            take(endpoint(field), [&](core::JsonView value) {
                return read_endpoint(value, rules_.plain, metadata_.*field.member);
            });
        }
        for (const FlagField& field : flag_fields) {
            take(member(field.name),
                 [&](core::JsonView value) { return read_flag(value, metadata_.*field.member); });
        }
        return std::move(error_);
    }

private:
    static bool has(const std::vector<std::string_view>& names, std::string_view name) {
        return std::find(names.begin(), names.end(), name) != names.end();
    }

    struct Member {
        std::string_view name; // as the rules have it
        core::JsonView value;
        std::string place; // as it is told
    };

    Member member(std::string_view name) const { return {name, document_.get(name), std::string(name)}; }

    Member endpoint(const EndpointField& field) const {
        const core::JsonView alias =
            field.alias == EndpointField::Alias::mutual_tls ? aliases_.get(field.name) : core::JsonView();
        return alias ? Member{field.name, alias, "mtls_endpoint_aliases." + std::string(field.name)}
                     : member(field.name);
    }

    // RFC 8705 5
    void find_aliases() {
        const auto auth =
            rules_.client_auth
                ? rules_.client_auth
                : choose_client_auth(metadata_.token_endpoint_auth_methods_supported, rules_.material);
        if (auth != ClientAuth::tls) {
            return;
        }
        aliases_ = document_.get("mtls_endpoint_aliases");
        if (aliases_ && !aliases_.is_object() && !error_) {
            error_ = refusal("mtls_endpoint_aliases", "is not an object");
        }
    }

    template <class Read>
    void take(const Member& member, Read read) {
        const bool is_required = has(rules_.required, member.name);
        const Flaw flaw =
            member.value.exists() ? read(member.value) : (is_required ? Flaw("is missing") : Flaw());
        if (flaw.empty() || error_) {
            return;
        }
        core::Error error = refusal(member.place, flaw);
        if (is_required || has(rules_.used, member.name)) {
            error_ = std::move(error);
        } else {
            metadata_.left_out.push_back(std::move(error.detail));
        }
    }

    core::JsonView document_;
    const MetadataRules& rules_;
    Metadata& metadata_;
    core::JsonView aliases_; // none exist where they are not to be used
    std::optional<core::Error> error_;
};

} // namespace

std::string metadata_url(std::string_view issuer) {
    if (issuer.ends_with('/')) {
        issuer.remove_suffix(1);
    }
    return std::string(issuer) + "/.well-known/openid-configuration";
}

std::string authorization_server_metadata_url(std::string_view issuer) {
    const auto url = core::parse_url(issuer);
    const std::string origin = url ? url->origin() : "";
    if (origin.empty() || !issuer.starts_with(origin)) {
        return "";
    }
    return origin + "/.well-known/oauth-authorization-server" +
           std::string(without_slash(issuer.substr(origin.size())));
}

core::Result<Metadata> process_metadata_response(const net::HttpResponse& response,
                                                 const MetadataRules& rules) {
    // OpenID Connect Discovery 1.0 4.2, RFC 8414 3.2: status 200 and a JSON object
    auto json = parse_json_object(response);
    if (!json) {
        return std::move(json.error());
    }
    const core::JsonView document = json->root();
    // OpenID Connect Discovery 1.0 4.3, RFC 8414 3.3: issuer is exactly the one that was asked
    const auto issuer = document.get("issuer").as_string();
    if (!issuer) {
        return refusal("issuer", "is missing");
    }
    if (*issuer != rules.issuer) {
        return other_issuer(*issuer, rules.issuer);
    }
    Metadata metadata;
    metadata.issuer = std::string(*issuer);
    if (auto error = Reading(document, rules, metadata).read()) {
        return std::move(*error);
    }
    return metadata;
}

} // namespace oauth::oidc
