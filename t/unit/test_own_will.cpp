// SPDX-License-Identifier: MIT
// What ends a session is the user's own will (LO-01): a sign-out, or a sign-in with another account, that a
// page of another site may have asked for is asked back, by a page whose link is proof enough.
#include "../../src/flow/sign_out.hpp"
#include "flow_world.hpp"

using namespace oauth;
using unit::app;
using unit::World;

namespace {

// Where the page's first link with that path leads; empty: there is none.
std::string link_of(const web::Answer& page, const std::string& path) {
    const std::size_t begin = page.body.find("href=\"" + app + path);
    if (begin == std::string::npos) {
        return "";
    }
    std::string link = page.body.substr(begin + 6, page.body.find('"', begin + 6) - begin - 6);
    for (std::size_t at = link.find("&amp;"); at != std::string::npos; at = link.find("&amp;")) {
        link.replace(at, 5, "&");
    }
    return link;
}

web::Answer follow(World& world, const std::string& link) { // on an http site: nothing says where it is from
    const std::string target = link.substr(app.size());
    const std::size_t question = target.find('?');
    return world.serve(world.request("GET", target.substr(0, question), target.substr(question + 1)));
}

struct From {
    const char* method;
    const char* fetch_site;
    const char* origin;
    const char* referer;
};

flow::Request request_from(const World& world, const From& from, const std::string& path,
                           const std::string& arguments) {
    flow::Request request = world.request(from.method, path, arguments);
    request.sec_fetch_site = from.fetch_site;
    request.origin = from.origin;
    request.referer = from.referer;
    return request;
}

// A page of another site may have asked.
const From doubtful[] = {
    {"GET", "cross-site", "", ""},
    {"GET", "same-site", "", ""},
    {"GET", "", "https://evil.example", ""},
    {"GET", "", "null", ""},
    {"GET", "cross-site", "https://app.example", ""},
    {"GET", "", "", ""}, // on http sites browsers say nothing more
    {"GET", "", "", "https://evil.example/page"},
    {"POST", "cross-site", "", ""},
    {"POST", "same-site", "", ""},
    {"POST", "", "https://evil.example", ""},
    {"POST", "", "null", ""},
    {"POST", "", "", "https://evil.example/page"},
};

void lo_01_another_site_is_asked_back(void**) {
    for (const From& from : doubtful) {
        World world;
        world.sign_in_as("user-1");
        const web::Answer answer =
            world.serve(request_from(world, from, "/auth/oauth/logout", "return_to=%2Fbye%3Fa%3D1"));
        assert_int_equal(answer.status, 200);
        assert_text_equal(World::location(answer), "");
        assert_true(answer.set_cookies.empty());
        assert_true(world.ledger.revoked.empty());
        assert_non_null(world.current().get());
        assert_true(answer.body.find("href=\"https://app.example/\"") != std::string::npos); // the way back
        // Whoever follows the page's link has seen it, whatever the browser says.
        const web::Answer confirmed = follow(world, link_of(answer, "/auth/oauth/logout"));
        assert_int_equal(confirmed.status, 302);
        const auto asked = World::query_of(World::location(confirmed));
        const std::string way_back = "state=" + std::string(asked.find("state").value_or(""));
        assert_text_equal(
            World::location(world.serve(world.request("GET", "/auth/oauth/signed-out", way_back))),
            app + "/bye?a=1");
        assert_null(world.current().get());
    }
}

// `<img src=/auth/oauth/logout>` in a comment on a page of ours.
void lo_01_what_a_page_embeds_is_asked_back(void**) {
    struct Row {
        const char* method;
        const char* target;
        bool ends;
    };
    for (const Row& row :
         {Row{"GET", "image", false}, Row{"GET", "iframe", false}, Row{"GET", "style", false},
          Row{"GET", "script", false}, Row{"GET", "document", true}, Row{"GET", "empty", true},
          Row{"GET", "", true}, Row{"POST", "iframe", true}}) {
        World world;
        world.sign_in_as("user-1");
        flow::Request request =
            request_from(world, {row.method, "same-origin", "", ""}, "/auth/oauth/logout", "");
        request.sec_fetch_dest = row.target;
        world.serve(request);
        assert_int_equal(world.current() == nullptr, row.ends);
        if (std::string_view(row.method) == "GET") {
            World other;
            other.sign_in_as("user-1");
            request = request_from(other, {"GET", "same-origin", "", ""}, "/auth/oauth/op", "account=other");
            request.sec_fetch_dest = row.target;
            other.serve(request);
            assert_int_equal(other.current() == nullptr, row.ends);
        }
    }
}

void lo_01_a_confirmation_is_of_one_session(void**) {
    World world;
    world.sign_in_as("user-1");
    const From nothing = {"GET", "", "", ""};
    const std::string link =
        link_of(world.serve(request_from(world, nothing, "/auth/oauth/logout", "")), "/auth/oauth/logout");
    assert_true(link.find("confirm=") != std::string::npos);
    world.sign_in_as("user-2");
    assert_int_equal(follow(world, link).status, 200); // asked again
    assert_non_null(world.current().get());
    for (const char* value : {"confirm=", "confirm=x", "confirm=a&confirm=a"}) {
        assert_int_equal(world.serve(request_from(world, nothing, "/auth/oauth/logout", value)).status, 200);
    }
    assert_non_null(world.current().get());
}

void lo_01_where_nobody_is_signed_in_nothing_is_asked_and_sign_ins_stay(void**) {
    World world;
    const auto parameters = world.begin();
    const std::string name = world.sign_in_name(*parameters.find("state"));
    world.jar["__Host-oauth"] = "left over";
    const web::Answer answer =
        world.serve(request_from(world, {"GET", "", "", ""}, "/auth/oauth/logout", "return_to=%2Fbye"));
    assert_text_equal(World::location(answer), app + "/bye");
    assert_true(world.jar.contains(name));
    assert_false(world.jar.contains("__Host-oauth"));
}

void another_account_ends_the_session_first(void**) {
    for (const From& from : {From{"GET", "same-origin", "", ""}, From{"GET", "none", "", ""},
                             From{"GET", "", "", "https://app.example/admin"}}) {
        World world;
        world.sign_in_as("user-1");
        const std::string id = world.current()->session.id;
        const web::Answer answer = world.serve(
            request_from(world, from, "/auth/oauth/op", "account=other&return_to=%2Fadmin%3Fa%3D1"));
        assert_int_equal(answer.status, 302);
        assert_true(World::location(answer).starts_with("https://op.example/authorize?"));
        assert_text_equal(World::query_of(World::location(answer)).find("prompt").value_or(""), "login");
        assert_true(world.ledger.is_revoked(session::Marks{id, "", "", 0}));
        assert_null(world.current().get());
        assert_false(world.jar.contains(world.session_name()));
        // The sign-ins': that which was used tells the way back. And that the provider is to ask again.
        assert_int_equal(world.jar.size(), 3);
        assert_text_equal(world.jar["__Host-oauth_last"], "op!");
    }
}

void another_account_is_asked_back_by_the_same_rule(void**) {
    for (const From& from : doubtful) {
        if (std::string_view(from.method) == "POST") {
            continue; // a sign-in is begun by GET
        }
        World world;
        world.settings.account_prompt = "select_account";
        world.settings.prompt = "consent";
        world.sign_in_as("user-1");
        const std::string id = world.current()->session.id;
        const web::Answer page = world.serve(
            request_from(world, from, "/auth/oauth/op", "account=other&return_to=%2Fadmin%3Fa%3D1"));
        assert_int_equal(page.status, 200);
        assert_non_null(world.current().get());
        const web::Answer answer = follow(world, link_of(page, "/auth/oauth/op"));
        assert_int_equal(answer.status, 302);
        const auto asked = World::query_of(World::location(answer));
        assert_text_equal(asked.find("prompt").value_or(""), "select_account");
        assert_true(world.ledger.is_revoked(session::Marks{id, "", "", 0}));
        world.op.claims = world.op.claims.with("nonce", unit::quote(asked.find("nonce").value_or("none")));
        const web::Answer back = world.serve(world.callback_request(*asked.find("state")));
        assert_text_equal(World::location(back), app + "/admin?a=1");
    }
}

void another_account_where_nobody_is_signed_in_is_a_sign_in(void**) {
    World world;
    const web::Answer answer =
        world.serve(request_from(world, {"GET", "cross-site", "", ""}, "/auth/oauth/op", "account=other"));
    assert_int_equal(answer.status, 302);
    assert_text_equal(World::query_of(World::location(answer)).find("prompt").value_or(""), "login");
}

void another_account_ends_nothing_ahead_of_time(void**) {
    World world;
    world.sign_in_as("user-1");
    flow::Request ahead =
        request_from(world, {"GET", "same-origin", "", ""}, "/auth/oauth/op", "account=other");
    ahead.sec_purpose = "prefetch";
    const flow::Request head =
        request_from(world, {"HEAD", "same-origin", "", ""}, "/auth/oauth/op", "account=other");
    for (const flow::Request& request : {ahead, head}) {
        const web::Answer answer = world.serve(request);
        assert_false(World::location(answer).starts_with("https://op.example/"));
        assert_true(answer.set_cookies.empty());
        assert_non_null(world.current().get());
    }
}

void lo_01_nothing_is_ended_ahead_of_time(void**) {
    World world;
    world.sign_in_as("user-1");
    flow::Request prefetch = world.request("GET", "/auth/oauth/logout");
    prefetch.sec_purpose = "prefetch;prerender";
    flow::Request other = world.request("GET", "/auth/oauth/op", "account=other");
    other.sec_purpose = "prefetch";
    // A browser follows what it has fetched ahead: a redirect would be a sign-out that does nothing.
    for (const auto& [request, status] : {std::pair(prefetch, 400), std::pair(other, 400),
                                          std::pair(world.request("HEAD", "/auth/oauth/logout"), 302)}) {
        const web::Answer answer = world.serve(request);
        assert_int_equal(answer.status, status);
        assert_true(answer.set_cookies.empty());
        assert_non_null(world.current().get());
    }
}

void our_own_pages_are_not_asked_back(void**) {
    for (const char* site : {"same-origin", "none", ""}) {
        World world;
        world.sign_in_as("user-1");
        flow::Request request = world.request("POST", "/auth/oauth/logout");
        request.sec_fetch_site = site;
        request.origin = app;
        assert_int_equal(world.serve(request).status, 303);
        assert_null(world.current().get());
    }
}

} // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(lo_01_another_site_is_asked_back),
        cmocka_unit_test(lo_01_what_a_page_embeds_is_asked_back),
        cmocka_unit_test(lo_01_a_confirmation_is_of_one_session),
        cmocka_unit_test(lo_01_where_nobody_is_signed_in_nothing_is_asked_and_sign_ins_stay),
        cmocka_unit_test(another_account_ends_the_session_first),
        cmocka_unit_test(another_account_is_asked_back_by_the_same_rule),
        cmocka_unit_test(another_account_where_nobody_is_signed_in_is_a_sign_in),
        cmocka_unit_test(another_account_ends_nothing_ahead_of_time),
        cmocka_unit_test(lo_01_nothing_is_ended_ahead_of_time),
        cmocka_unit_test(our_own_pages_are_not_asked_back),
    };
    return cmocka_run_group_tests_name("own_will", tests, nullptr, nullptr);
}
