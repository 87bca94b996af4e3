package cluster

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// enterImage makes the files of the image the only ones of the calling thread,
// beside those that a node adds to every container. There is a tmpfs at varRun.
func (c *Container) enterImage() error {
	const root = varRun
	entries, err := os.ReadDir(c.image.Root)
	if err != nil {
		return err
	}
	var all []mount
	for _, entry := range entries { // a container writes to a layer of its own, which is not made here
		all = append(all, mount{"/" + entry.Name(), filepath.Join(c.image.Root, entry.Name()), true})
	}
	all = append(all, c.mounts...)
	for n := range all {
		all[n].path = filepath.Join(root, all[n].path)
	}
	if err := errors.Join(bindAll(all), addByNode(root)); err != nil {
		return err
	}
	if c.readOnly {
		if err := protect(root); err != nil {
			return err
		}
	}
	if err := errors.Join(unix.Chroot(root), unix.Chdir("/")); err != nil {
		return err
	}
	return c.confine()
}

// addByNode adds what every container has: the kernel's own files, the simplest
// devices, and the name of the loopback interface.
func addByNode(root string) error {
	at := func(path string) string { return filepath.Join(root, path) }
	for _, folder := range []string{"/proc", "/dev", "/etc"} {
		if err := os.MkdirAll(at(folder), 0o755); err != nil {
			return err
		}
	}
	for _, device := range []string{"/dev/null", "/dev/zero", "/dev/random", "/dev/urandom"} {
		err := errors.Join(os.WriteFile(at(device), nil, 0o644), unix.Mount(device, at(device), "", unix.MS_BIND, ""))
		if err != nil {
			return fmt.Errorf("%s: %w", device, err)
		}
	}
	return errors.Join(
		unix.Mount("proc", at("/proc"), "proc", unix.MS_NOSUID|unix.MS_NODEV|unix.MS_NOEXEC, ""),
		os.WriteFile(at("/etc/hosts"), []byte("127.0.0.1\tlocalhost\n::1\tlocalhost\n"), 0o644),
		os.WriteFile(at("/etc/resolv.conf"), nil, 0o644),
	)
}

// confine takes capabilities from whatever the calling thread starts.
func (c *Container) confine() error {
	if c.fixed {
		if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
			return fmt.Errorf("allowPrivilegeEscalation: %w", err)
		}
	}
	if !c.bounded {
		return nil
	}
	for capability := range uintptr(unix.CAP_LAST_CAP + 1) {
		err := unix.Prctl(unix.PR_CAPBSET_DROP, capability, 0, 0, 0)
		if err != nil && !errors.Is(err, unix.EINVAL) { // of one that this kernel has not
			return fmt.Errorf("drop capability %d: %w", capability, err)
		}
	}
	return nil
}

// lookUp finds a program by its name, on the PATH of the image, as a node does.
func (c *Container) lookUp(name string) (string, error) {
	if strings.Contains(name, "/") || c.image == nil {
		return name, nil
	}
	path := ""
	for _, variable := range c.env {
		if value, found := strings.CutPrefix(variable, "PATH="); found {
			path = value
		}
	}
	for _, folder := range filepath.SplitList(path) {
		program := filepath.Join(folder, name)
		info, err := os.Stat(filepath.Join(c.image.Root, program))
		if err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0 {
			return program, nil
		}
	}
	return "", fmt.Errorf("%s: the image has no program %q on its PATH, which is %q", c.name, name, path)
}
