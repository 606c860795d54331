// SPDX-License-Identifier: MIT
// For tests of what speaks to Redis: a real redis-server with a port, a Unix socket and a folder of its own,
// which ends with the test; and asks in coroutines of their own. The test that makes them owns them.
#pragma once

#include "poll_loop.hpp"

#include "../../src/net/redis_client.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace oauth::unit {

// Free at the moment. Below the ports that the kernel gives to others.
inline std::uint16_t free_port() {
    static int next = 21000 + getpid() % 9000;
    for (;; ++next) {
        const int probe = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(static_cast<std::uint16_t>(next));
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        const bool is_free = bind(probe, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
        close(probe);
        if (is_free) {
            return static_cast<std::uint16_t>(next++);
        }
    }
}

class RedisServer {
public:
    explicit RedisServer(std::vector<std::string> arguments = {})
        : arguments_(std::move(arguments)), port_(free_port()) {
        char name[] = "/tmp/oauth-redis-XXXXXX";
        folder_ = mkdtemp(name);
        start();
    }
    RedisServer(const RedisServer&) = delete;
    RedisServer& operator=(const RedisServer&) = delete;
    ~RedisServer() {
        stop();
        std::filesystem::remove_all(folder_);
    }

    void start() {
        std::vector<std::string> words{"redis-server", "--port",    std::to_string(port_),
                                       "--bind",       "127.0.0.1", "--unixsocket",
                                       socket(),       "--dir",     folder_,
                                       "--save",       "",          "--appendonly",
                                       "no",           "--logfile", folder_ + "/log"};
        words.insert(words.end(), arguments_.begin(), arguments_.end());
        std::vector<char*> raw;
        for (std::string& word : words) {
            raw.push_back(word.data());
        }
        raw.push_back(nullptr);
        process_ = fork();
        if (process_ == 0) {
            prctl(PR_SET_PDEATHSIG, SIGKILL); // a test that fails hard leaves none behind
            execvp("redis-server", raw.data());
            _exit(127);
        }
        while (!answers()) {
            if (waitpid(process_, nullptr, WNOHANG) != 0) {
                std::fprintf(stderr, "redis-server does not start: see build.sh for what the tests need\n");
                std::abort();
            }
            std::this_thread::sleep_for(std::chrono::milliseconds(10));
        }
    }
    void stop() {
        if (process_ > 0) {
            kill(process_, SIGCONT);
            kill(process_, SIGKILL);
            waitpid(process_, nullptr, 0);
            process_ = -1;
            std::filesystem::remove(socket());
        }
    }
    void pause() const { kill(process_, SIGSTOP); }
    void go_on() const { kill(process_, SIGCONT); }

    std::uint16_t port() const { return port_; }
    std::string socket() const { return folder_ + "/socket"; }
    net::RedisSettings settings() const {
        net::RedisSettings settings;
        settings.host = "127.0.0.1";
        settings.port = port_;
        return settings;
    }

private:
    bool answers() const {
        const int probe = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        std::snprintf(address.sun_path, sizeof address.sun_path, "%s", socket().c_str());
        const bool connected = connect(probe, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
        close(probe);
        return connected;
    }

    std::vector<std::string> arguments_;
    std::uint16_t port_;
    std::string folder_;
    pid_t process_ = -1;
};

// One ask in a coroutine of its own. Destroying it takes the asker away.
class Asked {
public:
    Asked(net::RedisClient& client, net::RedisAsk ask)
        : flow_(run(client, std::move(ask), result), {[](auto, auto) {}}) {
        flow_.start();
    }

    std::optional<net::RedisResult> result;

    bool done() const { return result.has_value(); }
    bool ok() const { return result && result->ok(); }
    bool is_unavailable() const {
        return result && !result->ok() && result->error().code == core::Code::store_unavailable;
    }
    std::string detail() const { return done() && !result->ok() ? result->error().detail : ""; }

private:
    static core::Task<int> run(net::RedisClient& client, net::RedisAsk ask,
                               std::optional<net::RedisResult>& result) {
        net::RedisResult answer = co_await client.ask(std::move(ask));
        result.emplace(std::move(answer));
        co_return 0;
    }

    core::Flow<int> flow_;
};

// An engine with a client of one server.
struct RedisPlace {
    Network network;
    std::vector<std::string> reports;
    std::unique_ptr<net::RedisClient> client;

    explicit RedisPlace(net::RedisSettings settings) {
        std::string error;
        client = network.engine->make_redis_client(
            std::move(settings), [this](const std::string& sentence) { reports.push_back(sentence); }, error);
    }
    bool run_until_done(const Asked& asked) {
        return network.loop.run_until(*network.engine, [&asked] { return asked.done(); });
    }
    void run_for(std::chrono::milliseconds time) {
        const auto end = TestTime::now() + time;
        while (TestTime::now() < end) {
            network.loop.run_once(*network.engine, 5);
        }
    }
    // Asks, and waits for the answer.
    net::RedisResult ask(net::RedisCommand command,
                         net::RedisAsk::Again again = net::RedisAsk::Again::never) {
        std::vector<net::RedisCommand> commands{std::move(command)};
        Asked asked(*client, {std::move(commands), again});
        if (!run_until_done(asked)) {
            return core::Error{core::Code::internal_error, "no end"};
        }
        return std::move(*asked.result);
    }
    // The text of the one answer, or what is wrong.
    std::string text(net::RedisCommand command) {
        const net::RedisResult result = ask(std::move(command), net::RedisAsk::Again::harmless);
        return result ? result->front().text : "! " + result.error().detail;
    }
};

} // namespace oauth::unit
