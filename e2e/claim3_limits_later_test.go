package e2e

import (
	"strings"
	"testing"

	"github.com/istio-tenancy/istio-tenancy/e2e/cluster"
	"github.com/stretchr/testify/require"
)

// untilRefused repeats a request until the named policy refuses it, or until nothing
// does, for "": the API server learns of a change of a Namespace, or of a class, a moment later.
func untilRefused(t *testing.T, policy string, request func() cluster.Answer) {
	t.Helper()
	require.NoError(t, cluster.Eventually(patience, func() error {
		if policy == "" {
			return request().Error()
		}
		return refusedBy(policy, request())
	}))
}

// checkLimitsLater changes what is there: a Pod and an Ingress that are allowed, and
// claims and an Ingress that are older than the limits.
func (c *claim) checkLimitsLater(w *world, k *tenant) {
	app, client, admin := "/api/v1/namespaces/"+k.applications[0], w.cluster.As(k.admin), w.cluster.Admin
	pods, claims := app+"/pods", app+"/persistentvolumeclaims"
	ingresses := "/apis/networking.k8s.io/v1/namespaces/" + k.applications[0] + "/ingresses"
	const elsewhere, onceMore = "?fieldManager=attack&force=true", "/limited"
	request := func(as *cluster.Client, method, path, body string) func() cluster.Answer {
		return func() cluster.Answer { return send(c.T, as, method, path, body) }
	}
	require.NoError(c.T, request(client, "POST", pods, limitedPod(""))().Error())
	defer request(admin, "DELETE", pods+"/limited?gracePeriodSeconds=0", "")()
	require.NoError(c.T, request(client, "POST", ingresses, ingressOf(`"ingressClassName":"nginx",`, ""))().Error())
	defer request(admin, "DELETE", ingresses+onceMore, "")()

	// Older than the limits.
	mark := func(value string) {
		require.NoError(c.T, request(admin, "PATCH", app, `{"metadata":{"labels":{"istio-tenancy.dev/allowed-storageclasses":`+value+`,"istio-tenancy.dev/allowed-ingressclasses":`+value+`}}}`)().Error())
	}
	mark("null")
	older := func(body string) string { return strings.Replace(body, `"limited"`, `"older"`, 1) }
	untilRefused(c.T, "", request(client, "POST", claims, older(claimOf("", ""))))
	untilRefused(c.T, "", request(client, "POST", ingresses, older(ingressOf(`"ingressClassName":"public",`, ""))))
	mark(`"true"`)
	defer request(admin, "DELETE", claims+"/older", "")()
	defer request(admin, "DELETE", ingresses+"/older", "")()
	untilRefused(c.T, "storageclasses", request(client, "POST", claims+"?dryRun=All", claimOf("", "")))
	untilRefused(c.T, "ingressclasses", request(client, "POST", ingresses+"?dryRun=All", ingressOf("", "")))

	ephemeral := func(image string) string {
		return `{"spec":{"ephemeralContainers":[{"name":"e","image":"` + image + `"}]}}`
	}
	apply := func(image string) string {
		return object("v1", "Pod", "limited", `"spec":{"containers":[{"name":"x","image":"`+image+`"}]}`)
	}
	for _, row := range []struct {
		name, policy string
		as           *cluster.Client
		path, body   string
	}{
		{"a Pod gets an image of another registry", "registries", client, pods + onceMore, apply("evil.example/x")},
		{"a Pod gets another image", "", client, pods + onceMore, apply("registry.example:5000/x")},
		{"a Pod gets an ephemeral container of another registry", "registries", admin, pods + onceMore + "/ephemeralcontainers?dryRun=All", ephemeral("evil.example/x")},
		{"a Pod gets an ephemeral container", "", admin, pods + onceMore + "/ephemeralcontainers?dryRun=All", ephemeral("nginx")},
		{"an Ingress gets another class", "ingressclasses", client, ingresses + onceMore, `{"spec":{"ingressClassName":"public"}}`},
		{"an Ingress loses its class", "ingressclasses", client, ingresses + onceMore, `{"spec":{"ingressClassName":null}}`},
		{"an Ingress gets another class by the annotation", "ingressclasses", client, ingresses + onceMore, `{"metadata":{` + ingressNote("public")[1:] + `}}`},
		{"an Ingress gets an empty class by the annotation", "ingressclasses", client, ingresses + onceMore, `{"metadata":{` + ingressNote("")[1:] + `}}`},
		{"an Ingress gets the same class by the annotation", "", client, ingresses + onceMore, `{"metadata":{` + ingressNote("nginx")[1:] + `}}`},
		{"an Ingress gets a rule", "", client, ingresses + onceMore, `{"spec":{"rules":[{"host":"a.example"}]}}`},
		{"an Ingress that is older than the limits gets a rule", "", client, ingresses + "/older", `{"spec":{"rules":[{"host":"a.example"}]}}`},
		{"an Ingress that is older gets a third class", "ingressclasses", client, ingresses + "/older", `{"spec":{"ingressClassName":"nothere"}}`},
		{"an Ingress that is older gets the right class", "", client, ingresses + "/older", `{"spec":{"ingressClassName":"nginx"}}`},
		{"a claim that is older than the limits gets a label", "", client, claims + "/older", label},
		{"a claim that is older gets another class", "storageclasses", client, claims + "/older", `{"spec":{"storageClassName":"slow"}}`},
		{"a claim that is older gets another class from Kubernetes", "storageclasses", admin, claims + "/older", `{"spec":{"storageClassName":"slow"}}`},
		{"a claim that is older gets the right class", "", client, claims + "/older", `{"spec":{"storageClassName":"fast"}}`},
	} {
		path := row.path
		if strings.HasPrefix(row.body, `{"apiVersion"`) {
			path += elsewhere
		}
		c.check(row.name, func(t *testing.T) {
			answer := send(t, row.as, "PATCH", path, row.body)
			if row.policy == "" {
				require.NoError(t, answer.Error())
				return
			}
			require.NoError(t, refusedBy(row.policy, answer))
		})
	}
	c.check("a container that states nothing gets what the LimitRange says", func(t *testing.T) {
		pod := send(t, client, "POST", pods+"?dryRun=All", strings.Replace(limitedPod(""), `"limited"`, `"other"`, 1))
		require.NoError(t, pod.Error())
		require.Contains(t, string(pod.Body), `"limits":{"memory":"64Mi"}`)
	})
}

// checkDefaultClasses makes a class the cluster's default, one that is allowed and
// one that is not, and asks for none.
func (c *claim) checkDefaultClasses(w *world, k *tenant) {
	client, app := w.cluster.As(k.admin), k.applications[0]
	const byDefault = `{"metadata":{"annotations":{"%":"true"}}}`
	for _, row := range []struct{ path, patch, kind, body, policy string }{
		{"/apis/storage.k8s.io/v1/storageclasses/fast", strings.Replace(byDefault, "%", "storageclass.kubernetes.io/is-default-class", 1), "persistentvolumeclaims", claimOf("", ""), ""},
		{"/apis/storage.k8s.io/v1/storageclasses/slow", strings.Replace(byDefault, "%", "storageclass.kubernetes.io/is-default-class", 1), "persistentvolumeclaims", claimOf("", ""), "slow"},
		{"/apis/networking.k8s.io/v1/ingressclasses/nginx", strings.Replace(byDefault, "%", "ingressclass.kubernetes.io/is-default-class", 1), "ingresses", ingressOf("", ""), ""},
		{"/apis/networking.k8s.io/v1/ingressclasses/public", strings.Replace(byDefault, "%", "ingressclass.kubernetes.io/is-default-class", 1), "ingresses", ingressOf("", ""), "public"},
	} {
		c.check("no class, where the default is "+row.path[strings.LastIndexByte(row.path, '/')+1:], func(t *testing.T) {
			require.NoError(t, send(t, w.cluster.Admin, "PATCH", row.path, row.patch).Error())
			defer send(t, w.cluster.Admin, "PATCH", row.path, strings.Replace(row.patch, `"true"`, "null", 1))
			require.NoError(t, cluster.Eventually(patience, func() error {
				answer := send(t, client, "POST", limited{kind: row.kind}.path(app)+"?dryRun=All", strings.Replace(row.body, `"limited"`, `"by-default"`, 1))
				if row.policy == "" {
					return answer.Error()
				}
				return contains(answer.Message(), "Class "+row.policy+" is not allowed")
			}))
		})
	}
}

// checkNothingAllowed has lists that are empty, one at a time, and then not there though
// the label is.
func (c *claim) checkNothingAllowed(w *world, k *tenant) {
	app, client := "/api/v1/namespaces/"+k.applications[0], w.cluster.As(k.admin)
	namespace := k.applications[0]
	before, err := w.cluster.Admin.Get(app)
	require.NoError(c.T, err)
	restored := jsonOf(c.T, map[string]any{"metadata": map[string]any{"annotations": before.GetAnnotations()}})
	for key, request := range map[string]limited{
		"allowed-registries":      {policy: "registries", kind: "pods", body: limitedPod("")},
		"allowed-storageclasses":  {policy: "storageclasses", kind: "persistentvolumeclaims", body: claimOf(`"storageClassName":"fast",`, "")},
		"allowed-ingressclasses":  {policy: "ingressclasses", kind: "ingresses", body: ingressOf(`"ingressClassName":"nginx",`, "")},
		"allowed-priorityclasses": {policy: "priorityclasses", kind: "pods", body: limitedPod(`"priorityClassName":"batch",`)},
		"allowed-runtimeclasses":  {policy: "runtimeclasses", kind: "pods", body: limitedPod(`"runtimeClassName":"gvisor",`)},
		"node-selector":           {policy: "nodeselector", kind: "pods", body: limitedPod("")},
	} {
		post := func() cluster.Answer {
			return send(c.T, client, "POST", request.path(namespace)+"?dryRun=All", strings.Replace(request.body, `"limited"`, `"nothing"`, 1))
		}
		for _, annotation := range []string{`""`, `null`} {
			c.check("nothing is allowed by the annotation "+annotation+" of "+key, func(t *testing.T) {
				require.NoError(t, send(t, w.cluster.Admin, "PATCH", app, `{"metadata":{"annotations":{"istio-tenancy.dev/`+key+`":`+annotation+`}}}`).Error())
				untilRefused(t, request.policy, post)
			})
			require.NoError(c.T, send(c.T, w.cluster.Admin, "PATCH", app, restored).Error())
			untilRefused(c.T, "", post)
		}
	}
}

// checkWhoLimits has the tenant's administrator, who may write the Namespace by a Role
// beside what is rendered, change each mark of it.
func (c *claim) checkWhoLimits(w *world, k *tenant) {
	app, client := k.applications[0], w.cluster.As(k.admin)
	w.make(c.T, strings.NewReplacer("$ADMIN", k.admin, "namespace: moved", "namespace: "+app).Replace(namespaceWriter))
	w.granted(c.T, k.admin, app, "patch", "", "namespaces", "")
	path := "/api/v1/namespaces/" + app
	for _, mark := range []string{"allowed-registries", "allowed-storageclasses", "allowed-ingressclasses", "allowed-priorityclasses", "allowed-runtimeclasses", "node-selector", "suspended", "control-plane"} {
		for _, field := range []string{"labels", "annotations"} {
			for _, value := range []string{`null`, `"x"`} {
				if value == `null` && (mark == "suspended" || mark == "control-plane") {
					continue // which the Namespace has not
				}
				c.check("the tenant's administrator sets "+field+" "+mark+" to "+value, func(t *testing.T) {
					require.NoError(t, refusedBy("namespaces", send(t, client, "PATCH", path, `{"metadata":{"`+field+`":{"istio-tenancy.dev/`+mark+`":`+value+`}}}`)))
				})
			}
		}
	}
}
