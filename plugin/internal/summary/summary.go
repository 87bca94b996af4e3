// Package summary says in a few lines what a rendered tenant is:
//
//	rendered/sales.yaml: tenant sales, Istio 1.31.0
//	  namespaces  istio-system1, ns-1
//	  discovery   namespace: ns-1
//	  objects     31: 3 ConfigMap, 1 Deployment, ...
//	  User sales-admin
//	              istio-system1  Role ns-access-for-sales-admin-istio-system1
//	              ns-1           ClusterRole admin
//
// Everything is read from the objects, nothing from a tenant's configuration:
// it shows what a cluster would get.
package summary

import (
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"text/tabwriter"

	"sigs.k8s.io/kustomize/kyaml/kio"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/api/v1alpha1"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/collision"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/controlplane"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
)

// Print writes a summary of each file of rendered YAML. That two tenants own
// the same object or namespace is an error, after all summaries.
func Print(w io.Writer, files ...string) error {
	var claims []collision.Claim
	for i, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		objects, err := kio.FromBytes(text)
		if err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
		if i > 0 {
			fmt.Fprintln(w)
		}
		if err := table(w, file, objects); err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
		claims = append(claims, collision.OfObjects(file, objects)...)
	}
	return collision.Check(claims)
}

func table(w io.Writer, file string, objects []*yaml.RNode) error {
	plane, planeErr := controlplane.Find(objects)
	title := file + ": " + owner(objects)
	if planeErr == nil {
		title += ", Istio " + plane.Version.String()
	}
	fmt.Fprintln(w, title)
	if ns := namespaces(objects); len(ns) > 0 {
		row(w, "namespaces", wrap(strings.Join(ns, ", ")))
	}
	if planeErr == nil {
		row(w, "discovery", discovery(plane, objects))
	}
	if readers := secretReaders(objects); len(readers) > 0 {
		row(w, "caution", "every Secret of the cluster can be read by "+strings.Join(readers, ", "))
	}
	row(w, "objects", kinds(objects))
	return access(w, objects)
}

func row(w io.Writer, title, text string) { fmt.Fprintf(w, "  %-10s  %s\n", title, text) }

// owner is the tenant that the objects are labelled with.
func owner(objects []*yaml.RNode) string {
	tenants := map[string]bool{}
	for _, o := range objects {
		if t := o.GetLabels()[v1alpha1.TenantLabel]; t != "" {
			tenants[t] = true
		}
	}
	if len(tenants) == 0 {
		return "no tenant"
	}
	return "tenant " + strings.Join(slices.Sorted(maps.Keys(tenants)), ", ")
}

func namespaces(objects []*yaml.RNode) []string {
	names := map[string]bool{}
	for _, o := range objects {
		switch {
		case o.GetKind() == "Namespace":
			names[o.GetName()] = true
		case o.GetNamespace() != "":
			names[o.GetNamespace()] = true
		}
	}
	return slices.Sorted(maps.Keys(names))
}

// kinds counts the objects.
func kinds(objects []*yaml.RNode) string {
	count := map[string]int{}
	for _, o := range objects {
		count[o.GetKind()]++
	}
	var list []string
	for _, kind := range slices.Sorted(maps.Keys(count)) {
		list = append(list, fmt.Sprintf("%d %s", count[kind], kind))
	}
	return wrap(fmt.Sprintf("%d: %s", len(objects), strings.Join(list, ", ")))
}

// wrap breaks a row's text at commas.
func wrap(text string) string {
	const width = 80
	var lines []string
	for len(text) > width {
		end := strings.LastIndex(text[:width], ", ") + 1
		if end == 0 {
			break
		}
		lines, text = append(lines, text[:end]), text[end+1:]
	}
	return strings.Join(append(lines, text), "\n"+indent)
}

const indent = "              "

// access lists where each person has which role.
func access(w io.Writer, objects []*yaml.RNode) error {
	roles := map[string][]string{}
	for _, o := range objects {
		if !strings.HasSuffix(o.GetKind(), "RoleBinding") {
			continue
		}
		where := o.GetNamespace()
		if where == "" {
			where = "(everywhere)"
		}
		role := object.String(o, "roleRef", "kind") + " " + object.String(o, "roleRef", "name")
		for _, s := range object.List(o, "subjects") {
			who := object.String(s, "kind") + " " + object.String(s, "name")
			if object.String(s, "kind") == "ServiceAccount" {
				if slices.ContainsFunc(objects, isAccount(s, o)) {
					continue // a workload of the tenant's
				}
				who = "ServiceAccount " + object.String(s, "namespace") + "/" + object.String(s, "name")
			}
			roles[who] = append(roles[who], indent+where+"\t"+role)
		}
	}
	for _, who := range slices.Sorted(maps.Keys(roles)) {
		fmt.Fprintln(w, "  "+who)
		aligned := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
		slices.Sort(roles[who])
		fmt.Fprintln(aligned, strings.Join(slices.Compact(roles[who]), "\n"))
		if err := aligned.Flush(); err != nil {
			return err
		}
	}
	return nil
}

// isAccount matches the ServiceAccount that is a subject of a binding.
func isAccount(subject, binding *yaml.RNode) func(*yaml.RNode) bool {
	namespace := object.String(subject, "namespace")
	if namespace == "" {
		namespace = binding.GetNamespace()
	}
	want := object.ID{Kind: "ServiceAccount", Namespace: namespace, Name: object.String(subject, "name")}
	return func(o *yaml.RNode) bool { return object.IDOf(o) == want }
}
