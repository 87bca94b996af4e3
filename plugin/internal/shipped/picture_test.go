package shipped_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"text/template"

	"github.com/stretchr/testify/require"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/access"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/testing/clitest"
)

var update = flag.Bool("update", false, "rewrite docs/picture.svg")

// picture is what the picture of README.md shows.
type picture struct {
	Height, ClusterHeight int
	Tenants               []pictured
	// Walls are between what stands side by side: control planes, then applications.
	Walls           []wall
	Kinds, Policies int
	Words           string
}

// pictured is a tenant, whose left edge is X.
type pictured struct {
	X                            int
	Name, Who, Plane, Apps       string
	Istio, Istiod, Reaches, MTLS string
	MayPlane, MayApps, Audience  string
	// Open is by which port every namespace reaches the control plane; From and Label
	// are where the line to it begins and is named.
	Open        string
	From, Label int
}

// wall is at a height; Words say who comes through.
type wall struct {
	Y     int
	Words string
}

// TestPicture draws README's picture from what the program says of the shipped overlays.
func TestPicture(t *testing.T) {
	const file = "docs/picture.svg"
	p := drawn(t)
	drawing := template.Must(template.New("picture.svg.tmpl").Funcs(template.FuncMap{"add": func(a, b int) int { return a + b }}).
		ParseFiles("plugin/internal/shipped/testdata/picture.svg.tmpl"))
	var svg bytes.Buffer
	require.NoError(t, drawing.Execute(&svg, p))
	if *update {
		require.NoError(t, os.WriteFile(file, svg.Bytes(), 0o644))
	}
	require.Equal(t, svg.String(), text(t, file), "%s is out of date: run make generate", file)
}

func drawn(t *testing.T) picture {
	var report access.Report
	told(t, &report, "access", "overlays/dev", "overlays/sales", "-o", "json")
	var summary struct {
		Tenants []struct {
			Tenant, Istio  string
			TokenAudiences []string
		}
	}
	dir := t.TempDir()
	for _, name := range []string{"dev", "sales"} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name+".yaml"), []byte(kustomize(t, "overlays/"+name, clitest.Functions...)), 0o644))
	}
	told(t, &summary, "summary", dir, "-o", "json")
	require.Len(t, report.Tenants, 2, "the picture has room for two")
	require.Len(t, summary.Tenants, 2)

	p := picture{Height: 460, ClusterHeight: 444}
	for i, tenant := range report.Tenants {
		require.Len(t, tenant.Namespaces, 2, tenant.Name)
		said := summary.Tenants[i]
		require.Equal(t, tenant.Name, said.Tenant)
		d := pictured{X: 24 + i*392, Name: tenant.Name, Plane: tenant.ControlPlane, Apps: tenant.Namespaces[1], Istio: said.Istio,
			Audience: strings.Join(said.TokenAudiences, ", "), From: 300 + i*200, Label: 252 + i*296}
		for _, subject := range report.Subjects {
			in := map[string][]string{}
			for _, cell := range subject.Cells {
				in[cell.Namespace] = cell.May
			}
			switch {
			case subject.Kind == "User" && in[d.Plane] != nil:
				require.Empty(t, d.Who, "the picture has room for one administrator")
				d.Who, d.MayPlane, d.MayApps = subject.Name, strings.Join(in[d.Plane], ", "), strings.Join(in[d.Apps], ", ")
			case subject.Kind == "ServiceAccount" && subject.Namespace == d.Plane:
				d.Istiod = subject.Name
				var namespaces []string
				for _, cell := range subject.Cells {
					if cell.Namespace != "" { // kinds without a namespace, which the page on discovery lists
						namespaces = append(namespaces, cell.Namespace)
					}
				}
				d.Reaches = strings.Join(namespaces, ", ")
			}
		}
		for _, reach := range report.Network {
			if reach.To == d.Name && reach.ToNamespace == d.Plane && reach.From+reach.FromNamespace == "" {
				require.Empty(t, d.Open, "the picture has room for one port")
				d.Open = reach.Port
			}
		}
		for _, o := range build(t, "overlays/"+d.Name) {
			if o.GetKind() == "PeerAuthentication" {
				mode, err := o.GetString("spec.mtls.mode")
				require.NoError(t, err)
				d.MTLS = mode
			}
		}
		p.Tenants = append(p.Tenants, d)
	}
	left, right := p.Tenants[0], p.Tenants[1]
	p.Walls = []wall{{168, between(report, left.Name, left.Plane, right.Name, right.Plane)}, {318, between(report, left.Name, left.Apps, right.Name, right.Apps)}}
	for _, o := range build(t, "bases/istio/common") {
		switch o.GetKind() {
		case "CustomResourceDefinition":
			p.Kinds++
		case "ValidatingAdmissionPolicy":
			p.Policies++
		}
	}
	p.Words = p.words()
	return p
}

// between says by what one tenant reaches a namespace of another, there or back: by a
// right, or by the network from that tenant alone.
func between(report access.Report, one, oneNamespace, other, otherNamespace string) string {
	var all []string
	for _, reach := range report.Network {
		if reach.From == one && reach.ToNamespace == otherNamespace || reach.From == other && reach.ToNamespace == oneNamespace {
			all = append(all, reach.String())
		}
	}
	for _, tenant := range report.Tenants {
		for _, subject := range report.Subjects {
			own := subject.Kind == "ServiceAccount" && slices.Contains(tenant.Namespaces, subject.Namespace) ||
				slices.ContainsFunc(subject.Cells, func(c access.Cell) bool { return c.Namespace == tenant.ControlPlane })
			for _, cell := range subject.Cells {
				if own && cell.Namespace != "" && !slices.Contains(tenant.Namespaces, cell.Namespace) && slices.Contains([]string{oneNamespace, otherNamespace}, cell.Namespace) {
					all = append(all, subject.String()+" has rights in "+cell.Namespace)
				}
			}
		}
	}
	return strings.Join(all, "; ")
}

// words are the picture for those who do not see it.
func (p picture) words() string {
	var all []string
	for _, t := range p.Tenants {
		all = append(all, fmt.Sprintf("Tenant %s has its control plane in %s and its applications in %s. %s has rights in %s. %s may %s in %s and %s in %s. "+
			"Every other namespace reaches %s of the control plane, and nothing else that these overlays make.", t.Name, t.Plane, t.Apps, t.Istiod, t.Reaches, t.Who, t.MayPlane, t.Plane, t.MayApps, t.Apps, t.Open))
	}
	for _, w := range p.Walls {
		if w.Words != "" {
			all = append(all, w.Words+".")
		}
	}
	if len(all) == len(p.Tenants) {
		all = append(all, "Neither tenant reaches the other.")
	}
	return strings.Join(all, " ")
}

// told is what the program prints, as JSON.
func told(t *testing.T, into any, args ...string) {
	t.Helper()
	cmd := exec.Command(filepath.Join(clitest.Bin(t), "istio-tenancy"), args...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	require.NoError(t, err, "%s", &stderr)
	require.NoError(t, json.Unmarshal(out, into))
}
