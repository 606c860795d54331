// SPDX-License-Identifier: MIT
// The implementation of CurlEngine: it holds the transfers, calls libcurl when libcurl wants it, and resumes
// the waiters of ended transfers. Private to src/net; made by CurlEngine::create.
#pragma once

#include "curl_client.hpp"
#include "curl_link.hpp"
#include "curl_transfer.hpp"
#include "name_lookups.hpp"

#include <curl/curl.h>

#include <chrono>
#include <list>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace oauth::net {

// libcurl 8.9 and later waits for the server's TLS goodbye, up to two seconds, but up to 8.14 at least it
// asks for no timer that ends the wait: the socket of a server that says nothing more would stay, and with it
// one of nginx's connections, until somebody signs in again.
constexpr std::chrono::milliseconds goodbye_timeout(2100);

class CurlMultiEngine final : public CurlEngine {
public:
    explicit CurlMultiEngine(EventLoop& loop) : loop_(loop) {}
    CurlMultiEngine(const CurlMultiEngine&) = delete;
    CurlMultiEngine& operator=(const CurlMultiEngine&) = delete;
    ~CurlMultiEngine() override;

    bool initialise(std::string& error); // throws std::bad_alloc

    std::unique_ptr<HttpClient> make_client(HttpLimits limits, std::string& error) override;
    std::unique_ptr<RedisClient> make_redis_client(RedisSettings settings, RedisReport report,
                                                   std::string& error) override;
    void on_readable(int socket) noexcept override { on_socket_ready(socket, CURL_CSELECT_IN); }
    void on_writable(int socket) noexcept override { on_socket_ready(socket, CURL_CSELECT_OUT); }
    void on_timer() noexcept override;

    void start(std::shared_ptr<const ClientSettings> settings, HttpRequest request, HttpWaiter& waiter);
    void cancel(HttpWaiter& waiter) noexcept; // of a waiter that has a transfer

    // For links, which the engine knows from attach() to detach(). connect() is for one that is neither up
    // nor connecting; what is sent and received is between the link and libcurl.
    void attach(Link& link);
    void detach(Link& link) noexcept;
    void connect(Link& link, std::shared_ptr<const ClientSettings> settings);
    void disconnect(Link& link) noexcept;
    bool watch(Link& link, Interest interest) noexcept;
    void arm_timer() noexcept; // after a link's time, or who waits for it, has changed

private:
    using TimePoint = std::chrono::steady_clock::time_point;

    // running: libcurl has it. refused: its verdict will be delivered from the loop. due: it is delivered in
    // this round.
    enum class Stage { running, refused, due };

    struct Entry : HandleOwner {
        Entry(std::shared_ptr<const ClientSettings> settings, HttpRequest request, HttpWaiter& waiter)
            : HandleOwner(Kind::transfer), purpose(request.purpose),
              transfer(std::move(settings), std::move(request), waiter) {}

        HttpRequest::Purpose purpose;
        Transfer transfer;
        Stage stage = Stage::running;
        bool in_multi = false;
        const NameLookups::Lookup* lookup = nullptr; // that it waits for before it gets into the multi handle
        TimePoint begun;
        TimePoint due; // while it waits for a lookup
        std::optional<core::Error> verdict;
        std::list<Entry>::iterator self;
    };

    struct Armed {
        TimePoint due;
        EventLoop::Timer kind;
        bool operator==(const Armed&) const = default;
    };

    static HandleOwner* owner_of(CURL* easy) noexcept; // nullptr: libcurl itself
    static curl_socket_t on_open(void* engine, curlsocktype type, curl_sockaddr* address) noexcept;
    static int on_socket(CURL* easy, curl_socket_t socket, int what, void* engine, void* watched) noexcept;
    static int on_timeout(CURLM* multi, long milliseconds, void* engine) noexcept;

    X509_STORE* system_trust();
    void begin(Entry& entry);
    void add_to_multi(Entry& entry) noexcept;
    void wait_for_name(Entry& entry, const NameToLookUp& name);
    void stop_waiting_for_name(Entry& entry) noexcept;
    void end_lookup(const NameLookups::Lookup& lookup, CURLcode code) noexcept;
    void expire_waiting() noexcept;
    void refuse(Entry& entry, const char* reason) noexcept;
    void refuse(Entry& entry, CURLcode code, Failure::Stage stage) noexcept;
    template <class Verdict>
    void refuse_with(Entry& entry, Verdict verdict) noexcept;
    void refuse_for(CURL* easy, const char* reason) noexcept; // who has the handle
    void remove(Entry& entry) noexcept;
    void drive(curl_socket_t socket, int events) noexcept;
    void complete_ended() noexcept;
    void complete_refused() noexcept;
    void complete(Entry& entry, CURLcode code) noexcept;
    std::optional<TimePoint> next_due() const noexcept;
    std::shared_ptr<ClientSettings> make_settings(HttpLimits limits, std::string& error);
    void hand_over(Entry& entry, HttpResult result) noexcept;
    Link* link_of(int socket) const noexcept;
    void on_socket_ready(int socket, int events) noexcept;
    void run_due_links() noexcept;
    bool is_waited_for() const noexcept;

    EventLoop& loop_;
    bool initialised_ = false;
    CURLM* multi_ = nullptr;
    Trust system_trust_;
    std::optional<NameLookups> lookups_; // where there is a multi handle
    std::list<Entry> entries_;
    std::vector<Link*> links_;
    std::set<std::pair<TimePoint, Entry*>> waiting_for_names_; // by the time when they are due
    std::size_t refused_ = 0;                                  // entries whose stage is not `running`
    std::size_t visitors_ = 0;                                 // entries that a visitor waits for
    std::size_t watched_ = 0;                                  // sockets
    std::optional<TimePoint> curl_due_;
    std::optional<TimePoint> goodbye_due_; // see goodbye_timeout
    std::optional<Armed> armed_;
};

} // namespace oauth::net
