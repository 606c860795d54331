// SPDX-License-Identifier: MIT
// Reading trusted certificates: all of the text, or none of it; an absent bundle trusts nobody.
#include "../../src/net/certificates.hpp"

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
    for (const std::string& bad : {std::string(), std::string("hello"), cut, good + cut, good + flipped}) {
        std::string error;
        assert_null(net::trust_certificates(bad, error).get());
        assert_false(error.empty());
    }
}

void test_absent_file(void**) {
    const net::Trust trust = net::trust_certificates_file("/nonexistent/bundle.pem");
    assert_non_null(trust.get());
    assert_int_equal(count(trust), 0);
}

} // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(test_text),
        cmocka_unit_test(test_bad_text),
        cmocka_unit_test(test_absent_file),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
