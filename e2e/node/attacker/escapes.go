package main

import (
	"fmt"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

func read(args []string) (string, error) {
	text, err := os.ReadFile(args[0])
	return string(text[:min(len(text), 4096)]), err
}

// write adds to what is there, and makes no file in a folder that it may write to.
func write(args []string) (string, error) {
	file, err := os.OpenFile(args[0], os.O_WRONLY, 0)
	if err != nil {
		return "", err
	}
	defer file.Close()
	_, err = file.WriteString(args[1])
	return "", err
}

func link(args []string) (string, error) { return "", os.Symlink(args[0], args[1]) }

func mount(args []string) (string, error) { return "", unix.Mount("none", args[1], args[0], 0, "") }

// device makes one, and opens it.
func device(args []string) (string, error) {
	mode, major, minor := uint32(unix.S_IFBLK), number(args[1]), number(args[2])
	if args[0] == "char" {
		mode = unix.S_IFCHR
	}
	file := "/tmp/device-" + strings.Join(args, "-") // others are tried at the same time
	os.Remove(file)
	if err := unix.Mknod(file, mode|0o600, int(unix.Mkdev(major, minor))); err != nil {
		return "", fmt.Errorf("make a device: %w", err)
	}
	opened, err := os.Open(file)
	if err != nil {
		return "", err
	}
	return "opened", opened.Close()
}

func number(text string) uint32 {
	n, _ := strconv.Atoi(text)
	return uint32(n)
}

// enter takes over a namespace of another process.
func enter(args []string) (string, error) {
	file, err := os.Open(args[0])
	if err != nil {
		return "", err
	}
	defer file.Close()
	return "", unix.Setns(int(file.Fd()), 0)
}

// module asks the kernel for a module; the file is none, so that a kernel that
// takes modules says so.
func module([]string) (string, error) {
	file, err := os.Open("/proc/self/exe")
	if err != nil {
		return "", err
	}
	defer file.Close()
	return "", unix.FinitModule(int(file.Fd()), "", 0)
}

func ptrace(args []string) (string, error) { return "", unix.PtraceAttach(int(number(args[0]))) }

// program loads one of BPF into the kernel: a socket filter that keeps nothing.
func program([]string) (string, error) {
	const load = 5
	_, _, err := unix.Syscall(unix.SYS_BPF, load, 0, 0)
	if err != 0 {
		return "", err
	}
	return "", nil
}

// handle opens a file by its number, past all folders, as the escape called
// Shocker does; 2 is the root of most file systems.
func handle(args []string) (string, error) {
	folder, err := unix.Open(args[0], unix.O_RDONLY, 0)
	if err != nil {
		return "", err
	}
	defer unix.Close(folder)
	opened, err := unix.OpenByHandleAt(folder, unix.NewFileHandle(1, []byte{2, 0, 0, 0, 0, 0, 0, 0}), unix.O_RDONLY)
	if err != nil {
		return "", err
	}
	return "opened", unix.Close(opened)
}
