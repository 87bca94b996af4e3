package build

import (
	"bytes"
	"maps"
	"slices"
)

// failure is what went wrong in a build below root.
func (r *recorder) failure(root string, err error) string {
	if twice := r.keysTwice(root, err.Error()); twice != "" {
		return twice
	}
	if twice := r.objectTwice(root, err.Error()); twice != "" {
		return twice
	}
	if patch := r.noObject(root, err.Error()); patch != "" {
		return patch
	}
	if faults := r.faults(root); faults != "" {
		return faults
	}
	return r.named(err.Error())
}

// refusals are what was refused in a build below root, each once.
func (r *recorder) refusals(root string) []string {
	var lines []string
	for _, refused := range r.refused {
		line := refused.problem
		if refused.file != "" {
			line = r.name(root, refused.file) + ": " + line
		}
		if !slices.Contains(lines, line) {
			lines = append(lines, line)
		}
	}
	return lines
}

// refuseURL refuses to fetch what no kustomization was asked about before: a file
// of a generator, or a patch.
func (r *recorder) refuseURL(url, problem string) {
	file := ""
	for _, path := range slices.Sorted(maps.Keys(r.read)) {
		if bytes.Contains(r.read[path], []byte(url)) {
			file = path
			break
		}
	}
	r.refused = append(r.refused, refusal{file, problem})
}
