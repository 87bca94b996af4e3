// Package summary says in a few lines what a rendered tenant is:
//
//	rendered/sales: tenant sales, Istio 1.31.0
//	  namespaces  istio-system1, ns-1
//	  discovery   namespace: ns-1
//	  identity    tokens of sales.istio-tenancy.dev
//	  objects     31: 3 ConfigMap, 1 Deployment, ...
//	  User sales-admin
//	              istio-system1  Role ns-access-for-sales-admin-istio-system1
//	              ns-1           ClusterRole admin
//
// or, of many tenants, in one line each:
//
//	TENANT  ISTIO   CONTROL PLANE  NAMESPACES  DISCOVERY  OBJECTS  ACCESS            CAUTION
//	dev     1.31.0  istio-system   ns-0        namespace  31       User dev-admin    none
//	sales   1.31.0  istio-system1  ns-1        namespace  31       User sales-admin  none
//
// Everything is read from the objects, nothing from a tenant's configuration:
// it shows what a cluster would get.
package summary

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/collision"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/rendered"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/structured"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/suggest"
)

// Format is how tenants are printed.
type Format string

// Text is a block a tenant, Table a line a tenant, and JSON and YAML are a [Report].
const (
	Text  Format = "text"
	Table Format = "table"
	JSON  Format = structured.JSON
	YAML  Format = structured.YAML
)

// Report is what the formats JSON and YAML print. Its fields keep their names and
// meanings; later versions may add others.
type Report struct {
	Tenants []Tenant `json:"tenants"`
}

// Tenant is what the objects of one tenant say. Lists are never null.
type Tenant struct {
	// Tenant is the name in the label of the objects; "": they have none.
	Tenant string `json:"tenant"`
	// Files hold the objects; "stdin" is standard input.
	Files []string `json:"files"`
	// Istio is the control plane's version, such as "1.31.0", or those of several,
	// "1.30.8, 1.31.0"; left out where it cannot be told.
	Istio string `json:"istio,omitempty"`
	// ControlPlaneNamespace is left out where there is not one control plane.
	ControlPlaneNamespace string `json:"controlPlaneNamespace,omitempty"`
	// Revisions are the control planes of a tenant that has several.
	Revisions []Revision `json:"revisions,omitempty"`
	// Namespaces are all of them, that of the control plane included, sorted.
	Namespaces []string `json:"namespaces"`
	// Mesh is the name of a mesh that several tenants share; left out where the tenant
	// has its own.
	Mesh string `json:"mesh,omitempty"`
	// Discovery is left out where there is not one control plane.
	Discovery *Discovery `json:"discovery,omitempty"`
	// TokenAudiences are the audiences of the ServiceAccount tokens with which Pods
	// join the mesh; left out if the control plane does not state them.
	TokenAudiences []string `json:"tokenAudiences,omitempty"`
	// Objects is how many there are, and Kinds how many of each kind.
	Objects int            `json:"objects"`
	Kinds   map[string]int `json:"kinds"`
	// Access is where each person has which role.
	Access []Access `json:"access"`
	// SecretReaders can read every Secret of the cluster: "ServiceAccount istio-system1/istiod".
	SecretReaders []string `json:"secretReaders"`
	// Cautions are sentences for a person.
	Cautions []string `json:"cautions"`
}

// Discovery is how a control plane is limited to namespaces.
type Discovery struct {
	// Mode is a value of an IstioTenant's spec.discovery, or "none": it watches
	// every namespace.
	Mode       string   `json:"mode"`
	Namespaces []string `json:"namespaces"`
}

const notLimited = "none"

// Access is what one person may do.
type Access struct {
	Person
	Roles []Role `json:"roles"`
}

// Person is a subject of RBAC; Namespace is a ServiceAccount's.
type Person struct {
	Kind      string `json:"kind"`
	Namespace string `json:"namespace,omitempty"`
	Name      string `json:"name"`
}

// String is "User jo" or "ServiceAccount ci/deployer".
func (p Person) String() string {
	return p.Kind + " " + strings.TrimPrefix(p.Namespace+"/"+p.Name, "/")
}

// Role is a Role or ClusterRole in a namespace; "": in the whole cluster.
type Role struct {
	Namespace string `json:"namespace"`
	Kind      string `json:"kind"`
	Name      string `json:"name"`
}

// Options say what to summarize.
type Options struct {
	// Paths are files of rendered YAML and directories of them; "-" is In.
	Paths  []string
	In     io.Reader
	Format Format // "": Text
}

var formats = map[Format]func(io.Writer, []Tenant) error{Text: text, Table: table, JSON: report(JSON), YAML: report(YAML)}

// Print writes a summary of each tenant. What cannot be read is an error, and
// nothing is written. That two tenants own the same object or namespace is an
// error, too, after all summaries.
func Print(w io.Writer, o Options) error {
	if o.Format == "" {
		o.Format = Text
	}
	format, known := formats[o.Format]
	if !known {
		names := []string{string(Text), string(Table), string(JSON), string(YAML)}
		return fmt.Errorf("summary: --output: found %q: must be %s%s", o.Format,
			strings.Join(names[:3], ", ")+" or "+names[3], suggest.Question(string(o.Format), names))
	}
	files, err := rendered.Files(o.Paths)
	if err != nil {
		return err
	}
	var claims []collision.Claim
	all, order := map[owner]*facts{}, []owner{}
	err = read(files, o.In, func(file string, objects []*yaml.RNode) {
		collect(file, objects, all, &order)
		claims = append(claims, collision.OfObjects(file, objects)...)
	})
	if err != nil {
		return err
	}
	tenants := make([]Tenant, 0, len(order))
	for _, key := range order {
		tenants = append(tenants, all[key].summarize())
	}
	slices.SortStableFunc(tenants, func(a, b Tenant) int { return strings.Compare(a.Tenant, b.Tenant) })
	// One write, whose error counts: half a summary would pass for a whole one.
	var out bytes.Buffer
	if err := format(&out, tenants); err != nil {
		return err
	}
	if _, err := out.WriteTo(w); err != nil {
		return fmt.Errorf("stdout: %w", err)
	}
	return errors.Join(collision.Check(claims))
}
