// SPDX-License-Identifier: MIT
// A store that answers when a test has it answer: before each operation it asks a server of the test's, whose
// address is in OAUTH_LATE_STORE. The sessions themselves are the cookie store's. Linked into a module of the
// end-to-end tests in place of src/flow/stores.cpp; everything else of that module is what is tested.
#include "../../src/flow/stores.hpp"
#include "../../src/session/cookie_store.hpp"

#include <cstdlib>

namespace oauth::flow {

namespace {

class LateStore final : public session::Store {
public:
    LateStore(std::unique_ptr<session::Store> inner, net::HttpClient& http, std::string url)
        : inner_(std::move(inner)), http_(http), url_(std::move(url)) {}

    std::optional<session::OpenedSessionPointer> peek(std::string_view, std::string_view) override {
        return std::nullopt;
    }

    // What the server answers is a Set-Cookie value that comes with the session.
    core::Task<core::Result<session::Loaded>> load(std::string cookie, std::string base_url) override {
        auto answered = co_await ask("load");
        if (!answered) {
            co_return answered.error();
        }
        auto loaded = co_await inner_->load(std::move(cookie), std::move(base_url));
        if (loaded && !answered->empty()) {
            loaded->cookies.push_back(std::move(answered.value()));
        }
        co_return std::move(loaded);
    }

    core::Task<core::Result<session::CookieParts>> create(const session::Session& session,
                                                          std::string base_url) override {
        auto answered = co_await ask("create");
        if (!answered) {
            co_return answered.error();
        }
        co_return co_await inner_->create(session, std::move(base_url));
    }

    void read_id_token(session::OpenedSession& session) override { inner_->read_id_token(session); }
    core::Task<core::Result<session::Loaded>> touch(session::OpenedSessionPointer session) override {
        co_return co_await inner_->touch(std::move(session));
    }
    core::Task<core::Result<session::Replaced>> replace(session::OpenedSessionPointer before,
                                                        const session::Session& next) override {
        co_return co_await inner_->replace(std::move(before), next);
    }
    core::Task<core::Result<session::Loaded>> take_over(session::OpenedSessionPointer before,
                                                        std::string handover) override {
        co_return co_await inner_->take_over(std::move(before), std::move(handover));
    }

    core::Task<core::Status> erase(session::OpenedSessionPointer session) override {
        auto answered = co_await ask("erase");
        if (!answered) {
            co_return answered.error();
        }
        co_return co_await inner_->erase(std::move(session));
    }

    core::Task<core::Status> erase_all(session::Whose whose) override {
        auto answered = co_await ask("erase");
        if (!answered) {
            co_return answered.error();
        }
        co_return co_await inner_->erase_all(std::move(whose));
    }

    core::Task<core::Result<bool>> use_once(std::string key, std::int64_t until) override {
        co_return co_await inner_->use_once(std::move(key), until);
    }
    core::Task<core::Result<bool>> is_used(std::string key) override {
        co_return co_await inner_->is_used(std::move(key));
    }

private:
    core::Task<core::Result<std::string>> ask(std::string operation) {
        net::HttpRequest request;
        request.url = url_ + "/" + operation;
        net::HttpResult response = co_await net::fetch(http_, std::move(request));
        if (!response || response->status != 200) {
            co_return core::Error{core::Code::store_unavailable, "the late store does not answer"};
        }
        co_return std::move(response->body);
    }

    std::unique_ptr<session::Store> inner_;
    net::HttpClient& http_;
    std::string url_;
};

} // namespace

std::optional<net::RedisSettings> redis_settings(const SiteOptions&, const std::string&) {
    return std::nullopt;
}

std::unique_ptr<session::Store> make_store(StoreMeans means) {
    const session::CookieStore::Parts parts{
        means.options.cookie, means.clock, means.random,
        means.ledger,         means.cache, means.options.requirements->longest_session};
    auto inner = std::make_unique<session::CookieStore>(parts, std::move(means.sealer));
    const char* url = std::getenv("OAUTH_LATE_STORE");
    return std::make_unique<LateStore>(std::move(inner), means.http, url == nullptr ? "" : url);
}

} // namespace oauth::flow
