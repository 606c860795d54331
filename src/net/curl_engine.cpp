// SPDX-License-Identifier: MIT
// libcurl's multi socket interface on an EventLoop. The loop calls on_*; libcurl's callbacks only note what
// it wants. Waiters are resumed from the loop only, one at a time, after their entry has been freed, because
// a resumed coroutine may start transfers and cancel others. The engine owns the entries.
#include "curl_engine.hpp"

#include "in_libcurl.hpp"
#include "libcurl.hpp"

#include <openssl/x509.h>

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <new>
#include <string_view>
#include <utility>

namespace oauth::net {

namespace {

constexpr long pooled_connections = 32;
// Who waits is bounded by whoever starts transfers (flow/turns): what libcurl would keep waiting beyond that
// has no order, and one visitor's share could be all there is.
constexpr long connections_per_host = 1024;

class CurlClient final : public HttpClient {
public:
    CurlClient(CurlMultiEngine& engine, std::shared_ptr<const ClientSettings> settings)
        : engine_(engine), settings_(std::move(settings)) {}

    void start(HttpRequest request, HttpWaiter& waiter) override {
        engine_.start(settings_, std::move(request), waiter);
    }
    void cancel(HttpWaiter& waiter) noexcept override {
        if (waiter.transfer != nullptr) { // null: ended, or abandoned with the engine
            engine_.cancel(waiter);
        }
    }

private:
    CurlMultiEngine& engine_;
    std::shared_ptr<const ClientSettings> settings_;
};

Interest interest_of(int what) {
    switch (what) {
    case CURL_POLL_IN:
        return Interest::read;
    case CURL_POLL_OUT:
        return Interest::write;
    case CURL_POLL_INOUT:
        return Interest::read_write;
    default:
        return Interest::none;
    }
}

} // namespace

// Certificates are passed as OpenSSL objects, so libcurl must use the same OpenSSL as this module.
const char* what_libcurl_lacks() noexcept {
    const curl_version_info_data* info = curl_version_info(CURLVERSION_NOW);
    if ((info->features & CURL_VERSION_ASYNCHDNS) == 0) {
        return "libcurl is built without asynchronous name resolution";
    }
    if ((info->features & CURL_VERSION_SSL) == 0 || info->ssl_version == nullptr ||
        !std::string_view(info->ssl_version).starts_with("OpenSSL/3")) {
        return "libcurl is built without OpenSSL 3";
    }
    return nullptr;
}

CurlEngine::~CurlEngine() = default;

std::unique_ptr<CurlEngine> CurlEngine::create(EventLoop& loop, std::string& error) {
    auto engine = std::make_unique<CurlMultiEngine>(loop);
    if (!engine->initialise(error)) {
        return nullptr;
    }
    return engine;
}

bool CurlMultiEngine::initialise(std::string& error) {
    const InLibcurl in_libcurl;
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        error = "libcurl cannot be initialised";
        return false;
    }
    initialised_ = true;
    if (const char* lack = what_libcurl_lacks()) {
        error = lack;
        return false;
    }
    multi_ = curl_multi_init();
    if (multi_ == nullptr) {
        throw std::bad_alloc();
    }
    lookups_.emplace(multi_);
    curl_multi_setopt(multi_, CURLMOPT_SOCKETFUNCTION, &CurlMultiEngine::on_socket);
    curl_multi_setopt(multi_, CURLMOPT_SOCKETDATA, this);
    curl_multi_setopt(multi_, CURLMOPT_TIMERFUNCTION, &CurlMultiEngine::on_timeout);
    curl_multi_setopt(multi_, CURLMOPT_TIMERDATA, this);
    curl_multi_setopt(multi_, CURLMOPT_MAXCONNECTS, pooled_connections);
    curl_multi_setopt(multi_, CURLMOPT_MAX_HOST_CONNECTIONS, connections_per_host);
    return true;
}

CurlMultiEngine::~CurlMultiEngine() {
    const InLibcurl in_libcurl;
    while (!links_.empty()) {
        detach(*links_.back());
    }
    while (!entries_.empty()) {
        entries_.front().transfer.waiter().transfer = nullptr;
        remove(entries_.front());
    }
    lookups_.reset();
    if (multi_ != nullptr) {
        curl_multi_cleanup(multi_);
    }
    curl_due_.reset();
    goodbye_due_.reset();
    arm_timer();
    if (initialised_) {
        curl_global_cleanup();
    }
}

// Read for the first client that has no certificates of its own. Where that fails the next one tries again.
X509_STORE* CurlMultiEngine::system_trust() {
    if (!system_trust_) {
        const char* bundle = curl_version_info(CURLVERSION_NOW)->cainfo;
        system_trust_ = trust_certificates_file(bundle != nullptr ? bundle : X509_get_default_cert_file());
    }
    return system_trust_.get();
}

std::shared_ptr<ClientSettings> CurlMultiEngine::make_settings(HttpLimits limits, std::string& error) {
    auto settings = std::make_shared<ClientSettings>();
    if (!limits.trusted_certificates.empty()) {
        settings->own_trust = trust_certificates(limits.trusted_certificates, error);
        if (!settings->own_trust) {
            return nullptr;
        }
        settings->trust_mark = mark_of_trust(settings->own_trust.get(), limits.trusted_certificates);
    }
    settings->trust = settings->own_trust ? settings->own_trust.get() : system_trust();
    settings->limits = std::move(limits);
    return settings;
}

std::unique_ptr<HttpClient> CurlMultiEngine::make_client(HttpLimits limits, std::string& error) {
    auto settings = make_settings(std::move(limits), error);
    return settings ? std::make_unique<CurlClient>(*this, std::move(settings)) : nullptr;
}

void CurlMultiEngine::start(std::shared_ptr<const ClientSettings> settings, HttpRequest request,
                            HttpWaiter& waiter) {
    Entry& entry = entries_.emplace_front(std::move(settings), std::move(request), waiter);
    entry.self = entries_.begin();
    visitors_ += entry.purpose == HttpRequest::Purpose::visitor ? 1 : 0;
    try {
        entry.verdict = entry.transfer.prepare();
        if (entry.verdict) {
            entry.stage = Stage::refused;
            ++refused_;
        } else {
            begin(entry);
        }
    } catch (...) {
        remove(entry);
        throw;
    }
    waiter.transfer = &entry;
    arm_timer();
}

void CurlMultiEngine::add_to_multi(Entry& entry) noexcept {
    const InLibcurl in_libcurl;
    CURL* easy = entry.transfer.easy();
    entry.in_multi = curl_easy_setopt(easy, CURLOPT_PRIVATE,
                                      static_cast<void*>(static_cast<HandleOwner*>(&entry))) == CURLE_OK &&
                     entry.transfer.open_sockets_by(&CurlMultiEngine::on_open, this) &&
                     curl_multi_add_handle(multi_, easy) == CURLM_OK;
    if (!entry.in_multi) {
        refuse(entry, "libcurl takes no request");
    }
}

void CurlMultiEngine::cancel(HttpWaiter& waiter) noexcept {
    remove(*static_cast<Entry*>(std::exchange(waiter.transfer, nullptr)));
    arm_timer();
}

// The waiter is resumed later, from the loop, because this may run inside one of libcurl's callbacks.
template <class Verdict>
void CurlMultiEngine::refuse_with(Entry& entry, Verdict verdict) noexcept {
    if (entry.stage != Stage::running) {
        return;
    }
    entry.stage = Stage::refused;
    ++refused_;
    try {
        entry.verdict = verdict();
    } catch (...) {
        entry.verdict = core::Error{core::Code::provider_unreachable, {}};
    }
}

void CurlMultiEngine::refuse(Entry& entry, const char* reason) noexcept {
    refuse_with(entry, [&] { return entry.transfer.failed({reason, ""}); });
}

void CurlMultiEngine::refuse(Entry& entry, CURLcode code, Failure::Stage stage) noexcept {
    refuse_with(entry, [&] { return entry.transfer.ended_by(code, stage); });
}

void CurlMultiEngine::remove(Entry& entry) noexcept {
    const InLibcurl in_libcurl;
    stop_waiting_for_name(entry);
    if (entry.in_multi) {
        curl_multi_remove_handle(multi_, entry.transfer.easy());
    }
    if (entry.stage != Stage::running) {
        --refused_;
    }
    visitors_ -= entry.purpose == HttpRequest::Purpose::visitor ? 1 : 0;
    entries_.erase(entry.self);
    goodbye_due_ = std::chrono::steady_clock::now() + goodbye_timeout;
}

// What libcurl keeps for us with a socket tells whether it is one that is watched.
int CurlMultiEngine::on_socket(CURL* easy, curl_socket_t socket, int what, void* engine,
                               void* watched) noexcept {
    auto* self = static_cast<CurlMultiEngine*>(engine);
    const Interest interest = interest_of(what);
    if (interest == Interest::none) {
        static_cast<void>(self->loop_.watch(socket, interest));
        self->watched_ -= watched != nullptr ? 1 : 0;
    } else if (!self->loop_.watch(socket, interest)) {
        self->refuse_for(easy, "no room in the event loop for the connection");
    } else if (watched == nullptr) {
        self->watched_ += curl_multi_assign(self->multi_, socket, self) == CURLM_OK ? 1 : 0;
    }
    return 0; // anything else would end all transfers of this worker
}

HandleOwner* CurlMultiEngine::owner_of(CURL* easy) noexcept {
    char* owner = nullptr;
    curl_easy_getinfo(easy, CURLINFO_PRIVATE, &owner);
    return static_cast<HandleOwner*>(static_cast<void*>(owner));
}

void CurlMultiEngine::refuse_for(CURL* easy, const char* reason) noexcept {
    HandleOwner* owner = owner_of(easy);
    if (owner != nullptr && owner->kind == HandleOwner::Kind::transfer) {
        refuse(*static_cast<Entry*>(owner), reason);
    }
}

// libcurl closes some sockets without a word, such as that of the slower of two attempts to connect, and the
// kernel gives their numbers to the next ones. No program that nginx starts gets them.
curl_socket_t CurlMultiEngine::on_open(void* engine, curlsocktype, curl_sockaddr* address) noexcept {
    const int opened = socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
    if (opened >= 0 && !static_cast<CurlMultiEngine*>(engine)->loop_.opened(opened)) {
        close(opened);
        return CURL_SOCKET_BAD;
    }
    return opened;
}

int CurlMultiEngine::on_timeout(CURLM*, long milliseconds, void* engine) noexcept {
    auto* self = static_cast<CurlMultiEngine*>(engine);
    if (milliseconds < 0) {
        self->curl_due_.reset();
    } else {
        self->curl_due_ = std::chrono::steady_clock::now() + std::chrono::milliseconds(milliseconds);
    }
    return 0;
}

void CurlMultiEngine::on_timer() noexcept {
    armed_.reset();
    curl_due_.reset(); // libcurl asks again if it was called too early
    if (goodbye_due_ && *goodbye_due_ <= std::chrono::steady_clock::now()) {
        goodbye_due_.reset();
    }
    run_due_links();
    drive(CURL_SOCKET_TIMEOUT, 0);
}

void CurlMultiEngine::drive(curl_socket_t socket, int events) noexcept {
    {
        const InLibcurl in_libcurl;
        int running = 0;
        curl_multi_socket_action(multi_, socket, events, &running);
    }
    complete_ended();
    expire_waiting();
    complete_refused();
    arm_timer();
}

// Reads one message at a time, because a resumed waiter may cancel transfers whose messages are still queued.
void CurlMultiEngine::complete_ended() noexcept {
    int left = 0;
    while (const CURLMsg* message = curl_multi_info_read(multi_, &left)) {
        if (message->msg != CURLMSG_DONE) {
            continue;
        }
        const CURLcode code = message->data.result;
        HandleOwner* owner = owner_of(message->easy_handle);
        if (owner->kind == HandleOwner::Kind::lookup) {
            end_lookup(*static_cast<NameLookups::Lookup*>(owner), code);
        } else {
            complete(*static_cast<Entry*>(owner), code);
        }
    }
}

// Completes the entries that were refused before this round. Those that are refused while waiters run wait
// for the next timer.
void CurlMultiEngine::complete_refused() noexcept {
    if (refused_ == 0) {
        return;
    }
    for (Entry& entry : entries_) {
        entry.stage = entry.stage == Stage::refused ? Stage::due : entry.stage;
    }
    const auto is_due = [](const Entry& entry) { return entry.stage == Stage::due; };
    for (auto next = std::find_if(entries_.begin(), entries_.end(), is_due); next != entries_.end();
         next = std::find_if(entries_.begin(), entries_.end(), is_due)) {
        complete(*next, CURLE_OK);
    }
}

void CurlMultiEngine::complete(Entry& entry, CURLcode code) noexcept {
    HttpWaiter& waiter = entry.transfer.waiter();
    try {
        waiter.result.emplace(entry.verdict ? HttpResult(std::move(*entry.verdict))
                                            : entry.transfer.result(code));
    } catch (...) {
        waiter.result.emplace(core::Error{core::Code::provider_unreachable, {}});
    }
    waiter.transfer = nullptr;
    if (entry.transfer.link() != nullptr) {
        hand_over(entry, std::move(*waiter.result));
        return;
    }
    const std::coroutine_handle<> waiting = waiter.waiting;
    remove(entry);
    waiting.resume();
}

std::optional<CurlMultiEngine::TimePoint> CurlMultiEngine::next_due() const noexcept {
    if (refused_ > 0) {
        return TimePoint::min();
    }
    std::optional<TimePoint> due = curl_due_;
    const auto consider = [&due](TimePoint other) { due = due ? std::min(*due, other) : other; };
    if (goodbye_due_ && watched_ > 0) {
        consider(*goodbye_due_);
    }
    if (!waiting_for_names_.empty()) {
        consider(waiting_for_names_.begin()->first);
    }
    for (const Link* link : links_) {
        if (const auto wanted = link->due()) {
            consider(*wanted);
        }
    }
    return due;
}

void CurlMultiEngine::arm_timer() noexcept {
    const std::optional<TimePoint> due = next_due();
    if (!due) {
        if (std::exchange(armed_, std::nullopt)) {
            loop_.clear_timer();
        }
        return;
    }
    const auto kind =
        is_waited_for() ? EventLoop::Timer::keeps_process_alive : EventLoop::Timer::may_be_abandoned;
    const Armed wanted{*due, kind};
    if (armed_ == wanted) {
        return;
    }
    armed_ = wanted;
    const TimePoint now = std::chrono::steady_clock::now();
    const auto left =
        *due > now ? std::chrono::ceil<std::chrono::milliseconds>(*due - now) : std::chrono::milliseconds(0);
    loop_.set_timer(left.count(), kind);
}

} // namespace oauth::net
