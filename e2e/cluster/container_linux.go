package cluster

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Container is a program of istiod's Pod. It runs as its node would run it: in
// the Pod's network, with what the Pod mounts below /var/run, as the user that
// it asks for, and with a root that cannot be written where it says so.
type Container struct {
	name     string // of its log
	logs     string
	network  *network
	bin      string
	args     []string
	env      []string
	probe    []string // arguments that ask whether it has started
	mounts   []mount
	user     int
	readOnly bool
	process  *process
}

// mount is a folder that a container sees at a path.
type mount struct {
	path, folder string
	readOnly     bool
}

// program is where a container has its program: its own folder may be closed to
// the container's user.
func (c *Container) program() string { return filepath.Join("/var/run/program", filepath.Base(c.bin)) }

// Start starts the program, again if it has ended; its log goes on.
func (c *Container) Start() error {
	log, err := openLog(c.logs, c.name) // where it can be written
	if err != nil {
		return err
	}
	defer log.Close()
	return c.inside(func() (err error) {
		c.process, err = start(log, c.name, "/", c.credential(), c.env, c.program(), c.args...)
		return err
	})
}

// Kill ends the program as a node does that is out of memory.
func (c *Container) Kill() {
	syscall.Kill(-c.process.cmd.Process.Pid, syscall.SIGKILL)
	<-c.process.done
}

// Stop asks the program to end.
func (c *Container) Stop() {
	if c != nil {
		c.process.stop()
	}
}

// Started waits until the container's own probe says that it has started.
func (c *Container) Started(limit time.Duration) error {
	return c.process.ready(limit, c.Probe)
}

// Probe runs the probe of the container once, inside of it.
func (c *Container) Probe() error {
	return c.inside(func() error {
		return run("/", c.credential(), c.env, c.program(), c.probe...)
	})
}

// inside calls f in the network of the Pod, among the container's files.
func (c *Container) inside(f func() error) error {
	return c.network.do(func() error { // on a thread that ends with it
		if err := unix.Unshare(unix.CLONE_NEWNS); err != nil {
			return fmt.Errorf("make a mount namespace: %w", err)
		}
		const folder = "/var/run"
		err := errors.Join(
			unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""),
			unix.Mount("tmpfs", folder, "tmpfs", 0, "mode=0755"),
		)
		if err != nil {
			return fmt.Errorf("give %s a %s of its own: %w", c.name, folder, err)
		}
		program := c.program()
		if err := os.Mkdir(filepath.Dir(program), 0o755); err != nil {
			return err
		}
		// Not by opening it: another thread's child might hold it a while, and a
		// mount cannot be protected as long as somebody may write.
		if err := errors.Join(unix.Mknod(program, unix.S_IFREG|0o755, 0), unix.Mount(c.bin, program, "", unix.MS_BIND, "")); err != nil {
			return fmt.Errorf("mount %s at %s: %w", c.bin, program, err)
		}
		for _, m := range c.mounts {
			if err := m.bind(); err != nil {
				return fmt.Errorf("mount %s at %s: %w", m.folder, m.path, err)
			}
		}
		if c.readOnly {
			if err := errors.Join(protect("/"), protect(folder)); err != nil {
				return err
			}
		}
		return f()
	})
}

func (m mount) bind() error {
	if err := os.MkdirAll(m.path, 0o755); err != nil {
		return err
	}
	if err := unix.Mount(m.folder, m.path, "", unix.MS_BIND, ""); err != nil || !m.readOnly {
		return err
	}
	return protect(m.path)
}

// protect takes writing away from a mount. What else it was mounted with has to
// be said again.
func protect(path string) error {
	var now unix.Statfs_t
	if err := unix.Statfs(path, &now); err != nil {
		return err
	}
	flags := uintptr(now.Flags) & (unix.MS_NOSUID | unix.MS_NODEV | unix.MS_NOEXEC | unix.MS_NOATIME | unix.MS_NODIRATIME)
	if err := unix.Mount("", path, "", unix.MS_REMOUNT|unix.MS_BIND|unix.MS_RDONLY|flags, ""); err != nil {
		return fmt.Errorf("make %s read-only: %w", path, err)
	}
	return nil
}

// credential is the container's user, where this process may be somebody else:
// in a user namespace of an ordinary user it is alone.
func (c *Container) credential() *syscall.Credential {
	text, err := os.ReadFile("/proc/self/uid_map")
	fields := strings.Fields(string(text))
	if err != nil || len(fields) < 3 {
		return nil
	}
	if users, err := strconv.ParseUint(fields[2], 10, 64); err != nil || users <= uint64(c.user) {
		return nil
	}
	return &syscall.Credential{Uid: uint32(c.user), Gid: uint32(c.user)}
}

// Memory is what the program occupies, in MiB: all of it, and without the
// pages of its file, which the kernel can drop.
func (c *Container) Memory() (all, own float64, err error) {
	err = onThreadOfItsOwn(func() error {
		// The /proc of the machine numbers the processes otherwise.
		if err := unix.Unshare(unix.CLONE_NEWNS); err != nil {
			return err
		}
		if err := errors.Join(unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""), unix.Mount("proc", "/proc", "proc", 0, "")); err != nil {
			return err
		}
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", c.process.cmd.Process.Pid))
		if err != nil {
			return err
		}
		for field, into := range map[string]*float64{"VmRSS:": &all, "RssAnon:": &own} {
			_, after, _ := strings.Cut(string(text), field)
			fields := strings.Fields(after)
			if len(fields) == 0 {
				return fmt.Errorf("%s has no %s", c.name, field)
			}
			kib, err := strconv.ParseFloat(fields[0], 64)
			if err != nil {
				return err
			}
			*into = kib / 1024
		}
		return nil
	})
	return all, own, err
}
