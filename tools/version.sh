#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# version.sh: prints the version, whose only source is MODULE_VERSION in module/main.c. Some files
# can't read it there: this script checks the version in them, and sets it. See --help.

cd "$(dirname "$0")/.." || exit

usage() {
	cat <<-END
	usage: tools/version.sh [--check | --set VERSION]
	Prints the version: MODULE_VERSION in module/main.c.

	  --check        whether dkms.conf, CHANGES and debian/changelog have the same
	  --set VERSION  sets a new one in all of them; you write what is new in
	                 CHANGES
	END
}

version() {
	sed -n 's/^MODULE_VERSION("\(.*\)");$/\1/p' module/main.c
}

# differs FILE VERSION: complains if the version in a file differs
differs() {
	[ "$2" = "$version" ] && return
	echo "$1 says '$2', but MODULE_VERSION in module/main.c is $version" >&2
	status=1
}

check() {
	status=0
	[ -n "$version" ] || { echo "module/main.c has no MODULE_VERSION" >&2; status=1; }
	differs dkms.conf "$(sed -n 's/^PACKAGE_VERSION="\(.*\)"$/\1/p' dkms.conf)"
	differs CHANGES "$(sed -n 's/^tscope \([0-9][^ ,]*\),.*/\1/p' CHANGES | head -n 1)"
	differs debian/changelog "$(sed -n '1s/^tscope (\(.*\)) .*/\1/p' debian/changelog)"
	return $status
}

# prepend FILE: puts standard input before the file's content
prepend() {
	cat - "$1" >"$1.new" && cat "$1.new" >"$1" && rm "$1.new"
}

set_version() {
	new=$1
	case $new in
	*[!0-9a-z.~]* | [!0-9]*) echo "version: '$new' is not a version such as 1.2.3" >&2; exit 2 ;;
	esac
	sed -i "s/^MODULE_VERSION(\".*\");$/MODULE_VERSION(\"$new\");/" module/main.c &&
		sed -i "s/^PACKAGE_VERSION=.*/PACKAGE_VERSION=\"$new\"/" dkms.conf &&
		sed -i "0,/^tscope [0-9]/s//tscope $new, $(LC_ALL=C date '+%B %Y')\n\n&/" CHANGES &&
		prepend debian/changelog <<-END
		tscope ($new) unstable; urgency=medium

		  * See CHANGES.

		$(sed -n 's/^\( -- .*>\)  .*/\1/p' debian/changelog | head -n 1)  $(LC_ALL=C date -R)

		END
}

version=$(version)
case $#${1:-} in
0) echo "$version" ;;
1--check) check ;;
2--set) set_version "$2" && version=$2 && check ;;
1--help | 1-h) usage ;;
*) usage >&2; exit 2 ;;
esac
