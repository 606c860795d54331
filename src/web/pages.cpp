// SPDX-License-Identifier: MIT
// See pages.hpp. What is told of failures is in failures.cpp.
#include "pages.hpp"

#include "../core/json.hpp"
#include "html.hpp"

namespace oauth::web {

namespace {

// A page of two sentences and buttons.
Content plain(const Audience& audience, Phrase title, Phrase what, Phrase next, const std::string& buttons) {
    Content content{title};
    content.html = paragraph(audience, what) + paragraph(audience, next, "next") + "<div class=\"on\">\n" +
                   buttons + "</div>\n";
    return content;
}

} // namespace

Answer sign_in_page(const std::vector<Choice>& choices, const Waiting& waiting, const Audience& audience) {
    Content content{Phrase::sign_in_title};
    if (!audience.account.empty()) {
        content.html =
            paragraph(audience, Phrase::signed_in_as) + "<div class=\"on\">\n" +
            button(waiting.proceeds_to, say(audience, Phrase::proceed), Weight::primary, Fragment::own) +
            "</div>\n<h2>" + say_html(audience, Phrase::use_another_account) + "</h2>\n";
    } else {
        content.html = paragraph(audience, Phrase::sign_in_what, "next");
        content.waits_for = waiting.asks;
        content.proceeds_to = waiting.proceeds_to;
    }
    content.html += choice_list(audience, choices);
    content.keeps_fragment = true;
    return framed_page(200, audience, content);
}

Answer providers_json(const std::vector<Choice>& choices) {
    std::string body = "[";
    for (const Choice& choice : choices) {
        core::JsonObjectWriter item;
        item.add("name", choice.name);
        item.add("label", choice.label);
        item.add("url", choice.url);
        body.append(body.size() > 1 ? "," : "").append(std::move(item).finish());
    }
    return json(200, body + "]");
}

Answer leave_confirmation(Leaving what, std::string_view url, std::string_view stay_url,
                          const Audience& audience) {
    using enum Phrase;
    const bool signs_out = what == Leaving::sign_out;
    const std::string buttons = button(url, say(audience, signs_out ? sign_out : use_another_account)) +
                                button(stay_url, say(audience, stay_signed_in), Weight::secondary);
    return framed_page(200, audience,
                       signs_out ? plain(audience, confirm_title, confirm_what, confirm_next, buttons)
                                 : plain(audience, switch_title, switch_what, switch_next, buttons));
}

Answer signed_out_page(const Audience& audience) {
    using enum Phrase;
    if (audience.prefers_json) {
        return json(200, R"({"signed_in":false})");
    }
    return framed_page(200, audience,
                       plain(audience, signed_out_title, signed_out_what, signed_out_next,
                             button(audience.login_url, say(audience, sign_in_again))));
}

Answer still_signed_in_page(std::string_view stay_url, const Audience& audience) {
    using enum Phrase;
    if (audience.prefers_json) {
        return json(200, R"({"signed_in":true})");
    }
    return framed_page(200, audience,
                       plain(audience, still_title, still_what, still_next,
                             button(audience.login_url, say(audience, sign_out)) +
                                 button(stay_url, say(audience, stay_signed_in), Weight::secondary)));
}

namespace {

Answer leading_on(std::string_view url, Content content, const Audience& audience) {
    content.head = "<meta http-equiv=\"refresh\" content=\"0;url=" + html_escape(url) + "\">\n";
    return framed_page(200, audience, content);
}

} // namespace

Answer continue_page(std::string_view url, const Audience& audience) {
    using enum Phrase;
    const std::string way = button(url, say(audience, proceed));
    return leading_on(url, plain(audience, signed_in_title, signed_in_what, signed_in_next, way), audience);
}

Answer onward_page(std::string_view url, const Audience& audience) {
    using enum Phrase;
    Content content{proceed};
    content.html = paragraph(audience, signed_in_next) + "<div class=\"on\">\n" +
                   button(url, say(audience, proceed)) + "</div>\n";
    return leading_on(url, std::move(content), audience);
}

} // namespace oauth::web
