// SPDX-License-Identifier: MIT
// See cache.hpp. The hash only finds the place; the cookies are compared afterwards. So it must be fast and
// not known to others, but not cryptographic.
#include "cache.hpp"

#include "../core/bytes.hpp"

#include <cstring>
#include <new>
#include <type_traits>
#include <utility>

namespace oauth::session {

namespace {

__extension__ using Wide = unsigned __int128;

std::uint64_t fold(std::uint64_t a, std::uint64_t b) {
    const auto product = static_cast<Wide>(a) * b;
    return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}

std::uint64_t load(const char* at) {
    std::uint64_t word = 0;
    std::memcpy(&word, at, sizeof(word));
    return word;
}

#ifdef __SANITIZE_ADDRESS__
constexpr std::size_t most_spare = 0; // it is to see what is used too late
#else
constexpr std::size_t most_spare = 64;
#endif

// For one thread. Each type that a shared_ptr allocates has blocks of its own.
template <class T>
class SpareBlocks {
public:
    using value_type = T;
    SpareBlocks() = default;
    template <class Other>
    explicit(false) SpareBlocks(const SpareBlocks<Other>&) {}
    template <class Other>
    bool operator==(const SpareBlocks<Other>&) const {
        return true;
    }

    T* allocate(std::size_t count) {
        if (count != 1 || spare_ == nullptr) {
            return std::allocator<T>().allocate(count);
        }
        --spare_count_;
        return reinterpret_cast<T*>(std::exchange(spare_, spare_->next));
    }
    void deallocate(T* block, std::size_t count) noexcept {
        if (count != 1 || spare_count_ == most_spare) {
            std::allocator<T>().deallocate(block, count);
            return;
        }
        ++spare_count_;
        spare_ = new (block) Spare{spare_};
    }

private:
    struct Spare {
        Spare* next;
    };
    static_assert(sizeof(T) >= sizeof(Spare) && alignof(T) >= alignof(Spare));
    static inline Spare* spare_ = nullptr;
    static inline std::size_t spare_count_ = 0;
};

// A small session is not to hold the memory of a large one.
template <class Container>
void empty(Container& container) {
    constexpr std::size_t most_kept = 2048; // elements
    if (container.capacity() > most_kept) {
        Container().swap(container);
    }
    container.clear();
}

// As a new one, with the memory that it had.
void renew(OpenedSession& used) noexcept {
    static_assert(sizeof(used) == sizeof(SessionState) + sizeof(Session) + 4 * sizeof(std::string) +
                                      2 * sizeof(std::vector<SignedToken>),
                  "what else has been added begins anew, too");
    static_cast<SessionState&>(used) = {};
    std::destroy_at(&used.session);
    std::construct_at(&used.session);
    empty(used.base_url);
    empty(used.cookie);
    empty(used.place);
    empty(used.record);
    empty(used.verdicts);
    empty(used.tokens);
}

// For one thread. It is never destroyed, so that a session may end whenever it does.
class SpareSessions {
public:
    OpenedSession* take() { return count_ == 0 ? new OpenedSession : sessions_[--count_]; }
    void keep(OpenedSession* session) noexcept {
        if (count_ == sessions_.size()) {
            delete session;
            return;
        }
        renew(*session);
        sessions_[count_++] = session;
    }

private:
    std::array<OpenedSession*, most_spare> sessions_{};
    std::size_t count_ = 0;
};
static_assert(std::is_trivially_destructible_v<SpareSessions>);

SpareSessions spare_sessions;

constexpr std::uint64_t odd_one = 0x9e3779b97f4a7c15;
constexpr std::uint64_t odd_two = 0xd6e8feb86659fd93;

} // namespace

OpenedSessionPointer make_opened_session() {
    return {spare_sessions.take(), [](OpenedSession* session) { spare_sessions.keep(session); },
            SpareBlocks<OpenedSession>()};
}

bool read_session(std::string record, OpenedSession& opened) {
    opened.record = std::move(record);
    return deserialize(opened.record, opened.session);
}

std::uint64_t SessionCache::hash(std::string_view cookie) const {
    // The last sixteen bytes are of a seal, of a signature, or as random as the rest of an opaque token. Of a
    // cookie with an ID token behind its session they stay the same when the session is sealed anew: its
    // nonce is in front.
    std::uint64_t state = seed_ ^ cookie.size();
    constexpr std::size_t end = 16;
    if (cookie.size() >= end) {
        state = fold(load(cookie.data() + end / 2) ^ state, odd_two);
        state = fold(load(cookie.data() + cookie.size() - end) ^ state, odd_one);
        return fold(load(cookie.data() + cookie.size() - end / 2) ^ state, odd_two);
    }
    for (const char c : cookie) {
        state = fold(state ^ static_cast<unsigned char>(c), odd_one);
    }
    return state;
}

const OpenedSessionPointer* SessionCache::find(std::string_view cookie, const void* store,
                                               std::string_view base_url) const {
    const std::uint64_t wanted = hash(cookie);
    const Bucket& bucket = buckets_[wanted & (buckets_.size() - 1)];
    for (std::size_t way = 0; way < bucket.ways.size(); ++way) {
        const OpenedSessionPointer& found = bucket.ways[way];
        if (bucket.hashes[way] == wanted && found && found->store == store && found->base_url == base_url &&
            core::equal_constant_time(found->cookie, cookie)) {
            return &found;
        }
    }
    return nullptr;
}

void SessionCache::insert(OpenedSessionPointer session) {
    const std::uint64_t value = hash(session->cookie);
    Bucket& bucket = buckets_[value & (buckets_.size() - 1)];
    if (const auto* known = find(session->cookie, session->store, session->base_url)) {
        bucket.ways[static_cast<std::size_t>(known - bucket.ways.data())] = std::move(session);
        return;
    }
    const unsigned way = bucket.next++ % bucket.ways.size();
    bucket.hashes[way] = value;
    bucket.ways[way] = std::move(session);
}

bool SessionCache::came_before(std::string_view cookie) {
    const std::uint64_t value = hash(cookie);
    Bucket& bucket = buckets_[value & (buckets_.size() - 1)];
    for (const std::uint64_t came : bucket.came) {
        if (came == value) {
            return true;
        }
    }
    bucket.came[bucket.next_came++ % bucket.came.size()] = value;
    return false;
}

} // namespace oauth::session
