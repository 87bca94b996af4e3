package node

import (
	"errors"
	"fmt"
	"os"

	"github.com/istio-tenancy/istio-tenancy/e2e/cluster"
	"golang.org/x/sys/unix"
)

// ErrNoRoot is the error for an ordinary user.
var ErrNoRoot = errors.New("a real node needs root, to mount and to set up networks: run `sudo -E env PATH=\"$PATH\" make e2e-node`")

// Root is nil for root, and otherwise ErrNoRoot.
func Root() error {
	if os.Getuid() != 0 {
		return ErrNoRoot
	}
	return nil
}

// Isolate runs this program again in namespaces of its own, and returns its exit
// code; there, it gives it mounts of its own first. inside says where it is. Before
// and after, it removes the cgroups of nodes that have ended, however they did.
func Isolate() (code int, inside bool, err error) {
	if err := Root(); err != nil {
		return 1, false, err
	}
	if cluster.Isolated() {
		return 0, true, ownMounts()
	}
	if err := removeCgroups(); err != nil {
		return 1, false, err
	}
	code, err = cluster.Isolate(unix.CLONE_NEWNS | unix.CLONE_NEWUTS | unix.CLONE_NEWIPC)
	return code, false, errors.Join(err, removeCgroups())
}

// ownMounts gives the process file systems that show its own namespaces, and
// folders of its own where programs of the node keep what they know of Pods.
func ownMounts() error {
	aside, err := os.MkdirTemp("", "cgroup-")
	if err != nil {
		return err
	}
	defer os.Remove(aside)
	const none, own = "", uintptr(0)
	for _, m := range []struct {
		source, target, kind string
		flags                uintptr
	}{
		{"none", "/", none, unix.MS_REC | unix.MS_PRIVATE},
		{"proc", "/proc", "proc", own},
		{cgroups, aside, none, unix.MS_BIND | unix.MS_REC}, // a new /sys hides them
		{"sysfs", "/sys", "sysfs", own},
		{aside, cgroups, none, unix.MS_MOVE},
		{"tmpfs", "/run", "tmpfs", own},
		{"none", "/", none, unix.MS_REC | unix.MS_SHARED}, // as the kubelet asks of its node
	} {
		if err := unix.Mount(m.source, m.target, m.kind, m.flags, ""); err != nil {
			return fmt.Errorf("mount %s at %s: %w", m.source, m.target, err)
		}
	}
	return unix.Sethostname([]byte(Name))
}
