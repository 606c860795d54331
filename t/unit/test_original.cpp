// SPDX-License-Identifier: MIT
// The address that another proxy asks about: what its headers may say, what is refused, and what stays as it
// was told (XF-01, XF-03, XF-06).
#include "../../src/flow/original.hpp"
#include "unit.hpp"

using namespace oauth;
using flow::Original;
using flow::OriginalHeaders;

namespace {

struct Told {
    const char* name;
    std::string value;
};

OriginalHeaders headers_of(std::initializer_list<Told> all) {
    OriginalHeaders headers;
    for (const Told& each : all) {
        auto* values = headers.find(each.name);
        assert_non_null(values);
        values->push_back(each.value);
    }
    return headers;
}

Original read(const OriginalHeaders& headers) {
    const auto original = flow::read_original(headers);
    if (!original || !original.value()) {
        fail_msg("no address: %s", original ? "" : original.error().detail.c_str());
    }
    return *original.value();
}

void assert_refused(const OriginalHeaders& headers, const char* what) {
    const auto original = flow::read_original(headers);
    if (original.ok() || original.error().code != core::Code::request_invalid) {
        fail_msg("taken: %s", what);
    }
}

OriginalHeaders parts(std::string proto, std::string host, std::string uri) {
    return headers_of({{"X-Forwarded-Proto", std::move(proto)},
                       {"X-Forwarded-Host", std::move(host)},
                       {"X-Forwarded-Uri", std::move(uri)}});
}

OriginalHeaders url(std::string value) {
    return headers_of({{"X-Original-URL", std::move(value)}});
}

void xf_03_an_address_is_read(void**) {
    struct Case {
        const char* told;
        const char* origin;
        const char* host;
        const char* target;
    };
    const Case cases[] = {
        {"https://app.example.org/a/b?x=1&y=%2F", "https://app.example.org", "app.example.org",
         "/a/b?x=1&y=%2F"},
        {"HTTPS://App.Example.ORG:443/", "https://app.example.org", "app.example.org", "/"},
        {"http://app.example.org:8080/x", "http://app.example.org:8080", "app.example.org", "/x"},
        {"https://app.example.org./x", "https://app.example.org", "app.example.org", "/x"},
        {"https://app.example.org.:8443/x", "https://app.example.org:8443", "app.example.org", "/x"},
        {"https://app.example.org", "https://app.example.org", "app.example.org", "/"},
        {"https://app.example.org?x", "https://app.example.org", "app.example.org", "/?x"},
        {"wss://app.example.org/socket", "https://app.example.org", "app.example.org", "/socket"},
        {"http://[2001:db8::1]:8080/", "http://[2001:db8::1]:8080", "[2001:db8::1]", "/"},
        {"https://app.example.org//a/../%2e%2e/b", "https://app.example.org", "app.example.org",
         "//a/../%2e%2e/b"},
        {"https://app.example.org/\xc3\xa4", "https://app.example.org", "app.example.org", "/\xc3\xa4"},
        {"https://app.example.org/http://evil.test/", "https://app.example.org", "app.example.org",
         "/http://evil.test/"},
    };
    for (const Case& each : cases) {
        const Original original = read(url(each.told));
        assert_text_equal(original.origin, each.origin);
        assert_text_equal(original.host, each.host);
        assert_text_equal(original.target, each.target);
    }
    const Original original = read(parts("https", "app.example.org", "/x?y"));
    assert_text_equal(original.origin + original.target, "https://app.example.org/x?y");
    assert_text_equal(read(parts("WSS", "app.example.org", "/")).origin, "https://app.example.org");
}

void xf_06_what_is_no_address_is_refused(void**) {
    for (const char* told : {"",
                             "/x",
                             "app.example.org/x",
                             "ftp://app.example.org/",
                             "javascript:alert(1)",
                             "https:///x",
                             "https://",
                             "https:/app.example.org/",
                             "https://user@app.example.org/",
                             "https://user:password@app.example.org/",
                             "https://app.example.org@evil.test/",
                             "https://app.example.org:0/",
                             "https://app.example.org:65536/",
                             "https://app.example.org:x/",
                             "https://app.example.org:/",
                             "https://app.example.org\\@evil.test/",
                             "https://app..example.org/",
                             "https://app.example.org../",
                             "https://./",
                             "https://app.example.org, evil.test/",
                             "https://app.example.org/a b",
                             "https://app.example.org/a\tb",
                             "https://app.example.org/a\r\nb",
                             "https://app.example.org/a\x7f",
                             "https://app.example.org/#/admin",
                             "https://app%2eexample.org/",
                             " https://app.example.org/",
                             "https://[::1/",
                             "https://\xc3\xa4.example.org/"}) {
        assert_refused(url(told), told);
    }
    assert_refused(url(std::string("https://app.example.org/a\0b", 27)), "a zero byte");
    assert_refused(parts("https", "app.example.org", ""), "no path");
    assert_refused(parts("https", "app.example.org", "x"), "a path without /");
    assert_refused(parts("https", "app.example.org", "https://app.example.org/x"), "a URL for a path");
    assert_refused(parts("https", "app.example.org/x?", "/y"), "a host with a path");
    assert_refused(parts("https", "app.example.org/", "/y"), "a host with a /");
    assert_refused(parts("https", "a.example.org, b.example.org", "/y"), "two hosts");
    assert_refused(parts("", "app.example.org", "/y"), "no scheme");
    assert_refused(parts("https, http", "app.example.org", "/y"), "two schemes");
    assert_refused(headers_of({{"X-Forwarded-Uri", "/x"}}), "a path alone");
    assert_refused(headers_of({{"X-Forwarded-Uri", "/x"}, {"X-Forwarded-Host", "app.example.org"}}),
                   "no scheme");
    assert_refused(headers_of({{"X-Forwarded-Uri", "/x"}, {"X-Forwarded-Proto", "https"}}), "no host");
}

void xf_06_it_is_bounded(void**) {
    const std::string begin = "https://app.example.org/";
    const std::string longest = begin + std::string(flow::max_original_size - begin.size(), 'x');
    assert_int_equal(read(url(longest)).target.size(), longest.size() - begin.size() + 1);
    assert_refused(url(longest + "x"), "too long");
    assert_refused(parts("https", "app.example.org", "/" + std::string(flow::max_original_size, 'x')),
                   "too long");
    assert_refused(parts("https", std::string(flow::max_original_size + 1, 'x'), "/"), "too long");
}

void xf_01_headers_do_not_contradict(void**) {
    const std::string told = "https://app.example.org/x?y";
    auto both = [&](const char* proto, const char* host, const char* uri) {
        OriginalHeaders headers = parts(proto, host, uri);
        headers.url.push_back(told);
        return headers;
    };
    assert_text_equal(read(both("https", "app.example.org:443", "/x?y")).target, "/x?y");
    assert_refused(both("https", "app.example.org", "/other"), "another path");
    assert_refused(both("https", "other.example.org", "/x?y"), "another host");
    assert_refused(both("http", "app.example.org", "/x?y"), "another scheme");
    assert_refused(headers_of({{"X-Original-URL", told}, {"X-Forwarded-Uri", "/x?y"}}),
                   "a path without a host");
    assert_refused(headers_of({{"X-Original-URL", told}, {"X-Original-URL", told}}), "twice");
    OriginalHeaders twice = parts("https", "app.example.org", "/x");
    for (OriginalHeaders::Values* values : {&twice.uri, &twice.host, &twice.proto}) {
        values->push_back(values->front());
        assert_refused(twice, "one of the parts twice");
        values->pop_back();
    }
    assert_text_equal(read(twice).target, "/x");
}

void without_a_path_there_is_no_address(void**) {
    for (const OriginalHeaders& headers :
         {OriginalHeaders(), headers_of({{"X-Forwarded-Proto", "https"}, {"X-Forwarded-Host", "evil.test"}}),
          headers_of({{"X-Forwarded-Host", "a"}, {"X-Forwarded-Host", "b"}}),
          headers_of({{"X-Forwarded-Method", "POST"}})}) {
        const auto original = flow::read_original(headers);
        assert_true(original.ok() && !original.value());
    }
    // Beside X-Original-URL the others mean nothing without a path: balancers add them.
    OriginalHeaders headers = headers_of({{"X-Forwarded-Proto", "http"},
                                          {"X-Forwarded-Host", "a.test"},
                                          {"X-Forwarded-Host", "b.test"},
                                          {"x-ORIGINAL-url", "https://app.example.org/"}});
    assert_text_equal(read(headers).origin, "https://app.example.org");
    assert_null(headers.find("X_Original_URL"));
    assert_null(headers.find("X-Original-URI"));
}

void the_method_is_one(void**) {
    OriginalHeaders headers = parts("https", "app.example.org", "/");
    assert_text_equal(read(headers).method, "");
    headers.method = {"POST", "POST"};
    assert_text_equal(read(headers).method, "POST");
    for (const OriginalHeaders::Values& values :
         {OriginalHeaders::Values{"POST", "GET"}, {"post"}, {""}, {"GET POST"}, {std::string(33, 'A')}}) {
        headers.method = values;
        assert_refused(headers, values.front().c_str());
    }
}

} // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(xf_03_an_address_is_read),
        cmocka_unit_test(xf_06_what_is_no_address_is_refused),
        cmocka_unit_test(xf_06_it_is_bounded),
        cmocka_unit_test(xf_01_headers_do_not_contradict),
        cmocka_unit_test(without_a_path_there_is_no_address),
        cmocka_unit_test(the_method_is_one),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
