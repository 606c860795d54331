// SPDX-License-Identifier: MIT
// See secrets.hpp.
#include "secrets.hpp"

#include "bytes.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstddef>
#include <vector>

namespace oauth::core {

namespace {

constexpr std::size_t shortest_random = 20; // below this a text says nothing of how it was made
constexpr std::string_view plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

bool is_made_of(std::string_view text, std::string_view others) {
    return std::all_of(text.begin(), text.end(), [others](char c) {
        return plain.find(c) != std::string_view::npos || others.find(c) != std::string_view::npos;
    });
}

bool is_hex(std::string_view text) {
    return text.find_first_not_of("0123456789abcdefABCDEF") == std::string_view::npos;
}

std::string_view without_padding(std::string_view text) {
    for (int i = 0; i < 2 && text.ends_with('='); ++i) {
        text.remove_suffix(1);
    }
    return text;
}

bool is_base64(std::string_view text) {
    text = without_padding(text);
    return is_made_of(text, "+/") || is_made_of(text, "-_");
}

// Random texts of some length have all three.
bool has_all_kinds(std::string_view text) {
    const auto has = [text](auto kind) {
        return std::any_of(text.begin(), text.end(),
                           [kind](char c) { return kind(static_cast<unsigned char>(c)) != 0; });
    };
    return has([](int c) { return std::isupper(c); }) && has([](int c) { return std::islower(c); }) &&
           has([](int c) { return std::isdigit(c); });
}

// One character too many, too few or another, or two in the wrong order. Both are a few bytes long.
bool is_nearly(std::string_view word, std::string_view wanted) {
    const std::size_t same = static_cast<std::size_t>(
        std::mismatch(word.begin(), word.end(), wanted.begin(), wanted.end()).first - word.begin());
    const std::string_view rest = word.substr(same);
    const std::string_view wanted_rest = wanted.substr(same);
    if (rest.size() > 1 && wanted_rest.size() > 1 && rest[0] == wanted_rest[1] && rest[1] == wanted_rest[0] &&
        rest.substr(2) == wanted_rest.substr(2)) {
        return true;
    }
    return (!rest.empty() && rest.substr(1) == wanted_rest) ||
           (!wanted_rest.empty() && rest == wanted_rest.substr(1)) ||
           (!rest.empty() && !wanted_rest.empty() && rest.substr(1) == wanted_rest.substr(1));
}

// "fil:...", "ENV:...", "env/...", "file=...".
bool is_mistyped_prefix(std::string_view text) {
    const std::size_t end = text.find_first_of(":=/");
    if (end == std::string_view::npos || end == 0) {
        return false;
    }
    const std::string word = to_lower_ascii(trim(text.substr(0, end)));
    const std::array<std::string_view, 2> prefixes = {"file", "env"};
    return std::any_of(prefixes.begin(), prefixes.end(), [&](std::string_view prefix) {
        return word == prefix || (text[end] == ':' && is_nearly(word, prefix));
    });
}

// "$X", "${X}", "{{ x }}", "%X%", "<x>": something else was to replace it.
bool is_unreplaced(std::string_view text) {
    if (text.size() > 1 && text[0] == '$' &&
        (text[1] == '_' || text[1] == '{' || text[1] == '(' ||
         std::isalpha(static_cast<unsigned char>(text[1])) != 0)) {
        return true;
    }
    const auto is_between = [text](std::string_view begin, std::string_view end) {
        return text.size() > begin.size() + end.size() && text.starts_with(begin) && text.ends_with(end);
    };
    return text.find("${") != std::string_view::npos || is_between("{{", "}}") || is_between("<", ">") ||
           is_between("%", "%");
}

bool has_ending_of_file(std::string_view text) {
    const std::string lower = to_lower_ascii(text);
    return std::ranges::any_of(std::array<std::string_view, 9>{".pem", ".key", ".txt", ".jwk", ".b64",
                                                               ".secret", ".conf", ".env", ".json"},
                               [&](std::string_view ending) { return lower.ends_with(ending); });
}

// Nearly all small letters, or nearly all capitals, as the words of a path are. Of the 64 characters of
// base64 26 are small letters: of a hundred million random keys not one looks like this.
bool is_made_of_words(std::string_view text) {
    constexpr std::size_t shortest = 12;
    constexpr std::size_t long_enough = 30; // for one character in seven to be another
    const auto count = [text](auto kind) {
        return static_cast<std::size_t>(std::count_if(
            text.begin(), text.end(), [kind](char c) { return kind(static_cast<unsigned char>(c)) != 0; }));
    };
    const std::size_t small = count([](int c) { return std::islower(c); });
    const std::size_t capital = count([](int c) { return std::isupper(c); });
    const std::size_t all = small + capital + count([](int c) { return std::isdigit(c); });
    // One in 64 random texts begins with a slash, and half of the long ones have one.
    const std::size_t usual_share = all < long_enough ? 90 : 85;
    const std::size_t wanted_share = text.starts_with('/') ? 80 : usual_share;
    const std::size_t wanted = all * wanted_share / 100;
    return all >= shortest && is_made_of(text, "/._-") && std::max(small, capital) >= wanted;
}

// A secret in base64 may have slashes, too, and begin with one.
bool is_path(std::string_view text) {
    if (text.starts_with("./") || text.starts_with("../") || text.starts_with("~/") ||
        has_ending_of_file(text)) {
        return true;
    }
    if (text.starts_with('/') && (text.size() < shortest_random || !is_base64(text))) {
        return true;
    }
    return text.find('/') != std::string_view::npos && is_made_of_words(text);
}

} // namespace

std::string why_no_secret_of_file(std::string_view text) {
    return text.starts_with("\xef\xbb\xbf") ? "the file begins with a byte order mark" : "";
}

bool is_one_character_repeated(std::string_view text) {
    return !text.empty() && text.find_first_not_of(text.front()) == std::string_view::npos;
}

std::string why_no_secret(std::string_view text) {
    constexpr std::string_view accepted = ", accepted: file:PATH, env:NAME, or the value itself";
    const char* reason = nullptr;
    if (text.empty()) {
        reason = "the value is empty";
    } else if (text.starts_with("\xef\xbb\xbf")) {
        reason = "the value begins with a byte order mark";
    } else if (is_mistyped_prefix(text)) {
        reason = "the value looks like a mistyped \"file:\" or \"env:\"";
    } else if (is_unreplaced(text)) {
        reason = "the value looks like a variable, and nothing replaces variables here";
    } else if (is_path(text)) {
        reason = "the value looks like a path";
    }
    return reason == nullptr ? "" : reason + std::string(accepted);
}

bool is_placeholder(std::string_view text) {
    const std::string lower = to_lower_ascii(text);
    for (const std::string_view word :
         {"change-me", "changeme", "change_me", "replace-me", "replaceme", "replace_me", "placeholder"}) {
        if (lower.find(word) != std::string::npos) {
            return true;
        }
    }
    return false;
}

bool is_encoded_key(std::string_view text) {
    constexpr std::size_t hex_size = 64;
    constexpr std::size_t base64_size = 43;
    if (is_hex(text)) {
        return text.size() >= hex_size && text.size() % 2 == 0;
    }
    return is_base64(text) && without_padding(text).size() >= base64_size;
}

bool is_short_encoding(std::string_view text) {
    return !text.empty() && (is_hex(text) || is_base64(text)) && !is_encoded_key(text);
}

namespace {

constexpr std::size_t fewest_different = 8; // of 32 random bytes about 30 are different, of hex digits 15

bool has_few_different(std::string_view bytes) {
    std::array<bool, 256> seen{};
    for (const char byte : bytes) {
        seen[static_cast<unsigned char>(byte)] = true;
    }
    return static_cast<std::size_t>(std::count(seen.begin(), seen.end(), true)) < fewest_different;
}

// Does it consist of one pattern, twice or more? By the longest end that is a beginning, as Knuth, Morris and
// Pratt compute it: linear in any text.
bool repeats(std::string_view bytes) {
    std::vector<std::size_t> border(bytes.size());
    for (std::size_t i = 1; i < bytes.size(); ++i) {
        std::size_t length = border[i - 1];
        while (length > 0 && bytes[i] != bytes[length]) {
            length = border[length - 1];
        }
        border[i] = bytes[i] == bytes[length] ? length + 1 : 0;
    }
    return !bytes.empty() && border.back() * 2 >= bytes.size();
}

// Is each byte as far from the one before as the others, with few exceptions? As in "abcdefgh".
bool counts(std::string_view bytes) {
    std::array<std::size_t, 256> steps{};
    for (std::size_t i = 1; i < bytes.size(); ++i) {
        ++steps[static_cast<unsigned char>(bytes[i] - bytes[i - 1])];
    }
    return *std::max_element(steps.begin(), steps.end()) * 4 >= bytes.size() * 3;
}

bool is_no_draw(std::string_view bytes) {
    return has_few_different(bytes) || repeats(bytes) || counts(bytes);
}

std::optional<std::string> decode(std::string_view text) {
    if (is_hex(text)) {
        std::string bytes;
        for (std::size_t i = 0; i + 1 < text.size(); i += 2) {
            bytes.push_back(static_cast<char>(std::stoi(std::string(text.substr(i, 2)), nullptr, 16)));
        }
        return bytes;
    }
    std::string url_safe(without_padding(text));
    std::replace(url_safe.begin(), url_safe.end(), '+', '-');
    std::replace(url_safe.begin(), url_safe.end(), '/', '_');
    return base64url_decode(url_safe);
}

} // namespace

bool is_evidently_not_random(std::string_view text) {
    if (is_no_draw(text)) {
        return true;
    }
    if (!is_encoded_key(text)) {
        return false;
    }
    const auto bytes = decode(text);
    return bytes && (is_no_draw(*bytes) || is_placeholder(*bytes));
}

bool is_documented_key(std::string_view text) {
    return text == "kWsiW9br1Xcc4i60Elj9rMW2SydufVxIXlOi1W68KAw=";
}

bool looks_random(std::string_view text) {
    constexpr std::size_t shortest_hex = 32;
    return (text.size() >= shortest_hex && is_hex(text)) ||
           (text.size() >= shortest_random && is_base64(text) && has_all_kinds(text));
}

bool may_hold_secret(std::string_view name) {
    if (has_control_characters(name) || name.find("-----BEGIN") != std::string_view::npos) {
        return true;
    }
    for (std::size_t begin = 0; begin < name.size();) {
        const std::string_view rest = name.substr(begin); // of a relative name, behind nginx's own folder
        if (looks_random(rest) && !is_made_of_words(rest)) {
            return true;
        }
        const std::size_t slash = name.find('/', begin);
        begin = slash == std::string_view::npos ? name.size() : slash + 1;
    }
    return false;
}

std::string found(std::string_view text) {
    // A secret may stand behind a name, as in "password=...", or on a line of its own.
    for (std::size_t i = 0; i < text.size();) {
        const std::size_t end = std::min(text.find_first_of(" =:,;?&@|\"'\r\n\t", i), text.size());
        if (looks_random(text.substr(i, end - i))) {
            return "found what could be a secret and is not shown";
        }
        i = end + 1;
    }
    return looks_random(text) ? "found what could be a secret and is not shown"
                              : "found \"" + without_credentials(text) + "\"";
}

std::string without_credentials(std::string_view text) {
    const std::size_t at = text.rfind('@');
    if (at == std::string_view::npos) {
        return std::string(text);
    }
    const std::size_t scheme = text.find("://");
    const std::size_t begin = scheme == std::string_view::npos || scheme > at ? 0 : scheme + 3;
    return std::string(text.substr(0, begin)) + "***" + std::string(text.substr(at));
}

} // namespace oauth::core
