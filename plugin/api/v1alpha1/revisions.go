package v1alpha1

import (
	"slices"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/strictyaml"
)

// longestRevision is that of an Istio revision: it ends names of Services, "istiod-"
// in front.
const longestRevision = 56

// checkRevisions: each control plane has a name, and each application namespace one
// control plane.
func (p *problems) checkRevisions(t IstioTenant) {
	const path = "spec.controlPlane.revisions"
	revisions := t.Spec.ControlPlane.Revisions
	names, served := map[string]bool{}, map[string]string{}
	for i, r := range revisions {
		at := strictyaml.Element(path, i)
		full := t.RevisionNamed(r.Name)
		switch {
		case names[r.Name]:
			p.add(at+".name", "%q is listed twice: list it once", r.Name)
		case r.Name == UnnamedRevision && i > 0:
			p.add(at+".name", "%q is the control plane of the base without a revision, to which %s refers as long as this entry is there: must be the "+
				"first; move the namespaces one by one, and remove the entry when it serves none", r.Name, "spec.controlPlane.revision")
		case len(full) > longestRevision:
			p.add(at+".name", "%q makes the revision %q of %d characters: must be at most %d", r.Name, full, len(full), longestRevision)
		}
		names[r.Name] = true
		if r.Name == UnnamedRevision && len(r.ApplicationNamespaces) > 0 {
			p.add(at+".applicationNamespaces", "has no effect: the base without a revision serves every namespace that no other revision lists: leave it out")
			continue
		}
		for j, ns := range r.ApplicationNamespaces {
			switch at := strictyaml.Element(at+".applicationNamespaces", j); {
			case !slices.Contains(t.Spec.ApplicationNamespaces, ns):
				p.add(at, "%q is no application namespace of this tenant: must be one of %s", ns, list(t.Spec.ApplicationNamespaces))
			case served[ns] != "":
				p.add(at, "%q is served by %s already: list it once", ns, served[ns])
			default:
				served[ns] = r.Name
			}
		}
	}
}
