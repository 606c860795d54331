// SPDX-License-Identifier: MIT
// See redis_faults.hpp.
#include "redis_faults.hpp"

#include "../core/bytes.hpp"

#include <algorithm>
#include <iterator>

namespace oauth::net {

namespace {

using Kind = RedisFault::Kind;

struct Row {
    std::string_view code;
    Kind kind;
    std::string_view sentence;
};

constexpr std::string_view replica_sentence = "is a replica, which takes no writes: \"oauth_session\" is to "
                                              "name the primary, or a name that leads to it";
constexpr std::string_view cluster_sentence =
    "is part of a Redis Cluster, which is not supported: \"oauth_session\" is to name a server of its own";

constexpr Row rows[] = {
    {"LOADING", Kind::passing, "is still loading its data"},
    {"MASTERDOWN", Kind::passing, "is a replica that has lost its primary"},
    {"BUSY", Kind::passing, "is busy with somebody's script"},
    {"TRYAGAIN", Kind::passing, "asks to try again later"},
    {"CLUSTERDOWN", Kind::passing, "says that its cluster is down"},
    {"OOM", Kind::passing, "has no memory left for sessions: raise its maxmemory"},
    {"MISCONF", Kind::passing, "cannot save to its disk, and takes no writes until it can"},
    {"NOREPLICAS", Kind::passing, "has too few replicas to take writes (min-replicas-to-write)"},
    {"UNBLOCKED", Kind::passing, "has changed its role"},
    {"READONLY", Kind::replica, replica_sentence},
    {"NOAUTH", Kind::configuration, "asks for a password: set password=SOURCE of \"oauth_session\""},
    {"WRONGPASS", Kind::configuration,
     "does not take user and password: check user= and password= of \"oauth_session\""},
    {"NOPERM", Kind::configuration,
     "does not let its user do what sessions need: grant the rights that docs/directives.md lists at "
     "\"oauth_session\""},
    {"MOVED", Kind::configuration, cluster_sentence},
    {"ASK", Kind::configuration, cluster_sentence},
    {"CROSSSLOT", Kind::configuration, cluster_sentence},
    {"WRONGTYPE", Kind::configuration,
     "has something else under a key of a session: set prefix= of \"oauth_session\" to one that nobody else "
     "uses"},
};

std::string_view code_of(std::string_view error) {
    return error.substr(0, error.find(' '));
}

// Told for codes that are not in the table, so nothing that could be more than one.
bool is_code(std::string_view code) {
    return !code.empty() && code.size() <= 20 &&
           std::all_of(code.begin(), code.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
}

std::string_view field(std::string_view info, std::string_view name) {
    std::size_t at = info.find(name);
    while (at != std::string_view::npos && at != 0 && info[at - 1] != '\n') {
        at = info.find(name, at + 1);
    }
    if (at == std::string_view::npos) {
        return {};
    }
    const std::string_view rest = info.substr(at + name.size());
    return rest.substr(0, rest.find_first_of("\r\n"));
}

} // namespace

RedisFault redis_fault(std::string_view error) {
    if (error.starts_with("ERR max number of clients")) {
        return {Kind::passing, "has its maxclients connections already"};
    }
    if (error.find("without any password configured") != std::string_view::npos) {
        return {Kind::configuration, "has no password: leave out password= of \"oauth_session\""};
    }
    if (error.starts_with("ERR DB index")) {
        return {Kind::configuration,
                "has no database of that number: see the number at the end of \"oauth_session\"'s URL"};
    }
    const std::string_view code = code_of(error);
    const auto* row =
        std::find_if(std::begin(rows), std::end(rows), [code](const Row& each) { return each.code == code; });
    if (row != std::end(rows)) {
        return {row->kind, std::string(row->sentence)};
    }
    return {Kind::passing, "refuses a command" + (is_code(code) ? " (" + std::string(code) + ")" : "")};
}

const RedisReply* find_error(const RedisReply& reply) {
    if (reply.kind == RedisReply::Kind::error) {
        return &reply;
    }
    for (const RedisReply& each : reply.list) {
        if (const RedisReply* error = find_error(each)) {
            return error;
        }
    }
    return nullptr;
}

RedisState read_redis_info(std::string_view info) {
    RedisState state;
    state.eviction_policy = field(info, "maxmemory_policy:");
    const std::string_view version = field(info, "redis_version:");
    const auto major = core::parse_decimal(version.substr(0, version.find('.')), 1000);
    const std::string_view mode = field(info, "redis_mode:");
    if (mode == "sentinel") {
        state.fault = {Kind::configuration, "is a Sentinel, which is not supported: \"oauth_session\" is to "
                                            "name the primary, or a name that leads to it"};
    } else if (mode == "cluster") {
        state.fault = {Kind::configuration, std::string(cluster_sentence)};
    } else if (major && *major < 7) {
        state.fault = {Kind::configuration, "is version " + core::for_log(version) +
                                                ", and sessions need Redis 7.0 or later, or Valkey"};
    } else if (field(info, "role:") == "slave") {
        state.fault = {Kind::replica, std::string(replica_sentence)};
    }
    return state;
}

std::string why_not_policy(std::string_view eviction_policy) {
    if (eviction_policy.empty() || eviction_policy == "noeviction") {
        return "";
    }
    return "has maxmemory-policy " + core::for_log(eviction_policy) +
           ", with which it may drop sessions and forget sign-outs: set maxmemory-policy noeviction";
}

} // namespace oauth::net
