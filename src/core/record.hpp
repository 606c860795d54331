// SPDX-License-Identifier: MIT
// Flat binary records: unsigned integers as LEB128, and text with its length before it. Cookies hold such
// records, because they must be small. After the first error a reader stays failed and gives zeros and empty
// text.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace oauth::core {

class RecordWriter {
public:
    // `expected`: bytes, for which memory is taken once.
    explicit RecordWriter(std::size_t expected = 0) { bytes_.reserve(expected); }
    void number(std::uint64_t value) {
        while (value >= 0x80) {
            bytes_.push_back(static_cast<char>((value & 0x7f) | 0x80));
            value >>= 7;
        }
        bytes_.push_back(static_cast<char>(value));
    }
    void text(std::string_view value) {
        number(value.size());
        bytes_.append(value);
    }
    std::string finish() && { return std::move(bytes_); }

private:
    std::string bytes_;
};

class RecordReader {
public:
    explicit RecordReader(std::string_view bytes) : at_(bytes.data()), end_(at_ + bytes.size()) {}

    std::uint64_t number() {
        std::uint64_t value = 0;
        const char* at = at_;
        for (unsigned shift = 0; shift < 63 && at != end_; shift += 7) {
            const auto byte = static_cast<unsigned char>(*at++);
            value |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
            if ((byte & 0x80) == 0) {
                at_ = at;
                return value;
            }
        }
        fail();
        return 0;
    }
    std::string_view text() {
        const std::uint64_t size = number();
        if (size > static_cast<std::size_t>(end_ - at_)) {
            fail();
            return {};
        }
        return {std::exchange(at_, at_ + size), size};
    }
    // True if everything was read and nothing was wrong.
    bool complete() const { return !failed_ && at_ == end_; }
    bool failed() const { return failed_; }

private:
    void fail() {
        failed_ = true;
        at_ = end_;
    }

    const char* at_;
    const char* end_;
    bool failed_ = false;
};

} // namespace oauth::core
