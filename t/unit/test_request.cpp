// SPDX-License-Identifier: MIT
// Who asks, and how: pages and programs (AR-13), what is asked for ahead of time (CB-23), what another site
// makes a browser send (LO-01).
#include "../../src/flow/request.hpp"

#include <string>
#include <utility>
#include <vector>

#include "unit.hpp"

using oauth::flow::Request;

namespace {

struct Case {
    const char* what;
    Request request;
    bool page;
    bool json;
};

Request make(std::string method, std::string accept, std::string mode = "", std::string target = "") {
    Request request;
    request.method = std::move(method);
    request.accept = std::move(accept);
    request.sec_fetch_mode = std::move(mode);
    request.sec_fetch_dest = std::move(target);
    return request;
}

Request upgraded() {
    Request request = make("GET", "text/html");
    request.upgrade = true;
    return request;
}

Request scripted(std::string accept) {
    Request request = make("GET", std::move(accept));
    request.requested_with = "xmlhttprequest";
    return request;
}

const char* const browser_accept =
    "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8";

std::vector<Case> cases() {
    return {
        {"browser", make("GET", browser_accept, "navigate", "document"), true, false},
        {"older browser", make("GET", browser_accept), true, false},
        {"frame", make("GET", browser_accept, "navigate", "iframe"), true, false},
        {"HEAD", make("HEAD", browser_accept), true, false},
        {"curl", make("GET", "*/*"), true, false},
        {"no Accept", make("GET", ""), true, false},
        {"text/*", make("GET", "text/*"), true, false},
        {"upper case", make("GET", "TEXT/HTML; Q=1"), true, false},
        {"POST of a form", make("POST", browser_accept, "navigate", "document"), false, false},
        {"PUT", make("PUT", "*/*"), false, true},
        {"DELETE", make("DELETE", "application/json"), false, true},
        {"OPTIONS", make("OPTIONS", "*/*"), false, true},
        {"get", make("get", browser_accept), false, false},
        {"fetch", make("GET", "*/*", "cors", "empty"), false, true},
        {"fetch, same origin", make("GET", "*/*", "same-origin", "empty"), false, true},
        {"fetch, no cors", make("GET", "*/*", "no-cors", "empty"), false, true},
        {"fetch that would take HTML", make("GET", "text/html", "cors", "empty"), false, false},
        {"image", make("GET", "image/avif,image/webp,*/*;q=0.8", "no-cors", "image"), false, true},
        {"image, older browser", make("GET", "image/webp,*/*"), false, true},
        {"navigation to an object", make("GET", browser_accept, "navigate", "object"), false, false},
        {"JSON", make("GET", "application/json"), false, true},
        {"JSON or anything", make("GET", "application/json, text/plain, */*"), false, true},
        {"problem JSON", make("GET", "application/problem+json"), false, true},
        {"JSON or HTML", make("GET", "application/json, text/html"), true, false},
        {"event stream", make("GET", "text/event-stream"), false, true},
        {"WebSocket", make("GET", "", "websocket", "empty"), false, true},
        {"upgrade", upgraded(), false, false},
        {"XMLHttpRequest", scripted("*/*"), false, true},
        {"XMLHttpRequest that would take HTML", scripted("text/html"), false, false},
    };
}

void ar_13_pages_and_programs(void**) {
    for (const Case& each : cases()) {
        if (oauth::flow::is_page_load(each.request) != each.page) {
            fail_msg("%s: page load %d expected", each.what, each.page);
        }
        if (oauth::flow::prefers_json(each.request) != each.json) {
            fail_msg("%s: JSON %d expected", each.what, each.json);
        }
    }
}

void forms_that_a_browser_posts(void**) {
    assert_true(oauth::flow::is_posted_form(make("POST", browser_accept, "navigate", "document")));
    assert_true(oauth::flow::is_posted_form(make("POST", browser_accept, "navigate", "frame")));
    assert_true(oauth::flow::is_posted_form(make("POST", browser_accept)));
    Request upgrade = upgraded();
    upgrade.method = "POST";
    for (const Request& request :
         {make("GET", browser_accept), make("HEAD", browser_accept), make("OPTIONS", browser_accept),
          make("POST", "*/*"), make("POST", browser_accept, "cors", "empty"),
          make("POST", browser_accept, "navigate", "object"), upgrade}) {
        assert_false(oauth::flow::is_posted_form(request));
    }
}

void what_is_grpc(void**) {
    const std::pair<const char*, bool> rows[] = {{"application/grpc", true},
                                                 {"Application/GRPC-Web+proto", true},
                                                 {"application/grpc+json", true},
                                                 {"application/graphql", false},
                                                 {"text/plain; application/grpc", false},
                                                 {"", false}};
    for (const auto& [type, expected] : rows) {
        Request request;
        request.content_type = type;
        assert_true(oauth::flow::is_grpc(request) == expected);
    }
}

void cb_23_what_is_asked_for_ahead_of_time(void**) {
    for (const char* purpose :
         {"prefetch", "prefetch;prerender", "prefetch; anonymous-client-ip", "prerender", "preview",
          "Preview", "Prefetch", "PRERENDER", "navigate, prefetch", "preview, "}) {
        Request request;
        request.sec_purpose = purpose;
        if (!oauth::flow::is_prefetch(request)) {
            fail_msg("%s is a prefetch", purpose);
        }
    }
    for (const char* purpose : {"", "navigate", "document"}) {
        Request request;
        request.sec_purpose = purpose;
        assert_false(oauth::flow::is_prefetch(request));
    }
}

void lo_01_what_comes_from_another_site(void**) {
    using enum oauth::flow::Origin;
    struct Row {
        const char* fetch_site;
        const char* origin;
        const char* referer;
        oauth::flow::Origin expected;
    };
    const Row rows[] = {
        {"same-origin", "https://app.example", "", own},
        {"same-origin", "", "", own},
        {"none", "", "", own},
        {"same-site", "", "", foreign}, // a sibling host is not us
        {"cross-site", "", "", foreign},
        {"cross-site", "https://app.example", "", foreign},
        {"cross-site", "", "https://app.example/", foreign},
        {"Same-Origin", "", "", foreign},
        {"", "", "", unknown},
        {"", "https://app.example", "", own},
        {"", "https://app.example", "https://evil.example/", own},
        {"", "https://app.example.evil.example", "", foreign},
        {"", "http://app.example", "", foreign},
        {"", "https://app.example:8443", "", foreign},
        {"", "null", "", foreign},
        {"", "null", "https://app.example/", foreign},
        {"", "", "https://app.example/page?x=1", own}, // http sites: no Sec-Fetch-Site
        {"", "", "https://app.example", own},
        {"", "", "https://app.example.evil.example/", foreign},
        {"", "", "https://app.example@evil.example/", foreign},
        {"", "", "https://app.example:8443/", foreign},
        {"", "", "http://app.example/", foreign},
        {"", "", "https://evil.example/?https://app.example/", foreign},
    };
    for (const Row& row : rows) {
        Request request;
        request.base_url = "https://app.example";
        request.sec_fetch_site = row.fetch_site;
        request.origin = row.origin;
        request.referer = row.referer;
        if (oauth::flow::origin_of(request) != row.expected) {
            fail_msg("'%s' '%s' '%s'", row.fetch_site, row.origin, row.referer);
        }
    }
}

// Several hosts share one base URL: the host that was asked has pages of its own.
void lo_01_the_host_that_was_asked_is_own(void**) {
    using enum oauth::flow::Origin;
    struct Row {
        const char* origin;
        const char* referer;
        oauth::flow::Origin expected;
    };
    const Row rows[] = {
        {"https://a.app.example", "", own},
        {"https://auth.app.example", "", own},
        {"", "https://a.app.example/page", own},
        {"", "https://a.app.example", own},
        {"https://b.app.example", "", foreign},
        {"http://a.app.example", "", foreign},
        {"", "https://a.app.example.evil.example/", foreign},
        {"null", "", foreign},
        {"", "", unknown},
    };
    for (const Row& row : rows) {
        Request request;
        request.base_url = "https://auth.app.example";
        request.own_origin = "https://a.app.example";
        request.origin = row.origin;
        request.referer = row.referer;
        if (oauth::flow::origin_of(request) != row.expected) {
            fail_msg("'%s' '%s'", row.origin, row.referer);
        }
        request.own_origin.clear(); // a host that is no name of the server's
        request.origin = "https://a.app.example";
        assert_true(oauth::flow::origin_of(request) == foreign);
    }
}

} // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(ar_13_pages_and_programs),
        cmocka_unit_test(forms_that_a_browser_posts),
        cmocka_unit_test(what_is_grpc),
        cmocka_unit_test(cb_23_what_is_asked_for_ahead_of_time),
        cmocka_unit_test(lo_01_what_comes_from_another_site),
        cmocka_unit_test(lo_01_the_host_that_was_asked_is_own),
    };
    return cmocka_run_group_tests_name("request", tests, nullptr, nullptr);
}
