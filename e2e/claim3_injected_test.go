package e2e

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/istio-tenancy/istio-tenancy/e2e/cluster"
)

// The Namespaces of this test are hr's by their labels, and no webhook names
// them: the API server asks nobody to inject their Pods, as before a control
// plane is there.
func TestAPodWithoutItsProxyIsRefused(t *testing.T) {
	c := claims(t, "A Pod that should get a proxy, but does not, is refused until its injector is asked. Settings that keep Istio from injecting also keep this policy away")
	w := theWorld(t)
	admin := w.cluster.Admin
	must := func(t *testing.T, method, path, body string) {
		t.Helper()
		answer, err := admin.Do(method, path, body)
		require.NoError(t, err)
		require.NoError(t, answer.Error())
	}
	// In each, a Pod is there before the labels are.
	for name, labels := range map[string]string{
		"late":            `"istio.io/rev":"hr"`,
		"late-on-request": `"istio.io/rev":"hr","istio-tenancy.dev/injection":"on-request"`,
		"late-disabled":   `"istio.io/rev":"hr","istio-injection":"disabled"`,
		"late-classic":    `"istio-injection":"enabled"`,
	} {
		path := "/api/v1/namespaces/" + name
		must(t, "POST", "/api/v1/namespaces", object("v1", "Namespace", name, ""))
		defer func() { // what is left of a Pod would keep the Namespace
			admin.Do("DELETE", path+"/pods/older?gracePeriodSeconds=0", "")
			admin.Do("DELETE", path, "")
		}()
		require.NoError(t, cluster.Eventually(patience, func() error {
			_, err := admin.Get(path + "/serviceaccounts/default")
			return err
		}))
		must(t, "POST", path+"/pods", object("v1", "Pod", "older", `"spec":{"automountServiceAccountToken":false,"containers":[{"name":"x","image":"auto"}]}`))
		must(t, "PATCH", path, `{"metadata":{"labels":{"istio-tenancy.dev/tenant":"hr","pod-security.kubernetes.io/enforce":"privileged",`+labels+`},"annotations":{"istio-tenancy.dev/adopt":"hr"}}}`)
	}
	pod := func(metadata, spec string) string {
		return strings.Replace(object("v1", "Pod", "new", `"spec":{`+spec+`"containers":[{"name":"x","image":"x"}]}`), `"name":"new"`, `"name":"new"`+metadata, 1)
	}
	label := func(key, value string) string { return pod(`,"labels":{"`+key+`":"`+value+`"}`, "") }
	note := func(key, value string) string { return pod(`,"annotations":{"`+key+`":"`+value+`"}`, "") }
	both := func(label, note string) string {
		return pod(`,"labels":{"sidecar.istio.io/inject":"`+label+`"},"annotations":{"sidecar.istio.io/inject":"`+note+`"}`, "")
	}
	auto := func(body string) string { return strings.Replace(body, `"image":"x"`, `"image":"auto"`, 1) }
	const inject = "sidecar.istio.io/inject"
	for _, row := range []struct {
		name, namespace, body string
		refused               bool
	}{
		{"a Pod that says nothing", "late", pod("", ""), true},
		{"a job's Pod", "late", label("batch.kubernetes.io/job-name", "x"), true},
		{"asked for by the label", "late", label(inject, "true"), true},
		{"asked for by the annotation", "late", note(inject, "true"), true},
		{"of its own revision", "late", label("istio.io/rev", "hr"), true},
		{"a label that says neither", "late", label(inject, "maybe"), true},
		{"the label asks for it, which counts", "late", both("true", "false"), true},
		{"with another template", "late", note("inject.istio.io/templates", "grpc-agent"), true},
		{"a gateway", "late", auto(pod("", "")), true},
		{"a gateway that opts out", "late", auto(label(inject, "false")), true},
		{"auto in an init container", "late", pod("", `"initContainers":[{"name":"i","image":"auto"}],`), true},
		{"a gateway with the injector's annotation", "late", auto(note("sidecar.istio.io/status", "{}")), true},
		{"on request, asked for", "late-on-request", label(inject, "true"), true},
		{"on request, asked for by the annotation", "late-on-request", note(inject, "true"), true},
		{"on request, a gateway", "late-on-request", auto(pod("", "")), true},
		{"disabled, a gateway", "late-disabled", auto(pod("", "")), true},

		{"injected", "late", note("sidecar.istio.io/status", "{}"), false},
		{"out by the label", "late", label(inject, "false"), false},
		{"out by the annotation", "late", note(inject, "false"), false},
		{"out by the word of an older Istio", "late", note(inject, "No"), false},
		{"the label says no, which counts", "late", both("false", "true"), false},
		{"on the node's network", "late", pod("", `"hostNetwork":true,`), false},
		{"of another revision", "late", label("istio.io/rev", "canary"), false},
		{"on request, not asked for", "late-on-request", pod("", ""), false},
		{"disabled", "late-disabled", label(inject, "true"), false},
		{"before revisions", "late-classic", pod("", ""), false},
		{"before revisions, a gateway", "late-classic", auto(pod("", "")), false},
	} {
		c.check(row.name, func(t *testing.T) {
			require.NoError(t, cluster.Eventually(patience, func() error { // until the policy sees the labels
				answer, err := admin.Do("POST", "/api/v1/namespaces/"+row.namespace+"/pods?dryRun=All", row.body)
				if refused := answer.Code == 403 && strings.Contains(answer.Message(), "istio-tenancy-injected"); err == nil && refused != row.refused {
					err = fmt.Errorf("%d %s", answer.Code, answer.Message())
				} else if err == nil && !refused {
					err = answer.Error()
				}
				return err
			}))
		})
	}
	for _, row := range []struct{ name, method, path, body string }{
		{"an older Pod gets a label", "PATCH", "/older", `{"metadata":{"labels":{"sidecar.istio.io/inject":"true"}}}`},
		{"an older Pod gets another image", "PATCH", "/older", `{"spec":{"containers":[{"name":"x","image":"y"}]}}`},
		{"an older Pod gets an ephemeral container", "PATCH", "/older/ephemeralcontainers", `{"spec":{"ephemeralContainers":[{"name":"e","image":"auto"}]}}`},
		{"an older Pod goes", "DELETE", "/older?gracePeriodSeconds=0", ""},
	} {
		c.check(row.name, func(t *testing.T) {
			must(t, row.method, "/api/v1/namespaces/late/pods"+row.path, row.body)
		})
	}
	c.check("the mark is the cluster administrator's", func(t *testing.T) {
		answer, err := w.cluster.As(w.tenants["hr"].admin).Do("PATCH", "/api/v1/namespaces/ns-2", `{"metadata":{"labels":{"istio-tenancy.dev/injection":"on-request"}}}`)
		require.NoError(t, err)
		require.Equal(t, 403, answer.Code, answer.Message())
	})
}
