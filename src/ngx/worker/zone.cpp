// SPDX-License-Identifier: MIT
// See zone.hpp. An entry is a key of 16 hashed bytes and the time when it may be forgotten. Entries of one
// kind live about equally long, so a queue in order of arrival finds the expired ones without looking at the
// others.
#include "zone.hpp"
#include "../boundary.hpp"

#include "../../core/bytes.hpp"
#include "../../core/crypto.hpp"

#include <array>

namespace oauth::ngx {

namespace {

constexpr ngx_uint_t layout_version = 1;
constexpr std::size_t secret_size = 32;
constexpr std::size_t max_identity_key = 256;
constexpr std::size_t key_size = 16;

enum Kind : unsigned { used_state, revoked_session, kinds };

struct Entry {
    ngx_rbtree_node_t node; // key: the first bytes of id
    ngx_queue_t queue;
    std::int64_t until;
    u_char id[key_size];
};

using Key = std::array<u_char, key_size>;

} // namespace

struct ZoneHeader {
    ngx_uint_t version;
    u_char session_secret[secret_size];
    std::size_t identity_key_size;
    u_char identity_key[max_identity_key];
    ngx_atomic_t generation;
    ngx_rbtree_t trees[kinds];
    ngx_rbtree_node_t sentinels[kinds];
    ngx_queue_t queues[kinds];
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

Entry* entry_of(ngx_rbtree_node_t* node) {
    return reinterpret_cast<Entry*>(reinterpret_cast<u_char*>(node) - offsetof(Entry, node));
}

void insert_node(ngx_rbtree_node_t* root, ngx_rbtree_node_t* node, ngx_rbtree_node_t* sentinel) noexcept {
    for (;;) {
        bool left = node->key < root->key;
        if (node->key == root->key) {
            left = ngx_memcmp(entry_of(node)->id, entry_of(root)->id, key_size) < 0;
        }
        ngx_rbtree_node_t** next = left ? &root->left : &root->right;
        if (*next == sentinel) {
            *next = node;
            break;
        }
        root = *next;
    }
    node->parent = root;
    node->left = sentinel;
    node->right = sentinel;
    ngx_rbt_red(node);
}

Key make_key(std::string_view value) {
    Key key{};
    const std::string hash = core::digest(core::Hash::sha256, value);
    ngx_memcpy(key.data(), hash.data(), key.size());
    return key;
}

ngx_rbtree_key_t tree_key(const Key& key) {
    ngx_rbtree_key_t value = 0;
    ngx_memcpy(&value, key.data(), sizeof(value));
    return value;
}

Entry* find(ZoneHeader& header, Kind kind, const Key& key) {
    const ngx_rbtree_key_t wanted = tree_key(key);
    ngx_rbtree_node_t* node = header.trees[kind].root;
    while (node != header.trees[kind].sentinel) {
        ngx_int_t order = wanted == node->key ? 0 : (wanted < node->key ? -1 : 1);
        if (order == 0) {
            order = ngx_memcmp(key.data(), entry_of(node)->id, key_size);
        }
        if (order == 0) {
            return entry_of(node);
        }
        node = order < 0 ? node->left : node->right;
    }
    return nullptr;
}

// Frees up to `most` entries of that kind whose time has come.
void expire(const ngx_shm_zone_t* zone, Kind kind, std::int64_t now, unsigned most) {
    ZoneHeader& header = *header_of(zone);
    while (most-- > 0 && !ngx_queue_empty(&header.queues[kind])) {
        ngx_queue_t* oldest = ngx_queue_head(&header.queues[kind]);
        Entry* entry = ngx_queue_data(oldest, Entry, queue);
        if (entry->until > now) {
            return;
        }
        ngx_queue_remove(oldest);
        ngx_rbtree_delete(&header.trees[kind], &entry->node);
        ngx_slab_free_locked(slab_of(zone), entry);
    }
}

bool insert(const ngx_shm_zone_t* zone, Kind kind, const Key& key, std::int64_t until) {
    auto* entry = static_cast<Entry*>(ngx_slab_alloc_locked(slab_of(zone), sizeof(Entry)));
    if (entry == nullptr) {
        constexpr unsigned enough = 64;
        expire(zone, used_state, ngx_time(), enough);
        expire(zone, revoked_session, ngx_time(), enough);
        entry = static_cast<Entry*>(ngx_slab_alloc_locked(slab_of(zone), sizeof(Entry)));
    }
    if (entry == nullptr) {
        return false;
    }
    ZoneHeader& header = *header_of(zone);
    entry->node.key = tree_key(key);
    entry->until = until;
    ngx_memcpy(entry->id, key.data(), key_size);
    ngx_rbtree_insert(&header.trees[kind], &entry->node);
    ngx_queue_insert_tail(&header.queues[kind], &entry->queue);
    return true;
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

ngx_int_t init_zone(ngx_shm_zone_t* zone, void* old_data) {
    if (old_data != nullptr) {
        zone->data = old_data; // a reload: keys and entries are kept
        return NGX_OK;
    }
    ngx_slab_pool_t* slab = slab_of(zone);
    if (zone->shm.exists) {
        zone->data = slab->data;
        return NGX_OK;
    }
    auto* header = static_cast<ZoneHeader*>(ngx_slab_calloc(slab, sizeof(ZoneHeader)));
    if (header == nullptr || !make_keys(*header)) {
        ngx_log_error(NGX_LOG_EMERG, zone->shm.log, 0,
                      "\"oauth_zone\": the zone is too small or the random generator failed");
        return NGX_ERROR;
    }
    header->version = layout_version;
    for (unsigned kind = 0; kind < kinds; ++kind) {
        ngx_rbtree_init(&header->trees[kind], &header->sentinels[kind], insert_node);
        ngx_queue_init(&header->queues[kind]);
    }
    slab->log_nomem = 0;
    slab->data = header;
    zone->data = header;
    return NGX_OK;
}

} // namespace

bool add_zone(ngx_conf_t* cf, MainConf& main) {
    static ngx_str_t name = ngx_string("ngx_http_oauth");
    main.zone = ngx_shared_memory_add(cf, &name, main.zone_size, &ngx_http_oauth_module);
    if (main.zone == nullptr) {
        return false;
    }
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

session::Ledger::Mark ZoneLedger::use_once(std::string_view state, std::int64_t until) noexcept {
    const Key key = make_key(state);
    const Lock lock(zone_);
    expire(zone_, used_state, ngx_time(), 2);
    if (find(*header_of(zone_), used_state, key) != nullptr) {
        return Mark::again;
    }
    return insert(zone_, used_state, key, until) ? Mark::first : Mark::full;
}

session::Ledger::Revocation ZoneLedger::revoke(std::string_view session_id, std::int64_t until) noexcept {
    const Key key = make_key(session_id);
    const Lock lock(zone_);
    expire(zone_, revoked_session, ngx_time(), 2);
    if (find(*header_of(zone_), revoked_session, key) == nullptr &&
        !insert(zone_, revoked_session, key, until)) {
        return Revocation::full;
    }
    static_cast<void>(ngx_atomic_fetch_add(&header_of(zone_)->generation, 1));
    return Revocation::done;
}

bool ZoneLedger::is_revoked(std::string_view session_id) noexcept {
    const Key key = make_key(session_id);
    const Lock lock(zone_);
    return find(*header_of(zone_), revoked_session, key) != nullptr;
}

std::uint64_t ZoneLedger::generation() const noexcept {
    return header_of(zone_)->generation;
}

} // namespace oauth::ngx
