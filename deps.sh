#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Installs what building (and testing) hearth needs and this machine lacks.
#
#   deps.sh          everything: `make check`
#   deps.sh build    what `make` and `make demo` need
#   deps.sh test     what only the tests need besides
#   deps.sh accuracy the programs that `make accuracy` records; not part of everything
#   deps.sh bench    what `make bench` compares with, besides those; not part of everything either
#   deps.sh kernels  what `make kernels` boots other kernels with; not part of everything either
#
# It looks first. Where nothing is missing it changes nothing and needs no privilege. Packages are
# installed with apt-get only (Debian, Ubuntu); elsewhere the command is printed, to be run by whoever
# owns the machine, and the exit status is 1.
#
# HEARTH_OS_RELEASE names another /etc/os-release and HEARTH_NEEDS another table: the test of this
# script asks for what other systems would hear.
set -eu

# Administrators' commands (bpftool) are not in everybody's PATH.
PATH=$PATH:/usr/sbin:/sbin

# One row per need: group, name, how it is looked for, and the packages that bring it on Debian,
# Ubuntu (= as Debian), Fedora, Arch, openSUSE and Alpine. A comma joins several packages.
#
# Ways to look: run:COMMAND,ARGUMENT (exits 0), newest:COMMAND (as COMMAND-NUMBER, with the highest number that
# apt knows; elsewhere without), header:FILE (on an include path), library:FILE (that cc
# finds), clang:FILE (a library of clang's own), python:MODULE (of /usr/bin/python3, whatever other python3 stands first in PATH),
# server:FILE (an administrator's program, or one of Debian's PostgreSQL), file:PATH (is there).
needs()
{
	cat <<'ROWS'
build cc           run:cc,--version            gcc              = gcc                    gcc               gcc                gcc
build libc         header:stdio.h              libc6-dev        = glibc-devel            glibc             glibc-devel        musl-dev
build kernel-API   header:linux/bpf.h          linux-libc-dev   = kernel-headers         linux-api-headers linux-glibc-devel  linux-headers
build make         run:make,--version          make             = make                   make              make               make
build ld           run:ld,--version            binutils         = binutils               binutils          binutils           binutils
build clang        run:clang,--version         clang            = clang                  clang             clang              clang
build bpftool      run:bpftool,version         bpftool          linux-tools-common,linux-tools-KERNEL bpftool bpf bpftool     bpftool
build pkg-config   run:pkg-config,--version    pkg-config       = pkgconf-pkg-config     pkgconf           pkgconf-pkg-config pkgconf
build libbpf       header:bpf/libbpf.h         libbpf-dev       = libbpf-devel           libbpf            libbpf-devel       libbpf-dev
build libelf       header:libelf.h             libelf-dev       = elfutils-libelf-devel  libelf            libelf-devel       elfutils-dev
build libdw        header:dwarf.h              libdw-dev        = elfutils-devel         elfutils          libdw-devel        elfutils-dev
build zlib         header:zlib.h               zlib1g-dev       = zlib-devel             zlib              zlib-devel         zlib-dev
build isa-l        header:isa-l/igzip_lib.h    libisal-dev      = isa-l-devel            isa-l             libisal-devel      isa-l-dev
build liblzma      header:lzma.h              liblzma-dev      = xz-devel               xz                xz-devel           xz-dev
build yajl         header:yajl/yajl_parse.h     libyajl-dev      = yajl-devel             yajl              libyajl-devel      yajl-dev
build sqlite       header:sqlite3.h            libsqlite3-dev   = sqlite-devel           sqlite            sqlite3-devel      sqlite-dev
build libmicrohttpd header:microhttpd.h         libmicrohttpd-dev = libmicrohttpd-devel libmicrohttpd     libmicrohttpd-devel libmicrohttpd-dev
build ncursesw     header:curses.h             libncurses-dev   = ncurses-devel          ncurses           ncurses-devel      ncurses-dev
build xxhash       header:xxhash.h             libxxhash-dev    = xxhash-devel           xxhash            xxhash-devel       xxhash-dev
build libunwind    header:libunwind.h          libunwind-dev    = libunwind-devel        libunwind         libunwind-devel    libunwind-dev
build libiberty    header:libiberty/demangle.h libiberty-dev    = binutils-devel         binutils          binutils-devel     binutils-dev
test  newest-clang newest:clang             clang-NEWEST     = clang                  clang             clang              clang
test  g++          run:g++,--version           g++              = gcc-c++                gcc               gcc-c++            g++
test  asan         library:libasan.so          gcc              = libasan                gcc               gcc                gcc
test  ubsan        library:libubsan.so         gcc              = libubsan               gcc               gcc                gcc
test  dwz          run:dwz,-v                  dwz              = dwz                    dwz               dwz                dwz
test  llvm-symbolizer run:llvm-symbolizer,--version llvm      = llvm                   llvm              llvm               llvm
test  debuginfod-client library:libdebuginfod.so.1 libdebuginfod1 = elfutils-debuginfod-client libelf libdebuginfod1 libdebuginfod
test  libfuzzer    clang:libclang_rt.fuzzer-%s.a libclang-rt-dev = compiler-rt           compiler-rt       clang              compiler-rt
test  clang-format run:clang-format,--version  clang-format     = clang-tools-extra      clang             clang-tools        clang-extra-tools
test  cmocka       header:cmocka.h             libcmocka-dev    = libcmocka-devel        cmocka            libcmocka-devel    cmocka-dev
test  python3      run:/usr/bin/python3,-V     python3          = python3                python            python3            python3
test  pytest       python:pytest               python3-pytest   = python3-pytest         python-pytest     python3-pytest     py3-pytest
test  pytest-xdist python:xdist                python3-pytest-xdist = python3-pytest-xdist python-pytest-xdist python3-pytest-xdist py3-pytest-xdist
test  selenium     python:selenium             python3-selenium = python3-selenium       python-selenium   python3-selenium   py3-selenium
test  pip          python:pip             python3-pip      = python3-pip            python-pip        python3-pip        py3-pip
test  jsonschema   python:jsonschema           python3-jsonschema = python3-jsonschema   python-jsonschema python3-jsonschema py3-jsonschema
test  chromium     run:chromium,--version      chromium         = chromium               chromium          chromium           chromium
test  chromedriver run:chromedriver,--version  chromium-driver  = chromedriver           chromium          chromedriver       chromium-chromedriver
test  node         run:node,--version          nodejs           = nodejs                 nodejs            nodejs             nodejs
test  xmllint      run:xmllint,--version       libxml2-utils    = libxml2                libxml2           libxml2-tools      libxml2-utils
test  go           run:go,version              golang-go        = golang                 go                go                 go
test  node         run:node,--version          nodejs           = nodejs                 nodejs            nodejs             nodejs
test  npm          run:npm,--version           npm              = nodejs-npm             npm               npm-default        npm
test  perf         run:perf,--version          linux-perf       linux-tools-common,linux-tools-KERNEL perf perf      perf               perf
test  valgrind     run:valgrind,--version      valgrind         = valgrind               valgrind          valgrind           valgrind
test  groff        run:groff,--version         groff-base       = groff-base             groff             groff              groff
test  zsh          run:zsh,--version           zsh              = zsh                    zsh               zsh                zsh
test  fish         run:fish,--version          fish             = fish                   fish              fish               fish
test  systemd      run:systemd-analyze,--version systemd        = systemd                systemd           systemd            systemd
test  unshare      run:unshare,--version       util-linux       = util-linux             util-linux        util-linux         util-linux
test  dpkg-deb     run:dpkg-deb,--version      dpkg             = dpkg                   dpkg              dpkg               dpkg
test  dpkg-dev     run:dpkg-shlibdeps,--version dpkg-dev        = dpkg-dev               dpkg              dpkg-devel         dpkg-dev
test  lintian      run:lintian,--version       lintian          = lintian                lintian           lintian            lintian
test  dockerd      run:dockerd,--version       docker.io        = moby-engine            docker            docker             docker
test  docker       run:/usr/bin/docker,--version docker.io      = moby-engine            docker            docker             docker
test  podman       run:podman,--version       podman           = podman                 podman            podman             podman
test  tmux         run:tmux,-V                tmux             = tmux                   tmux              tmux               tmux
test  runc         run:runc,--version         runc             = runc                   runc              runc               runc
accuracy gcc       run:gcc,--version           gcc              = gcc                    gcc               gcc                gcc
accuracy libstdc++ library:libstdc++.a         g++              = libstdc++-static       gcc               gcc-c++            g++
accuracy clang     run:clang,--version         clang            = clang                  clang             clang              clang
accuracy ld        run:ld,--version            binutils         = binutils               binutils          binutils           binutils
accuracy tar       run:tar,--version           tar              = tar                    tar               tar                tar
accuracy gzip      run:gzip,--version          gzip             = gzip                   gzip              gzip               gzip
accuracy go        run:go,version              golang-go        = golang                 go                go                 go
accuracy node      run:node,--version          nodejs           = nodejs                 nodejs            nodejs             nodejs
accuracy java      run:javac,--version         default-jdk-headless = java-17-openjdk-devel jdk-openjdk    java-17-openjdk-devel openjdk17-jdk
accuracy postgres  server:postgres             postgresql       = postgresql-server      postgresql        postgresql-server  postgresql
accuracy pgbench   server:pgbench              postgresql       = postgresql-contrib     postgresql        postgresql-contrib postgresql-contrib
accuracy nginx     server:nginx                nginx            = nginx                  nginx             nginx              nginx
bench elfutils     run:eu-unstrip,--version    elfutils         = elfutils               elfutils          elfutils           elfutils
bench cargo        run:cargo,--version         cargo            = cargo                  rust              cargo              cargo
bench llvm-symbolizer run:llvm-symbolizer,--version llvm        = llvm                   llvm              llvm               llvm
bench g++          run:g++,--version           g++              = gcc-c++                gcc               gcc-c++            g++
bench clang        run:clang++,--version       clang            = clang                  clang             clang              clang
bench addr2line    run:addr2line,--version     binutils         = binutils               binutils          binutils           binutils
bench go           run:go,version              golang-go        = golang                 go                go                 go
kernels qemu       run:qemu-system-x86_64,--version qemu-system-x86 = qemu-system-x86-core qemu-system-x86 qemu-x86           qemu-system-x86_64
kernels busybox    run:busybox,true            busybox-static   = busybox                busybox           busybox-static     busybox-static
kernels python3    run:/usr/bin/python3,-V     python3          = python3                python            python3            python3
kernels apt        run:apt-get,--version       apt              = apt
kernels dpkg       run:dpkg-deb,--version      dpkg             = dpkg                   dpkg              dpkg               dpkg
kernels keyring    file:/usr/share/keyrings/debian-archive-keyring.gpg debian-archive-keyring = debian-keyring debian-archive-keyring
ROWS
}

has_header()
{
	for folder in /usr/include /usr/local/include /usr/include/*-linux-*; do
		[ -e "$folder/$1" ] && return 0
	done
	return 1
}

# cc gives back a library that it cannot find as it was asked for: without a folder.
has_library()
{
	case $(cc -print-file-name="$1" 2>/dev/null) in
	/*) return 0 ;;
	*) return 1 ;;
	esac
}

has_server()
{
	for server in /usr/lib/postgresql/*/bin/"$1"; do
		[ -x "$server" ] && return 0
	done
	command -v "$1" >/dev/null
}

# $1-NUMBER with the highest number that apt knows; $1 where there is no such package, or no apt.
newest_of()
{
	{
		echo "$1"
		apt-cache pkgnames "$1-" 2>/dev/null | grep -x "$1-[0-9]*" | sort -t - -k 2n
	} | tail -n 1
}

has_newest()
{
	"$(newest_of "$1")" --version >/dev/null 2>&1 </dev/null
}

# A library of clang's own, with the processor's name for %s.
has_clang_library()
{
	case $(clang -print-file-name="$(echo "$1" | sed "s/%s/$(uname -m)/")" 2>/dev/null) in
	/*) return 0 ;;
	*) return 1 ;;
	esac
}

# Running a command tells more than finding it: Ubuntu's bpftool, for one, is a script that fails
# without the running kernel's package.
has()
{
	what=${1#*:}
	case $1 in
	run:*) "${what%%,*}" "${what#*,}" >/dev/null 2>&1 </dev/null ;;
	newest:*) has_newest "$what" ;;
	clang:*) has_clang_library "$what" ;;
	header:*) has_header "$what" ;;
	library:*) has_library "$what" ;;
	python:*) /usr/bin/python3 -c "import $what" >/dev/null 2>&1 </dev/null ;;
	server:*) has_server "$what" ;;
	file:*) [ -e "$what" ] ;;
	*) echo "deps.sh: no way to look for $1" >&2 && exit 2 ;;
	esac
}

# Whose package names this system knows, and its name; unknown ones have no family.
look_at_system()
{
	ID='' ID_LIKE='' PRETTY_NAME=''
	# shellcheck disable=SC1090
	[ -r "$os_release" ] && . "$os_release"
	family=
	for word in $ID $ID_LIKE; do
		case $word in
		ubuntu) family=ubuntu ;;
		debian) family=debian ;;
		fedora | rhel | centos) family=fedora ;;
		arch) family=arch ;;
		suse | opensuse*) family=suse ;;
		alpine) family=alpine ;;
		*) continue ;;
		esac
		break
	done
}

# Adds a word to a list that has each word once.
add()
{
	case " $1 " in
	*" $2 "*) echo "$1" ;;
	*) echo "${1:+$1 }$2" ;;
	esac
}

# Sets `missing` (for a person) and `packages` (for the package manager).
look_for_needs()
{
	missing='' packages=''
	while read -r group name way debian ubuntu fedora arch suse alpine; do
		case " $groups " in *" $group "*) ;; *) continue ;; esac
		has "$way" && continue
		missing=$(add "$missing" "$name")
		[ "$ubuntu" != = ] || ubuntu=$debian
		case $family in
		debian) brings=$debian ;;
		ubuntu) brings=$ubuntu ;;
		fedora) brings=$fedora ;;
		arch) brings=$arch ;;
		suse) brings=$suse ;;
		alpine) brings=$alpine ;;
		*) brings= ;;
		esac
		case $brings in
		*-NEWEST) brings=$(newest_of "${brings%-NEWEST}") ;;
		esac
		for package in $(echo "$brings" | tr , ' ' | sed "s/KERNEL/$(uname -r)/"); do
			packages=$(add "$packages" "$package")
		done
	done <<ROWS
$rows
ROWS
}

# The lock: another apt-get of the machine's own (unattended upgrades) may hold it for a moment.
apt()
{
	DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 -q "$@"
}

groups=${1:-build test}
case $groups in
build | test | accuracy | bench | kernels | 'build test') ;;
*) echo 'usage: deps.sh [build|test|accuracy|bench|kernels]' >&2 && exit 2 ;;
esac
os_release=${HEARTH_OS_RELEASE:-/etc/os-release}
rows=$(if [ -n "${HEARTH_NEEDS:-}" ]; then cat "$HEARTH_NEEDS"; else needs; fi)

look_at_system
look_for_needs
[ -n "$missing" ] || exit 0

case $family in
debian | ubuntu) command='apt-get install -y --no-install-recommends' ;;
fedora) command='dnf install -y' ;;
arch) command='pacman -S --needed --noconfirm' ;;
suse) command='zypper --non-interactive install' ;;
alpine) command='apk add' ;;
*)
	echo "deps.sh: missing: $missing" >&2
	echo "deps.sh: ${PRETTY_NAME:-this system} is none whose package names are known here: install them by hand" >&2
	exit 1
	;;
esac

echo "deps.sh: missing: $missing" >&2
if [ "$family" != debian ] && [ "$family" != ubuntu ]; then
	echo "deps.sh: as root, run: $command $packages" >&2
	exit 1
fi
if [ "$(id -u)" != 0 ]; then
	echo "deps.sh: not root, so nothing was installed; run: sudo $command $packages" >&2
	exit 1
fi

echo "deps.sh: installing: $packages" >&2
apt update
look_for_needs # what is newest may be known only now
# shellcheck disable=SC2086
apt install -y --no-install-recommends $packages

# An installed package that does not bring what it should would otherwise fail later and elsewhere.
look_for_needs
if [ -n "$missing" ]; then
	echo "deps.sh: still missing after the installation: $missing" >&2
	exit 1
fi
