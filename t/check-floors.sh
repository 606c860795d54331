#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Keeps the floors of docs/architecture.md: who may include what, how long a file may be, and that no registry's host is
# written anywhere. Prints what is wrong, one line each, and fails if anything is.
set -u
cd "$(dirname "$0")/.." || exit 1
problems=0

complain() {
    echo "check-floors: $1" >&2
    problems=$((problems + 1))
}

# Floors from the bottom up; a folder includes only from floors below it or its own.
floor_of() {
    case "$1" in
    core) echo 0 ;;
    jose | net) echo 1 ;;
    oidc) echo 2 ;;
    session | policy | identity | web) echo 3 ;;
    providers) echo 4 ;;
    flow) echo 5 ;;
    ngx) echo 6 ;;
    conf) echo 7 ;;
    worker) echo 8 ;;
    request) echo 9 ;;
    *) echo 10 ;;
    esac
}

while IFS= read -r file; do
    folder=$(basename "$(dirname "$file")")
    floor=$(floor_of "$folder")
    while IFS= read -r include; do
        target=$(basename "$(dirname "$include")")
        case "$target" in
        .) continue ;;
        ..) target=ngx ;; # a room of src/ngx/ uses what they share
        esac
        if [ "$(floor_of "$target")" -gt "$floor" ]; then
            complain "$file includes $include: an arrow upwards"
        fi
    done < <(sed -n 's/^#include "\([^"]*\)".*/\1/p' "$file")
    if [[ $file != src/ngx/* ]] && grep -qE '#include *[<"](ngx_|[^"]*ngx\.hpp)' "$file"; then
        complain "$file includes nginx: only src/ngx/ does"
    fi
    if [ "$folder" != net ] && grep -qE '#include *<(curl|hiredis)/' "$file"; then
        complain "$file includes a network library: only src/net/ does"
    fi
    if ! head -n 1 "$file" | grep -q 'SPDX-License-Identifier'; then
        complain "$file does not begin with its SPDX line"
    fi
    lines=$(wc -l <"$file")
    if [ "$lines" -gt 400 ]; then
        complain "$file has $lines lines: past 400 a file is usually two"
    fi
    case "$(basename "$file")" in
    *.*.*) complain "$file: nginx's makefile cannot build a name with two dots" ;;
    esac
done < <(find src providers -name '*.cpp' -o -name '*.hpp')

# nginx names objects by the last folder and the file.
duplicates=$(find src providers -name '*.cpp' -printf '%f %h\n' | sed 's# .*/# #' | sort | uniq -d)
[ -z "$duplicates" ] || complain "two sources would be one object: $duplicates"

if grep -qE '"resolved"|https?://' t/package-lock.json 2>/dev/null &&
    grep -nE '"resolved"' t/package-lock.json >/dev/null; then
    complain "t/package-lock.json names a registry: omit-lockfile-registry-resolved=true"
fi

if grep -rnE '\b(curl_easy_perform|redisCommand|getaddrinfo|gethostbyname)\b *\(' src providers ngx_http_oauth_module.cpp; then
    complain "a call that blocks a worker"
fi

[ "$problems" -eq 0 ] || exit 1
