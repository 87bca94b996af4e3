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

	"github.com/istio-tenancy/istio-tenancy/e2e/image"
	"github.com/istio-tenancy/istio-tenancy/e2e/netns"
	"golang.org/x/sys/unix"
)

// Container is a program of istiod's Pod. It runs as its node would run it: in
// the Pod's network, with what the Pod mounts below /var/run, as the user that
// it asks for, and with a root that cannot be written where it says so. With an
// image, it sees the files of the image and no other, and has no more
// capabilities than it asks for; without one, it has the machine's files.
type Container struct {
	name     string // of its log
	logs     string
	network  *network
	image    *image.Image
	bin      string   // on this machine, without an image
	command  []string // the program and its arguments
	env      []string
	probe    []string // the command that says whether it has started
	mounts   []mount
	user     int
	group    int
	readOnly bool
	bounded  bool // whether all capabilities are dropped
	fixed    bool // whether it cannot gain any
	process  *process
}

// mount is a folder that a container sees at a path.
type mount struct {
	path, folder string
	readOnly     bool
}

// varRun is where the Pods mount what they mount.
const varRun = "/var/run"

// program is where a container without an image has its program, whose folder
// may be closed to its user.
func (c *Container) program() string { return varRun + "/program/" + filepath.Base(c.bin) }

// Start starts the program, again if it has ended; its log goes on.
func (c *Container) Start() error {
	log, err := openLog(c.logs, c.name) // where it can be written
	if err != nil {
		return err
	}
	defer log.Close()
	program, err := c.lookUp(c.command[0])
	if err != nil {
		return err
	}
	return c.inside(func() (err error) {
		c.process, err = start(log, c.name, "/", c.credential(), c.env, program, c.command[1:]...)
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
func (c *Container) Probe() error { return c.Run(c.probe...) }

// Run runs a command inside of the container, as its probes and kubectl exec do.
// The error says what it printed.
func (c *Container) Run(command ...string) error {
	program, err := c.lookUp(command[0])
	if err != nil {
		return err
	}
	return c.inside(func() error { return run("/", c.credential(), c.env, program, command[1:]...) })
}

// inside calls f in the network of the Pod, among the container's files.
func (c *Container) inside(f func() error) error {
	return c.network.do(func() error { // on a thread that ends with it
		if err := unix.Unshare(unix.CLONE_NEWNS); err != nil {
			return fmt.Errorf("make a mount namespace: %w", err)
		}
		err := errors.Join(
			unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""),
			unix.Mount("tmpfs", varRun, "tmpfs", 0, "mode=0755"),
		)
		if err != nil {
			return fmt.Errorf("give %s a %s of its own: %w", c.name, varRun, err)
		}
		if c.image != nil {
			if err := c.enterImage(); err != nil {
				return fmt.Errorf("enter the image of %s: %w", c.name, err)
			}
			return f()
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
		if err := bindAll(c.mounts); err != nil {
			return err
		}
		if c.readOnly {
			if err := errors.Join(protect("/"), protect(varRun)); err != nil {
				return err
			}
		}
		return f()
	})
}

func bindAll(mounts []mount) error {
	for _, m := range mounts {
		if err := m.bind(); err != nil {
			return fmt.Errorf("mount %s at %s: %w", m.folder, m.path, err)
		}
	}
	return nil
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
// be said again. A mount is busy for the moment in which a file that was written
// is still being closed.
func protect(path string) error {
	var now unix.Statfs_t
	if err := unix.Statfs(path, &now); err != nil {
		return err
	}
	flags := uintptr(now.Flags) & (unix.MS_NOSUID | unix.MS_NODEV | unix.MS_NOEXEC | unix.MS_NOATIME | unix.MS_NODIRATIME)
	return Eventually(5*time.Second, func() error {
		if err := unix.Mount("", path, "", unix.MS_REMOUNT|unix.MS_BIND|unix.MS_RDONLY|flags, ""); err != nil {
			return fmt.Errorf("make %s read-only: %w", path, err)
		}
		return nil
	})
}

// credential is the container's user, where this process may be somebody else:
// in a user namespace of an ordinary user it is alone.
func (c *Container) credential() *syscall.Credential {
	if Users() <= uint64(max(c.user, c.group)) {
		return nil
	}
	return &syscall.Credential{Uid: uint32(c.user), Gid: uint32(c.group)}
}

// Users is how many users there are for this process: all of a machine, or one
// in the user namespace of an ordinary user.
func Users() uint64 {
	text, err := os.ReadFile("/proc/self/uid_map")
	fields := strings.Fields(string(text))
	if err != nil || len(fields) < 3 {
		return 0
	}
	users, err := strconv.ParseUint(fields[2], 10, 64)
	if err != nil {
		return 0
	}
	return users
}

// Memory is what the program occupies, in MiB: all of it, and without the
// pages of its file, which the kernel can drop.
func (c *Container) Memory() (all, own float64, err error) {
	status, err := c.Status()
	if err != nil {
		return 0, 0, err
	}
	for field, into := range map[string]*float64{"VmRSS": &all, "RssAnon": &own} {
		kib, err := strconv.ParseFloat(strings.TrimSuffix(status[field], " kB"), 64)
		if err != nil {
			return 0, 0, fmt.Errorf("%s: %s: %w", c.name, field, err)
		}
		*into = kib / 1024
	}
	return all, own, nil
}

// Status is what the kernel says of the program: proc_pid_status(5).
func (c *Container) Status() (status map[string]string, err error) {
	status = map[string]string{}
	return status, netns.OnThreadOfItsOwn(func() error {
		// The /proc of the machine numbers the processes otherwise.
		if err := unix.Unshare(unix.CLONE_NEWNS); err != nil {
			return err
		}
		if err := errors.Join(unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""), unix.Mount("proc", "/proc", "proc", 0, "")); err != nil {
			return err
		}
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", c.process.cmd.Process.Pid))
		for line := range strings.Lines(string(text)) {
			name, value, _ := strings.Cut(line, ":")
			status[name] = strings.TrimSpace(value)
		}
		return err
	})
}
