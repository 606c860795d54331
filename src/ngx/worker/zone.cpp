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
using session::RecordTable;

constexpr std::size_t fewest_pages = 8;
constexpr std::size_t fewest_with_sessions = 32;
constexpr std::size_t usual_session = 1200; // bytes, with an ID token

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

RecordTable* make_table(ngx_slab_pool_t* slab, RecordTable::Shape shape) {
    void* block = shape.size == 0 ? nullptr : ngx_slab_alloc(slab, shape.size);
    return block == nullptr ? nullptr : RecordTable::create(block, shape);
}

bool make_blocks(ngx_slab_pool_t* slab, ZoneHeader& header, ZoneUse use) {
    const ZoneShares shares = share_pages(slab->pfree, use);
    session::SharedState& all = *new (&header.shared) session::SharedState{};
    all.used_states = make_set(slab, shares.used_states);
    all.ended = make_set(slab, shares.ended);
    all.marks = make_table(slab, {shares.marks, 0});
    all.renewals = make_table(slab, {shares.renewals, session::chunks_of_renewal});
    all.signed_tokens = make_table(slab, {shares.signed_tokens, session::chunks_of_token});
    all.sessions = make_table(slab, {shares.sessions, session::chunks_of_session});
    header.layout = zone_layout;
    return all.used_states != nullptr && all.ended != nullptr && all.marks != nullptr &&
           all.renewals != nullptr && (all.signed_tokens != nullptr || shares.signed_tokens == 0) &&
           (all.sessions != nullptr || use == ZoneUse::ledger);
}

// What is there already: of the cycle before, or of other processes where nginx finds zones by name.
ngx_int_t take_over(ngx_shm_zone_t* zone, void* data) {
    if (*static_cast<const std::uint64_t*>(data) != zone_layout) { // which both headers begin with
        ngx_log_error(NGX_LOG_EMERG, zone->shm.log, 0,
                      "\"oauth_zone\": the zone was made by another version of the module: restart nginx");
        return NGX_ERROR;
    }
    zone->data = data; // the keys and what has been used go on
    return NGX_OK;
}

ngx_int_t init_zone(ngx_shm_zone_t* zone, void* old_data) {
    ngx_slab_pool_t* slab = slab_of(zone);
    const ZoneUse use = use_of(*static_cast<const MainConf*>(zone->data));
    if (old_data != nullptr || zone->shm.exists) {
        return take_over(zone, old_data != nullptr ? old_data : slab->data);
    }
    slab->log_nomem = 0;
    auto* header = static_cast<ZoneHeader*>(ngx_slab_calloc(slab, sizeof(ZoneHeader)));
    if (header == nullptr || !make_blocks(slab, *header, use)) {
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

// Of one size in every cycle, so that nginx goes on with it.
ngx_int_t init_late_zone(ngx_shm_zone_t* zone, void* old_data) {
    ngx_slab_pool_t* slab = slab_of(zone);
    if (old_data != nullptr || zone->shm.exists) {
        return take_over(zone, old_data != nullptr ? old_data : slab->data);
    }
    slab->log_nomem = 0;
    auto* header = static_cast<LateHeader*>(ngx_slab_calloc(slab, sizeof(LateHeader)));
    if (header == nullptr) {
        return NGX_ERROR;
    }
    header->layout = zone_layout;
    new (&header->news) session::LateNews::Memory{};
    header->news.table = make_table(slab, {slab->pfree * ngx_pagesize, session::LateNews::chunks_each});
    slab->data = header;
    zone->data = header;
    return header->news.table != nullptr ? NGX_OK : NGX_ERROR;
}

// Likewise.
ngx_int_t init_figures_zone(ngx_shm_zone_t* zone, void* old_data) {
    ngx_slab_pool_t* slab = slab_of(zone);
    if (old_data != nullptr || zone->shm.exists) {
        return take_over(zone, old_data != nullptr ? old_data : slab->data);
    }
    slab->log_nomem = 0;
    void* block = ngx_slab_alloc(slab, sizeof(FiguresHeader));
    if (block == nullptr) {
        return NGX_ERROR;
    }
    slab->data = zone->data = new (block) FiguresHeader{zone_layout, {}};
    return NGX_OK;
}

// A zone of one size in every cycle.
ngx_shm_zone_t* add_lasting_zone(ngx_conf_t* cf, ngx_str_t& name, std::size_t size, ngx_shm_zone_init_pt init,
                                 MainConf& main) {
    ngx_shm_zone_t* zone = ngx_shared_memory_add(cf, &name, size, &ngx_http_oauth_module);
    if (zone != nullptr) {
        zone->data = &main; // until it has been made
        zone->init = init;
    }
    return zone;
}

void warn_of_size(ngx_conf_t* cf, std::size_t size, ZoneUse use) {
    constexpr std::size_t usual = 1024 * 1024;
    if (size >= usual) {
        return;
    }
    const ZoneShares shares = share_pages(count_pages(with_use(size, use)), use);
    const std::size_t ends = ExpiringSet::capacity_of(shares.ended);
    if (use == ZoneUse::ledger) {
        ngx_conf_log_error(
            NGX_LOG_WARN, cf, 0,
            "\"oauth_zone\": found %uz bytes, which hold about %uz sign-outs at once, each kept "
            "for oauth_session_lifetime; the next ones are answered with 503; usual is 8m",
            size, ends);
        return;
    }
    const std::size_t records = RecordTable::capacity_of({shares.sessions, session::chunks_of_session});
    const std::size_t chunks = records * session::chunks_of_session * 31 / 32; // some are kept for refreshes
    const std::size_t sessions = std::min(records, chunks / (usual_session / RecordTable::chunk_room + 1));
    ngx_conf_log_error(
        NGX_LOG_WARN, cf, 0,
        "\"oauth_zone\": found %uz bytes, which hold about %uz sign-outs at once and %uz sessions "
        "of %uz bytes, each kept for oauth_session_lifetime; the next ones are answered with 503; "
        "usual is 8m",
        size, ends, sessions, usual_session);
}

} // namespace

std::size_t smallest_zone(ZoneUse use) {
    return (use == ZoneUse::sessions ? fewest_with_sessions : fewest_pages) * ngx_pagesize;
}

ZoneUse use_of(const MainConf& main) {
    for (const ServerConf* server : main.compiled->servers) {
        if (server->in_use && server->compiled->options.store.kind == session::StoreSettings::Kind::shared) {
            return ZoneUse::sessions;
        }
    }
    return ZoneUse::ledger;
}

std::size_t with_use(std::size_t configured, ZoneUse use) {
    return use == ZoneUse::sessions ? configured + ngx_pagesize : configured;
}

ZoneShares share_pages(std::size_t pages, ZoneUse use) {
    const auto sixteenths = [pages](std::size_t count) {
        return std::max<std::size_t>(pages * count / 16, 1) * ngx_pagesize;
    };
    if (use == ZoneUse::sessions) {
        return {sixteenths(1), sixteenths(2), sixteenths(1), sixteenths(2), sixteenths(1), sixteenths(9)};
    }
    const std::size_t tokens = pages * 2 / 16; // none in the smallest
    const std::size_t ended = pages * 9 / 16 - tokens;
    return {sixteenths(3), ended * ngx_pagesize, sixteenths(1), sixteenths(3), tokens * ngx_pagesize, 0};
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
    const ZoneUse use = use_of(main);
    if (main.zone_size < smallest_zone(use)) {
        ngx_conf_log_error(
            NGX_LOG_EMERG, cf, 0, "\"oauth_zone\": found %uz bytes, accepted: %uz or more%s", main.zone_size,
            smallest_zone(use),
            use == ZoneUse::sessions ? ", because \"oauth_session shared\" keeps sessions there" : "");
        return false;
    }
    main.zone = ngx_shared_memory_add(cf, &name, with_use(main.zone_size, use), &ngx_http_oauth_module);
    if (main.zone == nullptr) {
        return false;
    }
    static ngx_str_t late_name = ngx_string("ngx_http_oauth_late");
    const std::size_t late_size = std::max<std::size_t>(512 * 1024, fewest_pages * ngx_pagesize);
    main.late_zone = add_lasting_zone(cf, late_name, late_size, guarded<init_late_zone>, main);
    static ngx_str_t figures_name = ngx_string("ngx_http_oauth_figures");
    const std::size_t figures_size = sizeof(FiguresHeader) + fewest_pages * ngx_pagesize;
    main.figures_zone = add_lasting_zone(cf, figures_name, figures_size, guarded<init_figures_zone>, main);
    if (main.late_zone == nullptr || main.figures_zone == nullptr) {
        return false;
    }
    warn_of_size(cf, main.zone_size, use);
    main.zone->data = &main; // until it has been made
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

session::SharedMemory zone_memory(const ngx_shm_zone_t* zone, session::SharedMutex& mutex,
                                  const core::Clock& clock) {
    return {header_of(zone)->shared, mutex, clock};
}

figures::Memory& figures_memory(const ngx_shm_zone_t* figures_zone) {
    return static_cast<FiguresHeader*>(figures_zone->data)->memory;
}

session::LateNews::Memory& late_memory(const ngx_shm_zone_t* late_zone) {
    return static_cast<LateHeader*>(late_zone->data)->news;
}

} // namespace oauth::ngx
