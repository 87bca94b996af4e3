package summary

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/istio-tenancy/istio-tenancy/plugin/api/v1alpha1"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/printable"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/structured"
)

func report(format Format) func(io.Writer, []Tenant) error {
	return func(w io.Writer, tenants []Tenant) error {
		return structured.Print(w, string(format), Report{tenants})
	}
}

func table(w io.Writer, tenants []Tenant) error {
	aligned := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(aligned, "TENANT\tISTIO\tCONTROL PLANE\tNAMESPACES\tDISCOVERY\tOBJECTS\tACCESS\tCAUTION")
	for _, t := range tenants {
		applications := slices.DeleteFunc(slices.Clone(t.Namespaces), func(ns string) bool { return ns == t.ControlPlaneNamespace })
		var people []string
		for _, a := range t.Access {
			people = append(people, a.String())
		}
		mode := ""
		if t.Discovery != nil {
			mode = t.Discovery.Mode
		}
		plane := t.ControlPlaneNamespace
		if plane == "" && t.Mesh != "" {
			plane = "of mesh " + t.Mesh
		}
		cells := []string{
			t.Tenant, t.Istio, plane, strings.Join(applications, ","), mode, fmt.Sprint(t.Objects),
			strings.Join(people, ", "), strings.Join(t.Cautions, "; "),
		}
		for i, cell := range cells {
			cells[i] = cmp.Or(printable.Text(cell), "-")
		}
		fmt.Fprintln(aligned, strings.Join(cells, "\t"))
	}
	return aligned.Flush()
}

func text(w io.Writer, tenants []Tenant) error {
	for i, t := range tenants {
		if i > 0 {
			fmt.Fprintln(w)
		}
		t.print(w)
	}
	return nil
}

// print writes a block. It is printed to memory, where no write fails.
func (t Tenant) print(w io.Writer) {
	title := place(t.Files) + ": no tenant"
	if t.Tenant != "" {
		title = place(t.Files) + ": tenant " + t.Tenant
	}
	if t.Istio != "" {
		title += ", Istio " + t.Istio
	}
	fmt.Fprintln(w, printable.Text(title))
	if len(t.Namespaces) > 0 {
		wrapped(w, "namespaces", strings.Join(t.Namespaces, ", "))
	}
	if t.Mesh != "" {
		row(w, "mesh", t.Mesh+", which several tenants share")
	}
	for _, r := range t.Revisions {
		row(w, "revision", r.String())
	}
	switch d := t.Discovery; {
	case d == nil:
	case t.Mesh != "":
		row(w, "discovery", d.Mode+": the Namespaces with the label "+v1alpha1.MeshLabel+": "+t.Mesh)
	case d.Mode == notLimited:
		row(w, "discovery", "not limited: the control plane watches every namespace")
	default:
		row(w, "discovery", d.Mode+": "+strings.Join(d.Namespaces, ", "))
	}
	if len(t.TokenAudiences) > 0 {
		row(w, "identity", "tokens of "+strings.Join(t.TokenAudiences, ", "))
	}
	for _, caution := range t.Cautions {
		row(w, "caution", caution)
	}
	var kinds []string
	for _, kind := range slices.Sorted(maps.Keys(t.Kinds)) {
		kinds = append(kinds, fmt.Sprintf("%d %s", t.Kinds[kind], kind))
	}
	wrapped(w, "objects", fmt.Sprintf("%d: %s", t.Objects, strings.Join(kinds, ", ")))
	for _, a := range t.Access {
		fmt.Fprintln(w, "  "+printable.Text(a.String()))
		aligned := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
		for _, r := range a.Roles {
			fmt.Fprintf(aligned, "%s%s\t%s\n", indent, printable.Text(cmp.Or(r.Namespace, "(everywhere)")), printable.Text(r.Kind+" "+r.Name))
		}
		_ = aligned.Flush()
	}
}

// place is the only file, or the directory that holds all.
func place(files []string) string {
	dir := files[0]
	for _, file := range files[1:] {
		for dir != "." && dir != "/" && file != dir && !strings.HasPrefix(file, dir+"/") {
			dir = filepath.Dir(dir)
		}
	}
	return dir
}

func row(w io.Writer, title, text string) {
	fmt.Fprintf(w, "  %-10s  %s\n", title, printable.Text(text))
}

// wrapped is a row whose text is broken at commas.
func wrapped(w io.Writer, title, text string) {
	const width = 80
	var lines []string
	text = printable.Text(text)
	for len(text) > width {
		end := strings.LastIndex(text[:width], ", ") + 1
		if end == 0 {
			break
		}
		lines, text = append(lines, text[:end]), text[end+1:]
	}
	fmt.Fprintf(w, "  %-10s  %s\n", title, strings.Join(append(lines, text), "\n"+indent))
}

const indent = "              "
