package cli

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"
)

func installCommand(s Streams) *cobra.Command {
	return &cobra.Command{
		Use:   "install DIR",
		Short: "Copy this program into a directory",
		Long: `Copy this program to DIR/istio-tenancy, for others to run: an init container does
so, into a volume that is on the PATH of the container with kustomize.`,
		Example: `  istio-tenancy install /custom-tools`,
		Args: arguments{
			name: "DIR", what: "the directory to copy to", example: "install /custom-tools", least: 1, most: 1,
		}.check,
		RunE: func(_ *cobra.Command, args []string) error {
			path, err := install(args[0])
			if err == nil {
				_, err = fmt.Fprintln(s.Out, path)
			}
			return err
		},
	}
}

// install replaces dir's program as a whole: one that runs goes on running.
func install(dir string) (path string, err error) {
	from, err := os.Executable()
	if err != nil {
		return "", err
	}
	in, err := os.Open(from)
	if err != nil {
		return "", err
	}
	defer in.Close() // was only read
	out, err := os.CreateTemp(dir, "."+program+"-*")
	if err != nil {
		return "", err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(out.Name()))
		}
	}()
	_, err = io.Copy(out, in)
	if err = errors.Join(err, out.Chmod(0o755), out.Close()); err != nil {
		return "", err
	}
	path = filepath.Join(dir, program)
	return path, os.Rename(out.Name(), path)
}
