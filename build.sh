#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# One door to everything a developer or a user runs. Each command sets up what it needs and costs nothing when repeated.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
build=$root/build
module=$build/ngx_http_oauth_module.so

usage() {
    cat <<'END'
usage: ./build.sh [command]

  (none)     build build/ngx_http_oauth_module.so for the installed nginx, with symbols for the debugger;
             NGINX_SRC=DIR for that nginx source tree instead
  demo       nginx with the module, a demo application and three identity providers on loopback;
             DEMO_PORT=N chooses the port, DEMO_ONCE=1 signs in by itself and exits
  test       all tests: style, unit, end-to-end, browser; SANITIZE=1 for AddressSanitizer and UndefinedBehaviorSanitizer
  test NAME...
             only the unit and end-to-end tests whose file name has one of the names
  lint       formatting, shell scripts, floors, tables, and clang-tidy, which takes minutes the first time
  install-test
             the steps of the Dockerfile in docs/install.md, in root folders of Debian 12, and a sign-in; only root can
  bench      what the module costs, against plain nginx
  soak       a million requests, with sign-ins, refreshes and sign-outs, on each store: memory, descriptors, connections
             and the zone stay as they are; SOAK_REQUESTS=N sends N, SOAK_STORES="shared redis" chooses stores
  install    build, and copy the module without those symbols into nginx's modules folder
  package    a Debian package for the installed nginx, in build/package
  package-test [RELEASE...]
             make, install, upgrade and remove the package in root folders of Debian of their own: bookworm and trixie; only root can
END
}

# Standard output is for results.
say() {
    echo "build.sh: $1" >&2
}

fail() {
    say "$1"
    exit 1
}

# In the project's own runs warnings are errors. For a user's newer compiler they are not.
warnings=-Wno-error

# make, with a count of the files that it compiles in place of its commands.
compile() {
    local line total count=0 end='\n' each=20
    total=$(make -n "$@" OAUTH_WARNINGS="$warnings" | grep -c '\.cpp *$' || true)
    [ "$total" -lt "$each" ] || say "compiling $total files, which takes minutes"
    [ ! -t 2 ] || end='\r' each=1
    make "$@" OAUTH_WARNINGS="$warnings" | while IFS= read -r line; do
        [[ $line =~ \.cpp\ *$ ]] || continue
        count=$((count + 1))
        [ $((count % each)) -ne 0 ] || printf 'build.sh: compiling file %d of %d%b' "$count" "$total" "$end" >&2
    done
    [ ! -t 2 ] || [ "$total" -eq 0 ] || echo >&2
}

# Installs Debian packages that are missing; one sentence where it cannot.
need_packages() {
    local package missing=()
    for package in "$@"; do
        dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'install ok installed' || missing+=("$package")
    done
    if [ ${#missing[@]} -eq 0 ]; then
        return
    fi
    local sudo=
    if [ "$(id -u)" != 0 ]; then
        command -v sudo >/dev/null || fail "these packages are missing and only root can install them: ${missing[*]}"
        sudo=sudo
    fi
    command -v apt-get >/dev/null || fail "these packages are missing and there is no apt-get: ${missing[*]}"
    say "installing ${missing[*]}"
    $sudo apt-get update -qq >&2 || say "apt-get update failed, going on with the lists that are here"
    # A packaged nginx starts itself at once; here it must not take port 80.
    $sudo env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 apt-get install -y -qq --no-install-recommends "${missing[@]}" >&2 ||
        fail "apt-get could not install: ${missing[*]}"
}

need_compiler() {
    need_packages g++ make pkg-config libcurl4-openssl-dev libcjson-dev libhiredis-dev libssl-dev
}

# Packages of t/package-lock.json, with Debian's Node.js where there is none.
need_node() {
    if ! command -v node >/dev/null || ! command -v npm >/dev/null; then
        need_packages nodejs npm
    fi
    local major
    major=$(node -p 'process.versions.node.split(".")[0]')
    [ "$major" -ge 18 ] || fail "Node.js 18 or later is needed, found $(node --version)"
    local stamp=$root/t/node_modules/.lock-stamp
    if ! cmp -s "$root/t/package-lock.json" "$stamp"; then
        say "installing the packages of t/package-lock.json"
        (cd "$root/t" && npm ci --omit=optional --no-audit --no-fund --loglevel=error >&2) || fail "npm ci failed in t/"
        cp "$root/t/package-lock.json" "$stamp"
    fi
}

# Configures $2 (the folder for objects) once per state of the sources' list and of `config`.
configure_nginx() {
    local source=$1 objects=$2 tool=$3
    shift 3
    local stamp
    stamp=$(cd "$root" && { cat config config.make; echo "$source" "$@"; find src providers -name '*.[ch]pp' | sort; } | sha256sum)
    if [ -f "$objects/Makefile" ] && [ "$(cat "$objects/.stamp" 2>/dev/null)" = "$stamp" ]; then
        return
    fi
    rm -rf "$objects"
    mkdir -p "$objects"
    (cd "$source" && "$tool" "$@" --builddir="$objects" --add-dynamic-module="$root") >"$build/configure.log" 2>&1 ||
        fail "nginx's configure failed: $(grep -E 'error' "$build/configure.log" | tail -n 1) (all of it: $build/configure.log)"
    echo "$stamp" >"$objects/.stamp"
}

# What the compiler and the linker do against exploits: as in Debian's nginx and its modules. Sets `hardening`.
find_hardening() {
    local DEB_BUILD_MAINT_OPTIONS="hardening=+all reproducible=-fixfilepath,-fixdebugpath"
    hardening=()
    if command -v dpkg-buildflags >/dev/null; then
        export DEB_BUILD_MAINT_OPTIONS
        hardening=("--with-cc-opt=$(dpkg-buildflags --get CXXFLAGS) -fPIC $(dpkg-buildflags --get CPPFLAGS)"
            "--with-ld-opt=$(dpkg-buildflags --get LDFLAGS) -fPIC")
    fi
}

# Configures nginx for the module; arguments go to its configure. Sets `source` and `objects`.
prepare_module() {
    local hardening
    mkdir -p "$build"
    if [ -n "${NGINX_SRC:-}" ]; then
        [ -d "$NGINX_SRC" ] || fail "NGINX_SRC is no folder: $NGINX_SRC"
        source=$(cd "$NGINX_SRC" && pwd)
        find_hardening
        local tool=./configure
        [ -x "$source/configure" ] || tool=./auto/configure
        objects=$build/objects-$(echo "$source" | sha256sum | cut -c1-8)
        configure_nginx "$source" "$objects" "$tool" --with-compat --with-http_ssl_module --with-http_v2_module \
            --with-http_auth_request_module --with-http_realip_module --with-threads "${hardening[@]}" "$@"
    else
        need_packages nginx nginx-dev
        find_hardening
        local NGX_CONF_FLAGS=()
        # shellcheck disable=SC1091
        . /usr/share/nginx/src/conf_flags
        source=/usr/share/nginx/src
        objects=$build/objects$(echo "${*:-}" | sha256sum | cut -c1-4)
        configure_nginx "$source" "$objects" ./configure "${NGX_CONF_FLAGS[@]}" "${hardening[@]}" "$@"
    fi
}

# Builds the module into $1; further arguments go to nginx's configure.
build_module() {
    local output=$1
    shift
    prepare_module "$@"
    compile -C "$source" -f "$objects/Makefile" -j "$(nproc)" modules
    cp "$objects/ngx_http_oauth_module.so" "$output.new"
    mv "$output.new" "$output"
    [ "$output" != "$module" ] || write_compile_commands
}

# For editors and clang-tidy: how each file of the module and of the unit tests is compiled.
write_compile_commands() {
    "$root/t/compile-commands.sh" "$source" "$objects" "$build/unit" >"$build/compile_commands.json"
}

command_module() {
    local source objects
    need_compiler
    build_module "$module"
    echo "$module"
}

command_install() {
    command_module
    local folder
    folder=$(nginx -V 2>&1 | sed -n 's/.*--modules-path=\([^ ]*\).*/\1/p')
    [ -n "$folder" ] || fail "the installed nginx does not say where its modules are"
    local sudo=
    [ "$(id -u)" = 0 ] || [ -w "$folder" ] || sudo=sudo
    strip --strip-unneeded -o "$build/stripped.so" "$module"
    $sudo install -D -m 644 "$build/stripped.so" "$folder/ngx_http_oauth_module.so"
    echo "installed: $folder/ngx_http_oauth_module.so (load_module modules/ngx_http_oauth_module.so;)"
}

command_package() {
    need_packages nginx nginx-dev build-essential debhelper libcurl4-openssl-dev libcjson-dev libhiredis-dev libssl-dev
    "$root/package/make.sh" "$build/package"
}

# In namespaces of its own: whatever happens, no mount and no process is left behind.
command_package_test() {
    [ "$(id -u)" = 0 ] || fail "only root can make root folders"
    need_packages debootstrap
    need_node
    unshare --mount --pid --fork --kill-child --mount-proc "$root/t/package/test.sh" "$build/roots" "$@"
}

command_demo() {
    need_node
    command_module >/dev/null
    exec env OAUTH_MODULE="$module" node "$root/t/demo/demo.mjs"
}

sanitizer_flags="-fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer"

# What takes a moment: formatting, shell scripts, and what the sources promise each other.
check_style() {
    need_packages clang-format-19 shellcheck
    command -v node >/dev/null || need_packages nodejs
    (cd "$root" && find src providers t/unit t/late_store ngx_http_oauth_module.cpp -name '*.[ch]pp' -print0 |
        xargs -0 -P "$(nproc)" -n 16 clang-format-19 --dry-run --Werror) ||
        fail "clang-format-19 -i mends the files above"
    shellcheck "$root/build.sh" "$root"/t/*.sh "$root"/t/package/*.sh "$root"/package/*.sh "$root/.ci/run"
    "$root/t/check-floors.sh"
    "$root/t/check-cases.sh"
    "$root/t/check-directives.sh"
}

# Sets `unit` and `e2e` to the tests whose file name has one of the names; without names, to all.
choose_tests() {
    local name file found
    unit=() e2e=()
    for name in "${@:-}"; do
        found=
        for file in "$root"/t/unit/*"$name"* "$root"/t/e2e/*"$name"*; do
            case "$file" in
            */test_*.cpp) found=yes unit+=("$file") ;;
            *.test.mjs) found=yes e2e+=("$file") ;;
            esac
        done
        [ -n "$found" ] || fail "no test has \"$name\" in its file name: t/unit/test_*.cpp, t/e2e/*.test.mjs"
    done
}

# The module with a store of the tests' own in place of its choice of stores, and otherwise the same objects.
build_late_module() {
    local flags=() object=$build/late_store$sanitized.o
    [ -z "$sanitized" ] || read -ra flags <<<"$sanitizer_flags"
    "${CXX:-c++}" -std=c++20 -O1 -g -fPIC -fvisibility=hidden -Wall -Wextra -Werror "${flags[@]}" \
        -c "$root/t/late_store/late_store.cpp" -o "$object"
    local objects_of_module=()
    mapfile -t objects_of_module < <(find "$objects/addon" -name '*.o' ! -path '*/flow/stores.o')
    "${CXX:-c++}" -shared "${flags[@]}" -o "$1" "${objects_of_module[@]}" "$object" "$objects/ngx_http_oauth_module_modules.o" \
        "-Wl,--version-script=$root/exports.map" -lcurl -lhiredis -lcjson -lssl -lcrypto
}

# The portal of t/e2e/lib/lemonldap.mjs, and what it loads. nginx will do for the web server that it wants.
lemonldap=(liblemonldap-ng-portal-perl libplack-perl libcrypt-openssl-bignum-perl libstring-random-perl libio-string-perl
    libemail-sender-perl libmime-tools-perl libgd-securityimage-perl libimage-magick-perl libcrypt-jwt-perl)

# Glewlwyd is unpacked for the tests, not installed: its package would start it at once, with a password that everybody knows.
unpack_glewlwyd() {
    local folder=$build/glewlwyd libraries
    need_packages glewlwyd-common sqlite3
    if [ ! -x "$folder/usr/bin/glewlwyd" ]; then
        rm -rf "$folder"
        mkdir -p "$folder"
        (cd "$folder" && apt-get download -qq glewlwyd >"$build/glewlwyd.log" 2>&1 && dpkg-deb -x glewlwyd_*.deb .) ||
            fail "Glewlwyd could not be had: $(tail -n 1 "$build/glewlwyd.log")"
    fi
    mapfile -t libraries < <(dpkg-deb -f "$folder"/glewlwyd_*.deb Depends | tr ',' '\n' | grep -oE '^ *lib[^ ]+' | tr -d ' ')
    need_packages "${libraries[@]}"
}

command_test() {
    local unit e2e source objects sanitized=${SANITIZE:+-sanitized}
    warnings=-Werror
    choose_tests "$@"
    [ $# -gt 0 ] || check_style
    need_compiler
    if [ ${#unit[@]} -gt 0 ]; then
        need_packages libcmocka-dev openssl redis-server
        local programs=(-C "$root/t/unit" "OUT=$build/unit$sanitized" "SANITIZE=${SANITIZE:-}" "TESTS=${unit[*]}")
        compile "${programs[@]}" -j "$(nproc)" all
        say "running ${#unit[@]} unit tests"
        make -s "${programs[@]}" check
    fi
    if [ ${#e2e[@]} -gt 0 ]; then
        need_packages nginx nginx-dev libnginx-mod-http-perl "${lemonldap[@]}" openssl redis-server chromium curl python3 python3-jwcrypto \
            python3-jwt python3-yaml prometheus caddy haproxy
        unpack_glewlwyd
        need_node
        export OAUTH_MODULE=$build/ngx_http_oauth_module$sanitized.so
        if [ -n "$sanitized" ]; then
            export OAUTH_SANITIZE=1
            build_module "$OAUTH_MODULE" \
                --with-cc-opt="$sanitizer_flags -fno-sanitize=nonnull-attribute" --with-ld-opt="$sanitizer_flags"
        else
            build_module "$OAUTH_MODULE"
        fi
        export OAUTH_LATE_MODULE=$build/late_module$sanitized.so
        build_late_module "$OAUTH_LATE_MODULE"
        node "$root/t/e2e/run.mjs" "$@"
        [ $# -gt 0 ] || test_other_stores
    fi
}

# The tests of what happens to sessions, whatever they are kept in. OAUTH_STORE=shared ./build.sh test runs all of them with that store.
test_other_stores() {
    local store
    [ -z "${OAUTH_STORE:-}" ] || return 0
    for store in shared redis; do
        echo "build.sh: once more, with \"oauth_session $store\"" >&2
        OAUTH_STORE=$store node "$root/t/e2e/run.mjs" admission certified-provider crowds gate identity-header lifecycle logout plain-http policy.test \
            session-ends several-cookies streams.test upstreams variables ways-around who worker
    done
}

# shellcheck disable=SC2016 # the dollar is for the shell that xargs starts
# clang-tidy for each source that has changed since it last had nothing to say; a header that has changed is a change of all.
run_clang_tidy() {
    local common file stamp
    mkdir -p "$build/tidy"
    export -f tidy_one
    common=$(cd "$root" && { cat .clang-tidy "$build/compile_commands.json"; find src providers -name '*.hpp' | sort | xargs cat; } | sha256sum)
    for file in $(cd "$root" && find src providers ngx_http_oauth_module.cpp -name '*.cpp' | sort); do
        stamp=$build/tidy/$({ echo "$common"; cat "$root/$file"; } | sha256sum | cut -c1-32)
        [ -f "$stamp" ] || printf '%s\0%s\0' "$file" "$stamp"
    done | (cd "$root" && xargs -0 -r -n 2 -P "$(nproc)" bash -c 'tidy_one "$@"' _ "$build") ||
        fail "clang-tidy has something to say about the sources"
}

tidy_one() {
    local output
    echo "clang-tidy: $2"
    if output=$(clang-tidy-19 -p "$1" --quiet --extra-arg=-Wno-unknown-warning-option "$2" 2>&1); then
        touch "$3"
    else
        echo "$output" >&2
        return 1
    fi
}

# In namespaces of its own: whatever happens, no mount and no process is left behind.
command_install_test() {
    [ "$(id -u)" = 0 ] || fail "only root can make root folders"
    need_packages debootstrap openssl
    need_node
    unshare --mount --pid --fork --kill-child --mount-proc node "$root/t/package/dockerfile.mjs" "$build/roots"
}

command_lint() {
    local source objects
    check_style
    need_compiler
    need_packages nginx nginx-dev libcmocka-dev clang-tidy-19
    prepare_module
    write_compile_commands
    run_clang_tidy
    echo "lint: nothing to say"
}

command_bench() {
    warnings=-Werror
    need_compiler
    need_packages nginx nginx-dev valgrind wrk
    need_node
    command_module >/dev/null
    exec env OAUTH_MODULE="$module" node "$root/t/bench/bench.mjs"
}

command_soak() {
    warnings=-Werror
    need_compiler
    need_packages nginx nginx-dev redis-server
    need_node
    command_module >/dev/null
    exec env OAUTH_MODULE="$module" node "$root/t/soak/soak.mjs"
}

case "${1:-module}" in
test) command_test "${@:2}" ;;
package-test) command_package_test "${@:2}" ;;
module | demo | lint | bench | soak | install | package)
    [ $# -lt 2 ] || fail "$1 takes no arguments"
    "command_${1:-module}"
    ;;
-h | --help | help) usage ;;
install-test) command_install_test ;;
*)
    usage >&2
    fail "unknown command \"$1\""
    ;;
esac
