// SPDX-License-Identifier: MIT
// What the files that call OpenSSL share: owners, byte pointers, and a guard for its error queue. Only
// core/crypto.cpp and src/jose include it; no other part sees an OpenSSL type.
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

// Takes away what was queued while it lived: nginx reports errors left behind as its own, on another
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

// Never null: OpenSSL takes a null key or input to mean "none given".
inline const unsigned char* bytes_of(std::string_view text) {
    return reinterpret_cast<const unsigned char*>(text.data() != nullptr ? text.data() : "");
}

} // namespace oauth::core
