// SPDX-License-Identifier: MIT
// What all pages have in common: the head, the style, the script, the headers, and the foot with whom to ask
// and the reference.
#pragma once

#include "answer.hpp"
#include "look.hpp"
#include "phrases.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace oauth::web {

// A provider, on pages that let somebody choose.
struct Choice {
    std::string name;
    std::string label;
    std::string url; // ends with return_to where it has one
    std::string type = {};
    bool is_last = false; // the one chosen last
};

// What all answers to one request need to know. Everything is plain text; it is escaped where it is written.
struct Audience {
    bool prefers_json = false;
    bool is_grpc = false;
    const Look* look = &plain_look; // outlives the answer's making
    const Language* language = &english;
    std::string site;       // its name: oauth_page_title, else the host
    std::string nonce;      // of the page's script; empty: it has none
    std::string request_id; // finds the log line
    std::string login_url;  // absolute; empty: none is offered

    std::string account;  // who is signed in; empty: nobody
    std::string provider; // the label of the one that it is about; empty: none

    bool lacks_strength = false; // that account's sign-in is not what the page asks for

    // The ways on; empty: there is none.
    std::string retry_url;         // for "try again"
    bool retry_is_sign_in = true;  // it leads to the page that was wanted by its return_to; else it is the
                                   // page itself
    std::string other_account_url; // for "use another account"
    std::string start_url;         // the site's start page
    std::vector<Choice> others;    // other ways to sign in
    bool has_own_address = false;  // the address is that of the page that was wanted, with its fragment
};

// The phrase in the audience's language, with the names in it; not escaped.
std::string say(const Audience& audience, Phrase phrase);
// The same as HTML, with each name on its own, whatever direction it is read in.
std::string say_html(const Audience& audience, Phrase phrase);

// One page: its title, which is its heading, and its content, which is HTML already.
struct Content {
    Phrase title;
    std::string html = {};
    std::string head = {}; // further elements of <head>
    std::string waits_for =
        {}; // where a tab that waits learns that another one has signed in; empty: it does not
    std::string proceeds_to = {}; // and where it goes then
    bool keeps_fragment = false;  // links to sign in take the fragment of this page's address along
    std::string_view code = {};   // of a failure, beside the reference; empty: nothing failed
};
Answer framed_page(int status, const Audience& audience, const Content& content);

// Pieces of content.
std::string paragraph(const Audience& audience, Phrase phrase, std::string_view css_class = {});
enum class Weight { primary, secondary };
// What a link does with the fragment of the page's address: nothing, takes it along in return_to, which is
// its last parameter, or has it itself.
enum class Fragment { none, in_return_to, own };
std::string button(std::string_view url, std::string_view label, Weight weight = Weight::primary,
                   Fragment fragment = Fragment::none);
std::string choice_list(const Audience& audience, const std::vector<Choice>& choices);

} // namespace oauth::web
