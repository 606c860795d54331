// SPDX-License-Identifier: MIT
// Reads the scalars of a claim from its JSON text: one scalar, or the elements of an array. Reads the text
// directly instead of building a tree, because numbers are compared as text and most claims are one word.
#pragma once

#include <string>
#include <string_view>

namespace oauth::policy {

class ClaimReader {
public:
    explicit ClaimReader(std::string_view json);

    // The next scalar: the content of a string, or the text of a number, true or false. False at the end, and
    // from the first error on. The view is valid until the next call.
    bool next(std::string_view& scalar);

    bool is_array() const { return is_array_; }
    // True if everything was read without error and the claim is a scalar or an array, not an object or null.
    bool complete() const { return expects_ == Expects::done; }
    // True if an array had elements that are arrays or objects. They were skipped, as those that are null.
    bool has_others() const { return has_others_; }

private:
    enum class Expects { first, element, separator, done, failed };

    bool read(std::string_view& scalar);
    bool read_string(std::string_view& scalar);
    bool read_word(std::string_view& scalar);
    bool skip_nested();
    void skip_space();
    bool finish_if_at_end();

    std::string_view rest_;
    std::string decoded_;
    Expects expects_ = Expects::first;
    bool is_array_ = false;
    bool has_others_ = false;
};

} // namespace oauth::policy
