// SPDX-License-Identifier: MIT
// Sessions as records: what goes in comes out, absent stays absent, and nothing that is not a record is one.

#include "../../src/session/session.hpp"
#include "../../src/core/record.hpp"

#include <random>

#include "unit.hpp"

using namespace oauth;
using session::Identity;
using session::Session;
using session::Strings;

namespace {

Session full_session() {
    Session session;
    session.id = std::string("\0\1\2\3\4\5\6\7\x8\x9\xa\xb\xc\xd\xe\xff", 16);
    session.epoch = 7;
    session.begun_at = 1699999990123;
    session.made_at = 1700000001;
    session.used_at = 1700000011;
    session.checked_at = 1700000021;
    session.signed_in_at = 1700000000;
    session.expires_at = 1700028800;
    session.provider_fingerprint = std::string("\0fingerp", 8);
    session.made_for = "12345678";
    session.groups_are_cut = true;
    session.id_token = "a.b.c";
    session.access_token = std::string("to\0ken", 6);
    session.sid = "provider's session";
    session.access_expires_at = 1700003600;
    session.refresh_token = "refresh";
    session.nonce = "nonce";
    session.scope = "openid";
    Identity& identity = session.identity;
    identity.provider = "corp";
    identity.subject = "248289761001";
    identity.user = "alice";
    identity.email = "alice@example.org";
    identity.email_verified = true;
    identity.name = "Alice \xc3\x84";
    identity.picture = "https://example.org/a.png";
    identity.hd = "example.org";
    identity.tenants = Strings{"t-1"};
    identity.acr = "urn:mfa";
    identity.amr = Strings{"pwd", "otp"};
    identity.scopes = Strings{"openid"};
    identity.groups = Strings{"admins", "", "staff"};
    identity.roles = Strings{"owner"};
    identity.orgs = Strings{"acme"};
    identity.teams = Strings{"acme/platform"};
    identity.claims = {{"department", "\"rnd\""}, {"/a~1b", "[1,2]"}};
    return session;
}

// All that stands before the facts of a user.
core::RecordWriter begun_record() {
    core::RecordWriter record;
    record.number(4);
    record.text("id");
    for (int times = 0; times < 7; ++times) { // the epoch and six moments
        record.number(1);
    }
    record.text("provider as configured");
    record.text("made for");
    return record;
}

void assert_same_list(const std::optional<Strings>& a, const std::optional<Strings>& b) {
    assert_int_equal(a.has_value(), b.has_value());
    assert_true(a == b);
}

void assert_same(const Session& a, const Session& b) {
    assert_text_equal(a.id, b.id);
    assert_int_equal(a.epoch, b.epoch);
    assert_int_equal(a.begun_at, b.begun_at);
    assert_int_equal(a.made_at, b.made_at);
    assert_int_equal(a.used_at, b.used_at);
    assert_int_equal(a.checked_at, b.checked_at);
    assert_text_equal(a.sid, b.sid);
    assert_int_equal(a.access_expires_at, b.access_expires_at);
    assert_text_equal(a.refresh_token, b.refresh_token);
    assert_text_equal(a.nonce, b.nonce);
    assert_true(a.scope == b.scope);
    assert_int_equal(a.signed_in_at, b.signed_in_at);
    assert_int_equal(a.expires_at, b.expires_at);
    assert_text_equal(a.provider_fingerprint, b.provider_fingerprint);
    assert_text_equal(a.made_for, b.made_for);
    assert_int_equal(a.groups_are_cut, b.groups_are_cut);
    assert_text_equal(a.id_token, b.id_token);
    assert_text_equal(a.access_token, b.access_token);
    assert_text_equal(a.identity.provider, b.identity.provider);
    assert_text_equal(a.identity.subject, b.identity.subject);
    assert_text_equal(a.identity.user, b.identity.user);
    assert_int_equal(a.identity.email_verified, b.identity.email_verified);
    for (const auto member :
         {&Identity::email, &Identity::name, &Identity::picture, &Identity::hd, &Identity::acr}) {
        assert_int_equal((a.identity.*member).has_value(), (b.identity.*member).has_value());
        assert_text_equal((a.identity.*member).value_or(""), (b.identity.*member).value_or(""));
    }
    for (const auto member : {&Identity::amr, &Identity::scopes, &Identity::groups, &Identity::roles,
                              &Identity::orgs, &Identity::teams, &Identity::tenants}) {
        assert_same_list(a.identity.*member, b.identity.*member);
    }
    assert_true(a.identity.claims == b.identity.claims);
}

void everything_comes_back(void**) {
    const Session session = full_session();
    const auto read = session::deserialize(session::serialize(session));
    assert_true(read.has_value());
    assert_same(*read, session);
}

void absent_is_not_empty(void**) {
    Session session;
    session.identity.groups = Strings{};
    session.identity.name = "";
    const auto read = session::deserialize(session::serialize(session));
    assert_true(read.has_value());
    assert_true(read->identity.groups.has_value());
    assert_true(read->identity.groups->empty());
    assert_true(read->identity.name.has_value());
    assert_false(read->identity.roles.has_value());
    assert_false(read->identity.email.has_value());
    assert_false(read->identity.email_verified);
}

// Each optional fact by itself, so that none can take another's place.
void each_fact_has_its_own_place(void**) {
    for (const auto member :
         {&Identity::email, &Identity::name, &Identity::picture, &Identity::hd, &Identity::acr}) {
        Session session;
        session.identity.*member = "value";
        const auto read = session::deserialize(session::serialize(session));
        assert_true(read.has_value());
        assert_same(*read, session);
    }
    for (const auto member : {&Identity::amr, &Identity::scopes, &Identity::groups, &Identity::roles,
                              &Identity::orgs, &Identity::teams, &Identity::tenants}) {
        Session session;
        session.identity.*member = Strings{"one", "two"};
        const auto read = session::deserialize(session::serialize(session));
        assert_true(read.has_value());
        assert_same(*read, session);
    }
}

void absent_facts_cost_next_to_nothing(void**) {
    Session session;
    session.id = std::string(16, 'i');
    session.identity.provider = "github";
    session.identity.subject = "1";
    session.signed_in_at = 1700000000;
    session.expires_at = 1700028800;
    assert_in_range(session::serialize(session).size(), 1, 48);
}

void every_shorter_record_is_refused(void**) {
    const std::string record = session::serialize(full_session());
    for (std::size_t size = 0; size < record.size(); ++size) {
        assert_false(session::deserialize(std::string_view(record).substr(0, size)).has_value());
    }
    assert_false(session::deserialize(record + '\0').has_value());
}

void another_version_is_refused(void**) {
    std::string record = session::serialize(full_session());
    for (int version = 0; version < 256; ++version) {
        record[0] = static_cast<char>(version);
        assert_int_equal(session::deserialize(record).has_value(), version == 4);
    }
}

void what_is_not_known_is_refused(void**) {
    const auto read = [](std::uint64_t facts, std::uint64_t kept) {
        core::RecordWriter record = begun_record();
        record.number(facts);
        for (const char* text : {"provider", "subject", "user"}) {
            record.text(text);
        }
        record.number(0); // claims
        record.number(kept);
        return session::deserialize(std::move(record).finish()).has_value();
    };
    assert_true(read(0, 0));
    assert_false(read(std::uint64_t{1} << 13, 0));
    assert_true(read(0, 1 << 7));
    assert_false(read(0, 1 << 8));
}

// A count of 2^60 with nothing behind it must cost neither memory nor time.
void a_count_alone_reserves_nothing(void**) {
    core::RecordWriter record = begun_record();
    record.number(1 << 6); // amr
    for (const char* text : {"provider", "subject", "user"}) {
        record.text(text);
    }
    record.number(std::uint64_t{1} << 60);
    assert_false(session::deserialize(std::move(record).finish()).has_value());
}

void size_has_a_bound(void**) {
    Session session;
    session.access_token = std::string(65000, 't');
    const std::string record = session::serialize(session);
    assert_true(session::deserialize(record).has_value());
    session.access_token = std::string(65536, 't');
    assert_true(session::serialize(session).empty());

    core::RecordWriter long_record = begun_record();
    long_record.number(0);
    for (int i = 0; i < 3; ++i) {
        long_record.text("");
    }
    long_record.number(0);
    long_record.number(1); // sid
    long_record.text(std::string(65536, 't'));
    assert_false(session::deserialize(std::move(long_record).finish()).has_value());
}

// Total: any bytes give a session or nothing, and a session that is read can be written and read again.
void any_bytes_are_a_session_or_nothing(void**) {
    std::mt19937 random(20240611);
    const std::string record = session::serialize(full_session());
    for (int i = 0; i < 100000; ++i) {
        std::string bytes = record;
        for (unsigned flips = random() % 4 + 1; flips > 0; --flips) {
            bytes[random() % bytes.size()] = static_cast<char>(random());
        }
        if (const auto read = session::deserialize(bytes);
            read && read->made_at >= 0 && read->signed_in_at >= 0 && read->expires_at >= 0) {
            const auto again = session::deserialize(session::serialize(*read));
            assert_true(again.has_value());
            assert_same(*again, *read);
        }
    }
}

void claims_are_found_by_their_exact_path(void**) {
    const Session session = full_session();
    assert_non_null(session.identity.find_claim("department"));
    assert_text_equal(*session.identity.find_claim("department"), "\"rnd\"");
    assert_text_equal(*session.identity.find_claim("/a~1b"), "[1,2]");
    assert_null(session.identity.find_claim("Department"));
    assert_null(session.identity.find_claim(""));
}

} // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(everything_comes_back),
        cmocka_unit_test(absent_is_not_empty),
        cmocka_unit_test(each_fact_has_its_own_place),
        cmocka_unit_test(absent_facts_cost_next_to_nothing),
        cmocka_unit_test(every_shorter_record_is_refused),
        cmocka_unit_test(another_version_is_refused),
        cmocka_unit_test(what_is_not_known_is_refused),
        cmocka_unit_test(a_count_alone_reserves_nothing),
        cmocka_unit_test(size_has_a_bound),
        cmocka_unit_test(any_bytes_are_a_session_or_nothing),
        cmocka_unit_test(claims_are_found_by_their_exact_path),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
