package template

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"sigs.k8s.io/yaml"
)

// separator is what kustomize writes between objects. A line in a text that an
// object holds is indented.
const separator = "---\n"

// document is an object, with a mark for each placeholder.
type document struct {
	kind string // apiVersion and kind
	key  string // what kustomize sorts the objects of a kind by
	text string
}

// cut splits output and puts marks in the place of names. others are the names
// of the other sample, which nothing should know.
func cut(output string, names, others []string) ([]document, error) {
	for _, name := range others {
		if strings.Contains(output, name) {
			return nil, fmt.Errorf("%q is in it by chance", name)
		}
	}
	marks := marker(names)
	var documents []document
	for _, text := range strings.Split(output, "\n"+separator) {
		text = strings.TrimSuffix(text, "\n") + "\n"
		var head struct {
			APIVersion string `json:"apiVersion"`
			Kind       string `json:"kind"`
			Metadata   struct {
				Name      string `json:"name"`
				Namespace string `json:"namespace"`
			} `json:"metadata"`
		}
		if err := yaml.Unmarshal([]byte(text), &head); err != nil {
			return nil, err
		}
		documents = append(documents, document{
			kind: head.APIVersion + " " + head.Kind,
			// Source: legacyResIDSortString of api/internal/builtins/SortOrderTransformer.go.
			key:  marks.Replace(cmp.Or(head.Metadata.Namespace, "~X") + "|" + cmp.Or(head.Metadata.Name, "~N")),
			text: marks.Replace(text),
		})
	}
	return documents, nil
}

// marker puts marks in the place of names.
func marker(names []string) *strings.Replacer {
	var pairs []string
	for i, name := range names {
		pairs = append(pairs, name, mark(i))
	}
	return strings.NewReplacer(pairs...)
}

func joined(documents []document) string {
	var b strings.Builder
	for _, d := range documents {
		b.WriteString(d.text)
	}
	return b.String()
}

// mark stands for a placeholder in text; no YAML that is written holds a NUL.
func mark(i int) string { return "\x00" + strconv.Itoa(i) + "\x00" }

// parse turns marks into placeholders.
func parse(marked string) Text {
	var t Text
	for i, part := range strings.Split(marked, "\x00") {
		if i%2 == 0 {
			t.Literals = append(t.Literals, part)
			continue
		}
		n, err := strconv.Atoi(part)
		if err != nil {
			return Text{Literals: []string{marked}} // not of mark's making
		}
		t.Placeholders = append(t.Placeholders, n)
	}
	return t
}

func (t Text) fill(buffer []byte, names []string) []byte {
	for i, literal := range t.Literals {
		buffer = append(buffer, literal...)
		if i < len(t.Placeholders) {
			buffer = append(buffer, names[t.Placeholders[i]]...)
		}
	}
	return buffer
}

// inOrder says whether the documents of a run are sorted, as they were before
// their names were cut out.
func inOrder(run []document, names []string) bool {
	key := func(d document) string { return string(parse(d.key).fill(nil, names)) }
	return slices.IsSortedFunc(run, func(x, y document) int { return cmp.Compare(key(x), key(y)) })
}
