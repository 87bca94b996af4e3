package upstream

import (
	"crypto/sha256"
	_ "embed"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
)

//go:embed manifests.sum
var sumsText string

// Sums are the checksums of files, by "VERSION/FILE".
type Sums map[string]string

// Committed are the checksums that the files must have.
func Committed() Sums {
	sums := Sums{}
	for line := range strings.Lines(sumsText) {
		if sum, name, ok := strings.Cut(strings.TrimSpace(line), "  "); ok {
			sums[name] = sum
		}
	}
	return sums
}

// Sum is a file's checksum.
func Sum(text string) string { return fmt.Sprintf("%x", sha256.Sum256([]byte(text))) }

// Check compares the checksums of an origin's files. The error names the file
// that differs, and what would be right.
func (s Sums) Check(origin string, files map[string]string) error {
	for _, name := range slices.Sorted(maps.Keys(files)) {
		at := path.Join(origin, name)
		if got := Sum(files[name]); s[at] != got {
			return fmt.Errorf("%s: The checksum is %s, but manifests.sum has %q. Either the module has changed, or the code that renders it",
				at, got, s[at])
		}
	}
	return nil
}

// String is the sums as manifests.sum has them.
func (s Sums) String() string {
	var out strings.Builder
	for _, name := range slices.Sorted(maps.Keys(s)) {
		fmt.Fprintf(&out, "%s  %s\n", s[name], name)
	}
	return out.String()
}
