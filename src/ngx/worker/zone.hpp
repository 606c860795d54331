// SPDX-License-Identifier: MIT
// The shared zone: what survives a reload and what all workers agree on. Made by the master before it forks;
// only plain structs inside. Every operation takes the zone's lock for a lookup of a fixed-size key and
// nothing else.
#pragma once

#include "../conf/conf.hpp"

#include "../../figures/memory.hpp"
#include "../../session/late_news.hpp"
#include "../../session/shared_state.hpp"

#include <string>

namespace oauth::ngx {

bool add_zone(ngx_conf_t* cf, MainConf& main);
// nginx's init_module: the new cycle is certain, and the former's zone, if it is another one, is closed.
ngx_int_t close_former_zone(ngx_cycle_t* cycle);

// The secret for sealing sessions if oauth_session_key is not set. It is made once per zone.
std::string zone_session_secret(const ngx_shm_zone_t* zone);
// The ES256 key for signing identity tokens if oauth_identity_key is not set, as PKCS#8.
std::string zone_identity_key(const ngx_shm_zone_t* zone);

// Of this zone; each process has one.
class ZoneMutex final : public session::SharedMutex {
public:
    explicit ZoneMutex(const ngx_shm_zone_t* zone)
        : slab_(reinterpret_cast<ngx_slab_pool_t*>(zone->shm.addr)) {}
    void lock() noexcept override { ngx_shmtx_lock(&slab_->mutex); }
    void unlock() noexcept override { ngx_shmtx_unlock(&slab_->mutex); }

private:
    ngx_slab_pool_t* slab_;
};
session::SharedMemory zone_memory(const ngx_shm_zone_t* zone, session::SharedMutex& mutex,
                                  const core::Clock& clock);

session::LateNews::Memory& late_memory(const ngx_shm_zone_t* late_zone);
figures::Memory& figures_memory(const ngx_shm_zone_t* figures_zone);

} // namespace oauth::ngx
