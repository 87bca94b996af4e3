package e2e

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/istio-tenancy/istio-tenancy/e2e/cluster"
	"github.com/stretchr/testify/require"
)

// seed makes what is random.
var seed = flag.Uint64("seed", 1, "of what is random, so that a run can be repeated")

// modelled is what the model is asked about, and an API server: the cluster of fifty
// tenants, with the shipped ones beside them.
type modelled struct {
	cluster *cluster.Cluster
	tenants []*tenant
	common  []*cluster.Object
	known   []*cluster.Object // to both
	rights  rights
	random  int // how many of known are random
}

var model modelled

func theModel(t *testing.T) *modelled {
	t.Helper()
	m := &model
	if m.known != nil {
		return m
	}
	f := theFifty(t)
	m.cluster, m.common, m.tenants = f.cluster, f.common, f.tenants
	source, err := newCheckout(t.TempDir())
	require.NoError(t, err)
	shipped := newTenants()
	of := []*tenant{shipped["dev"], shipped["sales"]}
	renderAll(t, source, of)
	for _, tenant := range of {
		m.apply(t, tenant.objects)
	}
	m.tenants = append(of, m.tenants...)
	m.rights = rights{rand.New(rand.NewPCG(*seed, 1)), m.namespaces()}
	random := m.rights.objects()
	m.apply(t, random)
	m.random = len(random)
	m.known = slices.Concat(m.common, random)
	for _, tenant := range m.tenants {
		m.known = append(m.known, tenant.objects...)
	}
	return m
}

// apply applies objects: Namespaces first, and all others at once.
func (m *modelled) apply(t *testing.T, objects []*cluster.Object) {
	t.Helper()
	namespaces, others := namespacesApart(objects)
	_, err := m.cluster.Admin.Apply(namespaces)
	require.NoError(t, err)
	require.NoError(t, sideBySide(len(others), func(i int) error {
		_, err := m.cluster.Admin.Apply(others[i : i+1])
		return err
	}))
}

// namespacesApart splits objects into Namespaces and all others.
func namespacesApart(objects []*cluster.Object) (namespaces, others []*cluster.Object) {
	for _, o := range objects {
		if o.GetKind() == "Namespace" {
			namespaces = append(namespaces, o)
		} else {
			others = append(others, o)
		}
	}
	return namespaces, others
}

// randomized is in how many tenants' namespaces there are random roles and bindings.
const randomized = 32

// namespaces are those of tenants that have them.
func (m *modelled) namespaces() (all []string) {
	for _, tenant := range m.tenants[:randomized] {
		all = append(all, tenant.namespaces()...)
	}
	return all
}

// ask hands a stream of reviews to the model, and returns its answers.
func (m *modelled) ask(t *testing.T, reviews string, n int) []answered {
	t.Helper()
	manifests := filepath.Join(t.TempDir(), "manifests.json")
	var text bytes.Buffer
	for _, o := range m.known {
		text.WriteString(mustJSON(o.Object) + "\n")
	}
	require.NoError(t, os.WriteFile(manifests, text.Bytes(), 0o644))
	cmd := exec.Command(filepath.Join(tools, "answer"), manifests)
	var problems bytes.Buffer
	cmd.Stdin, cmd.Stderr = strings.NewReader(reviews), &problems
	out, err := cmd.Output()
	require.NoError(t, err, problems.String())
	answers := make([]answered, n)
	decoder := json.NewDecoder(bytes.NewReader(out))
	for i := range answers {
		require.NoError(t, decoder.Decode(&answers[i]), "answer %d", i)
	}
	return answers
}

// builtin is what the model takes every cluster to have.
const builtin = "../plugin/internal/authorize/builtin.json"

func TestTheRolesThatEveryClusterHasAreThoseOfTheModel(t *testing.T) {
	c := claims(t, "The Roles, ClusterRoles and bindings that the model assumes in every cluster are those of the API server")
	m := theModel(t)
	served, err := servedBuiltin(m.cluster)
	require.NoError(t, err)
	if *update {
		require.NoError(t, os.WriteFile(builtin, served.text(), 0o644))
	}
	text, err := os.ReadFile(builtin)
	require.NoError(t, err)
	var kept builtins
	require.NoError(t, json.Unmarshal(text, &kept))
	c.check("the version of Kubernetes", func(t *testing.T) {
		require.Equal(t, served.Version, kept.Version, "go test -update writes %s", builtin)
	})
	keptByID := map[string]string{}
	for _, o := range kept.Objects {
		keptByID[id(o)] = mustJSON(o)
	}
	for _, o := range served.Objects {
		c.verify(keptByID[id(o)] == mustJSON(o), "%s: the API server has\n%s\nand %s\n%s: go test -update writes it", id(o), mustJSON(o), builtin, keptByID[id(o)])
		delete(keptByID, id(o))
	}
	c.check("no other", func(t *testing.T) { require.Empty(t, keptByID) })
}

// builtins is the file of the model.
type builtins struct {
	Version string           `json:"version"`
	Objects []map[string]any `json:"objects"`
}

// text has a line for each object, so that a difference is read easily.
func (b builtins) text() []byte {
	var text bytes.Buffer
	fmt.Fprintf(&text, "{\"version\":%q,\"objects\":[\n", b.Version)
	for i, o := range b.Objects {
		text.WriteString(mustJSON(o))
		if i < len(b.Objects)-1 {
			text.WriteByte(',')
		}
		text.WriteByte('\n')
	}
	text.WriteString("]}\n")
	return text.Bytes()
}

// servedBuiltin is what the API server made by itself. What is written once it has
// started, such as the rules of a ClusterRole that gathers others', is left out.
func servedBuiltin(c *cluster.Cluster) (builtins, error) {
	version, err := c.Admin.Get("/version")
	if err != nil {
		return builtins{}, err
	}
	b := builtins{Version: fmt.Sprint(version.Object["gitVersion"])}
	for _, r := range []struct{ kind, resource string }{
		{"ClusterRole", "clusterroles"}, {"ClusterRoleBinding", "clusterrolebindings"}, {"Role", "roles"}, {"RoleBinding", "rolebindings"},
	} {
		items, err := c.Admin.Items(rbac + "/" + r.resource + "?labelSelector=kubernetes.io/bootstrapping=rbac-defaults")
		if err != nil {
			return builtins{}, err
		}
		for _, item := range items {
			metadata := map[string]any{"name": item.GetName()}
			if item.GetNamespace() != "" {
				metadata["namespace"] = item.GetNamespace()
			}
			labels := item.GetLabels()
			delete(labels, "kubernetes.io/bootstrapping")
			if len(labels) > 0 {
				metadata["labels"] = labels
			}
			o := map[string]any{"apiVersion": "rbac.authorization.k8s.io/v1", "kind": r.kind, "metadata": metadata}
			for _, field := range []string{"aggregationRule", "rules", "roleRef", "subjects"} {
				if value := item.Object[field]; value != nil && !(field == "rules" && item.Object["aggregationRule"] != nil) {
					o[field] = value
				}
			}
			b.Objects = append(b.Objects, o)
		}
	}
	slices.SortStableFunc(b.Objects, func(x, y map[string]any) int { return strings.Compare(id(x), id(y)) })
	return b, nil
}

func id(o map[string]any) string { return cluster.ID(&cluster.Object{Object: o}) }

func mustJSON(value any) string {
	text, err := json.Marshal(value)
	if err != nil {
		panic(err)
	}
	return string(text)
}
