package verify

import (
	"bytes"
	"encoding/json"
	"io"
	"time"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/check"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/structured"
)

// printed is what the formats JSON and YAML print. Its fields keep their names and meanings; later
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
	// Check is what check -o json prints, of the cluster's own objects; null: not all of
	// them could be read, and so nothing was judged.
	Check json.RawMessage `json:"check"`
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

// Print writes a report for programs, in one of the formats of package structured.
func (r *Report) Print(w io.Writer, format string) error {
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
	return structured.Print(w, format, p)
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
