package snapshot_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/render"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/snapshot"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/testing/clitest"
)

func TestMain(m *testing.M) { os.Exit(clitest.Main(m)) }

func read(t *testing.T, o snapshot.Options) (*snapshot.Reading, error) {
	t.Helper()
	var err error
	o.Executable, err = exec.LookPath("istio-tenancy")
	require.NoError(t, err)
	return snapshot.Read(context.Background(), o)
}

func stdin(t *testing.T, text string) (*snapshot.Reading, error) {
	t.Helper()
	return read(t, snapshot.Options{Paths: []string{"-"}, In: strings.NewReader(text)})
}

func ids(r *snapshot.Reading) (ids []string) {
	for _, o := range r.Objects {
		ids = append(ids, o.Source.String()+" "+o.ID.String())
	}
	return ids
}

func TestFiles(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		text, err string
		ids       []string
	}{
		"documents": {
			text: "# first\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n---\n---\n\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: b, namespace: x}\n",
			ids:  []string{"stdin:2 ConfigMap a", "stdin:9 ConfigMap x/b"},
		},
		"a List": {
			text: "apiVersion: v1\nkind: List\nmetadata: {resourceVersion: ''}\nitems:\n- apiVersion: v1\n  kind: ConfigMap\n  metadata: {name: a}\n- apiVersion: v1\n  kind: ConfigMap\n  metadata: {name: b}\n",
			ids:  []string{"stdin:5 ConfigMap a", "stdin:8 ConfigMap b"},
		},
		"JSON": {
			text: "{\n  \"apiVersion\": \"v1\", \"kind\": \"List\", \"items\": [\n    {\"apiVersion\": \"v1\", \"kind\": \"Pod\", \"metadata\": {\"name\": \"a\", \"namespace\": \"x\"}}\n  ]\n}\n",
			ids:  []string{"stdin:3 Pod x/a"},
		},
		"anchors": {
			text: "apiVersion: v1\nkind: ConfigMap\nmetadata: &m {name: a, labels: {a: b}}\n---\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: b\n  labels: &l {a: b}\n  annotations: *l\n",
			ids:  []string{"stdin:1 ConfigMap a", "stdin:5 ConfigMap b"},
		},
		"a namespace of what has none": {text: "apiVersion: v1\nkind: Namespace\nmetadata: {name: a, namespace: b}\n", ids: []string{"stdin:1 Namespace a"}},
		"no YAML":                      {text: "apiVersion: v1\n---\nkind: \"x\n", err: "stdin:3: "},
		"no kind":                      {text: "\n\napiVersion: v1\nmetadata: {name: a}\n", err: `stdin:3: found an object of kind "" called "a"`},
		"no name":                      {text: "apiVersion: v1\nkind: ConfigMap\nmetadata: {}\n", err: `stdin:1: found an object of kind "ConfigMap" called ""`},
		"nothing":                      {text: "# nothing\n", err: "stdin: has no objects: must have at least one"},
	} {
		r, err := stdin(t, c.text)
		if c.err != "" {
			require.ErrorContains(t, err, c.err, name)
			continue
		}
		require.NoError(t, err, name)
		require.Equal(t, c.ids, ids(r), name)
		require.False(t, r.Objects[0].Reviewed, "no overlay gives it")
	}
}

// Manifests of the time of Istio 0.7 repeat keys. The last value counts, as it did for kubectl.
func TestAKeyThatIsThereTwiceIsAWarning(t *testing.T) {
	var warnings []string
	r, err := snapshot.Read(t.Context(), snapshot.Options{
		Paths: []string{"-"}, Warn: func(line string) { warnings = append(warnings, line) },
		In: strings.NewReader("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {a: b}\ndata: {c: d}\n"),
	})
	require.NoError(t, err)
	require.Equal(t, map[string]any{"c": "d"}, r.Objects[0].Content["data"])
	require.Len(t, warnings, 1)
	require.Contains(t, warnings[0], "stdin:5: ")
}

func TestContent(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("    web.ns-7.svc is long\n", 300)
	r, err := stdin(t, `apiVersion: v1
data:
  big: |-
`+long+`  mesh: |-
    trustDomain: a.mesh
  small: x
kind: ConfigMap
metadata:
  name: a
  annotations:
    kubectl.kubernetes.io/last-applied-configuration: "{}"
  managedFields: [{}]
  number: 7
  half: 0.5
  set: true
  date: 2026-11-30
---
apiVersion: v1
kind: Secret
metadata: {name: s, namespace: a}
data: {key: c2VjcmV0}
stringData: {other: secret}
---
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: a.b}
spec: {group: b, versions: [{name: v1, schema: {openAPIV3Schema: {}}}]}
`)
	require.NoError(t, err)
	require.Equal(t, map[string]any{
		"apiVersion": "v1", "kind": "ConfigMap", "data": map[string]any{"mesh": "trustDomain: a.mesh", "small": "x", "big": ""},
		"metadata": map[string]any{"name": "a", "annotations": map[string]any{}, "number": int64(7), "half": 0.5, "set": true, "date": "2026-11-30"},
	}, r.Objects[0].Content)
	require.Equal(t, snapshot.Namespace, r.Words(r.Objects[0])["ns-7"])
	require.Equal(t, map[string]any{"key": ""}, r.Objects[1].Content["data"])
	require.Equal(t, map[string]any{"other": ""}, r.Objects[1].Content["stringData"])
	version := snapshot.List(r.Objects[2].Content, "spec", "versions")[0]
	require.Equal(t, "v1", snapshot.Text(version, "name"))
	require.Len(t, snapshot.Text(version, "schema"), 64, "the digest of the schema")
}

func TestTenants(t *testing.T) {
	const text = `
{apiVersion: v1, kind: Namespace, metadata: {name: a, labels: {istio-tenancy.dev/tenant: one}}}
---
{apiVersion: v1, kind: ConfigMap, metadata: {name: x, namespace: a, labels: {istio-tenancy.dev/tenant: two}}}
---
{apiVersion: v1, kind: ConfigMap, metadata: {name: x, namespace: b, labels: {istio-tenancy.dev/tenant: two}}}
---
{apiVersion: v1, kind: ConfigMap, metadata: {name: x, namespace: c}}
---
{apiVersion: v1, kind: ConfigMap, metadata: {name: x, namespace: d}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: istiod, namespace: c}
spec: {template: {spec: {containers: [{name: discovery, image: "istio/pilot:1.31.0", args: [discovery], env: [{name: REVISION, value: r}, {name: ISTIO_WATCH_NAMESPACE, value: w}]}]}}}
`
	r, err := read(t, snapshot.Options{Paths: []string{"-"}, In: strings.NewReader(text), Named: map[string][]string{"three": {"d", "c"}}})
	require.NoError(t, err)
	var found []string
	for _, tenant := range r.Tenants {
		found = append(found, fmt.Sprint(tenant.Name, tenant.Namespaces, tenant.ControlPlane))
	}
	require.Equal(t, []string{"one[a]", "three[c d]c", "two[b]"}, found)
	require.Len(t, r.Planes, 1)
	require.Equal(t, "1.31.0 r [w]", fmt.Sprint(r.Planes[0].Version, " ", r.Planes[0].Revision, " ", r.Planes[0].Watched))
}

func TestMentions(t *testing.T) {
	r, err := stdin(t, "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\ndata: {a: ns-1, b: 'ns-10 or a.ns-2.svc', c: of-ns-3, ns-4: x, d: my ns-5 here, e: 'namespace: ns-6'}\n")
	require.NoError(t, err)
	found := map[string]snapshot.Place{}
	r.Mentions(func(word string) bool { return strings.Contains(word, "ns-") && len(word) == 4 }, func(o *snapshot.Object, word string, at snapshot.Place) {
		require.Equal(t, "x", o.ID.Name)
		found[word] = at
	})
	require.Equal(t, map[string]snapshot.Place{
		"ns-1": snapshot.Whole, "ns-2": snapshot.Namespace, "ns-4": snapshot.Whole, "ns-5": snapshot.Anywhere, "ns-6": snapshot.Namespace,
	}, found)
}

// Tenants that a template gives are what they are when each is read by itself.
func TestShape(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.CopyFS(filepath.Join(dir, "bases"), os.DirFS("../../../bases")))
	for _, name := range []string{"team-a", "team-b", "team-c", "team-d", "team-e"} {
		overlay := filepath.Join(dir, "overlays", name)
		require.NoError(t, os.MkdirAll(overlay, 0o755))
		require.NoError(t, os.WriteFile(filepath.Join(overlay, "kustomization.yaml"), []byte("resources: [../../bases/istio/control-plane]\ntransformers: [tenant.yaml]\n"), 0o600))
		require.NoError(t, os.WriteFile(filepath.Join(overlay, "tenant.yaml"), []byte(`apiVersion: istio-tenancy.dev/v1alpha1
kind: IstioTenant
metadata:
  name: `+name+`
  annotations: {config.kubernetes.io/function: "exec: {path: istio-tenancy}"}
spec:
  controlPlane: {trustDomain: `+name+`.example.com}
  admins: [{kind: User, name: `+name+`@example.com}]
  network: {allowFrom: [of-`+name+`]}
`), 0o600))
	}
	shaped, err := read(t, snapshot.Options{Paths: []string{filepath.Join(dir, "overlays")}})
	require.NoError(t, err)
	require.Len(t, shaped.Configs, 5)
	for _, o := range shaped.Objects {
		require.True(t, o.Reviewed, o)
	}
	require.Equal(t, []string{filepath.Join(dir, "bases/istio/common")}, shaped.Common)

	executable, err := exec.LookPath("istio-tenancy")
	require.NoError(t, err)
	_, err = render.Run(context.Background(), render.Options{Executable: executable, Overlays: []string{filepath.Join(dir, "overlays")}, Output: filepath.Join(dir, "rendered")})
	require.NoError(t, err)
	plain, err := read(t, snapshot.Options{Paths: []string{filepath.Join(dir, "rendered")}})
	require.NoError(t, err)
	require.Greater(t, len(plain.Objects), 150)
	for _, want := range plain.Objects {
		got := shaped.Get(want.ID)
		require.NotNil(t, got, want.ID)
		require.Equal(t, want.Content, got.Content, want.ID)
		require.Equal(t, plain.Words(want), shaped.Words(got), want.ID)
	}
	require.Len(t, shaped.Planes, len(plain.Planes))
	for i, want := range plain.Planes {
		got := shaped.Planes[i]
		want.Object = got.Object
		require.Equal(t, want, got)
	}
	require.Equal(t, 5, len(shaped.Of("apps", "Deployment")))
	require.NotNil(t, shaped.Get(object.ID{Kind: "Namespace", Name: "team-c"}))
}

// Nothing that stands in a file is passed over in silence.
func TestAllDocuments(t *testing.T) {
	const one, two = `{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "one"}}`, `{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "two"}}`
	yaml := func(name string) string { return "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: " + name + "}\n" }
	for _, text := range []string{
		one + "\n" + two + "\n", one + two, one + "\n---\n" + two, "---\n" + one + "\n--- # next\n" + two,
		yaml("one") + "...\n---\n" + yaml("two") + "...\n",
		strings.ReplaceAll(yaml("one")+"---\n"+yaml("two"), "\n", "\r\n"),
		`{"apiVersion": "v1", "kind": "List", "items": [` + one + `]}` + "\n" + two,
		"items:\n- " + one + "\n- " + two, "apiVersion: v1\nkind: list\nitems:\n- " + one + "\n- " + two,
		"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\nitems: [" + one + ", " + two + "]",
	} {
		r, err := stdin(t, text)
		require.NoError(t, err, text)
		var names []string
		for _, o := range r.Objects {
			names = append(names, o.ID.Name)
		}
		require.Equal(t, []string{"one", "two"}, names, "%q", text)
	}
	for text, said := range map[string]string{
		yaml("one") + "...\n" + two:                                     "document 1: did not find expected <document start>",
		"---\n" + one + "\n" + two:                                      "stdin:2: document 1: did not find expected <document start>",
		"--- " + one + "\n" + two:                                       "stdin:1: document 1: found",
		strings.ReplaceAll(yaml("one")+"---\n"+yaml("two"), "\n", "\r"): "stdin:4: document 1: follows the end of another document",
		strings.Replace(one, "one", "o\u0085ne", 1):                     "stdin:1: metadata.name: kubectl reads this differently",
		one + "}": "did not find expected",
		"\xff\xfe" + strings.Join(strings.Split(one, ""), "\x00"):         "stdin:1: is not UTF-8",
		"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\nitems: []": "stdin:1: ConfigMap: found items, and none in them",
		"apiVersion: v1\nkind: Pod\nmetadata: {generateName: x-}":         "without metadata.name (it has metadata.generateName, of which the API server makes a name)",
		"metadata: {name: x}": "without apiVersion and kind",
		"items: [x]":          "a List: an item has no kind",
	} {
		_, err := stdin(t, text)
		require.ErrorContains(t, err, said, "%q", text)
	}
}

// A message is one line, which no terminal obeys, whatever the names of objects have.
func TestNamesInMessages(t *testing.T) {
	const name = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: \"x\\n::error::y\\e[2J\"}\n"
	for _, text := range []string{name + "data: {a: b, a: c}\n", name + "<<: x\n", name + "kind: Secret\n", strings.Replace(name, "ConfigMap", `""`, 1)} {
		var said []string
		_, err := snapshot.Read(t.Context(), snapshot.Options{Paths: []string{"-"}, In: strings.NewReader(text), Warn: func(line string) { said = append(said, line) }})
		if err != nil {
			said = append(said, strings.Split(err.Error(), "\n")...)
		}
		require.NotEmpty(t, said, text)
		for _, line := range said {
			require.True(t, strings.HasPrefix(line, "stdin:"), line)
			require.NotContains(t, line, "\x1b")
		}
	}
}

// A namespace that the user names has something in it.
func TestNamedNamespaces(t *testing.T) {
	const text = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x, namespace: a}\n---\napiVersion: v1\nkind: Namespace\nmetadata: {name: b}\n"
	_, err := read(t, snapshot.Options{Paths: []string{"-"}, In: strings.NewReader(text), Named: map[string][]string{"one": {"a", "b"}}})
	require.NoError(t, err)
	_, err = read(t, snapshot.Options{Paths: []string{"-"}, In: strings.NewReader(text), Named: map[string][]string{"one": {"a", "B", "nope"}}})
	require.EqualError(t, err, "--tenant one=B: nothing of what was read is in namespace B: must be one that has objects\n"+
		"--tenant one=nope: nothing of what was read is in namespace nope: must be one that has objects")
}

// One object makes nobody's namespace that of a tenant who has others, and no object makes
// one that every cluster has that of a tenant.
func TestNobodysNamespace(t *testing.T) {
	const object = "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: x, namespace: NAMESPACE, labels: {istio-tenancy.dev/tenant: one}}\n"
	const namespace = "---\napiVersion: v1\nkind: Namespace\nmetadata: {name: a, labels: {istio-tenancy.dev/tenant: one}}\n"
	in := func(name string) string { return strings.Replace(object, "NAMESPACE", name, 1) }
	for text, expected := range map[string][]string{
		in("a") + in("b"):                           {"a", "b"},
		in("a") + in("b") + namespace:               {"a"},
		in("a") + in("kube-system"):                 {"a"},
		in("default") + in("kube-public") + in("c"): {"c"},
	} {
		r, err := stdin(t, text)
		require.NoError(t, err)
		require.Len(t, r.Tenants, 1)
		require.Equal(t, expected, r.Tenants[0].Namespaces)
	}
}
