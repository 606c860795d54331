// SPDX-License-Identifier: MIT
// See redis_wire.hpp. One source for hiredis 0.14 (Debian 12) and 1.x, whose tables of functions differ: they
// are filled by name, whatever the types of their arguments. Types of RESP3 are refused: they are not asked
// for, and hiredis would take a number for a pointer where it has no function for one.
#include "redis_wire.hpp"

#include <hiredis/hiredis.h>

#include <new>
#include <utility>

namespace oauth::net {

namespace {

// What the reply that is being read may still have.
struct Budget {
    std::size_t elements = RedisReader::max_elements;
};

int depth_of(const redisReadTask* task) {
    int depth = 0;
    for (; task->parent != nullptr && depth <= RedisReader::max_depth; task = task->parent) {
        ++depth;
    }
    return depth;
}

// Where the reply belongs: its place in the list around it, or a new one, which hiredis keeps until it is
// complete.
RedisReply* place_of(const redisReadTask* task) {
    if (task->parent == nullptr) {
        return new (std::nothrow) RedisReply;
    }
    auto* list = static_cast<RedisReply*>(task->parent->obj);
    return &list->list[static_cast<std::size_t>(task->idx)];
}

void drop(const redisReadTask* task, RedisReply* reply) {
    if (task->parent == nullptr) {
        delete reply;
    }
}

// Makes a reply by `fill`, which may run out of memory. Null ends the reader.
template <class Fill>
void* make(const redisReadTask* task, Fill fill) noexcept {
    RedisReply* reply = place_of(task);
    if (reply == nullptr) {
        return nullptr;
    }
    try {
        fill(*reply);
    } catch (const std::bad_alloc&) {
        drop(task, reply);
        return nullptr;
    }
    return reply;
}

void* make_text(const redisReadTask* task, char* bytes, std::size_t size) noexcept {
    RedisReply::Kind kind = RedisReply::Kind::text;
    if (task->type == REDIS_REPLY_ERROR) {
        kind = RedisReply::Kind::error;
    } else if (task->type == REDIS_REPLY_STATUS) {
        kind = RedisReply::Kind::status;
    } else if (task->type != REDIS_REPLY_STRING) {
        return nullptr;
    }
    return make(task, [&](RedisReply& reply) {
        reply.text.assign(bytes, size);
        reply.kind = kind;
    });
}

void* make_number(const redisReadTask* task, long long number) noexcept {
    return make(task, [&](RedisReply& reply) {
        reply.kind = RedisReply::Kind::number;
        reply.number = number;
    });
}

void* make_nil(const redisReadTask* task) noexcept {
    return make(task, [](RedisReply&) {});
}

// int in hiredis 0.14, size_t in 1.x.
template <class Count>
void* make_list(const redisReadTask* task, Count elements) noexcept {
    auto& budget = *static_cast<Budget*>(task->privdata);
    const auto count = static_cast<std::size_t>(elements);
    if (task->type != REDIS_REPLY_ARRAY || count > budget.elements ||
        depth_of(task) >= RedisReader::max_depth) {
        return nullptr;
    }
    budget.elements -= count;
    return make(task, [&](RedisReply& reply) {
        reply.list.resize(count);
        reply.kind = RedisReply::Kind::list;
    });
}

void free_reply(void* reply) noexcept {
    delete static_cast<RedisReply*>(reply);
}

template <class Count>
void set_list_maker(void* (*&slot)(const redisReadTask*, Count)) {
    slot = make_list<Count>;
}

template <class... Arguments>
void refuse(void* (*&slot)(Arguments...)) {
    slot = [](Arguments...) noexcept -> void* { return nullptr; };
}

template <class Functions>
Functions make_functions() {
    Functions functions{};
    functions.createString = make_text;
    functions.createInteger = make_number;
    functions.createNil = make_nil;
    functions.freeObject = free_reply;
    set_list_maker(functions.createArray);
    if constexpr (requires { functions.createDouble; }) {
        refuse(functions.createDouble);
    }
    if constexpr (requires { functions.createBool; }) {
        refuse(functions.createBool);
    }
    return functions;
}

struct ReaderDeleter {
    void operator()(redisReader* reader) const noexcept { redisReaderFree(reader); }
};

// Does a line of the protocol end in these bytes?
bool ends_line(char before, std::string_view bytes) {
    return (before == '\r' && bytes.starts_with('\n')) || bytes.find("\r\n") != std::string_view::npos;
}

} // namespace

std::string redis_bytes(const RedisCommand& command) {
    std::vector<const char*> words;
    std::vector<std::size_t> sizes;
    words.reserve(command.size());
    sizes.reserve(command.size());
    for (const std::string& word : command) {
        words.push_back(word.data());
        sizes.push_back(word.size());
    }
    char* text = nullptr;
    const auto size =
        redisFormatCommandArgv(&text, static_cast<int>(words.size()), words.data(), sizes.data());
    if (size < 0 || text == nullptr) {
        throw std::bad_alloc();
    }
    const std::unique_ptr<char, void (*)(char*)> owner(text, &redisFreeCommand);
    return std::string(text, static_cast<std::size_t>(size));
}

struct RedisReader::State {
    redisReplyObjectFunctions functions = make_functions<redisReplyObjectFunctions>();
    Budget budget;
    std::unique_ptr<redisReader, ReaderDeleter> reader{redisReaderCreateWithFunctions(&functions)};
    bool has_line = false; // only then can there be a reply: hiredis would search all bytes again for one
    char last = '\0';
    std::size_t fed = 0; // since the last reply, and what came behind it
    bool is_broken = false;
};

RedisReader::RedisReader() : state_(std::make_unique<State>()) {
    if (!state_->reader) {
        throw std::bad_alloc();
    }
    state_->reader->privdata = &state_->budget;
}

RedisReader::~RedisReader() = default;

void RedisReader::feed(std::string_view bytes) {
    State& state = *state_;
    if (bytes.empty() || state.is_broken) {
        return;
    }
    state.has_line = state.has_line || ends_line(state.last, bytes);
    state.last = bytes.back();
    state.fed += bytes.size();
    state.is_broken = redisReaderFeed(state.reader.get(), bytes.data(), bytes.size()) != REDIS_OK;
}

RedisReader::Outcome RedisReader::next(RedisReply& reply) {
    State& state = *state_;
    if (!state.is_broken && state.has_line) {
        void* made = nullptr;
        state.is_broken = redisReaderGetReply(state.reader.get(), &made) != REDIS_OK;
        const std::unique_ptr<RedisReply> owner(static_cast<RedisReply*>(made));
        if (owner && !state.is_broken) {
            state.budget = {};
            state.fed = state.reader->len - state.reader->pos;
            reply = std::move(*owner);
            return Outcome::reply;
        }
        state.has_line = false;
    }
    state.is_broken = state.is_broken || state.fed > max_reply;
    return state.is_broken ? Outcome::broken : Outcome::more;
}

} // namespace oauth::net
