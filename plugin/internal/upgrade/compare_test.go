package upgrade_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/istio"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/render"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/testing/objecttest"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/testing/tenancytest"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/upgrade"
)

// compare says what changes for the tenant sales, whose control plane is in
// istio-system1, and its applications in ns-1 and ns-2.
func compare(t *testing.T, from, to string) upgrade.Report {
	t.Helper()
	return upgrade.Compare(render.Swapped{
		Overlay: "overlays/sales", Tenant: tenancytest.Sales("ns-1", "ns-2"),
		From: render.Laid{Base: "old", Objects: objecttest.Parse(t, from)},
		To:   render.Laid{Base: "new", Objects: objecttest.Parse(t, to)},
	})
}

// said are the changes of a report, a line each.
func said(changes []upgrade.Change) string {
	value := func(text *string) string {
		if text == nil {
			return "nothing"
		}
		return *text
	}
	var lines []string
	for _, c := range changes {
		lines = append(lines, fmt.Sprintf("%s: %s: %s: %s: %s -> %s", c.Topic, strings.Join(c.Objects, ", "), c.Element, c.Field, value(c.From), value(c.To)))
	}
	return strings.Join(lines, "\n")
}

// Every field that differs is a change of one topic.
func TestChanges(t *testing.T) {
	const (
		deployment = `{apiVersion: apps/v1, kind: Deployment, metadata: {name: istiod, namespace: istio-system1}, spec: {template: {spec: {containers: [{name: discovery, %s}]}}}}`
		webhook    = `{apiVersion: admissionregistration.k8s.io/v1, kind: MutatingWebhookConfiguration, metadata: {name: a}, webhooks: [{name: b.istio.io, %s}]}`
		config     = "{apiVersion: v1, kind: ConfigMap, metadata: {name: istio, namespace: istio-system1}, data: {%s}}"
		any        = `{apiVersion: v1, kind: Thing, metadata: {name: a, namespace: ns-1}, %s}`
	)
	for name, test := range map[string]struct{ object, from, to, want string }{
		"an image": {deployment, `image: a:1`, `image: a:2`, `images: Deployment istiod: discovery: : a:1 -> a:2`},
		"a variable that is inserted": {deployment, `env: [{name: B, value: "1"}]`, `env: [{name: A, value: x}, {name: B, value: "1"}]`,
			`variables: Deployment istiod: discovery: A: nothing -> x`},
		"a variable's source": {deployment, `env: [{name: A, value: x}]`, `env: [{name: A, valueFrom: {fieldRef: {fieldPath: p}}}]`,
			`variables: Deployment istiod: discovery: A: x -> valueFrom(fieldRef(fieldPath=p))`},
		"an argument with its value": {deployment, `args: [discovery, --domain, a, --x=1]`, `args: [discovery, --domain=b, --y]`,
			"arguments: Deployment istiod: discovery: : nothing -> --y\narguments: Deployment istiod: discovery: --domain: a -> b\n" +
				`arguments: Deployment istiod: discovery: --x: 1 -> nothing`},
		"a container's port": {deployment, `ports: [{containerPort: 1}]`, `ports: [{containerPort: 1, name: x}, {containerPort: 2}]`,
			"ports: Deployment istiod: discovery: 1:  -> name=x\nports: Deployment istiod: discovery: 2: nothing -> "},
		"another field of a Pod": {deployment, `tty: true`, `tty: false`, `other: Deployment istiod: : Pod.containers.discovery.tty: true -> false`},
		"a webhook": {webhook, `failurePolicy: Fail, timeoutSeconds: 10`, `failurePolicy: Ignore, timeoutSeconds: 30`,
			"webhooks: MutatingWebhookConfiguration a: b.istio.io: failurePolicy: Fail -> Ignore\n" +
				`webhooks: MutatingWebhookConfiguration a: b.istio.io: timeoutSeconds: 10 -> 30`},
		"a webhook's rules": {webhook, `rules: [{operations: [CREATE], apiGroups: [""], apiVersions: [v1], resources: [pods]}]`,
			`rules: [{operations: [CREATE], apiGroups: [""], apiVersions: [v1], resources: [pods, pods/x], scope: Cluster}]`,
			"webhooks: MutatingWebhookConfiguration a: b.istio.io: rules: nothing -> CREATE of pods pods/x (core v1), Cluster\n" +
				`webhooks: MutatingWebhookConfiguration a: b.istio.io: rules: CREATE of pods (core v1) -> nothing`},
		"a webhook's rule with a field that nobody knows": {webhook, `rules: [{operations: [CREATE]}]`, `rules: [{operations: [CREATE], strange: 1}]`,
			`webhooks: MutatingWebhookConfiguration a: b.istio.io: rules: nothing -> {"operations":["CREATE"],"strange":1}` + "\n" +
				`webhooks: MutatingWebhookConfiguration a: b.istio.io: rules: CREATE of  ( ) -> nothing`},
		"a selector": {webhook, `objectSelector: {matchExpressions: [{key: a, operator: Exists}]}`, `objectSelector: {matchExpressions: [{key: a, operator: In, values: [b, c]}]}`,
			"webhooks: MutatingWebhookConfiguration a: b.istio.io: objectSelector.matchExpressions: nothing -> a In b c\n" +
				`webhooks: MutatingWebhookConfiguration a: b.istio.io: objectSelector.matchExpressions: a Exists -> nothing`},
		"the mesh": {config, `mesh: "a: {b: 1}\nc: 2\n"`, `mesh: "a: {b: 3}\nc: 2\n"`, `mesh: ConfigMap istio: : a.b: 1 -> 3`},
		"a template of the injector": {config, `config: "templates:\n  sidecar: |\n    {{ a }}\n    x: 1\n"`, `config: "templates:\n  sidecar: |\n    {{ b }}\n    x: 1\n"`,
			"injection: ConfigMap istio: : templates.sidecar: {{ a }}\nx: 1\n -> {{ b }}\nx: 1\n"},
		"the injected image": {config, `values: '{"global": {"tag": "1", "x": 1}}'`, `values: '{"global": {"tag": "2", "x": 2}}'`,
			"images: ConfigMap istio: : injected tag: \"1\" -> \"2\"\ninjection: ConfigMap istio: : value global.x: 1 -> 2"},
		"a text is no number":     {any, `a: "1"`, `a: 1`, `other: Thing a in ns-1: : a: "1" -> 1`},
		"a field that is empty":   {any, `a: {}`, `b: []`, "other: Thing a in ns-1: : a: {} -> nothing\nother: Thing a in ns-1: : b: nothing -> []"},
		"an order":                {any, `a: [{x: 1}, {x: 2}]`, `a: [{x: 2}, {x: 1}]`, `other: Thing a in ns-1: : the order of a list: nothing -> nothing`},
		"one of two that are one": {any, `a: [{x: 1}, {x: 1}]`, `a: [{x: 1}]`, `other: Thing a in ns-1: : a: {"x":1} -> nothing`},
		"a list of texts":         {any, `a: [x, y]`, `a: [x, z]`, "other: Thing a in ns-1: : a: nothing -> z\nother: Thing a in ns-1: : a: y -> nothing"},
		"nothing but style":       {any, `a: [x, 'y']`, `"a": [ "x", y ]`, ``},
		"a label":                 {any, `metadata: {name: a, namespace: ns-1, labels: {a: b}}`, `metadata: {name: a, namespace: ns-1, labels: {a: c}}`, ``},
	} {
		t.Run(name, func(t *testing.T) {
			object := test.object
			if strings.Contains(test.from, "metadata:") {
				object = "{apiVersion: v1, kind: Thing, %s}"
				test.want = `labels: Thing a in ns-1: : label a: b -> c`
			}
			r := compare(t, fmt.Sprintf(object, test.from), fmt.Sprintf(object, test.to))
			require.Equal(t, test.want, said(r.Changes))
			require.Equal(t, test.want == "", r.Changed == 0)
		})
	}
}

// A change that many objects have is one, and names them.
func TestAlike(t *testing.T) {
	object := func(kind, namespace, label string) string {
		return fmt.Sprintf("---\n{apiVersion: v1, kind: %s, metadata: {name: a, namespace: %s, labels: {chart: %s}}}\n", kind, namespace, label)
	}
	both := func(label string) string {
		return object("X", "istio-system1", label) + object("Y", "ns-1", label) + object("Y", "ns-2", label) + object("Z", "ns-2", label)
	}
	r := compare(t, both("a"), both("b"))
	require.Equal(t, "labels: X a, Y a in the application namespaces, Z a in ns-2: : label chart: a -> b", said(r.Changes))
	require.Equal(t, 4, r.Changed)
}

func TestObjectsComeAndGo(t *testing.T) {
	r := compare(t, `
{apiVersion: v1, kind: X, metadata: {name: a}}
---
{apiVersion: example.com/v1, kind: Y, metadata: {name: b, namespace: istio-system1}}
`, `
{apiVersion: example.com/v2, kind: Y, metadata: {name: b, namespace: istio-system1}}
---
{apiVersion: v1, kind: X, metadata: {name: c, namespace: ns-1}}
`)
	require.Equal(t, []string{"X c in ns-1"}, r.Added)
	require.Equal(t, []string{"X a"}, r.Removed)
	require.Equal(t, "other: Y b: : apiVersion: example.com/v1 -> example.com/v2", said(r.Changes))
}

func TestRefused(t *testing.T) {
	for name, test := range map[string]struct{ from, to, want string }{
		"a Deployment's selector": {
			`{apiVersion: apps/v1, kind: Deployment, metadata: {name: a}, spec: {selector: {matchLabels: {a: b}}}}`,
			`{apiVersion: apps/v1, kind: Deployment, metadata: {name: a}, spec: {selector: {matchLabels: {a: c}}}}`,
			`other: Deployment a: : spec.selector.matchLabels.a: b -> c`,
		},
		"a RoleBinding's role": {
			`{apiVersion: rbac.authorization.k8s.io/v1, kind: RoleBinding, metadata: {name: a, namespace: ns-1}, roleRef: {name: a}}`,
			`{apiVersion: rbac.authorization.k8s.io/v1, kind: RoleBinding, metadata: {name: a, namespace: ns-1}, roleRef: {name: b}}`,
			`other: RoleBinding a in ns-1: : roleRef.name: a -> b`,
		},
		"a Job's Pods": {
			`{apiVersion: batch/v1, kind: Job, metadata: {name: a}, spec: {template: {spec: {containers: [{name: x, image: a}]}}}}`,
			`{apiVersion: batch/v1, kind: Job, metadata: {name: a}, spec: {template: {spec: {containers: [{name: x, image: b}]}}}}`,
			`images: Job a: x: : a -> b`,
		},
		"a PodDisruptionBudget may change its selector": {
			`{apiVersion: policy/v1, kind: PodDisruptionBudget, metadata: {name: a}, spec: {selector: {matchLabels: {a: b}}}}`,
			`{apiVersion: policy/v1, kind: PodDisruptionBudget, metadata: {name: a}, spec: {selector: {matchLabels: {a: c}}}}`,
			``,
		},
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, test.want, said(compare(t, test.from, test.to).Refused))
		})
	}
}

func TestRestarts(t *testing.T) {
	workload := func(kind, name, template string) string {
		return fmt.Sprintf("---\n{apiVersion: apps/v1, kind: %s, metadata: {name: %s, namespace: ns-1}, spec: {replicas: 1, template: %s}}\n", kind, name, template)
	}
	const proxy = `{spec: {containers: [{name: istio-proxy, image: auto}]}}`
	injector := func(tag string) string {
		return `---
{apiVersion: v1, kind: ConfigMap, metadata: {name: istio-sidecar-injector-sales, namespace: istio-system1}, data: {values: '{"global": {"tag": "` + tag + `"}}'}}
`
	}
	r := compare(t,
		workload("Deployment", "a", `{metadata: {labels: {x: y}}, spec: {}}`)+workload("Deployment", "b", `{spec: {}}`)+workload("Deployment", "gateway", proxy)+injector("1"),
		workload("Deployment", "a", `{metadata: {labels: {x: z}}, spec: {}}`)+workload("Deployment", "b", `{spec: {}, metadata: {}}`)+workload("Deployment", "gateway", proxy)+injector("2"))
	require.Equal(t, []string{"Deployment a in ns-1", "Deployment b in ns-1"}, r.Restarts)
	require.True(t, r.Proxies)
	require.Equal(t, []string{"Deployment gateway in ns-1"}, r.KeepProxies)

	r = compare(t, workload("Deployment", "gateway", proxy)+injector("1"), strings.ReplaceAll(workload("Deployment", "gateway", proxy), "replicas: 1", "replicas: 2")+injector("1"))
	require.Empty(t, r.Restarts)
	require.False(t, r.Proxies)
	require.Empty(t, r.KeepProxies)
}

// No report has what a Secret holds.
func TestSecrets(t *testing.T) {
	const object = `{apiVersion: v1, kind: Secret, metadata: {name: cacerts, namespace: istio-system1}, data: {key: %s}, stringData: {text: %s}}`
	r := compare(t, fmt.Sprintf(object, "b2xk", "old"), fmt.Sprintf(object, "bmV3", "new"))
	require.Equal(t, "other: Secret cacerts: : data.key: (not shown) -> (not shown)\nother: Secret cacerts: : stringData.text: (not shown) -> (not shown)", said(r.Changes))
}

func TestWarningsOfTheNewBase(t *testing.T) {
	s := render.Swapped{Tenant: tenancytest.Sales(), From: render.Laid{Notes: []string{"a"}}, To: render.Laid{Notes: []string{"a", "b", "b"}}}
	plane := func(env string) string {
		return `{apiVersion: apps/v1, kind: Deployment, metadata: {name: istiod, namespace: istio-system1}, spec: {template: {spec: {containers: [
{name: discovery, image: "pilot:` + istio.Release + `", args: [discovery, --strange=1, --domain, x], env: [` + env + `]}]}}}}`
	}
	s.From.Objects = objecttest.Parse(t, plane(`{name: ODD, value: x}`))
	s.To.Objects = objecttest.Parse(t, plane(`{name: ODD, value: x}, {name: ODDER, value: x}, {name: PILOT_TRACE_SAMPLING, value: "1"}`))
	require.Equal(t, []string{"b", "Deployment istio-system1/istiod: variable ODDER is not among those of Istio " + istio.Newest + " that this release knows"}, upgrade.Compare(s).Unknown)
}
