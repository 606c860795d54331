// SPDX-License-Identifier: MIT
// One exchange: a libcurl easy handle with everything it points to (request body, headers, response being
// read). The engine owns transfers; the waiter belongs to the awaiting frame. Private to src/net.
#pragma once

#include "../core/url.hpp"
#include "certificates.hpp"
#include "curl_client.hpp"
#include "response_reader.hpp"

#include <curl/curl.h>

#include <memory>
#include <optional>
#include <string>

namespace oauth::net {

// What a client's transfers have in common; alive until the last of them has gone.
struct ClientSettings {
    HttpLimits limits;
    Trust own_trust;             // null: the engine's
    X509_STORE* trust = nullptr; // never null where a transfer is made
};

class Transfer {
public:
    Transfer(std::shared_ptr<const ClientSettings> settings, HttpRequest request, HttpWaiter& waiter);
    Transfer(const Transfer&) = delete;
    Transfer& operator=(const Transfer&) = delete;
    ~Transfer(); // the handle must not be in a multi handle any more

    // Makes the easy handle; the reason if this request must not be sent. Throws std::bad_alloc.
    std::optional<core::Error> prepare();

    // What the waiter is told after libcurl ended the exchange with `code`.
    HttpResult result(CURLcode code);
    core::Error failed(const char* what) const;

    CURL* easy() const { return easy_.get(); }
    HttpWaiter& waiter() const { return waiter_; }

private:
    struct EasyDeleter {
        void operator()(CURL* easy) const noexcept { curl_easy_cleanup(easy); }
    };
    struct HeaderListDeleter {
        void operator()(curl_slist* list) const noexcept { curl_slist_free_all(list); }
    };

    const char* objection() const; // null if there is none
    void add_header(const std::string& line);
    void build_headers();
    bool set_options();

    std::shared_ptr<const ClientSettings> settings_;
    HttpRequest request_;
    HttpWaiter& waiter_;
    std::optional<core::Url> url_;
    ResponseReader reader_;
    std::unique_ptr<curl_slist, HeaderListDeleter> headers_;
    std::unique_ptr<CURL, EasyDeleter> easy_; // last: it points into the others
};

} // namespace oauth::net
