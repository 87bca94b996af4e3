package verify

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/check"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
)

// Text writes a report for people: what is wrong first, and then a line a tenant.
func (r *Report) Text(w io.Writer) error {
	var b bytes.Buffer
	wrong := map[string]int{}
	for _, f := range r.Findings {
		if f.Severity == check.Error {
			wrong[f.Tenant]++
		}
		b.WriteString(f.Severity.String() + ": ")
		if f.Tenant != "" {
			b.WriteString(f.Tenant + ": ")
		}
		if f.Object != (object.ID{}) {
			b.WriteString(f.Object.String() + ": ")
		}
		fmt.Fprintf(&b, "%s [%s]\n", f.Message, f.Part)
	}
	if r.Judged != nil {
		for _, f := range r.Judged.Findings {
			if f.Severity == check.Error {
				for _, tenant := range f.Tenants {
					wrong[tenant]++
				}
			}
		}
		if err := r.Judged.Print(&b, check.Text, check.Error); err != nil {
			return err
		}
		for _, line := range r.Judged.Errors {
			fmt.Fprintf(&b, "could not be judged: %s [%s]\n", line, Rules)
		}
	}
	if r.Judged == nil {
		fmt.Fprintf(&b, "the cluster's own roles, policies and webhooks are not judged, since not all of them could be read [%s]\n", Rules)
	}
	for _, u := range r.Unasked {
		times := ""
		if u.Count > 1 {
			times = fmt.Sprintf(", %d times", u.Count)
		}
		fmt.Fprintf(&b, "could not be asked%s: %s: %s [%s]\n", times, u.What, u.Why, u.Part)
	}
	fmt.Fprintln(&b, r.Enforced)
	for _, t := range r.Common {
		fmt.Fprintf(&b, "%s: %s\n", t.Name, t.line(wrong[t.Name]))
	}
	for _, t := range r.Tenants {
		fmt.Fprintf(&b, "%s: %s\n", t.Name, t.line(wrong[t.Name]))
	}
	_, err := b.WriteTo(w)
	return err
}

// line is all that was asked about a tenant.
func (t Tenant) line(wrong int) string {
	var parts []string
	if t.Questions > 0 {
		parts = append(parts, fmt.Sprintf("%d questions answered", t.Questions))
	}
	if t.Objects > 0 {
		parts = append(parts, fmt.Sprintf("%d objects compared", t.Objects))
	}
	for _, p := range t.Planes {
		parts = append(parts, p+" ready")
	}
	if !t.Until.IsZero() {
		parts = append(parts, "certificates until "+t.Until.Format(time.DateOnly))
	}
	switch {
	case wrong == 1:
		parts = append(parts, "1 error")
	case wrong > 1:
		parts = append(parts, fmt.Sprintf("%d errors", wrong))
	case len(parts) == 0:
		parts = append(parts, "nothing could be asked")
	default:
		parts = append(parts, "no errors")
	}
	return strings.Join(parts, ", ")
}

// printed is what the format JSON prints. Its fields keep their names and meanings; later
// versions may add others. Lists are never null.
type printed struct {
	Context  string           `json:"context"`
	Server   string           `json:"server"`
	Network  string           `json:"network"`
	Requests int              `json:"requests"`
	Tenants  []printedTenant  `json:"tenants"`
	Common   []printedTenant  `json:"common"`
	Findings []printedFinding `json:"findings"`
	Unasked  []printedUnasked `json:"unasked"`
	// Check is what check -o json prints, of the cluster's own objects.
	Check json.RawMessage `json:"check,omitempty"`
}

type printedTenant struct {
	Name          string   `json:"name"`
	Questions     int      `json:"questions"`
	Objects       int      `json:"objects"`
	ControlPlanes []string `json:"controlPlanes"`
	Until         string   `json:"certificatesUntil,omitempty"`
}

type printedFinding struct {
	Part      Part           `json:"part"`
	Severity  check.Severity `json:"severity"`
	Tenant    string         `json:"tenant,omitempty"`
	Group     string         `json:"group,omitempty"`
	Kind      string         `json:"kind,omitempty"`
	Namespace string         `json:"namespace,omitempty"`
	Name      string         `json:"name,omitempty"`
	Message   string         `json:"message"`
}

type printedUnasked struct {
	Part   Part   `json:"part"`
	What   string `json:"what"`
	Count  int    `json:"count"`
	Why    string `json:"why"`
	Denied bool   `json:"denied"`
}

// JSON writes a report for programs.
func (r *Report) JSON(w io.Writer) error {
	p := printed{Context: r.Context, Server: r.Server, Network: r.Enforced, Requests: r.Requests,
		Tenants: printTenants(r.Tenants), Common: printTenants(r.Common), Findings: []printedFinding{}, Unasked: []printedUnasked{}}
	for _, f := range r.Findings {
		p.Findings = append(p.Findings, printedFinding{f.Part, f.Severity, f.Tenant, f.Object.Group, f.Object.Kind, f.Object.Namespace, f.Object.Name, f.Message})
	}
	for _, u := range r.Unasked {
		p.Unasked = append(p.Unasked, printedUnasked(u))
	}
	if r.Judged != nil {
		var b bytes.Buffer
		if err := r.Judged.Print(&b, check.JSON, check.Error); err != nil {
			return err
		}
		p.Check = b.Bytes()
	}
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(p)
}

func printTenants(all []Tenant) []printedTenant {
	tenants := []printedTenant{}
	for _, t := range all {
		p := printedTenant{t.Name, t.Questions, t.Objects, append([]string{}, t.Planes...), ""}
		if !t.Until.IsZero() {
			p.Until = t.Until.UTC().Format(time.RFC3339)
		}
		tenants = append(tenants, p)
	}
	return tenants
}
