// SPDX-License-Identifier: MIT
// The languages of the pages, and what an administrator may give them: a colour and a logo.
#include "../../src/web/look.hpp"
#include "../../src/web/marks.hpp"
#include "../../src/web/phrases.hpp"

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "unit.hpp"

using namespace oauth;

namespace {

std::vector<std::string> placeholders(std::string_view text) {
    std::vector<std::string> found;
    for (std::size_t at = text.find('{'); at != std::string_view::npos; at = text.find('{', at + 1)) {
        const std::size_t end = text.find('}', at);
        assert_true(end != std::string_view::npos);
        found.emplace_back(text.substr(at, end - at + 1));
    }
    std::sort(found.begin(), found.end());
    return found;
}

void every_language_names_the_same(void**) {
    assert_int_equal(web::languages().size(), 6);
    for (const web::Language* language : web::languages()) {
        for (std::size_t i = 0; i < web::phrase_count; ++i) {
            const auto phrase = static_cast<web::Phrase>(i);
            const auto own = placeholders((*language)[phrase]);
            if (own != placeholders(web::english[phrase])) {
                fail_msg("%s: other names in \"%s\"", std::string(language->tag()).c_str(),
                         std::string((*language)[phrase]).c_str());
            }
            for (const std::string& name : own) {
                assert_true(name == "{site}" || name == "{account}" || name == "{provider}");
            }
        }
        assert_true(web::find_language(language->tag()) == language);
    }
    assert_null(web::find_language("auto"));
    assert_null(web::find_language(""));
}

void the_browser_says_which_language(void**) {
    struct {
        const char* header;
        const char* tag;
    } const rows[] = {
        {"", "en"},
        {"de", "de"},
        {"de-AT,de;q=0.9,en;q=0.8", "de"},
        {"nl,fr;q=0.4,es;q=0.5", "es"},
        {"en;q=0.5,pt-BR;q=0.501", "pt"},
        {"JA-jp", "ja"},
        {"de;q=0,fr;q=0.1", "fr"},
        {"de;q=0", "en"},
        {"*", "en"},
        {"nl,*;q=0.5,de;q=0.4", "en"},
        {"de;q=0.5,fr;q=0.5", "de"},
        {"de;q=x,fr;q=0.1", "fr"},
        {"de;q=1.5,fr", "de"},
        {"de ; q=0.2 , fr ; level=1 ; q=0.3", "fr"},
        {",,;q=1,;;,-,de-;q=0.1", "de"},
        {"deutsch,en-GB", "en"},
        {"de;Q=0.1,fr;q=0.2", "fr"},
        {"de;q=0x9,fr;q=0.1", "fr"},
        {"de;q=0.:,fr;q=0.1", "fr"},
        {"de,fr;q=1.5", "de"},
    };
    for (const auto& row : rows) {
        assert_text_equal(std::string(web::choose_language(row.header).tag()), row.tag);
    }
    assert_text_equal(std::string(web::choose_language(std::string(100000, ',') + "de").tag()), "en");
    assert_text_equal(std::string(web::choose_language(std::string(1022, ',') + "de").tag()), "de");
    assert_text_equal(std::string(web::choose_language(std::string(1023, ',') + "de").tag()), "en");
}

void colours(void**) {
    assert_text_equal(web::read_color("#1F4").value_or(""), "#11ff44");
    assert_text_equal(web::read_color("#1f4fA3").value_or(""), "#1f4fa3");
    for (const char* wrong : {"", "#", "red", "1f4fa3", "#12345", "#1234567", "#12345g", "#12;}", "#1f4fa3 ",
                              "abcd", "abcdef0"}) {
        assert_false(web::read_color(wrong).has_value());
    }
    assert_text_equal(std::string(web::text_color_on("#000000")), "#ffffff");
    assert_text_equal(std::string(web::text_color_on("#ffffff")), "#000000");
    assert_text_equal(std::string(web::text_color_on("#ffd500")), "#000000");
    assert_text_equal(std::string(web::text_color_on("#1f4fa3")), "#ffffff");
    assert_text_equal(std::string(web::text_color_on("#808080")),
                      "#000000"); // darker than half, but so it reads
    assert_text_equal(std::string(web::text_color_on("#0000ff")), "#ffffff");
}

void logos(void**) {
    using namespace std::string_literals;
    const auto kind = [](const std::string& file) {
        const std::string url = web::logo_data_url(file).value_or("data:none;");
        return url.substr(5, url.find(';') - 5);
    };
    assert_text_equal(web::logo_data_url("\x89PNG\r\n\x1a\n"s).value_or(""),
                      "data:image/png;base64,iVBORw0KGgo=");
    assert_text_equal(kind("\xff\xd8\xff\xe0"s), "image/jpeg");
    assert_text_equal(kind("GIF89a"), "image/gif");
    assert_text_equal(kind("GIF87a"), "image/gif");
    assert_text_equal(kind("RIFF\0\0\0\0WEBPVP8 "s), "image/webp");
    for (const char* svg : {"<svg/>", "\xef\xbb\xbf<?xml version=\"1.0\"?>\n<svg>", "\n <!-- a --> <svg>",
                            "<!DOCTYPE svg PUBLIC \"a\" \"b\"><svg>"}) {
        assert_text_equal(kind(svg), "image/svg+xml");
    }
    for (const std::string& none :
         {""s, "hello"s, "<html>"s, "RIFF\0\0\0\0WAVE"s, "PNG"s, "<!DOCTYPE html>"s, "\x89PNG"s, "\xff\xfe"s,
          "GIF90a"s, "RIFF\0\0\0\0WEBP"s, "RIFF\0\0\0\0WAVEfmt "s, "<?xml version=\"1.0\"?><html>"s,
          "hello <svg>"s, "<!DOCTYPE html><svg>"s}) {
        assert_text_equal(kind(none), "none");
    }
}

void every_type_has_a_mark(void**) {
    for (const char* type : {"github", "google", "azure-ad", "azure-ad-hybrid", "okta", "auth0", "descope",
                             "aws-cognito", "gitlab", "keycloak", "generic", "oidc", "oauth2", ""}) {
        const std::string_view svg = web::mark_of(type);
        assert_true(svg.starts_with("<svg ") && svg.ends_with("</svg>"));
        assert_true(svg.find("aria-hidden=\"true\"") != std::string_view::npos);
    }
    assert_true(web::mark_of("github") != web::mark_of("gitlab"));
    assert_true(web::mark_of("azure-ad-hybrid") == web::mark_of("azure-ad"));
    assert_true(web::mark_of("azure-ad") != web::mark_of("oidc"));
}

} // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(every_language_names_the_same),
        cmocka_unit_test(the_browser_says_which_language),
        cmocka_unit_test(colours),
        cmocka_unit_test(logos),
        cmocka_unit_test(every_type_has_a_mark),
    };
    return cmocka_run_group_tests_name("looks", tests, nullptr, nullptr);
}
