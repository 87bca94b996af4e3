package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/atomicwrite"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/printable"
)

func installCommand(s Streams) *cobra.Command {
	return &cobra.Command{
		Use:   "install DIR",
		Short: "Copy this program into a directory",
		Long: `Copy this program to DIR/istio-tenancy, so that another container can run it: an init
container copies it into a volume that is on the PATH of the container with kustomize.
A file of that name is replaced. A directory or a link of that name is an error, and is
not changed.`,
		Example: `  istio-tenancy install /custom-tools`,
		Args: arguments{
			name: "DIR", what: "the directory to copy to", example: "install /custom-tools", least: 1, most: 1,
		}.check,
		RunE: func(_ *cobra.Command, args []string) error {
			path, err := install(args[0])
			if err == nil {
				_, err = fmt.Fprintln(s.Out, printable.Text(path))
			}
			return err
		},
	}
}

// install replaces dir's program as a whole: one that runs goes on running. A
// link may be another's, or lead to one that others run.
func install(dir string) (path string, err error) {
	if info, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) || err == nil && !info.IsDir() {
		return "", fmt.Errorf("install: %s: must be a directory that exists", dir)
	}
	from, err := os.Executable()
	if err != nil {
		return "", err
	}
	path = filepath.Join(dir, program)
	if info, err := os.Lstat(path); err == nil && !info.Mode().IsRegular() {
		what := "something else"
		switch {
		case info.IsDir():
			what = "a directory"
		case info.Mode()&os.ModeSymlink != 0:
			what = "a link"
		}
		return "", fmt.Errorf("install: %s: is %s: must be a file, or not exist; remove it", path, what)
	}
	in, err := os.Open(from)
	if err != nil {
		return "", err
	}
	defer in.Close() // was only read
	return path, atomicwrite.File(path, "", 0o755, in)
}
