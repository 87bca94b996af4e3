package node

import (
	"fmt"
	"io"
	"os/exec"
	"slices"
	"strings"
)

// Packages are Debian's packages that a node needs, by a program of each.
var Packages = map[string]string{
	"/usr/bin/containerd": "containerd",
	"/usr/sbin/runc":      "runc",
	"/usr/sbin/conntrack": "conntrack",
	"/usr/sbin/iptables":  "iptables",
	"/usr/sbin/ipset":     "ipset",
	"/usr/sbin/nft":       "nftables",
	"/usr/lib/cni/bridge": "containernetworking-plugins",
	"/usr/sbin/ethtool":   "ethtool",
	"/usr/bin/socat":      "socat",
	"/usr/bin/kmod":       "kmod",
	"/usr/bin/ps":         "procps",
}

// Install installs the packages that the machine lacks, and more that are listed as in
// Packages, and says so on log.
func Install(log io.Writer, more map[string]string) error {
	var missing []string
	for _, packages := range []map[string]string{Packages, more} {
		for program, name := range packages {
			if _, err := exec.LookPath(program); err != nil {
				missing = append(missing, name)
			}
		}
	}
	if len(missing) == 0 {
		return nil
	}
	slices.Sort(missing)
	if _, err := exec.LookPath("apt-get"); err != nil {
		return fmt.Errorf("a node needs these Debian packages, which are not installed: %s", strings.Join(missing, ", "))
	}
	fmt.Fprintf(log, "installing Debian's packages %s ...\n", strings.Join(missing, ", "))
	for _, args := range [][]string{{"update"}, append([]string{"install", "-y", "--no-install-recommends"}, missing...)} {
		cmd := exec.Command("apt-get", args...)
		cmd.Env = append(cmd.Environ(), "DEBIAN_FRONTEND=noninteractive")
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("apt-get %s: %w\n%s", strings.Join(args, " "), err, out)
		}
	}
	return nil
}
