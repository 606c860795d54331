// SPDX-License-Identifier: MIT
// RedisClient on a connection of the engine's. Asks stand in one queue, in the order in which they are sent
// and answered; whose asker has gone keeps its place. Nobody is resumed while bytes are read: who is done
// goes to a list that is emptied last. Private to src/net.
#pragma once

#include "curl_engine.hpp"
#include "redis_client.hpp"
#include "redis_faults.hpp"

#include <list>
#include <memory>
#include <new>
#include <optional>
#include <string>
#include <vector>

namespace oauth::net {

class RedisLink final : public RedisClient, public Link {
public:
    struct Parts {
        CurlMultiEngine& engine;
        RedisSettings settings;
        std::shared_ptr<ClientSettings> connection;
        RedisReport report;
    };
    explicit RedisLink(Parts parts);
    ~RedisLink() override;

    void start(RedisAsk ask, RedisWaiter* waiter) override;
    void cancel(RedisWaiter& waiter) noexcept override;

    void on_connected(HttpResult result) noexcept override;
    void on_ready() noexcept override;
    void on_due() noexcept override;
    std::optional<TimePoint> due() const noexcept override;
    bool is_waited_for() const noexcept override { return visitors_ != 0; }

private:
    // greeting: user, password and database are not accepted yet, so nothing else is sent.
    enum class Stage { idle, connecting, greeting, up };
    enum class Step { password, database, information, eviction_policy };

    struct Place {
        RedisWaiter* waiter = nullptr; // null: nobody waits, or not any more
        std::string bytes;
        std::size_t expected = 0; // replies
        RedisReplies replies;
        std::optional<RedisFault> fault; // the first
        TimePoint due;
        bool may_repeat = false;
        bool is_sent = false;
        bool was_repeated = false;
        bool has_failed = false; // and why: in trouble
        std::string trouble;
    };
    using Places = std::list<Place>;

    static constexpr std::chrono::milliseconds shortest_pause{50}; // before the next try to connect
    static constexpr std::chrono::milliseconds longest_pause{1000};

    // What the loop calls: an exception, for lack of memory, fails all who wait.
    template <class Work>
    void from_loop(Work work) noexcept {
        try {
            work();
        } catch (const std::bad_alloc&) {
            give_up_without_memory();
        }
        deliver();
    }
    void connect();
    void greet();
    void send(Place& place);
    void flush();
    void receive();
    void take(RedisReply reply);
    void take_greeting(Step step, const RedisReply& reply);
    void take_information(const RedisReply& reply);
    void finish_oldest();
    void finish(Places::iterator place) noexcept;
    void fail(Places::iterator place, const std::string& why);
    void close() noexcept;
    void lose(const std::string& why);
    void give_up(const RedisFault& fault);
    void give_up_without_memory() noexcept;
    void notice(const RedisFault& fault);
    void notice_recovery();
    void report(const std::string& sentence);
    void say_policy(std::string_view eviction_policy);
    void deliver() noexcept;

    Parts parts_;
    std::string name_;
    Stage stage_ = Stage::idle;
    Places waiting_;
    Places done_;
    std::size_t visitors_ = 0; // who waits
    std::size_t bytes_ = 0;    // of waiting_

    std::optional<RedisReader> reader_; // where it is up
    std::list<Step> steps_;             // of the greeting, and answers that nobody waits for
    std::string unsent_;
    bool watches_room_ = false;
    bool has_served_ = false;  // this connection
    bool is_to_go_on_ = false; // what was not read at once, or a failure to be told from the loop
    std::string lost_by_;      // that failure

    TimePoint next_try_{};
    std::chrono::milliseconds pause_ = shortest_pause;
    std::string trouble_;         // why the last try failed
    std::string reported_;        // of what is configured
    std::string reported_policy_; // likewise
    bool is_away_ = false;        // and that was reported
};

} // namespace oauth::net
