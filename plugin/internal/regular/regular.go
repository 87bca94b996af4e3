// Package regular reads files of a repository, of which others may write what they are.
package regular

import (
	"fmt"
	"os"
)

// The largest sizes of files, in bytes. LargestFile is more than kustomize needs, and less
// than fills the memory. LargestConfiguration is that of a kustomization and of a file that
// it lists as a plugin's configuration: this program reads these before a build of its own
// bounds what they take.
const (
	LargestFile          = 1 << 27
	LargestConfiguration = 4 << 20
)

// Read reads a file, or what a link leads to. A device or a pipe is an error,
// because its end might never come, and so is a file of more than largest bytes,
// because it might fill the memory.
func Read(file string, largest int64) ([]byte, error) {
	info, err := os.Stat(file)
	switch {
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("%s: is no regular file: must be one", file)
	}
	if problem := TooLarge(info.Size(), largest); problem != "" {
		return nil, fmt.Errorf("%s: %s", file, problem)
	}
	return os.ReadFile(file)
}

// TooLarge says what is wrong with a size in bytes; "": nothing.
func TooLarge(size, largest int64) string {
	if size <= largest {
		return ""
	}
	return fmt.Sprintf("has %d bytes: must have at most %d", size, largest)
}
