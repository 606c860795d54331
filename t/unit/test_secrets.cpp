// SPDX-License-Identifier: MIT
// What is evidently no secret, what is a key of 256 bits (SC-05), and what a message may show (LG-01).
#include "../../src/core/secrets.hpp"
#include "../../src/core/bytes.hpp"
#include "unit.hpp"

#include <algorithm>
#include <cctype>
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
                             "conf.d/keys/oauth-identity-production.pem",
                             "oauth.key",
                             "secrets/Session.KEY",
                             "keys.jwk",
                             "a.b64",
                             "x.secret",
                             "oauth.conf",
                             "production.env",
                             "secret.txt",
                             "etc/nginx/keys/oauth/session/production/key/file/pathx",
                             "run/secrets/oauth-session-key",
                             "ETC/NGINX/KEYS/OAUTH/SESSION/PRODUCTION/KEY/FILE/PATHX",
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
                             "file", "env", "<3 secrets", "key/file", "a sentence with and/or in it",
                             "s3cr3t/key/2B7/x9Q", "/8kX2vQpL0aZb1YcD3eF4gH5iJ6kL7mN8oP9qR0sT1U="}) {
        const std::string problem = why_no_secret(text);
        if (!problem.empty()) {
            fail_msg("'%s': %s", text, problem.c_str());
        }
    }
}

void sc_05_random_keys_are_keys(void**) {
    std::mt19937 random(7);
    for (int i = 0; i < 100000; ++i) {
        std::string bytes(32, '\0');
        for (char& byte : bytes) {
            byte = static_cast<char>(random());
        }
        for (const std::string& text : {base64_encode(bytes), base64url_encode(bytes), hex_encode(bytes)}) {
            assert_true(is_encoded_key(text));
            assert_false(is_placeholder(text));
            if (!why_no_secret(text).empty()) {
                fail_msg("'%s'", text.c_str());
            }
        }
        assert_true(why_no_secret("/" + base64_encode(bytes).substr(1)).empty());
        assert_true(why_no_secret(base64_encode(bytes.substr(0, 24))).empty());
    }
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

std::string counting(std::size_t size, int step, int first = 0) {
    std::string bytes;
    for (std::size_t i = 0; i < size; ++i) {
        bytes += static_cast<char>(first + step * static_cast<int>(i));
    }
    return bytes;
}

std::string times(std::size_t count, const std::string& pattern) {
    std::string text;
    for (std::size_t i = 0; i < count; ++i) {
        text += pattern;
    }
    return text;
}

void sc_05_what_nobody_drew(void**) {
    const std::string patterns[] = {std::string(32, '\0'),
                                    std::string(32, '\x07'),
                                    std::string(33, '\xff'),
                                    times(8, "\xde\xad\xbe\xef"),
                                    times(2, "0123456789abcdef"),
                                    times(3, "a-passphrase"),
                                    times(16, "ab"),
                                    times(4, "01234567") + "0123",
                                    counting(32, 1),
                                    counting(48, -1, 200),
                                    counting(32, 8),
                                    "abcdefghijklmnopqrstuvwxyz012345",
                                    times(8, "aabbc") + "cdd",
                                    times(20, "ab") + times(20, "cd")};
    for (const std::string& bytes : patterns) {
        std::string upper = hex_encode(bytes);
        std::transform(upper.begin(), upper.end(), upper.begin(), [](char c) { return std::toupper(c); });
        for (const std::string& text :
             {bytes, base64_encode(bytes), base64url_encode(bytes), hex_encode(bytes), upper}) {
            if (!is_evidently_not_random(text)) {
                fail_msg("'%s'", text.c_str());
            }
        }
    }
    assert_true(is_evidently_not_random(times(4, "0123456789abcdef")));
    assert_true(is_evidently_not_random(base64_encode("change-me, or somebody else will do it")));
    assert_true(is_evidently_not_random(base64_encode(std::string(32, '\0')).substr(0, 43))); // without "="
    std::mt19937 random(8);
    for (int i = 0; i < 20000; ++i) {
        std::string bytes(32, '\0');
        for (char& byte : bytes) {
            byte = static_cast<char>(random());
        }
        for (const std::string& text :
             {bytes, base64_encode(bytes), base64url_encode(bytes), hex_encode(bytes)}) {
            if (is_evidently_not_random(text)) {
                fail_msg("'%s'", text.c_str());
            }
        }
    }
    assert_false(is_evidently_not_random("thirty-two bytes of any text at all"));
    std::string long_text(1024 * 1024, 'a'); // takes no quadratic time
    long_text.back() = 'b';
    assert_true(is_evidently_not_random(long_text));
}

void sc_05_what_was_meant_as_base64_or_hex(void**) {
    for (const std::string& text :
         {std::string("kQ"), hex_encode(std::string(31, 'k')), std::string(65, 'a'),
          base64_encode("twenty-four bytes of it!"), std::string("CorrectHorseBatteryStaple1234567890")}) {
        assert_true(is_short_encoding(text));
    }
    for (const std::string& text :
         {std::string(), std::string(64, 'a'), base64_encode(std::string(32, 'k')),
          std::string("thirty-two bytes of any text at all"), std::string("!"), std::string(32, '\x01')}) {
        assert_false(is_short_encoding(text));
    }
}

void sc_05_a_file_may_hold_any_bytes(void**) {
    for (const char* text : {"/abc!defghijk", "$Abcdefghijk", "env:x", "/etc/nginx/oauth.key", "a.pem"}) {
        assert_text_equal(why_no_secret_of_file(text), "");
    }
    assert_false(why_no_secret_of_file("\xef\xbb\xbfsecret").empty());
    assert_true(is_one_character_repeated("aaaa"));
    assert_false(is_one_character_repeated("aaab"));
    assert_false(is_one_character_repeated(""));
}

void lg_01_what_a_message_may_show(void**) {
    assert_true(looks_random("8kX2vQpL0aZb1YcD3eF4gH5i"));
    assert_true(looks_random(hex_encode(std::string(16, '\x5a'))));
    for (const char* name : {"OAUTH_SECRET", "session.key", "MY_SECRET_OF_THE_CORPORATION_2", "key"}) {
        assert_false(looks_random(name));
    }
    for (const char* text : {"8kX2vQpL0aZb1YcD3eF4gH5i", "password=8kX2vQpL0aZb1YcD3eF4gH5i",
                             "redis://h?password=8kX2vQpL0aZb1YcD3eF4gH5i", "8kX2vQpL0/Zb1YcD3eF4gH5i=="}) {
        assert_text_equal(found(text), "found what could be a secret and is not shown");
    }
    assert_text_equal(found("-----BEGIN PRIVATE KEY-----\n8kX2vQpL0/Zb1YcD3eF4gH5i\n-----END"),
                      "found what could be a secret and is not shown");
    for (const char* name : {"8kX2vQpL0aZb1YcD3eF4gH5i", "/etc/nginx/8kX2vQpL0aZb1YcD3eF4gH5i",
                             "/etc/nginx-1.22/8kX2vQpL0aZb1Yc/3eF4gH/+5i==", "/8kX2vQpL0aZb1YcD3eF4gH5/",
                             "-----BEGIN PRIVATE KEY-----", "two\nlines"}) {
        assert_true(may_hold_secret(name));
    }
    for (const char* name : {"/etc/nginx/oauth/session.key", "/srv/Keys2024/Client1Key.pem", "key", "",
                             "/etc/nginx/keys/production/Client1/key", "/run/secrets/oauth_session_key_2"}) {
        assert_false(may_hold_secret(name));
    }
    assert_text_equal(found("u:pass@h"), "found \"***@h\"");
    assert_text_equal(found("form-post"), "found \"form-post\"");
    assert_text_equal(found(""), "found \"\"");
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
        cmocka_unit_test(sc_05_what_nobody_drew),
        cmocka_unit_test(sc_05_what_was_meant_as_base64_or_hex),
        cmocka_unit_test(sc_05_a_file_may_hold_any_bytes),
        cmocka_unit_test(sc_05_shorter_and_other_texts_are_none),
        cmocka_unit_test(lg_01_what_a_message_may_show),
    };
    return cmocka_run_group_tests_name("secrets", tests, nullptr, nullptr);
}
