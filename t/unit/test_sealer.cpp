// SPDX-License-Identifier: MIT
// What a browser keeps for us cannot be changed, forged, moved to another use, or read under a key that is
// gone: SC-01, SC-02, SC-03, SC-04, SC-06, SC-17, SC-20, SC-27.
#include "../../src/core/bytes.hpp"
#include "../../src/session/sealer.hpp"

#include <algorithm>
#include <cstring>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "fakes.hpp"

using namespace oauth;
using session::binding;
using session::Sealer;

namespace {

const std::string secret_one = "the first secret of thirty-two bytes";
const std::string secret_two = "the second secret of thirty-two bytes";
const std::string purpose = "session cookie";
const std::string bound = binding("oauth", "https://app.example");
const std::string plaintext = "who is signed in";

Sealer make(const std::vector<std::string>& secrets, const std::string& use = purpose) {
    auto sealer = Sealer::create(secrets, use);
    assert_true(sealer.has_value());
    return std::move(*sealer);
}

std::string seal(Sealer& sealer, core::Random& random, const std::string& text = plaintext) {
    auto sealed = sealer.seal(random, bound, text);
    assert_true(sealed.has_value());
    return *sealed;
}

void opens_what_it_sealed(void**) {
    unit::FakeRandom random;
    Sealer sealer = make({secret_one});
    for (const std::string& text :
         {std::string(), plaintext, std::string(5000, 'x'), std::string("\0;,\"\n", 5)}) {
        const std::string sealed = seal(sealer, random, text);
        assert_text_equal(sealer.open(bound, sealed).value_or("refused"), text);
        const auto bytes = core::base64url_decode(sealed);
        assert_true(bytes.has_value());
        assert_int_equal(bytes->size(), 2 + 12 + text.size() + 16); // SC-02: the whole tag, always
    }
}

void sc_01_every_flipped_bit_is_refused(void**) {
    unit::FakeRandom random;
    Sealer sealer = make({secret_one, secret_two});
    const std::string bytes = *core::base64url_decode(seal(sealer, random));
    for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
        std::string flipped = bytes;
        flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << bit % 8));
        if (sealer.open(bound, core::base64url_encode(flipped))) {
            fail_msg("opened with bit %zu flipped", bit);
        }
    }
    for (std::size_t size = 0; size < bytes.size(); ++size) {
        assert_false(sealer.open(bound, core::base64url_encode(bytes.substr(0, size))).has_value());
    }
}

void sc_02_no_nonce_is_used_twice(void**) {
    unit::FakeRandom random;
    Sealer sealer = make({secret_one});
    std::set<std::string> nonces;
    for (int i = 0; i < 1000; ++i) {
        nonces.insert(core::base64url_decode(seal(sealer, random))->substr(2, 12));
    }
    assert_int_equal(nonces.size(), 1000);
}

// All of a nonce is drawn for its message, and goes into it as it was drawn.
void sc_04_a_nonce_is_drawn_for_each_message(void**) {
    class Noted final : public core::Random {
    public:
        [[nodiscard]] bool fill(void* buffer, std::size_t size) noexcept override {
            const bool filled = random.fill(buffer, size);
            drawn.assign(static_cast<const char*>(buffer), size);
            ++draws;
            return filled;
        }
        core::SystemRandom random;
        std::string drawn;
        int draws = 0;
    } random;
    Sealer sealer = make({secret_one});
    for (int i = 1; i <= 100; ++i) {
        const std::string bytes = *core::base64url_decode(seal(sealer, random));
        assert_int_equal(random.draws, i);
        assert_text_equal(bytes.substr(2, 12), random.drawn);
    }
}

// Among a million not even the first 64 bits of two are the same: that of 96 bits two are, among the 2^32
// that a key may seal, has a chance of 2^-33.
void sc_04_a_million_nonces_have_nothing_in_common(void**) {
    core::SystemRandom random;
    std::vector<std::uint64_t> beginnings(1U << 20U);
    for (std::uint64_t& beginning : beginnings) {
        unsigned char nonce[core::Aead::nonce_size];
        assert_true(random.fill(nonce, sizeof(nonce)));
        std::memcpy(&beginning, nonce, sizeof(beginning));
    }
    std::sort(beginnings.begin(), beginnings.end());
    assert_true(std::adjacent_find(beginnings.begin(), beginnings.end()) == beginnings.end());
}

void sc_03_sealed_for_one_use_only(void**) {
    unit::FakeRandom random;
    Sealer sealer = make({secret_one});
    Sealer other_purpose = make({secret_one}, "login cookie");
    const std::string sealed = seal(sealer, random);
    assert_true(sealer.open(bound, sealed).has_value());
    assert_false(sealer.open(binding("oauth2", "https://app.example"), sealed).has_value());
    assert_false(sealer.open(binding("oauth", "https://other.example"), sealed).has_value());
    assert_false(sealer.open(binding("oauth", "http://app.example"), sealed).has_value());
    assert_false(sealer.open(binding("oauth", "https://app.example:8443"), sealed).has_value());
    assert_false(other_purpose.open(bound, sealed).has_value());
}

void sc_03_the_binding_is_unambiguous(void**) {
    assert_true(binding("ab", "c") != binding("a", "bc"));
    assert_true(binding("", "abc") != binding("abc", ""));
    assert_true(binding("a", "b", "c") != binding("a", "bc"));
    assert_true(binding("a", "b", "c") != binding("a", "b"));
    assert_true(binding("a", "b") != binding("a", "c"));
    assert_true(binding("a", "b") != binding("c", "b"));
}

void sc_06_keys_rotate(void**) {
    unit::FakeRandom random;
    Sealer before = make({secret_one});
    Sealer during = make({secret_two, secret_one});
    Sealer after = make({secret_two});
    const std::string old_one = seal(before, random);
    const std::string new_one = seal(during, random);
    assert_true(during.open(bound, old_one).has_value());
    assert_true(during.open(bound, new_one).has_value());
    assert_true(after.open(bound, new_one).has_value()); // the first key seals
    assert_false(after.open(bound, old_one).has_value());
    assert_false(before.open(bound, new_one).has_value());
}

void keys_with_the_same_mark_are_all_tried(void**) {
    unit::FakeRandom random;
    std::map<char, std::string> secret_by_mark;
    for (int i = 0;; ++i) {
        const std::string secret = secret_one + std::to_string(i);
        Sealer sealer = make({secret});
        const std::string sealed = seal(sealer, random);
        const char mark = core::base64url_decode(sealed)->at(1);
        const auto [known, is_new] = secret_by_mark.emplace(mark, secret);
        if (!is_new) {
            Sealer both = make({known->second, secret});
            assert_text_equal(both.open(bound, sealed).value_or("refused"), plaintext);
            return;
        }
    }
}

void sc_20_garbage_is_refused(void**) {
    unit::FakeRandom random;
    Sealer sealer = make({secret_one});
    const std::string sealed = seal(sealer, random);
    std::string noise(8192, '\0');
    assert_true(random.fill(noise.data(), noise.size()));
    const std::vector<std::string> values = {"",
                                             "A",
                                             "AQ",
                                             "%41",
                                             "\"" + sealed + "\"",
                                             sealed + "=",
                                             sealed + "A",
                                             " " + sealed,
                                             sealed.substr(1),
                                             noise,
                                             core::base64url_encode(noise),
                                             std::string(40, 'A'),
                                             std::string(Sealer::max_sealed + 4, 'A')};
    for (const std::string& value : values) {
        assert_false(sealer.open(bound, value).has_value());
    }
}

void what_is_too_long_is_not_looked_at(void**) {
    unit::FakeRandom random;
    Sealer sealer = make({secret_one});
    const std::size_t overhead = 2 + 12 + 16;
    const std::size_t most = Sealer::max_sealed / 4 * 3 - overhead;
    assert_true(sealer.open(bound, seal(sealer, random, std::string(most, 'x'))).has_value());
    assert_false(sealer.open(bound, seal(sealer, random, std::string(most + 1, 'x'))).has_value());

    const std::string longest(Sealer::max_sealed_bytes - overhead, 'x');
    assert_true(sealer.open_bytes(bound, *sealer.seal_bytes(random, bound, longest)).has_value());
    assert_false(sealer.open_bytes(bound, *sealer.seal_bytes(random, bound, longest + "x")).has_value());
}

void another_version_is_not_opened(void**) {
    // The same key, nonce and text under another version byte: refused by the version alone.
    unit::FakeRandom random;
    Sealer sealer = make({secret_one});
    std::string bytes = *core::base64url_decode(seal(sealer, random));
    for (const char version : {'\0', '\2', '\x7f', '\xff'}) {
        bytes[0] = version;
        assert_false(sealer.open(bound, core::base64url_encode(bytes)).has_value());
        assert_false(sealer.open_bytes(bound, bytes).has_value()); // nor of what a store keeps
    }
}

void sc_27_without_randomness_nothing_is_sealed(void**) {
    unit::FakeRandom random;
    Sealer sealer = make({secret_one});
    random.fail_draw(0);
    assert_false(sealer.seal(random, bound, plaintext).has_value());
}

void without_a_secret_there_is_no_sealer(void**) {
    assert_false(Sealer::create({}, purpose).has_value());
}

void tells_by_the_look_what_another_key_has_sealed(void**) {
    using Look = session::SealMarks::Look;
    unit::FakeRandom random;
    Sealer one = make({secret_one});
    Sealer two = make({secret_two});
    const session::SealMarks marks = one.marks();
    const std::string own = seal(one, random);
    const std::string other = seal(two, random);
    assert_true(marks.look_at(own) == Look::own_key);
    assert_true(marks.look_at(own.substr(0, own.size() - 1) + "A") == Look::own_key); // damaged
    assert_true(marks.look_at(other) == Look::other_key);
    assert_true(marks.look_at(other + "." + other) == Look::other_key); // with an ID token behind it
    assert_true(make({secret_one, secret_two}).marks().look_at(other) == Look::own_key);
    for (const std::string& junk : {std::string(), std::string("AQ"), std::string("true"),
                                    other.substr(0, 30), "x" + other, other + "!", std::string(60, 'x'),
                                    std::string("eyJhbGciOiJub25lIn0.e30.") + std::string(60, 'x')}) {
        assert_true(marks.look_at(junk) == Look::no_seal);
    }
}

} // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(opens_what_it_sealed),
        cmocka_unit_test(sc_01_every_flipped_bit_is_refused),
        cmocka_unit_test(sc_02_no_nonce_is_used_twice),
        cmocka_unit_test(sc_04_a_nonce_is_drawn_for_each_message),
        cmocka_unit_test(sc_04_a_million_nonces_have_nothing_in_common),
        cmocka_unit_test(sc_03_sealed_for_one_use_only),
        cmocka_unit_test(sc_03_the_binding_is_unambiguous),
        cmocka_unit_test(sc_06_keys_rotate),
        cmocka_unit_test(keys_with_the_same_mark_are_all_tried),
        cmocka_unit_test(sc_20_garbage_is_refused),
        cmocka_unit_test(what_is_too_long_is_not_looked_at),
        cmocka_unit_test(another_version_is_not_opened),
        cmocka_unit_test(sc_27_without_randomness_nothing_is_sealed),
        cmocka_unit_test(without_a_secret_there_is_no_sealer),
        cmocka_unit_test(tells_by_the_look_what_another_key_has_sealed),
    };
    return cmocka_run_group_tests_name("sealer", tests, nullptr, nullptr);
}
