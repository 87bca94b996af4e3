package shipped_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/admit"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/authorize"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/netpol"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/reach"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/snapshot"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/testing/clitest"
)

// What keeps tenants apart is needed: with one policy taken away, there is a way out.
func TestEachPolicyIsAWall(t *testing.T) {
	dir := t.TempDir()
	for _, built := range []string{"overlays/dev", "overlays/sales", "bases/istio/common"} {
		text := kustomize(t, built, clitest.Functions...)
		require.NoError(t, os.WriteFile(filepath.Join(dir, filepath.Base(built)+".yaml"), []byte(text), 0o644))
	}
	whole, err := snapshot.Read(t.Context(), snapshot.Options{Paths: []string{dir}})
	require.NoError(t, err)
	for _, test := range []struct {
		without  []string
		expected []reach.Kind
	}{
		{nil, nil},
		{[]string{"ValidatingAdmissionPolicy istio-tenancy-pods"}, []reach.Kind{reach.Node}},
		{[]string{"ValidatingAdmissionPolicy istio-tenancy-webhooks"}, []reach.Kind{reach.Webhook}},
		{[]string{"ValidatingAdmissionPolicyBinding istio-tenancy-webhooks"}, []reach.Kind{reach.Webhook}},
		{[]string{"ValidatingAdmissionPolicy istio-tenancy-tokens"}, nil}, // the network is closed
		{[]string{"ValidatingAdmissionPolicy istio-tenancy-tokens", "NetworkPolicy istio-system/allow-tenant", "NetworkPolicy istio-system/allow-webhooks"}, []reach.Kind{reach.Mesh}},
	} {
		var objects []*snapshot.Object
		gone := 0
		for _, o := range whole.Objects {
			if slices.Contains(test.without, o.ID.String()) {
				gone++
				continue
			}
			objects = append(objects, o)
		}
		require.Equal(t, len(test.without), gone, "%v", test.without)
		found := map[reach.Kind]bool{}
		for _, p := range paths(t, snapshot.New(objects, whole.Tenants), whole.Planes) {
			found[p.Hops[len(p.Hops)-1].Kind] = true
		}
		var kinds []reach.Kind
		for kind := range found {
			kinds = append(kinds, kind)
		}
		require.Equal(t, test.expected, kinds, "without %v", test.without)
	}
}

// No policy refuses what a path sends for another reason than what the path is about:
// whoever may make Pods, or what makes them, has the ServiceAccounts of its own namespace.
func TestPathsWithinATenantAreAdmitted(t *testing.T) {
	for _, overlay := range []string{"overlays/sales", "examples/several-namespaces", "examples/complete"} {
		dir := t.TempDir()
		write := func(name, text string) {
			require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644))
		}
		printed, _, err := clitest.Kustomize(overlay, clitest.Functions...)
		require.NoError(t, err)
		write("rendered.yaml", printed)
		write("common.yaml", kustomize(t, "bases/istio/common", clitest.Functions...))
		read := func() *snapshot.Reading {
			s, err := snapshot.Read(t.Context(), snapshot.Options{Paths: []string{dir}})
			require.NoError(t, err)
			return s
		}
		namespaces := read().Tenants[0].Namespaces
		namespace := namespaces[slices.IndexFunc(namespaces, func(n string) bool { return !strings.HasPrefix(n, "istio-") })]
		for resource, hop := range map[string]string{
			"pods":                  "makes a Pod in NAMESPACE that runs as",
			"cronjobs":              "makes a CronJob in NAMESPACE that runs as",
			"serviceaccounts/token": "asks for a token of",
		} {
			names := strings.NewReplacer("NAMESPACE", namespace, "RESOURCE", resource)
			write("more.yaml", names.Replace(maker))
			s := read()
			var hops []string
			for _, p := range paths(t, s.Snapshot, s.Planes) {
				for _, h := range p.Hops {
					hops = append(hops, h.As.String()+" "+h.Text)
				}
			}
			require.Contains(t, hops, names.Replace("Group a-maker "+hop+" ServiceAccount NAMESPACE/reader"), overlay)
		}
	}
}

// maker lets somebody make what runs as a ServiceAccount that reads what it should not.
const maker = `
apiVersion: v1
kind: ServiceAccount
metadata: {name: reader, namespace: NAMESPACE}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: a-maker, namespace: NAMESPACE}
rules: [{apiGroups: ["", apps, batch], resources: [RESOURCE], verbs: [create]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: a-maker, namespace: NAMESPACE}
subjects: [{kind: Group, name: a-maker, apiGroup: rbac.authorization.k8s.io}]
roleRef: {kind: Role, name: a-maker, apiGroup: rbac.authorization.k8s.io}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: reader, namespace: elsewhere}
subjects: [{kind: ServiceAccount, name: reader, namespace: NAMESPACE}]
roleRef: {kind: ClusterRole, name: view, apiGroup: rbac.authorization.k8s.io}
`

func paths(t *testing.T, s *snapshot.Snapshot, planes []snapshot.Plane) []reach.Path {
	rights, err := authorize.New(s)
	require.NoError(t, err)
	policies, err := admit.New(s, rights)
	require.NoError(t, err)
	network, err := netpol.New(s)
	require.NoError(t, err)
	paths, _, err := reach.Find(t.Context(), reach.Model{Snapshot: s, Planes: planes, Rights: rights, Admission: reach.ByPolicies(s, policies), Network: network})
	require.NoError(t, err)
	return paths
}
