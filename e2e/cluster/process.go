package cluster

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"
)

// startLimit is how long a server may take to start: minutes, where much else runs.
const startLimit = 3 * time.Minute

// process is a server that is stopped with its whole process group.
type process struct {
	name string
	log  string
	cmd  *exec.Cmd
	done chan struct{}
}

// openLog opens logs/NAME.log, to which every process of that name adds.
func openLog(logs, name string) (*os.File, error) {
	return os.OpenFile(filepath.Join(logs, name+".log"), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
}

// start runs a server, as another user if there is a credential.
func start(log *os.File, name, dir string, as *syscall.Credential, env []string, bin string, args ...string) (*process, error) {
	fmt.Fprintf(log, "# %s", bin)
	for _, arg := range args {
		fmt.Fprintf(log, " %q", arg)
	}
	fmt.Fprintf(log, "\n# environment: %q\n", env)

	cmd := command(dir, as, env, bin, args...)
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	p := &process{name: name, log: log.Name(), cmd: cmd, done: make(chan struct{})}
	go func() {
		cmd.Wait()
		close(p.done)
	}()
	return p, nil
}

// run runs a program to its end; the error says what it printed.
func run(dir string, as *syscall.Credential, env []string, bin string, args ...string) error {
	cmd := command(dir, as, env, bin, args...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		err = fmt.Errorf("%s: %w: %s", filepath.Base(bin), err, bytes.TrimSpace(out))
	}
	return err
}

// command gives a program an environment of its own: nothing of whoever runs
// the tests.
func command(dir string, as *syscall.Credential, env []string, bin string, args ...string) *exec.Cmd {
	cmd := exec.Command(bin, args...)
	cmd.Dir = dir
	cmd.Env = append([]string{"PATH=/usr/bin:/bin:/usr/sbin:/sbin", "HOME=" + dir}, env...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Credential: as}
	return cmd
}

// stop asks the process to end, and makes it end after a while.
func (p *process) stop() {
	if p == nil || p.ended() {
		return
	}
	syscall.Kill(-p.cmd.Process.Pid, syscall.SIGTERM)
	select {
	case <-p.done:
	case <-time.After(3 * time.Second):
		syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL)
		<-p.done
	}
}

// kill ends the process without a word, as a crash does.
func (p *process) kill() {
	if p.ended() {
		return
	}
	syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL)
	<-p.done
}

func (p *process) ended() bool {
	select {
	case <-p.done:
		return true
	default:
		return false
	}
}

// ready calls ok until it returns nil, the process ends, or the time is over.
func (p *process) ready(limit time.Duration, ok func() error) error {
	deadline := time.Now().Add(limit)
	for {
		err := ok()
		if err == nil {
			return nil
		}
		select {
		case <-p.done:
			return fmt.Errorf("%s ended (%v); its log is %s", p.name, p.cmd.ProcessState, p.log)
		case <-time.After(25 * time.Millisecond):
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("%s is not ready after %s: %w; its log is %s", p.name, limit, err, p.log)
		}
	}
}
