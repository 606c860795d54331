// SPDX-License-Identifier: MIT
// The published list of open-redirect payloads against the return-URL rule: as they are, encoded once more
// and decoded once, for origins among the payloads' own hosts (OR-01, OR-02). The oracle knows nothing of the
// rule's code.
#include "../../src/core/bytes.hpp"
#include "../../src/core/url.hpp"

#include "unit.hpp"

using namespace oauth::core;

// "/" and one more character that is no slash of any kind, or the origin itself and what may follow an
// origin.
static bool stays(const std::string& value, const std::string& origin) {
    if (value.size() > 1 && value[0] == '/') {
        return value[1] != '/' && value[1] != '\\';
    }
    if (value == "/" || value == origin) {
        return true;
    }
    bool begins = value.compare(0, origin.size(), origin) == 0;
    return begins && std::string("/?#").find(value[origin.size()]) != std::string::npos;
}

static bool is_clean(const std::string& value) {
    for (char c : value) {
        if (c < 0x21 || c == 0x7f) {
            return false;
        }
    }
    return true;
}

// What is meant, however it is encoded: escapes decoded, a '%' without digits left alone, no spaces around.
static std::string meaning(const std::string& value) {
    std::string text;
    for (std::size_t i = 0; i < value.size(); ++i) {
        const bool escaped = value[i] == '%' && i + 2 < value.size() &&
                             std::isxdigit(static_cast<unsigned char>(value[i + 1])) != 0 &&
                             std::isxdigit(static_cast<unsigned char>(value[i + 2])) != 0;
        text += escaped ? static_cast<char>(std::stoi(value.substr(i + 1, 2), nullptr, 16)) : value[i];
        i += escaped ? 2 : 0;
    }
    const std::size_t begin = text.find_first_not_of(' ');
    return begin == std::string::npos ? "" : text.substr(begin, text.find_last_not_of(' ') - begin + 1);
}

static void no_payload_leaves_the_origin_or_01_or_02(void**) {
    auto list = oauth::unit::read_vectors_or_skip("open-redirect/oauth2-proxy.openredirects.txt");
    int payloads = 0;
    int kept = 0;
    for (auto line : split(list, '\n')) {
        if (line.empty()) {
            continue;
        }
        ++payloads;
        std::string payload(line);
        std::string decoded = form_decode(payload).value_or(payload);
        for (const std::string origin :
             {"https://app.example", "https://www.whitelisteddomain.tld", "http://localdomain.pw"}) {
            for (const auto& value : {payload, decoded, "/" + payload, percent_encode(payload)}) {
                auto result = safe_return_to(value, origin);
                if (!stays(result, origin) || !is_clean(result)) {
                    fail_msg("%s gave %s", value.c_str(), result.c_str());
                }
                if (result != "/" && meaning(result) != meaning(value)) {
                    fail_msg("%s was changed to %s", value.c_str(), result.c_str());
                }
            }
        }
        kept += safe_return_to(payload, "https://app.example") != "/" ? 1 : 0;
    }
    print_message("open redirect: %d payloads, %d kept as paths of the origin\n", payloads, kept);
    assert_int_equal(payloads, 558);
}

int main() {
    const CMUnitTest tests[] = {cmocka_unit_test(no_payload_leaves_the_origin_or_01_or_02)};
    return cmocka_run_group_tests_name("open_redirect", tests, nullptr, nullptr);
}
