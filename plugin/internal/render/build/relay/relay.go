//go:build unix

// Package relay lets one process do the work of another: kustomize starts a process for
// a function, and that process sends its input to the process of the build, which runs
// the function. The package does so before all other packages are initialised, because
// the initialisation, and reading the program from disk, would cost more time than the
// function itself.
//
//	render ── build (kustomize, and the function) <══ socket ══> istio-tenancy, started by kustomize
package relay

import (
	"encoding/binary"
	"io"
	"os"
	"strconv"
	"strings"
	"syscall"
)

// variable holds, in the environment of what kustomize starts, "descriptor:process".
const variable = "ISTIO_TENANCY_RELAY"

// A process that kustomize started without arguments, as a function, hands its
// input to the process that kustomize runs in, and prints what comes back.
// Whatever else starts this program is not meant.
func init() {
	number, parent, _ := strings.Cut(os.Getenv(variable), ":")
	if parent != strconv.Itoa(os.Getppid()) || len(os.Args) != 1 {
		return
	}
	if fd, err := strconv.Atoi(number); err == nil && isSocket(fd) {
		os.Exit(pass(os.NewFile(uintptr(fd), variable)))
	}
}

func isSocket(fd int) bool {
	var info syscall.Stat_t
	return syscall.Fstat(fd, &info) == nil && info.Mode&syscall.S_IFMT == syscall.S_IFSOCK
}

const failed = 1

// pass returns the function's exit code.
func pass(socket *os.File) int {
	input, err := io.ReadAll(os.Stdin)
	if err != nil || send(socket, 0, input) != nil {
		return failed
	}
	code, output, err := receive(socket)
	if err != nil {
		return failed
	}
	if _, err := os.Stdout.Write(output); err != nil {
		return failed
	}
	return code
}

// Serve makes do answer the function calls of this process' children. It returns the
// exit code.
func Serve(do func(input []byte) (output []byte, code int)) error {
	// The child's end stays open in children; they take turns, as kustomize runs
	// one function at a time.
	pair, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM, 0)
	if err != nil {
		return err
	}
	syscall.CloseOnExec(pair[0])
	if err := os.Setenv(variable, strconv.Itoa(pair[1])+":"+strconv.Itoa(os.Getpid())); err != nil {
		return err
	}
	socket := os.NewFile(uintptr(pair[0]), variable)
	go func() {
		for {
			_, input, err := receive(socket)
			if err != nil {
				return
			}
			output, code := do(input)
			if send(socket, code, output) != nil {
				return
			}
		}
	}()
	return nil
}

// send sends a number and data, with its length before it.
func send(to io.Writer, code int, data []byte) error {
	head := binary.BigEndian.AppendUint32(nil, uint32(code)) //nolint:gosec // an exit code is small
	head = binary.BigEndian.AppendUint64(head, uint64(len(data)))
	if _, err := to.Write(head); err != nil {
		return err
	}
	_, err := to.Write(data)
	return err
}

func receive(from io.Reader) (code int, data []byte, err error) {
	var head [12]byte
	if _, err := io.ReadFull(from, head[:]); err != nil {
		return 0, nil, err
	}
	data = make([]byte, binary.BigEndian.Uint64(head[4:]))
	_, err = io.ReadFull(from, data)
	return int(binary.BigEndian.Uint32(head[:4])), data, err
}
