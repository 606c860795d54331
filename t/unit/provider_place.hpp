// SPDX-License-Identifier: MIT
// Shared by the tests of a provider's state: one provider, a client that answers when the test says so, and
// tasks that wait for it.
#pragma once

#include "../../src/flow/provider.hpp"

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "flow_world.hpp"

namespace oauth::unit {

using flow::Provider;

struct Place {
    FakeClock clock{start_of_time};
    FakeHttp http;
    core::ReadyQueue ready{[] {}};
    providers::Settings settings = openid_settings("op", issuer);
    std::vector<std::string> reported;
    Provider provider{settings, ready, clock, [this](const std::string& text) { reported.push_back(text); }};
};

template <class T>
class Run {
public:
    explicit Run(core::Task<core::Result<T>> task)
        : flow_(std::move(task), [this](std::optional<core::Result<T>> value, std::exception_ptr) {
              result = std::move(value);
          }) {
        flow_.start();
    }
    bool done() const { return result.has_value(); }
    bool ok() const { return done() && result->ok(); }
    std::optional<core::Result<T>> result;

private:
    core::Flow<core::Result<T>> flow_;
};

using MetadataRun = Run<Provider::MetadataPointer>;
using KeysRun = Run<Provider::KeysPointer>;

inline void answer(Place& place, net::HttpResult result) {
    place.http.answer(std::move(result));
    place.ready.run();
}

} // namespace oauth::unit
