package build

import (
	"bytes"
	"errors"
	"io"
	"maps"
	"regexp"
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"
)

// keyTwice is what kustomize says of a key that stands twice in a mapping. Its
// line numbers are those of an object, and it names no file.
var keyTwice = regexp.MustCompile(`mapping key (".*?") already defined at line \d+`)

// keysTwice names the files, among those that were read, with the key that
// kustomize complains of; "": it complains of something else, or of no file.
func (r *recorder) keysTwice(root, failure string) string {
	said := keyTwice.FindStringSubmatch(failure)
	if said == nil {
		return ""
	}
	var found []string
	for _, path := range slices.Sorted(maps.Keys(r.read)) {
		documents := yaml.NewDecoder(bytes.NewReader(r.read[path]))
		for {
			var document any
			err := documents.Decode(&document)
			wrong := (*yaml.TypeError)(nil)
			if err == nil {
				continue
			}
			if errors.Is(err, io.EOF) || !errors.As(err, &wrong) {
				break // the end, or no YAML
			}
			for _, line := range wrong.Errors {
				if m := keyTwice.FindStringSubmatch(line); m != nil && m[1] == said[1] {
					found = append(found, r.name(root, path)+": "+line)
				}
			}
		}
	}
	return strings.Join(found, "; ")
}
