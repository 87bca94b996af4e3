package render

import (
	"bytes"
	"fmt"
	"strings"

	"sigs.k8s.io/yaml"
)

// split returns one file per object, in order:
//
//	deployment-istio-system1-istiod-sales.yaml  clusterrole-istiod-sales.yaml
//
// It reads the few lines that name an object, as kustomize writes them.
func split(text []byte) ([]file, error) {
	var files []file
	seen := map[string]bool{kustomizationFile: true}
	for _, object := range bytes.SplitAfter(text, []byte("\n---\n")) {
		object = bytes.TrimSuffix(object, []byte("---\n"))
		head := map[string]string{}
		inMetadata := false
		for line := range strings.Lines(string(object)) {
			if line[0] != ' ' {
				inMetadata = line == "metadata:\n"
			}
			key, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), ": ")
			switch {
			case key == "kind", inMetadata && (key == "  name" || key == "  namespace"):
				var scalar string
				if err := yaml.Unmarshal([]byte(value), &scalar); err != nil {
					return nil, fmt.Errorf("%s: %w", line, err)
				}
				head[strings.TrimSpace(key)] = scalar
			}
		}
		var words []string
		for _, key := range []string{"kind", "namespace", "name"} {
			if head[key] != "" {
				words = append(words, strings.ToLower(safe(head[key])))
			}
		}
		base := strings.Join(words, "-")
		name := base + ".yaml"
		for i := 2; seen[name]; i++ { // the same kind of two groups
			name = fmt.Sprintf("%s-%d.yaml", base, i)
		}
		seen[name] = true
		files = append(files, file{name, object})
	}
	return files, nil
}

// safe is a name that any file system takes; ":" is in the names of some Roles.
func safe(name string) string {
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune(`/\:*?"<>| `, r) {
			return '_'
		}
		return r
	}, name)
}
