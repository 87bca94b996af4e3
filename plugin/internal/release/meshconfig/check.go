package meshconfig

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/suggest"
)

// Check returns an error for each field of a mesh configuration that Istio does
// not know, or that has a value of another type. path is where it is.
func Check(path string, mesh map[string]any) []error {
	var c checker
	c.message(path, mesh, root)
	return c.errs
}

//go:embed fields.txt
var text string

const root = "istio.mesh.v1alpha1.MeshConfig"

// field is one of a message. See generate for the types.
type field struct {
	shape string // "", "list" or "map"
	typ   string
	oneof string // of the fields with the same, one may be set
}

// messages are fields by message and name. They are read when first used: most
// runs of the program need none.
var messages = sync.OnceValue(func() map[string]map[string]field {
	all := map[string]map[string]field{}
	var current map[string]field
	for line := range strings.Lines(text) {
		words := strings.Fields(line)
		switch {
		case len(words) < 2 || words[0] == "#":
			continue
		case words[0] == "message":
			current = map[string]field{}
			all[words[1]] = current
			continue
		}
		f, name := field{}, words[0]
		words = words[1:]
		if words[0] == "list" || words[0] == "map" {
			f.shape, words = words[0], words[1:]
		}
		f.typ = words[0]
		if len(words) > 1 {
			f.oneof = strings.TrimPrefix(words[1], "oneof=")
		}
		current[name] = f
	}
	return all
})

type checker struct{ errs []error }

func (c *checker) fail(format string, args ...any) {
	c.errs = append(c.errs, fmt.Errorf(format, args...))
}

func (c *checker) message(path string, value map[string]any, typ string) {
	fields := messages()[typ]
	set := map[string]string{} // the field, by its oneof
	for _, key := range slices.Sorted(maps.Keys(value)) {
		at := path + "." + key
		f, known := fields[camel(key)]
		if !known {
			names := slices.Sorted(maps.Keys(fields))
			short := typ[strings.LastIndex(typ, ".v1")+1:]
			c.fail("%s: no field of %s%s", at, short[strings.IndexByte(short, '.')+1:], suggest.Question(key, names))
			continue
		}
		if value[key] == nil {
			continue // Helm drops it
		}
		if other := set[f.oneof]; f.oneof != "" && other != "" {
			c.fail("%s: found together with %s; must be one of them", at, other)
			continue
		}
		set[f.oneof] = key
		c.field(at, value[key], f)
	}
}

// camel is the name that JSON has for a field; Istio also reads that of protobuf.
func camel(name string) string {
	words := strings.Split(name, "_")
	for i, w := range words[1:] {
		if w != "" {
			words[i+1] = strings.ToUpper(w[:1]) + w[1:]
		}
	}
	return strings.Join(words, "")
}

func (c *checker) field(path string, value any, f field) {
	switch f.shape {
	case "list":
		list, ok := value.([]any)
		if !ok {
			c.found(path, value, "a list")
		}
		for i, v := range list {
			c.value(fmt.Sprintf("%s[%d]", path, i), v, f.typ)
		}
	case "map":
		mapping, ok := value.(map[string]any)
		if !ok {
			c.found(path, value, "a mapping")
		}
		for _, key := range slices.Sorted(maps.Keys(mapping)) {
			c.value(fmt.Sprintf("%s[%q]", path, key), mapping[key], f.typ)
		}
	default:
		c.value(path, value, f.typ)
	}
}

func (c *checker) found(path string, value any, want string) {
	text, err := json.Marshal(value)
	if err != nil {
		text = fmt.Append(nil, value)
	}
	c.fail("%s: found %s; must be %s", path, text, want)
}

var (
	number   = regexp.MustCompile(`^[-+]?\d+(\.\d+)?([eE][-+]?\d+)?$`)
	duration = regexp.MustCompile(`^-?\d+(\.\d{1,9})?s$`)
)

// value checks one value as protobuf reads JSON: a number may be in quotes, an
// enum's value may be its number.
func (c *checker) value(path string, value any, typ string) {
	word, isText := value.(string)
	_, isBool := value.(bool)
	mapping, isMapping := value.(map[string]any)
	_, isList := value.([]any)
	isNumber := !isText && !isBool && !isMapping && !isList && value != nil
	names, isEnum := strings.CutPrefix(typ, "enum=")
	switch {
	case typ == "any":
	case typ == "string" && !isText && (isNumber || isBool):
		c.found(path, value, "a text; put it in quotes")
	case typ == "string" && !isText:
		c.found(path, value, "a text")
	case typ == "bool" && !isBool:
		c.found(path, value, "true or false")
	case typ == "number" && !isNumber && !number.MatchString(word):
		c.found(path, value, "a number")
	case typ == "duration" && !duration.MatchString(word):
		c.found(path, value, `seconds with their unit, such as "10s" or "0.5s"`)
	case isEnum:
		all := strings.Split(names, ",")
		if !isNumber && !slices.Contains(all, word) {
			c.found(path, value, strings.Join(all, " or ")+suggest.Question(word, all))
		}
	case strings.Contains(typ, ".") && !isMapping:
		c.found(path, value, "a mapping")
	case isMapping:
		c.message(path, mapping, typ)
	}
}
