// SPDX-License-Identifier: MIT
// What lies in the shared zone, and how it is locked: for the files of this folder that work on it. Each kind
// of entry has its own block of the zone, taken when it is made: no kind can take room from another, whatever
// strangers do, and the slab allocator has nothing to fragment.
#pragma once

#include "../conf/conf.hpp"

#include "../../figures/memory.hpp"
#include "../../session/late_news.hpp"
#include "../../session/shared_state.hpp"

#include <cstdint>

namespace oauth::ngx {

constexpr std::uint64_t zone_layout =
    0x6f61757468000006; // "oauth", and a number that changes with the structs
constexpr std::size_t zone_secret_size = 32;
constexpr std::size_t max_zone_key = 256;

struct ZoneHeader {
    std::uint64_t layout;
    u_char session_secret[zone_secret_size];
    std::size_t identity_key_size;
    u_char identity_key[max_zone_key];
    session::SharedState shared;
};

// Of the zone for what workers of a former cycle have to tell.
struct LateHeader {
    std::uint64_t layout;
    session::LateNews::Memory news;
};

inline ZoneHeader* header_of(const ngx_shm_zone_t* zone) {
    return static_cast<ZoneHeader*>(zone->data);
}

inline ngx_slab_pool_t* slab_of(const ngx_shm_zone_t* zone) {
    return reinterpret_cast<ngx_slab_pool_t*>(zone->shm.addr);
}

// Of the zone for figures.
struct FiguresHeader {
    std::uint64_t layout;
    figures::Memory memory;
};

// A zone that has to hold sessions as well is divided otherwise. Two of one size are not of one use: nginx
// would go on with the former one, so those with sessions are a page larger than what is configured.
enum class ZoneUse { ledger, sessions };
ZoneUse use_of(const MainConf& main);
std::size_t smallest_zone(ZoneUse use);
std::size_t with_use(std::size_t configured, ZoneUse use);

// The bytes of each block. What is left of the zone is for later kinds.
struct ZoneShares {
    std::size_t used_states;
    std::size_t ended;
    std::size_t marks;
    std::size_t renewals;
    std::size_t signed_tokens;
    std::size_t sessions;
};
ZoneShares share_pages(std::size_t pages, ZoneUse use);
// So many has a zone of that size for its blocks: nginx's pages behind what it keeps for itself, and one for
// the header.
std::size_t count_pages(std::size_t zone_size);

// During a reload, in the master: what is live in the zone of the cycle before, if that has another size,
// goes on in this new one. False: it has no room, and the log says how much it takes.
bool take_from_former(const ngx_shm_zone_t* zone, const ngx_shm_zone_t& former);
const ngx_shm_zone_t* former_zone(const ngx_shm_zone_t* zone); // nullptr: none

} // namespace oauth::ngx
