package tenant_test

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/api/v1alpha1"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/manifest"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/release"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/split"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/testing/objecttest"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/testing/upstreamtest"
	"github.com/istio-tenancy/istio-tenancy/plugin/tenant"
)

// base returns the shipped control plane and gateway.
func base(t testing.TB) []*yaml.RNode {
	t.Helper()
	var objects []*yaml.RNode
	for _, part := range []v1alpha1.Part{v1alpha1.PartControlPlane, v1alpha1.PartGateway} {
		rendered, err := release.Generator{Release: v1alpha1.IstioRelease{Spec: v1alpha1.ReleaseSpec{Part: part}}}.Filter(nil)
		require.NoError(t, err)
		objects = append(objects, rendered...)
	}
	return objects
}

// upstream returns the control-plane part of a real manifest, as split makes it.
func upstream(t testing.TB, version string) []*yaml.RNode {
	t.Helper()
	in, err := os.Open(upstreamtest.Path(t, version+"/istio.yaml"))
	require.NoError(t, err)
	defer in.Close()
	dir := t.TempDir()
	_, err = split.Run(in, "istio.yaml", dir)
	require.NoError(t, err)
	files, err := filepath.Glob(filepath.Join(dir, "control-plane", "*.yaml"))
	require.NoError(t, err)
	var objects []*yaml.RNode
	for _, file := range files {
		if filepath.Base(file) == "kustomization.yaml" {
			continue
		}
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		read, _, err := manifest.Read(bytes.NewReader(text), file)
		require.NoError(t, err)
		objects = append(objects, read...)
	}
	return objects
}

// load decodes testdata/<name>/tenant.yaml.
func load(t testing.TB, name string) v1alpha1.IstioTenant {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", name, "tenant.yaml"))
	require.NoError(t, err)
	decoded, err := v1alpha1.DecodeTenant(text)
	require.NoError(t, err)
	return decoded
}

// lay lays a tenant over objects; no base of ours or of upstream has a right
// that is not known.
func lay(t testing.TB, name string, objects []*yaml.RNode) []*yaml.RNode {
	t.Helper()
	got, err := tenant.Transformer{Tenant: load(t, name), Warn: knownRights(t)}.Filter(objects)
	require.NoError(t, err)
	return got
}

// knownRights fails at warnings, except at what a mode opens, at what moves out
// of the root namespace, at upstream's Kiali, which asks nobody who he is, and at
// ports of the nodes, which upstream's Services fix in 0.8 to 1.5.
func knownRights(t testing.TB) func(string) {
	return func(warning string) {
		if !strings.HasPrefix(warning, "spec.discovery:") && !strings.Contains(warning, "scrape_configs: job ") && !strings.Contains(warning, "auth.strategy: found \"anonymous\"") &&
			!strings.Contains(warning, ": dropped spec.ports[") && !strings.Contains(warning, "is moved to") && !strings.Contains(warning, "is moved there") {
			t.Error(warning)
		}
	}
}

// laid are tenants in testdata: dev and sales are those of the post, hr has two
// application namespaces and everything else that can be set.
var laid = []string{"shipped-dev", "shipped-sales", "shipped-hr"}

func TestTenantsShareNoObject(t *testing.T) {
	owner := map[object.ID]string{}
	for _, name := range laid {
		for _, o := range lay(t, name, base(t)) {
			id := object.IDOf(o)
			require.Empty(t, owner[id], "%s is %s's, too", id, name)
			owner[id] = name
		}
	}
}

// inputs are the shipped base and each real control plane that a mode limits.
var inputs = []string{"shipped", "1.20.8", "1.24.6", "1.31.0-rc.0"}

// objects returns an input, afresh.
func objects(t testing.TB, input string) []*yaml.RNode {
	t.Helper()
	text, read := texts[input]
	if !read {
		var from []*yaml.RNode
		if from = base(t); input != "shipped" {
			from = upstream(t, input)
		}
		text = objecttest.String(t, from)
		texts[input] = text
	}
	return objecttest.Parse(t, text)
}

// texts keeps what took long to read.
var texts = map[string]string{}

// TestIsIdempotentAndDeterministic is about upstream's own manifests; of the
// shipped bases, TestCases says the same.
func TestIsIdempotentAndDeterministic(t *testing.T) {
	for _, input := range inputs[1:] {
		for _, name := range laid {
			t.Run(input+"/"+name, func(t *testing.T) {
				once := objecttest.String(t, lay(t, name, objects(t, input)))
				require.Equal(t, once, objecttest.String(t, lay(t, name, objects(t, input))), "deterministic")
				require.Equal(t, once, objecttest.String(t, lay(t, name, objecttest.Parse(t, once))), "idempotent")
			})
		}
	}
}

// namespaced are the resources of istiod's rules that have a namespace, to tell
// a right on them in a ClusterRole.
var namespaced = []string{
	"pods", "services", "endpoints", "configmaps", "secrets", "serviceaccounts", "endpointslices", "ingresses", "deployments", "*",
}

func TestAControlPlaneThatWatchesOneNamespaceHasNoClusterWideRightOnNamespacedObjects(t *testing.T) {
	for _, input := range inputs {
		t.Run(input, func(t *testing.T) {
			for _, o := range lay(t, "shipped-sales", objects(t, input)) {
				if o.GetKind() != "ClusterRole" {
					continue
				}
				for _, r := range object.List(o, "rules") {
					for _, resource := range object.Strings(r, "resources") {
						require.NotContains(t, namespaced, resource, object.IDOf(o))
					}
				}
			}
		})
	}
}

func TestAControlPlaneThatSelectsNamespacesWritesOnlyItsTenants(t *testing.T) {
	writable := []string{"mutatingwebhookconfigurations", "validatingwebhookconfigurations", "tokenreviews", "subjectaccessreviews"}
	for _, input := range inputs {
		t.Run(input, func(t *testing.T) {
			for _, o := range lay(t, "shipped-hr", objects(t, input)) {
				if o.GetKind() != "ClusterRole" {
					continue
				}
				for _, r := range object.List(o, "rules") {
					for _, verb := range object.Strings(r, "verbs") {
						if !slices.Contains([]string{"get", "list", "watch"}, verb) {
							require.Subset(t, writable, object.Strings(r, "resources"), object.IDOf(o))
						}
					}
				}
			}
		})
	}
}

func TestAnnotationsOfKustomizeSurvive(t *testing.T) {
	in := base(t)
	for _, o := range in {
		require.NoError(t, o.PipeE(yaml.SetAnnotation("kustomize.config.k8s.io/id", "namespace: "+v1alpha1.BaseNamespace)))
	}
	n := 0
	for _, o := range lay(t, "shipped-sales", in) {
		if o.GetAnnotations()["kustomize.config.k8s.io/id"] == "namespace: "+v1alpha1.BaseNamespace {
			n++
		}
	}
	require.Greater(t, n, 10)
}

func FuzzIsIdempotent(f *testing.F) {
	f.Add("sales", "istio-system1", "ns-1", "ns-2", true)
	f.Add("a", "b", "c", "", false)
	f.Fuzz(func(t *testing.T, name, own, first, second string, strict bool) {
		text := "apiVersion: istio-tenancy.dev/v1alpha1\nkind: IstioTenant\nmetadata: {name: '" + name + "'}\nspec:\n" +
			"  controlPlane: {namespace: '" + own + "'}\n  admins: [{kind: User, name: a}]\n  applicationNamespaces: ['" + first + "'"
		if second != "" {
			text += ", '" + second + "'"
		}
		text += "]\n"
		if !strict {
			text += "  mtls: none\n  network: {policy: open}\n"
		}
		decoded, err := v1alpha1.DecodeTenant([]byte(text))
		if err != nil {
			t.Skip(err)
		}
		transformer := tenant.Transformer{Tenant: decoded}
		got, err := transformer.Filter(base(t))
		require.NoError(t, err)
		once := objecttest.String(t, got)
		again, err := transformer.Filter(objecttest.Parse(t, once))
		require.NoError(t, err)
		require.Equal(t, once, objecttest.String(t, again))
		require.False(t, strings.Contains(once, v1alpha1.BaseNamespace))
	})
}
