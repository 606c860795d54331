// SPDX-License-Identifier: MIT
// What the policy tests give to the parser: patterns by std::regex; files, policies and variables from maps;
// and request facts that a test can set. A pattern with "LIMIT" in it never matches, and hits its limit on
// every text with an 'x'.
#pragma once

#include "../../src/policy/policy.hpp"

#include <map>
#include <memory>
#include <set>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

// g++ 12 warns about <regex> itself when sanitizers are on.
#if !defined(__clang__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif
#include <regex>
#if !defined(__clang__)
#pragma GCC diagnostic pop
#endif

namespace oauth::unit {

class TestPattern final : public policy::Pattern {
public:
    TestPattern(std::string_view text, std::regex::flag_type flags)
        : regex_(text.begin(), text.end(), flags), hits_limit_(text.find("LIMIT") != std::string_view::npos) {
    }

    Match match(std::string_view text) const noexcept override {
        if (hits_limit_) {
            return text.find('x') != std::string_view::npos ? Match::limit_hit : Match::no;
        }
        return std::regex_search(text.begin(), text.end(), regex_) ? Match::yes : Match::no;
    }

private:
    std::regex regex_;
    bool hits_limit_;
};

struct TestFacts final : policy::RequestFacts {
    std::set<int> true_variables;
    bool variable_is_true(int index) const noexcept override { return true_variables.contains(index); }
};

struct TestWorld {
    std::map<std::string, std::string, std::less<>> files;
    std::map<std::string, std::shared_ptr<const policy::RuleSet>, std::less<>> policies;
    std::vector<std::string> variables{"zero", "one", "two"}; // by index
    std::vector<std::string> providers;
    TestFacts facts;

    policy::ParserPorts ports() const {
        policy::ParserPorts ports;
        ports.compile = [](std::string_view text, std::string& error) { return compile(text, error); };
        ports.read_file = [this](std::string_view path, std::string& error) -> std::optional<std::string> {
            if (const auto found = files.find(path); found != files.end()) {
                return found->second;
            }
            error = "no such file";
            return std::nullopt;
        };
        ports.find_policy = [this](std::string_view name) -> std::shared_ptr<const policy::RuleSet> {
            const auto found = policies.find(name);
            return found == policies.end() ? nullptr : found->second;
        };
        ports.find_variable = [this](std::string_view name, std::string& error) -> std::optional<int> {
            for (std::size_t i = 0; i < variables.size(); ++i) {
                if (variables[i] == name) {
                    return static_cast<int>(i);
                }
            }
            error = "unknown variable";
            return std::nullopt;
        };
        ports.providers = providers;
        return ports;
    }

    static std::shared_ptr<const policy::Pattern> compile(std::string_view text, std::string& error) {
        auto flags = std::regex::ECMAScript;
        if (text.starts_with("(?i)")) {
            text.remove_prefix(4);
            flags |= std::regex::icase;
        }
        try {
            return std::make_shared<TestPattern>(text, flags);
        } catch (const std::regex_error&) {
            error = "not a regular expression";
            return nullptr;
        }
    }

    // Takes a line such as "allow group=admins acr=urn:mfa", split at spaces. An error, or nullopt.
    std::string add(policy::RuleSet& set, const std::string& line) const {
        std::istringstream words(line);
        std::string action;
        words >> action;
        std::vector<std::string> arguments;
        for (std::string word; words >> word;) {
            arguments.push_back(word);
        }
        return set.add(action == "deny" ? policy::Action::deny : policy::Action::allow, arguments, ports());
    }
};

} // namespace oauth::unit
