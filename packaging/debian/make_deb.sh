#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# make_deb.sh OUTPUT VERSION: a Debian package of what `make install` installs, OUTPUT/hearth_VERSION_ARCHITECTURE.deb. No root needed.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
output=$(mkdir -p "$1" && cd "$1" && pwd)
version=$2
architecture=$(dpkg --print-architecture)
epoch=${SOURCE_DATE_EPOCH:-$(date +%s)}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
root=$work/root

make --no-print-directory -C "$here/../.." install "DESTDIR=$root" PREFIX=/usr UNITDIR=/lib/systemd/system \
	ZSHDIR=/usr/share/zsh/vendor-completions

strip --strip-unneeded "$root/usr/bin/hearth"
rm "$root/usr/share/doc/hearth/LICENSE" "$root/usr/share/doc/hearth/GPL-2.0-only.txt" # copyright names both
cp "$here/copyright" "$root/usr/share/doc/hearth/copyright"
install -D -m 644 "$here/lintian-overrides" "$root/usr/share/lintian/overrides/hearth"
{
	echo "hearth ($version) unstable; urgency=medium"
	echo
	echo "  * This version's commits say what is new."
	echo
	echo " -- hearth's maintainers <maintainers@hearth.invalid>  $(date -u -R -d "@$epoch")"
} | gzip -9n >"$root/usr/share/doc/hearth/changelog.gz"
gzip -9n "$root"/usr/share/man/man*/*

# Which packages bring the libraries, and since which version: asked of the packages that it was built with.
mkdir -p "$work/shlibdeps/debian"
printf 'Source: hearth\n\nPackage: hearth\nArchitecture: any\n' >"$work/shlibdeps/debian/control"
depends=$(cd "$work/shlibdeps" && dpkg-shlibdeps -O "$root/usr/bin/hearth" 2>/dev/null | sed -n 's/^shlibs:Depends=//p')

mkdir "$root/DEBIAN"
sed -e "s/@VERSION@/$version/" -e "s/@ARCHITECTURE@/$architecture/" -e "s/@DEPENDS@/$depends/" \
	-e "s/@SIZE@/$(du -sk --exclude=DEBIAN "$root" | cut -f 1)/" "$here/control.in" >"$root/DEBIAN/control"
echo /etc/hearth/hearth.conf >"$root/DEBIAN/conffiles"
for script in postinst prerm postrm; do
	install -m 755 "$here/$script" "$root/DEBIAN/$script"
done
(cd "$root" && find usr lib -type f -print0 | LC_ALL=C sort -z | xargs -0 md5sum) >"$root/DEBIAN/md5sums"
find "$root" -newermt "@$epoch" -exec touch -h -d "@$epoch" {} +
find "$root" -type d -exec chmod 755 {} +

SOURCE_DATE_EPOCH=$epoch dpkg-deb --root-owner-group -Zxz --build "$root" "$output/hearth_${version}_$architecture.deb" >/dev/null
