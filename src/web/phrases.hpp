// SPDX-License-Identifier: MIT
// What pages say, by language. Each language is one file of languages/; one that lacks a phrase, or has it
// twice, does not compile. {site}, {provider} and {account} stand for names.
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <string_view>

namespace oauth::web {

enum class Phrase : std::size_t {
    // Buttons
    sign_in,
    sign_in_with,
    sign_in_new_tab,
    sign_in_again,
    proceed,
    try_again,
    use_another_account,
    go_to_start,
    sign_out,
    stay_signed_in,
    // What pages have in common
    last_used,
    signed_in_as,
    another_way,
    help,
    ask_the_owners,
    reference,
    some_provider,
    this_site,
    // Pages: a title, what happened, what to do
    sign_in_title,
    sign_in_what,
    confirm_title,
    confirm_what,
    confirm_next,
    switch_title,
    switch_what,
    switch_next,
    signed_out_title,
    signed_out_what,
    signed_out_next,
    still_title,
    still_what,
    still_next,
    signed_in_title,
    signed_in_what,
    signed_in_next,
    not_sent_title,
    not_sent_what,
    not_sent_step_up,
    not_sent_next,
    not_found_title,
    not_found_what,
    not_found_next,
    not_allowed_what,
    // Failures
    login_required_title,
    login_required_what,
    login_required_next,
    endless_title,
    endless_what,
    endless_next,
    step_up_title,
    step_up_what,
    step_up_next,
    denied_title,
    denied_what,
    denied_unknown_what,
    denied_next,
    access_denied_title,
    access_denied_what,
    access_denied_next,
    unverified_title,
    unverified_what,
    unverified_next,
    expired_title,
    expired_what,
    expired_next,
    invalid_title,
    invalid_what,
    invalid_next,
    provider_error_title,
    provider_error_what,
    provider_error_next,
    token_title,
    token_what,
    token_next,
    unreachable_title,
    unreachable_what,
    unreachable_next,
    timeout_title,
    timeout_what,
    timeout_next,
    too_large_title,
    too_large_what,
    too_large_next,
    store_title,
    store_what,
    store_sign_in_what,
    store_next,
    internal_title,
    internal_what,
    internal_next,
    count,
};

constexpr std::size_t phrase_count = static_cast<std::size_t>(Phrase::count);

struct Translation {
    Phrase phrase;
    std::string_view text;
};

class Language {
public:
    template <std::size_t size>
    consteval Language(std::string_view tag, const Translation (&translations)[size]) : tag_(tag) {
        static_assert(size == phrase_count, "a phrase is missing, or there twice");
        for (const Translation& each : translations) {
            std::string_view& text = texts_.at(static_cast<std::size_t>(each.phrase));
            if (!text.empty() || each.text.empty()) {
                throw "a phrase is empty, or there twice"; // at compile time
            }
            text = each.text;
        }
    }

    std::string_view tag() const { return tag_; } // BCP 47, for <html lang>
    std::string_view operator[](Phrase phrase) const { return texts_[static_cast<std::size_t>(phrase)]; }

private:
    std::string_view tag_;
    std::array<std::string_view, phrase_count> texts_ = {};
};

extern const Language english;
extern const Language german;
extern const Language french;
extern const Language spanish;
extern const Language portuguese;
extern const Language japanese;

// English first: it is what those get whose languages are none of these.
std::span<const Language* const> languages();

// nullptr: there is no such language.
const Language* find_language(std::string_view tag);

// RFC 9110 12.5.4, of the first 1,024 bytes of the header: the language with the highest weight, the first of
// those with the same; a range such as "pt-BR" takes "pt".
const Language& choose_language(std::string_view accept_language);

} // namespace oauth::web
