// SPDX-License-Identifier: MIT
// Shared by the tests of API clients' tokens: the World of flow_world.hpp with a protected resource, the
// worker's memory of tokens, and access tokens of its provider, signed or opaque. The world owns everything.
#pragma once

#include "../../src/flow/bearer.hpp"
#include "flow_world.hpp"
#include "outcomes.hpp"

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace oauth::unit {

inline const std::string resource_at = app + "/mcp";

// The network answers as in World::run.
template <class T>
T run_task(World& world, core::Task<T> task) {
    std::optional<T> result;
    {
        core::Flow<T> flow(std::move(task), [&result](std::optional<T> value, std::exception_ptr) {
            result = std::move(value);
        });
        flow.start();
        while (!result && world.turn()) {
        }
    }
    assert_true(result.has_value());
    return std::move(*result);
}

inline Object access_claims(const std::string& subject = "user-1") {
    return {{"iss", quote(issuer)},
            {"aud", quote(resource_at)},
            {"sub", quote(subject)},
            {"exp", std::to_string(start_of_time + 600)},
            {"iat", std::to_string(start_of_time)},
            {"scope", "\"read write\""}};
}

inline std::string access_jwt(const Object& claims = access_claims(),
                              const tokens::Key& key = provider_key()) {
    const Object header = {{"alg", "\"ES256\""}, {"kid", "\"k1\""}, {"typ", "\"at+jwt\""}};
    return tokens::sign(key, "ES256", header.text(), claims.text());
}

class BearerWorld : public World {
public:
    BearerWorld() {
        site.tokens = &memory;
        site.providers = {&provider};
        resource.path = "/mcp";
        resource.is_mcp = true;
    }

    flow::TokenMemory memory{session::SessionCache{3, 16}, session::SessionCache{5, 16}};
    flow::ProtectedResource resource;

    void introspects(const Object& answer) {
        op.instead.insert_or_assign("/introspect", json_response(answer.text()));
    }
    void has_introspection() {
        op.metadata = op.metadata.with("introspection_endpoint", quote(issuer + "/introspect"));
    }

    // All that there are for tokens of the provider.
    std::vector<flow::Turn> take_all_turns() {
        std::vector<flow::Turn> taken;
        for (;;) {
            auto turn = flow::Turn::take(turns, "op tokens", "");
            if (!turn) {
                return taken;
            }
            taken.push_back(std::move(turn.value()));
        }
    }

    core::Result<flow::TokenVerdict> ask(const std::string& token, const std::string& base_url = app) {
        return run_task(*this, flow::verify_token(site, resource, token, base_url, "192.0.2.1"));
    }
    session::OpenedSessionPointer take(const std::string& token, const std::string& base_url = app) {
        auto verdict = ask(token, base_url);
        assert_true(verdict.ok());
        if (!verdict->session) {
            print_error("refused: %s\n", verdict->error.detail.c_str());
            fail();
        }
        return verdict->session;
    }
    void refuse(const std::string& token, std::string_view part) {
        const auto verdict = ask(token);
        if (!verdict.ok()) {
            print_error("failed: %s\n", verdict.error().detail.c_str());
            fail();
        }
        assert_null(verdict->session.get());
        expect_error(verdict->error, "token_invalid", part);
        assert_true(verdict->error.detail.find(token) == std::string::npos);
    }
    // It is not known whether it is one.
    void fails(const std::string& token, std::string_view code) {
        const auto verdict = ask(token);
        assert_false(verdict.ok());
        assert_text_equal(core::code_name(verdict.error().code), code);
        assert_true(verdict.error().detail.find(token) == std::string::npos);
    }
    session::OpenedSessionPointer known(const std::string& token, const std::string& base_url = app) {
        return flow::find_token(site, resource, token, base_url);
    }
};

} // namespace oauth::unit
