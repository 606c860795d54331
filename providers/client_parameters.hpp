// SPDX-License-Identifier: MIT
// The parameters of a block by which the client proves itself: client_auth, client_key, client_certificate.
// Used in this folder only.
#pragma once

#include "provider.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace oauth::providers {

// As Parameter::set.
std::string set_client_auth(Settings& settings, const std::vector<std::string>& values);
std::string set_client_key(Settings& settings, const std::vector<std::string>& values);
std::string set_client_certificate(Settings& settings, const std::vector<std::string>& values);

// Of client_secret, client_key and client_certificate, with the client_auth that is configured.
bool is_used_by_client_auth(const Settings& settings, std::string_view name);

// Once all has been read: certificate and key are one another's, and what client_auth needs is there. A
// sentence if not. Where the configuration gives a key, a type's own way to send a secret is not its default.
std::string complete_client_auth(Settings& settings);

} // namespace oauth::providers
