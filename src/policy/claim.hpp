// SPDX-License-Identifier: MIT
// The scalars of a claim, from its JSON text: the one that it is, or the elements of the array that it is.
// Walks the text instead of parsing it into a tree, since numbers compare by their text and most claims are
// one word.
#pragma once

#include <string>
#include <string_view>

namespace oauth::policy {

class ClaimReader {
public:
    explicit ClaimReader(std::string_view json);

    // The next scalar: the content of a string, or the text of a number, true or false. False at the end, and
    // for good once something is wrong. The view lives until the next call.
    bool next(std::string_view& scalar);

    bool is_array() const { return is_array_; }
    // All is read, it was JSON, and the claim is a scalar or an array: not an object, not null.
    bool complete() const { return state_ == State::done; }
    // An array held something else than scalars; they were passed over.
    bool has_others() const { return has_others_; }

private:
    enum class State { first, element, separator, done, failed };

    bool read(std::string_view& scalar);
    bool read_string(std::string_view& scalar);
    bool read_word(std::string_view& scalar);
    bool skip_nested();
    void skip_space();
    bool finish_if_at_end();

    std::string_view rest_;
    std::string decoded_;
    State state_ = State::first;
    bool is_array_ = false;
    bool has_others_ = false;
};

} // namespace oauth::policy
