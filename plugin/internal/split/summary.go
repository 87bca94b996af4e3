package split

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/printable"
)

// Summary says what was found and where it went.
type Summary struct {
	Name      string // of the manifest
	Namespace string // of its control plane
	Version   string // of Istio: "1.31.0"
	Objects   int    // in the manifest
	// Common and ControlPlane count the manifest's objects in each part; their
	// totals add up to Objects.
	Common, ControlPlane Count
	// Added are the files that were not in the manifest, relative to the directory.
	Added []string
	// Repairs say what was wrong with the manifest and is no longer.
	Repairs []string
	// Notes are about what is right, but may be unexpected.
	Notes []string
}

// Count is a number of objects by kind.
type Count map[string]int

func count(objects []*yaml.RNode) Count {
	c := Count{}
	for _, o := range objects {
		c[o.GetKind()]++
	}
	return c
}

// Total is the number of objects of all kinds.
func (c Count) Total() (n int) {
	for _, v := range c {
		n += v
	}
	return n
}

// String is "2 ConfigMap, 1 Deployment".
func (c Count) String() string {
	var parts []string
	for _, k := range slices.Sorted(maps.Keys(c)) {
		parts = append(parts, fmt.Sprintf("%d %s", c[k], k))
	}
	return strings.Join(parts, ", ")
}

// String is the summary as the command prints it, several lines that end in a
// newline:
//
//	istio.yaml: Istio 1.31.0 in istio-system, 38 objects
//	common           15: 15 CustomResourceDefinition
//	control-plane    23: 3 ClusterRole, 3 ClusterRoleBinding, ...
//	added: common/tenancy/kustomization.yaml, common/tenancy/roles.yaml
func (s Summary) String() string {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintln(&b, printable.Text(fmt.Sprintf(format, args...))) }
	line("%s: Istio %s in %s, %d objects", s.Name, s.Version, s.Namespace, s.Objects)
	line("%-13s %5d: %s", Common, s.Common.Total(), s.Common)
	line("%-13s %5d: %s", ControlPlane, s.ControlPlane.Total(), s.ControlPlane)
	line("added: %s", strings.Join(s.Added, ", "))
	for _, r := range s.Repairs {
		line("repaired: %s", r)
	}
	for _, n := range s.Notes {
		line("note: %s", n)
	}
	return b.String()
}
