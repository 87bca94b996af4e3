package istio

import (
	"cmp"
	"slices"
	"strings"
)

// Values are the values of the placeholders in the catalogue.
type Values struct {
	// Tenant is the one that has the control plane.
	Tenant string
	// ControlPlane is the control plane's namespace.
	ControlPlane string
	// Applications are the application namespaces.
	Applications []string
	// Watched are the namespaces that the control plane watches.
	Watched               []string
	Revision, TrustDomain string
	// Audiences are the audiences whose tokens the control plane accepts, the tenant's
	// own first.
	Audiences []string
	// Ingress is the namespace of the proxies that serve Ingresses; if it is not
	// known, the first application namespace.
	Ingress string
	// Here is the namespace of the object that is edited; if it has none, the first
	// application namespace.
	Here string
}

// Namespaces are all of the tenant, the control plane's first.
func (v Values) Namespaces() []string {
	return slices.Concat([]string{v.ControlPlane}, v.Applications)
}

// Expand fills in a text's placeholders. Lists are joined by commas.
//
//	{tenant} {revision} {trustDomain} {audiences}
//	{controlPlane}  {ingress}  {here}  {application}, the first  {applications}  {namespaces}  {watched}
func (v Values) Expand(text string) string {
	if !strings.Contains(text, "{") {
		return text
	}
	first := ""
	if len(v.Applications) > 0 {
		first = v.Applications[0]
	}
	ingress, here := cmp.Or(v.Ingress, first), cmp.Or(v.Here, first)
	return strings.NewReplacer(
		"{tenant}", v.Tenant,
		"{revision}", v.Revision,
		"{trustDomain}", v.TrustDomain,
		"{audiences}", strings.Join(v.Audiences, ","),
		"{controlPlane}", v.ControlPlane,
		"{ingress}", ingress,
		"{here}", here,
		"{application}", first,
		"{applications}", strings.Join(v.Applications, ","),
		"{namespaces}", strings.Join(v.Namespaces(), ","),
		"{watched}", strings.Join(v.Watched, ","),
	).Replace(text)
}
