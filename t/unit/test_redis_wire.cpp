// SPDX-License-Identifier: MIT
// Redis' protocol: commands of any bytes (SC-22), replies in pieces, and what no server sends: none of it may
// cost more than it is long, or be taken for a reply (SC-21).
#include "../../src/net/redis_wire.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "unit.hpp"

namespace {

using namespace oauth;
using net::RedisReader;
using net::RedisReply;
using Kind = RedisReply::Kind;
using Outcome = RedisReader::Outcome;

std::string text_of(const RedisReply& reply) {
    switch (reply.kind) {
    case Kind::nil:
        return "nil";
    case Kind::text:
        return "\"" + reply.text + "\"";
    case Kind::status:
        return "+" + reply.text;
    case Kind::error:
        return "-" + reply.text;
    case Kind::number:
        return std::to_string(reply.number);
    case Kind::list:
        break;
    }
    std::string text = "[";
    for (const RedisReply& each : reply.list) {
        text += (text.size() > 1 ? " " : "") + text_of(each);
    }
    return text + "]";
}

// All replies, and how it ends. `size`: of the pieces.
std::string read(std::string_view bytes, std::size_t size) {
    RedisReader reader;
    std::string text;
    for (std::size_t at = 0; at < bytes.size(); at += size) {
        reader.feed(bytes.substr(at, size));
        RedisReply reply;
        Outcome outcome = Outcome::more;
        while ((outcome = reader.next(reply)) == Outcome::reply) {
            text += text_of(reply) + " ";
        }
        if (outcome == Outcome::broken) {
            return text + "broken";
        }
    }
    return text + "more";
}

void check(std::string_view bytes, std::string_view expected) {
    for (const std::size_t size : {std::size_t{1}, std::size_t{3}, std::size_t{16384}}) {
        assert_text_equal(read(bytes, size), expected);
    }
}

void test_commands(void**) {
    assert_text_equal(net::redis_bytes({"GET", "a"}), "*2\r\n$3\r\nGET\r\n$1\r\na\r\n");
    const std::string odd("%s\r\n*1\r\n\0 \xff", 11);
    assert_text_equal(net::redis_bytes({"SET", odd, ""}),
                      "*3\r\n$3\r\nSET\r\n$11\r\n" + odd + "\r\n$0\r\n\r\n");
    const std::string large(1024 * 1024, 'x');
    assert_text_equal(net::redis_bytes({large}), "*1\r\n$1048576\r\n" + large + "\r\n");
}

void test_replies(void**) {
    check("+OK\r\n", "+OK more");
    check("-ERR no\r\n:-12\r\n", "-ERR no -12 more");
    check("$5\r\na\r\nbc\r\n$0\r\n\r\n$-1\r\n", "\"a\r\nbc\" \"\" nil more");
    check("*3\r\n$1\r\na\r\n:7\r\n*2\r\n+b\r\n$-1\r\n*0\r\n*-1\r\n", "[\"a\" 7 [+b nil]] [] nil more");
    check("*1\r\n-OOM no\r\n", "[-OOM no] more");
    check("", "more");
    check("+", "more");
    check("*2\r\n+a\r\n", "more");
    check("$5\r\nabc", "more");
}

void test_what_no_server_sends(void**) {
    check("HTTP/1.1 400 Bad Request\r\n\r\n", "broken");
    check("\r\n", "broken");
    check("$x\r\n", "broken");
    check(":1x\r\n", "broken");
    check("$-2\r\n", "broken");
    check("*-2\r\n", "broken");
    check("*2147483647\r\n", "broken");
    check("*1025\r\n", "broken");
    check("*4294967297\r\n", "broken");
    check(
        "*2\r\n*1000\r\n" +
            [] {
                std::string nils;
                for (int i = 0; i < 1000; ++i) {
                    nils += "$-1\r\n";
                }
                return nils;
            }() +
            "*1000\r\n",
        "broken"); // all lists together
    check("*1\r\n*1\r\n*1\r\n*1\r\n:1\r\n", "[[[[1]]]] more");
    check("*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n:1\r\n", "broken");
    check("+OK\r\n\x01\r\n", "+OK broken");
    // Types of RESP3, with and without hiredis' support for them.
    for (const char* bytes :
         {"%1\r\n+a\r\n+b\r\n", "~1\r\n+a\r\n", ">1\r\n+a\r\n", "|1\r\n+a\r\n+b\r\n", ",1.5\r\n", "#t\r\n",
          "(12\r\n", "=5\r\ntxt:a\r\n", "*1\r\n,1\r\n", "*1\r\n#f\r\n"}) {
        check(bytes, "broken");
    }
    check("$1073741824\r\n", "more");
    check("$9223372036854775807\r\n+OK\r\n", "more");
}

void test_once_broken_it_stays(void**) {
    RedisReader reader;
    RedisReply reply;
    reader.feed("?\r\n");
    assert_true(reader.next(reply) == Outcome::broken);
    reader.feed("+OK\r\n");
    assert_true(reader.next(reply) == Outcome::broken);
}

// A piece of `piece` again and again: how many bytes until it is over.
std::size_t fed_until_broken(std::string_view first, std::string_view piece) {
    RedisReader reader;
    RedisReply reply;
    reader.feed(first);
    std::size_t fed = first.size();
    while (fed < 4 * RedisReader::max_reply && reader.next(reply) != Outcome::broken) {
        reader.feed(piece);
        fed += piece.size();
    }
    return fed;
}

void test_endless(void**) {
    const std::string much(16 * 1024, 'x');
    for (const char* first : {"$1073741824\r\n", "+", "-", ":", "$", "*", "*2\r\n$1\r\na\r\n$99999999\r\n"}) {
        for (const std::string& piece : {much, std::string("x"), std::string("\n"), std::string("\r")}) {
            const auto begin = std::chrono::steady_clock::now();
            const std::size_t fed = fed_until_broken(first, piece);
            assert_true(fed <= RedisReader::max_reply + much.size() + 40);
            assert_true(std::chrono::steady_clock::now() - begin < std::chrono::seconds(2));
        }
    }
    // A list that never ends, as bytes and not by its count.
    const std::string element = "$8000\r\n" + std::string(8000, 'x') + "\r\n";
    assert_true(fed_until_broken("*1000\r\n", element) <= RedisReader::max_reply + 2 * element.size());
}

// The bound is one reply's, not the connection's.
void test_many_replies(void**) {
    RedisReader reader;
    const std::string bytes = "$100000\r\n" + std::string(100000, 'x') + "\r\n";
    for (int i = 0; i < 20; ++i) {
        RedisReply reply;
        reader.feed(bytes);
        assert_true(reader.next(reply) == Outcome::reply);
        assert_int_equal(reply.text.size(), 100000);
        assert_true(reader.next(reply) == Outcome::more);
    }
}

// Any bytes at all: no crash, and an end.
void test_garbage(void**) {
    unsigned state = 7;
    const std::string_view likely = "+-:$*%~>|,#_=(0123456789\r\n\r\n\r\nab";
    for (int round = 0; round < 3000; ++round) {
        std::string bytes;
        for (int i = 0; i < 60; ++i) {
            state = state * 1664525U + 1013904223U;
            bytes += likely[(state >> 16) % likely.size()];
        }
        bytes += "\r\n\r\n"; // what is no whole line yet is not looked at
        const std::string whole = read(bytes, bytes.size());
        assert_text_equal(read(bytes, 1), whole);
    }
}

} // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(test_commands),
        cmocka_unit_test(test_replies),
        cmocka_unit_test(test_what_no_server_sends),
        cmocka_unit_test(test_once_broken_it_stays),
        cmocka_unit_test(test_endless),
        cmocka_unit_test(test_many_replies),
        cmocka_unit_test(test_garbage),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
