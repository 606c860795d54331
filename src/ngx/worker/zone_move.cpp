// SPDX-License-Identifier: MIT
// A reload with another oauth_zone makes a new zone, while the former still serves its workers: what is live
// is copied. It happens twice. When nginx makes the zone the reload can still be refused; when the new cycle
// is certain, what has come meanwhile goes along, and the former is closed. From then on a worker that is
// being replaced cannot end sessions: nobody but itself would know. It answers 503, and whoever tries again
// meets a new worker. What it was told before, it sees until its end. Checks that it had begun go on, and the
// new workers are told how they end: session::LateNews.
#include "worker.hpp"
#include "zone.hpp"
#include "zone_header.hpp"

#include "../../core/bytes.hpp"

namespace oauth::ngx {

namespace {

using session::RecordTable;

// The master has no way to learn that a worker died with the lock while it waits here itself.
class BoundedLock {
public:
    explicit BoundedLock(const ngx_shm_zone_t& zone) : slab_(slab_of(&zone)) {
        constexpr int attempts = 2000; // of a millisecond
        for (int i = 0; i < attempts && !taken_; ++i) {
            taken_ = ngx_shmtx_trylock(&slab_->mutex) != 0;
            if (!taken_) {
                ngx_msleep(1);
            }
        }
    }
    BoundedLock(const BoundedLock&) = delete;
    BoundedLock& operator=(const BoundedLock&) = delete;
    ~BoundedLock() {
        if (taken_) {
            ngx_shmtx_unlock(&slab_->mutex);
        }
    }
    bool taken() const { return taken_; }

private:
    ngx_slab_pool_t* slab_;
    bool taken_ = false;
};

bool fits(const ZoneShares& shares, const session::LiveState& live) {
    return session::ExpiringSet::capacity_of(shares.ended) >= live.ended &&
           RecordTable::size_for({live.marks, 0}, 0) <= shares.marks &&
           RecordTable::size_for(live.renewals, session::chunks_of_renewal) <= shares.renewals &&
           (shares.sessions == 0 ||
            RecordTable::size_for(live.sessions, session::chunks_of_session) <= shares.sessions);
}

// The smallest oauth_zone that has room for so much, by a page.
std::size_t size_for(const session::LiveState& live, ZoneUse use) {
    std::size_t size = smallest_zone(use);
    while (!fits(share_pages(count_pages(with_use(size, use)), use), live)) {
        size += ngx_pagesize;
    }
    return size;
}

void copy_keys(ZoneHeader& to, const ZoneHeader& from) {
    ngx_memcpy(to.session_secret, from.session_secret, zone_secret_size);
    ngx_memcpy(to.identity_key, from.identity_key, max_zone_key);
    to.identity_key_size = from.identity_key_size;
    to.shared.generation = from.shared.generation + 1;
}

} // namespace

const ngx_shm_zone_t* former_zone(const ngx_shm_zone_t* zone) {
    const auto& name = zone->shm.name;
    const ngx_cycle_t* cycle = const_cast<const ngx_cycle_t*>(ngx_cycle); // still the one before
    for (const ngx_list_part_t* part = &cycle->shared_memory.part; part != nullptr; part = part->next) {
        const auto* zones = static_cast<const ngx_shm_zone_t*>(part->elts);
        for (ngx_uint_t i = 0; i < part->nelts; ++i) {
            const ngx_shm_zone_t& each = zones[i];
            const bool is_ours = each.tag == zone->tag && each.shm.name.len == name.len &&
                                 ngx_memcmp(each.shm.name.data, name.data, name.len) == 0;
            if (is_ours && each.shm.addr != nullptr && each.shm.addr != zone->shm.addr &&
                each.data != nullptr && header_of(&each)->layout == zone_layout) {
                return &each;
            }
        }
    }
    return nullptr;
}

bool take_from_former(const ngx_shm_zone_t* zone, const ngx_shm_zone_t& former) {
    const BoundedLock lock(former);
    if (!lock.taken()) {
        ngx_log_error(
            NGX_LOG_EMERG, zone->shm.log, 0,
            "\"oauth_zone\": the zone that is in use is locked by a process that died: reload again");
        return false;
    }
    ZoneHeader& from = *header_of(&former);
    const NgxClock clock;
    session::SharedState& to = header_of(zone)->shared;
    if (!session::take_live(to, from.shared, clock)) {
        const ZoneUse use = to.sessions != nullptr ? ZoneUse::sessions : ZoneUse::ledger;
        session::LiveState live = session::count_live(from.shared, clock);
        live.sessions = use == ZoneUse::sessions ? live.sessions : RecordTable::Amount{};
        ngx_log_error(NGX_LOG_EMERG, zone->shm.log, 0,
                      "\"oauth_zone\": found %uz bytes, which cannot hold what is live now: %uz sign-outs, "
                      "%uz sessions, %uz renewals of sessions; accepted: %uz or more; what was configured "
                      "before stays in use",
                      zone->shm.size - with_use(0, use), live.ended + live.marks, live.sessions.records,
                      live.renewals.records, size_for(live, use));
        return false;
    }
    copy_keys(*header_of(zone), from);
    return true;
}

// Nothing can be refused any more.
ngx_int_t close_former_zone(ngx_cycle_t* cycle) {
    auto* main =
        static_cast<MainConf*>(ngx_get_conf(cycle->conf_ctx, ngx_http_module) == nullptr
                                   ? nullptr
                                   : ngx_http_cycle_get_module_main_conf(cycle, ngx_http_oauth_module));
    const ngx_shm_zone_t* zone = main == nullptr ? nullptr : main->zone;
    const ngx_shm_zone_t* former = zone == nullptr ? nullptr : former_zone(zone);
    if (former == nullptr) {
        return NGX_OK;
    }
    const BoundedLock lock(*former);
    ZoneHeader& from = *header_of(former);
    from.shared.moved = 1;
    if (!lock.taken() || !session::take_live(header_of(zone)->shared, from.shared, NgxClock())) {
        ngx_log_error(
            NGX_LOG_ALERT, cycle->log, 0,
            "\"oauth_zone\": what changed in the last moment found no room and is forgotten: raise it");
    }
    return NGX_OK;
}

} // namespace oauth::ngx
