package check

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/reach"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/snapshot"
)

// Severity says how much a finding counts.
type Severity int

// An Error breaks the walls between tenants, a Warning takes away one of several, and a
// Note is what somebody has asked for, or should know.
const (
	Note Severity = iota + 1
	Warning
	Error
)

var severities = []string{"none", "note", "warning", "error"}

func (s Severity) String() string { return severities[s] }

// MarshalText is for JSON.
func (s Severity) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads what MarshalText writes.
func (s *Severity) UnmarshalText(text []byte) error {
	i := slices.Index(severities, string(text))
	if i < int(Note) {
		return fmt.Errorf("severity: found %q: must be note, warning or error", text)
	}
	*s = Severity(i)
	return nil
}

// Rule describes something that must not exist.
type Rule struct {
	// ID are words with dashes between them.
	ID string
	// Severity is that of its findings; a finding may say that it is a note.
	Severity Severity
	// Line says in a few words what is found.
	Line string
	// Why is the consequence, and Fix what to do.
	Why, Fix string

	find func(*estate, *report)
	// gives says that the tenant of the object opens what is its own, and takes nothing.
	gives bool
}

// Finding is a place that breaks a rule.
type Finding struct {
	Rule     string
	Severity Severity
	// Tenants are those that it is about, sorted.
	Tenants []string
	// Object is the zero value where it is about none.
	Object object.ID
	Source snapshot.Source
	// Message is one line.
	Message string
	// Hops are the path from one tenant to another, if the finding is a path.
	Hops []Hop
	// Path is the same as Hops, for a program that tries them; nil: there are none.
	Path *reach.Path
	// Fingerprint stays the same as long as the finding stays the same, even if it
	// moves in a file.
	Fingerprint string
	// Accepted is the reason why somebody accepts it; "": it is not accepted.
	Accepted string

	rights []string           // all that it is about: one that grows is another
	about  string             // tells findings of a rule about an object apart
	of     *snapshot.Object   // Object, if it is in the snapshot
	more   []*snapshot.Object // others that it is about, which may accept it, too
	field  string             // of a tenant's file
	file   string             // that has it
}

// Hop is a step of a path.
type Hop struct {
	// Text says what somebody does.
	Text string
	// Object allows it, by its Rule.
	Object object.ID
	Rule   string
	Source snapshot.Source
}

// print gives a finding its fingerprint.
func (f *Finding) print() {
	sum := sha256.New()
	for _, part := range append([]string{f.Rule, f.Object.Group, f.Object.Kind, f.Object.Namespace, f.Object.Name, f.about}, f.Tenants...) {
		fmt.Fprintf(sum, "%d:%s\n", len(part), part)
	}
	for _, right := range f.rights {
		fmt.Fprintf(sum, "%d:%s\n", len(right), right)
	}
	for _, hop := range f.Hops {
		fmt.Fprintf(sum, "%s\n%s\n%s\n", hop.Object.Group, hop.Object, hop.Rule)
	}
	f.Fingerprint = hex.EncodeToString(sum.Sum(nil)[:12])
}

// compare puts the worst first.
func compare(a, b Finding) int {
	return cmp.Or(
		cmp.Compare(b.Severity, a.Severity), cmp.Compare(a.Rule, b.Rule), slices.Compare(a.Tenants, b.Tenants),
		cmp.Compare(a.Object.Namespace, b.Object.Namespace), cmp.Compare(a.Object.Kind, b.Object.Kind), cmp.Compare(a.Object.Name, b.Object.Name),
		cmp.Compare(a.Message, b.Message))
}

// report takes the findings of one rule.
type report struct {
	rule     Rule
	findings []Finding
}

// add adds a finding about an object, which tells itself apart from others about it by
// what it is about.
func (r *report) add(o *snapshot.Object, about string, tenants []string, format string, args ...any) *Finding {
	f := Finding{Rule: r.rule.ID, Severity: r.rule.Severity, Tenants: distinct(tenants), about: about, Message: fmt.Sprintf(format, args...), of: o}
	if o != nil {
		f.Object, f.Source = o.ID, o.Source
	}
	r.findings = append(r.findings, f)
	return &r.findings[len(r.findings)-1]
}

// asked says that somebody has asked for it, and where.
func (f *Finding) asked(where string) {
	f.Severity = Note
	f.Message += " (asked for: " + where + ")"
}

func distinct(words []string) []string {
	words = slices.DeleteFunc(slices.Clone(words), func(word string) bool { return word == "" })
	slices.Sort(words)
	return slices.Compact(words)
}

// some names a few of many: "ns-1, ns-2 and 3 more".
func some(words []string) string {
	if len(words) <= few+1 {
		return listed(words)
	}
	if len(words) > most {
		return strings.Join(words[:few], ", ") + " and many more"
	}
	return fmt.Sprintf("%s and %d more", strings.Join(words[:few], ", "), len(words)-few)
}

// listed is "a, b and c".
func listed(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	last := len(words) - 1
	return strings.Join(words[:last], ", ") + " and " + words[last]
}

// called is "tenant hr", or "tenants hr and sales".
func called(tenants []string) string {
	switch tenants = distinct(tenants); len(tenants) {
	case 0:
		return "no tenant"
	case 1:
		return "tenant " + tenants[0]
	}
	return "tenants " + some(tenants)
}
