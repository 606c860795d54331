// SPDX-License-Identifier: MIT
// See waiting.hpp. The http cleanup cancels; the context itself stays until the log phase is over.
#include "waiting.hpp"
#include "../boundary.hpp"
#include "context.hpp"

namespace oauth::ngx {

namespace {

// The request's own event, not the connection's: of a connection with subrequests, the one that waits need
// not be the one that is writing.
void on_wake(ngx_event_t* event) {
    auto* r = static_cast<ngx_http_request_t*>(event->data);
    ngx_connection_t* c = r->connection;
    ngx_http_set_log_request(c->log, r);
    r->write_event_handler(r);
    ngx_http_run_posted_requests(c);
}

void cancel(void* data) {
    static_cast<Context*>(data)->under_way.reset();
}

} // namespace

Wake::Wake(ngx_http_request_t* r) {
    event_.handler = guarded<on_wake>;
    event_.data = r;
    event_.log = r->connection->log;
}

Wake::~Wake() {
    if (event_.posted != 0) {
        ngx_delete_posted_event(&event_);
    }
}

void Wake::post() {
    if (event_.posted == 0) {
        ngx_post_event(&event_, &ngx_posted_events);
    }
}

void Wake::failed(const std::exception_ptr& exception) noexcept {
    log_exception(exception);
}

bool prepare_to_wait(ngx_http_request_t* r) {
    ngx_http_cleanup_t* cleanup = r->main->cleanup;
    Context* context = find_context(r);
    while (cleanup != nullptr && !(cleanup->handler == guarded<cancel> && cleanup->data == context)) {
        cleanup = cleanup->next;
    }
    if (cleanup == nullptr) {
        cleanup = ngx_http_cleanup_add(r, 0);
        if (cleanup == nullptr) {
            return false;
        }
        cleanup->handler = guarded<cancel>;
        cleanup->data = context;
    }
    r->write_event_handler = ngx_http_core_run_phases;
    if (r != r->main) {
        return true; // the client is the main request's to watch
    }
    ngx_event_t* read = r->connection->read;
    if (read->ready != 0) {
        if (read->posted == 0) {
            ngx_post_event(read, &ngx_posted_events);
        }
    } else if (ngx_handle_read_event(read, 0) != NGX_OK) {
        return false;
    }
    r->read_event_handler = ngx_http_test_reading;
    return true;
}

void end_waiting(ngx_http_request_t* r) {
    if (r == r->main) {
        r->read_event_handler = ngx_http_block_reading;
    }
}

} // namespace oauth::ngx
