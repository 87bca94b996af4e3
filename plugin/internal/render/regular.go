package render

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/regular"
)

// readRegular reads a file that is neither a link nor a device, nor larger than
// any output: whoever may commit one decides what a link leads to, such as
// another file of this machine, which a diff would print.
func readRegular(path string) ([]byte, error) { return readUpTo(path, regular.LargestFile) }

// readConfiguration is like readRegular, for what is parsed before a build. What is larger
// is read by no build, which says so.
func readConfiguration(path string) ([]byte, error) {
	return readUpTo(path, regular.LargestConfiguration)
}

func readUpTo(path string, largest int64) ([]byte, error) {
	info, err := os.Lstat(path)
	if err != nil {
		return nil, err
	}
	switch {
	case info.Mode()&os.ModeSymlink != 0:
		return nil, fmt.Errorf("%s: is a link, and what it leads to is not read: must be a regular file, or be removed", path)
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("%s: is no regular file: must be one, or be removed", path)
	}
	return regular.Read(path, largest)
}

// noLinks refuses links in the place of directories whose files are written,
// removed or read: whoever may commit to the output would have those of another
// directory.
func noLinks(dirs ...string) error {
	for _, dir := range dirs {
		if info, err := os.Lstat(dir); err == nil && info.Mode()&os.ModeSymlink != 0 {
			return fmt.Errorf("%s: is a link, and what it leads to would be changed: must be a directory, or be removed", dir)
		}
	}
	return nil
}

// notBelowFile refuses an output directory that is, or would be in, what is none.
func notBelowFile(output string) error {
	for dir := filepath.Clean(output); ; dir = filepath.Dir(dir) {
		info, err := os.Stat(dir)
		switch {
		case err == nil && !info.IsDir():
			return fmt.Errorf("--output: %s is a file: must be a directory, or not be there yet", dir)
		case err == nil || dir == filepath.Dir(dir):
			return nil
		}
	}
}

// steps are an output directory, and those on the way there from the working
// directory, which are the repository's, too. What leads to others is the
// user's own.
func steps(output string) []string {
	output = filepath.Clean(output)
	all := []string{output}
	if !filepath.IsLocal(output) {
		return all
	}
	for dir := filepath.Dir(output); dir != "."; dir = filepath.Dir(dir) {
		all = append(all, dir)
	}
	return all
}
