// SPDX-License-Identifier: MIT
// Encodings, comparisons and character classes (JO-08, JO-14).
#include "../../src/core/bytes.hpp"

#include "unit.hpp"

using namespace oauth::core;

static void base64url_goes_both_ways_for_every_length(void**) {
    std::string bytes;
    for (int i = 0; i < 300; ++i) {
        auto text = base64url_encode(bytes);
        assert_true(text.find_first_of("=+/") == std::string::npos);
        auto decoded = base64url_decode(text);
        assert_true(decoded.has_value());
        assert_text_equal(*decoded, bytes);
        bytes += static_cast<char>(i * 73 + 11);
    }
    assert_text_equal(base64url_encode("\xfb\xff\xbf"), "-_-_");
    assert_true(is_base64url("AZaz09-_") && is_base64url("A") && is_base64url(""));
    assert_false(is_base64url("AB.C") || is_base64url("AB=") || is_base64url("A\xff") || is_base64url("+"));
    assert_text_equal(base64url_encode("foobar"), "Zm9vYmFy"); // RFC 4648 section 10
}

static void base64url_decoding_is_strict_jo_08(void**) {
    for (std::string_view text : {"Zg==", "Zm8=", "Zm9v=", "A", "AAAAA", "+___", "/___", "Zm 9", " Zg",
                                  "Zg\n", "Zg\r\n", "Z", "Zm9vY", // the last bits of the next two are set
                                  "Zh", "Zm9", "Zm.9", "Zm?9", "\xc3\xa4\xc3\xa4"}) {
        assert_false(base64url_decode(text).has_value());
    }
    assert_true(base64url_decode("Zm8").has_value());
    assert_false(base64url_decode(std::string_view("Zm\0v", 4)).has_value());
    assert_text_equal(base64url_decode("").value_or("?"), "");
}

static void base64_has_padding(void**) {
    assert_text_equal(base64_encode(""), "");
    assert_text_equal(base64_encode("f"), "Zg==");
    assert_text_equal(base64_encode("fo"), "Zm8=");
    assert_text_equal(base64_encode("foo"), "Zm9v");
    assert_text_equal(base64_encode("\xfb\xff"), "+/8=");
}

static void hex_is_lower_case(void**) {
    assert_text_equal(hex_encode(std::string_view("\x00\x7f\xff\xa0", 4)), "007fffa0");
}

static void comparing_sees_every_byte_jo_14(void**) {
    for (std::size_t size = 0; size < 200; ++size) {
        std::string a(size, 'x');
        assert_true(equal_constant_time(a, std::string(size, 'x')));
        assert_false(equal_constant_time(a, std::string(size + 1, 'x')));
        for (std::size_t i = 0; i < size; ++i) {
            auto b = a;
            b[i] = static_cast<char>(b[i] ^ 0x80);
            assert_false(equal_constant_time(a, b));
        }
    }
}

static void wiping_leaves_nothing_behind(void**) {
    std::string secret(100, 's');
    secret.resize(90); // the end of the longer value is still in the buffer
    const char* buffer = secret.data();
    wipe(secret);
    assert_true(secret.empty());
    assert_true(secret.data() == buffer);
    for (std::size_t i = 0; i < 100; ++i) {
        assert_int_equal(buffer[i], 0);
    }
}

static void case_is_ascii_only(void**) {
    assert_text_equal(to_lower_ascii("AZaz09@[`{\xc3\x84"), "azaz09@[`{\xc3\x84");
    assert_true(equal_ignoring_case("Content-TYPE", "content-type"));
    assert_false(equal_ignoring_case("abc", "abcd"));
    assert_false(equal_ignoring_case("@", "`"));
}

static void utf8_has_one_form_for_each_character(void**) {
    for (std::string_view good :
         {"", "a", "\xc2\x80", "\xdf\xbf", "\xe0\xa0\x80", "\xed\x9f\xbf", "\xee\x80\x80", "\xef\xbf\xbf",
          "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf", "x\xf0\x9f\x98\x80y"}) {
        assert_true(is_valid_utf8(good));
    }
    for (std::string_view bad :
         {"\x80", "\xc0\xaf", "\xc1\xbf", "\xc2", "\xc2x", "\xe0\x9f\xbf", "\xed\xa0\x80", "\xed\xbf\xbf",
          "\xe2\x82", "\xe2\x82x", "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xf0\x90\x80",
          "\xf0\x90\x80x", "\xff", "\xfe"}) {
        assert_false(is_valid_utf8(bad));
    }
}

static void control_characters_are_found(void**) {
    assert_false(has_control_characters("plain \x80\xff~"));
    assert_true(has_control_characters("a\tb"));
    assert_true(has_control_characters("a\x1f"));
    assert_true(has_control_characters("\x7f"));
    assert_true(has_control_characters(std::string_view("\0", 1)));
}

static void trimming_and_splitting(void**) {
    assert_text_equal(trim(" \t a b \t"), "a b");
    assert_text_equal(trim(" \t"), "");
    assert_text_equal(trim("\na"), "\na");
    auto parts = split(",a,,b,", ',');
    assert_int_equal(parts.size(), 5);
    assert_text_equal(parts[0], "");
    assert_text_equal(parts[1], "a");
    assert_text_equal(parts[3], "b");
    assert_int_equal(split("", ',').size(), 1);
}

static void decimals_are_digits_within_a_bound(void**) {
    assert_int_equal(parse_decimal("0", 0).value_or(9), 0);
    assert_int_equal(parse_decimal("0042", 100).value_or(9), 42);
    assert_true(parse_decimal("18446744073709551615", UINT64_MAX) == UINT64_MAX);
    assert_false(parse_decimal("18446744073709551616", UINT64_MAX).has_value());
    assert_false(parse_decimal("99999999999999999999999999", UINT64_MAX).has_value());
    assert_int_equal(parse_decimal("65535", 65535).value_or(9), 65535);
    assert_false(parse_decimal("65536", 65535).has_value());
    assert_false(parse_decimal("7", 5).has_value());
    for (std::string_view bad : {"", "-1", "+1", " 1", "1 ", "0x1", "1.0", "1e3"}) {
        assert_false(parse_decimal(bad, 1000).has_value());
    }
}

static void text_from_outside_in_a_log(void**) {
    assert_text_equal(for_log("RS256 ~"), "RS256 ~");
    assert_text_equal(for_log("a\r\n\x7f\xc3\xa9"), "a?????");
    assert_text_equal(for_log(std::string(300, 'a')), std::string(256, 'a'));
    assert_text_equal(for_log(""), "");
}

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(base64url_goes_both_ways_for_every_length),
        cmocka_unit_test(base64url_decoding_is_strict_jo_08),
        cmocka_unit_test(base64_has_padding),
        cmocka_unit_test(hex_is_lower_case),
        cmocka_unit_test(comparing_sees_every_byte_jo_14),
        cmocka_unit_test(wiping_leaves_nothing_behind),
        cmocka_unit_test(case_is_ascii_only),
        cmocka_unit_test(utf8_has_one_form_for_each_character),
        cmocka_unit_test(control_characters_are_found),
        cmocka_unit_test(trimming_and_splitting),
        cmocka_unit_test(decimals_are_digits_within_a_bound),
        cmocka_unit_test(text_from_outside_in_a_log),
    };
    return cmocka_run_group_tests_name("bytes", tests, nullptr, nullptr);
}
