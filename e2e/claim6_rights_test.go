package e2e

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/istio-tenancy/istio-tenancy/e2e/cluster"
	"github.com/stretchr/testify/require"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
)

// A gateway that istiod deploys is what needs most of its rights to write, so
// it is made before the rights are measured.
func TestAGatewayThatTheTenantDeclaresIsDeployedByItsIstiod(t *testing.T) {
	c := claims(t, "A Gateway of the Gateway API, declared by the tenant, is deployed by the tenant's istiod into the tenant's namespace, where a NetworkPolicy opens it")
	w := theWorld(t)
	for _, name := range []string{"sales", "ops", "fin"} {
		tenant := w.tenants[name]
		namespace := tenant.applications[0]
		objects, err := cluster.Parse([]byte(fmt.Sprintf(gatewayYAML, namespace, name)))
		require.NoError(t, err)
		c.check(name, func(t *testing.T) {
			_, err := w.cluster.As(tenant.admin).Apply(objects)
			require.NoError(t, err)
			require.NoError(t, cluster.Eventually(patience, func() error {
				_, err := w.cluster.Admin.Get("/apis/apps/v1/namespaces/" + namespace + "/deployments/shop-istio-" + name)
				if err != nil {
					return err
				}
				gateway, err := w.cluster.Admin.Read(objects[0])
				if err == nil && !strings.Contains(fmt.Sprint(gateway.Object["status"]), "Programmed") {
					err = fmt.Errorf("the Gateway has the status %v", gateway.Object["status"])
				}
				return err
			}))
			items, err := w.cluster.Admin.Items("/apis/apps/v1/deployments?labelSelector=gateway.networking.k8s.io/gateway-name=shop")
			require.NoError(t, err)
			for _, item := range items {
				require.Contains(t, slices.Concat(w.tenants["sales"].applications, w.tenants["ops"].applications, w.tenants["fin"].applications), item.GetNamespace())
			}
		})
		c.check(name+": a NetworkPolicy lets clients in to its Pods, on the listener's port", func(t *testing.T) {
			deployment, err := w.cluster.Admin.Get("/apis/apps/v1/namespaces/" + namespace + "/deployments/shop-istio-" + name)
			require.NoError(t, err)
			pods, _, _ := unstructured.NestedStringMap(deployment.Object, "spec", "template", "metadata", "labels")
			stored, err := w.cluster.Admin.Get("/apis/networking.k8s.io/v1/namespaces/" + namespace + "/networkpolicies/allow-deployed-gateways")
			require.NoError(t, err)
			var policy struct {
				Spec struct {
					PodSelector meta.LabelSelector
					Ingress     []struct {
						From  []any
						Ports []struct{ Port, EndPort int32 }
					}
				}
			}
			text, err := stored.MarshalJSON()
			require.NoError(t, err)
			require.NoError(t, json.Unmarshal(text, &policy))
			selector, err := meta.LabelSelectorAsSelector(&policy.Spec.PodSelector)
			require.NoError(t, err)
			require.True(t, selector.Matches(labels.Set(pods)), "%s: %v", selector, pods)
			require.False(t, selector.Matches(labels.Set{"app": "details"}), "of an application")
			require.Len(t, policy.Spec.Ingress, 1)
			require.Empty(t, policy.Spec.Ingress[0].From, "everybody")
			for port, want := range map[int32]bool{80: true, 8443: true, 15021: true, 15020: false, 15090: false} {
				open := false
				for _, p := range policy.Spec.Ingress[0].Ports {
					open = open || p.Port <= port && port <= max(p.Port, p.EndPort)
				}
				require.Equal(t, want, open, "port %d", port)
			}
		})
	}
}

const gatewayYAML = `
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata:
  name: shop
  namespace: %[1]s
spec:
  gatewayClassName: istio-%[2]s
  listeners:
  - name: http
    port: 80
    protocol: HTTP
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata:
  name: shop
  namespace: %[1]s
spec:
  parentRefs:
  - name: shop
  rules:
  - backendRefs:
    - name: productpage
      port: 9080
`

func TestEveryRightThatIstiodUsesIsGrantedAndTheUnusedAreListed(t *testing.T) {
	c := claims(t, "Every right that istiod used in this run was granted: the API server refused it nothing")
	w := theWorld(t)
	for _, name := range []string{"sales", "ops", "fin"} {
		tenant := w.tenants[name]
		all, err := w.cluster.Requests(tenant.istiod.User())
		require.NoError(t, err)
		var used []cluster.Request
		c.check(name+" is refused nothing", func(t *testing.T) {
			refused := map[string]int{}
			for _, r := range all {
				// The harness tries the same token on everything: see the claim
				// that the control plane is confined.
				if r.Agent == cluster.Agent {
					continue
				}
				used = append(used, r)
				if r.Code == 403 {
					refused[strings.TrimSpace(fmt.Sprintf("%s %s.%s %s", r.Verb, r.Resource, r.Group, r.Namespace))]++
				}
			}
			require.NotEmpty(t, used)
			require.Empty(t, refused)
		})
		granted, err := rightsOf(tenant)
		require.NoError(t, err)
		unused := 0
		var rows []string
		for _, right := range granted {
			if !slices.ContainsFunc(used, right.covers) {
				unused++
				rows = append(rows, right.String())
			}
		}
		c.check(name+" uses what it was granted", func(t *testing.T) {
			require.Less(t, unused, len(granted))
		})
		c.note("istiod of %s made %d requests; it used %d of its %d rights. Granted and not used in this run:\n\n%s",
			name, len(used), len(granted)-unused, len(granted), table(rows))
	}
}

// right is one verb on one resource in one namespace, or in the cluster.
type right struct {
	namespace, group, resource, verb string
	names                            []string
}

// covers says whether a request needs the right. Reads are one right: istiod
// watches with initial events where the API server can do that, and lists
// first where it cannot. An apply of what is not there needs create as well.
func (r right) covers(request cluster.Request) bool {
	verb := r.verb == request.Verb || isRead(r.verb) && isRead(request.Verb) ||
		r.verb == "create" && request.Verb == "patch" && request.Code == 201
	return verb && (r.namespace == "" || r.namespace == request.Namespace) && r.group == request.Group &&
		(r.resource == request.Resource || r.resource == "*") &&
		(len(r.names) == 0 || slices.Contains(r.names, request.Name))
}

// String is a row: where, on what, and the verb.
func (r right) String() string {
	where, what := r.namespace, r.resource
	if where == "" {
		where = "(cluster)"
	}
	if r.group != "" {
		what += "." + r.group
	}
	if len(r.names) > 0 {
		what += " " + strings.Join(r.names, ", ")
	}
	return where + " | " + what + " | " + r.verb
}

// table joins rows of the same place and resource.
func table(rows []string) string {
	var text strings.Builder
	text.WriteString("| where | what | verbs |\n|---|---|---|\n")
	slices.Sort(rows)
	for i := 0; i < len(rows); {
		cut := strings.LastIndex(rows[i], " | ")
		key, verbs := rows[i][:cut], []string{}
		for ; i < len(rows) && strings.HasPrefix(rows[i], key+" | "); i++ {
			verbs = append(verbs, rows[i][cut+3:])
		}
		fmt.Fprintf(&text, "| %s | %s |\n", key, strings.Join(verbs, " "))
	}
	return text.String()
}

// rightsOf are the rights that the rendered objects give to istiod's
// ServiceAccount, each once.
func rightsOf(tenant *tenant) ([]right, error) {
	rules := map[string][]rule{} // by kind, namespace and name of a role
	var bindings []binding
	for _, object := range tenant.objects {
		text, err := object.MarshalJSON()
		if err != nil {
			return nil, err
		}
		switch object.GetKind() {
		case "Role", "ClusterRole":
			var role struct{ Rules []rule }
			if err := json.Unmarshal(text, &role); err != nil {
				return nil, err
			}
			rules[object.GetKind()+" "+object.GetNamespace()+"/"+object.GetName()] = role.Rules
		case "RoleBinding", "ClusterRoleBinding":
			var b binding
			if err := json.Unmarshal(text, &b); err != nil {
				return nil, err
			}
			bindings = append(bindings, b)
		}
	}
	seen := map[string]bool{}
	var rights []right
	for _, b := range bindings {
		if !b.binds(tenant.istiod) {
			continue
		}
		key := b.RoleRef.Kind + " " + b.Metadata.Namespace + "/" + b.RoleRef.Name
		if b.RoleRef.Kind == "ClusterRole" {
			key = "ClusterRole /" + b.RoleRef.Name
		}
		for _, rule := range rules[key] {
			for _, right := range rule.rights(b.Metadata.Namespace) {
				if id := right.String(); !seen[id] {
					seen[id] = true
					rights = append(rights, right)
				}
			}
		}
	}
	return rights, nil
}

type rule struct {
	APIGroups, Resources, ResourceNames, Verbs []string
}

func (r rule) rights(namespace string) []right {
	var rights []right
	for _, group := range r.APIGroups {
		for _, resource := range r.Resources {
			for _, verb := range r.Verbs {
				rights = append(rights, right{namespace, group, resource, verb, r.ResourceNames})
			}
		}
	}
	return rights
}

type binding struct {
	Metadata struct{ Namespace string }
	RoleRef  struct{ Kind, Name string }
	Subjects []struct{ Kind, Name, Namespace string }
}

func (b binding) binds(istiod *cluster.Istiod) bool {
	for _, s := range b.Subjects {
		if s.Kind == "ServiceAccount" && s.Name == istiod.ServiceAccount && s.Namespace == istiod.Namespace {
			return true
		}
	}
	return false
}
