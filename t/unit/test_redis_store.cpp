// SPDX-License-Identifier: MIT
// Sessions in a real Redis: two nodes see the same (CC-05), what is kept there tells nothing (SC-24) and
// cannot be exchanged (SC-21), sign-outs work without memory, and whatever fails is store_unavailable, never
// "no session" (SC-23).
#include <csignal>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "../../src/session/redis_store.hpp"

#include "fakes.hpp"
#include "redis_server.hpp"
#include "unit.hpp"

namespace {

using namespace oauth;
using session::Loaded;
using session::OpenedSessionPointer;
using session::Replaced;
using session::Session;
using unit::RedisServer;

constexpr std::int64_t start = 1'750'000'000;
const std::string base = "https://app.example";
const std::string old_secret = "an old secret that seals sessions";
const std::string new_secret = "another secret that seals sessions";

void assert_absent(std::string_view text, std::string_view part) {
    if (text.find(part) != std::string_view::npos) {
        print_error("\"%.*s\" is there\n", static_cast<int>(part.size()), part.data());
        assert_true(false);
    }
}

struct Choices {
    std::vector<std::string> secrets{old_secret};
    std::int64_t idle = 0;
    std::int64_t reuse = 0;
    std::string prefix = "oauth:";
};

// One worker of one node.
struct Node {
    unit::RedisPlace place;
    unit::FakeClock clock{start};
    core::SystemRandom random;
    unit::FakeLedger ledger;
    session::SessionCache cache{7, 64};
    session::CookieSettings cookie;
    session::RedisStore store;

    explicit Node(const RedisServer& server, const Choices& choices = {})
        : place(with_timeout(server)), store({cookie, clock, random, ledger, cache, *place.client, 8 * 3600,
                                              660, choices.idle, choices.reuse},
                                             *session::RedisKeys::create(choices.prefix, choices.secrets),
                                             *session::Sealer::create(choices.secrets, "session")) {}

    static net::RedisSettings with_timeout(const RedisServer& server) {
        net::RedisSettings settings = server.settings();
        settings.timeout = std::chrono::milliseconds(3000);
        return settings;
    }

    template <class T>
    T await(core::Task<T> task) {
        std::optional<T> result;
        core::Flow<T> flow(std::move(task), [&](std::optional<T> value, const std::exception_ptr&) {
            result = std::move(value);
        });
        flow.start();
        assert_true(place.network.loop.run_until(*place.network.engine, [&] { return result.has_value(); }));
        return std::move(*result);
    }

    // The value of its cookie; empty: not kept.
    std::string create(const Session& session) {
        auto parts = await(store.create(session, base));
        return parts && parts->size() == 1 ? parts->front().second : "";
    }
    OpenedSessionPointer load(const std::string& value, const std::string& base_url = base) {
        auto loaded = await(store.load(value, base_url));
        assert_true(loaded.ok());
        return loaded->session;
    }
    bool is_unavailable(const std::string& value) {
        const auto loaded = await(store.load(value, base));
        return !loaded && loaded.error().code == core::Code::store_unavailable;
    }
    net::RedisReply raw(net::RedisCommand command) {
        auto result = place.ask(std::move(command));
        assert_true(result.ok());
        return result->front();
    }
    std::int64_t ttl(const OpenedSessionPointer& session) { return raw({"TTL", session->place}).number; }
};

Session make_session(std::string subject = "subject-of-merlin", std::string sid = "") {
    static char number = 0;
    Session session;
    session.id = std::string(15, 'i') + ++number;
    session.identity.provider = "google";
    session.identity.subject = std::move(subject);
    session.identity.user = "merlin";
    session.identity.email = "merlin@example.org";
    session.begun_at = start * 1000;
    session.made_at = session.signed_in_at = session.used_at = session.checked_at = start;
    session.expires_at = start + 8 * 3600;
    session.provider_fingerprint = "print";
    session.sid = std::move(sid);
    session.access_token = "access-token-of-merlin";
    session.refresh_token = "refresh-token-of-merlin";
    return session;
}

void test_kept_for_all_nodes(void**) {
    const RedisServer server;
    Node a(server);
    Node b(server);
    const Session session = make_session();
    const std::string value = a.create(session);
    assert_true(!value.empty() && value.size() < 120);
    for (Node* node : {&a, &b}) {
        assert_false(node->store.peek(value, base).has_value()); // it has to be asked for
        const OpenedSessionPointer opened = node->load(value);
        assert_non_null(opened.get());
        assert_text_equal(serialize(opened->session), serialize(session));
        assert_true(opened->store == &node->store);
        assert_text_equal(opened->cookie, value);
        assert_true(opened->place.starts_with("oauth:s:"));
        const std::int64_t ttl = node->ttl(opened);
        assert_true(ttl > 8 * 3600 - 10 && ttl <= 8 * 3600);
    }
}

// Whatever is no cookie of ours is not asked for (SC-22).
void test_other_cookies(void**) {
    const RedisServer server;
    Node node(server);
    const std::string value = node.create(make_session());
    const std::string odd("\r\nDEL %s %n \0", 13);
    for (const std::string& other :
         {std::string(), odd, std::string(1024 * 1024, 'x'), value + "A", value.substr(1)}) {
        const auto peeked = node.store.peek(other, base);
        assert_true(peeked.has_value() && *peeked == nullptr);
        assert_null(node.load(other).get());
    }
    assert_true(*node.store.peek(value, "https://other.example") == nullptr);
    Choices other_key;
    other_key.secrets = {new_secret};
    Node stranger(server, other_key);
    assert_true(*stranger.store.peek(value, base) == nullptr);
}

void test_nothing_is_told(void**) {
    const RedisServer server;
    Node node(server);
    for (int i = 0; i < 3; ++i) {
        node.create(make_session("subject-of-merlin", "sid-of-the-provider"));
    }
    assert_true(node.await(node.store.use_once("jti-of-a-token", start + 60)).ok());
    assert_true(node.await(node.store.erase_all({"print", "subject-of-morgan", ""})).ok());
    std::string all;
    for (const net::RedisReply& key : node.raw({"KEYS", "*"}).list) {
        assert_true(key.text.starts_with("oauth:"));
        all += key.text + " ";
        const std::string type = node.raw({"TYPE", key.text}).text;
        assert_true(node.raw({"TTL", key.text}).number > 0); // nothing stays for ever
        if (type == "string") {
            all += node.raw({"GET", key.text}).text;
        } else {
            assert_text_equal(type, "zset");
            for (const net::RedisReply& member :
                 node.raw({"ZRANGE", key.text, "0", "-1", "WITHSCORES"}).list) {
                all += member.text + " ";
            }
        }
    }
    for (const char* part :
         {"merlin", "morgan", "example", "token", "jti-of", "sid-of", "google", "print", "iiii"}) {
        assert_absent(all, part);
    }
}

void test_sign_out(void**) {
    const RedisServer server;
    Node a(server);
    Node b(server);
    const std::string ended = a.create(make_session());
    const std::string lives = a.create(make_session());
    const OpenedSessionPointer opened = a.load(ended);
    assert_non_null(b.load(ended).get());
    assert_true(a.await(a.store.erase(opened)).ok());
    assert_null(a.load(ended).get());
    assert_null(b.load(ended).get());
    assert_true(a.ledger.revoked.contains(opened->session.id)); // for the other workers of the node
    assert_non_null(b.load(lives).get());                       // SC-25
    assert_true(a.await(a.store.erase(opened)).ok());           // again does no harm
    // The list of the user's sessions has the other one only.
    const auto keys = a.raw({"KEYS", "oauth:u:*"});
    assert_int_equal(keys.list.size(), 1);
    assert_int_equal(a.raw({"ZCARD", keys.list[0].text}).number, 1);
}

void test_all_of_a_user(void**) {
    const RedisServer server;
    Node a(server);
    Node b(server);
    std::vector<std::string> his;
    for (int i = 0; i < 5; ++i) {
        his.push_back(a.create(make_session("merlin", i < 2 ? "one" : "two")));
    }
    const std::string hers = a.create(make_session("morgan", "three"));
    Session elsewhere = make_session("merlin");
    elsewhere.provider_fingerprint = "another provider";
    const std::string other = a.create(elsewhere);
    assert_true(b.await(b.store.erase_all({"print", "merlin", "one"})).ok());
    assert_null(a.load(his[0]).get());
    assert_null(a.load(his[1]).get());
    assert_non_null(a.load(his[2]).get());
    assert_true(b.await(b.store.erase_all({"print", "merlin", ""})).ok());
    for (const std::string& value : his) {
        assert_null(a.load(value).get());
    }
    assert_non_null(a.load(hers).get());
    assert_non_null(a.load(other).get());
}

// More than a script's UNLINK takes at once, and none of them outlives the list.
void test_many_of_a_user(void**) {
    const RedisServer server;
    Node node(server);
    std::string last;
    for (int i = 0; i < 2100; ++i) {
        Session session = make_session("merlin");
        session.expires_at = start + (i == 0 ? 8 * 3600 : 60);
        const std::string value = node.create(session);
        last = i == 0 ? value : last;
    }
    const auto keys = node.raw({"KEYS", "oauth:u:*"});
    assert_true(node.raw({"TTL", keys.list[0].text}).number >
                8 * 3600 - 60); // of the longest, not of the last
    assert_true(node.await(node.store.erase_all({"print", "merlin", ""})).ok());
    assert_null(node.load(last).get());
    assert_int_equal(node.raw({"KEYS", "oauth:s:*"}).list.size(), 0);
}

// The zone of this node has no room: Redis ends them all the same.
void test_all_of_a_user_with_a_full_ledger(void**) {
    const RedisServer server;
    Node node(server);
    const std::string his = node.create(make_session("merlin"));
    node.ledger.full = true;
    assert_true(node.await(node.store.erase_all({"print", "merlin", ""})).ok());
    assert_null(node.load(his).get());
}

// Stores are one where they end the same: by the same names in the same Redis.
void test_reach(void**) {
    const RedisServer server;
    Node node(server);
    const auto reach_of = [&node](const std::string& prefix, const std::vector<std::string>& secrets) {
        const session::RedisStore::Parts parts{
            node.cookie,        node.clock, node.random, node.ledger, node.cache,
            *node.place.client, 3600,       660,         0,           0};
        return session::RedisStore(parts, *session::RedisKeys::create(prefix, secrets),
                                   *session::Sealer::create(secrets, "session"))
            .reach();
    };
    assert_text_equal(node.store.reach(), reach_of("oauth:", {old_secret}));
    assert_true(node.store.reach() != reach_of("b:", {old_secret}));
    assert_true(node.store.reach() != reach_of("oauth:", {new_secret}));
    Node another(server); // another client: it may be another Redis
    assert_true(node.store.reach() != another.store.reach());
}

// All cookies of a request by one ask, in their order.
void test_several_at_once(void**) {
    const RedisServer server;
    Node node(server);
    const std::string first = node.create(make_session("merlin"));
    const std::string dead = node.create(make_session("merlin"));
    const std::string second = node.create(make_session("morgan"));
    assert_true(node.await(node.store.erase(node.load(dead))).ok());
    std::vector<std::string> cookies(60, dead);
    cookies.insert(cookies.end(), {first, "foreign", second});
    const auto loaded = node.await(node.store.load_all(cookies, base));
    assert_true(loaded.ok());
    assert_int_equal(loaded->size(), cookies.size());
    for (std::size_t i = 0; i < cookies.size(); ++i) {
        const OpenedSessionPointer& session = loaded.value()[i].session;
        assert_true((session != nullptr) == (cookies[i] == first || cookies[i] == second));
        assert_true(session == nullptr || session->cookie == cookies[i]);
    }
    assert_int_equal(node.await(node.store.load_all({"foreign", ""}, base)).value().size(), 2);
    assert_int_equal(node.await(node.store.load_all({}, base)).value().size(), 0);
}

// A logout token that comes between callback and session (LO-22).
void test_sign_in_under_way(void**) {
    const RedisServer server;
    Node a(server);
    Node b(server);
    a.clock.set(start + 5);
    assert_true(a.await(a.store.erase_all({"print", "merlin", ""})).ok());
    assert_true(a.await(a.store.erase_all({"print", "", "his-sid"})).ok());
    assert_null(b.load(b.create(make_session("merlin"))).get());
    assert_null(b.load(b.create(make_session("somebody", "his-sid"))).get());
    assert_non_null(b.load(b.create(make_session("somebody", "another"))).get());
    Session later = make_session("merlin", "his-sid");
    later.begun_at = (start + 5) * 1000 + 1;
    assert_non_null(b.load(b.create(later)).get());
    // An earlier end does not take back a later one.
    a.clock.set(start + 3);
    assert_true(a.await(a.store.erase_all({"print", "merlin", ""})).ok());
    Session between = make_session("merlin");
    between.begun_at = (start + 4) * 1000;
    assert_null(b.load(b.create(between)).get());
}

void test_replace(void**) {
    const RedisServer server;
    Choices choices;
    choices.idle = 600;
    Node a(server, choices);
    Node b(server, choices);
    const std::string value = a.create(make_session());
    const OpenedSessionPointer first = a.load(value);
    const OpenedSessionPointer same = b.load(value);
    assert_true(a.ttl(first) <= 600);
    Session next = first->session;
    next.epoch = 1;
    next.access_token = "the next one";
    const auto saved = a.await(a.store.replace(first, next));
    assert_true(saved.ok() && saved->outcome == Replaced::Outcome::saved);
    assert_text_equal(saved->now.session->session.access_token, "the next one");
    assert_true(saved->now.cookies.empty() && saved->handover.empty());
    assert_true(a.ttl(first) > 0 && a.ttl(first) <= 600);
    assert_text_equal(b.load(value)->session.access_token, "the next one");
    // Too late: the other node's is not overwritten.
    Session late = same->session;
    late.epoch = 1;
    late.access_token = "too late";
    late.refresh_token = "of another answer";
    const auto newer = b.await(b.store.replace(same, late));
    assert_true(newer.ok() && newer->outcome == Replaced::Outcome::newer);
    assert_text_equal(newer->now.session->session.access_token, "the next one");
    const auto taken = b.await(b.store.take_over(same, ""));
    assert_text_equal(taken->session->session.access_token, "the next one");
    // RF-11: what was signed out meanwhile does not come back.
    assert_true(b.await(b.store.erase(b.load(value))).ok());
    next.epoch = 2;
    const auto gone = a.await(a.store.replace(saved->now.session, next));
    assert_true(gone.ok() && gone->outcome == Replaced::Outcome::gone);
    assert_null(a.load(value).get());
}

void test_idle(void**) {
    const RedisServer server;
    Choices choices;
    choices.idle = 600;
    Node node(server, choices);
    const std::string value = node.create(make_session());
    OpenedSessionPointer opened = node.load(value);
    const std::string place = opened->place;
    assert_true(node.raw({"EXPIRE", place, "100"}).is_number(1)); // 500 seconds later
    node.clock.set(start + 500);
    opened = node.load(value);
    assert_true(opened->session.used_at >= start - 1 && opened->session.used_at <= start + 1);
    assert_true(node.await(node.store.touch(opened)).ok());
    assert_int_equal(opened->session.used_at, start + 500);
    assert_true(node.ttl(opened) > 590);
    // Near its end the absolute one counts, and it is not written again and again.
    node.clock.set(start + 8 * 3600 - 50);
    assert_true(node.await(node.store.touch(opened)).ok());
    assert_true(node.ttl(opened) <= 50);
    opened = node.load(value);
    assert_int_equal(opened->session.used_at, start + 8 * 3600 - 50);
}

// Sessions that were kept under another idle time.
void test_changed_idle(void**) {
    const RedisServer server;
    Node without(server);
    Choices choices;
    choices.idle = 600;
    Node with(server, choices);
    const std::string value = without.create(make_session());
    OpenedSessionPointer opened = with.load(value);
    assert_int_equal(opened->session.used_at, start - 60); // due at once
    assert_true(with.await(with.store.touch(opened)).ok());
    assert_true(with.ttl(opened) <= 600);
    opened = without.load(value); // lives as long as it may
    assert_true(without.ttl(opened) > 8 * 3600 - 10);
    choices.idle = 3600;
    Node longer(server, choices);
    opened = longer.load(value);
    assert_true(longer.await(longer.store.touch(opened)).ok());
    opened = with.load(value);
    assert_int_equal(opened->session.used_at, start - 60); // to be shortened
}

void test_reuse(void**) {
    RedisServer server;
    Choices choices;
    choices.reuse = 1000;
    Node node(server, choices);
    const std::string value = node.create(make_session());
    const OpenedSessionPointer opened = node.load(value);
    opened->accepted = true;
    assert_true(node.store.peek(value, base).value() == opened);
    node.clock.advance(1);
    assert_false(node.store.peek(value, base).has_value());
    assert_true(node.load(value) == opened); // what is known of it stays
    assert_true(opened->accepted);
    assert_true(node.store.peek(value, base).value() == opened);
    node.clock.put(-86400); // SC-16: no longer by that
    node.clock.advance(1);
    assert_false(node.store.peek(value, base).has_value());
    server.stop();
    assert_true(node.is_unavailable(value)); // and not "none", although it is known
}

void test_tampered(void**) {
    const RedisServer server;
    Node node(server);
    const std::string value = node.create(make_session());
    const std::string other = node.create(make_session());
    const std::string place = node.load(value)->place;
    const std::string good = node.raw({"GET", place}).text;
    const std::string foreign = node.raw({"GET", node.load(other)->place}).text;
    const auto put = [&](const std::string& text) { node.raw({"SET", place, text}); };
    for (std::size_t i = 0; i < good.size(); i += 7) {
        std::string flipped = good;
        flipped[i] = static_cast<char>(flipped[i] ^ 1);
        put(flipped);
        assert_null(node.load(value).get());
    }
    for (const std::string& bad : {foreign, good + "x", good.substr(0, good.size() / 2), good.substr(0, 8),
                                   std::string(1, 'x'), std::string(), std::string(70000, '\0')}) {
        put(bad);
        assert_null(node.load(value).get());
    }
    // However much it is, the connection and the others' sessions are as before.
    put(std::string(20 * 1024 * 1024, 'x'));
    assert_null(node.load(value).get());
    assert_non_null(node.load(other).get());
    put(good);
    assert_non_null(node.load(value).get());
    node.raw({"DEL", place});
    node.raw({"HSET", place, "a", "b"});
    assert_true(node.is_unavailable(value));
    assert_non_null(node.load(other).get());
}

void test_full(void**) {
    const RedisServer server;
    Node node(server);
    const std::string one = node.create(make_session("merlin"));
    const std::string two = node.create(make_session("merlin"));
    const std::string three = node.create(make_session("morgan"));
    const OpenedSessionPointer opened = node.load(one);
    const OpenedSessionPointer refreshed = node.load(three);
    node.raw({"CONFIG", "SET", "maxmemory", "1"});
    const auto refused = node.await(node.store.create(make_session(), base));
    assert_true(!refused && refused.error().code == core::Code::store_unavailable);
    assert_int_equal(node.raw({"KEYS", "oauth:s:*"}).list.size(), 3); // no half of one
    assert_non_null(node.load(two).get());
    assert_true(node.await(node.store.touch(opened)).ok());
    assert_true(node.await(node.store.erase(opened)).ok());
    assert_null(node.load(one).get());
    assert_true(node.await(node.store.use_once("jti", start + 60)).value());
    assert_false(node.await(node.store.use_once("jti", start + 60)).value());
    assert_true(node.await(node.store.erase_all({"print", "merlin", ""})).ok());
    assert_null(node.load(two).get());
    Session next = refreshed->session;
    next.epoch = 1;
    const auto saved = node.await(node.store.replace(refreshed, next));
    assert_true(saved.ok() && saved->outcome == Replaced::Outcome::saved);
    const std::string token = node.await(node.store.lock(refreshed, 60'000)).value(); // so checks go on
    assert_false(token.empty());
    assert_true(node.await(node.store.lock(refreshed, 60'000)).value().empty());
    assert_true(node.await(node.store.keep_lock(refreshed, token, 60'000)).value());
    node.await(node.store.unlock(refreshed, token));
    assert_false(node.await(node.store.lock(refreshed, 60'000)).value().empty());
}

void test_unavailable(void**) {
    RedisServer server;
    Node node(server);
    const std::string value = node.create(make_session());
    const OpenedSessionPointer opened = node.load(value);
    server.stop();
    const auto is_unavailable = [](const core::Error& error) {
        return error.code == core::Code::store_unavailable;
    };
    assert_true(node.is_unavailable(value));
    assert_true(is_unavailable(node.await(node.store.create(make_session(), base)).error()));
    assert_true(is_unavailable(node.await(node.store.erase(opened)).error()));
    assert_true(is_unavailable(node.await(node.store.erase_all({"print", "merlin", ""})).error()));
    assert_true(is_unavailable(node.await(node.store.use_once("jti", start + 60)).error()));
    assert_true(is_unavailable(node.await(node.store.lock(opened, 1000)).error()));
    assert_true(is_unavailable(node.await(node.store.which_live({opened})).error()));
    Session next = opened->session;
    next.epoch = 1;
    assert_true(is_unavailable(node.await(node.store.replace(opened, next)).error()));
    assert_true(node.ledger.revoked.empty()); // what Redis has not noted is not ended here alone
}

// An exchange of keys, step by step: sessions, lists and ends of either key are found.
void test_keys(void**) {
    const RedisServer server;
    Node before(server);
    Choices choices;
    choices.secrets = {new_secret, old_secret};
    Node after(server, choices);
    const std::string first = before.create(make_session("merlin"));
    const std::string second = after.create(make_session("merlin"));
    assert_non_null(after.load(first).get());
    assert_true(*before.store.peek(second, base) == nullptr);
    assert_true(after.await(after.store.erase_all({"print", "merlin", ""})).ok());
    assert_null(before.load(first).get());
    assert_null(after.load(second).get());
    assert_null(before.load(before.create(make_session("merlin"))).get());
    Session later = make_session("morgan");
    const std::string third = before.create(later);
    assert_true(after.await(after.store.erase(after.load(third))).ok());
    assert_int_equal(after.raw({"KEYS", "oauth:u:*"}).list.size(), 0);
}

void test_prefixes(void**) {
    const RedisServer server;
    Node a(server);
    Choices choices;
    choices.prefix = "shop:";
    Node b(server, choices);
    const std::string value = a.create(make_session("merlin"));
    assert_null(b.load(value).get());
    assert_true(b.await(b.store.erase_all({"print", "merlin", ""})).ok());
    assert_non_null(a.load(value).get());
}

void test_lock(void**) {
    const RedisServer server;
    Node a(server);
    Node b(server);
    const std::string value = a.create(make_session());
    const OpenedSessionPointer ours = a.load(value);
    const OpenedSessionPointer theirs = b.load(value);
    const std::string token = a.await(a.store.lock(ours, 60'000)).value();
    assert_false(token.empty());
    assert_true(b.await(b.store.lock(theirs, 60'000)).value().empty());
    assert_true(a.await(a.store.keep_lock(ours, token, 60'000)).value());
    assert_false(b.await(b.store.keep_lock(theirs, "another", 60'000)).value());
    b.await(b.store.unlock(theirs, "another"));
    assert_true(b.await(b.store.lock(theirs, 60'000)).value().empty());
    a.await(a.store.unlock(ours, token));
    assert_true(a.load(value) != nullptr); // and so it has been done
    const std::string next = b.await(b.store.lock(theirs, 30)).value();
    assert_false(next.empty());
    b.place.run_for(std::chrono::milliseconds(60));
    assert_false(b.await(b.store.keep_lock(theirs, next, 60'000)).value()); // lost
    assert_false(a.await(a.store.lock(ours, 60'000)).value().empty());
}

void test_use_once(void**) {
    const RedisServer server;
    Node a(server);
    Node b(server);
    assert_true(a.await(a.store.use_once("one", start + 60)).value());
    assert_false(b.await(b.store.use_once("one", start + 60)).value());
    assert_true(b.await(b.store.use_once("two", start + 60)).value());
    assert_true(b.await(b.store.is_used("one")).value());
    assert_false(b.await(b.store.is_used("three")).value());
}

void test_which_live(void**) {
    const RedisServer server;
    Node node(server);
    std::vector<OpenedSessionPointer> sessions;
    for (int i = 0; i < 600; ++i) {
        sessions.push_back(node.load(node.create(make_session())));
    }
    sessions.push_back(sessions.front());
    assert_true(node.await(node.store.which_live(sessions)).value() == std::vector<bool>(601, true));
    for (const std::size_t ended : {0U, 300U}) {
        assert_true(node.await(node.store.erase(sessions[ended])).ok());
    }
    std::vector<bool> expected(601, true);
    expected[0] = expected[300] = expected[600] = false;
    assert_true(node.await(node.store.which_live(sessions)).value() == expected);
    assert_true(node.await(node.store.which_live({})).value().empty());
}

void test_large_sessions(void**) {
    const RedisServer server;
    Node node(server);
    Session large = make_session();
    large.access_token = std::string(60 * 1024, 't');
    const std::string value = node.create(large);
    assert_int_equal(node.load(value)->session.access_token.size(), large.access_token.size());
    large.access_token = std::string(66 * 1024, 't');
    assert_true(node.await(node.store.create(large, base)).error().code == core::Code::session_too_large);
}

} // namespace

int main() {
    std::signal(SIGPIPE, SIG_IGN);
    const CMUnitTest tests[] = {
        cmocka_unit_test(test_kept_for_all_nodes),
        cmocka_unit_test(test_other_cookies),
        cmocka_unit_test(test_nothing_is_told),
        cmocka_unit_test(test_sign_out),
        cmocka_unit_test(test_all_of_a_user),
        cmocka_unit_test(test_many_of_a_user),
        cmocka_unit_test(test_sign_in_under_way),
        cmocka_unit_test(test_replace),
        cmocka_unit_test(test_idle),
        cmocka_unit_test(test_changed_idle),
        cmocka_unit_test(test_reuse),
        cmocka_unit_test(test_tampered),
        cmocka_unit_test(test_full),
        cmocka_unit_test(test_unavailable),
        cmocka_unit_test(test_keys),
        cmocka_unit_test(test_prefixes),
        cmocka_unit_test(test_lock),
        cmocka_unit_test(test_use_once),
        cmocka_unit_test(test_all_of_a_user_with_a_full_ledger),
        cmocka_unit_test(test_reach),
        cmocka_unit_test(test_several_at_once),
        cmocka_unit_test(test_which_live),
        cmocka_unit_test(test_large_sessions),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
