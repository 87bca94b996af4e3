package build

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/resid"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
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

// registered is what kustomize says of an object that is there twice. It names no file.
var registered = regexp.MustCompile(`already registered id: ([^\s']+)`)

// objectTwice names the files, among those that were read, that have the object which
// kustomize has met twice; "": it complains of something else, or of one in a single place.
func (r *recorder) objectTwice(root, failure string) string {
	said := registered.FindStringSubmatch(failure)
	if said == nil {
		return ""
	}
	var files []string
	var twice object.ID
	for _, path := range slices.Sorted(maps.Keys(r.read)) {
		documents := yaml.NewDecoder(bytes.NewReader(r.read[path]))
		var document yaml.Node
		for ; documents.Decode(&document) == nil; document = (yaml.Node{}) {
			node := yaml.NewRNode(&document)
			if node.IsNilOrEmpty() || yaml.ErrorIfInvalid(node, yaml.MappingNode) != nil {
				continue
			}
			id := resid.NewResIdWithNamespace(resid.GvkFromNode(node), node.GetName(), node.GetNamespace())
			if id.String() == said[1] {
				files, twice = append(files, r.name(root, path)), object.IDOf(node)
			}
		}
	}
	switch {
	case len(files) < 2:
		return ""
	case files[0] == files[len(files)-1]:
		return fmt.Sprintf("%s: has %s %d times: must have it once", files[0], twice, len(files))
	}
	return fmt.Sprintf("%s: is in %s: must be in one of them", twice, strings.Join(slices.Compact(files), " and "))
}
