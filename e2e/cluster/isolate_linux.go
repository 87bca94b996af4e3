package cluster

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"syscall"

	"golang.org/x/sys/unix"
)

// insideEnv tells a process that Isolated started it.
const insideEnv = "ISTIO_TENANCY_E2E_INSIDE"

// Isolated says whether this process runs in a network of its own, made by
// Isolate: only there can the API server reach the ClusterIP of a Service.
func Isolated() bool { return os.Getenv(insideEnv) != "" }

// Isolate runs this program again, with the same arguments, in a network and a
// process namespace of its own, and returns its exit code. The network has
// nothing but a loopback interface, to which every ClusterIP and the addresses
// of Pods that are not started belong: that stands in for kube-proxy and a CNI.
// istiod's Pods get a network each; see network. When the program ends, however it ends, the kernel ends every process it started.
//
// What the program keeps in temporary files is removed, however it ends: after it, or
// before the next run.
//
// It needs root, or user namespaces that an ordinary user may create. more are
// flags of clone(2) for further namespaces of its own.
func Isolate(more uintptr) (int, error) {
	runtime.LockOSThread() // Pdeathsig is sent when the thread ends
	defer runtime.UnlockOSThread()
	self, err := os.Executable()
	if err != nil {
		return 0, err
	}
	data, err := newData()
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(data)
	cmd := exec.Command(self, os.Args[1:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.Env = append(os.Environ(), insideEnv+"=1", holderEnv+"="+Holder(), "TMPDIR="+data)
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags: unix.CLONE_NEWNET | unix.CLONE_NEWPID | more,
		Pdeathsig:  syscall.SIGKILL,
	}
	if os.Getuid() != 0 {
		cmd.SysProcAttr.Cloneflags |= unix.CLONE_NEWUSER
		cmd.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}}
		cmd.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}}
	}
	if err := cmd.Start(); err != nil {
		return 0, fmt.Errorf("make a network namespace: %w", err)
	}
	err = cmd.Wait()
	if cmd.ProcessState.Exited() {
		return cmd.ProcessState.ExitCode(), nil
	}
	return 1, err
}

// bringUpNetwork gives the loopback interface its own addresses and those of
// the cluster. An address of a loopback interface brings its whole prefix.
func bringUpNetwork() (err error) {
	if clusterNet == nil {
		if clusterNet, err = os.Open("/proc/thread-self/ns/net"); err != nil {
			return err
		}
	}
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	up, err := unix.NewIfreq("lo")
	if err != nil {
		return err
	}
	up.SetUint16(unix.IFF_UP | unix.IFF_LOOPBACK | unix.IFF_RUNNING)
	if err := unix.IoctlIfreq(fd, unix.SIOCSIFFLAGS, up); err != nil {
		return fmt.Errorf("bring up lo: %w", err)
	}
	for _, step := range []struct {
		request uint
		addr    []byte
	}{
		{unix.SIOCSIFADDR, []byte{10, 96, 0, 1}},
		{unix.SIOCSIFNETMASK, []byte{255, 240, 0, 0}}, // 10.96 to 10.111: see nets
	} {
		alias, err := unix.NewIfreq("lo:1")
		if err != nil {
			return err
		}
		if err := alias.SetInet4Addr(step.addr); err != nil {
			return err
		}
		if err := unix.IoctlIfreq(fd, step.request, alias); err != nil {
			return fmt.Errorf("give lo the cluster's addresses: %w", err)
		}
	}
	return nil
}
