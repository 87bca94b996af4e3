package summary

import (
	"fmt"
	"slices"
	"strings"
)

// Revision is one of several control planes of a tenant.
type Revision struct {
	// Name is the Istio revision.
	Name string `json:"name"`
	// Istio is its version; "" where it cannot be told.
	Istio string `json:"istio"`
	// Namespaces are those whose Pods it injects.
	Namespaces []string `json:"namespaces"`
}

// String is "sales-1-31 (Istio 1.31.0) for ns-2".
func (r Revision) String() string {
	serves := "no namespace"
	if len(r.Namespaces) > 0 {
		serves = strings.Join(r.Namespaces, ", ")
	}
	return fmt.Sprintf("%s (Istio %s) for %s", r.Name, r.Istio, serves)
}

// serving is a Namespace with the revision, or the tag of one, that it names.
type serving struct{ namespace, revision string }

// sideBySide says what several control planes are, if they are revisions of one tenant.
func (f *facts) sideBySide(t *Tenant) bool {
	first := f.planes[0]
	names := map[string]bool{}
	for _, p := range f.planes {
		if p.revision == "" || names[p.revision] || p.id.Namespace != first.id.Namespace {
			return false
		}
		names[p.revision] = true
	}
	discovery := f.discovery(first)
	audiences, versions := map[string]bool{}, map[string]bool{}
	for _, p := range f.planes {
		r := Revision{Name: p.revision, Istio: p.version, Namespaces: []string{}}
		for _, s := range f.serving {
			if s.revision == p.revision || f.tags[s.revision] == p.revision {
				r.Namespaces = append(r.Namespaces, s.namespace)
			}
		}
		t.Revisions = append(t.Revisions, r)
		versions[p.version] = true
		for _, audience := range p.audiences {
			audiences[audience] = true
		}
		if d := f.discovery(p); d.Mode != discovery.Mode || !slices.Equal(d.Namespaces, discovery.Namespaces) {
			t.Cautions = append(t.Cautions, fmt.Sprintf("the control plane of revision %s is limited in another way than that of %s: %s: %s",
				p.revision, first.revision, d.Mode, strings.Join(d.Namespaces, ", ")))
		}
		if p.err != nil {
			t.Cautions = append(t.Cautions, p.err.Error())
		}
	}
	delete(versions, "")
	t.Istio, t.ControlPlaneNamespace, t.Discovery = strings.Join(sorted(versions), ", "), first.id.Namespace, discovery
	if len(audiences) > 0 {
		t.TokenAudiences = sorted(audiences)
	}
	return true
}
