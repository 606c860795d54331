// SPDX-License-Identifier: MIT
// Flat records: what is written is read back, and whatever is not exactly a record fails once and for all
// (SC-20, SC-21).
#include "../../src/core/record.hpp"

#include <limits>
#include <string>

#include "unit.hpp"

using oauth::core::RecordReader;
using oauth::core::RecordWriter;

namespace {

std::string number(std::uint64_t value) {
    RecordWriter writer;
    writer.number(value);
    return std::move(writer).finish();
}

void numbers_round_trip(void**) {
    const std::uint64_t largest = std::numeric_limits<std::int64_t>::max();
    for (const std::uint64_t value :
         {std::uint64_t{0}, std::uint64_t{127}, std::uint64_t{128}, std::uint64_t{16383},
          std::uint64_t{16384}, std::uint64_t{4294967296}, largest}) {
        const std::string bytes = number(value);
        RecordReader reader(bytes);
        assert_int_equal(reader.number(), value);
        assert_true(reader.complete());
    }
    assert_int_equal(number(127).size(), 1);
    assert_int_equal(number(128).size(), 2);
}

void numbers_that_do_not_fit_fail(void**) {
    for (const std::string& bytes :
         {std::string(), std::string("\x80"), std::string("\xff\xff"), std::string(9, '\xff'),
          std::string(10, '\x80') + '\1', number(std::uint64_t{1} << 63)}) {
        RecordReader reader(bytes);
        assert_int_equal(reader.number(), 0);
        assert_true(reader.failed());
        assert_false(reader.complete());
    }
}

void text_round_trips(void**) {
    const std::string long_text(100000, 'x');
    const std::string zeros("\0\0", 2);
    RecordWriter writer;
    writer.text("");
    writer.text(long_text);
    writer.text(zeros);
    writer.number(7);
    const std::string bytes = std::move(writer).finish();
    RecordReader reader(bytes);
    assert_text_equal(reader.text(), "");
    assert_text_equal(reader.text(), long_text);
    assert_text_equal(reader.text(), zeros);
    assert_false(reader.complete());
    assert_int_equal(reader.number(), 7);
    assert_true(reader.complete());
}

void text_may_end_the_record(void**) {
    RecordReader reader("\2ab");
    assert_text_equal(reader.text(), "ab");
    assert_true(reader.complete());
    RecordReader empty(std::string_view("\0", 1));
    assert_text_equal(empty.text(), "");
    assert_true(empty.complete());
}

void text_longer_than_the_record_fails(void**) {
    for (const std::string& bytes :
         {number(1), number(3) + "ab", number(std::numeric_limits<std::int64_t>::max()) + "ab"}) {
        RecordReader reader(bytes);
        assert_text_equal(reader.text(), "");
        assert_true(reader.failed());
    }
}

void a_failure_stays(void**) {
    RecordReader reader("\5ab\1\1");
    assert_text_equal(reader.text(), ""); // five bytes are not there
    assert_true(reader.failed());
    assert_int_equal(reader.number(), 0);
    assert_text_equal(reader.text(), "");
    assert_true(reader.failed());
    assert_false(reader.complete());
}

void what_is_left_over_is_not_complete(void**) {
    RecordReader reader(std::string_view("\1\2", 2));
    assert_int_equal(reader.number(), 1);
    assert_false(reader.complete());
    assert_false(reader.failed());
}

} // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(numbers_round_trip),
        cmocka_unit_test(numbers_that_do_not_fit_fail),
        cmocka_unit_test(text_round_trips),
        cmocka_unit_test(text_may_end_the_record),
        cmocka_unit_test(text_longer_than_the_record_fails),
        cmocka_unit_test(a_failure_stays),
        cmocka_unit_test(what_is_left_over_is_not_complete),
    };
    return cmocka_run_group_tests_name("record", tests, nullptr, nullptr);
}
