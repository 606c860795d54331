// SPDX-License-Identifier: MIT
// Strict JSON in, safe JSON out (JO-09, JO-10, DS-04, MD-19, MD-20, IDT-06, IDT-22).
#include "../../src/core/json.hpp"
#include "../../src/core/json_scanner.hpp"

#include <cjson/cJSON.h>

#include <chrono>
#include <cstdlib>
#include <new>

#include "unit.hpp"

using namespace oauth::core;

static void values_are_read_through_views(void**) {
    auto json =
        Json::parse(R"( {"s":"\u00e4\n","n":-1.5e1,"t":true,"f":false,"z":null,"a":[1,[],{}],"":"e"} )");
    assert_true(json.has_value());
    auto root = json->root();
    assert_true(root.is_object() && root.get("a").is_array());
    assert_text_equal(root.get("s").as_string().value_or("?"), "\xc3\xa4\n");
    assert_true(root.get("n").as_number() == -15.0);
    assert_true(root.get("t").as_bool() == true);
    assert_true(root.get("f").as_bool() == false);
    assert_int_equal(root.get("a").elements().size(), 3);
    assert_text_equal(root.get("").as_string().value_or("?"), "e");
    assert_int_equal(root.members().size(), 6); // without the one that is null
    assert_text_equal(root.members()[1].first, "n");
}

// Who writes null has nothing to say: everybody who looks for a member finds none.
static void a_member_that_is_null_is_absent_ui_06(void**) {
    auto json = Json::parse(R"({"z":null,"o":{"z":null,"a":1},"a":[null],"o.a":null})");
    auto root = json->root();
    assert_false(root.get("z").exists() || root.at_path("z").exists() || root.at_path("/z").exists());
    assert_false(root.at_path("o.z").exists() || root.at_path("/o/z").exists());
    assert_true(root.at_path("o.a").as_integer() == 1); // a name that has nothing hides no path
    assert_int_equal(root.members().size(), 2);
    assert_int_equal(root.get("a").elements().size(), 1); // an element is no member
    assert_true(root.get("a").elements()[0].is_null());
    assert_true(Json::parse("null")->root().is_null());
}

static void a_view_of_another_type_has_no_value(void**) {
    auto json = Json::parse(R"({"s":"1","n":1,"a":[]})");
    auto root = json->root();
    assert_false(root.get("s").as_integer().has_value());
    assert_false(root.get("n").as_string().has_value());
    assert_false(root.get("n").as_bool().has_value());
    assert_false(root.get("a").get("x").exists());
    assert_true(root.elements().empty());
    assert_true(root.get("a").members().empty());
    JsonView nothing;
    assert_false(nothing.exists() || nothing.is_object() || nothing.is_null());
    assert_false(nothing.get("x").get("y").at_path("a.b").as_string().has_value());
    assert_false(root.get("S").exists()); // names are compared exactly
}

static void the_grammar_is_that_of_rfc_8259(void**) {
    for (std::string_view good :
         {"{}", "[]", "\"\"", "0", "-0", "0.10", "1e5", "1E-5", "1.0e+05", "true", "false", "null",
          "\t\r\n 1 \n", "[1 , 2]", "{\"a\" : 1 }", "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\x7f\""}) {
        if (!Json::parse(good)) {
            fail_msg("refused: %s", std::string(good).c_str());
        }
    }
    for (std::string_view bad : {"",         " ",        "{",          "}",           "[",
                                 "]",        "[1",       "[1,]",       "[,1]",        "[1 2]",
                                 "{\"a\"}",  "{\"a\":}", "{\"a\":1,}", "{,}",         "{a:1}",
                                 "{'a':1}",  "{1:1}",    "01",         "+1",          "-",
                                 ".5",       "1.",       "1.e5",       "1e",          "1e+",
                                 "- 1",      "0x1",      "NaN",        "Infinity",    "-Infinity",
                                 "tru",      "TRUE",     "nul",        "undefined",   "\"",
                                 "\"\\x\"",  "\"\\\"",   "\"\\u12\"",  "\"\\u12g4\"", "\"\\U0041\"",
                                 "\"a\nb\"", "\"\t\"",   "1 1",        "{}{}",        "{} x",
                                 "[1]]",     "// c\n1",  "/**/1",      "[1;2]",       "\xef\xbb\xbf{}",
                                 "\x0b{}",   "\xa0{}"}) {
        if (Json::parse(bad)) {
            fail_msg("accepted: %s", std::string(bad).c_str());
        }
    }
}

static void text_is_utf8_without_nul_or_lone_surrogates_jo_09(void**) {
    for (std::string_view bad :
         {"\"\xff\"", "\"\xc0\xaf\"", "\"\xed\xa0\x80\"", "\"\xe2\x82\"", "{\"\x80\":1}", "\"\\u0000\"",
          "{\"\\u0000\":1}", "\"\\ud800\"", "\"\\udc00\"", "\"\\ud800x\"", "\"\\ud800\\u0041\"",
          "\"\\ud800\\ud800\"", "\"\\udc00\\ud800\"", "\"\\ud83d\\n\"", "\"\\ud83d\\u\"",
          "\"\\udc00\\udc00\"", "\"\\ud800dc00\""}) {
        assert_false(Json::parse(bad).has_value());
        assert_false(
            scan_strict_json(bad, 8).has_value()); // by itself: the tree builder refuses some of these too
    }
    assert_false(Json::parse(std::string_view("\"a\0b\"", 5)).has_value());
    assert_false(Json::parse(std::string_view("{}\0", 3)).has_value());
    assert_text_equal(Json::parse("\"\\uD83D\\ude00\"")->root().as_string().value_or("?"),
                      "\xf0\x9f\x98\x80");
}

static void duplicate_names_are_refused_idt_22_md_20(void**) {
    for (std::string_view bad :
         {R"({"a":1,"a":1})", R"({"sub":"a","x":0,"sub":"b"})", R"({"iss":1,"\u0069ss":2})",
          R"({"\u0069ss":1,"is\u0073":2})", R"({"x":{"a":1,"b":2,"a":3}})", R"([{"a":1,"a":2}])",
          R"({"":1,"":2})", R"({"a\/b":1,"a/b":2})"}) {
        assert_false(Json::parse(bad).has_value());
    }
    assert_true(Json::parse(R"({"a":{"a":1},"A":[{"a":1},{"a":2}]})").has_value());
}

static std::string nested(std::size_t depth, std::string_view open, std::string_view close) {
    std::string text;
    for (std::size_t i = 0; i < depth; ++i) {
        text += open;
    }
    text += "1";
    for (std::size_t i = 0; i < depth; ++i) {
        text += close;
    }
    return text;
}

static void depth_is_bounded_jo_10_ds_04(void**) {
    assert_true(Json::parse(nested(32, "[", "]")).has_value());
    assert_false(Json::parse(nested(33, "[", "]")).has_value());
    assert_true(Json::parse(nested(32, "{\"a\":", "}")).has_value());
    assert_false(Json::parse(nested(33, "{\"a\":", "}")).has_value());
    assert_true(Json::parse("[[[1],[2]],[[3]]]", 3).has_value()); // depth, not the number of arrays
    assert_false(Json::parse("[1]", 0).has_value());
    assert_true(Json::parse("1", 0).has_value());
    assert_false(Json::parse("[1]", -1).has_value());
    assert_false(Json::parse(nested(1000000, "[", "]")).has_value());
    assert_false(Json::parse(nested(1000000, "[", "]"), 1000000)
                     .has_value()); // the ceiling holds whatever is asked for
    assert_false(Json::parse(std::string(1000000, '[')).has_value());
}

static std::string many_members(int count) {
    std::string text = "{";
    for (int i = 0; i < count; ++i) {
        text += (i == 0 ? "\"k" : ",\"k") + std::to_string(i) + "\":1";
    }
    return text + "}";
}

static void count_and_numbers_are_bounded_md_19_ds_04(void**) {
    std::string ones = "[1";
    for (int i = 1; i < 99999; ++i) {
        ones += ",1";
    }
    assert_true(Json::parse(ones + "]").has_value()); // 99999 and the array itself
    assert_false(Json::parse(ones + ",1]").has_value());
    assert_true(Json::parse(std::string(60, '9')).has_value());
    assert_false(Json::parse(std::string(61, '9')).has_value());
    assert_false(Json::parse("0." + std::string(1000000, '1')).has_value());
}

static void a_big_object_takes_no_quadratic_time_ds_04(void**) {
    auto text = many_members(99000);
    auto before = std::chrono::steady_clock::now();
    assert_true(Json::parse(text).has_value());
    auto taken = std::chrono::steady_clock::now() - before;
    assert_true(taken < std::chrono::seconds(3)); // a comparison of all pairs takes 4.9e9 steps
}

static void integers_never_wrap_idt_06(void**) {
    struct Row {
        const char* text;
        std::int64_t value;
    };
    constexpr std::int64_t limit = std::int64_t{1} << 53;
    constexpr Row rows[] = {{"1300819380", 1300819380},
                            {"0", 0},
                            {"-5", -5},
                            {"1.9", 1},
                            {"-1.9", -1},
                            {"1e300", limit},
                            {"-1e300", -limit},
                            {"9007199254740992", limit},
                            {"9223372036854775808", limit},
                            {"18446744073709551617", limit},
                            {"1e-300", 0}};
    for (const auto& row : rows) {
        auto json = Json::parse(row.text);
        assert_true(json && json->root().as_integer() == row.value);
    }
    assert_false(Json::parse("1e999")->root().as_integer().has_value()); // not finite
}

static void paths_lead_into_the_data(void**) {
    auto json = Json::parse(
        R"({"realm_access":{"roles":["a","b"]},"a.b":"literal","a":{"b":"nested"},"https://x/y":{"m~n":1},"":{"":5}})");
    auto root = json->root();
    assert_int_equal(root.at_path("realm_access.roles").elements().size(), 2);
    assert_text_equal(root.at_path("a.b").as_string().value_or("?"), "literal");
    assert_text_equal(root.at_path("/a/b").as_string().value_or("?"), "nested");
    assert_text_equal(root.at_path("/realm_access/roles/1").as_string().value_or("?"), "b");
    assert_true(root.at_path("/https:~1~1x~1y/m~0n").as_integer() == 1);
    assert_true(root.at_path("//").as_integer() == 5);
    const auto list = Json::parse(R"({"l":[null,"b"]})");
    assert_false(list->root().at_path("/l/0").exists());
    assert_text_equal(list->root().at_path("/l/1").as_string().value_or("?"), "b");
    for (std::string_view nothing :
         {"x", "realm_access.x", "realm_access.roles.x", "realm_access.", "/x", "/realm_access/roles/2",
          "/realm_access/roles/-", "/realm_access/roles/01", "/realm_access/roles/+1", "/realm_access/roles/",
          "/https:~1~1x~1y/m~2n", "/https:~1~1x~1y/m~"}) {
        assert_false(root.at_path(nothing).exists());
    }
}

static void dumping_gives_back_the_value(void**) {
    constexpr std::string_view text = R"({"a":[1,-2.5,"x\"\\\n",true,false,null,{}],"b":{"c":[]}})";
    assert_text_equal(Json::parse(text)->root().dump(), text);
    assert_text_equal(JsonView().dump(), "null");
}

// The double of each is the double of another one, or its digits are more than cJSON prints.
static void numbers_keep_their_text(void**) {
    for (std::string_view text :
         {"1234567890123456789", "1234567890123456790", "5000000000000001", "5000000000000000",
          "738529527931269425", "9007199254740993", "-9223372036854775808", "18446744073709551617", "0", "-0",
          "2.0", "0.10", "1e3", "1E+03", "1.2345678901234568e+18", "1e400",
          "0.1000000000000000055511151231257827021181583404541016"}) {
        auto json = Json::parse(text);
        assert_true(json && json->root().is_number());
        assert_text_equal(json->root().number_text().value_or("?"), text);
        assert_text_equal(json->root().dump(), text);
    }
    assert_text_equal(Json::parse(std::string(60, '9'))->root().dump(), std::string(60, '9'));
    constexpr std::string_view nested = R"({"a":[1234567890123456789,{"b":5000000000000001},"x"],"c":2.50})";
    assert_text_equal(Json::parse(nested)->root().dump(), nested);
    assert_false(Json::parse("\"1\"")->root().number_text().has_value());
    assert_false(JsonView().number_text().has_value());
}

static void an_identifier_is_a_text_or_an_integer(void**) {
    constexpr const char* rows[][2] = {{"\"7\"", "7"},
                                       {"\"1.5\"", "1.5"},
                                       {"\"\"", ""},
                                       {"7", "7"},
                                       {"-7", "-7"},
                                       {"0", "0"},
                                       {"1234567890123456789", "1234567890123456789"},
                                       {"1234567890123456790", "1234567890123456790"}};
    for (const auto& [text, identifier] : rows) {
        assert_text_equal(Json::parse(text)->root().as_identifier().value_or("?"), identifier);
    }
    for (std::string_view none : {"1.0", "1.5", "1e3", "1E3", "1.2345678901234568e+18", "-0", "true", "null",
                                  "[]", "{}", "[\"7\"]"}) {
        assert_false(Json::parse(none)->root().as_identifier().has_value());
    }
    assert_false(JsonView().as_identifier().has_value());
}

static void great_numbers_are_texts_for_others(void**) {
    constexpr const char* rows[][2] = {
        {"9007199254740991", "9007199254740991"},
        {"9007199254740992", "\"9007199254740992\""},
        {"-9007199254740991", "-9007199254740991"},
        {"-9007199254740993", "\"-9007199254740993\""},
        {"5000000000000001", "5000000000000001"},
        {"0.12345678901234567890", "\"0.12345678901234567890\""},
        {"12345678901234567890.0", "\"12345678901234567890.0\""},
        {"9007199254740993.0", "\"9007199254740993.0\""},
        {"9007199254740992.0", "9007199254740992.0"},
        {"1e300", "1e300"},
        {"1e400", "\"1e400\""},
        {"-1e400", "\"-1e400\""},
        {"1e-400", "\"1e-400\""},
        {"0.1", "0.1"},
        {"-2.50", "-2.50"},
        {"0.30000000000000004", "0.30000000000000004"},
        {"-0.0e5", "-0.0e5"},
        {"0.5000000000000000000000", "0.5000000000000000000000"},
        {R"({"a":[1234567890123456789,1],"b":"x"})", R"({"a":["1234567890123456789",1],"b":"x"})"}};
    for (const auto& [text, written] : rows) {
        const auto json = Json::parse(text);
        assert_text_equal(json->root().dump_interoperable(), written);
        assert_text_equal(json->root().dump(), text); // a copy was changed
    }
    assert_text_equal(JsonView().dump_interoperable(), "null");
}

static long allocations_left = 0;
static void* take(std::size_t size) {
    return allocations_left-- > 0 ? std::malloc(size) : nullptr;
}

// To its readers nullopt is a text that is no JSON, which has no claims.
static void without_memory_is_not_malformed(void**) {
    cJSON_Hooks hooks{take, std::free};
    cJSON_InitHooks(&hooks);
    for (const char* text : {R"("a\u0062")", R"({"a":[1,"b",{"c":null}],"d":2.5})", "1"}) {
        long most = 0;
        for (bool has_parsed = false; !has_parsed; ++most) {
            allocations_left = most;
            try {
                assert_true(Json::parse(text).has_value());
                has_parsed = true;
            } catch (const std::bad_alloc&) {
            }
        }
        assert_true(most > 1);
    }
    cJSON_InitHooks(nullptr);
}

static void quoting_is_safe_in_html(void**) {
    assert_text_equal(json_quote("a\"\\\n\x01\x7f</script>&\xc3\xa4"),
                      "\"a\\\"\\\\\\n\\u0001\\u007f\\u003c/script\\u003e\\u0026\xc3\xa4\"");
    assert_text_equal(json_quote("\xe2\x80\xa8\xe2\x80\xa9\xe2\x80\xaa"), "\"\\u2028\\u2029\xe2\x80\xaa\"");
    assert_text_equal(json_quote("\xff\xe2\x82x"), "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbdx\"");
    std::string all;
    for (int i = 1; i < 128; ++i) {
        all += static_cast<char>(i);
    }
    assert_text_equal(Json::parse(json_quote(all))->root().as_string().value_or("?"), all);
}

static void an_object_is_written_in_order(void**) {
    JsonObjectWriter writer;
    writer.add("s", "a\"b");
    writer.add_integer("i", INT64_MIN);
    writer.add_bool("t", true);
    writer.add_bool("f", false);
    writer.add_json("j", json_string_array({"x", "<"}));
    assert_text_equal(
        std::move(writer).finish(),
        "{\"s\":\"a\\\"b\",\"i\":-9223372036854775808,\"t\":true,\"f\":false,\"j\":[\"x\",\"\\u003c\"]}");
    assert_text_equal(JsonObjectWriter().finish(), "{}");
    assert_text_equal(json_string_array({}), "[]");
}

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(values_are_read_through_views),
        cmocka_unit_test(a_member_that_is_null_is_absent_ui_06),
        cmocka_unit_test(numbers_keep_their_text),
        cmocka_unit_test(an_identifier_is_a_text_or_an_integer),
        cmocka_unit_test(great_numbers_are_texts_for_others),
        cmocka_unit_test(a_view_of_another_type_has_no_value),
        cmocka_unit_test(the_grammar_is_that_of_rfc_8259),
        cmocka_unit_test(text_is_utf8_without_nul_or_lone_surrogates_jo_09),
        cmocka_unit_test(duplicate_names_are_refused_idt_22_md_20),
        cmocka_unit_test(depth_is_bounded_jo_10_ds_04),
        cmocka_unit_test(count_and_numbers_are_bounded_md_19_ds_04),
        cmocka_unit_test(a_big_object_takes_no_quadratic_time_ds_04),
        cmocka_unit_test(integers_never_wrap_idt_06),
        cmocka_unit_test(paths_lead_into_the_data),
        cmocka_unit_test(dumping_gives_back_the_value),
        cmocka_unit_test(without_memory_is_not_malformed),
        cmocka_unit_test(quoting_is_safe_in_html),
        cmocka_unit_test(an_object_is_written_in_order),
    };
    return cmocka_run_group_tests_name("json", tests, nullptr, nullptr);
}
