package e2e

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/istio-tenancy/istio-tenancy/e2e/cluster"
	"github.com/stretchr/testify/require"
)

// classic is a cluster with the two tenants of examples/blog: Istio 0.7.1, whose
// programs are rendered and authenticate, and are not run.
type classic struct {
	cluster *cluster.Cluster
	common  []*cluster.Object
	tenants map[string]*tenant
}

// classicAccounts are the ServiceAccounts beside Pilot, by the program that
// runs as them.
var classicAccounts = map[string]string{
	"Pilot": "istio-pilot-service-account", "Mixer": "istio-mixer-service-account", "CA": "istio-ca-service-account",
	"Ingress": "istio-ingress-service-account", "Galley": "istio-galley-service-account",
	"injector": "istio-sidecar-injector-service-account", "Prometheus": "prometheus", "Grafana and servicegraph": "default",
}

// classicExceptions are what bases/classic/README.md lists: what a program does
// not run without, although it is not the tenant's.
var classicExceptions = map[string]func(request, cluster.Resource) bool{
	"Mixer": func(q request, r cluster.Resource) bool {
		return q.reads && (r.Name == "pods" || strings.HasPrefix(r.APIVersion, "config.istio.io/"))
	},
	"Pilot": func(q request, r cluster.Resource) bool {
		return q.method == "POST" && r.Name == "customresourcedefinitions"
	},
}

func TestTheClassicEra(t *testing.T) {
	w := &classic{}
	defer func() {
		if w.cluster != nil {
			w.cluster.Stop()
		}
	}()
	require.NoError(t, w.start())
	t.Run("apply", w.applyCleanly)
	t.Run("post", w.testResultsOfThePost)
	t.Run("attacks", w.attacksAreRefused)
	t.Run("programs", w.programsAreConfined)
}

func (w *classic) start() error {
	dir, err := filepath.Abs(filepath.Join(logs, "checkout-classic"))
	if err != nil {
		return err
	}
	source, err := newCheckout(dir)
	if err != nil {
		return err
	}
	w.tenants = map[string]*tenant{"dev": newTenants()["dev"], "sales": newTenants()["sales"]}
	if w.cluster, err = cluster.Start(binaries, cluster.Options{
		Logs: filepath.Join(logs, "classic"), Users: []string{"dev-admin", "sales-admin"}}); err != nil {
		return err
	}
	if w.common, err = source.Render("bases/classic/common"); err != nil {
		return err
	}
	if _, err := w.cluster.Admin.Apply(w.common); err != nil {
		return fmt.Errorf("apply common: %w", err)
	}
	for _, name := range []string{"dev", "sales"} {
		tenant := w.tenants[name]
		if tenant.objects, err = source.Render("examples/blog/overlays/" + name); err != nil {
			return err
		}
		tenant.stored, tenant.applied = w.cluster.Admin.Apply(tenant.objects)
	}
	return nil
}

func (w *classic) applyCleanly(t *testing.T) {
	c := claims(t, "Istio 0.7.1 and Bookinfo of the blog post, as dev and as sales, apply cleanly and strictly to a current API server. A second apply changes nothing")
	c.check("common again", func(t *testing.T) { unchanged(t, w.cluster, w.common) })
	for _, name := range []string{"dev", "sales"} {
		c.check(name, func(t *testing.T) {
			require.NoError(t, w.tenants[name].applied)
			require.Len(t, w.tenants[name].stored, len(w.tenants[name].objects))
		})
		c.check(name+" again", func(t *testing.T) { unchanged(t, w.cluster, w.tenants[name].objects) })
	}
	c.note("Classic: common %d objects, dev %d, sales %d.", len(w.common), len(w.tenants["dev"].objects), len(w.tenants["sales"].objects))
}

// runPods lets Pods start: nobody serves the injectors' webhooks here.
func (w *classic) runPods(t *testing.T) {
	t.Helper()
	for _, tenant := range w.tenants {
		for _, object := range tenant.objects {
			if object.GetKind() == "MutatingWebhookConfiguration" {
				require.NoError(t, w.cluster.Admin.Delete([]*cluster.Object{object}))
			}
		}
		for _, namespace := range tenant.namespaces() {
			path := "/api/v1/namespaces/" + namespace + "/pods"
			require.NoError(t, cluster.Eventually(patience, func() error {
				pods, err := w.cluster.Admin.Items(path)
				if want := map[bool]int{true: 8, false: 6}[namespace == tenant.controlPlane]; err == nil && len(pods) < want {
					err = fmt.Errorf("%s has %d Pods", namespace, len(pods))
				}
				return err
			}))
		}
	}
	require.NoError(t, w.cluster.RunPods())
}

func (w *classic) testResultsOfThePost(t *testing.T) {
	c := claims(t, "The test results of the blog post are the same for its own Istio, with its own Pods")
	w.runPods(t)
	for _, name := range []string{"dev", "sales"} {
		me := w.tenants[name]
		for _, other := range w.tenants {
			for _, namespace := range other.namespaces() {
				c.check(fmt.Sprintf("%s gets pods -n %s", me.admin, namespace), func(t *testing.T) {
					printed, err := w.cluster.Kubectl(me.admin, "get", "pods", "-n", namespace)
					switch {
					case other != me:
						require.Error(t, err)
						require.Contains(t, printed, fmt.Sprintf("(Forbidden): pods is forbidden: User %q cannot list resource", me.admin))
						require.Contains(t, printed, fmt.Sprintf("in the namespace %q", namespace))
					case namespace == me.controlPlane:
						require.NoError(t, err, printed)
						for _, pod := range []string{"istio-ca", "istio-ingress", "istio-mixer", "istio-pilot", "istio-sidecar-injector", "prometheus", "grafana", "servicegraph"} {
							require.Regexp(t, `(?m)^`+pod+`-\S+ +\d/\d +Running`, printed)
						}
					default:
						require.NoError(t, err, printed)
						for _, pod := range []string{"details-v1", "productpage-v1", "ratings-v1", "reviews-v1", "reviews-v2", "reviews-v3"} {
							require.Regexp(t, `(?m)^`+pod+`-\S+ +1/1 +Running`, printed)
						}
					}
				})
			}
		}
		c.check(me.admin+" gets pods --all-namespaces", func(t *testing.T) {
			printed, err := w.cluster.Kubectl(me.admin, "get", "pods", "--all-namespaces")
			require.Error(t, err)
			require.Contains(t, printed, "at the cluster scope")
		})
		// "kubectl -i istio-system1 -n ns-1 get routerule", without the -i.
		c.check(me.admin+" gets route rules", func(t *testing.T) {
			printed, err := w.cluster.Kubectl(me.admin, "get", "routerule", "-n", me.applications[0])
			require.NoError(t, err, printed)
			for _, rule := range []string{"details-default", "productpage-default", "ratings-default", "reviews-default"} {
				require.Contains(t, printed, rule)
			}
		})
	}
}

func (w *classic) attacksAreRefused(t *testing.T) {
	c := claims(t, "Every attack of a tenant administrator in the control plane's namespace is refused with the Istio of the blog post as well")
	pod, err := w.cluster.PodOf("istio-system1", "istio-pilot")
	require.NoError(t, err)
	on := target{
		tenant: "sales", app: "ns-1", plane: "istio-system1", other: "dev", otherApp: "ns-0", otherPlane: "istio-system",
		otherAdmin: "dev-admin", istiod: "istio-pilot-service-account", otherIstiod: "istio-pilot-service-account", pod: pod,
		mesh: "istio", injector: "istio-inject", validator: "istio-galley-istio-system1",
		otherHook:   "istio-sidecar-injector-istio-system",
		clusterRole: nameOf(t, w.tenants["sales"].objects, "ClusterRole"), memberRole: "istio-pilot-istio-system1-confined",
		adminRole: "ns-access-for-sales-admin-istio-system1", policy: nameOf(t, w.tenants["sales"].objects, "NetworkPolicy"),
	}
	client := w.cluster.As("sales-admin")
	for _, attack := range attacks {
		c.check(attack.name, func(t *testing.T) {
			refused, answer, err := attack.try(client, on)
			require.NoError(t, err)
			require.True(t, refused, "%d %s", answer.Code, answer.Message())
		})
	}
}

// classicOutside are the namespaces that are not sales'.
var classicOutside = []string{"default", "kube-system", "istio-system", "ns-0"}

func (w *classic) programsAreConfined(t *testing.T) {
	c := claims(t, "With the token of each program of Istio 0.7.1 (Pilot, Mixer, CA, Ingress, Galley, injector, Prometheus): no read and no write outside the tenant, except those that bases/classic/README.md lists")
	resources, err := w.cluster.Admin.Resources()
	require.NoError(t, err)
	// Of the kinds without a namespace; questions about oneself are everybody's.
	readable := []string{"customresourcedefinitions", "nodes", "namespaces", "mutatingwebhookconfigurations", "validatingwebhookconfigurations"}
	questions := []string{"selfsubjectaccessreviews", "selfsubjectrulesreviews", "selfsubjectreviews"}
	exceptions := 0
	for program, account := range classicAccounts {
		answer, err := w.cluster.Admin.Do("POST", "/api/v1/namespaces/istio-system1/serviceaccounts/"+account+"/token", token)
		require.NoError(t, err)
		bearer, err := cluster.TokenIn(answer)
		require.NoError(t, err)
		client := w.cluster.WithToken(bearer)
		try := func(q request, r cluster.Resource) {
			answer, err := client.Do(q.method, q.path, q.body)
			require.NoError(t, err)
			if except := classicExceptions[program]; answer.Code != 403 && except != nil && except(q, r) {
				exceptions++
				return
			}
			c.verify(answer.Code == 403, "%s: %s %s: %d %s", program, q.method, q.path, answer.Code, answer.Message())
		}
		for _, r := range resources {
			if !r.Namespaced {
				for _, q := range requests(r, "") {
					if !(q.reads && slices.Contains(readable, r.Name)) && !slices.Contains(questions, r.Name) {
						try(q, r)
					}
				}
				continue
			}
			for _, namespace := range classicOutside {
				for _, q := range requests(r, namespace) {
					try(q, r)
				}
			}
			if r.Can("list") {
				try(request{"GET", r.Collection(""), "", true}, r)
			}
		}
	}
	c.check("the exceptions are used, so that they are the list's and not more", func(t *testing.T) {
		require.NotZero(t, exceptions)
	})
	c.note("Classic: %d requests outside of the tenant were let through as listed, all by Mixer (Pods and its configuration) and Pilot (its kinds).", exceptions)
}
