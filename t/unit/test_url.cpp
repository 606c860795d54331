// SPDX-License-Identifier: MIT
// URLs, form parameters and the return-URL rule (MD-05, OR-01 to OR-12, OR-15, CB-06).
#include "../../src/core/url.hpp"

#include "unit.hpp"

using namespace oauth::core;

static void a_url_is_taken_apart(void**) {
    auto url = parse_url("HTTPS://Example.ORG:8443/a/b?x=1&y");
    assert_true(url.has_value());
    assert_text_equal(url->scheme, "https");
    assert_text_equal(url->host, "example.org");
    assert_int_equal(url->port, 8443);
    assert_text_equal(url->path, "/a/b");
    assert_text_equal(url->query, "x=1&y");
    assert_true(url->has_query);
    assert_text_equal(url->origin(), "https://example.org:8443");
}

static void what_a_url_leaves_out_has_a_default(void**) {
    auto bare = parse_url("http://[::1]:80");
    assert_true(bare.has_value());
    assert_text_equal(bare->path, "/");
    assert_int_equal(bare->port, 0);
    assert_false(bare->has_query);
    assert_text_equal(bare->origin(), "http://[::1]");
    assert_text_equal(parse_url("https://a.example:443/")->origin(), "https://a.example");
    assert_text_equal(parse_url("https://a.example:80/")->origin(), "https://a.example:80");
    auto query = parse_url("https://a.example?");
    assert_true(query && query->has_query && query->query.empty());
    assert_text_equal(parse_url("https://a.example?/x")->path, "/");
}

static void bad_urls_are_refused_md_05(void**) {
    for (std::string_view bad : {"",
                                 "/path",
                                 "example.org",
                                 "//example.org/",
                                 "ftp://a.example/",
                                 "javascript:alert(1)",
                                 "file:///etc/passwd",
                                 "https:/a.example",
                                 "https:a.example",
                                 "https://",
                                 "https:///x",
                                 "https://a.example#f",
                                 "https://a.example/#f",
                                 "https://user@a.example/",
                                 "https://u:p@a.example/",
                                 "https://a.example:0/",
                                 "https://a.example:65536/",
                                 "https://a.example:/",
                                 "https://a.example:+1/",
                                 "https://a.example:8o/",
                                 "https://a.example:443:443/",
                                 "https://a.example/\r\nX: y",
                                 "https://a.example/ x",
                                 "https://a .example/",
                                 "https://a.example/\x7f",
                                 "https://\xc3\xa4.example/",
                                 "https://a.example\\b/",
                                 "https://a.example/\\b",
                                 "https://a%2eexample/",
                                 "https://a..example/",
                                 "https://.a.example/",
                                 "https://[::1/",
                                 "https://[::1]x/",
                                 "https://[::g]/",
                                 "https://[127.0.0.1]/",
                                 "https://a.example/%",
                                 "https://a.example/%4",
                                 "https://a.example/%zz",
                                 "https://a.example/?%g0",
                                 "https://a.example/<x>",
                                 "https://a.example/\"",
                                 " https://a.example/"}) {
        if (parse_url(bad)) {
            fail_msg("accepted: %s", std::string(bad).c_str());
        }
    }
    assert_false(parse_url(std::string_view("https://a.example/\0", 19)).has_value());
    assert_true(parse_url("https://a.example/" + std::string(4000, 'a')).has_value());
    assert_false(parse_url("https://a.example/" + std::string(5000, 'a')).has_value());
    assert_false(parse_url("https://" + std::string(254, 'a') + "/").has_value());
}

static void loopback_hosts_are_few(void**) {
    for (std::string_view host : {"localhost", "LOCALHOST", "127.0.0.1", "127.255.0.9", "[::1]"}) {
        assert_true(is_loopback_host(host));
    }
    for (std::string_view host :
         {"", "localhost.example", "127.0.0.1.example", "127.1", "127.0.0.256", "127.0.0.01", "128.0.0.1",
          "0.0.0.0", "::1", "[::]", "127.0.0.1.", "127.0.0.", "xlocalhost"}) {
        assert_false(is_loopback_host(host));
    }
}

static void endpoints_are_https_or_loopback(void**) {
    assert_true(is_endpoint_url("https://a.example/token"));
    assert_true(is_endpoint_url("http://127.0.0.1:9000/token"));
    assert_false(is_endpoint_url("http://a.example/token"));
    assert_false(is_endpoint_url("http://127.0.0.1.example/token"));
    assert_false(is_endpoint_url("https://u@a.example/token"));
}

static void hosts_that_may_do_without_tls(void**) {
    PlainHttp plain{{"idp.internal", "10.0.0.1", "[fd00::1]"}};
    for (const char* url : {"http://idp.internal/x", "http://IDP.internal:8080/x", "http://10.0.0.1/",
                            "http://[fd00::1]:81/", "http://127.0.0.1/", "https://a.example/"}) {
        assert_true(is_endpoint_url(url, plain));
    }
    for (const char* url : {"http://sub.idp.internal/x", "http://idp.internal.example/", "http://10.0.0.2/",
                            "ftp://idp.internal/", "http://u@idp.internal/", "http://idp.internal./"}) {
        assert_false(is_endpoint_url(url, plain));
    }
    plain.loopback = PlainHttp::Loopback::refused;
    assert_false(is_endpoint_url("http://127.0.0.1/", plain));
    assert_false(is_endpoint_url("http://localhost/", plain));
    assert_true(is_endpoint_url("https://127.0.0.1/", plain));
    plain.hosts.push_back("127.0.0.1"); // by its name
    assert_true(is_endpoint_url("http://127.0.0.1/", plain));
    assert_text_equal(base_of("http://idp.internal/"), "http://idp.internal"); // is_endpoint_url says whether
}

static void encoding_leaves_only_unreserved_characters(void**) {
    assert_text_equal(percent_encode("aZ09-._~ +&=/%\xc3\xa4"), "aZ09-._~%20%2B%26%3D%2F%25%C3%A4");
    assert_text_equal(percent_encode(std::string_view("\0\r\n", 3)), "%00%0D%0A");
}

static void form_decoding_is_strict(void**) {
    assert_text_equal(form_decode("a+b%2Bc%20d%c3%A4").value_or("?"), "a b+c d\xc3\xa4");
    for (std::string_view bad : {"%", "a%2", "%zz", "%-1", "%%41", "%4 "}) {
        assert_false(form_decode(bad).has_value());
    }
}

static void parameters_are_appended_as_the_url_needs(void**) {
    std::string url = "https://a.example/x";
    append_parameter(url, "re to", "a&b");
    append_parameter(url, "c", "\xc3\xa4");
    assert_text_equal(url, "https://a.example/x?re%20to=a%26b&c=%C3%A4");
    url = "https://a.example/?";
    append_parameter(url, "a", "1");
    assert_text_equal(url, "https://a.example/?a=1");
    url = "/?p=1&";
    append_parameter(url, "a", "1");
    assert_text_equal(url, "/?p=1&a=1");
}

static void parameters_are_counted_cb_06(void**) {
    auto parameters = Parameters::parse("code=a%20b&state=1&code=c&&empty=&bare&st%61te=2&=x");
    assert_true(parameters.has_value());
    assert_text_equal(*parameters->find("code"), "a b");
    assert_int_equal(parameters->count("code"), 2);
    assert_int_equal(parameters->count("state"), 2);
    assert_text_equal(parameters->find("empty").value_or("?"), "");
    assert_text_equal(parameters->find("bare").value_or("?"), "");
    assert_false(parameters->has("Code"));
    assert_true(Parameters::parse("")->count("") == 0);
}

static void parameters_are_bounded_and_well_formed(void**) {
    assert_false(Parameters::parse("a=%").has_value());
    assert_false(Parameters::parse("a=1&%zz=2").has_value());
    std::string query;
    for (int i = 0; i < 64; ++i) {
        query += "p=" + std::to_string(i) + "&";
    }
    assert_int_equal(Parameters::parse(query)->count("p"), 64);
    assert_false(Parameters::parse(query + "p=64").has_value());
    assert_text_equal(*Parameters::parse("a=b=c")->find("a"), "b=c");
}

constexpr std::string_view origin = "https://app.example";

static void good_return_values_stay_as_they_are_or_15(void**) {
    for (std::string_view good :
         {"/", "/ok?next=https://x//y", "/a//b", "/ok#f", "/search?q=%2F%2F", "/a/../b", "/a/./b", "/x?y=\\",
          "/x#//evil", "/?//evil", "/%41", "/a%2f%2fb", "/x?%0d%0a", "/x?return_to=%2f%2fevil",
          "https://app.example", "https://app.example/", "https://app.example/a?b#c", "https://app.example?x",
          "https://app.example#x"}) {
        assert_text_equal(safe_return_to(good, origin), good);
    }
    for (std::string_view other : {"https://[2001:db8::1]:8443", "http://localhost:8080"}) {
        auto value = std::string(other) + "/a?b";
        assert_text_equal(safe_return_to(value, other), value);
    }
}

static void bad_return_values_become_the_root_or_04_to_12(void**) {
    for (std::string_view bad : {"",
                                 "a",
                                 "evil.test",
                                 "//evil.test",
                                 "///evil.test",
                                 "/\\evil.test",
                                 "/\\/evil.test",
                                 "\\\\evil.test",
                                 "/.\\evil.test",
                                 "\\/evil.test",
                                 "/a\\b",
                                 "/\t/evil",
                                 "\t//evil",
                                 "/\n/evil",
                                 "/\x0b/evil",
                                 "/a\x7f",
                                 "/a b\t",
                                 "/\xc3",
                                 "/\xff",
                                 "/\xc0\xaf/evil",
                                 " //evil.test",
                                 " ",
                                 "%2f",
                                 "%",
                                 "https:evil.test",
                                 "http:evil.test",
                                 "https:/evil.test",
                                 "https:\\\\evil.test",
                                 "javascript:alert(1)",
                                 "JaVaScRiPt:alert(1)",
                                 "java\tscript:alert(1)",
                                 "data:text/html,x",
                                 "vbscript:x",
                                 "blob:https://app.example/x",
                                 "https://app.example@evil.test",
                                 "https://app.example:x@evil.test",
                                 "https://app.example%2f@evil.test",
                                 "https://app.example\\@evil.test",
                                 "https://app.example.evil.test",
                                 "https://evilapp.example/",
                                 "https://evil-app.example/",
                                 "https://app.example:444/",
                                 "https://app.example:443/",
                                 "http://app.example/",
                                 "https://app.example./",
                                 "HTTPS://app.example/",
                                 "https://APP.example/",
                                 "https://app.example\xe3\x80\x82",
                                 "https://app.example%E3%80%82/",
                                 "https://0x7f.1/",
                                 "https://[::1]/",
                                 "https://app.example//evil.test",
                                 "https://app.example/\\evil.test",
                                 "?x",
                                 "#x",
                                 "@evil.test",
                                 ".evil.test"}) {
        assert_text_equal(safe_return_to(bad, origin), "/");
    }
    assert_text_equal(safe_return_to(std::string_view("/\0/evil", 7), origin), "/");
    assert_text_equal(safe_return_to("/" + std::string(2047, 'a'), origin), "/" + std::string(2047, 'a'));
    assert_text_equal(safe_return_to("/" + std::string(2048, 'a'), origin), "/");
}

struct Sent {
    std::string_view typed;
    std::string_view sent;
};

static void what_a_url_cannot_hold_is_encoded_or_12_or_15(void**) {
    for (const Sent& each :
         {Sent{"/a b?c d#e f", "/a%20b?c%20d#e%20f"}, Sent{" /a ", "/a"},
          Sent{"/\xc3\xa4?\xe2\x82\xac", "/%C3%A4?%E2%82%AC"}, Sent{"/%", "/%25"},
          Sent{"/100%/x", "/100%25/x"}, Sent{"/search?q=100%", "/search?q=100%25"}, Sent{"/%4", "/%254"},
          Sent{"/a#%zz", "/a#%25zz"}, Sent{"/%%41", "/%25%41"}, Sent{"/a%20b%", "/a%20b%25"},
          Sent{"https://app.example?%", "https://app.example?%25"},
          Sent{"https://app.example/\xc3\xa4", "https://app.example/%C3%A4"}}) {
        assert_text_equal(safe_return_to(each.typed, origin), each.sent);
        assert_text_equal(safe_return_to(each.sent, origin), each.sent); // and once is enough
    }
    for (std::string_view bad : {"/%%32f/evil", "/%\\evil", "/ /%2f/../..//evil"}) {
        const auto kept = safe_return_to(bad, origin);
        assert_false(kept.starts_with("//") || kept.starts_with("/\\"));
    }
    std::string umlauts = "/x";
    for (int i = 0; i < 341; ++i) {
        umlauts += "\xc3\xa4";
    }
    assert_int_equal(safe_return_to(umlauts, origin).size(), 2048);
    assert_false(is_too_long_to_return(umlauts));
    assert_text_equal(safe_return_to(umlauts + "y", origin), "/");
    assert_true(is_too_long_to_return(umlauts + "y"));
    assert_true(is_too_long_to_return("/" + std::string(100000, 'a')));
    assert_false(is_too_long_to_return("//evil"));
    assert_false(is_too_long_to_return("/\xff" + std::string(2048, 'a')));
}

static void a_link_is_found_as_it_was_typed(void**) {
    assert_text_equal(
        find_as_typed("a=b&return_to=/x%3Fy%3D1%26z&return_to=/second", "return_to").value_or(""),
        "/x?y=1&z");
    assert_text_equal(find_as_typed("return_to=/100%&x=%zz", "return_to").value_or(""), "/100%");
    assert_text_equal(find_as_typed("%72eturn_to=/a+b%2", "return_to").value_or(""), "/a b%2");
    assert_text_equal(find_as_typed("return_to=", "return_to").value_or("?"), "");
    for (const char* none : {"", "return_to", "x=return_to", "Return_to=/x", "&&", "%zz=/x"}) {
        assert_false(find_as_typed(none, "return_to").has_value());
    }
}

static void one_decoding_makes_no_difference_or_02_or_03(void**) {
    for (std::string_view bad : {"/%2fevil", "/%2Fevil", "/%5cevil", "/%5Cevil", "/%09/evil", "/%0d%0ax",
                                 "/a%00", "/%7f", "/%5c%2fevil", "/.//evil", "/x/..//evil", "/%2e//evil",
                                 "/x/%2e%2e//evil", "/.%2f/evil", "/x/..%5c/evil"}) {
        assert_text_equal(safe_return_to(bad, origin), "/");
    }
    assert_text_equal(safe_return_to("/%252fevil", origin), "/%252fevil"); // a browser decodes no path at all
}

static void without_an_origin_only_paths_are_accepted(void**) {
    assert_text_equal(safe_return_to("/a", ""), "/a");
    assert_text_equal(safe_return_to("?a", ""), "/");
    assert_text_equal(safe_return_to("#a", ""), "/");
    assert_text_equal(safe_return_to("", ""), "/");
    assert_text_equal(safe_return_to("https://app.example/", ""), "/");
}

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(a_url_is_taken_apart),
        cmocka_unit_test(what_a_url_leaves_out_has_a_default),
        cmocka_unit_test(bad_urls_are_refused_md_05),
        cmocka_unit_test(loopback_hosts_are_few),
        cmocka_unit_test(endpoints_are_https_or_loopback),
        cmocka_unit_test(hosts_that_may_do_without_tls),
        cmocka_unit_test(encoding_leaves_only_unreserved_characters),
        cmocka_unit_test(form_decoding_is_strict),
        cmocka_unit_test(parameters_are_appended_as_the_url_needs),
        cmocka_unit_test(parameters_are_counted_cb_06),
        cmocka_unit_test(parameters_are_bounded_and_well_formed),
        cmocka_unit_test(good_return_values_stay_as_they_are_or_15),
        cmocka_unit_test(bad_return_values_become_the_root_or_04_to_12),
        cmocka_unit_test(what_a_url_cannot_hold_is_encoded_or_12_or_15),
        cmocka_unit_test(a_link_is_found_as_it_was_typed),
        cmocka_unit_test(one_decoding_makes_no_difference_or_02_or_03),
        cmocka_unit_test(without_an_origin_only_paths_are_accepted),
    };
    return cmocka_run_group_tests_name("url", tests, nullptr, nullptr);
}
