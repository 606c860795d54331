// SPDX-License-Identifier: MIT
// See zone.hpp. Each kind of entry has its own block of the zone, taken when it is made: no kind can take
// room from another, whatever strangers do, and the slab allocator has nothing to fragment.
#include "zone.hpp"
#include "../boundary.hpp"

#include "../../core/bytes.hpp"
#include "../../core/crypto.hpp"
#include "../../session/expiring_set.hpp"

#include <algorithm>
#include <cstdint>
#include <string_view>

namespace oauth::ngx {

namespace {

using session::ExpiringSet;

constexpr std::uint64_t layout = 0x6f61757468000002; // "oauth", and a number that changes with the structs
constexpr std::size_t secret_size = 32;
constexpr std::size_t max_identity_key = 256;
constexpr std::size_t fewest_pages = 8;

} // namespace

struct ZoneHeader {
    std::uint64_t layout;
    u_char session_secret[secret_size];
    std::size_t identity_key_size;
    u_char identity_key[max_identity_key];
    ngx_atomic_t generation;
    // Within the zone, which is mapped before processes fork. What is left beside them is for later kinds.
    ExpiringSet* used_states;      // a quarter
    ExpiringSet* revoked_sessions; // a half
};

namespace {

ZoneHeader* header_of(const ngx_shm_zone_t* zone) {
    return static_cast<ZoneHeader*>(zone->data);
}

ngx_slab_pool_t* slab_of(const ngx_shm_zone_t* zone) {
    return reinterpret_cast<ngx_slab_pool_t*>(zone->shm.addr);
}

class Lock {
public:
    explicit Lock(const ngx_shm_zone_t* zone) : slab_(slab_of(zone)) { ngx_shmtx_lock(&slab_->mutex); }
    Lock(const Lock&) = delete;
    Lock& operator=(const Lock&) = delete;
    ~Lock() { ngx_shmtx_unlock(&slab_->mutex); }

private:
    ngx_slab_pool_t* slab_;
};

ExpiringSet::Key make_key(std::string_view value) {
    ExpiringSet::Key key{};
    const std::string hash = core::digest(core::Hash::sha256, value);
    ngx_memcpy(key.data(), hash.data(), key.size());
    return key;
}

bool make_keys(ZoneHeader& header) {
    core::SystemRandom random;
    if (!random.fill(header.session_secret, secret_size)) {
        return false;
    }
    const auto key = jose::SigningKey::generate_es256();
    auto der = key ? key->to_der() : std::nullopt;
    if (!der || der->size() > max_identity_key) {
        return false;
    }
    ngx_memcpy(header.identity_key, der->data(), der->size());
    header.identity_key_size = der->size();
    core::wipe(*der);
    return true;
}

// So many of the zone's pages; nullptr where there are none.
ExpiringSet* make_set(ngx_slab_pool_t* slab, std::size_t pages) {
    const std::size_t size = pages * ngx_pagesize;
    void* block = size == 0 ? nullptr : ngx_slab_alloc(slab, size);
    return block == nullptr ? nullptr : ExpiringSet::create(block, size);
}

bool fill_zone(ngx_slab_pool_t* slab, ZoneHeader& header) {
    const std::size_t pages = slab->pfree;
    header.used_states = make_set(slab, pages / 4);
    header.revoked_sessions = make_set(slab, pages / 2);
    header.layout = layout;
    return header.used_states != nullptr && header.revoked_sessions != nullptr && make_keys(header);
}

// What is there already: of the cycle before, or of other processes where nginx finds zones by name.
ngx_int_t take_over(ngx_shm_zone_t* zone, void* data) {
    if (static_cast<const ZoneHeader*>(data)->layout != layout) {
        ngx_log_error(NGX_LOG_EMERG, zone->shm.log, 0,
                      "\"oauth_zone\": the zone was made by another version of the module: restart nginx");
        return NGX_ERROR;
    }
    zone->data = data; // the keys and what has been used go on
    return NGX_OK;
}

ngx_int_t init_zone(ngx_shm_zone_t* zone, void* old_data) {
    ngx_slab_pool_t* slab = slab_of(zone);
    if (old_data != nullptr || zone->shm.exists) {
        return take_over(zone, old_data != nullptr ? old_data : slab->data);
    }
    slab->log_nomem = 0;
    auto* header = static_cast<ZoneHeader*>(ngx_slab_calloc(slab, sizeof(ZoneHeader)));
    if (header == nullptr || !fill_zone(slab, *header)) {
        ngx_log_error(NGX_LOG_EMERG, zone->shm.log, 0,
                      "\"oauth_zone\": the zone is too small or the random generator failed");
        return NGX_ERROR;
    }
    slab->data = header;
    zone->data = header;
    return NGX_OK;
}

} // namespace

namespace {

// What fill_zone() will have room for: nginx's pages behind what it keeps for itself, and one for the header.
std::size_t count_of_revocations(std::size_t zone_size) {
    const std::size_t own = sizeof(ngx_slab_pool_t) +
                            (ngx_pagesize_shift - 3) * (sizeof(ngx_slab_page_t) + sizeof(ngx_slab_stat_t));
    const std::size_t described = (zone_size - own) / (ngx_pagesize + sizeof(ngx_slab_page_t));
    const std::size_t start = ngx_align(own + described * sizeof(ngx_slab_page_t), ngx_pagesize);
    const std::size_t pages = std::min(described, (zone_size - start) / ngx_pagesize) - 1;
    return ExpiringSet::capacity_of(pages / 2 * ngx_pagesize);
}

void warn_of_size(ngx_conf_t* cf, std::size_t size) {
    constexpr std::size_t usual = 1024 * 1024;
    if (size < usual) {
        ngx_conf_log_error(
            NGX_LOG_WARN, cf, 0,
            "\"oauth_zone\": found %uz bytes, which hold about %uz sign-outs at once, each kept "
            "for oauth_session_lifetime; the next ones are answered with 503; usual is 8m",
            size, count_of_revocations(size));
    }
}

} // namespace

bool add_zone(ngx_conf_t* cf, MainConf& main) {
    static ngx_str_t name = ngx_string("ngx_http_oauth");
    if (main.zone_size < fewest_pages * ngx_pagesize) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "\"oauth_zone\": found %uz bytes, accepted: %uz or more",
                           main.zone_size, fewest_pages * ngx_pagesize);
        return false;
    }
    main.zone = ngx_shared_memory_add(cf, &name, main.zone_size, &ngx_http_oauth_module);
    if (main.zone == nullptr) {
        return false;
    }
    warn_of_size(cf, main.zone_size);
    main.zone->init = guarded<init_zone>;
    return true;
}

std::string zone_session_secret(const ngx_shm_zone_t* zone) {
    return {reinterpret_cast<const char*>(header_of(zone)->session_secret), secret_size};
}

std::string zone_identity_key(const ngx_shm_zone_t* zone) {
    const ZoneHeader& header = *header_of(zone);
    return {reinterpret_cast<const char*>(header.identity_key), header.identity_key_size};
}

session::Ledger::Mark ZoneLedger::use_once(std::string_view state, std::int64_t until) {
    const ExpiringSet::Key key = make_key(state);
    const Lock lock(zone_);
    const auto added =
        header_of(zone_)->used_states->add(key, {ngx_time(), until}, ExpiringSet::WhenFull::drop_earliest);
    return added == ExpiringSet::Added::first ? Mark::first : Mark::again;
}

bool ZoneLedger::is_used(std::string_view state) {
    const ExpiringSet::Key key = make_key(state);
    const Lock lock(zone_);
    return header_of(zone_)->used_states->contains(key);
}

session::Ledger::Revocation ZoneLedger::revoke(std::string_view session_id, std::int64_t until) {
    const ExpiringSet::Key key = make_key(session_id);
    const Lock lock(zone_);
    ZoneHeader& header = *header_of(zone_);
    const auto added = header.revoked_sessions->add(key, {ngx_time(), until}, ExpiringSet::WhenFull::refuse);
    if (added == ExpiringSet::Added::full) {
        return Revocation::full;
    }
    static_cast<void>(ngx_atomic_fetch_add(&header.generation, 1));
    return Revocation::done;
}

bool ZoneLedger::is_revoked(std::string_view session_id) {
    const ExpiringSet::Key key = make_key(session_id);
    const Lock lock(zone_);
    return header_of(zone_)->revoked_sessions->contains(key);
}

std::uint64_t ZoneLedger::generation() const noexcept {
    return header_of(zone_)->generation;
}

} // namespace oauth::ngx
