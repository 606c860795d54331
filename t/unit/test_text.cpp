// SPDX-License-Identifier: MIT
// Text that is its own or borrowed: whatever it is copied or moved to depends on nothing else.
#include "../../src/core/text.hpp"

#include "unit.hpp"

#include <optional>
#include <vector>

using oauth::core::Text;

namespace {

// A record that changes as soon as nothing should be borrowed from it any more.
struct Record {
    std::string bytes = "a text in a record";
    Text borrowed;

    Record() { borrowed.borrow(bytes); }
    void change() { bytes.assign(bytes.size(), '#'); }
};

void what_is_borrowed_is_where_it_was(void**) {
    Record record;
    assert_ptr_equal(record.borrowed.data(), record.bytes.data());
    assert_int_equal(record.borrowed.size(), record.bytes.size());
    record.borrowed.clear();
    assert_true(record.borrowed.empty());
}

void a_copy_is_its_own(void**) {
    Record record;
    const Text constructed(record.borrowed);
    Text assigned = "something else";
    assigned = record.borrowed;
    const std::optional<Text> optional = record.borrowed;
    const std::vector<Text> list = {record.borrowed};
    record.change();
    for (const Text& text : {constructed, assigned, *optional, list[0]}) {
        assert_true(text == "a text in a record");
    }
}

void what_is_moved_is_its_own(void**) {
    Record record;
    Record other;
    const Text constructed(std::move(record.borrowed));
    Text assigned = "something else";
    assigned = std::move(other.borrowed);
    record.change();
    other.change();
    assert_true(constructed == "a text in a record");
    assert_true(assigned == "a text in a record");
}

void what_borrows_again_has_nothing_of_its_own(void**) {
    Record record;
    Text text = "its own";
    text.borrow(record.bytes);
    const Text moved(std::move(text));
    record.change();
    assert_true(moved == "a text in a record");
}

void its_own_text_is_moved_and_not_copied(void**) {
    Text from = "a text";
    const char* const place = from.data();
    Text to(std::move(from));
    assert_ptr_equal(to.data(), place);
    assert_true(from.empty());
    from = "another";
    from = std::move(to);
    assert_ptr_equal(from.data(), place);
    assert_true(from == "a text");
}

void it_may_be_made_of_itself_or_of_a_part(void**) {
    Text text = "a text";
    const Text& same = text;
    text = same;
    assert_true(text == "a text");
    text = std::string_view(text).substr(2);
    assert_true(text == "text");
    Text part;
    part.borrow(std::string_view(text).substr(2));
    text = part;
    assert_true(text == "xt");
}

void it_goes_where_text_goes(void**) {
    const Text text = std::string("ann");
    const std::string copy = text;
    const std::string_view view = text;
    assert_true(copy == "ann" && view == copy && text == copy && copy == text);
    assert_true(text != "bob" && text < Text("bob") && "aaa" < text);
    assert_true("(" + text == "(ann" && text + ")" == "ann)");
    assert_true(Text() == "" && Text("") == Text());
}

} // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(what_is_borrowed_is_where_it_was),
        cmocka_unit_test(a_copy_is_its_own),
        cmocka_unit_test(what_is_moved_is_its_own),
        cmocka_unit_test(what_borrows_again_has_nothing_of_its_own),
        cmocka_unit_test(its_own_text_is_moved_and_not_copied),
        cmocka_unit_test(it_may_be_made_of_itself_or_of_a_part),
        cmocka_unit_test(it_goes_where_text_goes),
    };
    return cmocka_run_group_tests_name("text", tests, nullptr, nullptr);
}
