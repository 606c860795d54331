// SPDX-License-Identifier: MIT
// The queue of a RedisLink: who asks, who is answered, who waits too long, and what an administrator is told.
#include "redis_link.hpp"

#include <utility>

namespace oauth::net {

namespace {

core::Error unavailable(std::string detail) {
    return {core::Code::store_unavailable, std::move(detail)};
}

} // namespace

void RedisLink::start(RedisAsk ask, RedisWaiter* waiter) {
    const TimePoint now = std::chrono::steady_clock::now();
    const char* refusal = nullptr;
    if (stage_ == Stage::idle && now < next_try_) {
        refusal = trouble_.c_str();
    } else if (waiting_.size() >= most_waiting || bytes_ >= most_bytes) {
        refusal = "is too slow: 1024 requests of this worker wait for it";
    }
    if (refusal != nullptr) {
        if (waiter != nullptr) {
            waiter->result.emplace(unavailable(name_ + refusal));
        }
        return;
    }
    Place place;
    for (const RedisCommand& command : ask.commands) {
        place.bytes += redis_bytes(command);
    }
    place.expected = ask.commands.size();
    place.replies.reserve(place.expected);
    place.due = now + parts_.settings.timeout;
    place.may_repeat = ask.again == RedisAsk::Again::harmless;
    if (stage_ == Stage::idle) {
        connect();
    }
    Place& last = waiting_.emplace_back(std::move(place));
    bytes_ += last.bytes.size();
    if (waiter != nullptr) {
        last.waiter = waiter;
        waiter->place = &last;
        ++visitors_;
    }
    if (stage_ == Stage::up) {
        send(last);
        flush();
    }
    parts_.engine.arm_timer();
}

void RedisLink::cancel(RedisWaiter& waiter) noexcept {
    static_cast<Place*>(waiter.place)->waiter = nullptr;
    waiter.place = nullptr;
    --visitors_;
    parts_.engine.arm_timer();
}

std::optional<RedisLink::TimePoint> RedisLink::due() const noexcept {
    if (is_to_go_on_ || !done_.empty()) {
        return TimePoint::min();
    }
    return waiting_.empty() ? std::nullopt : std::optional(waiting_.front().due);
}

// All have the same time, so the oldest is the first that is due. A server that has not answered it answers
// nobody.
void RedisLink::on_due() noexcept {
    from_loop([this] {
        if (is_to_go_on_ && is_up()) {
            receive();
        }
        if (!waiting_.empty() && waiting_.front().due <= std::chrono::steady_clock::now()) {
            give_up({RedisFault::Kind::passing, "does not answer in time"});
        }
    });
}

// What took no writes is not done: where a failover is why, the server that has the name now takes it.
void RedisLink::finish_oldest() {
    Place& oldest = waiting_.front();
    if (!oldest.fault) {
        has_served_ = true;
        pause_ = shortest_pause;
        notice_recovery();
        finish(waiting_.begin());
        return;
    }
    const RedisFault fault = *oldest.fault;
    if (fault.kind == RedisFault::Kind::replica) {
        has_served_ = true; // as what it is
        if (oldest.was_repeated) {
            give_up(fault);
        } else {
            oldest.may_repeat = true;
            lose(fault.sentence);
        }
        return;
    }
    fail(waiting_.begin(), fault.sentence);
    notice(fault);
}

void RedisLink::fail(Places::iterator place, const std::string& why) {
    place->trouble = name_ + why;
    place->has_failed = true;
    finish(place);
}

void RedisLink::finish(Places::iterator place) noexcept {
    bytes_ -= place->bytes.size();
    done_.splice(done_.end(), waiting_, place);
}

// Last, and from the loop alone: who is resumed may ask again, or destroy others who wait.
void RedisLink::deliver() noexcept {
    while (!done_.empty()) {
        Place place = std::move(done_.front());
        done_.pop_front();
        RedisWaiter* waiter = place.waiter;
        if (waiter == nullptr) {
            continue;
        }
        --visitors_;
        waiter->place = nullptr;
        if (place.has_failed) {
            waiter->result.emplace(unavailable(std::move(place.trouble)));
        } else {
            waiter->result.emplace(std::move(place.replies));
        }
        waiter->waiting.resume();
    }
}

void RedisLink::report(const std::string& sentence) {
    if (parts_.report) {
        parts_.report(name_ + sentence);
    }
}

void RedisLink::notice(const RedisFault& fault) {
    if (fault.kind != RedisFault::Kind::configuration) {
        if (!std::exchange(is_away_, true)) {
            report(fault.sentence);
        }
    } else if (reported_ != fault.sentence) {
        reported_ = fault.sentence;
        report(fault.sentence);
    }
}

void RedisLink::notice_recovery() {
    if (is_away_ || !reported_.empty()) {
        is_away_ = false;
        reported_.clear();
        report("answers again");
    }
}

void RedisLink::say_policy(std::string_view eviction_policy) {
    const std::string sentence = why_not_policy(eviction_policy);
    if (sentence != reported_policy_) {
        reported_policy_ = sentence;
        if (!sentence.empty()) {
            report(sentence);
        }
    }
}

} // namespace oauth::net
