// SPDX-License-Identifier: MIT
// See rules.hpp. The language itself is src/policy/; this gives it nginx's regular expressions, files and
// variables.
#include "directives.hpp"
#include "../boundary.hpp"
#include "../pool.hpp"
#include "rules.hpp"

#include "../../core/bytes.hpp"

#include <algorithm>
#include <map>
#include <set>

namespace oauth::ngx {

namespace {

#if (NGX_PCRE)
// Patterns by nginx's own PCRE, with a match limit so that no pattern can block a worker.
class PcrePattern final : public policy::Pattern {
public:
    explicit PcrePattern(ngx_regex_t* regex) : regex_(regex) {}

    Match match(std::string_view text) const noexcept override {
        ngx_str_t subject;
        subject.len = text.size();
        subject.data = reinterpret_cast<u_char*>(const_cast<char*>(text.data()));
        const ngx_int_t rc = ngx_regex_exec(regex_, &subject, nullptr, 0);
        if (rc >= 0) {
            return Match::yes;
        }
        return rc == NGX_REGEX_NO_MATCHED ? Match::no : Match::limit_hit;
    }

private:
    ngx_regex_t* regex_;
};

std::shared_ptr<const policy::Pattern> compile_pattern(ngx_conf_t* cf, std::string_view regex,
                                                       std::string& error) {
    u_char message[NGX_MAX_CONF_ERRSTR];
    ngx_regex_compile_t compile;
    ngx_memzero(&compile, sizeof(compile));
    // nginx sets no limit, and PCRE reaches its default limit only after half a second.
    compile.pattern = copy(cf->pool, "(*LIMIT_MATCH=20000)" + std::string(regex));
    compile.pool = cf->pool;
    compile.err.len = sizeof(message);
    compile.err.data = message;
    if (compile.pattern.data == nullptr || ngx_regex_compile(&compile) != NGX_OK) {
        error = string(compile.err);
        return nullptr;
    }
    return std::make_shared<PcrePattern>(compile.regex);
}
#endif

// nginx itself finds a wrong name only at the end, without file and line.
bool is_variable(ngx_conf_t* cf, std::string_view name) {
    const auto* core_main =
        static_cast<ngx_http_core_main_conf_t*>(ngx_http_conf_get_module_main_conf(cf, ngx_http_core_module));
    const auto* keys = static_cast<ngx_hash_key_t*>(core_main->variables_keys->keys.elts);
    for (ngx_uint_t i = 0; i < core_main->variables_keys->keys.nelts; ++i) {
        if (view(keys[i].key) == core::to_lower_ascii(name)) {
            return true;
        }
    }
    const auto* prefixes = static_cast<ngx_http_variable_t*>(core_main->prefix_variables.elts);
    for (ngx_uint_t i = 0; i < core_main->prefix_variables.nelts; ++i) {
        if (name.starts_with(view(prefixes[i].name))) {
            return true;
        }
    }
    return false;
}

std::optional<int> find_variable(ngx_conf_t* cf, std::string_view name, std::string& error) {
    if (!is_variable(cf, name)) {
        error = "there is no such variable";
        return std::nullopt;
    }
    ngx_str_t text = copy(cf->pool, name);
    const ngx_int_t index = text.data == nullptr ? NGX_ERROR : ngx_http_get_variable_index(cf, &text);
    if (index == NGX_ERROR) {
        error = "there is no such variable";
        return std::nullopt;
    }
    return static_cast<int>(index);
}

RuleHolder* find_policy(MainConf::Compiled& compiled, std::string_view name) {
    for (RuleHolder* holder : compiled.policies) {
        if (holder->policy_name == name) {
            return holder;
        }
    }
    return nullptr;
}

std::string directive_of(const RawRule& rule) {
    return rule.action == policy::Action::allow ? "\"oauth_allow\": " : "\"oauth_deny\": ";
}

bool compile_holder(ngx_conf_t* cf, MainConf::Compiled& compiled, RuleHolder& holder);

// `problem`: a policy that this one names could not be compiled; the error has been logged with its own line.
policy::ParserPorts make_ports(ngx_conf_t* cf, MainConf::Compiled& compiled, bool& problem) {
    policy::ParserPorts ports;
    ports.effort = compiled.effort;
#if (NGX_PCRE)
    ports.compile = [cf](std::string_view regex, std::string& error) {
        return compile_pattern(cf, regex, error);
    };
#else
    ports.compile = [](std::string_view, std::string& error) {
        error = "this nginx is built without PCRE";
        return nullptr;
    };
#endif
    ports.read_file = [cf](std::string_view path, std::string& error) {
        return read_file(cf, std::string(path), error, policy::max_file_size);
    };
    ports.find_variable = [cf](std::string_view name, std::string& error) {
        return find_variable(cf, name, error);
    };
    ports.find_policy = [cf, &compiled,
                         &problem](std::string_view name) -> std::shared_ptr<const policy::RuleSet> {
        RuleHolder* holder = find_policy(compiled, name);
        if (holder == nullptr || holder->progress == RuleHolder::Progress::compiling) {
            return nullptr;
        }
        problem = !compile_holder(cf, compiled, *holder) || problem;
        return holder->rules;
    };
    for (const auto& provider : compiled.providers) {
        ports.providers.push_back(provider->settings.name);
    }
    return ports;
}

bool compile_holder(ngx_conf_t* cf, MainConf::Compiled& compiled, RuleHolder& holder) {
    if (holder.progress == RuleHolder::Progress::compiled) {
        return holder.rules != nullptr;
    }
    holder.progress = RuleHolder::Progress::compiling;
    bool problem = false;
    const policy::ParserPorts ports = make_ports(cf, compiled, problem);
    auto rules = std::make_shared<policy::RuleSet>();
    for (const RawRule& raw : holder.raw) {
        const std::string sentence = rules->add(raw.action, raw.words, ports);
        if (problem || !sentence.empty()) {
            if (!problem) {
                refuse_at(cf, raw.place, directive_of(raw) + sentence);
            }
            holder.progress = RuleHolder::Progress::compiled;
            return false;
        }
    }
    const std::string sentence = rules->check();
    holder.progress = RuleHolder::Progress::compiled;
    if (!sentence.empty()) {
        refuse_at(cf, holder.raw.back().place, "\"oauth_allow\", \"oauth_deny\": " + sentence);
        return false;
    }
    holder.rules = std::move(rules);
    return true;
}

char* add_rule(ngx_conf_t* cf, RuleHolder& holder) {
    const std::string name = argument(cf, 0);
    RawRule rule;
    rule.action = name == "oauth_allow" ? policy::Action::allow : policy::Action::deny;
    for (ngx_uint_t i = 1; i < cf->args->nelts; ++i) {
        rule.words.push_back(argument(cf, i));
    }
    rule.place = place_of(cf);
    holder.raw.push_back(std::move(rule));
    return NGX_CONF_OK;
}

char* read_policy_rule(ngx_conf_t* cf, ngx_command_t* cmd, void* conf) {
    if (const auto included = read_include(cf, cmd, conf)) {
        return *included;
    }
    const std::string name = argument(cf, 0);
    if (name != "oauth_allow" && name != "oauth_deny") {
        return refuse(cf,
                      "is not accepted in an oauth_policy block, accepted: oauth_allow, oauth_deny, include");
    }
    if (cf->args->nelts < 2) {
        return refuse(cf, "found no condition, accepted: any, or conditions such as group=staff");
    }
    return add_rule(cf, *static_cast<RuleHolder*>(conf));
}

} // namespace

char* set_rule(ngx_conf_t* cf, ngx_command_t*, void* conf) {
    auto* location = static_cast<LocationConf*>(conf);
    if (location->rules == nullptr) {
        location->rules = pool_make<RuleHolder>(cf->pool);
        main_conf(cf)->compiled->rule_holders.push_back(location->rules);
    }
    return add_rule(cf, *location->rules);
}

char* set_policy_block(ngx_conf_t* cf, ngx_command_t*, void* conf) {
    auto* main = static_cast<MainConf*>(conf);
    const std::string name = argument(cf, 1);
    if (find_policy(*main->compiled, name) != nullptr) {
        return refuse(cf, "policy \"" + name + "\" is defined already");
    }
    const Place place = place_of(cf);
    auto* holder = pool_make<RuleHolder>(cf->pool);
    holder->policy_name = name;
    ngx_conf_t saved = *cf;
    cf->handler = guarded<read_policy_rule>;
    cf->handler_conf = reinterpret_cast<char*>(holder);
    char* rc = ngx_conf_parse(cf, nullptr);
    *cf = saved;
    if (rc != NGX_CONF_OK) {
        return rc;
    }
    if (holder->raw.empty()) {
        return refuse_at(cf, place,
                         "\"oauth_policy\": policy \"" + name +
                             "\" has no rule, accepted: oauth_allow, oauth_deny");
    }
    main->compiled->policies.push_back(holder);
    return NGX_CONF_OK;
}

bool compile_rules(ngx_conf_t* cf, MainConf::Compiled& compiled) {
    for (const auto& holders : {compiled.policies, compiled.rule_holders}) {
        for (RuleHolder* holder : holders) {
            if (!compile_holder(cf, compiled, *holder)) {
                return false;
            }
        }
    }
    return true;
}

namespace {

// The providers whose sessions some rules decide about, each once.
using Prospects = std::vector<policy::Source>;

void add_sources(const MainConf::Compiled& compiled, const std::vector<std::size_t>& offer,
                 Prospects& prospects) {
    for (const std::size_t index : offer) {
        const providers::Settings& settings = compiled.providers[index]->settings;
        if (std::none_of(prospects.begin(), prospects.end(),
                         [&](const policy::Source& known) { return known.name == settings.name; })) {
            prospects.push_back({settings.name, providers::told_facts(*settings.type)});
        }
    }
}

bool check_holder(ngx_conf_t* cf, const RuleHolder& holder, const Prospects& prospects) {
    for (std::size_t i = 0; i < holder.raw.size(); ++i) {
        const std::string sentence = holder.rules->find_impossible(i, prospects);
        if (!sentence.empty()) {
            refuse_at(cf, holder.raw[i].place, directive_of(holder.raw[i]) + sentence);
            return false;
        }
    }
    return true;
}

} // namespace

// One level's rules may serve many locations, and a policy's many levels: a rule is wrong only if it is for
// none of them. Where nobody asks them nothing is said.
bool check_prospects(ngx_conf_t* cf, const MainConf::Compiled& compiled) {
    std::map<const policy::RuleSet*, Prospects> uses;
    for (const LocationConf* location : compiled.locations) {
        if (location->mode == mode_off || location->rules == nullptr) {
            continue;
        }
        std::set<const policy::RuleSet*> asked = {location->rules->rules.get()};
        location->rules->rules->collect_policies(asked);
        for (const policy::RuleSet* rules : asked) {
            add_sources(compiled, *location->offer, uses[rules]);
        }
    }
    for (const auto& holders : {compiled.policies, compiled.rule_holders}) {
        for (const RuleHolder* holder : holders) {
            const auto use = uses.find(holder->rules.get());
            if (use != uses.end() && !check_holder(cf, *holder, use->second)) {
                return false;
            }
        }
    }
    return true;
}

} // namespace oauth::ngx
