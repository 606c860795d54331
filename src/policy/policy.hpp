// SPDX-License-Identifier: MIT
// May they? Rules as in docs/policy.md, compiled when the configuration is read into something that decides
// about a session in well under a microsecond. Three-valued on purpose: a condition on what a session does
// not have does not hold, under != too. Owned by the configuration; immutable while requests run.
#pragma once

#include "../session/facts.hpp"

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace oauth::policy {

enum class Action { allow, deny };

// A compiled pattern of NAME~REGEX; nginx's PCRE in the module, std::regex in tests.
class Pattern {
public:
    virtual ~Pattern() = default;
    // False too where matching hit its limit: fail closed. (A deny rule's caller sees limit_hit.)
    enum class Match { no, yes, limit_hit };
    virtual Match match(std::string_view text) const noexcept = 0;
};

class Evaluation;
class RuleSet;

// What parsing needs from outside. All are called while the configuration is read only.
struct ParserPorts {
    // Compiles a regular expression, or gives nothing and says why. Searched for anywhere in the text; it may
    // begin with "(?i)".
    std::function<std::shared_ptr<const Pattern>(std::string_view regex, std::string& error)> compile;
    // The whole file, or nothing and says why (a path relative to nginx's conf folder).
    std::function<std::optional<std::string>(std::string_view path, std::string& error)> read_file;
    // A named oauth_policy that has been read before; nullptr if there is none.
    std::function<std::shared_ptr<const RuleSet>(std::string_view name)> find_policy;
    // The index of the variable, its name without the "$", for RequestFacts::variable_is_true; nothing and
    // says why if there is no such variable.
    std::function<std::optional<int>(std::string_view name, std::string& error)> find_variable;
    // For nearest-name hints of provider=: the providers configured so far; empty: not checked.
    std::vector<std::string> providers;
};

// if=$variable is about the request, not about the session: asked for each time.
class RequestFacts {
public:
    virtual ~RequestFacts() = default;
    virtual bool variable_is_true(int index) const = 0; // not empty and not "0"
};

// What the rules use of a session: so that nothing else is asked of a provider or kept in a cookie.
struct Needs {
    session::FactSet facts;
    std::set<std::string> claims; // paths

    bool has(session::Fact fact) const { return facts.has(fact); }
    void add(session::Fact fact) { facts.merge(session::asked_for(fact)); }
    void merge(const Needs& other);
};

// Who signs people in where rules are used, and what the sessions made there can have at all beside what
// every session has. Any of them may have claims.
struct Source {
    std::string name; // as in provider=
    session::FactSet tells;
};

struct Verdict {
    bool allowed = false;
    int rule = -1; // the rule of this set that decided; -1: none matched, which is a no
    // The only thing that kept an allow rule with email or domain conditions from matching is that the
    // address is not verified.
    bool email_unverified = false;
};

class RuleSet {
public:
    RuleSet();
    ~RuleSet();
    RuleSet(RuleSet&&) noexcept;
    RuleSet& operator=(RuleSet&&) noexcept;

    // One oauth_allow or oauth_deny: its arguments as nginx has taken the quotes off. An empty string, or a
    // sentence for nginx -t that says what was found and what is accepted ("unknown condition \"gruop\", did
    // you mean \"group\"?"). A rule that the ones before it keep from ever being reached is refused here,
    // where its line is known.
    std::string add(Action action, const std::vector<std::string>& words, const ParserPorts& ports);

    // Once all of the configuration has been read: why this rule can never match a session of these sources,
    // a sentence for nginx -t; empty if it may.
    std::string find_impossible(std::size_t rule, const std::vector<Source>& sources) const;
    // The sets that the rules ask with policy=, and those that these ask.
    void collect_policies(std::set<const RuleSet*>& policies) const;

    // After the last rule: a sentence if the set can never allow anybody; empty if all is well.
    std::string check() const;

    bool empty() const;
    std::size_t size() const;
    // As it was written: "oauth_allow group=admins".
    const std::string& text(int rule) const;
    bool depends_on_request() const; // some if=
    Needs needs() const;

    // Does a group condition of these rules, or of the policies they name, match this group?
    bool mentions_group(std::string_view group) const;
    // All that mentions_group depends on, for a fingerprint.
    void append_group_conditions(std::string& text) const;

    Verdict evaluate(const session::Identity& identity, const RequestFacts& request) const;
    // Why nobody was let in, for the log: the first unmet condition of each allow rule, bounded to 400 bytes.
    // No values of the session.
    std::string explain(const session::Identity& identity, const RequestFacts& request) const;

private:
    friend class Evaluation;
    struct Rule;
    struct Prospect; // sources.cpp
    std::string append(Rule rule);
    std::vector<Rule> rules_;
};

} // namespace oauth::policy
