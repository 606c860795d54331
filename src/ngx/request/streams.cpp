// SPDX-License-Identifier: MIT
// See streams.hpp. Closing one stream may end others: with an HTTP/2 connection go all of its requests. So a
// sweep keeps nothing but the head of the queue, from which every stream that ends takes itself out.
#include "streams.hpp"
#include "../boundary.hpp"
#include "admission.hpp"
#include "headers.hpp"
#include "intake.hpp"

#include "../../flow/session_watch.hpp"

namespace oauth::ngx {

namespace {

constexpr ngx_msec_t pause = 1000;  // between two sweeps
constexpr ngx_msec_t breath = 5;    // within one, for whatever else the worker has to do
constexpr unsigned at_a_time = 256; // streams between two breaths

class Stream : public ngx_queue_t {
public:
    Stream(ngx_http_request_t* request, flow::WatchedPointer session)
        : ngx_queue_t{}, request_(request), session_(std::move(session)) {
        ngx_queue_init(this);
    }
    Stream(const Stream&) = delete;
    Stream& operator=(const Stream&) = delete;
    ~Stream() { ngx_queue_remove(this); }

    void move_to_end_of(ngx_queue_t& queue) {
        ngx_queue_remove(this);
        ngx_queue_insert_tail(&queue, this);
    }
    bool has_ended() const { return !flow::WatchedSession::goes_on(session_); }
    void close(); // which destroys it

    std::uint64_t sweep = 0; // the last one that came by

private:
    ngx_http_request_t* request_; // a main request; this is in its memory
    flow::WatchedPointer session_;
};

// As if the client had left. Without the count the cleanup of the upstream would free the request while it is
// being ended.
void Stream::close() {
    ngx_http_request_t* r = request_;
    ngx_connection_t* connection = r->connection;
    ngx_log_error(NGX_LOG_INFO, connection->log, 0, "oauth: a stream is closed, because session %s has ended",
                  session::log_id(session_->session()).c_str());
    r->count++;
    ngx_http_finalize_request(r, NGX_HTTP_CLIENT_CLOSED_REQUEST);
    ngx_http_run_posted_requests(connection);
}

// Of a process. What is seen goes to the end of the queue, so a sweep is over when it meets itself.
class Streams {
public:
    Streams() {
        ngx_queue_init(&queue_);
        no_connection_.fd = static_cast<ngx_socket_t>(-1);
        timer_.data = &no_connection_; // debug logging reads it
        timer_.handler = guarded<on_timer>;
        timer_.cancelable = 1; // keeps no worker that is shutting down
    }
    Streams(const Streams&) = delete;
    Streams& operator=(const Streams&) = delete;

    flow::WatchedPointer watch(flow::Site& site, const session::OpenedSessionPointer& session) {
        return sessions_.add(site, session);
    }
    void add(Stream& stream) {
        stream.move_to_end_of(queue_);
        if (!timer_.timer_set) {
            set_timer(pause);
        }
    }

private:
    class NextTurn {
    public:
        explicit NextTurn(Streams& streams) : streams_(streams) {}
        NextTurn(const NextTurn&) = delete;
        NextTurn& operator=(const NextTurn&) = delete;
        ~NextTurn() {
            if (!ngx_queue_empty(&streams_.queue_)) {
                streams_.set_timer(in);
            }
        }
        ngx_msec_t in = breath;

    private:
        Streams& streams_;
    };

    static void on_timer(ngx_event_t*);

    void set_timer(ngx_msec_t in) {
        timer_.log = ngx_cycle->log;
        ngx_add_timer(&timer_, in);
    }

    void look() {
        NextTurn next(*this); // also where there is no memory: what cannot be asked is asked again
        for (unsigned i = 0; i < at_a_time && !ngx_queue_empty(&queue_); ++i) {
            auto& stream = static_cast<Stream&>(*ngx_queue_head(&queue_));
            if (stream.sweep == sweep_) {
                ++sweep_;
                next.in = pause;
                sessions_.ask_stores();
                return;
            }
            stream.sweep = sweep_;
            stream.move_to_end_of(queue_);
            if (stream.has_ended()) {
                stream.close();
            }
        }
    }

    ngx_queue_t queue_{};
    flow::SessionWatch sessions_;
    std::uint64_t sweep_ = 1;
    ngx_event_t timer_{};
    ngx_connection_t no_connection_{};
};

Streams streams;

void Streams::on_timer(ngx_event_t*) {
    streams.look();
}

void destroy_stream(void* data) {
    static_cast<Stream*>(data)->~Stream();
}

// An answer that a program waits for outlives its token; what it only listens to does not.
bool is_let_finish(ngx_http_request_t* r, const flow::Admission& admission) {
    if (admission.credentials == flow::Credentials::Kind::none || r->main->method != NGX_HTTP_POST) {
        return false;
    }
    const ngx_table_elt_t* method = find_header(r->main, "mcp-method");
    return method == nullptr || view(method->value) != "subscriptions/listen";
}

} // namespace

void watch_stream(ngx_http_request_t* r) {
    const flow::Admission* admission = admission_of(r);
    if (admission != nullptr && is_let_finish(r, *admission)) {
        return;
    }
    const bool is_part = r == r->main || (r->header_only == 0 && r->background == 0);
    if (admission == nullptr || !admission->passes() || !is_part ||
        location_conf(r)->session_streams == streams_keep) {
        return;
    }
    Context& context = make_context(r->main);
    if (context.is_watched) {
        return;
    }
    static_assert(alignof(Stream) <= NGX_ALIGNMENT);
    ngx_http_cleanup_t* cleanup = ngx_http_cleanup_add(r, sizeof(Stream));
    if (cleanup == nullptr) {
        throw std::bad_alloc();
    }
    // There is a visitor: it was admitted.
    auto* stream =
        new (cleanup->data) Stream(r->main, streams.watch(visitor_of(r)->site(), admission->session));
    cleanup->handler = destroy_stream;
    context.is_watched = true;
    streams.add(*stream);
}

} // namespace oauth::ngx
