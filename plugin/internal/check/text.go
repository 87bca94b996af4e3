package check

import (
	"bytes"
	"fmt"
	"io"
	"strings"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/printable"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/structured"
)

// Format is how a report is printed.
type Format string

// Text is for people, JSON and YAML for programs, SARIF for code reviews, and JUnit for CI
// systems.
const (
	Text  Format = "text"
	JSON  Format = structured.JSON
	YAML  Format = structured.YAML
	SARIF Format = "sarif"
	JUnit Format = "junit"
)

// Formats are all of them.
func Formats() []Format { return []Format{Text, JSON, YAML, SARIF, JUnit} }

// Print writes a report, all of it at once.
func (r *Report) Print(w io.Writer, format Format, least Severity) error {
	var b bytes.Buffer
	var err error
	switch format {
	case JSON, YAML:
		err = r.structured(&b, format)
	case SARIF:
		err = r.sarif(&b)
	case JUnit:
		err = r.junit(&b, least)
	default:
		r.text(&b)
	}
	if err != nil {
		return err
	}
	if _, err := b.WriteTo(w); err != nil {
		return fmt.Errorf("stdout: %w", err)
	}
	return nil
}

func (r *Report) text(b *bytes.Buffer) {
	for _, f := range r.Findings {
		line(b, "%s%s: %s [%s]", position(f), f.Severity, f.Message, f.Rule)
		for i, hop := range f.Hops {
			line(b, "    %d. %s", i+1, hop)
		}
	}
	for _, f := range r.Accepted {
		line(b, "%saccepted: %s [%s]: %s", position(f), f.Message, f.Rule, f.Accepted)
	}
	for _, e := range r.Gone {
		line(b, "no longer found, remove it from the baseline: %s [%s]", e.Message, e.Rule)
	}
	line(b, "%s", r)
}

// line writes one line, whatever is in the names of objects.
func line(b *bytes.Buffer, format string, args ...any) {
	fmt.Fprintln(b, printable.Text(fmt.Sprintf(format, args...)))
}

// position is "overlays/hr/tenant.yaml:14: ", or "" where a finding is about the whole.
func position(f Finding) string {
	if f.Source.File == "" {
		return ""
	}
	return f.Source.String() + ": "
}

// String is "sales-admin may create Pods in ns-1 (RoleBinding ns-1/access-all-ns-1, rule, file:line)".
func (h Hop) String() string {
	var by []string
	if h.Object.Kind != "" {
		by = append(by, h.Object.String())
	}
	if h.Rule != "" {
		by = append(by, h.Rule)
	}
	if h.Source.File != "" {
		by = append(by, h.Source.String())
	}
	if len(by) == 0 {
		return h.Text
	}
	return h.Text + " (" + strings.Join(by, ", ") + ")"
}

// String is one line:
//
//	2 tenants, 64 objects, with bases/istio/common: no findings
func (r *Report) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s, %s", count(r.Tenants, "tenant"), count(r.Objects, "object"))
	if len(r.Common) > 0 {
		fmt.Fprintf(&b, ", with %s", some(r.Common))
	}
	b.WriteString(": ")
	var parts []string
	for _, s := range []Severity{Error, Warning, Note} {
		if n := r.Count(s) - r.Count(s+1); n > 0 {
			parts = append(parts, count(n, s.String()))
		}
	}
	if len(parts) == 0 {
		parts = append(parts, "no findings")
	}
	if n := len(r.Accepted); n > 0 {
		parts = append(parts, fmt.Sprintf("%d accepted", n))
	}
	if n := len(r.Known); n > 0 {
		parts = append(parts, fmt.Sprintf("%d in the baseline", n))
	}
	if n := len(r.Gone); n > 0 {
		parts = append(parts, fmt.Sprintf("%d of the baseline no longer found", n))
	}
	b.WriteString(strings.Join(parts, ", "))
	if n := len(r.Errors); n > 0 {
		fmt.Fprintf(&b, "; not everything could be checked: %s", count(n, "mistake"))
	}
	return b.String()
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
