// SPDX-License-Identifier: MIT
// Every unit test includes this last: cmocka with C linkage, and a few helpers. assert_text_equal compares
// any kinds of string and prints both on failure.
#pragma once

#include "../../src/core/clock.hpp"
#include "../../src/core/crypto.hpp"

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>

extern "C" {
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
}

namespace oauth::unit {

inline void check_text(std::string_view actual, std::string_view expected, const char* file, int line) {
    if (actual != expected) {
        print_error("\"%.*s\" != \"%.*s\"\n", static_cast<int>(actual.size()), actual.data(),
                    static_cast<int>(expected.size()), expected.data());
        _fail(file, line);
    }
}

inline std::string vectors_folder() {
    const char* folder = std::getenv("OAUTH_VECTORS");
    return folder != nullptr && *folder != '\0' ? folder : "../shared/vectors";
}

inline std::optional<std::string> read_file(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    if (!file) {
        return std::nullopt;
    }
    return std::string(std::istreambuf_iterator<char>(file), {});
}

// A published file of test vectors. If it is absent, the test says so and is skipped.
inline std::string read_vectors_or_skip(const char* name) {
    auto text = read_file(vectors_folder() + "/" + name);
    if (!text) {
        print_message("skipped: no %s in %s\n", name, vectors_folder().c_str());
        skip();
    }
    return text.value_or("");
}

inline std::string hex_decode(std::string_view hex) {
    std::string bytes;
    for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
        bytes += static_cast<char>(std::strtoul(std::string(hex.substr(i, 2)).c_str(), nullptr, 16));
    }
    return bytes;
}

class StoppedClock final : public core::Clock {
public:
    explicit StoppedClock(std::int64_t seconds) : seconds_(seconds) {}
    std::int64_t now() const noexcept override { return seconds_; }
    std::int64_t now_in_milliseconds() const noexcept override { return seconds_ * 1000 + milliseconds; }
    std::int64_t steady_milliseconds() const noexcept override {
        return now_in_milliseconds() - set_by_ * 1000;
    }
    void set(std::int64_t seconds) { seconds_ = seconds; }
    void advance(std::int64_t seconds) { seconds_ += seconds; }
    // Somebody sets the clock by so much: no time goes by.
    void put(std::int64_t seconds) {
        seconds_ += seconds;
        set_by_ += seconds;
    }

    std::int64_t milliseconds = 0; // of the second

private:
    std::int64_t seconds_;
    std::int64_t set_by_ = 0;
};

// Gives the bytes 0, 1, 2 and so on, so that every drawn value is different and known. Can be told to fail.
class CountingRandom final : public core::Random {
public:
    [[nodiscard]] bool fill(void* buffer, std::size_t size) noexcept override {
        if (fails_) {
            return false;
        }
        auto* bytes = static_cast<unsigned char*>(buffer);
        for (std::size_t i = 0; i < size; ++i) {
            bytes[i] = next_++;
        }
        return true;
    }
    void fail_from_now_on() { fails_ = true; }

private:
    unsigned char next_ = 0;
    bool fails_ = false;
};

} // namespace oauth::unit

#define assert_text_equal(actual, expected) oauth::unit::check_text(actual, expected, __FILE__, __LINE__)
