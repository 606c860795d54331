#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Keeps docs/directives.md and the table of directives in ngx_http_oauth_module.cpp the same: each row has one entry and each
# entry its row, the entry's title has the values that the row accepts, and its first line is the row's default and context.
# Prints what is wrong, one line each, and fails if anything is.
# shellcheck disable=SC2016 # the dollars are awk's
set -u
cd "$(dirname "$0")/.." || exit 1

# The program reads the table, then the document. A row or a list of choices may take several lines.
program='
function complain(text) { print "check-directives: " text; problems++ }

# The text between the quotes after `opening`; "" if it is not there.
function quoted_after(text, opening,    at) {
    at = index(text, opening "\"")
    if (at == 0) return ""
    text = substr(text, at + length(opening) + 1)
    return substr(text, 1, index(text, "\"") - 1)
}

# {{"on", mode_on}, {"off", mode_off}} -> on | off
function read_choices(text,    name, list, value) {
    sub(/^constexpr Choice /, "", text)
    name = substr(text, 1, index(text, "[") - 1)
    while ((value = quoted_after(text, "{")) != "") {
        list = list (list == "" ? "" : " | ") value
        sub(/\{"/, "", text)
    }
    choices[name] = list
}

function read_row(text,    name, level, otherwise, accepts, list) {
    name = quoted_after(text, "{")
    level = "no level"
    if (text ~ /, in_http,/) level = "http"
    if (text ~ /, in_server,/) level = "http, server"
    if (text ~ /, in_location,/) level = "http, server, location"
    if (text ~ /, in_location_alone,/) level = "location"
    otherwise = quoted_after(text, "value(")
    otherwise = otherwise == "" ? quoted_after(text, "words(") : "`" otherwise "`"
    accepts = ""
    if (text ~ /[ (](seconds|milliseconds)\(/) accepts = "TIME"
    if (text ~ /[ (](seconds|milliseconds)_or_off\(/) accepts = "TIME | off"
    if (text ~ /[ (]size\(/) accepts = "SIZE"
    if (text ~ /[ (]flag,/) accepts = "on | off"
    if (match(text, /[ (]choice\([a-z_]*\)/)) {
        list = substr(text, RSTART + 8, RLENGTH - 9)
        accepts = choices[list] == "" ? "no list " list : choices[list]
    }
    if (name in row) complain("two rows for " name)
    row[name] = "Default: " otherwise ". Context: " level
    title[name] = accepts
    rows++
}

FNR == 1 { file++ }

file == 1 {
    line = $0
    sub(/^ +/, "", line)
    sub(/^\/\/.*/, "", line)
    sub(/, *\/\/.*/, ",", line) # behind a row
    if (line ~ /^constexpr Choice /) { collecting = "choices"; text = "" }
    if (line ~ /^constexpr Directive directives/) { in_table = 1; next }
    if (in_table && line ~ /^\};/) in_table = 0
    if (in_table && line ~ /^\{/) { collecting = "row"; text = "" }
    if (collecting != "") text = text (text == "" ? "" : " ") line
    if (collecting == "choices" && line ~ /\};$/) { read_choices(text); collecting = "" }
    if (collecting == "row" && line ~ /\},$/) { read_row(text); collecting = "" }
    next
}

/^### `oauth/ {
    heading = $0
    sub(/^### `/, "", heading)
    sub(/`.*$/, "", heading)
    name = heading
    sub(/ .*$/, "", name)
    if (name in entry) complain("two entries for " name)
    entry[name] = 1
    if (!(name in row)) complain("there is an entry for " name ", and no row")
    else if (title[name] != "" && heading != name " " title[name])
        complain(name ": the title is \"" heading "\", the row accepts \"" title[name] "\"")
    waiting = 1
    next
}

waiting && $0 != "" {
    waiting = 0
    if (name in row && index($0 ".", row[name] ".") != 1 && index($0, row[name] ", and ") != 1)
        complain(name ": the entry begins \"" $0 "\", the row says \"" row[name] ".\"")
}

END {
    for (name in row) if (!(name in entry)) complain("there is a row for " name ", and no entry")
    if (rows == 0) complain("there is no table")
    exit problems > 0
}'
awk "$program" ngx_http_oauth_module.cpp docs/directives.md >&2
