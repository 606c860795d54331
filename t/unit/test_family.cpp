// SPDX-License-Identifier: MIT
// One sign-in for a family of hosts: one base URL, the cookies of one domain. The visitor comes back to the
// host where the sign-in began, by every way there is, and never to a host that is not of the family (OR-09,
// OR-10, OR-13, OR-17).
#include "flow_world.hpp"

using namespace oauth;
using unit::app;
using unit::World;

namespace {

const std::string wiki = "https://wiki.example";

std::string state_of(const core::Parameters& parameters) {
    return std::string(*parameters.find("state"));
}

// The base URL is https://app.example, and so is the callback.
class Family : public World {
public:
    Family() { options.cookie.domain = "example"; }

    // As src/ngx/ makes it of a request to that host, which it has verified.
    flow::Request request_at(const std::string& origin, const std::string& path,
                             const std::string& arguments = "") const {
        flow::Request request = World::request("GET", path, arguments);
        request.own_origin = origin;
        request.family_origin = flow::family_origin(options, app, origin);
        request.sec_fetch_mode = "navigate";
        request.sec_fetch_site = "same-origin";
        return request;
    }

    web::Answer challenge(const flow::Request& request) { return challenge(request, {&provider}); }
    web::Answer challenge(const flow::Request& request, const flow::Offer& offer) {
        return run(flow::challenge(site, request, offer, flow::Unauthenticated::automatic));
    }

    // Begins a sign-in, and has the provider know its nonce.
    std::string begin_at(const flow::Request& request) {
        const auto asked = query_of(location(challenge(request)));
        op.claims = op.claims.with("nonce", unit::quote(asked.find("nonce").value_or("none")));
        assert_text_equal(asked.find("redirect_uri").value_or(""), app + "/auth/oauth/op/callback");
        return state_of(asked);
    }
    std::string begin_at(const std::string& origin) { return begin_at(request_at(origin, "/page", "x=1")); }

    flow::Request callback_at_base(const std::string& state, const std::string& rest = "&code=code-1") {
        return request_at(app, "/auth/oauth/op/callback", "state=" + state + rest);
    }

    void sign_in_at_base() {
        assert_int_equal(serve(callback_at_base(begin_at(app))).status, 302);
        assert_non_null(current().get());
    }
};

bool has(const web::Answer& page, const std::string& text) {
    return page.body.find(text) != std::string::npos;
}

struct Relation {
    const char* domain;
    const char* base_url;
    const char* origin;
    const char* expected;
};

void or_09_or_10_which_hosts_are_of_the_family(void**) {
    const Relation relations[] = {
        {"example.org", "https://login.example.org", "https://wiki.example.org", "https://wiki.example.org"},
        {".Example.ORG", "https://login.example.org", "https://example.org", "https://example.org"},
        {"example.org", "https://login.example.org", "https://a.b.example.org:8443",
         "https://a.b.example.org:8443"},
        {"example.org", "http://login.example.org:8080", "http://wiki.example.org:8080",
         "http://wiki.example.org:8080"},
        {"example.org", "http://login.example.org", "https://wiki.example.org", "https://wiki.example.org"},
        {"example.org", "https://login.example.org", "https://wiki.example.org:443",
         "https://wiki.example.org"},
        {"localhost", "http://localhost:1", "http://a.localhost:2", "http://a.localhost:2"},
        {"example.org", "https://login.example.org", "https://login.example.org", ""}, // the base URL's own
        {"example.org", "https://login.example.org", "https://login.example.org:8080", ""}, // a proxy's port
        {"example.org", "http://login.example.org", "https://login.example.org", ""},
        {"example.org", "https://login.example.org", "", ""},
        {"", "https://login.example.org", "https://wiki.example.org", ""}, // no common cookie
        {"example.org", "https://login.example.org", "https://evil-example.org", ""},
        {"example.org", "https://login.example.org", "https://example.org.evil.test", ""},
        {"example.org", "https://login.example.org", "https://example.com", ""},
        {"example.org", "https://login.example.org", "https://org", ""},
        {"example.org", "https://login.example.org", "https://wiki.example.org@evil.test", ""},
        {"example.org", "https://login.example.org", "https://evil.test#.example.org", ""},
        {"example.org", "https://login.example.org", "https://evil.test\\.example.org", ""},
        {"example.org", "https://login.example.org", "wiki.example.org", ""},
        {"example.org", "https://login.example.org", "//wiki.example.org", ""},
        {"example.org", "https://login.example.com", "https://wiki.example.org", ""}, // the callback's is not
        {"0.0.1", "http://127.0.0.1", "http://10.0.0.1", ""}, // addresses have no parents
    };
    for (const Relation& each : relations) {
        flow::SiteOptions options;
        options.cookie.domain = each.domain;
        assert_text_equal(flow::family_origin(options, each.base_url, each.origin), each.expected);
    }
}

void a_page_leads_back_to_its_host(void**) {
    for (const std::string& origin : {wiki, app, std::string("https://a.b.example:8443")}) {
        Family world;
        const std::string state = world.begin_at(origin);
        const web::Answer answer = world.serve(world.callback_at_base(state));
        assert_int_equal(answer.status, 302);
        assert_text_equal(World::location(answer), origin + "/page?x=1");
        assert_true(World::cookie_set(answer, "oauth").find("; Domain=example;") != std::string::npos);
        assert_text_equal(world.current()->base_url, app); // whose identity it is
    }
}

void both_cookies_are_of_the_domain(void**) {
    Family world;
    const web::Answer answer = world.challenge(world.request_at(wiki, "/"));
    assert_int_equal(answer.set_cookies.size(), 1);
    assert_true(answer.set_cookies.front().starts_with("oauth_login_"));
    assert_true(answer.set_cookies.front().find("; Domain=example;") != std::string::npos);
}

void the_callback_leads_there_whichever_host_it_is_asked_at(void**) {
    Family world;
    const std::string state = world.begin_at(wiki);
    const web::Answer answer = world.serve(
        world.request_at("https://other.example", "/auth/oauth/op/callback", "code=code-1&state=" + state));
    assert_text_equal(World::location(answer), wiki + "/page?x=1");
}

void strict_cookies_get_there_by_a_page(void**) {
    Family world;
    world.options.cookie.same_site = session::CookieSettings::SameSite::strict;
    const web::Answer answer = world.serve(world.callback_at_base(world.begin_at(wiki)));
    assert_int_equal(answer.status, 200);
    assert_true(has(answer, "content=\"0;url=" + wiki + "/page?x=1\""));
}

void a_host_that_has_left_the_family_is_not_led_to(void**) {
    Family world;
    world.options.cookie.domain = "example";
    const std::string state = world.begin_at(wiki);
    world.options.cookie.domain = "app.example"; // wiki.example is not within any more
    const web::Answer answer = world.serve(world.callback_at_base(state));
    assert_text_equal(World::location(answer), app + "/page?x=1");
}

void or_13_no_parameter_and_no_header_says_where(void**) {
    for (const std::string& asked :
         {std::string("https://evil.test/x"), std::string("//evil.test"), app + "/x", wiki + ".evil.test/x",
          std::string("https://wiki.example@evil.test/"), std::string("https://other.example/x"),
          std::string("http://wiki.example/x"), std::string("https://wiki.example:444/x")}) {
        Family world;
        flow::Request request =
            world.request_at(wiki, "/auth/oauth/op", "return_to=" + core::percent_encode(asked));
        request.origin = "https://other.example";
        request.referer = "https://other.example/";
        const auto parameters = World::query_of(World::location(world.serve(request)));
        world.op.claims = world.op.claims.with("nonce", unit::quote(*parameters.find("nonce")));
        const web::Answer answer = world.serve(world.callback_at_base(state_of(parameters)));
        assert_text_equal(World::location(answer), wiki + "/");
    }
    Family world;
    const web::Answer own = world.serve(
        world.request_at(wiki, "/auth/oauth/op", "return_to=" + core::percent_encode(wiki + "/x?y")));
    const auto parameters = World::query_of(World::location(own));
    world.op.claims = world.op.claims.with("nonce", unit::quote(*parameters.find("nonce")));
    const web::Answer answer = world.serve(world.callback_at_base(state_of(parameters)));
    assert_text_equal(World::location(answer), wiki + "/x?y"); // its own address is on the same origin
}

void several_providers_are_offered_on_the_host_itself(void**) {
    Family world;
    const flow::Offer both = world.site.providers;
    const web::Answer way = world.challenge(world.request_at(wiki, "/page", "x=1"), both);
    assert_text_equal(World::location(way), wiki + "/auth/oauth/login?return_to=%2Fpage%3Fx%3D1");
    const web::Answer page =
        world.serve(world.request_at(wiki, "/auth/oauth/login", "return_to=%2Fpage%3Fx%3D1"));
    assert_true(has(page, "href=\"" + wiki + "/auth/oauth/op?return_to=%2Fpage%3Fx%3D1\""));
    assert_true(has(page, "href=\"" + wiki + "/auth/oauth/other?"));
    assert_false(has(page, app));
    const web::Answer list = world.serve(world.request_at(wiki, "/auth/oauth/providers"));
    assert_true(has(list, "\"" + wiki + "/auth/oauth/op\""));
    world.options.login_page = "/signin.html";
    const web::Answer own = world.serve(world.request_at(wiki, "/auth/oauth/login", "return_to=%2Fpage"));
    assert_text_equal(World::location(own), wiki + "/signin.html?return_to=%2Fpage");
}

void programs_are_told_the_login_url_of_their_host(void**) {
    Family world;
    flow::Request request = world.request_at(wiki, "/api");
    request.sec_fetch_mode = "cors";
    request.accept = "application/json";
    const web::Answer answer = world.challenge(request);
    assert_failure(answer, "login_required", 401);
    assert_true(has(answer, "\"login_url\":\"" + wiki + "/auth/oauth/login\""));
    assert_text_equal(World::header(answer, "WWW-Authenticate"), "Bearer realm=\"" + app + "\"");
}

void or_17_the_links_of_failures_lead_to_where_it_began(void**) {
    const std::string again = "href=\"" + wiki + "/auth/oauth/login?return_to=%2Fpage%3Fx%3D1\"";
    {
        Family world; // refused there
        const std::string state = world.begin_at(wiki);
        const web::Answer answer = world.serve(world.callback_at_base(state, "&error=access_denied"));
        assert_failure(answer, "access_denied", 403);
        assert_true(has(answer, "href=\"" + wiki + "/auth/oauth/op?return_to=%2Fpage%3Fx%3D1\""));
        assert_true(
            has(answer, "href=\"" + wiki + "/auth/oauth/op?account=other&amp;return_to=%2Fpage%3Fx%3D1\""));
        assert_false(has(answer, app));
    }
    {
        Family world; // too late
        const std::string state = world.begin_at(wiki);
        world.clock.advance(world.options.sign_in_lifetime + 1);
        const web::Answer answer = world.serve(world.callback_at_base(state));
        assert_failure(answer, "state_invalid", 400);
        assert_true(has(answer, again));
    }
    {
        Family world; // the provider fails
        const std::string state = world.begin_at(wiki);
        world.op.instead.emplace("/token", unit::unreachable());
        const web::Answer answer = world.serve(world.callback_at_base(state));
        assert_failure(answer, "provider_unreachable", 502);
        assert_true(has(answer, "href=\"" + wiki + "/auth/oauth/op?return_to=%2Fpage%3Fx%3D1\""));
    }
    {
        Family world; // what the page was called is no part of the page
        flow::Request request = world.request_at(wiki, "/page");
        request.target = "/page?x=%22%3E<script>'\"";
        const std::string state = world.begin_at(request);
        const web::Answer answer = world.serve(world.callback_at_base(state, "&error=access_denied"));
        assert_true(has(answer, "href=\"" + wiki + "/auth/oauth/op?return_to="));
        assert_false(has(answer, "<script>"));
    }
    Family world; // unknown: nothing tells where it began
    const web::Answer answer = world.serve(world.callback_at_base(std::string(60, 'A')));
    assert_failure(answer, "state_invalid", 400);
    assert_true(has(answer, "href=\"" + app + "/auth/oauth/login\""));
}

void a_used_sign_in_leads_to_its_page(void**) {
    Family world;
    const std::string state = world.begin_at(wiki);
    world.serve(world.callback_at_base(state));
    assert_text_equal(World::location(world.serve(world.callback_at_base(state))), wiki + "/page?x=1");
    world.clock.advance(world.options.sign_in_lifetime + 1); // who is signed in is sent on even later
    assert_text_equal(World::location(world.serve(world.callback_at_base(state))), wiki + "/page?x=1");
}

void another_account_and_a_sign_out_stay_on_the_host(void**) {
    Family world;
    world.sign_in_at_base();
    flow::Request request =
        world.request_at(wiki, "/auth/oauth/op", "account=other&return_to=%2Fpage%3Fx%3D1");
    request.sec_fetch_site = "cross-site";
    const web::Answer asked = world.serve(request);
    assert_int_equal(asked.status, 200);
    assert_true(has(asked, "href=\"" + wiki + "/auth/oauth/op?confirm="));
    assert_true(has(asked, "href=\"" + wiki + "/page?x=1\"")); // stays signed in
    assert_false(has(asked, app));
    request.sec_fetch_site = "same-origin";
    const auto parameters = World::query_of(World::location(world.serve(request)));
    assert_null(world.current().get());
    world.op.claims = world.op.claims.with("nonce", unit::quote(*parameters.find("nonce")));
    const web::Answer back = world.serve(world.callback_at_base(state_of(parameters)));
    assert_text_equal(World::location(back), wiki + "/page?x=1");

    const std::string cookie = world.jar.at("oauth");
    world.op.metadata = world.op.metadata.without("end_session_endpoint");
    world.clock.advance(2 * 3600); // known metadata are old; without the endpoint the way leads back here
    const web::Answer out = world.serve(world.request_at(wiki, "/auth/oauth/logout", "return_to=%2Fbye"));
    assert_int_equal(out.status, 302);
    assert_false(world.jar.contains("oauth"));
    assert_null(world.open(cookie).get()); // at every host: they have one session
    const web::Answer nobody = world.serve(world.request_at(wiki, "/auth/oauth/logout", "return_to=%2Fbye"));
    assert_text_equal(World::location(nobody), wiki + "/bye");
}

// The provider knows the base URL's page alone; from there the way leads on to the host.
void a_sign_out_over_the_provider_leads_back_to_its_host(void**) {
    Family world;
    world.sign_in_at_base();
    flow::Request out = world.request_at(wiki, "/auth/oauth/logout", "return_to=%2Fbye");
    out.sec_fetch_site = "same-origin";
    const auto asked = World::query_of(World::location(world.serve(out)));
    assert_text_equal(asked.find("post_logout_redirect_uri").value_or(""), app + "/auth/oauth/signed-out");
    const std::string state = "state=" + std::string(asked.find("state").value_or(""));
    const web::Answer back = world.serve(world.request_at(app, "/auth/oauth/signed-out", state));
    assert_text_equal(World::location(back), wiki + "/bye");
}

void who_is_not_let_in_is_offered_another_account_there(void**) {
    Family world;
    world.sign_in_at_base();
    const flow::Request request = world.request_at(wiki, "/page");
    flow::Admission denied;
    const session::OpenedSessionPointer session = world.current();
    denied.session = session;
    denied.identity = {session, &session->session.identity};
    const web::Answer page = flow::refuse(world.site, request, world.site.providers, denied, "no rule");
    assert_failure(page, "policy_denied", 403);
    assert_true(has(page, "href=\"" + wiki + "/auth/oauth/op?account=other&amp;confirm="));
}

// A host of the server that browsers take none of its cookies from.
void a_host_outside_of_the_domain_is_sent_to_the_base_url_first(void**) {
    Family world;
    const web::Answer answer = world.challenge(world.request_at("https://wiki.elsewhere.test", "/page"));
    assert_int_equal(answer.status, 302);
    assert_text_equal(World::location(answer), app + "/auth/oauth/login?return_to=%2Fpage");
    assert_true(answer.set_cookies.empty());
    // A host that is none of the server's names is no host at all: it may be a proxy's name for the base URL.
    assert_true(World::location(world.challenge(world.request_at("", "/page"))).starts_with(unit::issuer));
    // And so is one without a domain that cookies could be shared in.
    world.options.cookie.domain.clear();
    const flow::Request other = world.request_at("https://wiki.elsewhere.test", "/page");
    assert_true(World::location(world.challenge(other)).starts_with(unit::issuer));
}

} // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(or_09_or_10_which_hosts_are_of_the_family),
        cmocka_unit_test(a_page_leads_back_to_its_host),
        cmocka_unit_test(both_cookies_are_of_the_domain),
        cmocka_unit_test(the_callback_leads_there_whichever_host_it_is_asked_at),
        cmocka_unit_test(strict_cookies_get_there_by_a_page),
        cmocka_unit_test(a_host_that_has_left_the_family_is_not_led_to),
        cmocka_unit_test(or_13_no_parameter_and_no_header_says_where),
        cmocka_unit_test(several_providers_are_offered_on_the_host_itself),
        cmocka_unit_test(programs_are_told_the_login_url_of_their_host),
        cmocka_unit_test(or_17_the_links_of_failures_lead_to_where_it_began),
        cmocka_unit_test(a_used_sign_in_leads_to_its_page),
        cmocka_unit_test(another_account_and_a_sign_out_stay_on_the_host),
        cmocka_unit_test(a_sign_out_over_the_provider_leads_back_to_its_host),
        cmocka_unit_test(who_is_not_let_in_is_offered_another_account_there),
        cmocka_unit_test(a_host_outside_of_the_domain_is_sent_to_the_base_url_first),
    };
    return cmocka_run_group_tests_name("family", tests, nullptr, nullptr);
}
