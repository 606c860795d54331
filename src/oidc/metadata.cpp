// SPDX-License-Identifier: MIT
// Reads a provider's metadata and checks it field by field. Called by the flows that need a provider's
// endpoints. What is returned owns all its text.
#include "metadata.hpp"

#include "../core/json.hpp"
#include "../core/url.hpp"
#include "wire.hpp"

#include <optional>

namespace oauth::oidc {

namespace {

constexpr std::size_t max_list_size = 1000;

enum class Presence { required, optional };

struct EndpointField {
    std::string_view name;
    std::string Metadata::* member;
    Presence presence;
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
    {"authorization_endpoint", &Metadata::authorization_endpoint, Presence::required},
    {"token_endpoint", &Metadata::token_endpoint, Presence::required},
    {"userinfo_endpoint", &Metadata::userinfo_endpoint, Presence::optional},
    {"jwks_uri", &Metadata::jwks_uri, Presence::optional},
    {"end_session_endpoint", &Metadata::end_session_endpoint, Presence::optional},
    {"revocation_endpoint", &Metadata::revocation_endpoint, Presence::optional},
    {"introspection_endpoint", &Metadata::introspection_endpoint, Presence::optional},
    {"pushed_authorization_request_endpoint", &Metadata::pushed_authorization_request_endpoint,
     Presence::optional},
};

// OpenID Connect Discovery 1.0 3, RFC 8414 2
constexpr ListField list_fields[] = {
    {"id_token_signing_alg_values_supported", &Metadata::id_token_signing_alg_values_supported},
    {"token_endpoint_auth_methods_supported", &Metadata::token_endpoint_auth_methods_supported},
    {"code_challenge_methods_supported", &Metadata::code_challenge_methods_supported},
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

std::optional<core::Error> read_endpoint(core::JsonView document, const EndpointField& field,
                                         Metadata& metadata) {
    const core::JsonView value = document.get(field.name);
    if (!value.exists()) {
        if (field.presence == Presence::required) {
            return refusal(field.name, "is missing");
        }
        return std::nullopt;
    }
    // OpenID Connect Discovery 1.0 3: https; RFC 6749 3.1, 3.2: no fragment
    const auto url = value.as_string();
    if (!url || !core::is_endpoint_url(*url)) {
        return refusal(field.name, "is not an https URL");
    }
    metadata.*field.member = std::string(*url);
    return std::nullopt;
}

std::optional<core::Error> read_list(core::JsonView document, const ListField& field, Metadata& metadata) {
    const core::JsonView value = document.get(field.name);
    if (!value.exists()) {
        return std::nullopt;
    }
    const auto elements = value.elements();
    if (!value.is_array() || elements.size() > max_list_size) {
        return refusal(field.name, "is not a list of sane size");
    }
    for (const core::JsonView& element : elements) {
        const auto text = element.as_string();
        if (!text) {
            return refusal(field.name, "holds something that is not a string");
        }
        (metadata.*field.member).emplace_back(*text);
    }
    return std::nullopt;
}

std::optional<core::Error> read_flag(core::JsonView document, const FlagField& field, Metadata& metadata) {
    const core::JsonView value = document.get(field.name);
    if (!value.exists()) {
        return std::nullopt;
    }
    const auto flag = value.as_bool();
    if (!flag) {
        return refusal(field.name, "is neither true nor false");
    }
    metadata.*field.member = *flag;
    return std::nullopt;
}

template <class Field, std::size_t count>
std::optional<core::Error>
read_all(core::JsonView document, const Field (&fields)[count],
         std::optional<core::Error> (*read)(core::JsonView, const Field&, Metadata&), Metadata& metadata) {
    for (const Field& field : fields) {
        if (auto error = read(document, field, metadata)) {
            return error;
        }
    }
    return std::nullopt;
}

} // namespace

std::string metadata_url(std::string_view issuer) {
    if (issuer.ends_with('/')) {
        issuer.remove_suffix(1);
    }
    return std::string(issuer) + "/.well-known/openid-configuration";
}

core::Result<Metadata> process_metadata_response(const net::HttpResponse& response,
                                                 std::string_view expected_issuer) {
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
    if (*issuer != expected_issuer) {
        return refusal("issuer", "is not the expected one");
    }
    Metadata metadata;
    metadata.issuer = std::string(*issuer);
    if (auto error = read_all(document, endpoint_fields, read_endpoint, metadata)) {
        return std::move(*error);
    }
    if (auto error = read_all(document, list_fields, read_list, metadata)) {
        return std::move(*error);
    }
    if (auto error = read_all(document, flag_fields, read_flag, metadata)) {
        return std::move(*error);
    }
    return metadata;
}

} // namespace oauth::oidc
