// SPDX-License-Identifier: MIT
// See exposition.hpp.
#include "exposition.hpp"

#include "../core/bytes.hpp"
#include "../core/json.hpp"

#include <algorithm>
#include <cstdio>
#include <ctime>

namespace oauth::figures {

namespace {

using core::Code;

template <class T, std::size_t Size>
constexpr std::array<T, Size> every() {
    std::array<T, Size> all{};
    for (std::size_t i = 0; i < Size; ++i) {
        all[i] = static_cast<T>(i);
    }
    return all;
}

constexpr std::array endings = {Failure(),
                                Failure(Code::access_denied),
                                Failure(Code::state_invalid),
                                Failure(Code::request_invalid),
                                Failure(Code::provider_error),
                                Failure(Code::token_invalid),
                                Failure(Code::provider_unreachable),
                                Failure(Code::provider_timeout),
                                Failure(Code::session_too_large),
                                Failure(Code::store_unavailable),
                                Failure(Code::email_unverified),
                                Failure(Code::policy_denied),
                                Failure(Code::login_required),
                                Failure(Code::internal_error)};
constexpr std::size_t usual_logins = 10; // of these, in that order; the others are shown once they happen

bool is_usual_answer(Failure failure) {
    return !failure || *failure == Code::provider_error || *failure == Code::provider_unreachable ||
           *failure == Code::provider_timeout;
}

// What nothing here asks for yet is shown once it is.
bool is_usual(Endpoint endpoint) {
    return endpoint != Endpoint::par && endpoint != Endpoint::introspection;
}

// One sample for each name, of a counter that has no other label.
template <std::size_t Size, class Count>
std::vector<Sample> by_result(const std::array<std::string_view, Size>& names, Count count) {
    std::vector<Sample> samples;
    for (std::size_t i = 0; i < Size; ++i) {
        samples.push_back({{{"result", std::string(names[i])}}, std::to_string(count(i))});
    }
    return samples;
}

Family count_requests(const Figures& figures) {
    return {
        "oauth_requests_total", "counter", "Requests to protected locations, by what the rules said.",
        by_result(request_names, [&](std::size_t i) { return figures.requests(static_cast<Request>(i)); })};
}

Family count_logins(const Figures& figures, const Named& named) {
    Family family{"oauth_logins_total", "counter", "Sign-ins that ended, by provider and result."};
    for (const std::string& provider : named.providers) {
        for (std::size_t i = 0; i < endings.size(); ++i) {
            const std::uint64_t count = figures.logins(provider, endings[i]);
            if (i < usual_logins || count != 0) {
                family.samples.push_back(
                    {{{"provider", provider}, {"result", std::string(result_name(endings[i]))}},
                     std::to_string(count)});
            }
        }
    }
    return family;
}

Family count_refreshes(const Figures& figures, const Named& named) {
    Family family{"oauth_refreshes_total", "counter",
                  "Checks of signed-in users at their provider (oauth_refresh), by how they ended."};
    for (const std::string& provider : named.providers) {
        for (const Refresh how : every<Refresh, refresh_names.size()>()) {
            family.samples.push_back({{{"provider", provider},
                                       {"result", std::string(refresh_names[static_cast<std::size_t>(how)])}},
                                      std::to_string(figures.refreshes(provider, how))});
        }
    }
    return family;
}

Family count_denied(const Figures& figures, const Named& named) {
    Family family{"oauth_policy_denied_total", "counter",
                  "Requests that the rules refused, or would have in shadow mode, by the rule that did."};
    std::vector<std::string> rules = named.rules;
    rules.emplace_back(no_rule);
    for (std::string& rule : rules) {
        std::string count = std::to_string(figures.denied(rule));
        family.samples.push_back({{{"rule", std::move(rule)}}, std::move(count)});
    }
    return family;
}

Family count_asked(const Figures& figures, const Named& named) {
    Family family{"oauth_provider_requests_total", "counter",
                  "Requests to providers, by endpoint and result."};
    for (const std::string& provider : named.providers) {
        for (const Endpoint endpoint : every<Endpoint, endpoint_names.size()>()) {
            for (const Failure failure : endings) {
                const std::uint64_t count = figures.asked(provider, endpoint, failure);
                if (count == 0 && !(is_usual(endpoint) && is_usual_answer(failure))) {
                    continue;
                }
                family.samples.push_back(
                    {{{"provider", provider},
                      {"endpoint", std::string(endpoint_names[static_cast<std::size_t>(endpoint)])},
                      {"result", std::string(result_name(failure))}},
                     std::to_string(count)});
            }
        }
    }
    return family;
}

Family measure_asked(const Figures& figures, const Named& named) {
    Family family{"oauth_provider_request_seconds", "histogram", "How long requests to providers took."};
    for (const std::string& provider : named.providers) {
        for (const Endpoint endpoint : every<Endpoint, endpoint_names.size()>()) {
            const Times times = figures.times(provider, endpoint);
            if (times.count() != 0) {
                family.times.push_back(
                    {{{"provider", provider},
                      {"endpoint", std::string(endpoint_names[static_cast<std::size_t>(endpoint)])}},
                     times});
            }
        }
    }
    return family;
}

Family count_cached(const Figures& figures) {
    return {"oauth_session_cache_total", "counter",
            "Sessions that requests came with, by whether the worker had them at hand.",
            by_result(cache_names, [&](std::size_t i) { return figures.cached(static_cast<Cache>(i)); })};
}

std::string in_seconds(std::uint64_t milliseconds) {
    std::array<char, 32> text{};
    const int size = std::snprintf(text.data(), text.size(), "%llu.%03u",
                                   static_cast<unsigned long long>(milliseconds / 1000),
                                   static_cast<unsigned>(milliseconds % 1000));
    return {text.data(), static_cast<std::size_t>(std::max(size, 0))};
}

std::string valid_utf8(std::string_view value) {
    std::string text;
    while (!value.empty()) {
        const std::size_t size = core::utf8_sequence_size(value);
        text.append(size == 0 ? "?" : value.substr(0, size));
        value.remove_prefix(std::max<std::size_t>(size, 1));
    }
    return text;
}

std::string escaped(std::string_view value) {
    std::string text;
    for (const char c : valid_utf8(value)) {
        if (c == '\\' || c == '"') {
            text += '\\';
        }
        text.append(c == '\n' ? "\\n" : std::string_view(&c, 1));
    }
    return text;
}

std::string in_braces(const std::vector<Label>& labels, std::string_view le = "") {
    std::string text;
    const auto add = [&text](std::string_view name, std::string_view value) {
        text.append(text.empty() ? "{" : ",").append(name).append("=\"").append(escaped(value)).append("\"");
    };
    for (const Label& label : labels) {
        add(label.name, label.value);
    }
    if (!le.empty()) {
        add("le", le);
    }
    return text.empty() ? text : text + "}";
}

void append(std::string& text, std::string_view name, const std::string& labels, const std::string& value) {
    text.append(name).append(labels).append(" ").append(value).append("\n");
}

void append_times(std::string& text, const std::string& name, const TimesOf& of) {
    std::uint64_t so_far = 0;
    for (std::size_t i = 0; i < of.times.buckets.size(); ++i) {
        so_far += of.times.buckets[i];
        append(text, name + "_bucket", in_braces(of.labels, bucket_names[i]), std::to_string(so_far));
    }
    append(text, name + "_sum", in_braces(of.labels), in_seconds(of.times.milliseconds));
    append(text, name + "_count", in_braces(of.labels), std::to_string(so_far));
}

// RFC 3339.
std::string moment(std::int64_t seconds) {
    const auto time = static_cast<std::time_t>(seconds);
    std::tm utc{};
    std::array<char, 32> text{};
    if (gmtime_r(&time, &utc) == nullptr) {
        return "";
    }
    return {text.data(), std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &utc)};
}

std::string json_of(const TimesOf& of) {
    core::JsonObjectWriter object;
    for (const Label& label : of.labels) {
        object.add(label.name, label.value);
    }
    core::JsonObjectWriter buckets;
    std::uint64_t so_far = 0;
    for (std::size_t i = 0; i < of.times.buckets.size(); ++i) {
        so_far += of.times.buckets[i];
        buckets.add_json(bucket_names[i], std::to_string(so_far));
    }
    object.add_json("buckets", std::move(buckets).finish());
    object.add_json("sum", in_seconds(of.times.milliseconds));
    object.add_json("count", std::to_string(so_far));
    return std::move(object).finish();
}

std::string json_of(const Sample& sample) {
    core::JsonObjectWriter object;
    for (const Label& label : sample.labels) {
        object.add(label.name, valid_utf8(label.value));
    }
    object.add_json("value", sample.value);
    return std::move(object).finish();
}

// A figure without labels is its number.
std::string json_of(const Family& family) {
    if (family.samples.size() == 1 && family.samples.front().labels.empty()) {
        return family.samples.front().value;
    }
    std::string list;
    for (const Sample& sample : family.samples) {
        list.append(list.empty() ? "" : ",").append(json_of(sample));
    }
    for (const TimesOf& times : family.times) {
        list.append(list.empty() ? "" : ",").append(json_of(times));
    }
    return "[" + list + "]";
}

std::string json_of_provider(const Figures& figures, const std::string& provider) {
    core::JsonObjectWriter object;
    object.add("name", provider);
    const auto add_moment = [&](std::string_view name, std::optional<std::int64_t> at) {
        object.add_json(name, at ? core::json_quote(moment(*at)) : "null");
    };
    add_moment("metadata_fetched", figures.fetched(provider, Document::metadata));
    add_moment("keys_fetched", figures.fetched(provider, Document::keys));
    const auto error = figures.last_error(provider);
    std::string sentence;
    if (error) {
        sentence.append(core::code_name(error->code)).append(" (");
        sentence.append(endpoint_names[static_cast<std::size_t>(error->endpoint)]).append(", ");
        sentence.append(moment(error->at)).append(")");
    }
    object.add_json("last_error", error ? core::json_quote(sentence) : "null");
    return std::move(object).finish();
}

} // namespace

std::vector<Family> collect(const Figures& figures, const Named& named, const Gauges& gauges) {
    std::vector<Family> families{
        count_requests(figures),      count_logins(figures, named), count_refreshes(figures, named),
        count_denied(figures, named), count_asked(figures, named),  measure_asked(figures, named),
        count_cached(figures)};
    if (gauges.sessions) {
        families.push_back({"oauth_sessions_active",
                            "gauge",
                            "Records of sessions in the shared zone (oauth_session shared).",
                            {{{}, std::to_string(*gauges.sessions)}}});
    }
    families.push_back({"oauth_zone_bytes",
                        "gauge",
                        "Shared memory (oauth_zone) that is taken, and that is not.",
                        {{{{"state", "used"}}, std::to_string(gauges.zone_used)},
                         {{{"state", "free"}}, std::to_string(gauges.zone_free)}}});
    families.push_back(
        {"oauth_build_info",
         "gauge",
         "The version of the module, and of the nginx that it was built for.",
         {{{{"version", std::string(gauges.version)}, {"nginx", std::string(gauges.nginx)}}, "1"}}});
    return families;
}

std::string prometheus_text(const std::vector<Family>& families) {
    std::string text;
    for (const Family& family : families) {
        if (family.samples.empty() && family.times.empty()) {
            continue;
        }
        text.append("# HELP ").append(family.name).append(" ").append(family.help).append("\n");
        text.append("# TYPE ").append(family.name).append(" ").append(family.type).append("\n");
        for (const Sample& sample : family.samples) {
            append(text, family.name, in_braces(sample.labels), sample.value);
        }
        for (const TimesOf& times : family.times) {
            append_times(text, std::string(family.name), times);
        }
    }
    return text;
}

std::string json_text(const std::vector<Family>& families, const Figures& figures, const Named& named) {
    core::JsonObjectWriter counters;
    for (const Family& family : families) {
        counters.add_json(family.name, json_of(family));
    }
    std::string providers;
    for (const std::string& provider : named.providers) {
        providers.append(providers.empty() ? "" : ",").append(json_of_provider(figures, provider));
    }
    core::JsonObjectWriter object;
    object.add_json("counters", std::move(counters).finish());
    object.add_json("providers", "[" + providers + "]");
    return std::move(object).finish() + "\n";
}

} // namespace oauth::figures
