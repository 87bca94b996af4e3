package verify

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/snapshot"
)

// difference is a field that has been changed.
type difference struct {
	path      string
	is, would any
	has, must bool // whether is and would are there
}

func (d difference) String() string {
	one, isList := textsOf(d.is)
	other, mustBeList := textsOf(d.would)
	switch {
	case isList && mustBeList:
		return d.path + ": " + compareTexts(d.path, one, other)
	case !d.has:
		return fmt.Sprintf("%s: is missing: must be %s", d.path, show(d.path, d.would))
	case !d.must:
		return fmt.Sprintf("%s: found %s: must not be there", d.path, show(d.path, withheld(d.path, d.is)))
	}
	if line, ok := d.line(); ok {
		return line
	}
	return fmt.Sprintf("%s: found %s: must be %s", d.path, show(d.path, withheld(d.path, d.is)), show(d.path, d.would))
}

// line names the first line in which a text of several lines differs.
func (d difference) line() (text string, ok bool) {
	is, _ := d.is.(string)
	would, _ := d.would.(string)
	if !isWithheld(d.path) || looksSecret(d.path) || !strings.Contains(would, "\n") {
		return "", false
	}
	found := strings.Split(is, "\n")
	for i, line := range strings.Split(would, "\n") {
		if i >= len(found) || found[i] != line {
			return fmt.Sprintf("%s: found another text in line %d: must be %s", d.path, i+1, show(d.path, line)), true
		}
	}
	return d.path + ": found a longer text than the rendered one", true
}

// bare is what a bundle has of a difference: without its values, where those may be secrets.
func (d difference) bare() string {
	switch {
	case isShown(d.path):
		return d.String()
	case !d.has:
		return d.path + ": is missing"
	case !d.must:
		return d.path + ": must not be there"
	}
	return d.path + ": is not as rendered"
}

// textsOf are the texts of a list of nothing else.
func textsOf(value any) (texts []string, all bool) {
	list, all := value.([]any)
	for _, element := range list {
		text, isText := element.(string)
		all = all && isText
		texts = append(texts, text)
	}
	return texts, all
}

// compareTexts says what is in only one of two lists.
func compareTexts(path string, is, would []string) string {
	without := func(all, of []string) []string {
		return slices.DeleteFunc(slices.Clone(all), func(text string) bool { return slices.Contains(of, text) })
	}
	shown := func(texts []string, found bool) (all []string) {
		for _, text := range texts {
			if found && isWithheld(path) && !slices.Contains(would, text) {
				text = withheldText(text)
			}
			all = append(all, redactedText(text))
		}
		return all
	}
	var parts []string
	if more := without(is, would); len(more) > 0 {
		parts = append(parts, fmt.Sprintf("found %q: must not be there", shown(more, true)))
	}
	if less := without(would, is); len(less) > 0 {
		parts = append(parts, fmt.Sprintf("lacks %q", shown(less, false)))
	}
	if len(parts) == 0 {
		return fmt.Sprintf("found %q: must be %q", shown(is, true), shown(would, false))
	}
	return strings.Join(parts, "; ")
}

// longest is how much of a value is shown.
const longest = 100

// show is a value as JSON, if it is short and no secret.
func show(path string, value any) string {
	if looksSecret(path) || value == leftOut {
		return leftOut
	}
	text, err := json.Marshal(redacted(value))
	if err != nil {
		return fmt.Sprint(value)
	}
	if len(text) > longest {
		return strings.ToValidUTF8(string(text[:longest]), "") + "..."
	}
	return string(text)
}

// differences are the fields in which an object differs from what it must be.
func differences(is, would map[string]any) (found []difference) {
	differ("", is, would, &found)
	changed := map[string]bool{}
	for _, d := range found {
		changed[d.path] = true
	}
	return slices.DeleteFunc(found, func(d difference) bool { return isServers(d.path) || changed[follows[d.path]] })
}

// follows are fields that the API server sets, or takes away, by another one, which is
// named where it has changed.
var follows = map[string]string{"spec.externalTrafficPolicy": "spec.type", "spec.internalTrafficPolicy": "spec.type", "spec.allocateLoadBalancerNodePorts": "spec.type",
	"spec.healthCheckNodePort": "spec.externalTrafficPolicy"}

func differ(path string, is, would any, found *[]difference) {
	if isServers(path) || reflect.DeepEqual(is, would) {
		return
	}
	a, b := fieldsOf(is), fieldsOf(would)
	_, isTexts := textsOf(is)
	if _, wouldBe := textsOf(would); a == nil || b == nil || isTexts && wouldBe {
		*found = append(*found, difference{path, is, would, true, true})
		return
	}
	keys := maps.Clone(a)
	maps.Copy(keys, b)
	for _, key := range slices.Sorted(maps.Keys(keys)) {
		at := join(path, key)
		one, has := a[key]
		other, must := b[key]
		switch {
		case has && must:
			differ(at, one, other, found)
		case !isServers(at):
			*found = append(*found, difference{at, one, other, has, must})
		}
	}
}

// fieldsOf are the parts of a value: of a list, by the names that its elements have, or by
// their numbers. Of anything else it is nil.
func fieldsOf(value any) map[string]any {
	switch value := value.(type) {
	case map[string]any:
		return value
	case []any:
		fields := make(map[string]any, len(value))
		for i, key := range keysOf(value) {
			fields[key] = value[i]
		}
		return fields
	}
	return nil
}

// tells are names that paths have: one with a bracket would end there, and a number is an element's.
var tells = regexp.MustCompile(`^[^\[\]]*[^\[\]0-9][^\[\]]*$`)

// keysOf are what the elements of a list are called in paths.
func keysOf(list []any) []string {
	keys, seen := make([]string, len(list)), map[string]bool{}
	for i, element := range list {
		keys[i] = fmt.Sprintf("[%d]", i)
		if name := snapshot.Text(element, "name"); tells.MatchString(name) && !seen[name] { // names that are not unique tell nothing
			keys[i] = "[" + name + "]"
			seen[name] = true
		}
	}
	return keys
}

var plain = regexp.MustCompile(`^[A-Za-z0-9_-]+$`)

// join is metadata.labels[istio.io/rev].
func join(path, key string) string {
	switch {
	case strings.HasPrefix(key, "[") || path == "" && plain.MatchString(key):
		return path + key
	case !plain.MatchString(key):
		return path + "[" + key + "]"
	}
	return path + "." + key
}
