package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// cost is what commands took, one after the other.
type cost struct {
	wall   time.Duration
	cpu    time.Duration // of all cores
	memory int64         // bytes: the most that a command and its children held at once
}

// measure runs n commands, whose output goes to a file each in turn.
func measure(dir string, n int, args func(i int) []string) (cost, error) {
	var c cost
	for i := range n {
		if err := c.add(dir, args(i)); err != nil {
			return cost{}, err
		}
	}
	return c, nil
}

func (c *cost) add(dir string, args []string) error {
	out, err := os.Create(filepath.Join(dir, "out.yaml"))
	if err != nil {
		return err
	}
	var stderr bytes.Buffer
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Stdout, cmd.Stderr = out, &stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	start := time.Now()
	if err := cmd.Start(); err != nil {
		return errors.Join(err, out.Close())
	}
	done := make(chan error)
	go func() { done <- cmd.Wait() }()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			c.memory = max(c.memory, resident(cmd.Process.Pid))
		case err := <-done:
			c.wall += time.Since(start)
			c.cpu += cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
			if usage, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage); ok {
				c.memory = max(c.memory, usage.Maxrss<<10)
			}
			if err = errors.Join(err, out.Close()); err != nil {
				return fmt.Errorf("%s: %w: %s", strings.Join(args, " "), err, &stderr)
			}
			return nil
		}
	}
}

// resident is the memory of a process group, in bytes. What its processes share
// counts once.
func resident(group int) int64 {
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return 0
	}
	var sum int64
	for _, path := range stats {
		text, err := os.ReadFile(path)
		if err != nil {
			continue // it has ended
		}
		// pid (name) state ppid pgrp
		_, rest, _ := strings.Cut(string(text), ") ")
		if fields := strings.Fields(rest); len(fields) > 2 && fields[2] == strconv.Itoa(group) {
			sum += proportional(filepath.Dir(path))
		}
	}
	return sum
}

// proportional is a process' part of the memory that it and others use.
func proportional(proc string) int64 {
	text, err := os.ReadFile(filepath.Join(proc, "smaps_rollup"))
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(text), "\nPss:")
	if fields := strings.Fields(rest); len(fields) > 0 {
		if kB, err := strconv.ParseInt(fields[0], 10, 64); err == nil {
			return kB << 10
		}
	}
	return 0
}
