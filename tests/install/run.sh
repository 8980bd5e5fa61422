#!/usr/bin/env bash
# Installs a build into a temporary prefix inside it and uses it from outside, in every way the README offers:
# by find_package, by pkg-config, and embedded by add_subdirectory.
#
#   tests/install/run.sh BUILD_DIR      a complete build of this tree
set -euo pipefail

build=$(cd "${1:?usage: tests/install/run.sh BUILD_DIR}" && pwd)
here=$(cd "$(dirname "$0")" && pwd)
source_dir=$(cd "$here/../.." && pwd)
work=$(mktemp -d "$build/install-test.XXXXXX")
trap 'rm -rf "$work"' EXIT
prefix=$work/prefix

quietly() {
  "$@" >"$work/log" 2>&1 || { cat "$work/log"; echo "failed: $*"; exit 1; }
}

echo "== install"
quietly cmake --install "$build" --prefix "$prefix"
# Nothing may lead back to the build: what was installed is used from another place.
mv "$prefix" "$work/moved"
prefix=$work/moved
"$prefix/bin/trivet" --version

echo "== find_package"
quietly cmake -S "$here/consumer" -B "$work/package" -G Ninja -DCMAKE_PREFIX_PATH="$prefix"
quietly cmake --build "$work/package"
"$work/package/consumer" "$work/package.db"

echo "== pkg-config"
PKG_CONFIG_PATH=$(dirname "$(find "$prefix" -name trivet.pc)")
export PKG_CONFIG_PATH
# shellcheck disable=SC2046  # the flags are separate words
quietly "${CXX:-g++}" -std=c++20 "$here/consumer/main.cc" -o "$work/consumer" \
  $(pkg-config --cflags --libs trivet) "-Wl,-rpath,$(pkg-config --variable=libdir trivet)"
"$work/consumer" "$work/pkg-config.db"

echo "== add_subdirectory"
quietly cmake -S "$here/consumer" -B "$work/embedded" -G Ninja -DTRIVET_SOURCE_DIR="$source_dir"
quietly cmake --build "$work/embedded"
"$work/embedded/consumer" "$work/embedded.db"
