// SPDX-License-Identifier: MIT
// See flow_host.hpp. A flow never touches the request: when it is done it posts the connection's write event,
// and nginx runs the phases again. The http cleanup cancels; the context itself stays until the log phase is
// over.
#include "flow_host.hpp"
#include "../boundary.hpp"
#include "respond.hpp"

namespace oauth::ngx {

namespace {

void cancel_flow(void* data) {
    static_cast<Context*>(data)->abandon();
}

bool watch_client(ngx_http_request_t* r, Context& context) {
    if (!context.cleanup_added) {
        ngx_http_cleanup_t* cleanup = ngx_http_cleanup_add(r, 0);
        if (cleanup == nullptr) {
            return false;
        }
        cleanup->handler = guarded<cancel_flow>;
        cleanup->data = &context;
        context.cleanup_added = true;
    }
    ngx_event_t* read = r->connection->read;
    if (read->ready) {
        if (!read->posted) {
            ngx_post_event(read, &ngx_posted_events);
        }
    } else if (ngx_handle_read_event(read, 0) != NGX_OK) {
        return false;
    }
    r->read_event_handler = ngx_http_test_reading;
    r->write_event_handler = ngx_http_core_run_phases;
    return true;
}

void complete(Context& context, std::optional<web::Answer> answer, const std::exception_ptr& exception) {
    if (exception) {
        context.failed = true;
        try {
            std::rethrow_exception(exception);
        } catch (const std::exception& known) {
            log_exception(known.what());
        } catch (...) {
            log_exception("unknown");
        }
    }
    context.answer = std::move(answer);
    ngx_event_t* write = context.request()->connection->write;
    if (!context.starting && !write->posted) {
        ngx_post_event(write, &ngx_posted_events);
    }
}

ngx_int_t finish(ngx_http_request_t* r, Context& context) {
    r->read_event_handler = ngx_http_block_reading;
    std::optional<web::Answer> answer = std::exchange(context.answer, std::nullopt);
    context.flow.reset();
    context.facts.reset();
    if (context.failed || !answer) {
        context.error = core::Code::internal_error;
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }
    return respond(r, context, *answer);
}

} // namespace

ngx_int_t start_flow(ngx_http_request_t* r, Context& context, core::Task<web::Answer> task) {
    context.failed = false;
    context.flow = std::make_unique<core::Flow<web::Answer>>(
        std::move(task), [&context](std::optional<web::Answer> answer, const std::exception_ptr& exception) {
            complete(context, std::move(answer), exception);
        });
    context.starting = true;
    context.flow->start();
    context.starting = false;
    if (context.answer || context.failed) {
        return finish(r, context);
    }
    if (!watch_client(r, context)) {
        context.abandon();
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }
    return NGX_AGAIN;
}

ngx_int_t continue_flow(ngx_http_request_t* r, Context& context) {
    return context.answer || context.failed ? finish(r, context) : NGX_AGAIN;
}

} // namespace oauth::ngx
