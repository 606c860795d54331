// SPDX-License-Identifier: MIT
// The part of the engine that makes connections for other protocols: a transfer that ends when it is
// connected, whose handle then belongs to the link. The handle stays in the multi handle, because libcurl
// closes the connection when it is taken out.
#include "curl_engine.hpp"
#include "in_libcurl.hpp"

#include <algorithm>
#include <utility>

namespace oauth::net {

void CurlMultiEngine::attach(Link& link) {
    links_.push_back(&link);
}

void CurlMultiEngine::detach(Link& link) noexcept {
    disconnect(link);
    std::erase(links_, &link);
    arm_timer();
}

void CurlMultiEngine::connect(Link& link, std::shared_ptr<const ClientSettings> settings) {
    HttpRequest request;
    request.url = settings->link_url;
    request.purpose = HttpRequest::Purpose::background; // who waits is the link's to say
    start(std::move(settings), std::move(request), link.connecting_);
}

// libcurl's own watching of the socket is over by now, and the loop has it anew.
void CurlMultiEngine::hand_over(Entry& entry, HttpResult result) noexcept {
    Link& link = *entry.transfer.link();
    if (result) {
        link.easy_ = entry.transfer.take_connection();
        entry.in_multi = false;
        curl_easy_setopt(link.easy_.get(), CURLOPT_PRIVATE, nullptr);
        static_cast<void>(curl_easy_getinfo(link.easy_.get(), CURLINFO_ACTIVESOCKET, &link.socket_));
        if (link.socket_ == CURL_SOCKET_BAD || !loop_.watch(link.socket_, Interest::read)) {
            disconnect(link);
            result = core::Error{core::Code::provider_unreachable, no_room};
        }
    }
    remove(entry);
    link.on_connected(std::move(result));
}

void CurlMultiEngine::disconnect(Link& link) noexcept {
    if (link.connecting_.transfer != nullptr) {
        cancel(link.connecting_);
    }
    if (!link.easy_) {
        return;
    }
    const InLibcurl in_libcurl;
    if (link.socket_ != CURL_SOCKET_BAD) {
        static_cast<void>(loop_.watch(std::exchange(link.socket_, CURL_SOCKET_BAD), Interest::none));
    }
    curl_multi_remove_handle(multi_, link.easy_.get());
    link.easy_.reset();
    goodbye_due_ = std::chrono::steady_clock::now() + goodbye_timeout;
}

bool CurlMultiEngine::watch(Link& link, Interest interest) noexcept {
    return loop_.watch(link.socket_, interest);
}

Link* CurlMultiEngine::link_of(int socket) const noexcept {
    const auto found = std::find_if(links_.begin(), links_.end(),
                                    [socket](const Link* link) { return link->socket_ == socket; });
    return found == links_.end() ? nullptr : *found;
}

void CurlMultiEngine::on_socket_ready(int socket, int events) noexcept {
    if (Link* link = link_of(socket)) {
        link->on_ready();
        arm_timer();
    } else {
        drive(socket, events);
    }
}

// By index: who is resumed may make another one.
void CurlMultiEngine::run_due_links() noexcept {
    const TimePoint now = std::chrono::steady_clock::now();
    for (std::size_t i = 0; i < links_.size(); ++i) {
        const auto due = links_[i]->due();
        if (due && *due <= now) {
            links_[i]->on_due();
        }
    }
}

bool CurlMultiEngine::is_waited_for() const noexcept {
    return visitors_ != 0 ||
           std::any_of(links_.begin(), links_.end(), [](const Link* link) { return link->is_waited_for(); });
}

} // namespace oauth::net
