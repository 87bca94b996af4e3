package v1alpha1

import (
	"slices"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/domain"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/strictyaml"
)

// checkDomainNames: whoever may create a Service in a namespace called hr decides
// what bank.hr means to every Pod of the cluster.
func (p *problems) checkDomainNames(t IstioTenant) {
	s := t.Spec
	const accepted = "spec.acceptDomainNames"
	check := func(at, ns, better string) {
		if what := domain.In(ns); what != "" && !slices.Contains(s.AcceptDomainNames, ns) {
			p.add(at, "%q %s: for every Pod of the cluster, the DNS search path makes a Service \"x\" in this namespace the host \"x.%s\": "+
				"must be another name, such as %q, unless the cluster administrator accepts it with %s: [%s]",
				ns, what, ns, better, accepted, ns)
		}
	}
	check("spec.controlPlane.namespace", s.ControlPlane.Namespace, "istio-"+s.ControlPlane.Namespace)
	for i, ns := range s.ApplicationNamespaces {
		if slices.Index(s.ApplicationNamespaces, ns) == i {
			check(strictyaml.Element("spec.applicationNamespaces", i), ns, ns+"-apps")
		}
	}
	for i, ns := range s.AcceptDomainNames {
		switch at := strictyaml.Element(accepted, i); {
		case slices.Index(s.AcceptDomainNames, ns) < i:
			p.add(at, "%q is listed twice: list it once", ns)
		case !slices.Contains(t.Namespaces(), ns):
			p.add(at, "%q is no namespace of this tenant: must be one of %s", ns, list(t.Namespaces()))
		case domain.In(ns) == "":
			p.add(at, "%q is not known as the last part of host names, and needs no acceptance: leave it out", ns)
		}
	}
}
