package program

import (
	"regexp"
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
)

// Words are a container's command and arguments as Kubernetes hands them to the
// program: $(NAME) becomes the value of a variable, where that is written under env.
func Words(container *yaml.RNode) []Word {
	values := Variables(container)
	var words []Word
	for _, text := range slices.Concat(object.Strings(container, "command"), object.Strings(container, "args")) {
		word := expand(text, values)
		word.Written = text
		words = append(words, word)
	}
	return words
}

// Variables are the values that are written under env of a container, expanded in the same
// way. Of several with one name, the last one counts.
func Variables(container *yaml.RNode) map[string]Word {
	values := map[string]Word{}
	for _, v := range object.List(container, "env") {
		name := object.String(v, "name")
		value := expand(object.String(v, "value"), values)
		delete(values, name)
		if v.Field("valueFrom") == nil {
			values[name] = value
		}
	}
	return values
}

// Word is one of them.
type Word struct {
	// Written is the word in the manifest, Text the word after the expansion.
	Written, Text string
	// Unknown is whether a variable is left in Text, whose value is elsewhere: in
	// valueFrom, in envFrom, or nowhere.
	Unknown bool
	before  string // what is known before such a variable
}

// MayName is whether a word with an unknown variable may be any argument: the
// variable is not behind a name and an equals sign, and not in plain text.
func (w Word) MayName() bool {
	return w.Unknown && (w.before == "" || strings.HasPrefix(w.before, "-") && !strings.Contains(w.before, "="))
}

var reference = regexp.MustCompile(`\$\$|\$\([^)]*\)`)

// expand does as Kubernetes does: $$ is a dollar sign, and what is not known stays.
// https://kubernetes.io/docs/tasks/inject-data-application/define-interdependent-environment-variables/
func expand(text string, values map[string]Word) Word {
	var w Word
	var to strings.Builder
	end := 0
	for _, at := range reference.FindAllStringIndex(text, -1) {
		to.WriteString(text[end:at[0]])
		found := text[at[0]:at[1]]
		end = at[1]
		if found == "$$" {
			to.WriteString("$")
			continue
		}
		value, known := values[found[2:len(found)-1]]
		if !w.Unknown && (!known || value.Unknown) {
			w.Unknown, w.before = true, to.String()+value.before
		}
		if !known {
			value.Text = found
		}
		to.WriteString(value.Text)
	}
	to.WriteString(text[end:])
	w.Text = to.String()
	return w
}
