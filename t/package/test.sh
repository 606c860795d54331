#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Makes the package in a root folder of each Debian release, looks at it, and gives it to fresh-root.mjs in another root folder.
#   t/package/test.sh FOLDER [RELEASE...]
# ./build.sh package-test runs it, in namespaces of its own: mounts and processes end with it. FOLDER keeps, for the next time, what
# debootstrap made, and the roots with the compilers. Mirrors are those of this machine; DEBIAN_MIRROR and DEBIAN_SECURITY_MIRROR name others.
set -euo pipefail
project=$(cd "$(dirname "$0")/../.." && pwd)
folder=$1
shift
[ $# -gt 0 ] || set -- bookworm trixie

say() {
    echo "package-test: $1" >&2
}

fail() {
    say "$1"
    exit 1
}

# The first mirror of Debian in apt's lists that has this label.
mirror_of() {
    # shellcheck disable=SC2016 # the dollars are apt's
    apt-get indextargets --format '$(REPO_URI) $(LABEL)' 'Identifier: Packages' | sed -n "s/\/* $1\$//p" | head -n 1
}

enter() {
    local root=$1
    shift
    env -i PATH=/usr/lib/ccache:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 DEBIAN_FRONTEND=noninteractive CCACHE_DIR=/root/ccache chroot "$root" "$@"
}

# Mounts, the network's names, and apt as this machine has it.
connect() {
    local root=$1
    mount -t proc proc "$root/proc"
    mount --bind /dev "$root/dev"
    mount --bind /dev/pts "$root/dev/pts"
    mount --bind /sys "$root/sys"
    cp /etc/resolv.conf /etc/hosts "$root/etc/"
    cp /etc/ssl/certs/ca-certificates.crt "$root/etc/apt/this-machine.crt"
    { apt-config dump | grep -E '^Acquire::https?::(Proxy|proxy)' || true; echo 'Acquire::https::CAInfo "/etc/apt/this-machine.crt";'; } >"$root/etc/apt/apt.conf.d/90this-machine"
    # shellcheck disable=SC2016 # for another shell
    # A service may be told everything except to start by itself: port 80 is of this machine. "(start)" is for one that no runlevel has.
    printf '#!/bin/sh\ncase " $* " in *" start "* | *" (start) "*) exit 101 ;; esac\n' >"$root/usr/sbin/policy-rc.d"
    chmod +x "$root/usr/sbin/policy-rc.d"
}

# What debootstrap makes, as a tar file.
make_base() {
    local release=$1 base=$folder/$1.tar
    [ ! -f "$base" ] || return 0
    say "$release: debootstrap"
    rm -rf "$folder/$release.new"
    debootstrap --variant=minbase "$release" "$folder/$release.new" "$mirror" >"$folder/debootstrap.log" 2>&1 ||
        fail "debootstrap failed: $(tail -n 1 "$folder/debootstrap.log") (all of it: $folder/debootstrap.log)"
    {
        echo "deb $mirror $release main"
        echo "deb $mirror $release-updates main"
        [ -z "$security" ] || echo "deb $security $release-security main"
    } >"$folder/$release.new/etc/apt/sources.list"
    tar -C "$folder/$release.new" -cf "$base.new" .
    mv "$base.new" "$base"
    rm -rf "$folder/$release.new"
}

# A root folder of $1 in $2.
make_root() {
    [ -d "$2" ] || { mkdir "$2.new" && tar -C "$2.new" -xpf "$folder/$1.tar" && mv "$2.new" "$2"; }
    connect "$2"
    enter "$2" apt-get update -qq >&2
    enter "$2" apt-get dist-upgrade -y -qq >"$folder/apt.log" 2>&1 || fail "apt-get failed; all of it: $folder/apt.log"
}

# Each protection that nginx itself has, except that a module is no program. Whether functions are fortified shows in a library only where they have
# buffers of a known size, of which there are none: blhc looks at how each file was compiled.
check_hardening() {
    local feature
    enter "$builder" blhc --bindnow /module/build/package/build.log || fail "blhc has something to say"
    # It fails for each protection that is missing, and nginx lacks some.
    hardening() { { enter "$builder" hardening-check --nocolor "$1" || true; } | grep ': yes' | grep -vE 'Position Independent|Fortify' | sed 's/: yes.*//' | sort; }
    hardening /usr/sbin/nginx >"$folder/nginx.hardening"
    feature=$(hardening "$1" | comm -23 "$folder/nginx.hardening" - | sed 's/^ *//' | paste -sd ,)
    [ -z "$feature" ] || fail "nginx has what the module has not: $feature"
    say "blhc has nothing to say, and hardened as nginx is: $(sed 's/^ *//' "$folder/nginx.hardening" | paste -sd ,)"
}

# Makes the package in the root folder `builder`. Sets `package` to its path there.
make_package() {
    local library
    mkdir -p "$builder/module"
    find "$builder/module" -mindepth 1 -maxdepth 1 ! -name build -exec rm -rf {} +
    (cd "$project" && tar --exclude=./build --exclude=node_modules --exclude=./.git -cf - .) | tar -C "$builder/module" -xf -
    enter "$builder" apt-get install -y -qq --no-install-recommends ccache lintian devscripts blhc binutils file >"$folder/apt.log" 2>&1 ||
        fail "apt-get failed; all of it: $folder/apt.log"
    say "building; $folder/build.log grows meanwhile"
    package=$(enter "$builder" /module/build.sh package 2>"$folder/build.log") || fail "build.sh failed: $(tail -n 1 "$folder/build.log")"
    package=${package%%$'\n'*}
    enter "$builder" sh -c 'lintian --allow-root --fail-on error,warning --tag-display-limit 0 /module/build/package/*.changes' || fail "lintian has something to say"
    say "lintian has nothing to say"
    rm -rf "$builder/unpacked"
    enter "$builder" dpkg-deb -x "$package" /unpacked
    library=/unpacked/usr/lib/nginx/modules/ngx_http_oauth_module.so
    enter "$builder" file "$library" | grep -q ', stripped' || fail "the module is not stripped"
    [[ $(enter "$builder" sh -c 'dpkg-deb -c /module/build/package/*-dbgsym_*.deb') == *.debug* ]] || fail "there are no debug symbols"
    say "the module has $(stat -c %s "$builder$library") bytes"
    check_hardening "$library"
}

# The same files as a higher version, in $2.
make_successor() {
    local tree=/successor
    rm -rf "$builder$tree"
    enter "$builder" dpkg-deb -R "$1" "$tree"
    sed -i 's/^Version: .*/&.1/' "$builder$tree/DEBIAN/control"
    enter "$builder" dpkg-deb --root-owner-group -b "$tree" "$tree.deb" >/dev/null
    mv "$builder$tree.deb" "$2"
}

mirror=${DEBIAN_MIRROR:-$(mirror_of Debian)}
security=${DEBIAN_SECURITY_MIRROR:-$(mirror_of Debian-Security)}
[ -n "$mirror" ] || fail "apt knows no mirror of Debian here: DEBIAN_MIRROR=URL names one"
mkdir -p "$folder"
for release in "$@"; do
    make_base "$release"
    builder=$folder/$release-builder
    fresh=$folder/$release-fresh
    make_root "$release" "$builder"
    make_package
    rm -rf --one-file-system "$fresh"
    make_root "$release" "$fresh"
    # What a machine has before the module comes.
    enter "$fresh" apt-get install -y -qq --no-install-recommends nginx ca-certificates >"$folder/apt.log" 2>&1 || fail "apt-get failed; all of it: $folder/apt.log"
    cp "$builder$package" "$fresh/tmp/first.deb"
    make_successor "$package" "$fresh/tmp/second.deb"
    node "$project/t/package/fresh-root.mjs" "$fresh"
    umount "$fresh/dev/pts" "$fresh/dev" "$fresh/sys" "$fresh/proc"
    rm -rf --one-file-system "$fresh"
    say "$release: ok"
done
