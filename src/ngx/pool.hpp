// SPDX-License-Identifier: MIT
// C++ objects in nginx's pools: made here, destroyed by the pool.
#pragma once

#include "ngx.hpp"

#include <new>
#include <utility>

namespace oauth::ngx {

template <class T>
void destroy_in_pool(void* data) {
    static_cast<T*>(data)->~T();
}

// Throws bad_alloc. The object's address is stable and it lives until the pool is destroyed, after the log
// phase.
template <class T, class... Arguments>
T* pool_make(ngx_pool_t* pool, Arguments&&... arguments) {
    static_assert(alignof(T) <= NGX_ALIGNMENT, "pools align to NGX_ALIGNMENT");
    ngx_pool_cleanup_t* cleanup = ngx_pool_cleanup_add(pool, sizeof(T));
    if (cleanup == nullptr) {
        throw std::bad_alloc();
    }
    T* object = new (cleanup->data) T(std::forward<Arguments>(arguments)...);
    cleanup->handler = destroy_in_pool<T>;
    return object;
}

// The newest object of that type in the pool; nullptr if there is none. Finds what nginx forgets, such as
// r->ctx after an internal redirect.
template <class T, class Match>
T* pool_find(ngx_pool_t* pool, Match match) {
    for (ngx_pool_cleanup_t* cleanup = pool->cleanup; cleanup != nullptr; cleanup = cleanup->next) {
        if (cleanup->handler == destroy_in_pool<T> && match(*static_cast<T*>(cleanup->data))) {
            return static_cast<T*>(cleanup->data);
        }
    }
    return nullptr;
}

} // namespace oauth::ngx
