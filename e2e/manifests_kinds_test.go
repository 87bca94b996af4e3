package e2e

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/istio-tenancy/istio-tenancy/e2e/cluster"
	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// foreign are the modules whose kinds the API server of the manifests' test
// serves beside its own.
var foreign = []string{
	"istio.io/istio",
	"sigs.k8s.io/gateway-api",
	"github.com/cert-manager/cert-manager",
	"github.com/argoproj/argo-cd/v3",
	"github.com/fluxcd/kustomize-controller",
	"github.com/fluxcd/source-controller",
	"github.com/cilium/cilium",
	"github.com/kyverno/kyverno",
}

// everyAPI has the API server serve what is off by default, too.
var everyAPI = []string{"--runtime-config=api/all=true", "--feature-gates=AllAlpha=true,AllBeta=true"}

// serveKinds defines the foreign kinds: with their groups, names, scopes and
// versions, and without their schemas, so that an object is stored whatever it
// holds, and the API server alone decides where.
func serveKinds(t *testing.T, c *cluster.Cluster) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(binaries["definitions"], "*.yaml"))
	require.NoError(t, err)
	require.Len(t, files, len(foreign))
	objects, err := cluster.ParseFolder(binaries["definitions"])
	require.NoError(t, err)
	byName := map[string]*cluster.Object{}
	for _, object := range objects {
		if object.GetKind() == "CustomResourceDefinition" {
			byName[object.GetName()] = bare(t, object)
		}
	}
	require.Greater(t, len(byName), 80)
	all := unknown(t)
	for _, name := range slices.Sorted(maps.Keys(byName)) {
		all = append(all, byName[name])
	}
	_, err = c.Admin.Apply(all)
	require.NoError(t, err)
}

// unknownGroup is one of which no list of kinds can know anything.
const unknownGroup = "unknown.example"

// unknown defines two kinds of that group: Planets are the whole cluster's.
func unknown(t *testing.T) []*cluster.Object {
	t.Helper()
	var all []*cluster.Object
	for kind, scope := range map[string]string{"Planet": "Cluster", "Moon": "Namespaced"} {
		plural := strings.ToLower(kind) + "s"
		all = append(all, bare(t, &cluster.Object{Object: map[string]any{
			"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
			"metadata": map[string]any{"name": plural + "." + unknownGroup},
			"spec": map[string]any{
				"group": unknownGroup, "scope": scope, "names": map[string]any{"kind": kind, "plural": plural},
				"versions": []any{map[string]any{"name": "v1", "storage": true}},
			},
		}}))
	}
	return all
}

// bare is a definition without its schema.
func bare(t *testing.T, definition *cluster.Object) *cluster.Object {
	t.Helper()
	field := func(path ...string) any {
		value, _, err := unstructured.NestedFieldNoCopy(definition.Object, path...)
		require.NoError(t, err)
		return value
	}
	var versions []any
	for _, v := range field("spec", "versions").([]any) {
		version := v.(map[string]any)
		versions = append(versions, map[string]any{
			"name": version["name"], "served": true, "storage": version["storage"],
			"schema": map[string]any{"openAPIV3Schema": map[string]any{"type": "object", "x-kubernetes-preserve-unknown-fields": true}},
		})
	}
	return &cluster.Object{Object: map[string]any{
		"apiVersion": definition.GetAPIVersion(), "kind": definition.GetKind(),
		"metadata": map[string]any{
			"name": definition.GetName(),
			// Without it, nobody may define kinds of k8s.io.
			"annotations": map[string]any{"api-approved.kubernetes.io": "unapproved, a test"},
		},
		"spec": map[string]any{
			"group": field("spec", "group"), "names": field("spec", "names"), "scope": field("spec", "scope"), "versions": versions,
		},
	}}
}

// allVersions are all resources that the API server serves, in every version.
func allVersions(t *testing.T, c *cluster.Client) []cluster.Resource {
	t.Helper()
	groups, err := c.Get("/apis")
	require.NoError(t, err)
	versions := []string{"v1"}
	list, _, err := unstructured.NestedSlice(groups.Object, "groups")
	require.NoError(t, err)
	for _, group := range list {
		served, _, err := unstructured.NestedSlice(group.(map[string]any), "versions")
		require.NoError(t, err)
		for _, v := range served {
			versions = append(versions, fmt.Sprint(v.(map[string]any)["groupVersion"]))
		}
	}
	var all []cluster.Resource
	for _, version := range versions {
		served, err := c.Served(version)
		require.NoError(t, err)
		all = append(all, served...)
	}
	return all
}

// apiVersionOf is where the kind of a resource is defined: a subresource may
// be of another group than what it is a part of.
func apiVersionOf(r cluster.Resource) string {
	if r.Version == "" {
		return r.APIVersion
	}
	return strings.TrimPrefix(r.Group+"/"+r.Version, "/")
}
