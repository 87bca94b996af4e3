package check

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/suggest"
)

// Explain writes the explanation of a rule; without an id, a line for each rule.
func Explain(w io.Writer, id string) error {
	if id == "" {
		t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
		for _, r := range Rules() {
			fmt.Fprintf(t, "%s\t%s\t%s\n", r.ID, r.Severity, r.Line)
		}
		return t.Flush()
	}
	r, found := RuleOf(id)
	if !found {
		return fmt.Errorf("explain: found %q: must be a rule, as istio-tenancy explain lists them%s", id, suggest.Question(id, ids()))
	}
	_, err := fmt.Fprintf(w, "%s (%s)\n\n%s\n\n%s\n\nWhat to do: %s\n\nTo accept a finding, write this annotation on its object, or on the IstioTenant:\n\n  %s: \"%s: why it may be so\"\n",
		r.ID, r.Severity, r.Line, r.Why, r.Fix, Annotation, r.ID)
	return err
}

// Page writes docs/rules.md.
func Page(w io.Writer) error {
	var b strings.Builder
	b.WriteString(`# The rules of check

This page is generated: ` + "`make generate`" + `. ` + "`istio-tenancy explain RULE`" + ` prints the same in a terminal, and
[check.md](check.md) says how to use them.

| rule | severity | what is found |
|---|---|---|
`)
	for _, r := range Rules() {
		fmt.Fprintf(&b, "| [%s](#%s) | %s | %s |\n", r.ID, r.ID, r.Severity, r.Line)
	}
	for _, r := range Rules() {
		fmt.Fprintf(&b, "\n## %s\n\n%s %s\n\n**What to do.** %s\n", r.ID, r.Line, r.Why, r.Fix)
	}
	_, err := io.WriteString(w, b.String())
	return err
}
