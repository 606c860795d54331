// SPDX-License-Identifier: MIT
// See answer.hpp.
#include "answer.hpp"

namespace oauth::web {

Answer redirect(int status, std::string location) {
    Answer answer;
    answer.status = status;
    answer.headers.emplace_back("Location", std::move(location));
    answer.headers.emplace_back("Referrer-Policy", "no-referrer");
    return answer;
}

Answer json(int status, std::string body) {
    Answer answer;
    answer.status = status;
    answer.content_type = "application/json";
    answer.body = std::move(body);
    answer.headers.emplace_back("X-Content-Type-Options", "nosniff");
    return answer;
}

} // namespace oauth::web
