// SPDX-License-Identifier: MIT
// The connection of a RedisLink: making it, greeting, sending, receiving, losing it. What stands in the queue
// is in redis_queue.cpp.
#include "redis_link.hpp"

#include "../core/url.hpp"
#include "in_libcurl.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

namespace oauth::net {

namespace {

constexpr std::size_t piece_size = 16 * 1024;
constexpr int most_pieces = 64; // at once: others have something to do too

} // namespace

std::string RedisSettings::name() const {
    return transport == Transport::unix_socket ? path : host + ":" + std::to_string(port);
}

std::unique_ptr<RedisClient> CurlMultiEngine::make_redis_client(RedisSettings settings, RedisReport report,
                                                                std::string& error) {
    using Transport = RedisSettings::Transport;
    HttpLimits limits;
    limits.connect_timeout = settings.timeout;
    limits.timeout = settings.timeout;
    limits.plain_hosts = {settings.host};
    limits.trusted_certificates = settings.trusted_certificates;
    auto connection = make_settings(std::move(limits), error);
    if (!connection) {
        return nullptr;
    }
    if (settings.transport == Transport::unix_socket) {
        connection->unix_socket = settings.path;
        connection->link_url = "http://localhost/"; // nobody looks it up
    } else {
        const bool is_tls = settings.transport == Transport::tls;
        connection->link_url = (is_tls ? "https://" : "http://") + settings.name() + "/";
    }
    return std::make_unique<RedisLink>(
        RedisLink::Parts{*this, std::move(settings), std::move(connection), std::move(report)});
}

RedisLink::RedisLink(Parts parts)
    : parts_(std::move(parts)), name_("Redis at " + parts_.settings.name() + " ") {
    parts_.connection->link = this;
    parts_.engine.attach(*this);
}

// Who still waits is never resumed: frames that wait are destroyed before what they use.
RedisLink::~RedisLink() {
    for (Places* places : {&waiting_, &done_}) {
        for (Place& place : *places) {
            if (place.waiter != nullptr) {
                place.waiter->place = nullptr;
            }
        }
    }
    parts_.engine.detach(*this);
}

void RedisLink::connect() {
    stage_ = Stage::connecting;
    try {
        parts_.engine.connect(*this, parts_.connection);
    } catch (...) {
        stage_ = Stage::idle;
        throw;
    }
}

void RedisLink::on_connected(HttpResult result) noexcept {
    from_loop([&] {
        if (!result) {
            const std::string& detail = result.error().detail;
            give_up({RedisFault::Kind::passing,
                     "cannot be reached: " + (detail.empty() ? std::string("there is no memory") : detail)});
            return;
        }
        reader_.emplace();
        has_served_ = false;
        stage_ = Stage::greeting;
        greet();
        flush();
    });
}

void RedisLink::greet() {
    const RedisSettings& settings = parts_.settings;
    steps_.clear();
    if (!settings.password.empty()) {
        RedisCommand command{"AUTH"};
        if (!settings.user.empty()) {
            command.push_back(settings.user);
        }
        command.push_back(settings.password);
        unsent_ += redis_bytes(command);
        steps_.push_back(Step::password);
    }
    if (settings.database != 0) {
        unsent_ += redis_bytes({"SELECT", std::to_string(settings.database)});
        steps_.push_back(Step::database);
    }
    unsent_ += redis_bytes({"INFO"});
    steps_.push_back(Step::information);
}

void RedisLink::take_greeting(Step step, const RedisReply& reply) {
    if (step == Step::information) {
        take_information(reply);
    } else if (step == Step::eviction_policy) {
        const bool is_told = reply.kind == RedisReply::Kind::list && reply.list.size() == 2;
        say_policy(is_told ? std::string_view(reply.list[1].text) : std::string_view());
    } else if (reply.kind == RedisReply::Kind::error) {
        give_up(redis_fault(reply.text));
        return;
    }
    if (stage_ == Stage::greeting && steps_.empty()) {
        stage_ = Stage::up;
        for (Place& place : waiting_) {
            send(place);
        }
    }
}

// A user without the right to ask for it, or to learn of the policy, can do all that sessions need.
void RedisLink::take_information(const RedisReply& reply) {
    if (reply.kind != RedisReply::Kind::text) {
        const RedisFault fault = redis_fault(reply.text);
        if (reply.text.starts_with("NOAUTH") || reply.text.starts_with("ERR max number")) {
            give_up(fault);
            return;
        }
        unsent_ += redis_bytes({"CONFIG", "GET", "maxmemory-policy"});
        steps_.push_back(Step::eviction_policy);
        return;
    }
    const RedisState state = read_redis_info(reply.text);
    if (state.fault) {
        give_up(*state.fault);
        return;
    }
    say_policy(state.eviction_policy);
}

void RedisLink::send(Place& place) {
    unsent_ += place.bytes;
    place.is_sent = true;
}

// As much as the connection takes. Where that fails, the loop deals with it: this may be called from
// anywhere.
void RedisLink::flush() {
    std::size_t sent = 0;
    CURLcode code = CURLE_OK;
    while (sent < unsent_.size() && code == CURLE_OK) {
        const InLibcurl in_libcurl;
        std::size_t count = 0;
        code = curl_easy_send(easy(), unsent_.data() + sent, unsent_.size() - sent, &count);
        sent += count;
    }
    unsent_.erase(0, sent);
    const bool wants_room = !unsent_.empty();
    if (code != CURLE_OK && code != CURLE_AGAIN) {
        lost_by_ = "the connection is lost";
        is_to_go_on_ = true;
    } else if (wants_room != watches_room_) {
        watches_room_ = wants_room;
        if (!parts_.engine.watch(*this, wants_room ? Interest::read_write : Interest::read)) {
            lost_by_ = no_room;
            is_to_go_on_ = true;
        }
    }
}

void RedisLink::on_ready() noexcept {
    from_loop([this] {
        if (is_up()) {
            receive();
        }
        if (is_up() && !unsent_.empty()) {
            flush();
        }
    });
}

// Until libcurl has no more: what TLS has read ahead, no event tells of.
void RedisLink::receive() {
    is_to_go_on_ = false;
    if (!lost_by_.empty()) {
        lose(std::exchange(lost_by_, {}));
        return;
    }
    char piece[piece_size];
    for (int pieces = 0; is_up(); ++pieces) {
        if (pieces == most_pieces) {
            is_to_go_on_ = true;
            return;
        }
        std::size_t size = 0;
        CURLcode code = CURLE_OK;
        {
            const InLibcurl in_libcurl;
            code = curl_easy_recv(easy(), piece, sizeof(piece), &size);
        }
        if (code == CURLE_AGAIN) {
            return;
        }
        if (code != CURLE_OK || size == 0) {
            lose("the connection is lost");
            return;
        }
        reader_->feed({piece, size});
        RedisReply reply;
        RedisReader::Outcome outcome = RedisReader::Outcome::more;
        while (is_up() && (outcome = reader_->next(reply)) == RedisReader::Outcome::reply) {
            take(std::move(reply));
        }
        if (is_up() && outcome == RedisReader::Outcome::broken) {
            give_up({RedisFault::Kind::passing, "sends what is no answer of Redis, or more than 256k"});
        }
    }
}

void RedisLink::take(RedisReply reply) {
    if (!steps_.empty()) {
        const Step step = steps_.front();
        steps_.pop_front();
        take_greeting(step, reply);
        if (is_up() && !unsent_.empty()) {
            flush();
        }
        return;
    }
    if (waiting_.empty() || !waiting_.front().is_sent) {
        const bool is_fault = reply.kind == RedisReply::Kind::error;
        give_up(is_fault ? redis_fault(reply.text)
                         : RedisFault{RedisFault::Kind::passing, "answers what it was not asked"});
        return;
    }
    Place& oldest = waiting_.front();
    const RedisReply* error = oldest.fault ? nullptr : find_error(reply);
    if (error != nullptr) {
        oldest.fault = redis_fault(error->text);
    }
    oldest.replies.push_back(std::move(reply));
    if (oldest.replies.size() == oldest.expected) {
        finish_oldest();
    }
}

void RedisLink::close() noexcept {
    parts_.engine.disconnect(*this);
    stage_ = Stage::idle;
    reader_.reset();
    steps_.clear();
    unsent_.clear();
    lost_by_.clear();
    watches_room_ = false;
    is_to_go_on_ = false;
}

// A server ends connections that are idle, or is restarted: what can be asked again, is, once.
void RedisLink::lose(const std::string& why) {
    if (stage_ != Stage::up || !has_served_) {
        if (waiting_.empty()) {
            close();
        } else {
            give_up({RedisFault::Kind::passing, "cannot be used: " + why});
        }
        return;
    }
    close();
    for (auto place = waiting_.begin(); place != waiting_.end();) {
        const auto each = place++;
        if (!each->is_sent) {
            continue;
        }
        if (!each->may_repeat || each->was_repeated) {
            fail(each, "cannot be used: " + why);
            continue;
        }
        each->is_sent = false;
        each->was_repeated = true;
        each->fault.reset();
        each->replies.clear();
    }
    if (!waiting_.empty()) {
        connect();
    }
}

// Everybody is told at once; then it is left alone for a while, longer each time.
void RedisLink::give_up(const RedisFault& fault) {
    close();
    next_try_ = std::chrono::steady_clock::now() + pause_;
    pause_ = std::min(2 * pause_, longest_pause);
    trouble_ = fault.sentence;
    while (!waiting_.empty()) {
        fail(waiting_.begin(), fault.sentence);
    }
    notice(fault);
}

void RedisLink::give_up_without_memory() noexcept {
    close();
    while (!waiting_.empty()) {
        waiting_.front().has_failed = true;
        finish(waiting_.begin());
    }
}

} // namespace oauth::net
