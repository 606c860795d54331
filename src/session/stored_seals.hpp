// SPDX-License-Identifier: MIT
// What is sealed where a session is not kept in its cookie: the cookie holds a random handle, so that nothing
// that others have made is looked for, and the record is bound to its place, so that none can be put in place
// of another. One per store.
#pragma once

#include "cookies.hpp"
#include "sealer.hpp"
#include "sizes.hpp"
#include "store.hpp"

namespace oauth::session {

class StoredSeals {
public:
    // `kind`: of store; the handle of one is none at another, nor is it a session of the cookie store. The
    // references outlive it.
    StoredSeals(const CookieSettings& cookie, core::Random& random, std::string kind, Sealer sealer)
        : cookie_(cookie), random_(random), kind_(std::move(kind)), sealer_(std::move(sealer)) {}

    struct Handle {
        std::string bytes;
        CookieParts cookie;
    };
    core::Result<Handle> make_handle(std::string_view base_url) {
        std::string bytes(handle_size, '\0');
        const bool is_drawn = random_.fill(bytes.data(), bytes.size());
        const auto cookie = is_drawn ? sealer_.seal(random_, of_handle(base_url), bytes) : std::nullopt;
        auto parts = cookie ? split_cookie(cookie_name_view(cookie_, base_url), *cookie) : std::nullopt;
        if (!parts) {
            return core::Error{core::Code::internal_error, "the session's handle cannot be made"};
        }
        return Handle{std::move(bytes), std::move(*parts)};
    }
    // Of a cookie that was made here; nullopt: it is none.
    std::optional<std::string> open_handle(std::string_view cookie, std::string_view base_url) {
        auto bytes = sealer_.open(of_handle(base_url), cookie);
        return bytes && bytes->size() == handle_size ? std::move(bytes) : std::nullopt;
    }

    core::Result<std::string> seal(const Session& session, std::string_view place,
                                   std::string_view base_url) {
        const std::string record = serialize(session);
        if (record.empty()) {
            return core::Error{core::Code::session_too_large,
                               "the session takes more than 64k, which no store takes: " +
                                   explain_size(session)};
        }
        auto sealed = sealer_.seal_bytes(random_, of_record(place, base_url), record);
        if (!sealed) {
            return core::Error{core::Code::internal_error, "the session cannot be sealed"};
        }
        return std::move(*sealed);
    }
    // Null: it is none, or another one's.
    OpenedSessionPointer open(std::string sealed, std::string_view place, std::string_view base_url) {
        auto record = sealer_.open_bytes(of_record(place, base_url), std::move(sealed));
        if (!record) {
            return nullptr;
        }
        auto opened = make_opened_session();
        return read_session(std::move(*record), *opened) ? opened : nullptr;
    }

private:
    static constexpr std::size_t handle_size = 32;

    std::string of_handle(std::string_view base_url) const {
        return binding(cookie_name(cookie_, base_url) + " " + kind_, base_url);
    }
    static std::string of_record(std::string_view place, std::string_view base_url) {
        return binding("record " + std::string(place), base_url);
    }

    const CookieSettings& cookie_;
    core::Random& random_;
    std::string kind_;
    Sealer sealer_;
};

} // namespace oauth::session
