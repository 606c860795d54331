#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Keeps the tables of cases true. docs/conformance.md has to be what t/conformance.mjs makes of the tests. In docs/security.md
# each case that is called tested must be named in each test file of its row (CB-06, a range CB-01..23 or "CB-01 to CB-23",
# or cb_06 in a test's name), or the row quotes a test that is in that file. "as CB-06" must lead to tested cases, and no
# case may be there twice. Prints what is wrong, one line each.
# shellcheck disable=SC2016 # the backquotes are Markdown's
set -u
cd "$(dirname "$0")/.." || exit 1
document=docs/security.md
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# "CB-01..03 x" -> "CB-01 x", "CB-02 x", "CB-03 x"; the width of the first number is kept.
expand() {
    awk '{
        split($1, part, "-"); count = split(part[2], bound, "\\.\\.")
        for (n = bound[1] + 0; n <= bound[count] + 0; n++) {
            line = sprintf("%s-%0" length(bound[1]) "d", part[1], n)
            print (NF > 1 ? line " " $2 : line)
        }
    }'
}

# What the tests name: "CASE FILE".
for file in t/unit/test_*.cpp t/e2e/*.test.mjs; do
    {
        sed -E 's/([A-Z]{2,4})-([0-9]{2,3}) to \1-([0-9]{2,3})/\1-\2..\3/g' "$file" |
            grep -oE '\b[A-Z]{2,4}-[0-9]{2,3}(\.\.[0-9]{2,3})?\b'
        grep -oE '\b[a-z][a-z0-9_]*_[0-9]{2,3}[a-z0-9_]*|\b[a-z]{2,4}_[0-9]{2,3}[a-z0-9_]*' "$file" | sort -u |
            sed -E 's/_([0-9]{2,3})_to_([a-z]{2,4}_)?([0-9]{2,3})/_\1..\3/g' |
            grep -oE '[a-z]{2,4}_[0-9]{2,3}(\.\.[0-9]{2,3})?' | tr 'a-z_' 'A-Z-'
    } | sort -u | sed "s#\$# $file#"
done | expand | sort -u >"$work/named"

# The table's rows: "CASES|STATE|WHERE".
sed -nE 's/^\| `([A-Z]+-[0-9]+(\.\.[0-9]+)?)` \| ([^|]*) \| (.*) \|$/\1|\3|\4/p' "$document" >"$work/rows"
cut -d '|' -f 1 "$work/rows" | expand | sort >"$work/cases"
{
    : >"$work/claims"
    [ -s "$work/cases" ] || echo "$document has no table of cases"
    uniq -d "$work/cases" | sed 's/$/ is there twice/'
    awk -F '|' '$2 !~ /^(tested|not applicable|open|as [A-Z])/ { print $1 ": no such state as \"" $2 "\"" }
        $2 !~ /^as / && $3 == "" { print $1 ": where, or why?" }' "$work/rows"

    # `FILE` and `FILE` "TITLE"
    awk -F '|' '$2 == "tested"' "$work/rows" | while IFS='|' read -r cases _ where; do
        grep -oE '`[^`]+`( "[^"]+")?' <<<"$where" | while IFS= read -r reference; do
            file=$(sed -E 's/^`([^`]+)`.*/\1/' <<<"$reference")
            if [ ! -f "$file" ]; then
                echo "$cases: there is no $file"
            elif [[ $reference == *'"' ]]; then
                title=$(sed -E 's/^[^"]*"(.*)"$/\1/' <<<"$reference")
                grep -qF -- "$title" "$file" || echo "$cases: $file has no test \"$title\""
            else
                echo "$cases $file" >>"$work/claims"
            fi
        done
    done
    expand <"$work/claims" | sort -u | comm -23 - "$work/named" | sed -E 's/(.*) (.*)/\1 is not named in \2/'

    {
        awk -F '|' '$2 == "tested" { print $1 }' "$work/rows" | expand
        grep -vE ' \| (not applicable|open): ' t/cases.txt | grep -oE '^[A-Z]+-[0-9]+'
    } | sort -u >"$work/tested"
    sed -nE 's/^[^|]*\|as ([^|]*)\|.*/\1/p' "$work/rows" | tr -d ' ' | tr ',' '\n' | sort -u |
        comm -23 - "$work/tested" | sed 's/$/ is referred to ("as ..."), but is not tested itself/'
} >"$work/problems"
sed "s#^#check-cases: $document: #" "$work/problems" >&2
node t/conformance.mjs check && [ ! -s "$work/problems" ]
