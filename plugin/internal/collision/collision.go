// Package collision finds what two tenants of a cluster both have:
//
//	namespace ns-1: has two owners, tenant sales (sales/tenant.yaml: spec.applicationNamespaces[0]) and tenant hr (hr/tenant.yaml: spec.applicationNamespaces[0]): must have one
//
// An overlay is often a copy of another one. With a name that was not changed, the
// second tenant would take over the first tenant's objects.
package collision

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/api/v1alpha1"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
)

// Claim is one thing that one tenant has.
type Claim struct {
	thing     thing
	namespace string // of an object
	tenant    string // "": no tenant's
	file      string
	field     string // of the file, where that is a configuration
	owner     string // claims of one thing collide where this differs
	why       string // they do
	listed    bool   // by a kustomization that has the configuration of another directory
}

// thing is "tenant sales", "namespace ns-1", "trust domain sales.mesh" or an object.
type thing struct {
	what   string
	object object.ID
}

// OfTenant is what a tenant's configuration in file claims: its name, its
// revision and its namespaces.
func OfTenant(file string, t v1alpha1.IstioTenant) []Claim {
	claims := []Claim{{thing: thing{what: "tenant " + t.Name()}, field: name, owner: file}}
	if t.Spec.Mesh != v1alpha1.MeshShared {
		claims = append(claims, ofControlPlane(t)...)
	}
	for i, ns := range t.Spec.ApplicationNamespaces {
		claims = append(claims, Claim{thing: namespace(ns), field: fmt.Sprintf("spec.applicationNamespaces[%d]", i), owner: t.Name()})
	}
	for i := range claims {
		claims[i].file, claims[i].tenant = file, t.Name()
	}
	return claims
}

// ofControlPlane is what a tenant claims whose control plane is its own.
func ofControlPlane(t v1alpha1.IstioTenant) []Claim {
	claims := []Claim{
		{thing: thing{what: "trust domain " + t.Spec.ControlPlane.TrustDomain}, field: "spec.controlPlane.trustDomain", owner: t.Name()},
		{thing: namespace(t.Spec.ControlPlane.Namespace), field: "spec.controlPlane.namespace", owner: t.Name()},
	}
	revision := func(name, field, owner string) {
		claims = append(claims, Claim{thing: thing{what: "revision " + name}, field: field, owner: t.Name()},
			// Istio joins both in the names of what has no namespace: revision a in b-c is called as a-b in c.
			Claim{thing: thing{what: "cluster-wide name *-" + name + "-" + t.Spec.ControlPlane.Namespace}, field: owner, owner: t.Name()})
	}
	revision(t.Spec.ControlPlane.Revision, "spec.controlPlane.revision", "spec.controlPlane")
	for i, r := range t.Spec.ControlPlane.Revisions {
		at := fmt.Sprintf("spec.controlPlane.revisions[%d]", i)
		revision(t.RevisionNamed(r.Name), at, at)
	}
	return claims
}

// OfApplications is what a tenant's configuration claims in a file that has only the
// tenant's applications: another file has the control plane, and further files may
// have more applications. Such files of one tenant have everything in common except
// the name.
func OfApplications(file string, t v1alpha1.IstioTenant) []Claim { return OfTenant(file, t)[1:] }

// OfListed is what a configuration claims that the kustomization in file uses through
// an entry of its resources: the same objects, rendered once more.
func OfListed(file, resource string, t v1alpha1.IstioTenant) []Claim {
	claims := OfTenant(file, t)
	for i := range claims {
		claims[i].field, claims[i].listed = "resources: "+resource, true
	}
	return claims
}

// OfObjects is what rendered objects in file claim: each its ID, those of a
// tenant their namespace, its trust domain and its roots, and Services the ports of
// the nodes that they fix.
func OfObjects(file string, objects []*yaml.RNode) []Claim {
	claims := OfRoots(file, RootsOf(objects))
	namespaces := map[[2]string]bool{}
	for _, o := range objects {
		id, tenant := object.IDOf(o), o.GetLabels()[v1alpha1.TenantLabel]
		at := id.Namespace
		if id.Group == "" && id.Kind == "Namespace" {
			at = id.Name
		}
		claims = append(claims, Claim{thing: thing{object: id}, namespace: at, tenant: tenant, file: file, owner: file + "\n" + tenant})
		if id.Group == "" && id.Kind == "Service" {
			for _, port := range nodePorts(o) {
				claims = append(claims, Claim{
					thing: thing{what: "node port " + port}, tenant: tenant, file: file, field: id.String(), owner: file + "\n" + id.String(),
				})
			}
		}
		claims = append(claims, trustDomain(file, id, o)...)
		if key := [2]string{tenant, at}; tenant != "" && at != "" && !namespaces[key] {
			namespaces[key] = true
			claims = append(claims, Claim{thing: namespace(at), tenant: tenant, file: file, owner: tenant})
		}
	}
	return claims
}

// nodePorts are the ports of the nodes that a Service fixes: "30080/TCP". TCP
// and UDP may share a number.
func nodePorts(service *yaml.RNode) []string {
	var ports []string
	for _, p := range object.List(service, "spec", "ports") {
		protocol := object.String(p, "protocol")
		if protocol == "" {
			protocol = "TCP"
		}
		if port := object.String(p, "nodePort"); port != "" && port != "0" {
			ports = append(ports, port+"/"+protocol)
		}
	}
	return ports
}

func namespace(called string) thing { return thing{what: "namespace " + called} }

// Collision is a thing that two files claim.
type Collision struct {
	Files [2]string
	Err   error // says what and whose
}

// Check returns a line for each collision among claims.
func Check(claims []Claim) error {
	var errs []error
	for _, c := range Find(claims) {
		errs = append(errs, c.Err)
	}
	return errors.Join(errs...)
}

// Find returns what is claimed twice. Of the objects of the same two files it
// names the first, and of those in a namespace that is claimed twice none.
func Find(claims []Claim) []Collision {
	first := map[thing]Claim{}
	reported := map[thing]bool{}
	var found []Collision
	var objects [][2]Claim
	for _, c := range claims {
		f, twice := first[c.thing]
		switch {
		case !twice:
			first[c.thing] = c
		case f.owner == c.owner:
		case c.thing.what == "":
			objects = append(objects, [2]Claim{f, c})
		default:
			reported[c.thing] = true
			found = append(found, collide(c.thing.what, f, c))
		}
	}
	count := map[[2]string]int{}
	objects = slices.DeleteFunc(objects, func(c [2]Claim) bool { return reported[namespace(c[0].namespace)] })
	for _, c := range objects {
		count[[2]string{c[0].owner, c[1].owner}]++
	}
	for _, c := range objects {
		owners, what := [2]string{c[0].owner, c[1].owner}, c[0].thing.object.String()
		n, left := count[owners]
		if !left {
			continue
		}
		if n > 1 {
			what += fmt.Sprintf(" (and %d more)", n-1)
		}
		found = append(found, collide(what, c[0], c[1]))
		delete(count, owners)
	}
	return found
}

func collide(what string, a, b Claim) Collision {
	wayOut := a.why
	switch {
	case a.listed || b.listed:
		wayOut = ": render only one of the two, and do not render a directory that another one lists"
	case a.field == name && b.field == name:
		wayOut = ": change metadata.name in the copy"
	}
	return Collision{[2]string{a.file, b.file}, fmt.Errorf("%s: has two owners, %s and %s: must have one%s", what, a, b, wayOut)}
}

// name is the field of a tenant's name.
const name = "metadata.name"

// String is "tenant sales (sales/tenant.yaml: metadata.name)".
func (c Claim) String() string {
	who := "no tenant"
	if c.tenant != "" {
		who = "tenant " + c.tenant
	}
	return who + " (" + strings.TrimSuffix(c.file+": "+c.field, ": ") + ")"
}
