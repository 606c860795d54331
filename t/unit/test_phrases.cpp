// SPDX-License-Identifier: MIT
// What pages say is true where they are shown, in every language: the buttons that they name are there, the
// names in them fit their sentences, and each language is written by its own rules.
#include "../../src/web/pages.hpp"

#include <string>
#include <string_view>
#include <vector>

#include "unit.hpp"

using namespace oauth;
using core::Code;
using web::Answer;
using web::Audience;
using web::Phrase;

namespace {

Audience audience(const web::Language& language = web::english) {
    Audience audience;
    audience.language = &language;
    audience.site = "app.example";
    audience.account = "ann@example.org (Corp)";
    audience.request_id = "req-1";
    audience.login_url = audience.retry_url = "https://app.example/auth/oauth/login";
    audience.start_url = "https://app.example/";
    return audience;
}

bool has(const Answer& answer, std::string_view text) {
    return answer.body.find(text) != std::string::npos;
}

std::size_t count(const Answer& answer, std::string_view text) {
    std::size_t found = 0;
    for (std::size_t at = answer.body.find(text); at != std::string::npos;
         at = answer.body.find(text, at + text.size())) {
        ++found;
    }
    return found;
}

std::vector<Answer> all_pages(const Audience& to) {
    std::vector<Answer> pages = {web::sign_in_page({{"a", "A", "/a"}}, {"/who", "/x"}, to),
                                 web::leave_confirmation(web::Leaving::sign_out, "/out", "/", to),
                                 web::leave_confirmation(web::Leaving::another_account, "/out", "/", to),
                                 web::continue_page("/x", to),
                                 web::signed_out_page(to),
                                 web::still_signed_in_page("/x", to),
                                 web::not_sent("https://app.example", to),
                                 web::endless("https://app.example", "", to),
                                 web::not_found(to),
                                 web::not_allowed("POST", to)};
    for (int code = 0; code <= static_cast<int>(Code::internal_error); ++code) {
        pages.push_back(web::failure({static_cast<Code>(code), ""}, to));
    }
    return pages;
}

struct Quotes {
    std::string_view language;
    std::string_view open;
    std::string_view close;
};

constexpr Quotes quotes[] = {{"en", "&quot;", "&quot;"}, {"de", "„", "“"}, {"fr", "«\u00a0", "\u00a0»"},
                             {"es", "«", "»"},           {"pt", "“", "”"}, {"ja", "「", "」"}};

void assert_quoted_is_button(const Answer& answer, const Quotes& marks, std::size_t& found) {
    std::size_t at = 0;
    while ((at = answer.body.find(marks.open, at)) != std::string::npos) {
        const std::size_t begin = at + marks.open.size();
        const std::size_t end = answer.body.find(marks.close, begin);
        assert_true(end != std::string::npos);
        const std::string label = answer.body.substr(begin, end - begin);
        if (!has(answer, ">" + label + "</a>")) {
            fail_msg("no button \"%s\" on this page: %s", label.c_str(), answer.body.c_str());
        }
        ++found;
        at = end + marks.close.size();
    }
}

void a_quoted_button_is_on_the_page(void**) {
    assert_int_equal(std::size(quotes), web::languages().size());
    for (const Quotes& marks : quotes) {
        std::size_t found = 0;
        for (const Answer& answer : all_pages(audience(*web::find_language(marks.language)))) {
            assert_quoted_is_button(answer, marks, found);
        }
        assert_int_equal(found, 2); // of who may stay signed in
    }
}

// German: "this site" and a name stand in the dative. French: a name follows no "de", which an "a" would cut.
void names_fit_their_sentences(void**) {
    for (std::size_t i = 0; i < web::phrase_count; ++i) {
        const std::string german(web::german[static_cast<Phrase>(i)]);
        for (std::size_t at = german.find("{site}"); at != std::string::npos;
             at = german.find("{site}", at + 1)) {
            const std::string before = at < 4 ? "" : german.substr(at - 4, 4);
            if (before != "bei " && before != "Bei " && before != "von " && before != "Von " &&
                before != " zu ") {
                fail_msg("no dative: %s", german.c_str());
            }
        }
        const std::string french(web::french[static_cast<Phrase>(i)]);
        assert_true(french.find("de {") == std::string::npos);
        assert_true(french.find("du site {") == std::string::npos);
    }
    Audience nameless = audience(web::german);
    nameless.site.clear();
    assert_true(
        has(web::failure({Code::internal_error, ""}, nameless), "<p>Bei dieser Website ist ein Fehler"));
}

void french_signs_do_not_begin_a_line(void**) {
    struct {
        std::string_view sign;
        std::string_view space; // a narrow one but for the colon and quotes
    } const rows[] = {{"?", "\u202f"}, {"!", "\u202f"}, {";", "\u202f"}, {":", "\u00a0"}, {"»", "\u00a0"}};
    for (std::size_t i = 0; i < web::phrase_count; ++i) {
        const std::string_view text = web::french[static_cast<Phrase>(i)];
        for (const auto& row : rows) {
            for (std::size_t at = text.find(row.sign); at != std::string_view::npos;
                 at = text.find(row.sign, at + 1)) {
                assert_true(text.substr(0, at).ends_with(row.space));
            }
        }
    }
}

// Of a session that cannot be looked up, and of a sign-in that cannot be finished.
void a_store_failure_says_what_it_means(void**) {
    for (const web::Language* language : web::languages()) {
        Audience to = audience(*language);
        const std::string visit = web::say_html(to, Phrase::store_what);
        const std::string sign_in = web::say_html(to, Phrase::store_sign_in_what);
        assert_true(has(web::failure({Code::store_unavailable, ""}, to), visit));
        to.provider = "Corp";
        const Answer answer = web::failure({Code::store_unavailable, ""}, to);
        assert_true(has(answer, sign_in));
        assert_false(has(answer, visit));
    }
    assert_true(
        has(web::failure({Code::store_unavailable, ""}, audience()), "You have not been signed out."));
}

// A program shows the message alone, without the title.
void a_message_stands_alone(void**) {
    Audience program = audience();
    program.prefers_json = true;
    assert_true(has(web::failure({Code::state_invalid, ""}, program), "\"The sign-in took too long, "));
    assert_true(has(web::unauthenticated("https://app.example", program),
                    "\"You have to sign in to app.example first.\""));
    assert_true(has(web::not_allowed("POST", program), "\"This address does not take requests with this "));
    assert_true(
        has(web::not_allowed("POST", audience()), "<bdi>app.example</bdi> has no page at this address."));
}

void ways_on_are_those_that_help(void**) {
    Audience to = audience();
    assert_false(
        has(web::endless("https://app.example", "", to), "<a ")); // trying again does not help, it says
    // A provider that this page does not offer: the way to the others, once.
    assert_int_equal(count(web::failure({Code::access_denied, ""}, to), ">Try again</a>"), 1);
    assert_true(has(web::failure({Code::request_invalid, ""}, to), ">Go to the start page</a>"));
    to.start_url = to.retry_url = ""; // of a host that is not ours
    const Answer answer = web::failure({Code::request_invalid, ""}, to);
    assert_false(has(answer, "start page"));
    assert_true(has(answer, "there may be a typo in the address"));
}

} // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(a_quoted_button_is_on_the_page),
        cmocka_unit_test(names_fit_their_sentences),
        cmocka_unit_test(french_signs_do_not_begin_a_line),
        cmocka_unit_test(a_store_failure_says_what_it_means),
        cmocka_unit_test(a_message_stands_alone),
        cmocka_unit_test(ways_on_are_those_that_help),
    };
    return cmocka_run_group_tests_name("phrases", tests, nullptr, nullptr);
}
