# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2016,SC2034
#
# disk_get: sets DISK, DISK_KERNEL and DISK_INITRD: a disk in the cache with Debian 12, systemd, its
# own kernel and headers, and the packages that tscope's documentation names. When it has booted, it
# unpacks and runs a tar archive, /dev/vdb: see DISK_RUN. Needs deps.sh, cache.sh, mmdebstrap and
# mke2fs.

# the kernel; the packages that README and fleets.rst name; sudo; autopkgtest, and what its test of
# a DKMS package needs
DISK_PACKAGES="linux-image-amd64,linux-headers-amd64,systemd-sysv,udev,dbus,sudo"
DISK_PACKAGES+=",make,gcc,libjson-c-dev,libexpat1-dev,dkms,prometheus-node-exporter,curl"
DISK_PACKAGES+=",autopkgtest,autodep8,dctrl-tools,fakeroot,linux-doc,openssl"
DISK_MIB=4096

# the initial RAM disk has the drivers of the root file system
DISK_INITRD_HAS='
mkdir -p "$1/etc/initramfs-tools/conf.d" "$1/usr/share/initramfs-tools/modules.d"
echo MODULES=list >"$1/etc/initramfs-tools/conf.d/disk"
printf "virtio_pci\nvirtio_blk\next4\n" >"$1/usr/share/initramfs-tools/modules.d/disk"
'

# A user who may use sudo, and a service that unpacks /dev/vdb, runs its ./run on the second serial
# port, and powers off. The service starts after the boot has ended, and is not a part of it.
DISK_RUN='
set -e
useradd --root "$1" -m -s /bin/bash -G sudo user
echo "user ALL=(ALL) NOPASSWD: ALL" >"$1/etc/sudoers.d/user"
echo tscope >"$1/etc/hostname"
echo "127.0.0.1 localhost tscope" >"$1/etc/hosts"
: >"$1/etc/fstab"
rm -f "$1"/etc/apt/sources.list "$1"/etc/apt/sources.list.d/*
cat >"$1/etc/systemd/system/given.service" <<END
[Unit]
Description=What the disk /dev/vdb has to run
[Service]
Type=exec
ExecStartPre=/bin/sh -c "mkdir -p /given && tar -xf /dev/vdb -C /given"
ExecStart=/bin/sh -c "/given/run >/dev/ttyS1 2>&1; systemctl poweroff"
[Install]
WantedBy=multi-user.target
END
systemctl --root "$1" --quiet enable given.service
systemctl --root "$1" --quiet mask apt-daily.timer apt-daily-upgrade.timer
'

# Drivers of devices that the guest does not have are left out: depmod reads all at each
# installation.
_disk_fill() {
	local size=$((DISK_MIB * 1024))
	as_root mmdebstrap --quiet --variant=apt --include="$DISK_PACKAGES" \
		--aptopt='Acquire::Check-Valid-Until "false"' \
		--dpkgopt='path-exclude=/usr/share/doc/*' \
		--dpkgopt='path-exclude=/usr/share/man/*' \
		--dpkgopt='path-exclude=/usr/share/locale/*' \
		--dpkgopt='path-exclude=/lib/modules/*/kernel/sound/*' \
		--dpkgopt='path-exclude=/lib/modules/*/kernel/drivers/[g-z]*/*' \
		--dpkgopt='path-include=/lib/modules/*/kernel/drivers/virtio/*' \
		--dpkgopt='path-include=/lib/modules/*/kernel/drivers/scsi/*' \
		--essential-hook="$DISK_INITRD_HAS" \
		--customize-hook="$DISK_RUN" \
		--customize-hook='rm -rf "$1"/var/cache/apt/* "$1"/var/lib/apt/lists/*' \
		--customize-hook='rm -f "$1"/etc/dpkg/dpkg.cfg.d/99mmdebstrap' \
		bookworm root &&
		as_root cp -L root/vmlinuz root/initrd.img . &&
		as_root chmod 644 vmlinuz initrd.img &&
		as_root mke2fs -q -t ext4 -E lazy_itable_init=1 -d root disk "${size}k" >&2
	local status=$?
	as_root rm -rf root
	return $status
}

disk_get() {
	local key
	key=$({ echo "$DISK_PACKAGES $DISK_INITRD_HAS $DISK_RUN $DISK_MIB"
		declare -f _disk_fill; } | cache_key)
	cache_fill "disk/bookworm-$key" _disk_fill || return
	DISK=$CACHED/disk DISK_KERNEL=$CACHED/vmlinuz DISK_INITRD=$CACHED/initrd.img
}
