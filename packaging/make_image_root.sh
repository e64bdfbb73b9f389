#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# make_image_root.sh BINARY FOLDER: a root file system of hearth and of the libraries that it is linked to, at the places where its loader
# looks for them.
set -eu
binary=$1
root=$2
here=$(cd "$(dirname "$0")" && pwd)

rm -rf "$root"
mkdir -p "$root/usr/bin" "$root/usr/share/doc/hearth" "$root/etc/hearth" "$root/var/lib/hearth" "$root/proc" "$root/sys" "$root/dev"
mkdir -m 1777 "$root/tmp"
install -m 755 -s "$binary" "$root/usr/bin/hearth"
install -m 644 "$here/../LICENSE" "$here/../LICENSES/GPL-2.0-only.txt" "$root/usr/share/doc/hearth/"
# What hearth top knows of terminals, those of most of them.
for kind in xterm xterm-256color screen screen-256color tmux tmux-256color linux vt100; do
	for folder in /etc/terminfo /lib/terminfo /usr/share/terminfo; do
		from=$folder/$(echo "$kind" | cut -c 1)/$kind
		[ ! -e "$from" ] || install -D -m 644 "$from" "$root/usr/share/terminfo/$(echo "$kind" | cut -c 1)/$kind"
	done
done
ldd "$binary" | sed -n 's/^.*[[:space:]]\(\/[^ ]*\) (0x.*$/\1/p' | while read -r library; do
	mkdir -p "$root$(dirname "$library")"
	cp -L "$library" "$root$library"
done
