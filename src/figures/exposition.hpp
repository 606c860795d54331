// SPDX-License-Identifier: MIT
// The figures as text: Prometheus' format (version 0.0.4) and JSON. What the configuration names is shown
// from the start, with 0, so that a rate of it is right the first time that it happens.
#pragma once

#include "figures.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace oauth::figures {

// What makes series, of the configuration that is in use.
struct Named {
    std::vector<std::string> providers;
    std::vector<std::string> rules; // that may refuse
};

inline constexpr std::string_view no_rule = "none"; // in place of one, where none matched

// What is measured when it is asked for.
struct Gauges {
    std::optional<std::uint64_t> sessions; // of `oauth_session shared`; nullopt: no server keeps them so
    std::uint64_t zone_used = 0;           // bytes
    std::uint64_t zone_free = 0;
    std::string_view version;
    std::string_view nginx;
};

struct Label {
    std::string_view name;
    std::string value;
};

struct Sample {
    std::vector<Label> labels;
    std::string value; // a number
};

struct TimesOf {
    std::vector<Label> labels;
    Times times;
};

struct Family {
    std::string_view name;
    std::string_view type; // counter, gauge or histogram
    std::string_view help;
    std::vector<Sample> samples = {};
    std::vector<TimesOf> times = {}; // of a histogram
};

std::vector<Family> collect(const Figures& figures, const Named& named, const Gauges& gauges);

std::string prometheus_text(const std::vector<Family>& families);
std::string json_text(const std::vector<Family>& families, const Figures& figures, const Named& named);

} // namespace oauth::figures
