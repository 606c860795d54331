// SPDX-License-Identifier: MIT
// What is evidently no secret, what is a key of 256 bits (SC-05), and what a message may show (LG-01).
#include "../../src/core/secrets.hpp"
#include "../../src/core/bytes.hpp"
#include "unit.hpp"

#include <random>

using namespace oauth::core;

namespace {

void what_is_evidently_no_secret(void**) {
    for (const char* text : {"",
                             "/etc/nginx/oauth.key",
                             "/run/secrets/key",
                             "/etc/nginx/oauth-key",
                             "/etc/nginx/secrets/oauth/key",
                             "/run/secrets/OAuth2/key1",
                             "/Volumes/Data2/secrets/production/oauth/session/key",
                             "./key",
                             "../key",
                             "~/key",
                             "/k",
                             "fil:/etc/key",
                             "fiel:/etc/key",
                             "File:/etc/key",
                             "FILE:/etc/key",
                             "files:/etc/key",
                             "file=/etc/key",
                             "file/etc/key",
                             "ENV:X",
                             "evn:X",
                             "en:X",
                             "envs:X",
                             "env/X",
                             "env=X",
                             "Env/X",
                             "file:/etc/key",
                             "env:X",
                             "$X",
                             "${X}",
                             "$OAUTH_KEY",
                             "prefix-${X}",
                             "$(cat key)",
                             "{{ .Values.key }}",
                             "<secret>",
                             "%KEY%",
                             "\xef\xbb\xbfsecret"}) {
        const std::string problem = why_no_secret(text);
        if (problem.empty() || problem.find("file:PATH") == std::string::npos) {
            fail_msg("'%s': %s", text, problem.c_str());
        }
        if (std::string_view(text).size() > 5) {
            assert_true(problem.find(text) == std::string::npos);
        }
    }
}

void what_may_be_one(void**) {
    for (const char* text : {"s", "change-me", "a secret of the site", "GOCSPX-abcdef", "p@ss:word/1",
                             "Q~8.x_y-z", "a:b", "life:x", "key=value", "$2a$10$abc", "100%", "environment:x",
                             "file", "env", "<3 secrets", "/8kX2vQpL0aZb1YcD3eF4gH5iJ6kL7mN8oP9qR0sT1U="}) {
        const std::string problem = why_no_secret(text);
        if (!problem.empty()) {
            fail_msg("'%s': %s", text, problem.c_str());
        }
    }
}

void sc_05_random_keys_are_keys(void**) {
    std::mt19937 random(7);
    int refused = 0;
    for (int i = 0; i < 20000; ++i) {
        std::string bytes(32, '\0');
        for (char& byte : bytes) {
            byte = static_cast<char>(random());
        }
        for (const std::string& text : {base64_encode(bytes), base64url_encode(bytes), hex_encode(bytes)}) {
            assert_true(is_encoded_key(text));
            assert_false(is_placeholder(text));
            refused += why_no_secret(text).empty() ? 0 : 1;
        }
    }
    assert_true(refused <= 3); // those that begin with a slash and have no digit
}

void sc_05_shorter_and_other_texts_are_none(void**) {
    for (const std::string& text :
         {std::string(), std::string(42, 'k'), std::string(63, 'a'), std::string(65, 'a'),
          std::string("change-me, please, before anybody else does it"), base64_encode(std::string(31, 'k')),
          hex_encode(std::string(31, 'k')), std::string("0123456789abcdef0123456789abcdef0123456789ab"),
          std::string("/etc/nginx/a.key-of-this-machine-and-of-no-other"),
          base64_encode(std::string(40, '\xfb')) + "-"}) {
        if (is_encoded_key(text)) {
            fail_msg("'%s'", text.c_str());
        }
    }
    assert_true(is_placeholder("Please-Change-Me-Please-Change-Me-Please-Change-Me"));
}

void lg_01_what_a_message_may_show(void**) {
    assert_true(looks_random("8kX2vQpL0aZb1YcD3eF4gH5i"));
    assert_true(looks_random(hex_encode(std::string(16, '\x5a'))));
    for (const char* name : {"OAUTH_SECRET", "session.key", "MY_SECRET_OF_THE_CORPORATION_2", "key"}) {
        assert_false(looks_random(name));
    }
    assert_text_equal(without_credentials("http://u:pass@h:3128"), "http://***@h:3128");
    assert_text_equal(without_credentials("u:pass@h"), "***@h");
    assert_text_equal(without_credentials("u:p@ss@h"), "***@h");
    assert_text_equal(without_credentials("redis://:secret@h/1"), "redis://***@h/1");
    assert_text_equal(without_credentials("https://h/x"), "https://h/x");
    assert_text_equal(without_credentials("a@b://c"), "***@b://c");
}

} // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(what_is_evidently_no_secret),
        cmocka_unit_test(what_may_be_one),
        cmocka_unit_test(sc_05_random_keys_are_keys),
        cmocka_unit_test(sc_05_shorter_and_other_texts_are_none),
        cmocka_unit_test(lg_01_what_a_message_may_show),
    };
    return cmocka_run_group_tests_name("secrets", tests, nullptr, nullptr);
}
