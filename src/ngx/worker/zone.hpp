// SPDX-License-Identifier: MIT
// The shared zone: what survives a reload and what all workers agree on. Made by the master before it forks;
// only plain structs inside. Every operation takes the zone's lock for a lookup of a fixed-size key and
// nothing else.
#pragma once

#include "../conf/conf.hpp"

#include "../../session/ledger.hpp"

#include <optional>
#include <string>

namespace oauth::ngx {

struct ZoneHeader;

bool add_zone(ngx_conf_t* cf, MainConf& main);
std::size_t smallest_zone();
// nginx's init_module: the new cycle is certain, and the former's zone, if it is another one, is closed.
ngx_int_t close_former_zone(ngx_cycle_t* cycle);

// The secret for sealing sessions if oauth_session_key is not set. It is made once per zone.
std::string zone_session_secret(const ngx_shm_zone_t* zone);
// The ES256 key for signing identity tokens if oauth_identity_key is not set, as PKCS#8.
std::string zone_identity_key(const ngx_shm_zone_t* zone);

class ZoneLedger final : public session::Ledger {
public:
    explicit ZoneLedger(ngx_shm_zone_t* zone) : zone_(zone) {}

    Mark use_once(std::string_view state, std::int64_t until) override;
    bool is_used(std::string_view state) override;
    Revocation revoke(std::string_view session_id, std::int64_t until) override;
    Remembered remember(std::string_view key, std::int64_t until) override;
    Revocation revoke_all(std::string_view mark, std::int64_t begun_until, std::int64_t until) override;
    bool is_revoked(const session::Marks& marks) override;
    std::uint64_t generation() const noexcept override;
    session::Lease lease(const session::Renewal& renewal, std::int64_t lease_until) override;
    void end_renewal(const session::Renewal& renewal, RenewalEnd end, std::string_view handover) override;
    void saw(const session::Renewal& renewal) override;

private:
    ngx_shm_zone_t* zone_;
};

} // namespace oauth::ngx
