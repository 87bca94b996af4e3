package verify

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/check"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/snapshot"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/structured"
)

// Whatever it is called, and wherever it stands, a text that is not rendered is not in a bundle.
func TestABundleHasOnlyWhatIsRenderedOrKnownToBeNoSecret(t *testing.T) {
	const rendered = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: istiod, namespace: istio-sales, annotations: {note: kept-note}}
spec:
  template:
    spec:
      containers:
      - name: discovery
        args: [kept-argument, "--token"]
        env: [{name: KEPT, value: kept-value}, {name: DB_PASS, value: from-overlay}]
`
	const live = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: istiod, namespace: istio-sales, uid: kept-uid, labels: {app: kept-label}, annotations: {note: kept-note, other: hunter2, kubectl.kubernetes.io/last-applied-configuration: '{"a":"hunter2"}'}}
spec:
  paused: true
  pluginConfig: {name: hunter2, memory: hunter2} # of a WasmPlugin, at the same place
  template:
    spec:
      serviceAccountName: kept-account
      containers:
      - name: discovery
        image: kept-image
        args: [kept-argument, "--token", hunter2]
        command: [sh, -c, "curl -u admin:hunter2", "-phunter2"]
        env: [{name: PWD_DB, value: hunter2}, {name: DB_PASS, value: hunter2}, {name: AUTH, value: hunter2}, {name: KEPT, value: kept-value}]
        readinessProbe: {httpGet: {path: "/ready?token=hunter2", httpHeaders: [{name: X-Api-Key, value: hunter2}]}}
        lifecycle: {preStop: {exec: {command: [export DB_PASS=hunter2]}}}
        volumeMounts: [{name: kept-volume, mountPath: /kept-path}]
status: {message: hunter2, conditions: [{type: Available, message: kept-state}], containerStatuses: [{state: {waiting: {message: hunter2}}, lastState: {terminated: {message: hunter2, reason: kept-reason}}}]}
`
	id := object.ID{Group: "apps", Kind: "Deployment", Namespace: "istio-sales", Name: "istiod"}
	v := &verifier{rendered: []item{{decoded(t, rendered), "sales"}}}
	text, err := json.Marshal(v.packed(id, decoded(t, live)))
	require.NoError(t, err)
	require.NotContains(t, string(text), "hunter2")
	for _, kept := range []string{"kept-note", "kept-uid", "kept-label", "kept-account", "kept-image", "kept-argument", "kept-value", "kept-volume", "/kept-path", "kept-state", "kept-reason",
		"X-Api-Key", "PWD_DB", `"--token"`, `"paused":true`, `"name":"DB_PASS","value":"(left out), is not as rendered"`, `"name":"AUTH","value":"(left out)"`} {
		require.Contains(t, string(text), kept)
	}
	pod := decoded(t, live)
	pod["spec"] = snapshot.Field(pod, "spec", "template", "spec")
	text, err = json.Marshal(v.packedPod(id, pod))
	require.NoError(t, err)
	require.NotContains(t, string(text), "hunter2")
	require.Contains(t, string(text), "kept-value")
	text, err = json.Marshal(v.packed(object.ID{Kind: "ConfigMap", Name: "web"}, decoded(t, `{kind: ConfigMap, metadata: {name: web}, data: {config: '{"client_secret": "hunter2"}', name: hunter2, image: hunter2}}`)))
	require.NoError(t, err)
	require.NotContains(t, string(text), "hunter2")
	require.Contains(t, string(text), `"config":`)
	for reason, want := range map[string]bool{"Unhealthy": false, "ProbeWarning": false, "ProbeError": false, "FailedPostStartHook": false, "Scheduled": true} {
		text, err = json.Marshal(packedEvent(decoded(t, `{kind: Event, reason: `+reason+`, message: what happened, involvedObject: {name: web}}`)))
		require.NoError(t, err)
		require.Equal(t, want, strings.Contains(string(text), "what happened"), reason)
		require.Contains(t, string(text), `"involvedObject":{"name":"web"}`)
	}
}

func TestABundlesReportHasNoValuesOfTheCluster(t *testing.T) {
	v := &verifier{report: &Report{}}
	is := decoded(t, `{metadata: {labels: {a: found-label}}, data: {b: hunter2, c: hunter2}, spec: {args: [hunter2]}}`)
	v.drifted(item{}, object.ID{Kind: "ConfigMap", Name: "x"}, differences(is, decoded(t, `{metadata: {labels: {a: z}}, data: {b: z, d: z}, spec: {args: [z]}}`)))
	var text, full strings.Builder
	require.NoError(t, v.report.bare().Text(&text))
	require.NoError(t, v.report.bare().Print(&text, structured.JSON))
	require.NoError(t, v.report.Text(&full))
	require.NotContains(t, text.String(), "hunter2")
	require.NotContains(t, full.String(), "hunter2")
	require.Contains(t, full.String(), `data.b: found (left out): must be "z"`)
	for _, line := range []string{`metadata.labels.a: found "found-label": must be "z"`, "data.b: is not as rendered", "data.c: must not be there", "data.d: is missing", "spec.args: is not as rendered"} {
		require.Contains(t, text.String(), line)
	}
	require.Equal(t, 5, v.report.Count(check.Error))
}

func TestLogsLoseWhatIsKnownToBeASecret(t *testing.T) {
	for _, text := range []string{`{"client_secret": "hunter2"}`, "GET /ready?x=1&token=hunter2 200", "run --token hunter2 now", "run --db-password=hunter2", "curl -u admin:hunter2 https://a",
		"key AKIAIOSFODNN7EXAMPLE", "ghp_abcdefghijklmnopqrstuvwxyz0123456789", "password: hunter2", "https://me:hunter2@example.com",
		"2030-01-01T00:00:00Z\tinfo\tconnecting password=hunter2", "level=debug token=hunter2 host=a", "cannot start: env DB_PASSWORD=hunter2 token: hunter2", "debug header x-api-key: hunter2",
		"  client-key-data: hunter2", "redis://:hunter2@host:6379", "postgres://u:hunter2@x@host/db", `{"msg":"{\"password\":\"hunter2\"}"}`, `{"password" : "a\"hunter2"}`, `password="a hunter2 b"`,
		"password: a hunter2", "pwd=hunter2", "AccountKey=hunter2==;EndpointSuffix=x", "info Cookie: a=b; session=hunter2", "Authorization: Digest hunter2", "hvs.hunter2abcdefgh", "AIzahunter2abcdefghijklmnopqrstuvwxyz012",
		"hunter2abc\nhunter2\n-----END PRIVATE KEY-----\nafter", "info key=\"-----BEGIN PRIVATE KEY-----\\nhunter2", "LS0tLS1CRUdJTiBSU0EgUFJJVhunter2", `run --password "hunter2"`, "secret: hunter2", "MYSQL_PWD=hunter2",
		"DB_PASS=hunter2", "LICENSE_KEY=hunter2"} {
		got := redactedText(text)
		require.Contains(t, got, leftOut, text)
		for _, secret := range []string{"hunter2", "AKIA", "ghp_"} {
			require.NotContains(t, got, secret)
		}
		require.Equal(t, got, redactedText(got))
	}
	for _, text := range []string{"token policy third-party-jwt", "reads --tokens-dir /var/run", "a = b", "password=", "automountServiceAccountToken: false", "list secrets: secrets is forbidden: User jo cannot",
		"Secret istio-sales/istio-ca-secret: is not rendered", "tokenreviews.authentication.k8s.io: no", "cannot fetch a token: rpc error", "password: $(PASSWORD)", "token: {{ .Token }}", "http://a:80/b"} {
		require.Equal(t, text, redactedText(text))
	}
}

func TestWhatProgramsPrintLosesMore(t *testing.T) {
	for _, text := range []string{"connecting with root:hunter2@tcp(10.0.0.1:3306)/db", "cloning https://hunter2x9f@git.example.com/x.git", "Authorization: ApiKey hunter2", "mongodb://user:pa/hunter2@host/db",
		`{"auths":{"reg.example":{"auth":"hunter2OmE="}}}`, "password=(hunter2)x", "password=&hunter2", "password=<hunter2", "password=ab,hunter2", `password: "ok" <password>hunter2</password>`, "<password>hunter2</password>",
		`"tokens": ["hunter2", "hunter2b"]`, "passwords: [hunter2]", `--password "my hunter2 x"`, "sshpass -p hunter2 ssh host", "redis-cli -a hunter2 ping", "dbpass=hunter2", "password is hunter2", "token:\n  hunter2",
		"-----BEGIN PGP PRIVATE KEY BLOCK-----\nhunter2AAAA\n-----END PGP PRIVATE KEY BLOCK-----", `-----BEGIN PGP PRIVATE KEY BLOCK-----\nhunter2`, "https://hooks.slack.com/services/T000/B000/hunter2",
		"login failed for user x with password 'hunter2'", "client-secret hunter2", "AGE-SECRET-KEY-1hunter2QQQQQQQQ", `MYSQL_PWD="ab\"hunter2"`, "secret=$(hunter2", "psk=hunter2", "Password for alice: hunter2x9", "passwd hunter2",
		"a:\n  password:\n    one: hunter2\n    two: [hunter2]\nafter"} {
		got := outputText(text)
		require.Contains(t, got, leftOut, text)
		require.NotContains(t, got, "hunter2", text)
		require.Equal(t, got, outputText(got), text)
		if strings.HasSuffix(text, "after") {
			require.True(t, strings.HasSuffix(got, "\nafter"), got)
		}
	}
	for _, text := range []string{`MountVolume.SetUp failed for volume "cacerts" : secret "cacerts" not found`, `Pulling image "docker.io/istio/pilot:1.31.0@sha256:0123"`, "cannot fetch a token: rpc error", "istio-ca-secret not found",
		`User "system:serviceaccount:istio-system1:istiod-sales" cannot list resource "secrets" in API group "" in the namespace "ns-1"`, "2030-01-01T00:00:00Z\tinfo\tStatus port 15014 at http://a:80/b", "Created container discovery",
		"a\n  b\n    c", "reads --password-file=/var/run"} {
		require.Equal(t, text, outputText(text))
	}
}

func TestLongLinesAreCut(t *testing.T) {
	for _, text := range []string{`secret="\`, "token= ", "a", "-----END PRIVATE KEY-----A"} {
		begin := time.Now()
		got := outputText(strings.Repeat(text, 2<<20/len(text)) + "\nafter")
		require.Less(t, len(got), 2*longestLine)
		require.True(t, strings.HasSuffix(got, "\nafter"))
		require.Less(t, time.Since(begin), 10*time.Second)
	}
	message := packedEvent(map[string]any{"reason": "x", "message": strings.Repeat("abc\n", 1<<20)}).(map[string]any)["message"].(string)
	require.Less(t, len(message), 2*longestMessage)
}
