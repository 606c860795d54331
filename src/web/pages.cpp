// SPDX-License-Identifier: MIT
// See pages.hpp. All pages have one frame, no script, and one style, whose hash is in the
// Content-Security-Policy.
#include "pages.hpp"

#include "../core/bytes.hpp"
#include "../core/crypto.hpp"
#include "../core/json.hpp"

namespace oauth::web {

namespace {

constexpr std::string_view style =
    R"(body{margin:0;min-height:100vh;display:flex;align-items:center;justify-content:center;)"
    R"(font:1rem/1.5 system-ui,sans-serif;color:#1c2024;background:#f3f4f6})"
    R"(main{box-sizing:border-box;width:min(26rem,92vw);padding:2rem;background:#fff;)"
    R"(border:1px solid #d5d9de;border-radius:.6rem})"
    R"(h1{margin:0 0 1rem;font-size:1.3rem}p{margin:.6rem 0;overflow-wrap:anywhere})"
    R"(ul{list-style:none;margin:1rem 0 0;padding:0}li{margin:.6rem 0})"
    R"(a.button{display:block;padding:.65rem 1rem;text-align:center;border-radius:.4rem;)"
    R"(background:#1f4fa3;color:#fff;text-decoration:none})"
    R"(a.button:hover,a.button:focus{background:#163a78})"
    R"(small{color:#59616b}@media(prefers-color-scheme:dark){)"
    R"(body{color:#e6e8eb;background:#15181b}main{background:#1e2226;border-color:#363c43})"
    R"(small{color:#a3abb4}a.button{background:#8ab0f5;color:#10151c})"
    R"(a.button:hover,a.button:focus{background:#b3ccfa}})";

const std::string& content_security_policy() {
    static const std::string policy = "default-src 'none'; style-src 'sha256-" +
                                      core::base64_encode(core::digest(core::Hash::sha256, style)) +
                                      "'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
    return policy;
}

std::string frame(const Audience& audience, std::string_view heading, std::string_view content,
                  std::string_view head = {}) {
    const std::string title =
        html_escape(audience.title.empty() ? heading : std::string_view(audience.title));
    std::string html = "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                       "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
                       "<meta name=\"robots\" content=\"noindex\">\n";
    html.append(head).append("<title>").append(title).append("</title>\n<style>").append(style);
    html.append("</style>\n</head>\n<body>\n<main>\n<h1>").append(html_escape(heading)).append("</h1>\n");
    html.append(content).append("</main>\n</body>\n</html>\n");
    return html;
}

std::string button(std::string_view url, std::string_view label) {
    std::string html = "<a class=\"button\" href=\"";
    html.append(html_escape(url)).append("\">").append(html_escape(label)).append("</a>\n");
    return html;
}

struct Words {
    std::string_view heading;
    std::string_view message;
};

Words words(core::Code code) {
    using core::Code;
    switch (code) {
    case Code::login_required:
        return {"Sign in", "You need to sign in to see this."};
    case Code::policy_denied:
        return {"No access", "You are signed in, but this account is not allowed here."};
    case Code::access_denied:
        return {"Sign-in refused", "The sign-in was cancelled, or the provider refused it."};
    case Code::email_unverified:
        return {"No access", "The provider has not verified the e-mail address of this account."};
    case Code::state_invalid:
        return {"Sign-in expired", "This sign-in is not valid any more. Please start again."};
    case Code::request_invalid:
        return {"Bad request", "The request is not one that can be answered here."};
    case Code::provider_error:
        return {"Sign-in failed", "The sign-in provider answered with an error."};
    case Code::token_invalid:
        return {"Sign-in failed", "What the sign-in provider sent could not be verified."};
    case Code::provider_unreachable:
        return {"Sign-in failed", "The sign-in provider cannot be reached at the moment."};
    case Code::provider_timeout:
        return {"Sign-in failed", "The sign-in provider did not answer in time."};
    case Code::session_too_large:
        return {"Sign-in failed", "The account has more data than a session can hold."};
    case Code::store_unavailable:
        return {"Please try again", "Sessions cannot be checked at the moment."};
    case Code::internal_error:
        break;
    }
    return {"Something went wrong", "The request could not be answered."};
}

LogLevel log_level(core::Code code) {
    switch (core::code_status(code) / 100) {
    case 5:
        return LogLevel::error;
    default:
        return code == core::Code::login_required ? LogLevel::none : LogLevel::warn;
    }
}

} // namespace

Answer page(int status, std::string html) {
    Answer answer;
    answer.status = status;
    answer.content_type = "text/html; charset=utf-8";
    answer.body = std::move(html);
    answer.headers = {{"Content-Security-Policy", content_security_policy()},
                      {"X-Content-Type-Options", "nosniff"},
                      {"X-Frame-Options", "DENY"},
                      {"Referrer-Policy", "no-referrer"}};
    return answer;
}

std::string html_escape(std::string_view text) {
    std::string escaped;
    escaped.reserve(text.size() + 16);
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        switch (c) {
        case '&':
            escaped += "&amp;";
            break;
        case '<':
            escaped += "&lt;";
            break;
        case '>':
            escaped += "&gt;";
            break;
        case '"':
            escaped += "&quot;";
            break;
        case '\'':
            escaped += "&#39;";
            break;
        default:
            if (byte < 0x20 || byte == 0x7f) {
                escaped += "\xef\xbf\xbd";
            } else {
                escaped += c;
            }
        }
    }
    return escaped;
}

Answer failure(const core::Error& error, const Audience& audience) {
    const Words say = words(error.code);
    Answer answer;
    if (audience.prefers_json) {
        core::JsonObjectWriter body;
        body.add("error", core::code_name(error.code));
        body.add("message", say.message);
        body.add("request_id", audience.request_id);
        if (!audience.login_url.empty()) {
            body.add("login_url", audience.login_url);
        }
        answer = json(core::code_status(error.code), std::move(body).finish());
    } else {
        std::string content = "<p>" + html_escape(say.message) + "</p>\n";
        if (!audience.account.empty()) {
            content += "<p>Signed in as <strong>" + html_escape(audience.account) + "</strong>.</p>\n";
        }
        if (!audience.login_url.empty()) {
            content += button(audience.login_url,
                              audience.account.empty() ? "Sign in" : "Sign in with another account");
        }
        content += "<p><small>" + html_escape(core::code_name(error.code));
        if (!audience.request_id.empty()) {
            content += " &middot; " + html_escape(audience.request_id);
        }
        content += "</small></p>\n";
        answer = page(core::code_status(error.code), frame(audience, say.heading, content));
    }
    answer.code = error.code;
    answer.log_level = log_level(error.code);
    answer.log.append(core::code_name(error.code)).append(": ").append(error.detail);
    return answer;
}

Answer unauthenticated(std::string_view realm, const Audience& audience) {
    Audience program = audience;
    program.prefers_json = true;
    Answer answer = failure({core::Code::login_required, ""}, program);
    // The realm is the base URL, which has no quote in it.
    answer.headers.emplace_back("WWW-Authenticate", "Bearer realm=\"" + std::string(realm) + "\"");
    answer.log_level = LogLevel::none;
    return answer;
}

Answer sign_in_page(const std::vector<Choice>& choices, const Audience& audience) {
    std::string content = "<ul>\n";
    for (const Choice& choice : choices) {
        content += "<li>" + button(choice.url, "Sign in with " + choice.label) + "</li>\n";
    }
    return page(200,
                frame(audience, audience.title.empty() ? "Sign in" : audience.title, content + "</ul>\n"));
}

Answer providers_json(const std::vector<Choice>& choices) {
    std::string body = "[";
    for (const Choice& choice : choices) {
        core::JsonObjectWriter item;
        item.add("name", choice.name);
        item.add("label", choice.label);
        item.add("url", choice.url);
        body.append(body.size() > 1 ? "," : "").append(std::move(item).finish());
    }
    return json(200, body + "]");
}

Answer sign_out_confirmation(std::string_view url, std::string_view stay_url, const Audience& audience) {
    return page(200, frame(audience, "Sign out?",
                           "<p>Do you want to sign out? Another site may have asked for it.</p>\n<ul>\n<li>" +
                               button(url, "Sign out") + "</li>\n<li>" + button(stay_url, "Stay signed in") +
                               "</li>\n</ul>\n"));
}

Answer signed_out_page(const Audience& audience) {
    if (audience.prefers_json) {
        return json(200, R"({"signed_in":false})");
    }
    return page(200,
                frame(audience, "Signed out",
                      "<p>You are signed out of this site.</p>\n" + button(audience.login_url, "Sign in")));
}

Answer still_signed_in_page(std::string_view stay_url, const Audience& audience) {
    if (audience.prefers_json) {
        return json(200, R"({"signed_in":true})");
    }
    return page(200, frame(audience, "Signed in",
                           "<p>You are signed in as <strong>" + html_escape(audience.account) +
                               "</strong>.</p>\n<ul>\n<li>" + button(audience.login_url, "Sign out") +
                               "</li>\n<li>" + button(stay_url, "Stay signed in") + "</li>\n</ul>\n"));
}

Answer continue_page(std::string_view url, const Audience& audience) {
    const std::string refresh = "<meta http-equiv=\"refresh\" content=\"0;url=" + html_escape(url) + "\">\n";
    return page(200, frame(audience, "Signed in", button(url, "Continue"), refresh));
}

} // namespace oauth::web
