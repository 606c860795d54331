// SPDX-License-Identifier: MIT
// The parameters of an oauth_provider block that are plain values: one table for blocks and for environment
// variables.
#pragma once

#include "provider.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace oauth::providers {

struct Parameter {
    std::string_view name;
    // every_type, openid_types, revoking_types (whose way to revoke is RFC 7009) and proving_types (OpenID
    // types without an API that takes bearer tokens) take it by themselves, others where their row names it.
    enum class Of { every_type, openid_types, revoking_types, proving_types, named_types } of;
    std::size_t min_values;
    std::size_t max_values;
    // An empty string, or what is wrong with the values. A secret is in no sentence. Of client_secret,
    // client_key and client_certificate it is the text that the configuration leads to.
    std::string (*set)(Settings& settings, const std::vector<std::string>& values);
    // Where it says where a provider is: what it has set, a URL or a domain. Else null.
    std::string Settings::* address = nullptr;
};

const Parameter* find_parameter(std::string_view name);
bool takes(const Type& type, const Parameter& parameter);
std::string parameter_names(const Type& type);           // "client_id, client_secret, ..."
std::string types_that_take(const Parameter& parameter); // "azure-ad, azure-ad-hybrid"

// What is wrong with the address that a parameter gives: it is http, and neither loopback nor named by
// allow_http. Empty where nothing is, or where the parameter is no address.
std::string find_plain_endpoint(const Settings& settings, std::string_view parameter);

// What a block has set itself that has no effect beside the rest of it; empty if all has.
std::string find_idle_parameter(const Settings& settings, const std::vector<std::string>& given);

} // namespace oauth::providers
