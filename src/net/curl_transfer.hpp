// SPDX-License-Identifier: MIT
// One exchange: a libcurl easy handle and everything that it points to (request body, headers, the response
// so far). The engine owns transfers; the awaiting frame owns the waiter. Private to src/net.
#pragma once

#include "../core/url.hpp"
#include "certificates.hpp"
#include "curl_client.hpp"
#include "failures.hpp"
#include "name_lookups.hpp"
#include "response_reader.hpp"

#include <curl/curl.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>

namespace oauth::net {

class Link;

// What the transfers of one client share. It lives until the last of them has ended.
struct ClientSettings {
    HttpLimits limits;
    Link* link = nullptr;        // that all of its transfers only connect; null: they are HTTP's
    std::string link_url;        // its scheme, host and port, as of an HTTP server
    std::string unix_socket;     // its path, in place of host and port
    Trust own_trust;             // null: the engine's are used
    std::string trust_mark;      // of own_trust: mark_of_trust
    X509_STORE* trust = nullptr; // own_trust or the engine's; never null when a transfer is made
};

class Transfer {
public:
    Transfer(std::shared_ptr<const ClientSettings> settings, HttpRequest request, HttpWaiter& waiter);
    Transfer(const Transfer&) = delete;
    Transfer& operator=(const Transfer&) = delete;
    ~Transfer(); // the handle must not be in a multi handle any more

    // Makes the easy handle. Returns the reason if the request must not be sent, else nullopt. Throws
    // std::bad_alloc.
    std::optional<core::Error> prepare();

    // nullopt: nothing, because it goes to an address. Once it is prepared.
    std::optional<NameToLookUp> name_to_look_up() const;
    // It has waited for so long before libcurl gets it, which is part of its time.
    void take_from_its_time(std::chrono::milliseconds waited);
    std::chrono::milliseconds connect_timeout() const;
    // Gives libcurl its sockets.
    bool open_sockets_by(curl_opensocket_callback open, void* data);

    // The waiter's result after libcurl has ended the exchange with `code`.
    HttpResult result(CURLcode code);
    // What is told where it ends before libcurl has it, or without libcurl's help.
    core::Error failed(const Told& told) const;
    // What is told where libcurl ends it, or the lookup of its name that it waits for.
    bool is_under_way() const;
    core::Error ended_by(CURLcode code, Failure::Stage stage) const;

    CURL* easy() const { return easy_.get(); }
    Link* link() const { return settings_->link; }
    // The connection that it has made for its link. It is to stay in the multi handle.
    EasyHandle take_connection() noexcept;
    HttpWaiter& waiter() const { return waiter_; }

private:
    const char* objection() const; // null if there is none
    void add_header(const std::string& line);
    void build_headers();
    bool set_options();

    std::shared_ptr<const ClientSettings> settings_;
    HttpRequest request_;
    HttpWaiter& waiter_;
    std::optional<core::Url> url_;
    ResponseReader reader_;
    std::unique_ptr<curl_slist, SlistDeleter> headers_;
    EasyHandle easy_; // last, because it points into the others
};

} // namespace oauth::net
