// SPDX-License-Identifier: MIT
// Shared by the files that call OpenSSL: owners, byte pointers, and a guard for its error queue, which every
// function that calls OpenSSL has on its stack (t/check-floors.sh looks for it in each file), but for the one
// that requests wait for: Aead::open empties the queue where it fails.
#pragma once

#include <openssl/err.h>

#include <memory>
#include <string>
#include <string_view>

namespace oauth::core {

template <auto Function>
struct Free {
    template <class T>
    void operator()(T* pointer) const {
        Function(pointer);
    }
};

template <class T, auto Function>
using Owned = std::unique_ptr<T, Free<Function>>;

// Removes the errors that were queued during its life. nginx would report them as its own, for another
// connection.
class QuietErrors {
public:
    QuietErrors() { ERR_set_mark(); }
    QuietErrors(const QuietErrors&) = delete;
    QuietErrors& operator=(const QuietErrors&) = delete;
    ~QuietErrors() { ERR_pop_to_mark(); }
};

inline unsigned char* bytes_of(std::string& text) {
    return reinterpret_cast<unsigned char*>(text.data());
}

// Never null, because OpenSSL reads a null key or input as "none given".
inline const unsigned char* bytes_of(std::string_view text) {
    return reinterpret_cast<const unsigned char*>(text.data() != nullptr ? text.data() : "");
}

} // namespace oauth::core
