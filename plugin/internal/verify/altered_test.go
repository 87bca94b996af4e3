package verify

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAPodThatIsNotAsItsOwnerSaysIsFound(t *testing.T) {
	const template = `{metadata: {labels: {sidecar.istio.io/inject: "false"}}, spec: {serviceAccountName: istiod, containers: [{name: discovery, image: "a:1", args: [discovery]}]}}`
	for _, row := range []struct{ name, kind, template, spec, want string }{
		{"as its owner says", "ReplicaSet", template, `{serviceAccountName: istiod, containers: [{name: discovery, image: "a:1", args: [discovery]}]}`, ""},
		{"an image with its digest", "ReplicaSet", template, `{serviceAccountName: istiod, containers: [{name: discovery, image: "a:1@sha256:0", args: [discovery]}]}`, ""},
		{"another image", "ReplicaSet", template, `{serviceAccountName: istiod, containers: [{name: discovery, image: "b:1", args: [discovery]}]}`,
			`error: Pod istio-sales/p: spec.containers[discovery].image: found "b:1": must be "a:1" as in ReplicaSet istio-sales/web`},
		{"other arguments", "ReplicaSet", template, `{serviceAccountName: istiod, containers: [{name: discovery, image: "a:1", args: [hunter2]}]}`, "error: Pod istio-sales/p: spec.containers[discovery].args: is not as in ReplicaSet"},
		{"another account", "ReplicaSet", template, `{serviceAccountName: other, containers: [{name: discovery, image: "a:1", args: [discovery]}]}`, `error: Pod istio-sales/p: spec.serviceAccountName: found "other": must be "istiod"`},
		{"a container more", "Job", template, `{serviceAccountName: istiod, containers: [{name: discovery, image: "a:1", args: [discovery]}, {name: more}]}`, "error: Pod istio-sales/p: spec.containers[more]: must not be there: Job istio-sales/web has no such container"},
		{"a proxy where no injector adds one", "ReplicaSet", template, `{serviceAccountName: istiod, containers: [{name: discovery, image: "a:1", args: [discovery]}, {name: istio-proxy}]}`, "error: Pod istio-sales/p: spec.containers[istio-proxy]"},
		{"a proxy where an injector adds one", "ReplicaSet", `{spec: {containers: [{name: a, image: "a:1"}]}}`, `{containers: [{name: a, image: "a:1"}, {name: istio-proxy}], initContainers: [{name: istio-init}]}`, ""},
		{"a gateway", "ReplicaSet", `{spec: {containers: [{name: istio-proxy, image: auto}]}}`, `{containers: [{name: istio-proxy, image: "proxyv2:1", args: [proxy]}]}`, ""},
		{"a program for debugging", "DaemonSet", `{spec: {containers: [{name: a}]}}`, `{containers: [{name: a}], ephemeralContainers: [{name: debug}]}`, "error: Pod istio-sales/p: spec.ephemeralContainers[debug]: must not be there"},
		{"an older Pod of a DaemonSet", "DaemonSet", template, `{serviceAccountName: istiod, containers: [{name: discovery, image: "a:0", args: [discovery]}]}`, "warning: Pod istio-sales/p: spec.containers[discovery].image"},
	} {
		t.Run(row.name, func(t *testing.T) {
			begins(t, row.want, alterations(t, resource{name: "pods"}, "Pod", row.kind, row.template, row.spec))
		})
	}
	set := func(replicas string) string {
		return `{` + replicas + `template: {spec: {serviceAccountName: istiod, containers: [{name: discovery, image: "b:1", args: [discovery]}]}}}`
	}
	sets := resource{group: apps, name: "replicasets"}
	begins(t, `warning: ReplicaSet istio-sales/p: spec.template.spec.containers[discovery].image: found "b:1": must be "a:1" as in Deployment istio-sales/web, unless the Deployment is being rolled out`,
		alterations(t, sets, "ReplicaSet", "Deployment", template, set("replicas: 1, ")))
	require.Empty(t, alterations(t, sets, "ReplicaSet", "Deployment", template, set("replicas: 0, ")))
	accepted := &verifier{owners: map[string]string{"istio-sales": "sales"}, report: &Report{}}
	mirrored := decoded(t, `{kind: Pod, metadata: {name: p, namespace: istio-sales, annotations: {istio-tenancy.dev/accept-unrendered: our mirror}}, spec: {serviceAccountName: istiod, containers: [{name: discovery, image: "mirror/a:1", args: [discovery]}]}}`)
	accepted.altered([]orphan{{resource{name: "pods"}, mirrored, owner{"ReplicaSet", "istio-sales", "web", "1"}}}, []maker{{owner{"ReplicaSet", "istio-sales", "web", "1"}, decoded(t, template)}})
	require.Len(t, accepted.report.Findings, 1)
	require.Equal(t, "note", accepted.report.Findings[0].Severity.String())
	require.Contains(t, accepted.report.Findings[0].Message, "(accepted: our mirror)")
	v := &verifier{owners: map[string]string{"istio-sales": "sales"}, report: &Report{}}
	by, of := owner{"Deployment", "istio-sales", "web", "1"}, owner{"ReplicaSet", "istio-sales", "old", "2"}
	old := decoded(t, `{kind: ReplicaSet, metadata: {name: old, namespace: istio-sales, uid: "2"}, spec: `+set("replicas: 0, ")+`}`)
	pod := decoded(t, `{kind: Pod, metadata: {name: old-x, namespace: istio-sales}, spec: {serviceAccountName: istiod, containers: [{name: discovery, image: "b:1"}]}}`)
	v.altered([]orphan{{sets, old, by}, {resource{name: "pods"}, pod, of}}, []maker{{by, decoded(t, template)}, {of, decoded(t, set("replicas: 0, "))["template"]}})
	require.NotEmpty(t, v.report.Findings, "a Pod of a ReplicaSet that must have none")
}

func alterations(t *testing.T, r resource, kind, ownerKind, template, spec string) (lines []string) {
	t.Helper()
	v := &verifier{owners: map[string]string{"istio-sales": "sales"}, report: &Report{}}
	by := owner{ownerKind, "istio-sales", "web", "1"}
	v.altered([]orphan{{r, decoded(t, `{kind: `+kind+`, metadata: {name: p, namespace: istio-sales}, spec: `+spec+`}`), by}}, []maker{{by, decoded(t, template)}})
	for _, f := range v.report.Findings {
		lines = append(lines, fmt.Sprintf("%s: %s: %s", f.Severity, f.Object, f.Message))
	}
	return lines
}

// TestOnlyWhatAControllerCopiesMayHaveTheLabel has a server whose answers are objects by their paths.
func TestOnlyWhatAControllerCopiesMayHaveTheLabel(t *testing.T) {
	list := []string{"list", "get"}
	best := []resource{{"", "v1", "namespaces", "Namespace", false, list}, {"", "v1", "pods", "Pod", true, list}, {apps, "v1", "replicasets", "ReplicaSet", true, list},
		{rbac, "v1", "clusterroles", "ClusterRole", false, list}}
	of := func(namespace, name, refs, more string) string {
		return fmt.Sprintf(`{"metadata": {"name": %q, "namespace": %q, "uid": "2", "labels": {"istio-tenancy.dev/tenant": "sales"}, "ownerReferences": [%s]%s}}`, name, namespace, refs, more)
	}
	const (
		set     = `{"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "web", "uid": "1"}`
		role    = `{"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "name": "admin", "uid": "1"}`
		pods    = "/api/v1/pods"
		thePod  = "/api/v1/namespaces/istio-sales/pods/a"
		sets    = "/apis/apps/v1/replicasets"
		theSet  = "/apis/apps/v1/namespaces/istio-sales/replicasets/web"
		theRole = "/apis/rbac.authorization.k8s.io/v1/clusterroles/admin"
		owned   = `{"metadata": {"name": "web", "namespace": "istio-sales", "uid": "1"}}`
		found   = "error: Pod istio-sales/a: is not rendered, and has the tenant's label"
	)
	for name, row := range map[string]struct {
		answers map[string]string
		want    string
	}{
		"a Namespace of nobody":                   {map[string]string{"/api/v1/namespaces": of("", "x", "", "")}, "error: Namespace x: is not rendered, and has the tenant's label"},
		"a Namespace that names a role as owner":  {map[string]string{"/api/v1/namespaces": of("", "x", role, ""), theRole: `{"metadata": {"name": "admin", "uid": "1"}}`}, "error: Namespace x"},
		"a Pod of a ReplicaSet":                   {map[string]string{pods: of("istio-sales", "a", set, ""), theSet: owned}, ""},
		"a Pod of a ReplicaSet with the label":    {map[string]string{pods: of("istio-sales", "a", set, ""), sets: strings.Replace(owned, `"uid"`, `"labels": {"istio-tenancy.dev/tenant": "other"}, "uid"`, 1)}, ""},
		"a Pod of a ReplicaSet that is not there": {map[string]string{pods: of("istio-sales", "a", set, ""), thePod: of("istio-sales", "a", set, "")}, found},
		"a Pod of a ReplicaSet of before":         {map[string]string{pods: of("istio-sales", "a", set, ""), thePod: of("istio-sales", "a", set, ""), theSet: strings.Replace(owned, `"1"`, `"3"`, 1)}, found},
		"a Pod that is gone":                      {map[string]string{pods: of("istio-sales", "a", set, "")}, ""},
		"a Pod that goes":                         {map[string]string{pods: of("istio-sales", "a", set, `, "deletionTimestamp": "2030-01-01T00:00:00Z", "deletionGracePeriodSeconds": 30`)}, ""},
		"a Pod that names a role as owner":        {map[string]string{pods: of("istio-sales", "a", role, ""), theRole: `{"metadata": {"name": "admin", "uid": "1"}}`}, found},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Content-Type", "application/json")
				answer, known := row.answers[r.URL.Path]
				switch {
				case r.URL.Query().Has("labelSelector"):
					answer = `{"items": [` + answer + `]}`
				case !known:
					w.WriteHeader(http.StatusNotFound)
					answer = `{"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "NotFound", "code": 404}`
				}
				_, _ = fmt.Fprint(w, answer)
			}))
			defer server.Close()
			c := connected(t, strings.TrimPrefix(server.URL, "http://"))
			v := &verifier{client: c, served: &served{client: c, best: best}, report: &Report{tenants: map[string]*Tenant{"sales": {}}}}
			v.unrendered(t.Context())
			require.Empty(t, v.report.Unasked)
			var lines []string
			for _, f := range v.report.Findings {
				lines = append(lines, fmt.Sprintf("%s: %s: %s", f.Severity, f.Object, f.Message))
			}
			begins(t, row.want, lines)
		})
	}
}

func TestARenderedObjectThatIsBeingDeletedIsFound(t *testing.T) {
	v := &verifier{report: &Report{}}
	is := decoded(t, `{kind: Service, metadata: {name: istiod, deletionTimestamp: "2030-01-01T00:00:00Z", finalizers: [x.io/y]}}`)
	require.True(t, v.got(item{tenant: "sales"}, idOf(is), resource{}, is, nil))
	require.True(t, v.got(item{tenant: "sales"}, idOf(is), resource{}, decoded(t, `{metadata: {finalizers: [x.io/y]}}`), nil))
	require.Len(t, v.report.Findings, 1)
	require.Equal(t, `metadata.deletionTimestamp: found "2030-01-01T00:00:00Z": must not be there: the object is gone as soon as its finalizers are removed: x.io/y`, v.report.Findings[0].Message)
}

// TestWhatNoRuleJudgesMayStayUnread has a server that refuses to list what only strangers looks at.
func TestWhatNoRuleJudgesMayStayUnread(t *testing.T) {
	for refused, blind := range map[string]bool{"/api/v1/resourcequotas": false, "/api/v1/configmaps": true} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			if r.URL.Path != refused {
				_, _ = fmt.Fprint(w, `{"items": [{"metadata": {"name": "a", "namespace": "istio-sales"}}]}`)
				return
			}
			w.WriteHeader(http.StatusForbidden)
			_, _ = fmt.Fprint(w, `{"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "Forbidden", "code": 403}`)
		}))
		c := connected(t, strings.TrimPrefix(server.URL, "http://"))
		list := []string{"list"}
		v := &verifier{client: c, served: &served{client: c, best: []resource{{"", "v1", "configmaps", "ConfigMap", true, list}, {"", "v1", "resourcequotas", "ResourceQuota", true, list}}},
			owners: map[string]string{"istio-sales": "sales"}, besides: map[string]bool{"istio-sales": true}, report: &Report{tenants: map[string]*Tenant{"sales": {}}}}
		reading := v.readLive(t.Context())
		server.Close()
		require.Equal(t, blind, v.blind.Load(), refused)
		require.Len(t, v.report.Unasked, 1)
		require.True(t, v.report.Unasked[0].Denied)
		for _, o := range reading.Objects {
			require.NotEqual(t, "ResourceQuota", o.ID.Kind)
		}
		require.Equal(t, blind, len(v.unjudged) == 1)
	}
}
