// SPDX-License-Identifier: MIT
// A small HTTP server on loopback for tests of the network client, over plain TCP or TLS. One thread accepts;
// one thread per connection runs the test's script. The destructor ends the connections and joins the
// threads.
#pragma once

#include "certificate_maker.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace oauth::unit {

class Connection {
public:
    Connection(int socket, SSL_CTX* tls) : socket_(socket) {
        const int on = 1;
        setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        if (tls != nullptr) {
            ssl_ = SSL_new(tls);
            SSL_set_fd(ssl_, socket);
            open_ = SSL_accept(ssl_) == 1;
        }
    }
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;
    ~Connection() {
        if (ssl_ != nullptr) {
            if (open_) {
                SSL_shutdown(ssl_);
            }
            SSL_free(ssl_);
        }
    }

    bool open() const { return open_; }

    // The name in the certificate that the client has shown; empty: none.
    std::string client_name() const {
        X509* shown = ssl_ != nullptr ? SSL_get1_peer_certificate(ssl_) : nullptr;
        char name[64] = "";
        if (shown != nullptr) {
            X509_NAME_get_text_by_NID(X509_get_subject_name(shown), NID_commonName, name, sizeof name);
            X509_free(shown);
        }
        return name;
    }

    bool send(std::string_view text) {
        while (open_ && !text.empty()) {
            const auto sent = ssl_ != nullptr ? SSL_write(ssl_, text.data(), static_cast<int>(text.size()))
                                              : ::send(socket_, text.data(), text.size(), MSG_NOSIGNAL);
            open_ = sent > 0;
            text.remove_prefix(open_ ? static_cast<std::size_t>(sent) : 0);
        }
        return open_;
    }

    // Header and body (by Content-Length) of the next request; empty when the client has gone.
    std::string read_request() {
        std::size_t end = 0;
        while ((end = unread_.find("\r\n\r\n")) == std::string::npos) {
            if (!read_more()) {
                return {};
            }
        }
        const std::size_t at = unread_.find("Content-Length: ");
        const std::size_t length = at < end ? std::strtoul(unread_.c_str() + at + 16, nullptr, 10) : 0;
        while (unread_.size() < end + 4 + length) {
            if (!read_more()) {
                return {};
            }
        }
        std::string request = unread_.substr(0, end + 4 + length);
        unread_.erase(0, request.size());
        return request;
    }

    // Whatever has come; empty when the client has gone.
    std::string read_some() {
        if (unread_.empty() && !read_more()) {
            return {};
        }
        return std::exchange(unread_, {});
    }

    // Returns when the client closes.
    void wait_for_close() {
        while (read_more()) {
        }
    }

private:
    bool read_more() {
        char buffer[4096];
        const auto size = !open_            ? 0
                          : ssl_ != nullptr ? SSL_read(ssl_, buffer, sizeof buffer)
                                            : ::recv(socket_, buffer, sizeof buffer, 0);
        open_ = size > 0;
        unread_.append(buffer, open_ ? static_cast<std::size_t>(size) : 0);
        return open_;
    }

    int socket_;
    SSL* ssl_ = nullptr;
    bool open_ = true;
    std::string unread_;
};

class HttpServer {
public:
    using Script = std::function<void(Connection&)>;

    explicit HttpServer(Script script) : HttpServer(std::move(script), nullptr) {}
    HttpServer(Script script, const Identity& identity)
        : HttpServer(std::move(script), make_tls_context(identity)) {}
    HttpServer(const HttpServer&) = delete;
    HttpServer& operator=(const HttpServer&) = delete;
    ~HttpServer() {
        stopping_ = true;
        shutdown(listener_, SHUT_RDWR);
        acceptor_.join();
        {
            const std::lock_guard lock(mutex_);
            for (const int socket : sockets_) {
                shutdown(socket, SHUT_RDWR);
            }
        }
        for (std::thread& thread : threads_) {
            thread.join();
        }
        for (const int socket : sockets_) {
            close(socket);
        }
        close(listener_);
        SSL_CTX_free(tls_);
    }

    int connections() const { return connections_; }
    // Of whatever authority; who has none may go on.
    void ask_for_certificates() {
        SSL_CTX_set_verify(tls_, SSL_VERIFY_PEER, [](int, X509_STORE_CTX*) { return 1; });
    }
    void allow_at_most(int tls_version) { SSL_CTX_set_max_proto_version(tls_, tls_version); }
    std::string url(std::string_view path) const { return url("127.0.0.1", path); }
    std::string url(std::string_view host, std::string_view path) const {
        return (tls_ != nullptr ? "https://" : "http://") + std::string(host) + ":" + std::to_string(port_) +
               std::string(path);
    }

private:
    HttpServer(Script script, SSL_CTX* tls) : script_(std::move(script)), tls_(tls) {
        listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof address;
        auto* generic = reinterpret_cast<sockaddr*>(&address);
        if (bind(listener_, generic, size) != 0 || listen(listener_, 128) != 0) {
            std::abort();
        }
        getsockname(listener_, generic, &size);
        port_ = ntohs(address.sin_port);
        acceptor_ = std::thread(&HttpServer::accept_all, this);
    }

    static SSL_CTX* make_tls_context(const Identity& identity) {
        SSL_CTX* context = SSL_CTX_new(TLS_server_method());
        SSL_CTX_set_security_level(context, 0); // old protocols, for tests that want them
        SSL_CTX_set_min_proto_version(context, TLS1_VERSION);
        SSL_CTX_use_certificate(context, identity.certificate.get());
        SSL_CTX_use_PrivateKey(context, identity.key.get());
        return context;
    }

    void accept_all() {
        while (!stopping_) {
            const int socket = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
            if (socket < 0) {
                continue;
            }
            ++connections_;
            const std::lock_guard lock(mutex_);
            sockets_.push_back(socket);
            threads_.emplace_back([this, socket] {
                {
                    Connection connection(socket, tls_);
                    if (connection.open()) {
                        script_(connection);
                    }
                }
                shutdown(socket, SHUT_RDWR);
            });
        }
    }

    Script script_;
    SSL_CTX* tls_;
    int listener_ = -1;
    std::uint16_t port_ = 0;
    std::atomic<bool> stopping_ = false;
    std::atomic<int> connections_ = 0;
    std::mutex mutex_;
    std::vector<int> sockets_;
    std::vector<std::thread> threads_;
    std::thread acceptor_;
};

inline const std::string hello =
    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 5\r\n\r\nhello";

inline void answer_hello(Connection& connection) {
    while (!connection.read_request().empty()) {
        connection.send(hello);
    }
}

inline HttpServer::Script answer_once(std::string text) {
    return [text = std::move(text)](Connection& connection) {
        connection.read_request();
        connection.send(text);
    };
}

inline void never_answer(Connection& connection) {
    connection.wait_for_close();
}

} // namespace oauth::unit
