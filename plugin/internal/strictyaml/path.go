package strictyaml

import (
	"regexp"
	"strconv"
)

var plain = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_-]*$`)

// IsPlain says whether a key needs no quotes in a path.
func IsPlain(key string) bool { return plain.MatchString(key) }

// Child is the path of a mapping's field: spec.ports, metadata.labels["istio.io/rev"].
func Child(path, key string) string {
	switch {
	case !IsPlain(key):
		return path + "[" + strconv.Quote(key) + "]"
	case path == "":
		return key
	}
	return path + "." + key
}

// Element is the path of a list's element: spec.ports[0].
func Element(path string, i int) string {
	return path + "[" + strconv.Itoa(i) + "]"
}
