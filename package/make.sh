#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Makes the Debian package in the folder $1, and prints its path and that of its debug symbols. ./build.sh package has installed what this needs.
# Each release of Debian has an nginx of its own: a package is for the one that is installed here.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
folder=$1
name=libnginx-mod-http-oauth
sources=(config config.make exports.map ngx_http_oauth_module.cpp src providers docs examples README.md CHANGES LICENSE)

# The time of the sources: of the last commit, or of what was changed last.
find_time() {
    if [ -e "$root/.git" ] && [ -z "$(git -C "$root" status --porcelain -- "${sources[@]}" package 2>&1)" ]; then
        git -C "$root" log -1 --format=%ct
    else
        (cd "$root" && find "${sources[@]}" package -type f -printf '%Ts\n' | sort -n | tail -n 1)
    fi
}

# As in CHANGES. What is not released yet comes before the release, and Debian 12's before Debian 13's. Sets `version`.
find_version() {
    local first
    first=$(grep -m 1 '^Changes with ' "$root/CHANGES")
    version=$(sed -E 's/^Changes with [^ ]+ ([^ ]+) .*/\1/' <<<"$first")
    [[ $first != *unreleased ]] || version+=~$(date -u -d "@$SOURCE_DATE_EPOCH" +%Y%m%d.%H%M)
    version+=-1+${ID/debian/deb}${VERSION_ID:-}
}

write_changelog() {
    cat <<END
$name ($version) ${VERSION_CODENAME:-unstable}; urgency=medium

  * Built for nginx $nginx.

 -- $(sed -n 's/^Maintainer: //p' "$root/package/debian/control")  $(date -u -R -d "@$SOURCE_DATE_EPOCH")
END
}

show() {
    echo "$folder/${name}_${version}_$architecture.deb"
    ls "$folder/${name}-dbgsym_${version}_$architecture"*.deb
    echo "make.sh: to install: apt install $folder/${name}_${version}_$architecture.deb" >&2
}

# shellcheck disable=SC1091
. /etc/os-release
architecture=$(dpkg --print-architecture)
nginx=$(dpkg-query -W -f '${Version}' nginx-dev)
SOURCE_DATE_EPOCH=$(find_time)
export SOURCE_DATE_EPOCH
find_version

stamp=$(cd "$root" && { echo "$version $nginx"; find "${sources[@]}" package -type f | sort | xargs -d '\n' sha256sum; } | sha256sum)
if [ "$(cat "$folder/.stamp" 2>/dev/null)" = "$stamp" ] && [ -f "$folder/${name}_${version}_$architecture.deb" ]; then
    show
    exit
fi

rm -rf "$folder"
mkdir -p "$folder/source"
tar -C "$root" --exclude=node_modules -cf - "${sources[@]}" | tar -C "$folder/source" -xf -
cp -r "$root/package/debian" "$folder/source/debian"
write_changelog >"$folder/source/debian/changelog"
echo "make.sh: compiling for nginx $nginx, which takes minutes; $folder/build.log grows meanwhile" >&2
if ! (cd "$folder/source" && DEB_BUILD_OPTIONS="${DEB_BUILD_OPTIONS:+$DEB_BUILD_OPTIONS }parallel=$(nproc)" dpkg-buildpackage -us -uc -b) >"$folder/build.log" 2>&1; then
    tail -n 20 "$folder/build.log" >&2
    echo "make.sh: dpkg-buildpackage failed; all of it: $folder/build.log" >&2
    exit 1
fi
echo "$stamp" >"$folder/.stamp"
show
