// SPDX-License-Identifier: MIT
// Reading trusted certificates: all of the text, or none of it. Of the system's bundle what can be read; an
// absent one trusts nobody, and one that cannot be read is an error.
#include "../../src/net/certificates.hpp"

#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <stdexcept>
#include <string>

#include "certificate_maker.hpp"
#include "unit.hpp"

namespace {

using namespace oauth;

int count(const net::Trust& trust) {
    return sk_X509_OBJECT_num(X509_STORE_get0_objects(trust.get()));
}

void test_text(void**) {
    const std::string first = unit::make_identity({.is_authority = true}).pem();
    const std::string second = unit::make_identity({.is_authority = true}).pem();
    std::string error;
    const net::Trust trust =
        net::trust_certificates("# a comment\n" + first + "\nmore\n" + second + "end", error);
    assert_non_null(trust.get());
    assert_int_equal(count(trust), 2);
}

void test_bad_text(void**) {
    const std::string good = unit::make_identity({.is_authority = true}).pem();
    const std::string cut = good.substr(0, good.size() / 2);
    std::string flipped = good;
    flipped.replace(100, 4, "!!!!");
    const std::string empty = "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n";
    for (const std::string& bad :
         {std::string(), std::string("hello"), cut, good + cut, good + flipped, empty, good + empty}) {
        std::string error;
        assert_null(net::trust_certificates(bad, error).get());
        assert_false(error.empty());
    }
}

void test_absent_file(void**) {
    const net::Trust trust = net::trust_certificates_file("/nonexistent/bundle.pem");
    assert_non_null(trust.get());
    assert_int_equal(count(trust), 0);
    assert_int_equal(count(net::trust_certificates_file("/dev/null/bundle.pem")), 0);
}

class Bundle {
public:
    explicit Bundle(const std::string& text) {
        assert_true(close(mkstemp(path_)) == 0);
        std::ofstream(path_) << text;
    }
    ~Bundle() { std::remove(path_); }
    const char* path() const { return path_; }

private:
    char path_[32] = "/tmp/oauth-bundle-XXXXXX";
};

void test_broken_block_in_file(void**) {
    const std::string first = unit::make_identity({.is_authority = true}).pem();
    const std::string second = unit::make_identity({.is_authority = true}).pem();
    std::string flipped = first;
    flipped.replace(100, 4, "!!!!");
    std::string other = first;
    other.replace(first.find('\n') + 1, 8, "AAAAAAAA"); // base64 of what is no certificate
    const std::string empty = "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n";
    for (const std::string& broken : {flipped, other, empty, first.substr(0, first.size() / 2)}) {
        for (const std::string& text :
             {broken + first + second, first + broken + "\n" + second, "# all\n" + first + second + broken}) {
            const Bundle bundle(text);
            assert_int_equal(count(net::trust_certificates_file(bundle.path())), 2);
        }
    }
}

void assert_unreadable(const char* path, const char* reason) {
    try {
        net::trust_certificates_file(path);
        fail_msg("%s is trusted", path);
    } catch (const std::runtime_error& error) {
        assert_non_null(std::strstr(error.what(), path));
        assert_non_null(std::strstr(error.what(), reason));
    }
}

void test_unreadable_file(void**) {
    assert_unreadable("/", "cannot be read: Is a directory");
    const std::string loop = "/tmp/oauth-loop-" + std::to_string(getpid());
    assert_int_equal(symlink(loop.c_str(), loop.c_str()), 0); // who is root opens everything else
    assert_unreadable(loop.c_str(), "cannot be opened: ");
    unlink(loop.c_str());
    const Bundle nothing("");
    assert_unreadable(nothing.path(), "hold no certificate");
    const Bundle half(unit::make_identity({.is_authority = true}).pem().substr(0, 200));
    assert_unreadable(half.path(), "hold no certificate");
}

} // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(test_text),
        cmocka_unit_test(test_bad_text),
        cmocka_unit_test(test_absent_file),
        cmocka_unit_test(test_broken_block_in_file),
        cmocka_unit_test(test_unreadable_file),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
