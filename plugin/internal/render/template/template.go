package template

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/istio-tenancy/istio-tenancy/plugin/api/v1alpha1"
)

// Template is the output for all tenants of one key and kustomization.
type Template struct {
	// Runs are the objects, in order; those of one kind are a run.
	Runs []Run
	// Sorted says that the objects of a run are in order of their names.
	Sorted bool
	// Shortest and Longest are the lengths in bytes that each name may have.
	Shortest, Longest []int
	// Words is the output without placeholders.
	Words string
	// Notes is what is printed beside the output.
	Notes Text
}

// Run is a sequence of objects of one apiVersion and kind.
type Run []Object

// Object is an object's text, and what it is sorted by.
type Object struct{ Key, Text Text }

// Text is text with placeholders: Literals[0], name Placeholders[0], Literals[1], and so on.
type Text struct {
	Literals     []string
	Placeholders []int
}

// Output is what a build printed: objects, and notes beside them.
type Output struct{ YAML, Notes string }

// New makes a template of the output for both of a key's samples. sorted says
// whether kustomize sorts the objects (sortOptions: legacy, its default). The
// error says what in the output depends on more than the names.
func New(short, long Sample, shortOutput, longOutput Output, sorted bool) (*Template, error) {
	a, err := cut(shortOutput.YAML, short.names, long.names)
	if err != nil {
		return nil, err
	}
	b, err := cut(longOutput.YAML, long.names, short.names)
	if err != nil {
		return nil, err
	}
	notes := marker(short.names).Replace(shortOutput.Notes)
	if notes != marker(long.names).Replace(longOutput.Notes) {
		return nil, errors.New("what is printed beside it differs in more than the names")
	}
	t := &Template{Sorted: sorted, Notes: parse(notes)}
	if len(a) != len(b) {
		return nil, fmt.Errorf("%d objects or %d", len(a), len(b))
	}
	for start := 0; start < len(a); {
		end := start + 1
		for end < len(a) && a[end].kind == a[start].kind {
			end++
		}
		run, other := a[start:end], b[start:end]
		if sorted && (!inOrder(run, short.names) || !inOrder(other, long.names)) {
			return nil, fmt.Errorf("%s: in another order than that of the names", a[start].kind)
		}
		if sorted {
			byText := func(x, y document) int { return cmp.Compare(x.text, y.text) }
			slices.SortFunc(run, byText)
			slices.SortFunc(other, byText)
		}
		if !slices.Equal(run, other) {
			return nil, fmt.Errorf("%s: differs in more than the names", a[start].kind)
		}
		var objects Run
		for _, d := range run {
			objects = append(objects, Object{parse(d.key), parse(d.text)})
		}
		t.Runs = append(t.Runs, objects)
		start = end
	}
	if !strings.Contains(joined(a), mark(0)) {
		return nil, errors.New("the tenant's name is not in it")
	}
	t.limit(short.names, long.names, longOutput.YAML)
	t.Words = t.words()
	return t, nil
}

// limit sets how long names may be. No name may be longer than a sample's, and
// none shorter where an emitter may break a line, which depends on its length:
// where both samples have a line broken alike, so has all that is between them.
func (t *Template) limit(short, long []string, longest string) {
	const width = 80 // of the YAML that kustomize writes
	breaks := false
	for line := range strings.Lines(longest) {
		_, value, _ := strings.Cut(strings.TrimLeft(line, " -"), ": ")
		if len(line) > width && strings.Contains(value, " ") {
			breaks = breaks || slices.ContainsFunc(long, func(name string) bool { return strings.Contains(line, name) })
		}
	}
	for i := range short {
		least := 1
		if breaks {
			least = len(short[i])
		}
		t.Shortest, t.Longest = append(t.Shortest, least), append(t.Longest, len(long[i]))
	}
}

// words is what a name must not stand in: the chain might take the one for the
// other. Our own label has a domain that is no such word.
func (t *Template) words() string {
	var b strings.Builder
	for _, run := range t.Runs {
		for _, o := range run {
			for _, literal := range o.Text.Literals {
				b.WriteString(literal)
				b.WriteByte(0)
			}
		}
	}
	return strings.ReplaceAll(b.String(), v1alpha1.Group+"/", "\x00/")
}

// Fits says whether the names of a tenant can be filled in.
func (t *Template) Fits(names []string) bool { return t.Misfit(names) == "" }

// Misfit says why the names of a tenant cannot be filled in; "": they can.
func (t *Template) Misfit(names []string) string {
	if len(names) != len(t.Longest) {
		return fmt.Sprintf("it has %d names, and those that it is alike have %d", len(names), len(t.Longest))
	}
	for i, name := range names {
		switch {
		case len(name) < t.Shortest[i]:
			return fmt.Sprintf("the name %q is too short: must have %d letters or more", name, t.Shortest[i])
		case len(name) > t.Longest[i]:
			return fmt.Sprintf("the name %q is too long: must have %d letters or fewer", name, t.Longest[i])
		case wordIndex(t.Words, name) >= 0:
			return fmt.Sprintf("the name %q is also a word of what every such tenant has", name)
		}
	}
	return ""
}

// Fill appends the output for a tenant to buffer, which may be nil. names fit.
func (t *Template) Fill(buffer []byte, names []string) []byte {
	for _, run := range t.Runs {
		for _, at := range t.order(run, names) {
			if len(buffer) > 0 {
				buffer = append(buffer, separator...)
			}
			buffer = run[at].Text.fill(buffer, names)
		}
	}
	return buffer
}

// FillNotes returns what is printed beside the output for a tenant.
func (t *Template) FillNotes(names []string) string { return string(t.Notes.fill(nil, names)) }

// order is the order of a run's objects.
func (t *Template) order(run Run, names []string) []int {
	order, keys := make([]int, len(run)), make([]string, len(run))
	for i := range run {
		order[i] = i
		if t.Sorted && len(run) > 1 {
			keys[i] = string(run[i].Key.fill(nil, names))
		}
	}
	slices.SortStableFunc(order, func(x, y int) int { return cmp.Compare(keys[x], keys[y]) })
	return order
}
