#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Keeps the floors of docs/architecture.md: who may include what, how long a file may be, that no registry's host is
# written anywhere, that no two types of a namespace have one name, and that <algorithm> is included where it is used. Prints what is
# wrong, one line each, and fails if anything is.
set -u
cd "$(dirname "$0")/.." || exit 1
problems=0

complain() {
    echo "check-floors: $1" >&2
    problems=$((problems + 1))
}

# Floors from the bottom up; a folder includes only from floors below it or its own. Sets `floor`.
find_floor() {
    case "$1" in
    core) floor=0 ;;
    jose | net | figures) floor=1 ;;
    oidc) floor=2 ;;
    session | policy | identity | web | languages) floor=3 ;;
    providers) floor=4 ;;
    flow) floor=5 ;;
    ngx) floor=6 ;;
    conf) floor=7 ;;
    worker) floor=8 ;;
    request) floor=9 ;;
    *) floor=10 ;;
    esac
}

# The last folder of a path: src/ngx/conf/conf.hpp -> conf. Sets `folder`.
find_folder() {
    folder=.
    if [[ $1 == */* ]]; then
        folder=${1%/*}
        folder=${folder##*/}
    fi
}

while IFS= read -r file; do
    find_folder "$file"
    home=$folder
    find_floor "$home"
    highest=$floor
    while IFS= read -r include; do
        find_folder "$include"
        case "$folder" in
        .) continue ;;
        ..) # a room of src/ngx/ uses what they share, a language its phrases
            folder=ngx
            [ "$home" != languages ] || folder=web
            ;;
        esac
        find_floor "$folder"
        if [ "$floor" -gt "$highest" ]; then
            complain "$file includes $include: an arrow upwards"
        fi
    done < <(sed -n 's/^#include "\([^"]*\)".*/\1/p' "$file")
    if [[ $file != src/ngx/* ]] && grep -qE '#include *[<"](ngx_|[^"]*ngx\.hpp)' "$file"; then
        complain "$file includes nginx: only src/ngx/ does"
    fi
    if [ "$home" != net ] && grep -qE '#include *<(curl|hiredis)/' "$file"; then
        complain "$file includes a network library: only src/net/ does"
    fi
    if [[ $file == *.cpp ]] && grep -E '^#include <openssl/' "$file" | grep -qv '<openssl/crypto.h>' &&
        ! grep -qE 'QuietErrors|InLibcurl' "$file"; then
        complain "$file calls OpenSSL without core::QuietErrors: nginx would log what it leaves in the error queue"
    fi
    IFS= read -r first <"$file"
    if [[ $first != *SPDX-License-Identifier* ]]; then
        complain "$file does not begin with its SPDX line"
    fi
    lines=$(wc -l <"$file")
    if [ "$lines" -gt 400 ]; then
        complain "$file has $lines lines: past 400 a file is usually two"
    fi
    case "${file##*/}" in
    *.*.*) complain "$file: nginx's makefile cannot build a name with two dots" ;;
    esac
done < <(find src providers -name '*.cpp' -o -name '*.hpp')

# nginx names objects by the last folder and the file.
duplicates=$(find src providers -name '*.cpp' -printf '%f %h\n' | sed 's# .*/# #' | sort | uniq -d)
[ -z "$duplicates" ] || complain "two sources would be one object: $duplicates"

# The linker takes one of two types of one name for both, and nobody says so. A folder is a namespace; all of ngx/ is one.
while read -r room name; do
    complain "two headers of src/$room define $name"
done < <(find src -name '*.hpp' -exec grep -HoE '^(enum class|enum|struct|class) (\[\[nodiscard\]\] )?[A-Za-z_]+( final)?( :| \{)' {} + |
    sed -E 's#^src/([a-z]+)/[^:]*:(enum class|enum|struct|class) (\[\[nodiscard\]\] )?([A-Za-z_]+).*#\1 \4#' | sort | uniq -d)

if grep -qE '"resolved"|https?://' t/package-lock.json 2>/dev/null &&
    grep -nE '"resolved"' t/package-lock.json >/dev/null; then
    complain "t/package-lock.json names a registry: omit-lockfile-registry-resolved=true"
fi

if grep -rnE '\b(curl_easy_perform|redisCommand|getaddrinfo|gethostbyname)\b *\(' src providers ngx_http_oauth_module.cpp; then
    complain "a call that blocks a worker"
fi

# Other headers of the library bring it along by chance, and of another version's do not.
algorithms='std::(all_of|any_of|none_of|find_if|find_if_not|find_first_of|sort|stable_sort|count_if|min|max|clamp|copy|copy_if|copy_n|transform|fill|fill_n|reverse|remove_if|unique|equal|lower_bound|upper_bound|min_element|max_element|search|mismatch|for_each|binary_search|is_sorted|ranges::[a-z_]+)\('
while IFS= read -r file; do
    grep -q '#include <algorithm>' "$file" || complain "$file uses <algorithm> without including it"
done < <(grep -rlE "$algorithms" --include='*.[ch]pp' src providers t/unit t/late_store ngx_http_oauth_module.cpp)

[ "$problems" -eq 0 ] || exit 1
