package verify

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// asking is a verifier that asks a server whose answers are a map from methods and paths.
func asking(t *testing.T, answer func(method, path string, body []byte) (code int, text string)) *verifier {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		code, text := answer(r.Method, r.URL.Path, body)
		w.Header().Set("Content-Type", asJSON)
		w.WriteHeader(code)
		_, _ = io.WriteString(w, text)
	}))
	t.Cleanup(server.Close)
	return &verifier{client: connected(t, strings.TrimPrefix(server.URL, "http://")), report: &Report{tenants: map[string]*Tenant{}}}
}

func refusal(code int, reason string) (int, string) {
	text, _ := json.Marshal(map[string]any{"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": reason, "message": reason, "code": code})
	return code, string(text)
}

func (r *Report) lines() string {
	var lines []string
	for _, f := range r.Findings {
		lines = append(lines, f.Message)
	}
	for _, u := range r.Unasked {
		lines = append(lines, string(u.Part)+": "+u.What+": "+u.Why)
	}
	return strings.Join(lines, "\n")
}

// Whoever may write an object may write its managedFields, so these say nothing of who added what.
func TestDriftIsFoundWhateverManagedFieldsSay(t *testing.T) {
	const rendered = `{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"ns-1","labels":{"a":"b"}}}`
	const live = `{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"ns-1","uid":"u","resourceVersion":"7","labels":{"a":"b","istio-injection":"disabled"},"managedFields":MANAGED}}`
	const found = `metadata.labels.istio-injection: found "disabled": must not be there`
	for _, row := range []struct {
		name, managed, want string
		put, patch          func() (int, string)
	}{
		{"none", `[]`, found, nil, nil},
		{"a subresource", `[{"manager":"x","operation":"Update","subresource":"status","apiVersion":"v1","fieldsV1":{"f:metadata":{"f:labels":{"f:istio-injection":{}}}}}]`, found, nil, nil},
		{"this program's name", `[{"manager":"istio-tenancy-verify","operation":"Update","apiVersion":"v1","fieldsV1":{"f:metadata":{"f:labels":{"f:istio-injection":{}}}}}]`, found, nil, nil},
		{"an apply that is forbidden", `[]`, found, nil, func() (int, string) { return refusal(403, "Forbidden") }},
		{"an update that is forbidden", `[]`, "drift: try to update namespaces, update with dryRun=All: Forbidden", func() (int, string) { return refusal(403, "Forbidden") }, nil},
		{"both are forbidden", `[]`, "drift: try to apply namespaces, patch with dryRun=All: Forbidden", func() (int, string) { return refusal(403, "Forbidden") }, func() (int, string) { return refusal(403, "Forbidden") }},
	} {
		t.Run(row.name, func(t *testing.T) {
			is := strings.Replace(live, "MANAGED", row.managed, 1)
			v := asking(t, func(method, _ string, body []byte) (int, string) {
				switch {
				case method == http.MethodPut && row.put != nil:
					return row.put()
				case method == http.MethodPut:
					require.Contains(t, string(body), `"resourceVersion":"7"`)
					return 200, string(body)
				case method == http.MethodPatch && row.patch != nil:
					return row.patch()
				}
				return 200, is
			})
			v.served = &served{client: v.client, all: map[string]resource{"v1 Namespace": {version: "v1", name: "namespaces", kind: "Namespace"}}}
			v.compareOne(t.Context(), item{object: decoded(t, rendered)})
			require.Equal(t, row.want, v.report.lines())
		})
	}
}

func TestAGroupWhoseKindsCannotBeListedIsNotMissing(t *testing.T) {
	for _, row := range []struct {
		failing, kind, want string
		blind               bool
	}{
		{"rbac.authorization.k8s.io/v1", "ClusterRole", `drift: list the kinds of rbac.authorization.k8s.io/v1: InternalError
rules: list the kinds of rbac.authorization.k8s.io/v1: InternalError
drift: get ClusterRole of rbac.authorization.k8s.io/v1, whose kinds could not be listed: InternalError`, true},
		{"autoscaling/v2", "HorizontalPodAutoscaler", `drift: list the kinds of autoscaling/v2: InternalError
rules: list the kinds of autoscaling/v2: InternalError
drift: get HorizontalPodAutoscaler of autoscaling/v2, whose kinds could not be listed: InternalError`, false},
		{"metrics.k8s.io/v1", "NodeMetrics", `drift: list the kinds of metrics.k8s.io/v1: InternalError
drift: get NodeMetrics of metrics.k8s.io/v1, whose kinds could not be listed: InternalError`, false},
	} {
		group, version, _ := strings.Cut(row.failing, "/")
		v := asking(t, func(_, path string, _ []byte) (int, string) {
			switch path {
			case "/api":
				return 200, `{"versions":["v1"]}`
			case "/apis":
				return 200, `{"groups":[{"name":"` + group + `","versions":[{"version":"` + version + `"}],"preferredVersion":{"version":"` + version + `"}}]}`
			case "/api/v1":
				return 200, `{"resources":[]}`
			}
			return refusal(http.StatusInternalServerError, "InternalError")
		})
		var err error
		v.served, err = v.client.discover(t.Context())
		require.NoError(t, err)
		v.missKinds()
		v.compareOne(t.Context(), item{object: map[string]any{"apiVersion": row.failing, "kind": row.kind, "metadata": map[string]any{"name": "x"}}})
		require.Equal(t, row.want, v.report.lines())
		require.Equal(t, row.blind, v.blind.Load())
	}
}
