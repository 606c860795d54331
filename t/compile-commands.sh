#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Prints a compilation database for editors and clang-tidy: what make would run to compile the module and the unit tests.
#   t/compile-commands.sh NGINX_SOURCE OBJECTS UNIT_OUT >build/compile_commands.json
# OBJECTS is the folder that nginx's configure has made a Makefile in.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
source=$1 objects=$2 unit=$3

# Lines of make that compile C++, as entries; a line may go on after a backslash.
entries() {
    awk -v directory="$1" '
        { sub(/^[ \t]+/, ""); line = line $0 }
        line ~ /\\$/ { sub(/\\$/, " ", line); next }
        line ~ / -c / && line ~ /\.cpp *$/ {
            sub(/ +$/, "", line)
            count = split(line, word, " +")
            gsub(/\\/, "\\\\", line)
            gsub(/"/, "\\\"", line)
            printf "{\"directory\": \"%s\", \"file\": \"%s\", \"command\": \"%s\"}\n", directory, word[count], line
        }
        { line = "" }'
}

{
    make -n -B -C "$source" -f "$objects/Makefile" modules | entries "$source"
    make -n -B -C "$root/t/unit" OUT="$unit" all | entries "$root/t/unit" | grep '/t/unit/test_[^/]*\.cpp"' # sources are above
} | sed -e '$!s/$/,/' -e '1s/^/[/' -e '$s/$/]/'
