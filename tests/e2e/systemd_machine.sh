#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# systemd_machine.sh FOLDER: becomes systemd over the files of this machine, in namespaces that whoever starts it has made: what
# is written there is seen by nobody else. FOLDER has etc/ (units) and shared/, which is /opt/shared there; this script and all that it
# mounts end with it.
set -e
folder=$1

mount --make-rprivate /
mount -t tmpfs none "$folder/space"
cd "$folder/space"
mkdir upper work root
mount -t overlay none -o "lowerdir=/,upperdir=$PWD/upper,workdir=$PWD/work" root
cd root
mount -t proc proc proc
mount --rbind /sys sys
# Of the control groups it sees its own alone, of version 2, wherever the machine has them.
mount -t cgroup2 none sys/fs/cgroup
# As systemd-nspawn does it: nothing of the kernel's is set from here.
mount --bind proc/sys proc/sys
mount -o remount,bind,ro proc/sys
mkdir -p opt/shared
mount --bind "$folder/shared" opt/shared
rm -rf etc/systemd/system/*.wants
cp -r "$folder/etc/." etc/systemd/system/
mount -t tmpfs none run
mount -t tmpfs none tmp
mount -t tmpfs -o mode=755 none dev
mkdir dev/shm dev/pts dev/mqueue dev/hugepages
mount -t devpts none dev/pts
ln -s pts/ptmx dev/ptmx
ln -s /proc/self/fd dev/fd
for name in null zero full random urandom tty kmsg; do
	touch "dev/$name"
	mount --bind "/dev/$name" "dev/$name"
done
mkdir -p opt/old
pivot_root . opt/old
umount -l /opt/old
exec env -i container=test PATH=/usr/sbin:/usr/bin:/sbin:/bin /lib/systemd/systemd --system --log-target=journal --unit=test.target
