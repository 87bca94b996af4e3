package checklist

import (
	"bufio"
	"fmt"
	"io"
	"slices"
	"strings"
)

// Fact is one thing that a version of Istio has.
type Fact struct {
	// Topic is one of Topics.
	Topic string
	// Name tells facts of a topic apart. Names of objects hold {ns} and {rev}
	// where the namespace and the revision of the control plane stand.
	Name string
	// Detail is what may change without a change of the name: a default, verbs.
	Detail string
	// About is Istio's own description. It is printed and never stored.
	About string
}

// topic is a kind of facts, and why somebody has to look at a new one.
type topic struct{ name, why string }

// topics are in the order of their weight for tenants.
var topics = []topic{
	{"version", "the version that the module states. Change Release and Newest in plugin/internal/istio/version.go"},
	{"refusal", "why no tenant can be built with these charts"},
	{"difference", "a field that differs between a base that was relocated and revised, and Istio's own charts"},
	{"warning", "a warning of a build of a tenant with these charts"},
	{"gap", "the catalogue (plugin/internal/istio) has no row for it, or needs something that does not exist"},
	{"kind", "a CustomResourceDefinition. The common base contains it, and its scope decides who may write it"},
	{"right", "a right of a ServiceAccount. The catalogue says where a tenant has it"},
	{"name", "the name of an object. Two tenants must not have the same one, and a revision may be part of it"},
	{"webhook", "an entry of a webhook configuration. It must match only the tenant's namespaces"},
	{"port", "a port. The NetworkPolicy says who may connect to it"},
	{"feature", "an environment variable that istiod reads. It may extend or limit what istiod sees"},
	{"flag", "an argument that istiod knows. It may extend or limit what istiod sees"},
	{"lock", "a lock with which istiods elect a leader. If two tenants share it, the istiod of one of them does nothing. verify knows it from plugin/internal/istio/lock.go"},
	{"watched", "a kind that istiod reads. It needs the right to read it"},
	{"argument", "an argument in the charts"},
	{"variable", "an environment variable in the charts"},
	{"label", "a label or an annotation in the charts"},
	{"mesh", "a default of the mesh configuration"},
	{"template", "what the injector adds to Pods, or what istiod deploys for a Gateway"},
	{"value", "a value of a chart. An IstioRelease accepts it, unless the tenant or the base decides it"},
	{"profile", "a profile or platform of a chart"},
}

// Line is the fact as known.txt has it.
func (f Fact) Line() string {
	line := f.Topic + ": " + f.Name
	if f.Detail != "" {
		line += " = " + f.Detail
	}
	return line
}

func (f Fact) key() string { return f.Topic + ": " + f.Name }

// answered are the topics that the catalogue has to answer: looking at them is
// not enough.
var answered = []string{"refusal", "difference", "warning", "gap"}

// Facts are a version's, or those that are known.
type Facts struct {
	byKey map[string]Fact
}

// Add adds a fact. Of two of one name the first stays, but for rights, whose
// verbs add up.
func (f *Facts) Add(facts ...Fact) {
	if f.byKey == nil {
		f.byKey = map[string]Fact{}
	}
	for _, one := range facts {
		// A line is one line, and an equals sign ends the name.
		one.Name, one.Detail = oneLine(one.Name), oneLine(one.Detail)
		old, found := f.byKey[one.key()]
		switch {
		case !found:
			f.byKey[one.key()] = one
		case one.Topic == "right":
			old.Detail = union(old.Detail, one.Detail)
			f.byKey[one.key()] = old
		}
	}
}

func union(a, b string) string {
	words := append(strings.Fields(a), strings.Fields(b)...)
	slices.Sort(words)
	return strings.Join(slices.Compact(words), " ")
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

func (f Facts) has(topic, name string) bool {
	_, found := f.byKey[Fact{Topic: topic, Name: name}.key()]
	return found
}

func (f Facts) hasTopic(topic string) bool {
	return slices.ContainsFunc(f.All(), func(one Fact) bool { return one.Topic == topic })
}

// All are the facts in the order of topics and of their names.
func (f Facts) All() []Fact {
	all := make([]Fact, 0, len(f.byKey))
	for _, one := range f.byKey {
		all = append(all, one)
	}
	slices.SortFunc(all, func(a, b Fact) int {
		if d := rank(a.Topic) - rank(b.Topic); d != 0 {
			return d
		}
		return strings.Compare(a.Name, b.Name)
	})
	return all
}

func rank(name string) int {
	return slices.IndexFunc(topics, func(t topic) bool { return t.name == name })
}

// Write writes the facts as Read reads them.
func (f Facts) Write(w io.Writer) error {
	out := bufio.NewWriter(w)
	for _, one := range f.All() {
		fmt.Fprintln(out, one.Line())
	}
	return out.Flush()
}

// Read reads facts, one a line. Empty lines and lines that begin with # say
// nothing. The error names the line that is none.
func Read(r io.Reader) (Facts, error) {
	var facts Facts
	scanner := bufio.NewScanner(r)
	scanner.Buffer(nil, 1<<20)
	for n := 1; scanner.Scan(); n++ {
		line := strings.TrimSpace(scanner.Text())
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		topic, rest, ok := strings.Cut(line, ": ")
		if !ok || rank(topic) < 0 {
			return Facts{}, fmt.Errorf("line %d: found %q. Write \"TOPIC: NAME = DETAIL\", with one of these topics: %s", n, line, topicNames())
		}
		name, detail, _ := strings.Cut(rest, " = ")
		one := Fact{Topic: topic, Name: name, Detail: detail}
		if _, twice := facts.byKey[one.key()]; twice {
			return Facts{}, fmt.Errorf("line %d: %s exists twice. Remove one of the lines", n, one.key())
		}
		facts.Add(one)
	}
	return facts, scanner.Err()
}

func topicNames() string {
	names := make([]string, 0, len(topics))
	for _, t := range topics {
		names = append(names, t.name)
	}
	return strings.Join(names, ", ")
}

// Open are the lines that the catalogue has to answer.
func (f Facts) Open() []string {
	var open []string
	for _, one := range f.byKey {
		if slices.Contains(answered, one.Topic) {
			open = append(open, one.Line())
		}
	}
	slices.Sort(open)
	return open
}
