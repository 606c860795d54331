// SPDX-License-Identifier: MIT
// See zone.hpp: how the zone is made and taken over.
#include "zone.hpp"
#include "../boundary.hpp"
#include "zone_header.hpp"

#include "../../core/bytes.hpp"
#include "../../core/crypto.hpp"

#include <algorithm>

namespace oauth::ngx {

namespace {

using session::ExpiringSet;

constexpr std::size_t fewest_pages = 8;

bool make_keys(ZoneHeader& header) {
    core::SystemRandom random;
    if (!random.fill(header.session_secret, zone_secret_size)) {
        return false;
    }
    const auto key = jose::SigningKey::generate_es256();
    auto der = key ? key->to_der() : std::nullopt;
    if (!der || der->size() > max_zone_key) {
        return false;
    }
    ngx_memcpy(header.identity_key, der->data(), der->size());
    header.identity_key_size = der->size();
    core::wipe(*der);
    return true;
}

// nullptr where there is no room.
ExpiringSet* make_set(ngx_slab_pool_t* slab, std::size_t size) {
    void* block = size == 0 ? nullptr : ngx_slab_alloc(slab, size);
    return block == nullptr ? nullptr : ExpiringSet::create(block, size);
}

bool make_blocks(ngx_slab_pool_t* slab, ZoneHeader& header) {
    const ZoneShares shares = share_pages(slab->pfree);
    header.used_states = make_set(slab, shares.used_states);
    header.revoked_sessions = make_set(slab, shares.revoked_sessions);
    header.layout = zone_layout;
    return header.used_states != nullptr && header.revoked_sessions != nullptr;
}

// What is there already: of the cycle before, or of other processes where nginx finds zones by name.
ngx_int_t take_over(ngx_shm_zone_t* zone, void* data) {
    if (static_cast<const ZoneHeader*>(data)->layout != zone_layout) {
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
    if (header == nullptr || !make_blocks(slab, *header)) {
        ngx_log_error(NGX_LOG_EMERG, zone->shm.log, 0, "\"oauth_zone\": the zone is too small");
        return NGX_ERROR;
    }
    slab->data = header;
    zone->data = header;
    if (const ngx_shm_zone_t* former = former_zone(zone)) {
        return take_from_former(zone, *former) ? NGX_OK : NGX_ERROR;
    }
    if (!make_keys(*header)) {
        ngx_log_error(NGX_LOG_EMERG, zone->shm.log, 0,
                      "\"oauth_zone\": OpenSSL makes no keys: it has no randomness or no memory");
        return NGX_ERROR;
    }
    return NGX_OK;
}

void warn_of_size(ngx_conf_t* cf, std::size_t size) {
    constexpr std::size_t usual = 1024 * 1024;
    if (size < usual) {
        ngx_conf_log_error(
            NGX_LOG_WARN, cf, 0,
            "\"oauth_zone\": found %uz bytes, which hold about %uz sign-outs at once, each kept "
            "for oauth_session_lifetime; the next ones are answered with 503; usual is 8m",
            size, ExpiringSet::capacity_of(share_pages(count_pages(size)).revoked_sessions));
    }
}

} // namespace

std::size_t smallest_zone() {
    return fewest_pages * ngx_pagesize;
}

ZoneShares share_pages(std::size_t pages) {
    return {pages / 4 * ngx_pagesize, pages / 2 * ngx_pagesize};
}

std::size_t count_pages(std::size_t zone_size) {
    const std::size_t own = sizeof(ngx_slab_pool_t) +
                            (ngx_pagesize_shift - 3) * (sizeof(ngx_slab_page_t) + sizeof(ngx_slab_stat_t));
    const std::size_t described = (zone_size - own) / (ngx_pagesize + sizeof(ngx_slab_page_t));
    const std::size_t start = ngx_align(own + described * sizeof(ngx_slab_page_t), ngx_pagesize);
    return std::min(described, (zone_size - start) / ngx_pagesize) - 1;
}

bool add_zone(ngx_conf_t* cf, MainConf& main) {
    static ngx_str_t name = ngx_string("ngx_http_oauth");
    if (main.zone_size < smallest_zone()) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "\"oauth_zone\": found %uz bytes, accepted: %uz or more",
                           main.zone_size, smallest_zone());
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
    return {reinterpret_cast<const char*>(header_of(zone)->session_secret), zone_secret_size};
}

std::string zone_identity_key(const ngx_shm_zone_t* zone) {
    const ZoneHeader& header = *header_of(zone);
    return {reinterpret_cast<const char*>(header.identity_key), header.identity_key_size};
}

} // namespace oauth::ngx
