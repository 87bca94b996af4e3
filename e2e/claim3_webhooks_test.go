package e2e

import (
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/istio-tenancy/istio-tenancy/e2e/cluster"
	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// webhookChanges are every field of a webhook, with another value. A row's name
// is the field as the API server's own schema has it, and what follows a space
// tells several ways from each other.
var webhookChanges = map[string]func(webhook map[string]any){
	"name":                           set("attack.example.com", "name"),
	"admissionReviewVersions":        set([]any{"v1", "v1beta1"}, "admissionReviewVersions"),
	"failurePolicy":                  set("Ignore", "failurePolicy"),
	"matchConditions":                set([]any{map[string]any{"name": "x", "expression": "true"}}, "matchConditions"),
	"matchPolicy":                    set("Exact", "matchPolicy"),
	"namespaceSelector":              set(map[string]any{}, "namespaceSelector"),
	"namespaceSelector labels":       set(map[string]any{"x": "y"}, "namespaceSelector", "matchLabels"),
	"objectSelector":                 set(map[string]any{}, "objectSelector"),
	"objectSelector labels":          set(map[string]any{"x": "y"}, "objectSelector", "matchLabels"),
	"reinvocationPolicy":             set("IfNeeded", "reinvocationPolicy"),
	"sideEffects":                    set("NoneOnDryRun", "sideEffects"),
	"timeoutSeconds":                 set(int64(1), "timeoutSeconds"),
	"clientConfig.service.name":      set("attack", "clientConfig", "service", "name"),
	"clientConfig.service.path":      set("/attack", "clientConfig", "service", "path"),
	"clientConfig.service.port":      set(int64(15012), "clientConfig", "service", "port"),
	"clientConfig.service.namespace": set("ns-1", "clientConfig", "service", "namespace"),
	"clientConfig.url":               set(map[string]any{"url": "https://attack.example.com"}, "clientConfig"),
	"rules":                          set([]any{everything}, "rules"),
	"rules none":                     set([]any{}, "rules"),
	"rules.apiGroups":                inRule("apiGroups", []any{"*"}),
	"rules.apiVersions":              inRule("apiVersions", []any{"v9"}),
	"rules.operations":               inRule("operations", []any{"*"}),
	"rules.resources":                inRule("resources", []any{"secrets"}),
	"rules.scope":                    inRule("scope", "Namespaced"),
}

// everything is what an attacker would have the API server send.
var everything = map[string]any{
	"apiGroups": []any{"*"}, "apiVersions": []any{"*"}, "resources": []any{"*/*"}, "operations": []any{"*"}, "scope": "*",
}

func set(value any, path ...string) func(map[string]any) {
	return func(webhook map[string]any) {
		if err := unstructured.SetNestedField(webhook, value, path...); err != nil {
			panic(err) // a row of the table is wrong
		}
	}
}

func inRule(field string, value any) func(map[string]any) {
	return func(webhook map[string]any) { webhook["rules"].([]any)[0].(map[string]any)[field] = value }
}

// metadataChanges are the fields of metadata that somebody may write. Names and
// the like never change; the last three are the API server's.
var metadataChanges = map[string]any{
	"labels":          map[string]any{"attack": "yes", "istio-tenancy.dev/tenant": "sales"},
	"labels none":     map[string]any{},
	"labels another":  map[string]any{"istio-tenancy.dev/tenant": "dev"},
	"annotations":     map[string]any{"attack": "yes"},
	"finalizers":      []any{"attack.example/x"},
	"ownerReferences": []any{map[string]any{"apiVersion": "v1", "kind": "Node", "name": "x", "uid": "6f1b6a32-0000-4000-8000-000000000000"}},
	"generateName":    "attack-",
}

var fixedMetadata = []string{
	"name", "namespace", "uid", "selfLink", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds",
	"managedFields", "generation", "resourceVersion",
}

func TestOfATenantsWebhooksIstiodWritesTheCertificateAlone(t *testing.T) {
	c := claims(t, "With istiod's own token: only the `caBundle` of its webhook configurations can change, and no other field of the two kinds; each field is tested")
	w := theWorld(t)
	sales := w.tenants["sales"]
	settled(t, w.cluster, sales)
	istiod := w.cluster.WithToken(sales.istiod.Token)
	for kind, webhook := range map[string]string{"MutatingWebhookConfiguration": "MutatingWebhook", "ValidatingWebhookConfiguration": "ValidatingWebhook"} {
		path := hooks + "/" + strings.ToLower(kind) + "s/" + nameOf(t, sales.objects, kind)
		before := configurationAt(t, w, path)
		refused := func(name string, answer cluster.Answer, err error) {
			c.check(kind+" "+name, func(t *testing.T) {
				require.NoError(t, err)
				require.Equal(t, 403, answer.Code, "%.300s", answer.Message())
				require.Contains(t, answer.Message(), "istio-tenancy-webhooks", "refused, but not by the policy")
				require.Contains(t, answer.Message(), "caBundle", "it says what is right")
			})
		}
		update := func(name string, change func(o *cluster.Object, webhooks []any) []any) {
			o := configurationAt(t, w, path)
			o.Object["webhooks"] = change(o, o.Object["webhooks"].([]any))
			if reflect.DeepEqual(o, configurationAt(t, w, path)) {
				require.Equal(t, "objectSelector", name, "the row changes nothing") // the validator's is empty
				return
			}
			answer, err := istiod.Do("PUT", path, mustText(t, o))
			refused(name, answer, err)
		}

		fields := fieldsOf(t, w, webhook)
		for _, name := range slices.Sorted(maps.Keys(webhookChanges)) {
			if slices.Contains(fields, fieldIn(name)) {
				update(name, func(_ *cluster.Object, webhooks []any) []any {
					webhookChanges[name](webhooks[0].(map[string]any))
					return webhooks
				})
			}
		}
		for _, name := range slices.Sorted(maps.Keys(metadataChanges)) {
			update("metadata."+name, func(o *cluster.Object, webhooks []any) []any {
				o.Object["metadata"].(map[string]any)[fieldIn(name)] = metadataChanges[name]
				return webhooks
			})
		}
		c.check(kind+": no field is missing here", func(t *testing.T) {
			require.Subset(t, append(fieldsIn(webhookChanges), "clientConfig.caBundle"), fields)
			require.Subset(t, append(fieldsIn(metadataChanges), fixedMetadata...), schemaOf(t, w, "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"))
			require.ElementsMatch(t, []string{"apiVersion", "kind", "metadata", "webhooks"}, schemaOf(t, w, "io.k8s.api.admissionregistration.v1."+kind))
		})

		added := configurationAt(t, w, path).Object["webhooks"].([]any)[0].(map[string]any)
		set("attack.example.com", "name")(added)
		set([]any{everything}, "rules")(added)
		update("one more webhook", func(_ *cluster.Object, webhooks []any) []any { return append(webhooks, added) })
		update("one more webhook, first", func(_ *cluster.Object, webhooks []any) []any { return append([]any{added}, webhooks...) })
		update("no webhook", func(*cluster.Object, []any) []any { return nil })
		update("one more webhook, with the label off", func(o *cluster.Object, webhooks []any) []any {
			o.SetLabels(nil)
			return append(webhooks, added)
		})
		if kind == "MutatingWebhookConfiguration" { // of which there are two, and the right to patch
			update("one webhook less", func(_ *cluster.Object, webhooks []any) []any { return webhooks[:1] })
			update("another order", func(_ *cluster.Object, webhooks []any) []any { return []any{webhooks[1], webhooks[0]} })
			answer, err := istiod.Do("PATCH", path, `{"metadata":{"labels":{"istio-tenancy.dev/tenant":null}}}`)
			refused("by a patch", answer, err)
			answer, err = istiod.Do("PATCH", path+"?fieldManager=attack&force=true",
				object("admissionregistration.k8s.io/v1", kind, before.GetName(), `"webhooks":`+jsonOf(t, []any{added})))
			refused("by server-side apply", answer, err)
		}
		for _, row := range []struct{ method, path, body string }{
			{"POST", path[:strings.LastIndex(path, "/")], object("admissionregistration.k8s.io/v1", kind, "attack", "")},
			{"DELETE", path, ""},
		} {
			c.check(kind+" "+row.method, func(t *testing.T) {
				answer, err := istiod.Do(row.method, row.path, row.body)
				require.NoError(t, err)
				require.Equal(t, 403, answer.Code, answer.Message())
			})
		}
		c.check(kind+": what was applied server-side stays known", func(t *testing.T) {
			o := configurationAt(t, w, path)
			o.Object["metadata"].(map[string]any)["managedFields"] = []any{map[string]any{}}
			answer, err := istiod.Do("PUT", path, mustText(t, o))
			require.NoError(t, err)
			require.Equal(t, 403, answer.Code, "%.300s", answer.Message())
			require.Contains(t, answer.Message(), "istio-tenancy-webhooks")
		})
		c.check(kind+": nothing has changed", func(t *testing.T) { require.Equal(t, before, configurationAt(t, w, path)) })
		c.check(kind+": the certificate is accepted, and the real istiod writes it again", func(t *testing.T) {
			o := configurationAt(t, w, path)
			for _, webhook := range o.Object["webhooks"].([]any) {
				delete(webhook.(map[string]any)["clientConfig"].(map[string]any), "caBundle")
			}
			answer, err := istiod.Do("PUT", path, mustText(t, o))
			require.NoError(t, err)
			require.NoError(t, answer.Error())
			settled(t, w.cluster, sales)
			require.Equal(t, before.Object["webhooks"], configurationAt(t, w, path).Object["webhooks"])
		})
	}
}

// fieldIn is the field that a row of a table is about.
func fieldIn(name string) string {
	field, _, _ := strings.Cut(name, " ")
	return field
}

func fieldsIn[V any](table map[string]V) []string {
	var fields []string
	for name := range table {
		fields = append(fields, fieldIn(name))
	}
	return fields
}

func configurationAt(t *testing.T, w *world, path string) *cluster.Object {
	t.Helper()
	stored, err := w.cluster.Admin.Get(path)
	require.NoError(t, err)
	return stored
}

// Whoever has the right to create, or to delete one by name, by a ClusterRole of
// somebody else's.
func TestNobodyElseMakesOrRemovesATenantsWebhooks(t *testing.T) {
	c := claims(t, "Only the cluster administrator can create and delete a tenant's webhook configurations, even if RBAC allows it to others")
	w := theWorld(t)
	sales := w.tenants["sales"]
	hook := nameOf(t, sales.objects, "MutatingWebhookConfiguration")
	w.make(t, strings.NewReplacer("$HOOK", hook, "$ADMIN", sales.admin).Replace(hookRights))
	w.granted(t, sales.admin, "", "create", "admissionregistration.k8s.io", "mutatingwebhookconfigurations", "")
	client := w.cluster.As(sales.admin)
	collection := hooks + "/mutatingwebhookconfigurations"
	labelled := `{"apiVersion":"admissionregistration.k8s.io/v1","kind":"MutatingWebhookConfiguration","metadata":{"name":"attack","labels":{"istio-tenancy.dev/tenant":"sales"}}}`
	for _, row := range []struct{ name, method, path, body string }{
		{"create", "POST", collection, labelled},
		{"delete", "DELETE", collection + "/" + hook, ""},
	} {
		c.check(row.name, func(t *testing.T) {
			answer, err := client.Do(row.method, row.path+"?dryRun=All", row.body)
			require.NoError(t, err)
			require.Equal(t, 403, answer.Code, answer.Message())
			require.Contains(t, answer.Message(), "istio-tenancy-webhooks")
		})
	}
	c.check("Kubernetes' garbage collector deletes", func(t *testing.T) {
		answer, err := w.cluster.Admin.Impersonate("system:serviceaccount:kube-system:generic-garbage-collector", "",
			"DELETE", collection+"/"+hook+"?dryRun=All", "")
		require.NoError(t, err)
		require.NoError(t, answer.Error())
	})
}

// Argo CD deletes in the foreground, so that the garbage collector takes a
// finalizer away before the object goes.
func TestATenantsWebhooksAreDeletedInEveryWay(t *testing.T) {
	c := claims(t, "A tenant's webhook configurations can be deleted in the background, in the foreground, as an orphan, and with their owner")
	w := theWorld(t)
	for _, kind := range []string{"MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"} {
		collection := hooks + "/" + strings.ToLower(kind) + "s"
		for _, policy := range []string{"Background", "Foreground", "Orphan"} {
			c.check(kind+" "+policy, func(t *testing.T) {
				name := "leaves-" + strings.ToLower(policy)
				answer, err := w.cluster.Admin.Do("POST", collection, strings.Replace(object("admissionregistration.k8s.io/v1", kind, name, ""),
					`"name"`, `"labels":{"istio-tenancy.dev/tenant":"sales"},"name"`, 1))
				require.NoError(t, err)
				require.NoError(t, answer.Error())
				answer, err = w.cluster.Admin.Do("DELETE", collection+"/"+name, `{"kind":"DeleteOptions","apiVersion":"v1","propagationPolicy":"`+policy+`"}`)
				require.NoError(t, err)
				require.NoError(t, answer.Error())
				require.NoError(t, cluster.Eventually(patience, func() error { return isGone(w, collection+"/"+name) }))
			})
		}
	}
	c.check("an owner that is orphaned leaves them", func(t *testing.T) {
		collection := hooks + "/mutatingwebhookconfigurations"
		answer, err := w.cluster.Admin.Do("POST", rbac+"/clusterroles", object("rbac.authorization.k8s.io/v1", "ClusterRole", "owner-of-webhooks", ""))
		require.NoError(t, err)
		require.NoError(t, answer.Error())
		owner, err := w.cluster.Admin.Get(rbac + "/clusterroles/owner-of-webhooks")
		require.NoError(t, err)
		answer, err = w.cluster.Admin.Do("POST", collection, strings.Replace(object("admissionregistration.k8s.io/v1", "MutatingWebhookConfiguration", "owned", ""),
			`"name"`, `"labels":{"istio-tenancy.dev/tenant":"sales"},"ownerReferences":[{"apiVersion":"rbac.authorization.k8s.io/v1","kind":"ClusterRole",`+
				`"name":"owner-of-webhooks","uid":"`+string(owner.GetUID())+`"}],"name"`, 1))
		require.NoError(t, err)
		require.NoError(t, answer.Error())
		defer w.cluster.Admin.Do("DELETE", collection+"/owned", "")
		answer, err = w.cluster.Admin.Do("DELETE", rbac+"/clusterroles/owner-of-webhooks", `{"kind":"DeleteOptions","apiVersion":"v1","propagationPolicy":"Orphan"}`)
		require.NoError(t, err)
		require.NoError(t, answer.Error())
		require.NoError(t, cluster.Eventually(patience, func() error { return isGone(w, rbac+"/clusterroles/owner-of-webhooks") }))
		require.Empty(t, configurationAt(t, w, collection+"/owned").GetOwnerReferences())
	})
}

const hookRights = `
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: hooks}
rules:
- {apiGroups: [admissionregistration.k8s.io], resources: [mutatingwebhookconfigurations], verbs: [create]}
- {apiGroups: [admissionregistration.k8s.io], resources: [mutatingwebhookconfigurations], verbs: [delete], resourceNames: [$HOOK]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: hooks}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: hooks}
subjects: [{kind: User, name: $ADMIN, apiGroup: rbac.authorization.k8s.io}]
`

// fieldsOf are the fields of a kind of webhook, with those of its clientConfig and rules.
func fieldsOf(t *testing.T, w *world, kind string) []string {
	t.Helper()
	const group = "io.k8s.api.admissionregistration.v1."
	fields := slices.DeleteFunc(schemaOf(t, w, group+kind), func(f string) bool { return f == "clientConfig" })
	for _, in := range []struct{ prefix, schema string }{
		{"clientConfig.", "WebhookClientConfig"}, {"clientConfig.service.", "ServiceReference"}, {"rules.", "RuleWithOperations"},
	} {
		for _, field := range schemaOf(t, w, group+in.schema) {
			if field != "service" {
				fields = append(fields, in.prefix+field)
			}
		}
	}
	return fields
}

// schemaOf are the fields that the API server's own schema of a type has.
func schemaOf(t *testing.T, w *world, name string) []string {
	t.Helper()
	answer, err := w.cluster.Admin.Do("GET", "/openapi/v3/apis/admissionregistration.k8s.io/v1", "")
	require.NoError(t, err)
	var document struct {
		Components struct {
			Schemas map[string]struct{ Properties map[string]any }
		}
	}
	require.NoError(t, json.Unmarshal(answer.Body, &document))
	properties := document.Components.Schemas[name].Properties
	require.NotEmpty(t, properties, name)
	return slices.Sorted(maps.Keys(properties))
}

func jsonOf(t *testing.T, value any) string {
	t.Helper()
	text, err := json.Marshal(value)
	require.NoError(t, err)
	return string(text)
}
