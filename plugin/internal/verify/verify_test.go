package verify

import (
	"archive/tar"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/authorize"
)

func decoded(t *testing.T, text string) (o map[string]any) {
	t.Helper()
	asJSON, err := yaml.YAMLToJSON([]byte(text))
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(asJSON, &o))
	return o
}

func TestDifferences(t *testing.T) {
	for _, row := range []struct{ name, is, would, want string }{
		{"the same", `{spec: {a: 1}}`, `{spec: {a: 1}}`, ""},
		{"what the API server and controllers write", `{metadata: {resourceVersion: "1", generation: 1, managedFields: []}, status: {a: 1}}`,
			`{metadata: {resourceVersion: "2", generation: 2}, status: {}}`, ""},
		{"a label", `{metadata: {labels: {istio.io/rev: dev}}}`, `{metadata: {labels: {istio.io/rev: sales}}}`,
			`metadata.labels[istio.io/rev]: found "dev": must be "sales"`},
		{"a label that is gone", `{metadata: {labels: {}}}`, `{metadata: {labels: {a: b}}}`, `metadata.labels.a: is missing: must be "b"`},
		{"all labels are gone", `{metadata: {}}`, `{metadata: {labels: {a: b}}}`, `metadata.labels: is missing: must be {"a":"b"}`},
		{"a subject", `{subjects: [{kind: User, name: eve}]}`, `{subjects: [{kind: User, name: sales-admin}]}`,
			`subjects[eve]: found {"kind":"User","name":"eve"}: must not be there
subjects[sales-admin]: is missing: must be {"kind":"User","name":"sales-admin"}`},
		{"a rule", `{rules: [{verbs: [get, list]}]}`, `{rules: [{verbs: [get]}]}`, `rules[0].verbs: found ["list"]: must not be there`},
		{"rules that lack and have", `{verbs: [get, list]}`, `{verbs: [get, watch]}`, `verbs: found ["list"]: must not be there; lacks ["watch"]`},
		{"another order", `{verbs: [get, list]}`, `{verbs: [list, get]}`, `verbs: found ["get" "list"]: must be ["list" "get"]`},
		{"an image", `{spec: {containers: [{name: a, image: x}, {name: b, image: y}]}}`, `{spec: {containers: [{name: b, image: y}, {name: a, image: z}]}}`,
			`spec.containers[a].image: found "x": must be "z"`},
		{"a number for a text", `{a: 1}`, `{a: "1"}`, `a: found 1: must be "1"`},
		{"a list for a map", `{a: [b]}`, `{a: {c: d}}`, "a[0]: found \"b\": must not be there\na.c: is missing: must be \"d\""},
		{"a password", `{env: [{name: DB_PASSWORD, value: hunter2}]}`, `{env: [{name: DB_PASSWORD, value: other}]}`, `env[DB_PASSWORD].value: found (left out): must be (left out)`},
		{"a password under another name", `{env: [{name: DB_PASS, value: hunter2}]}`, `{env: [{name: DB_PASS, value: other}]}`, `env[DB_PASS].value: found (left out): must be (left out)`},
		{"a variable", `{env: [{name: LICENSE, value: hunter2}, {name: COUNT, value: "5"}]}`, `{env: [{name: LICENSE, value: rendered}, {name: COUNT, value: "6"}]}`,
			"env[COUNT].value: found \"5\": must be \"6\"\nenv[LICENSE].value: found (left out): must be \"rendered\""},
		{"a variable that nobody renders", `{spec: {env: [{name: LICENSE, value: hunter2}]}}`, `{spec: {}}`, `spec.env: found [{"name":"LICENSE","value":"(left out)"}]: must not be there`},
		{"a variable with a bracket in its name", `{env: [{name: "A]B", value: hunter2}]}`, `{env: [{name: "A]B", value: z}]}`, `env[0].value: found (left out): must be "z"`},
		{"a variable with a number for a name, twice", `{env: [{name: "1", value: evil}, {name: "1", value: z}]}`, `{env: [{name: "1", value: z}]}`,
			"env[0].value: found (left out): must be \"z\"\nenv[1]: found {\"name\":\"1\",\"value\":\"(left out)\"}: must not be there"},
		{"an annotation", `{metadata: {annotations: {a: hunter2}}, spec: {template: {metadata: {annotations: {b: hunter2}}}}}`, `{metadata: {annotations: {a: z}}, spec: {template: {metadata: {}}}}`,
			"metadata.annotations.a: found (left out): must be \"z\"\nspec.template.metadata.annotations: found {\"b\":\"(left out)\"}: must not be there"},
		{"the configuration of a plugin", `{spec: {pluginConfig: {name: hunter2}}}`, `{spec: {pluginConfig: {name: z}}}`, `spec.pluginConfig.name: found (left out): must be "z"`},
		{"arguments", `{args: [discovery, --db-password, hunter2, --license=hunter2, --log=5, -phunter2]}`, `{args: [discovery, --log=6]}`,
			`args: found ["--db-password" "(left out)" "--license=(left out)" "--log=5" "(left out)"]: must not be there; lacks ["--log=6"]`},
		{"arguments in another order", `{args: [--token=hunter2, a]}`, `{args: [a, --token=hunter2]}`, `args: found ["--token=(left out)" "a"]: must be ["a" "--token=(left out)"]`},
		{"two secrets", `{args: [--token=hunter2]}`, `{args: [--token=hunter3]}`, `args: found ["--token=(left out)"]: must not be there; lacks ["--token=(left out)"]`},
		{"a text of a ConfigMap", `{data: {mesh: "a: b\nc: hunter2\n", more: "client-key-data: hunter2"}}`, `{data: {mesh: "a: b\nc: d\n"}}`,
			"data.mesh: found another text in line 2: must be \"c: d\"\ndata.more: found (left out): must not be there"},
		{"what another field has brought", `{spec: {type: NodePort, externalTrafficPolicy: Cluster}}`, `{spec: {type: ClusterIP}}`, `spec.type: found "NodePort": must be "ClusterIP"`},
		{"what no other field has brought", `{spec: {type: NodePort, externalTrafficPolicy: Local}}`, `{spec: {type: NodePort, externalTrafficPolicy: Cluster}}`,
			`spec.externalTrafficPolicy: found "Local": must be "Cluster"`},
		{"a long text", `{a: ` + strings.Repeat("x", 200) + `}`, `{a: z}`, `a: found "` + strings.Repeat("x", 99) + `...: must be "z"`},
	} {
		t.Run(row.name, func(t *testing.T) {
			var lines []string
			for _, d := range differences(decoded(t, row.is), decoded(t, row.would)) {
				lines = append(lines, d.String())
			}
			require.Equal(t, row.want, strings.Join(lines, "\n"))
		})
	}
}

func TestLackingAreTheRenderedFieldsThatAreOtherwise(t *testing.T) {
	for _, row := range []struct{ name, is, rendered, want string }{
		{"the same, with what the API server adds", `{metadata: {uid: a, labels: {a: b, c: d}}, spec: {replicas: 1, other: 2}}`, `{metadata: {labels: {a: b}}, spec: {replicas: 1}}`, ""},
		{"a label that is gone", `{metadata: {labels: {c: d}}}`, `{metadata: {labels: {istio-tenancy.dev/tenant: sales}}}`, `metadata.labels[istio-tenancy.dev/tenant]: is missing: must be "sales"`},
		{"all labels are gone", `{metadata: {}}`, `{metadata: {labels: {a: b}}}`, `metadata.labels: is missing: must be {"a":"b"}`},
		{"another value", `{metadata: {labels: {a: c}}}`, `{metadata: {labels: {a: b}}}`, `metadata.labels.a: found "c": must be "b"`},
	} {
		t.Run(row.name, func(t *testing.T) {
			rendered, err := objectsOf([]byte(row.rendered))
			require.NoError(t, err)
			var lines []string
			for _, d := range lacking(decoded(t, row.is), rendered[0]) {
				lines = append(lines, d.String())
			}
			require.Equal(t, row.want, strings.Join(lines, "\n"))
		})
	}
}

func TestARefusalOfAPolicyIsNoLackOfRights(t *testing.T) {
	for text, want := range map[string]bool{
		`namespaces "ns-1" is forbidden: ValidatingAdmissionPolicy 'p' with binding 'p' denied request: must not`: true,
		`admission webhook "a.example.com" denied the request: must not`:                                          true,
		`namespaces "ns-1" is forbidden: User "jo" cannot patch resource "namespaces" in API group ""`:            false,
		`Deployment.apps "a" is invalid: spec.selector: Invalid value: field is immutable`:                        false,
	} {
		require.Equal(t, want, isRefused(errors.New(text)), text)
	}
	require.False(t, isRefused(nil))
}

func TestWhatControllersWriteIsNoDrift(t *testing.T) {
	for _, row := range []struct{ name, is, would, want string }{
		{"the revision of a Deployment, where no annotation is rendered", `{metadata: {annotations: {deployment.kubernetes.io/revision: "2"}}}`, `{metadata: {}}`, ""},
		{"another annotation beside it", `{metadata: {annotations: {deployment.kubernetes.io/revision: "2", a: b}}}`, `{metadata: {}}`, `metadata.annotations: found {"a":(left out)}: must not be there`},
		{"a finalizer of a controller", `{metadata: {finalizers: [service.kubernetes.io/load-balancer-cleanup]}}`, `{metadata: {}}`, ""},
		{"a finalizer of a controller beside a rendered one", `{metadata: {finalizers: [x.io/y, service.kubernetes.io/load-balancer-cleanup]}}`, `{metadata: {finalizers: [x.io/y]}}`, ""},
		{"a finalizer of somebody else", `{metadata: {finalizers: [x.io/y]}}`, `{metadata: {}}`, `metadata.finalizers: found ["x.io/y"]: must not be there`},
		{"the label of Argo CD", `{metadata: {labels: {app.kubernetes.io/instance: mine}}}`, `{metadata: {labels: {app.kubernetes.io/instance: istiod}}}`, ""},
		{"the label of Argo CD is gone", `{metadata: {labels: {a: b}}}`, `{metadata: {labels: {a: b, app.kubernetes.io/instance: istiod}}}`, `metadata.labels[app.kubernetes.io/instance]: is missing: must be "istiod"`},
		{"another label that controllers add, and an overlay renders", `{metadata: {labels: {pod-security.kubernetes.io/warn: privileged}}}`, `{metadata: {labels: {pod-security.kubernetes.io/warn: baseline}}}`,
			`metadata.labels[pod-security.kubernetes.io/warn]: found "privileged": must be "baseline"`},
		{"the root of a webhook", `{webhooks: [{name: a.b, clientConfig: {caBundle: eA==}}]}`, `{webhooks: [{name: a.b, clientConfig: {}}]}`, ""},
		{"a webhook", `{webhooks: [{name: a.b, clientConfig: {url: x, caBundle: eA==}}]}`, `{}`, `webhooks: found [{"clientConfig":{"url":"x"},"name":"a.b"}]: must not be there`},
		{"an empty field", `{spec: {selector: {}}}`, `{spec: {}}`, `spec.selector: found {}: must not be there`},
		{"a container", `{spec: {containers: [{name: a}, {name: evil, image: shell}]}}`, `{spec: {containers: [{name: a}]}}`, `spec.containers[evil]: found {"image":"shell","name":"evil"}: must not be there`},
	} {
		t.Run(row.name, func(t *testing.T) {
			var lines []string
			v := &verifier{}
			for _, d := range v.drift(t.Context(), item{}, decoded(t, row.is), decoded(t, row.would)) {
				lines = append(lines, d.String())
			}
			require.Equal(t, row.want, strings.ReplaceAll(strings.Join(lines, "\n"), `"(left out)"`, "(left out)"))
		})
	}
}

func TestAnAutoscalerSetsReplicasThatNobodyRenders(t *testing.T) {
	const scaler = `{apiVersion: autoscaling/v2, kind: HorizontalPodAutoscaler, metadata: {name: x, namespace: ns}, spec: {scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: istiod}}}`
	v := &verifier{rendered: []item{{object: decoded(t, scaler)}}}
	is, must := decoded(t, `{spec: {replicas: 5}}`), decoded(t, `{spec: {replicas: 1}}`)
	deployment := func(spec string) item {
		return item{object: decoded(t, `{apiVersion: apps/v1, kind: Deployment, metadata: {name: istiod, namespace: ns}, spec: `+spec+`}`)}
	}
	require.Empty(t, v.drift(t.Context(), deployment("{}"), is, must))
	require.Len(t, v.drift(t.Context(), deployment("{replicas: 1}"), is, must), 1)
}

func TestListsAreInTheOrderOfAnApplyWhereItSaysNothing(t *testing.T) {
	would := decoded(t, `{apiVersion: v1, metadata: {managedFields: [
  {manager: istio-tenancy-verify, operation: Update, apiVersion: v1, fieldsV1: {"f:rules": {'k:{"a":1}': {}}}},
  {manager: istio-tenancy-verify, operation: Apply, apiVersion: v1, fieldsV1: {"f:ports": {'k:{"port":1}': {".": {}, "f:port": {}}, 'k:{"port":2}': {".": {}, "f:port": {}}}, "f:set": {'v:"a"': {}, 'v:"b"': {}}, "f:rules": {}}}]},
  ports: [{port: 3}, {port: 2}, {port: 1}], set: [b, a], rules: [{a: 1}, {a: 2}]}`)
	must := decoded(t, `{ports: [{port: 1, name: x}, {port: 2}], set: [a, b], rules: [{a: 2}, {a: 1}]}`)
	require.Equal(t, decoded(t, `{ports: [{port: 2}, {port: 1, name: x}], set: [b, a], rules: [{a: 2}, {a: 1}]}`), arranged(must, would, keysBy(would)))
}

func TestRedactedLeavesSecretsOut(t *testing.T) {
	const token = "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJrdWJlIn0.c2lnbmF0dXJl"
	text, err := json.Marshal(redacted(decoded(t, `
metadata:
  annotations:
    kubectl.kubernetes.io/last-applied-configuration: '{"value":"hunter2"}'
    note: Bearer hunter2hunter2
spec:
  tokenPolicy: third-party-jwt
  secretName: cacerts
  password: hunter2
  text: "call https://me:hunter2@example.com with `+token+`"
  config: |
    name: web
    password: hunter2
    client_secret = "hunter2"
  key: |
    -----BEGIN RSA PRIVATE KEY-----
    hunter2
    -----END RSA PRIVATE KEY-----
  env:
  - {name: API_TOKEN, value: hunter2}
  - {name: TOKEN_AUDIENCES, value: sales.istio-tenancy.dev}
  - name: OTHER_TOKEN
    valueFrom: {secretKeyRef: {name: web, key: a}}
`)))
	require.NoError(t, err)
	require.NotContains(t, string(text), "hunter2")
	require.NotContains(t, string(text), "eyJ")
	for _, kept := range []string{"third-party-jwt", "cacerts", "sales.istio-tenancy.dev", `"name":"web"`, "example.com"} {
		require.Contains(t, string(text), kept)
	}
}

func TestABundleIsWrittenAsAWholeOrNotAtAll(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "sales.tar.gz")
	require.NoError(t, write(file, map[string][]byte{"b/c.txt": []byte("two"), "a.txt": []byte("one")}))
	opened, err := os.Open(file)
	require.NoError(t, err)
	defer opened.Close()
	unzipped, err := gzip.NewReader(opened)
	require.NoError(t, err)
	archive := tar.NewReader(unzipped)
	var found []string
	for {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		require.NoError(t, err)
		text, err := io.ReadAll(archive)
		require.NoError(t, err)
		found = append(found, header.Name+" "+string(text))
	}
	require.Equal(t, []string{"sales/a.txt one", "sales/b/c.txt two"}, found)
	before, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Error(t, write(file, map[string][]byte{"a.txt": []byte("other")}))
	require.Error(t, mustBeNew(file))
	after, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Equal(t, before, after)
	left, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Len(t, left, 1)
}

func TestUnready(t *testing.T) {
	for _, row := range []struct{ name, deployment, want string }{
		{"ready", `{metadata: {generation: 2}, spec: {replicas: 1}, status: {observedGeneration: 2, conditions: [{type: Available, status: "True"}]}}`, ""},
		{"not available", `{status: {conditions: [{type: Available, status: "False", message: too few}]}}`, "is not available: too few"},
		{"nobody has looked", `{metadata: {generation: 2}, status: {observedGeneration: 1, conditions: [{type: Available, status: "True"}]}}`, "status.observedGeneration: found 1: must be 2"},
		{"scaled to nothing", `{spec: {replicas: 0}, status: {conditions: [{type: Available, status: "True"}]}}`, "spec.replicas: found 0"},
		{"new", `{}`, "has no condition Available"},
	} {
		t.Run(row.name, func(t *testing.T) {
			why := unready(decoded(t, row.deployment))
			require.Equal(t, row.want == "", why == "", why)
			require.Contains(t, why, row.want)
		})
	}
}

// TestEachQuestionIsAskedOnce finds a row that was copied and not changed.
func TestEachQuestionIsAskedOnce(t *testing.T) {
	seen := map[string]bool{}
	for _, q := range questions {
		id := fmt.Sprint(q.where, " ", asked(q.request(authorize.Subject{}, "ns")))
		require.False(t, seen[id], id)
		seen[id] = true
		require.False(t, q.where != applications && q.where != beside && (q.admin != no || q.viewer != no), "%s: nobody of a tenant may do anything there", id)
	}
}

func TestNetworkPluginsAreKnownByTheirDaemonSets(t *testing.T) {
	for _, row := range []struct {
		daemonSet string
		name      string
		enforces  enforcement
	}{
		{`{metadata: {name: cilium}}`, "Cilium", always},
		{`{metadata: {name: cilium-envoy}}`, "", never},
		{`{metadata: {name: calico-node}}`, "Calico", always},
		{`{metadata: {name: kube-flannel-ds}}`, "flannel", never},
		{`{metadata: {name: aws-node}, spec: {template: {spec: {containers: [{name: aws-node}, {name: aws-eks-nodeagent}]}}}}`,
			"the Amazon VPC CNI, if its network policies are switched on", perhaps},
		{`{metadata: {name: aws-node}, spec: {template: {spec: {containers: [{name: aws-node}]}}}}`, "the Amazon VPC CNI without its agent for policies", never},
		{`{metadata: {name: node-exporter}}`, "", never},
	} {
		p := pluginOf(decoded(t, row.daemonSet))
		require.Equal(t, row.name, p.name)
		require.Equal(t, row.enforces, p.enforces, row.name)
	}
}

func TestParseWantsACertificate(t *testing.T) {
	for _, text := range []string{"", "no PEM", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"} {
		found, err := parse([]byte(text))
		require.Error(t, err, text)
		require.Empty(t, found)
	}
}
