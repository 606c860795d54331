// SPDX-License-Identifier: MIT
// See cookie_store.hpp.
#include "cookie_store.hpp"

#include "../core/bytes.hpp"
#include "../core/record.hpp"
#include "sizes.hpp"

#include <algorithm>

namespace oauth::session {

namespace {

using core::Code;
using core::Error;

Error too_large(std::size_t size, const Session& session) {
    return {Code::session_too_large, "the session takes " + std::to_string(size) +
                                         " bytes in cookies, which carry " +
                                         std::to_string(max_cookie_total) +
                                         ": use \"oauth_session shared\", or " + explain_size(session)};
}

constexpr char separator = '.'; // no character of base64url

// What stands behind the session, with the separator before it; empty: nothing.
std::string_view behind_session(std::string_view cookie) {
    const std::size_t end = cookie.find(separator);
    return end == std::string_view::npos ? std::string_view() : cookie.substr(end);
}

// A JWS in its compact form is three parts of base64url: their bytes take a quarter less. Anything else is
// kept as it is.
enum PackedAs : std::uint64_t { as_text, as_parts };

constexpr std::size_t jws_parts = 3;

std::string pack(std::string_view id_token) {
    core::RecordWriter packed(id_token.size());
    packed.number(as_parts);
    std::string_view rest = id_token;
    for (std::size_t i = 1; i <= jws_parts; ++i) {
        const std::size_t end = i < jws_parts ? rest.find('.') : rest.size();
        const auto part = end <= rest.size() ? core::base64url_decode(rest.substr(0, end)) : std::nullopt;
        if (!part) {
            core::RecordWriter whole(id_token.size());
            whole.number(as_text);
            whole.text(id_token);
            return std::move(whole).finish();
        }
        packed.text(*part);
        rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    return std::move(packed).finish();
}

std::string unpack(std::string_view packed) {
    core::RecordReader record(packed);
    std::string id_token;
    if (record.number() == as_text) {
        id_token = record.text();
    } else {
        for (std::size_t i = 1; i <= jws_parts; ++i) {
            id_token.append(i == 1 ? "" : ".").append(core::base64url_encode(record.text()));
        }
    }
    return record.complete() ? id_token : std::string();
}

std::string of_id_token(std::string_view name, std::string_view base_url) {
    return binding(std::string(name) + " id_token", base_url);
}

} // namespace

OpenedSessionPointer CookieStore::open(std::string_view cookie, std::string_view base_url) {
    const std::string_view name = cookie_name_view(parts_.cookie, base_url);
    const std::string_view behind = behind_session(cookie);
    const std::string_view sealed = cookie.substr(0, cookie.size() - behind.size());
    auto opened = make_opened_session();
    auto record = sealer_.open(binding(name, base_url, behind), sealed, std::move(opened->record));
    if (!record || !read_session(std::move(*record), *opened)) {
        return nullptr;
    }
    opened->store = this;
    opened->base_url = base_url;
    opened->cookie = cookie;
    // Never equal to a generation that was read before this moment: the first check always asks.
    opened->revocations_seen = parts_.ledger.generation() - 1;
    return opened;
}

OpenedSessionPointer CookieStore::open_and_remember(std::string_view cookie, std::string_view base_url) {
    OpenedSessionPointer opened = open(cookie, base_url);
    if (opened && parts_.cache.came_before(cookie)) {
        parts_.cache.insert(opened);
    }
    return opened;
}

std::optional<OpenedSessionPointer> CookieStore::peek(std::string_view cookie, std::string_view base_url) {
    if (const OpenedSessionPointer* cached = parts_.cache.find(cookie, this, base_url)) {
        parts_.cache.count(figures::Cache::hit);
        return *cached;
    }
    parts_.cache.count(figures::Cache::miss);
    return open_and_remember(cookie, base_url);
}

OpenedSessionPointer CookieStore::find(std::string_view cookie, std::string_view base_url) {
    const OpenedSessionPointer* cached = parts_.cache.find(cookie, this, base_url);
    return cached != nullptr ? *cached : open_and_remember(cookie, base_url);
}

core::Task<core::Result<Loaded>> CookieStore::load(std::string cookie, std::string base_url) {
    co_return Loaded{find(cookie, base_url)};
}

void CookieStore::read_id_token(OpenedSession& session) {
    const std::string_view behind = behind_session(session.cookie);
    if (behind.empty() || !session.session.id_token.empty()) {
        return;
    }
    const std::string_view name = cookie_name_view(parts_.cookie, session.base_url);
    if (const auto packed = sealer_.open(of_id_token(name, session.base_url), behind.substr(1))) {
        session.session.id_token = unpack(*packed);
    }
}

core::Result<std::string> CookieStore::seal(Session session, const std::string& name,
                                            std::string_view base_url) {
    const Error failed{Code::internal_error, "the session cannot be sealed"};
    std::string behind;
    if (!session.id_token.empty()) {
        const auto id_token =
            sealer_.seal(parts_.random, of_id_token(name, base_url), pack(session.id_token));
        if (!id_token) {
            return failed;
        }
        behind = separator + *id_token;
        session.id_token.clear();
    }
    const std::string record = serialize(session);
    if (record.empty()) {
        return Error{Code::session_too_large,
                     "the session takes more than 64k, which no store takes: " + explain_size(session)};
    }
    auto sealed = sealer_.seal(parts_.random, binding(name, base_url, behind), record);
    if (!sealed) {
        return failed;
    }
    return *sealed + behind;
}

core::Task<core::Result<CookieParts>> CookieStore::create(const Session& session, std::string base_url) {
    const std::string name = cookie_name(parts_.cookie, base_url);
    const auto sealed = seal(session, name, base_url);
    if (!sealed) {
        co_return sealed.error();
    }
    auto parts = split_cookie(name, sealed.value());
    if (!parts) {
        co_return too_large(sealed->size(), session);
    }
    co_return std::move(*parts);
}

core::Result<Loaded> CookieStore::change(const OpenedSession& before, const std::string& sealed) {
    const std::string name = cookie_name(parts_.cookie, before.base_url);
    const auto parts = split_cookie(name, sealed);
    if (!parts) {
        return too_large(sealed.size(), before.session);
    }
    Loaded changed{find(sealed, before.base_url)};
    if (!changed.session || changed.session->session.id != before.session.id) {
        return Loaded{};
    }
    for (const auto& [part, value] : *parts) {
        changed.cookies.push_back(set_cookie(parts_.cookie, before.base_url, part, value, std::nullopt));
    }
    const auto former = split_cookie(name, before.cookie);
    for (const auto& [part, value] : former.value_or(CookieParts{})) {
        const bool is_written =
            std::any_of(parts->begin(), parts->end(), [&](const auto& each) { return each.first == part; });
        if (!is_written) {
            changed.cookies.push_back(delete_cookie(parts_.cookie, before.base_url, part));
        }
    }
    return changed;
}

core::Task<core::Result<Loaded>> CookieStore::touch(OpenedSessionPointer session) {
    read_id_token(*session);
    Session used = session->session;
    used.used_at = parts_.clock.now();
    const auto sealed =
        seal(std::move(used), cookie_name(parts_.cookie, session->base_url), session->base_url);
    if (!sealed) {
        co_return sealed.error();
    }
    co_return change(*session, sealed.value());
}

core::Task<core::Result<Replaced>> CookieStore::replace(OpenedSessionPointer before, const Session& next) {
    if (parts_.ledger.is_revoked(marks_of(before->session))) {
        co_return Replaced{Replaced::Outcome::gone, {}, {}};
    }
    const auto sealed = seal(next, cookie_name(parts_.cookie, before->base_url), before->base_url);
    if (!sealed) {
        co_return sealed.error();
    }
    auto changed = change(*before, sealed.value());
    if (!changed) {
        co_return changed.error().code == Code::session_too_large ? too_large(sealed->size(), next)
                                                                  : changed.error();
    }
    co_return Replaced{Replaced::Outcome::saved, std::move(changed.value()), sealed.value()};
}

core::Task<core::Result<Loaded>> CookieStore::take_over(OpenedSessionPointer before, std::string handover) {
    co_return change(*before, handover);
}

std::vector<std::string> CookieStore::cookies_of(const OpenedSession& before, const std::string& handover) {
    auto changed = change(before, handover);
    return changed ? std::move(changed->cookies) : std::vector<std::string>();
}

core::Task<core::Status> CookieStore::erase(OpenedSessionPointer session) {
    const Session& ended = session->session;
    co_return recorded(parts_.ledger.revoke(ended.id, ended.expires_at));
}

core::Task<core::Status> CookieStore::erase_all(Whose whose) {
    const std::int64_t until = parts_.clock.now() + parts_.longest_session;
    co_return recorded(parts_.ledger.revoke_all(mark_of(whose), parts_.clock.now_in_milliseconds(), until));
}

core::Task<core::Result<bool>> CookieStore::use_once(std::string key, std::int64_t until) {
    co_return recorded(parts_.ledger.remember(key, until));
}

core::Task<core::Result<bool>> CookieStore::is_used(std::string key) {
    co_return parts_.ledger.is_remembered(key);
}

} // namespace oauth::session
