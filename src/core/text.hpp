// SPDX-License-Identifier: MIT
// Text that is its own, or borrowed from a record, so that a record can be read without memory for each of
// its texts. Whatever it is copied or moved to has text of its own.
#pragma once

#include <algorithm>
#include <compare>
#include <concepts>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace oauth::core {

class Text {
public:
    Text() = default;
    template <std::convertible_to<std::string_view> Other>
    explicit(false) Text(const Other& text) {
        keep(text);
    }
    Text(const Text& other) { keep(other.view_); }
    Text(Text&& other) { take(other); } // NOLINT(*-noexcept-move*): what is borrowed is copied
    ~Text() = default;
    Text& operator=(const Text& other) {
        if (this != &other) {
            keep(other.view_);
        }
        return *this;
    }
    Text& operator=(Text&& other) { // NOLINT(*-noexcept-move*)
        if (this != &other) {
            take(other);
        }
        return *this;
    }

    // The record outlives this, and stays where it is.
    void borrow(std::string_view text) {
        own_.reset();
        view_ = text;
    }
    void clear() { borrow({}); }

    explicit(false) operator std::string_view() const { return view_; }
    explicit(false) operator std::string() const { return std::string(view_); }
    bool empty() const { return view_.empty(); }
    std::size_t size() const { return view_.size(); }
    const char* data() const { return view_.data(); }

    template <std::convertible_to<std::string_view> Other>
    bool operator==(const Other& other) const {
        return view_ == std::string_view(other);
    }
    template <std::convertible_to<std::string_view> Other>
    auto operator<=>(const Other& other) const {
        return view_ <=> std::string_view(other);
    }

    friend std::string operator+(std::string before, const Text& text) { return before.append(text.view_); }
    friend std::string operator+(const Text& text, std::string_view after) {
        return std::string(text.view_).append(after);
    }

private:
    // `text` may be a part of what is kept now.
    void keep(std::string_view text) {
        auto copy = text.empty() ? nullptr : std::make_unique_for_overwrite<char[]>(text.size());
        std::copy(text.begin(), text.end(), copy.get());
        view_ = {copy.get(), text.size()};
        own_ = std::move(copy);
    }
    void take(Text& other) {
        if (!other.own_) {
            keep(other.view_);
            return;
        }
        own_ = std::move(other.own_);
        view_ = std::exchange(other.view_, {});
    }

    std::string_view view_;
    std::unique_ptr<char[]> own_;
};

} // namespace oauth::core
