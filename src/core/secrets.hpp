// SPDX-License-Identifier: MIT
// Texts that are meant to be secrets, as people write them into configurations and environments: what is
// evidently none, and what a message may show of a text that could be one. No sentence made here has the
// text in it.
#pragma once

#include <string>
#include <string_view>

namespace oauth::core {

// Why a text that stands in the configuration or the environment is evidently no secret but a path, a
// mistyped "file:" or "env:", or a variable that nobody replaces; empty: it may be one. "..., accepted: ..."
// says what to write.
std::string why_no_secret(std::string_view text);

// The same of what is in a file, which somebody meant to be the secret, and which may be any bytes.
std::string why_no_secret_of_file(std::string_view text);

bool is_one_character_repeated(std::string_view text);

// A text that examples have where a secret belongs, such as "change-me".
bool is_placeholder(std::string_view text);

// At least 256 bits as base64, base64url or hexadecimal digits, as "openssl rand" writes them.
bool is_encoded_key(std::string_view text);

// Only characters of these, so that it was meant as such, but not that many bits, or an odd number of digits.
bool is_short_encoding(std::string_view text);

// Evidently nobody drew it: few different bytes, a pattern again and again, or one that counts. As it is
// written, and as what it is the base64 or the hexadecimal digits of. For texts of 32 bytes and more.
bool is_evidently_not_random(std::string_view text);

// The example of docs/directives.md, which everybody knows.
bool is_documented_key(std::string_view text);

// Could it be a secret, by its looks? Then a message does not show it, whatever it was meant to be.
bool looks_random(std::string_view text);

// The same of what was meant to be a file's name: a key in PEM, or in base64 with its slashes.
bool may_hold_secret(std::string_view name);

// "found ...", for a message about a value that is not accepted; without what could be a secret.
std::string found(std::string_view text);

// A URL, an address or what was meant as one, without what stands before "@".
std::string without_credentials(std::string_view text);

} // namespace oauth::core
