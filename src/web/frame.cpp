// SPDX-License-Identifier: MIT
// See frame.hpp. One style for all pages, whose hash is in the Content-Security-Policy; one script of a few
// lines, guarded by a nonce, without which everything works, too.
#include "frame.hpp"

#include "../core/bytes.hpp"
#include "../core/crypto.hpp"
#include "html.hpp"
#include "marks.hpp"

#include <algorithm>

namespace oauth::web {

namespace {

constexpr std::string_view style =
    R"(:root{color-scheme:light dark;--a:#1f4fa3;--o:#fff;--b:#f3f4f7;--c:#fff;--t:#1b1f24;--m:#545c66;)"
    R"(--l:#868e98;--s:#d9dde2}@media(prefers-color-scheme:dark){:root{--a:#8ab0f5;--o:#0f141b;--b:#13161a;)"
    R"(--c:#1d2126;--t:#e8eaed;--m:#aab2bb;--l:#7a838d;--s:#363c43}})"
    R"(*{box-sizing:border-box}body{margin:0;min-height:100vh;display:flex;align-items:center;)"
    R"(justify-content:center;padding:1rem;font:1rem/1.55 system-ui,sans-serif;color:var(--t);)"
    R"(background:var(--b);overflow-wrap:anywhere}main{width:100%;max-width:27rem;padding:2rem;)"
    R"(background:var(--c);border:1px solid var(--s);border-radius:.75rem;box-shadow:0 1px 3px #0001})"
    R"(.site{display:flex;align-items:center;gap:.6rem;margin:0 0 1.25rem;color:var(--m);font-weight:600})"
    R"(.site img{max-height:3rem;max-width:8rem;flex:none}h1{margin:0 0 .75rem;font-size:1.4rem;)"
    R"(line-height:1.3;text-wrap:balance}h2{margin:1.75rem 0 .75rem;font-size:1rem}p{margin:.75rem 0;text-wrap:pretty}.next{color:var(--m)})"
    R"(ul{list-style:none;margin:0;padding:0}.next+ul{margin-top:1.5rem}.on{margin:1.5rem 0 0;display:grid;gap:.65rem})"
    R"(a.b{display:flex;align-items:center;justify-content:center;gap:.7rem;min-height:3rem;)"
    R"(padding:.6rem 1rem;border:1px solid var(--l);border-radius:.5rem;color:var(--t);font-weight:600;)"
    R"(line-height:1.35;text-decoration:none}a.b.p{background:var(--a);color:var(--o);border-color:var(--a)})"
    R"(a.b:hover{text-decoration:underline}a.b:focus-visible,a:focus-visible{outline:3px solid var(--t);)"
    R"(outline-offset:2px}.on a.b{text-align:center}li a.b{justify-content:flex-start}li span{flex:1}li+li{margin-top:.65rem})"
    R"(li svg{flex:none}li em{flex:none;margin-left:auto;font-style:normal;font-size:.8rem;font-weight:400})"
    R"(footer{margin-top:1.75rem;padding-top:1rem;border-top:1px solid var(--s);color:var(--m);)"
    R"(font-size:.85rem}footer p{margin:.35rem 0}.r{display:flex;flex-wrap:wrap;gap:0 .75rem}footer a{color:inherit}code{font-size:.9em}@media(max-width:25rem){main{padding:1.25rem})"
    R"(li a.b{display:grid;grid-template-columns:auto 1fr;gap:0 .7rem}li em{grid-column:2;margin:0}})";

// "data-r": links that lead on to the page that was wanted, and end with return_to. The server takes 2,048
// bytes. A tab that waits asks more and more rarely, only while it is seen.
constexpr std::string_view script =
    R"((function(){var d=document,b=d.body.dataset,h=b.f?location.hash:"",w=2e3,k;)"
    R"(if(h.length>1)d.querySelectorAll("a[data-r]").forEach(function(a){var u=a.getAttribute("href"))"
    R"(,i=u.indexOf("return_to=");if(i<0){u+=(u.indexOf("?")<0?"?":"&")+"return_to=%2F";i=u.indexOf("return_to=")})"
    R"(var v=u.slice(i+10);if(v.indexOf("%23")<0&&decodeURIComponent(v).length+h.length<2e3))"
    R"(a.setAttribute("href",u+encodeURIComponent(h))});)"
    R"(if(h)d.querySelectorAll("a[data-h]").forEach(function(a){a.setAttribute("href",a.getAttribute("href")+h)});)"
    R"(if(!b.w)return;)"
    R"(function later(){clearTimeout(k);k=setTimeout(ask,w);w=Math.min(w*1.5,6e4)})"
    R"(function ask(){if(d.hidden)return;fetch(b.w,{headers:{Accept:"application/json"},cache:"no-store"}))"
    R"(.then(function(r){r.ok?location.replace(b.t+(b.t.indexOf("#")<0?h:"")):later()},later)})"
    R"(function soon(){w=2e3;clearTimeout(k);ask()}d.addEventListener("visibilitychange",soon);)"
    R"(addEventListener("pageshow",function(e){if(e.persisted)soon()});addEventListener("focus",soon);later()})())";

std::string style_of(const Look& look) {
    std::string text(style);
    if (!look.color.empty()) {
        text.append(":root{--a:").append(look.color).append(";--o:");
        text.append(text_color_on(look.color)).append("}a.b.p{border-color:var(--l)}"); // it may be pale
    }
    return text;
}

// An address or a URL that stands for itself becomes a link.
std::string help_html(const std::string& help) {
    std::string html;
    for (const std::string_view word : core::split(help, ' ')) {
        std::string_view core_of = word;
        while (!core_of.empty() &&
               std::string_view(".,;:!?)").find(core_of.back()) != std::string_view::npos) {
            core_of.remove_suffix(1);
        }
        const std::size_t at = core_of.find('@');
        const bool is_url = core_of.starts_with("https://") || core_of.starts_with("http://");
        const bool is_address = !is_url && at != std::string_view::npos && at > 0 &&
                                core_of.find('.', at) != std::string_view::npos &&
                                core_of.find_first_of("<>()\"':/?&%") == std::string_view::npos;
        html.append(html.empty() ? "" : " ");
        if (is_url || is_address) {
            html.append("<a href=\"").append(is_address ? "mailto:" : "").append(html_escape(core_of));
            html.append("\">").append(html_escape(core_of)).append("</a>");
            html.append(html_escape(word.substr(core_of.size())));
        } else {
            html.append(html_escape(word));
        }
    }
    return html;
}

std::string foot(const Audience& audience, const Content& content) {
    const bool is_failure = !content.code.empty();
    std::string html;
    if (!audience.look->help.empty()) {
        html.append("<p>").append(say_html(audience, Phrase::help)).append(" ");
        html.append(help_html(audience.look->help)).append("</p>\n");
    } else if (is_failure) {
        html.append(paragraph(audience, Phrase::ask_the_owners));
    }
    if (is_failure) {
        html.append("<p class=\"r\">\n<span>").append(say_html(audience, Phrase::reference));
        html.append(" <code>").append(html_escape(audience.request_id)).append("</code></span> <code>");
        html.append(html_escape(content.code)).append("</code></p>\n");
    }
    return html.empty() ? html : "<footer>\n" + html + "</footer>\n";
}

enum class Piece { words, name };

// Gives the phrase to `append` piece by piece. Braces of a name are no placeholder: each is looked for in the
// phrase alone.
template <class Append>
void compose(const Audience& audience, Phrase phrase, Append append) {
    const Language& language = *audience.language;
    const std::string_view text = language[phrase];
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t open = std::min(text.find('{', at), text.size());
        append(Piece::words, text.substr(at, open - at));
        if (open == text.size()) {
            break;
        }
        const std::size_t close = text.find('}', open);
        const std::string_view placeholder = text.substr(open + 1, close - open - 1);
        const bool is_site = placeholder == "site";
        const std::string& name = is_site                    ? audience.site
                                  : placeholder == "account" ? audience.account
                                                             : audience.provider;
        if (!name.empty()) {
            append(Piece::name, name);
        } else if (placeholder != "account") {
            std::string stands_for_it(language[is_site ? Phrase::this_site : Phrase::some_provider]);
            char& first = stands_for_it[0];
            if (open == 0 && first >= 'a' && first <= 'z') { // it begins the sentence
                first = static_cast<char>(first - 'a' + 'A');
            }
            append(Piece::words, stands_for_it);
        }
        at = close + 1;
    }
}

// A name may be written from right to left, or mean to have its sentence read so.
std::string isolated(std::string_view name) {
    return "<bdi>" + html_escape(name) + "</bdi>";
}

} // namespace

std::string say(const Audience& audience, Phrase phrase) {
    std::string said;
    compose(audience, phrase, [&](Piece, std::string_view text) { said.append(text); });
    return said;
}

std::string say_html(const Audience& audience, Phrase phrase) {
    std::string html;
    compose(audience, phrase, [&](Piece piece, std::string_view text) {
        html.append(piece == Piece::name ? isolated(text) : html_escape(text));
    });
    return html;
}

std::string paragraph(const Audience& audience, Phrase phrase, std::string_view css_class) {
    std::string html = "<p";
    if (!css_class.empty()) {
        html.append(" class=\"").append(css_class).append("\"");
    }
    return html.append(">").append(say_html(audience, phrase)).append("</p>\n");
}

std::string button(std::string_view url, std::string_view label, Weight weight, Fragment fragment) {
    std::string html = weight == Weight::primary ? "<a class=\"b p\" href=\"" : "<a class=\"b\" href=\"";
    html.append(html_escape(url)).append("\"");
    html.append(fragment == Fragment::in_return_to ? " data-r" : "");
    html.append(fragment == Fragment::own ? " data-h" : "");
    return html.append(">").append(html_escape(label)).append("</a>\n");
}

std::string choice_list(const Audience& audience, const std::vector<Choice>& choices) {
    std::string html = "<ul>\n";
    Audience about = audience;
    for (const Choice& choice : choices) {
        about.provider = choice.label;
        html.append(choice.is_last && audience.account.empty() ? "<li><a class=\"b p\" href=\""
                                                               : "<li><a class=\"b\" href=\"");
        html.append(html_escape(choice.url)).append("\" data-r>").append(mark_of(choice.type));
        html.append("<span>").append(say_html(about, Phrase::sign_in_with)).append("</span>");
        if (choice.is_last) {
            html.append(" <em>").append(say_html(audience, Phrase::last_used)).append("</em>");
        }
        html.append("</a></li>\n");
    }
    return html.append("</ul>\n");
}

Answer framed_page(int status, const Audience& audience, const Content& content) {
    const std::string css = style_of(*audience.look);
    const bool has_script = !audience.nonce.empty() && (content.keeps_fragment || !content.waits_for.empty());
    std::string policy = "default-src 'none'; style-src 'sha256-" +
                         core::base64_encode(core::digest(core::Hash::sha256, css)) + "'";
    policy.append(audience.look->logo.empty() ? "" : "; img-src data:");
    if (has_script) {
        policy.append("; script-src 'nonce-").append(audience.nonce).append("'");
        policy.append(content.waits_for.empty() ? "" : "; connect-src 'self'");
    }
    policy.append("; base-uri 'none'; form-action 'none'; frame-ancestors 'none'");

    std::string html = "<!DOCTYPE html>\n<html lang=\"";
    html.append(audience.language->tag()).append("\">\n<head>\n<meta charset=\"utf-8\">\n");
    html.append("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n");
    html.append("<meta name=\"robots\" content=\"noindex\">\n").append(content.head).append("<title>");
    const std::string title = say(audience, content.title);
    html.append(html_escape(title));
    // A title of its own, and the site's name, once. An empty name is in every title.
    const bool is_named = title.find(audience.site) != std::string::npos;
    if (!is_named) {
        html.append(" &middot; ").append(html_escape(audience.site));
    }
    html.append("</title>\n<style>").append(css).append("</style>\n</head>\n<body");
    if (has_script && content.keeps_fragment) {
        html.append(" data-f=\"1\"");
    }
    if (has_script && !content.waits_for.empty()) {
        html.append(" data-w=\"").append(html_escape(content.waits_for)).append("\" data-t=\"");
        html.append(html_escape(content.proceeds_to)).append("\"");
    }
    html.append(">\n<main>\n");
    if (!audience.look->logo.empty() || !is_named) {
        html.append("<p class=\"site\">\n");
        if (!audience.look->logo.empty()) {
            html.append("<img src=\"").append(html_escape(audience.look->logo)).append("\" alt=\"\">\n");
        }
        if (!is_named) {
            html.append(isolated(audience.site)).append("\n");
        }
        html.append("</p>\n");
    }
    html.append("<h1>");
    html.append(say_html(audience, content.title)).append("</h1>\n").append(content.html);
    html.append(foot(audience, content)).append("</main>\n");
    if (has_script) {
        html.append("<script nonce=\"").append(audience.nonce).append("\">").append(script);
        html.append("</script>\n");
    }
    return page(status, html.append("</body>\n</html>\n"), std::move(policy));
}

} // namespace oauth::web
