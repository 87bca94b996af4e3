package build

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/api/types"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/regular"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/render/build/allow"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/suggest"
)

// unfit reads a kustomization, and says why kustomize could not; "": it can. kustomize names
// neither the file nor what may be meant.
//
//	unknown field "resourcse"; did you mean "resources"?
func unfit(text []byte, k *types.Kustomization) string {
	err := k.Unmarshal(text)
	if err == nil {
		fixed := *k
		fixed.FixKustomization()
		if fixed.CheckEmpty() != nil {
			return "is empty: must list something, such as resources"
		}
		return ""
	}
	if keyTwice.MatchString(err.Error()) {
		return "" // as keysTwice will say, with the line
	}
	if wrong := (*json.UnmarshalTypeError)(nil); errors.As(err, &wrong) {
		return fmt.Sprintf("%s: found %s: must be %s", wrong.Field, withArticle(wrong.Value), inYAML(wrong.Type))
	}
	problem := strings.TrimPrefix(err.Error(), "invalid Kustomization: ")
	if field, found := strings.CutPrefix(problem, "json: unknown field "); found {
		return "unknown field " + field + suggest.Question(strings.Trim(field, `"`), fieldsOf(reflect.TypeFor[types.Kustomization](), nil))
	}
	if what, found := strings.CutPrefix(problem, "yaml: "); found {
		return "is not YAML: " + what
	}
	return problem
}

func withArticle(value string) string {
	switch value {
	case "object":
		return "a mapping"
	case "array":
		return "a list"
	}
	return "a " + value
}

// inYAML is what a type is in YAML.
func inYAML(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Pointer:
		return inYAML(t.Elem())
	case reflect.Slice, reflect.Array:
		return "a list"
	case reflect.Map, reflect.Struct:
		return "a mapping"
	case reflect.Bool:
		return "true or false"
	case reflect.String:
		return "a string"
	}
	return "a number"
}

// fieldsOf are the names of the fields of a type, and of those below it.
func fieldsOf(t reflect.Type, names []string) []string {
	switch t.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Map:
		return fieldsOf(t.Elem(), names)
	case reflect.Struct:
	default:
		return names
	}
	for i := range t.NumField() {
		name, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
		if name != "" && slices.Contains(names, name) {
			continue // and a type that has itself ends
		}
		if name != "" {
			names = append(names, name)
		}
		names = fieldsOf(t.Field(i).Type, names)
	}
	return names
}

// faults are those of the files that kustomizations list; "": there are none.
// kustomize says of many that they are no directory.
//
//	kustomization.yaml: transformers[0]: found "tenant.yaml": permission denied
func (r *recorder) faults(root string) string {
	var lines []string
	for _, file := range slices.Sorted(maps.Keys(r.read)) {
		if !isKustomization(file) {
			continue
		}
		if fault := r.fault(file, false); fault != "" {
			lines = append(lines, r.name(root, file)+": "+fault)
			continue
		}
		var k types.Kustomization
		if r.read[file] == nil || k.Unmarshal(r.read[file]) != nil {
			continue
		}
		for _, e := range entries(k) {
			if e.path == "" || allow.IsRemote(e.path) {
				continue
			}
			isText := strings.HasPrefix(e.field, "configMapGenerator") || strings.HasPrefix(e.field, "secretGenerator")
			for _, dir := range append(slices.Clone(r.linked[file]), filepath.Dir(file)) {
				if fault := r.fault(from(dir, e.path), !isText); fault != "" {
					lines = append(lines, fmt.Sprintf("%s: %s: found %q: %s", r.name(root, file), e.field, e.path, fault))
				}
			}
		}
	}
	return strings.Join(slices.Compact(lines), "; ")
}

// fault says why a file cannot be read; "": it can, or it is not there.
func (r *recorder) fault(path string, isYAML bool) string {
	text, replaced := r.replace[path]
	if !replaced {
		info, err := os.Stat(path)
		switch {
		case errors.Is(err, fs.ErrPermission):
			return "permission denied"
		case err != nil:
			return ""
		case !info.IsDir() && !info.Mode().IsRegular():
			return "is not a regular file: must be one"
		}
		if problem := regular.TooLarge(info.Size(), regular.LargestFile); problem != "" {
			return problem
		}
		if opened, err := os.Open(path); errors.Is(err, fs.ErrPermission) {
			return "permission denied"
		} else if err == nil {
			_ = opened.Close() // was not even read
		}
		if text = r.read[path]; text == nil {
			text = r.read[resolved(path, "")]
		}
	}
	if !isYAML {
		return ""
	}
	documents := yaml.NewDecoder(bytes.NewReader(text))
	for {
		var document yaml.Node
		err := documents.Decode(&document)
		if errors.Is(err, io.EOF) {
			return ""
		}
		if err != nil {
			return "is not YAML: " + strings.TrimPrefix(err.Error(), "yaml: ")
		}
	}
}
