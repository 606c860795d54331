// SPDX-License-Identifier: MIT
// See marks.hpp.
#include "marks.hpp"

namespace oauth::web {

namespace {

struct Mark {
    std::string_view type;
    std::string_view svg;
};

#define OAUTH_MARK(shapes)                                                                                   \
    "<svg viewBox=\"0 0 24 24\" width=\"24\" height=\"24\" fill=\"none\" stroke=\"currentColor\" "           \
    "stroke-width=\"1.8\" stroke-linecap=\"round\" stroke-linejoin=\"round\" aria-hidden=\"true\" "          \
    "focusable=\"false\">" shapes "</svg>"

// A card with a face: any identity.
constexpr std::string_view card = OAUTH_MARK("<rect x=\"3\" y=\"5\" width=\"18\" height=\"14\" rx=\"2.5\"/>"
                                             "<circle cx=\"8.5\" cy=\"11\" r=\"1.8\"/>"
                                             "<path d=\"M5.5 16a3 3 0 0 1 6 0M14 10h4M14 14h4\"/>");

constexpr Mark marks[] = {
    // a branch
    {"github", OAUTH_MARK("<circle cx=\"7\" cy=\"5\" r=\"2.2\"/><circle cx=\"7\" cy=\"19\" r=\"2.2\"/>"
                          "<circle cx=\"17\" cy=\"8\" r=\"2.2\"/>"
                          "<path d=\"M7 7.2v9.6M17 10.2c0 4-10 2-10 6.6\"/>")},
    // two lines that come together
    {"gitlab", OAUTH_MARK("<circle cx=\"6\" cy=\"6\" r=\"2.2\"/><circle cx=\"6\" cy=\"18\" r=\"2.2\"/>"
                          "<circle cx=\"18\" cy=\"12\" r=\"2.2\"/>"
                          "<path d=\"M6 8.2v7.6M8.2 6c4 0 4 6 7.6 6M8.2 18c4 0 4-6 7.6-6\"/>")},
    // a magnifying glass
    {"google", OAUTH_MARK("<circle cx=\"10.5\" cy=\"10.5\" r=\"6.5\"/><path d=\"M15.5 15.5 21 21\"/>")},
    // an office building
    {"azure-ad", OAUTH_MARK("<path d=\"M5 21V4.5L14 3v18M14 9h5v12M3 21h18\"/>"
                            "<path d=\"M8.5 8h2M8.5 12h2M8.5 16h2M16.5 13h.01M16.5 17h.01\"/>")},
    // a key
    {"okta", OAUTH_MARK("<circle cx=\"7.5\" cy=\"15.5\" r=\"4\"/><path d=\"M10.5 12.5 20 3M16 7l3 3\"/>")},
    // a shield
    {"auth0", OAUTH_MARK("<path d=\"M12 3l7 2.5v5.5c0 4.5-3 8-7 10-4-2-7-5.5-7-10V5.5z\"/>"
                         "<path d=\"M9 12l2.2 2.2L15.5 10\"/>")},
    // a fingerprint
    {"descope", OAUTH_MARK("<path d=\"M5 14v-2a7 7 0 0 1 14 0v2M8.5 18v-6a3.5 3.5 0 0 1 7 0v6M12 12v9\"/>")},
    // people
    {"aws-cognito", OAUTH_MARK("<circle cx=\"9\" cy=\"8\" r=\"3\"/><path d=\"M3 19a6 6 0 0 1 12 0\"/>"
                               "<path d=\"M15.5 5.5a3 3 0 0 1 0 5M17.5 14a6 6 0 0 1 3.5 5\"/>")},
    // a padlock
    {"keycloak", OAUTH_MARK("<rect x=\"5\" y=\"11\" width=\"14\" height=\"9\" rx=\"2\"/>"
                            "<path d=\"M8 11V8a4 4 0 0 1 8 0v3M12 15v1.5\"/>")},
};

} // namespace

std::string_view mark_of(std::string_view provider_type) {
    if (provider_type == "azure-ad-hybrid") {
        provider_type = "azure-ad";
    }
    for (const Mark& mark : marks) {
        if (mark.type == provider_type) {
            return mark.svg;
        }
    }
    return card;
}

} // namespace oauth::web
