package reach

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/authorize"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/snapshot"
)

func parse(t *testing.T, file, text string) (all []*snapshot.Object) {
	for _, doc := range strings.Split(text, "\n---\n") {
		var content map[string]any
		require.NoError(t, yaml.Unmarshal([]byte(doc), &content))
		if content == nil {
			continue
		}
		metadata := content["metadata"].(map[string]any)
		group, _, ok := strings.Cut(content["apiVersion"].(string), "/")
		if !ok {
			group = ""
		}
		namespace, _ := metadata["namespace"].(string)
		all = append(all, &snapshot.Object{ID: object.ID{Group: group, Kind: content["kind"].(string), Namespace: namespace, Name: metadata["name"].(string)},
			Source: snapshot.Source{File: file, Line: 1}, Content: content})
	}
	return all
}

// Each file of testdata/seeds begins with the paths that it opens. Each hop of them is
// also made on a real API server, by the end-to-end tests.
func TestSeeds(t *testing.T) {
	tenants, err := os.ReadFile("testdata/tenants.yaml")
	require.NoError(t, err)
	files, err := filepath.Glob("testdata/seeds/*.yaml")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".yaml")
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			seed, err := os.ReadFile(file)
			require.NoError(t, err)
			var expected []string
			for line := range strings.Lines(string(seed)) {
				if path, is := strings.CutPrefix(line, "# "); is {
					expected = append(expected, strings.ReplaceAll(strings.TrimSpace(path), "SEED", name))
				}
			}
			text := strings.ReplaceAll(string(tenants)+"---\n"+string(seed), "SEED", name)
			require.ElementsMatch(t, expected, lines(find(t, parse(t, "seed.yaml", text))))
		})
	}
}

func find(t *testing.T, objects []*snapshot.Object) []Path {
	namespaces := map[string][]string{}
	for _, o := range objects {
		if tenant := o.Labels()["istio-tenancy.dev/tenant"]; o.ID.Kind == "Namespace" && tenant != "" {
			namespaces[tenant] = append(namespaces[tenant], o.ID.Name)
		}
	}
	var tenants []snapshot.Tenant
	for name, all := range namespaces {
		slices.Sort(all)
		tenants = append(tenants, snapshot.Tenant{Name: name, Namespaces: all, ControlPlane: name + "-system"})
	}
	s := snapshot.New(objects, tenants)
	rights, err := authorize.New(s)
	require.NoError(t, err)
	paths, _, err := Find(t.Context(), Model{Snapshot: s, Rights: rights})
	require.NoError(t, err)
	return paths
}

// lines are paths, but for what the seeds open to everybody, and so to the other tenant.
func lines(paths []Path) (all []string) {
	for _, p := range paths {
		var hops []string
		for _, h := range p.Hops {
			if h.Kind == Foreign {
				h.Text = "foreign " + p.Namespace
			}
			hops = append(hops, h.As.String()+": "+h.Text)
		}
		all = append(all, p.Tenant+": "+strings.Join(hops, " | "))
	}
	return all
}

// counted counts what is asked of the policies.
type counted struct{ n atomic.Int64 }

func (c *counted) Refusals(context.Context, authorize.Subject, Request) ([]string, error) {
	c.n.Add(1)
	return nil, nil
}

// Of the ServiceAccounts of a namespace, each may become each by a right of their group.
func TestManyAccountsOfOneGroup(t *testing.T) {
	const many = 200
	text := `
apiVersion: v1
kind: Namespace
metadata: {name: a, labels: {istio-tenancy.dev/tenant: a}}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: group, namespace: a}
subjects: [{kind: Group, name: "system:serviceaccounts:a", apiGroup: rbac.authorization.k8s.io}]
roleRef: {kind: ClusterRole, name: edit, apiGroup: rbac.authorization.k8s.io}`
	for i := range many {
		text += fmt.Sprintf("\n---\napiVersion: v1\nkind: ServiceAccount\nmetadata: {name: s%d, namespace: a}", i)
	}
	s := snapshot.New(parse(t, "many.yaml", text), []snapshot.Tenant{{Name: "a", Namespaces: []string{"a"}}})
	rights, err := authorize.New(s)
	require.NoError(t, err)
	var policies counted
	paths, _, err := Find(t.Context(), Model{Snapshot: s, Rights: rights, Admission: &policies})
	require.NoError(t, err)
	require.NotEmpty(t, paths)
	require.Less(t, policies.n.Load(), int64(20*many))
}
