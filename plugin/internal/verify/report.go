package verify

import (
	"cmp"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/check"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
)

// Part is one of the things that are verified.
type Part string

// The parts are those of docs/verify.md.
const (
	Rights       Part = "rights"
	Drift        Part = "drift"
	Readiness    Part = "readiness"
	Certificates Part = "certificates"
	Network      Part = "network"
	Rules        Part = "rules"
)

// Finding is something that is not as it should be.
type Finding struct {
	Part     Part
	Severity check.Severity
	// Tenant is "" where it is the common base's, or nobody's.
	Tenant string
	// Object is the zero value where it is about none.
	Object  object.ID
	Message string

	bare string // the message in a bundle, if it is another
}

// Unasked is a question that could not be asked, so that the answer is not known.
type Unasked struct {
	Part Part
	// What could not be asked, how often, and the API server's message about one case.
	What  string
	Count int
	Why   string
	// Denied says that the user has no right to ask.
	Denied bool
}

// Tenant is what was asked about a tenant.
type Tenant struct {
	Name string
	// Questions and Objects are how many were asked about and compared.
	Questions, Objects int
	// Planes are its own control planes that are ready.
	Planes []string
	// Until is when the first of its certificates ends; the zero value: it has none.
	Until time.Time
}

// Report is what was asked, and what was found.
type Report struct {
	Context, Server string
	Tenants         []Tenant
	// Common are the common bases, by their directories.
	Common []Tenant
	// Enforced says what is known of NetworkPolicies.
	Enforced string
	Findings []Finding
	// Judged is what package check finds in the cluster's own objects; nil: not all of
	// them could be read, and without all policies the result would be wrong.
	Judged  *check.Report
	Unasked []Unasked
	// Requests are how many were sent.
	Requests int

	mu      sync.Mutex
	tenants map[string]*Tenant
}

func (r *Report) find(part Part, severity check.Severity, tenant string, id object.ID, format string, args ...any) {
	r.add(Finding{Part: part, Severity: severity, Tenant: tenant, Object: id, Message: fmt.Sprintf(format, args...)})
}

func (r *Report) add(f Finding) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.Findings = append(r.Findings, f)
}

// bare is a report for a bundle.
func (r *Report) bare() *Report {
	bare := &Report{Context: r.Context, Server: r.Server, Tenants: r.Tenants, Common: r.Common, Enforced: r.Enforced, Judged: r.Judged, Unasked: r.Unasked, Requests: r.Requests}
	for _, f := range r.Findings {
		f.Message = cmp.Or(f.bare, f.Message)
		bare.Findings = append(bare.Findings, f)
	}
	return bare
}

// miss says that something could not be asked.
func (r *Report) miss(part Part, what string, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for i := range r.Unasked {
		if u := &r.Unasked[i]; u.Part == part && u.What == what && u.Denied == denied(err) {
			u.Count++
			u.Why = min(u.Why, err.Error()) // the same in each run, whichever was the first
			return
		}
	}
	r.Unasked = append(r.Unasked, Unasked{part, what, 1, err.Error(), denied(err)})
}

// of changes what is known of a tenant, or of a common base.
func (r *Report) of(name string, change func(*Tenant)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if t := r.tenants[name]; t != nil {
		change(t)
	}
}

func (r *Report) sort() {
	slices.SortFunc(r.Findings, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(b.Severity, a.Severity), cmp.Compare(a.Tenant, b.Tenant), cmp.Compare(a.Part, b.Part), cmp.Compare(a.Object.String(), b.Object.String()),
			cmp.Compare(a.Message, b.Message))
	})
	r.Findings = slices.Compact(r.Findings)
	slices.SortFunc(r.Unasked, func(a, b Unasked) int { return cmp.Or(cmp.Compare(a.Part, b.Part), cmp.Compare(a.What, b.What)) })
	byName := func(a, b Tenant) int { return cmp.Compare(a.Name, b.Name) }
	slices.SortFunc(r.Tenants, byName)
	slices.SortFunc(r.Common, byName)
	for _, all := range [][]Tenant{r.Tenants, r.Common} {
		for i := range all {
			if t := r.tenants[all[i].Name]; t != nil {
				all[i] = *t
				slices.Sort(all[i].Planes)
			}
		}
	}
}

// Count is how many findings are at least as bad as a severity, those of the rules too.
func (r *Report) Count(least check.Severity) (n int) {
	for _, f := range r.Findings {
		if f.Severity >= least {
			n++
		}
	}
	if r.Judged != nil {
		n += r.Judged.Count(least)
	}
	return n
}

// Errors are how many rules could not be judged, and how many things not be asked.
func (r *Report) Errors() int {
	n := len(r.Unasked)
	if r.Judged != nil {
		n += len(r.Judged.Errors)
	}
	return n
}
