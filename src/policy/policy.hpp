// SPDX-License-Identifier: MIT
// Rules as in docs/policy.md. They are compiled when the configuration is read, and then decide about a
// session in well under a microsecond. A condition on a fact that the session does not have does not hold,
// also under !=. Owned by the configuration; immutable while requests run.
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
    // Also false if matching hit its limit. The caller looks at limit_hit, so that a deny rule fails closed.
    enum class Match { no, yes, limit_hit };
    virtual Match match(std::string_view text) const noexcept = 0;
};

class Evaluation;
class RuleSet;

constexpr std::size_t max_file_size = 4 * 1024 * 1024; // of NAME@FILE

// How many values have been compared to find rules that can never be reached. Shared by all rules of a
// configuration, however many there are: nginx -t must not take minutes. What is left when it is spent is
// not searched.
struct Effort {
    std::size_t spent = 0;
};

// What parsing needs from outside. Called only while the configuration is read.
struct ParserPorts {
    // Compiles a regular expression, which is searched anywhere in a text and may begin with "(?i)". Null,
    // with a reason, if it is not valid.
    std::function<std::shared_ptr<const Pattern>(std::string_view regex, std::string& error)> compile;
    // The whole file; nullopt, with a reason, if it cannot be read. The path is relative to nginx's conf
    // folder.
    std::function<std::optional<std::string>(std::string_view path, std::string& error)> read_file;
    // A named oauth_policy that has been read before; nullptr if there is none.
    std::function<std::shared_ptr<const RuleSet>(std::string_view name)> find_policy;
    // The index of the variable for RequestFacts::variable_is_true; the name is without "$". nullopt, with a
    // reason, if there is no such variable.
    std::function<std::optional<int>(std::string_view name, std::string& error)> find_variable;
    // For nearest-name hints of provider=: the providers configured so far; empty: not checked.
    std::vector<std::string> providers;
    std::shared_ptr<Effort> effort = std::make_shared<Effort>(); // of this reading
};

// if=$variable depends on the request and not on the session, so it is asked each time.
class RequestFacts {
public:
    virtual ~RequestFacts() = default;
    virtual bool variable_is_true(int index) const = 0; // not empty and not "0"
};

// Which facts the rules use. Nothing else is asked of a provider or kept in a cookie.
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
    int rule = -1; // the rule of this set that decided; -1: none matched, which refuses
    // An allow rule with email or domain conditions would have matched if the address were verified.
    bool email_unverified = false;
};

class RuleSet {
public:
    RuleSet();
    ~RuleSet();
    RuleSet(RuleSet&&) noexcept;
    RuleSet& operator=(RuleSet&&) noexcept;

    // Adds one oauth_allow or oauth_deny: its arguments, without nginx's quotes. Returns an empty string, or
    // a sentence for nginx -t that says what was found and what is accepted ("unknown condition \"gruop\",
    // did you mean \"group\"?"). A rule that the ones before it make unreachable is refused here, where its
    // line is known.
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
    std::vector<std::string> texts(Action action) const;
    bool depends_on_request() const; // some if=
    Needs needs() const;
    // Of the rules that sessions of this provider can match, as far as provider= tells.
    Needs needs_of(std::string_view provider) const;

    // True if a group condition of these rules, or of the policies they name, matches this group.
    bool mentions_group(std::string_view group) const;
    // Everything that mentions_group depends on, for a fingerprint.
    void append_group_conditions(std::string& text) const;

    Verdict evaluate(const session::Identity& identity, const RequestFacts& request) const;
    // For clients that ask for scopes (RFC 6750 3): those that the first oauth_allow which names some names,
    // with those of the policies that it asks. Plain ones alone: what is negated, a pattern or in a file is
    // nothing that a client could ask for, and neither is offline_access.
    std::vector<std::string> first_scopes() const;
    // The same of all rules, each once.
    std::vector<std::string> all_scopes() const;
    // Of a session that was refused: the scopes of the first oauth_allow that would let it in, if it had
    // them; empty: there is none, or an oauth_deny comes before it.
    std::vector<std::string> lacking_scopes(const session::Identity& identity,
                                            const RequestFacts& request) const;
    // Why a session was refused, for the log: the first unmet condition of each allow rule, at most 400
    // bytes, without any values of the session.
    std::string explain(const session::Identity& identity, const RequestFacts& request) const;

private:
    friend class Evaluation;
    friend class Reach;
    struct Rule;
    struct Prospect; // sources.cpp
    std::string find_covered(const Rule& rule, const std::vector<const Source*>& sources) const;
    std::string append(Rule rule);
    static void append_scopes(const Rule& rule, std::vector<std::string>& scopes);
    std::vector<Rule> rules_;
    std::shared_ptr<Effort> effort_; // of the reading that added them
};

} // namespace oauth::policy
