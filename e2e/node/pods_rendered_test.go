package node_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"testing"

	"github.com/istio-tenancy/istio-tenancy/e2e/cluster"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

func TestPodsOfControlPlanes(t *testing.T) {
	c := claims(t, "Each tenant's istiod runs as a Pod, as its Deployment was rendered, with its confined rights. If it is killed, it restarts in place, and so does its API proxy")
	w := theEnforcedWorld(t)
	for _, name := range tenantNames {
		tenant := w.tenants[name]
		c.Check(name+": the Pod is as rendered", func(t *testing.T) {
			rendered, _, _ := unstructured.NestedMap(tenant.deployment(t).Object, "spec", "template", "spec")
			live, _, _ := unstructured.NestedMap(w.istiodPod(t, name).Object, "spec")
			require.NoError(t, holds(plain(t, live), plain(t, rendered), "spec"))
			for _, field := range []string{"containers", "initContainers"} {
				require.Equal(t, count(rendered, field), count(live, field), "spec.%s", field)
			}
		})
		c.Check(name+": it runs as the user of its image", func(t *testing.T) {
			p, err := w.node.Process(tenant.controlPlane, w.istiodPod(t, name).GetName(), "discovery")
			require.NoError(t, err)
			require.Equal(t, 1337, p.User)
		})
		c.Check(name+": its account reads its own namespaces, and no other tenant's", func(t *testing.T) {
			account, _, _ := unstructured.NestedString(w.istiodPod(t, name).Object, "spec", "serviceAccountName")
			token, err := w.node.Cluster.ServiceAccountToken(tenant.controlPlane, account)
			require.NoError(t, err)
			for _, of := range w.tenants {
				for _, namespace := range of.namespaces() {
					for _, kind := range []string{"services", "secrets"} {
						answer, err := w.node.Cluster.WithToken(token).Do(http.MethodGet, "/api/v1/namespaces/"+namespace+"/"+kind, "")
						require.NoError(t, err)
						want := http.StatusForbidden
						if of == tenant {
							want = http.StatusOK
						}
						require.Equal(t, want, answer.Code, "%s of %s: %s", kind, namespace, answer.Message())
					}
				}
			}
		})
	}
	kills := []struct {
		tenant     string
		containers []string
	}{{"dev", []string{"discovery"}}, {"sales", []string{"discovery"}}, {"fin", []string{"api-proxy", "discovery"}}}
	sideBySide(len(kills), someAtOnce, func(i int) {
		for _, container := range kills[i].containers {
			c.Check(kills[i].tenant+": "+container+" restarts in place", func(t *testing.T) {
				require.NoError(t, w.killed(kills[i].tenant, container))
			})
		}
	})
	for _, name := range tenantNames {
		c.Check(name+": afterwards istiod answers the API server", func(t *testing.T) {
			require.NoError(t, cluster.Eventually(patience, func() error { return w.validates(w.tenants[name]) }))
		})
	}
}

// istiodPod is the one Pod of a tenant's istiod.
func (w *world) istiodPod(t *testing.T, name string) *cluster.Object {
	t.Helper()
	pod, err := w.oneIstiod(w.tenants[name])
	require.NoError(t, err)
	return pod
}

// deployment is that of istiod, as rendered.
func (t *tenant) deployment(test *testing.T) *cluster.Object {
	for _, object := range t.objects {
		if object.GetKind() == "Deployment" && object.GetName() == t.istiod() {
			return object
		}
	}
	test.Fatalf("%s has no Deployment %s", t.name, t.istiod())
	return nil
}

// plain is an object as encoding/json reads it, so that numbers are of one type.
func plain(t *testing.T, object map[string]any) (read map[string]any) {
	text, err := json.Marshal(object)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(text, &read))
	return read
}

// holds says what of the stated is not in the stored, which has more fields; a list has
// an element for each that was stated.
func holds(stored, stated any, path string) error {
	switch stated := stated.(type) {
	case nil:
		return nil
	case map[string]any:
		in, ok := stored.(map[string]any)
		if !ok && len(stated) > 0 {
			return fmt.Errorf("%s: found %v, but must be %v", path, stored, stated)
		}
		for key, value := range stated {
			if err := holds(in[key], value, path+"."+key); err != nil {
				return err
			}
		}
		return nil
	case []any:
		in, _ := stored.([]any)
		for i, value := range stated {
			at := fmt.Sprintf("%s[%d]", path, i)
			wrong := fmt.Errorf("%s: is missing: %v", at, value)
			for _, candidate := range in {
				switch err := holds(candidate, value, at); {
				case err == nil:
					wrong = nil
				case wrong != nil && nameOf(candidate) != nil && nameOf(candidate) == nameOf(value):
					wrong = err
				}
			}
			if wrong != nil {
				return wrong
			}
		}
		return nil
	default:
		empty := stored == nil && (stated == "" || stated == false || stated == 0.0) // which is not stored
		if stored == stated || empty || sameQuantity(stored, stated) {
			return nil
		}
		return fmt.Errorf("%s: found %v, but must be %v", path, stored, stated)
	}
}

func nameOf(element any) any {
	fields, _ := element.(map[string]any)
	return fields["name"]
}

// sameQuantity is true of 2048Mi and 2Gi, as which the API server stores it.
func sameQuantity(a, b any) bool {
	left, err := resource.ParseQuantity(fmt.Sprint(a))
	right, other := resource.ParseQuantity(fmt.Sprint(b))
	return errors.Join(err, other) == nil && left.Cmp(right) == 0
}

func count(spec map[string]any, field string) int {
	all, _, _ := unstructured.NestedSlice(spec, field)
	return len(all)
}

// restarts is how often a container of a Pod has been, or -1 if it is not known.
func restarts(pod *cluster.Object, container string) int {
	for _, field := range []string{"containerStatuses", "initContainerStatuses"} {
		all, _, _ := unstructured.NestedSlice(pod.Object, "status", field)
		for _, s := range all {
			if s := s.(map[string]any); s["name"] == container {
				return int(s["restartCount"].(float64))
			}
		}
	}
	return -1
}

// killed kills the program of a container, and waits until the same Pod is ready with
// another; the other containers go on.
func (w *world) killed(name, container string) error {
	tenant := w.tenants[name]
	before, err := w.oneIstiod(tenant)
	if err != nil {
		return err
	}
	p, err := w.node.Process(tenant.controlPlane, before.GetName(), container)
	if err != nil {
		return err
	}
	if err := unix.Kill(p.ID, unix.SIGKILL); err != nil {
		return err
	}
	return cluster.Eventually(patience, func() error {
		after, err := w.oneIstiod(tenant)
		if err != nil {
			return err
		}
		for _, c := range []string{"discovery", "api-proxy"} {
			want := restarts(before, c)
			if c == container {
				want++
			}
			if got := restarts(after, c); got != want {
				return fmt.Errorf("%s of %s has restarted %d times, but must have %d restarts", c, cluster.ID(after), got, want)
			}
		}
		if after.GetUID() != before.GetUID() {
			return fmt.Errorf("%s is another Pod", cluster.ID(after))
		}
		return cluster.MustBe(after, "Ready")
	})
}

// validates has the API server ask the tenant's istiod about an object, which is not kept.
func (w *world) validates(tenant *tenant) error {
	answer, err := w.node.Cluster.As(tenant.admin).Do(http.MethodPost,
		"/apis/networking.istio.io/v1/namespaces/"+tenant.applications[0]+"/sidecars?dryRun=All",
		`{"apiVersion":"networking.istio.io/v1","kind":"Sidecar","metadata":{"name":"x","labels":{"istio.io/rev":"`+tenant.name+`"}},"spec":{"egress":[{"hosts":["./*"]}]}}`)
	return errors.Join(err, answer.Error())
}
