package node_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/istio-tenancy/istio-tenancy/e2e/cluster"
	"github.com/istio-tenancy/istio-tenancy/e2e/tally"
	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// nextTag is that of the image of istiod to which sales is upgraded.
const nextTag = "1.31.0-e2e"

func TestTrafficOfAMeshGoesOnWithoutItsIstiod(t *testing.T) {
	c := claims(t, "While a tenant's istiod is killed, is down, and restarts, no request between Pods of its mesh fails, over existing connections and over new ones with mutual TLS")
	turn(c, &lanes.meshes, &lanes.injected)
	w := theEnforcedWorld(t)
	meshes := theMeshes(t, w)
	all := []*mesh{meshes.sales, meshes.fin}
	sideBySide(len(all), len(all), func(i int) {
		m := all[i]
		m.checkTraffic(c, "istiod is killed", func(t *testing.T) {
			require.NoError(t, w.kill(m.tenant))
		})
		m.checkTraffic(c, "istiod is away", func(t *testing.T) {
			require.NoError(t, w.scale(m.tenant, 0))
			require.NoError(t, cluster.Eventually(patience, func() error {
				pods, err := w.istiods(m.tenant)
				if err == nil && len(pods) > 0 {
					err = fmt.Errorf("%s is there", cluster.ID(pods[0]))
				}
				return err
			}))
			m.answersAnew(t)
			require.NoError(t, w.scale(m.tenant, 1))
			require.NoError(t, w.pods(m.tenant, 1, isThere))
		})
		m.checkOwnCall(c, "with its istiod again")
	})
}

// The rendered objects of another image and other requests replace istiod's Pod. The
// requests are lower, as the machine has no room for two Pods of the rendered ones.
func TestTrafficOfAMeshGoesOnWhileItsControlPlaneIsUpgraded(t *testing.T) {
	c := claims(t, "While a tenant's control plane is upgraded to another render with another image, and reverted, no request between Pods of its mesh fails")
	turn(c, &lanes.meshes)
	w := theEnforcedWorld(t)
	m := theMeshes(t, w).sales
	var restore func()
	m.checkTraffic(c, "istiod is upgraded", func(t *testing.T) {
		restore = w.changeFile(c.T, m.tenant, "kustomization.yaml", func(content map[string]any) {
			content["images"] = []any{map[string]any{"name": "docker.io/istio/pilot", "newTag": nextTag}}
			withLowerRequests(content)
		})
		require.NoError(t, w.pods(m.tenant, 1, hasImage("docker.io/istio/pilot:"+nextTag)))
	})
	m.checkOwnCall(c, "upgraded")
	m.checkTraffic(c, "istiod is taken back", func(t *testing.T) {
		restore()
		require.NoError(t, w.pods(m.tenant, 1, hasImage("docker.io/istio/pilot:1.31.0")))
	})
	m.checkOwnCall(c, "taken back")
}

// withLowerRequests changes the kustomization.yaml of an overlay.
func withLowerRequests(content map[string]any) {
	patches, _ := content["patches"].([]any)
	content["patches"] = append(patches, map[string]any{"target": map[string]any{"kind": "Deployment", "name": "istiod"}, "patch": lowerRequests})
}

const lowerRequests = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: istiod}
spec:
  template:
    spec:
      containers:
      - name: discovery
        resources: {requests: {cpu: 10m, memory: 128Mi}}
`

// checkTraffic calls without end between two Pods of the mesh, while something happens.
func (m *mesh) checkTraffic(c *tally.Claim, what string, happens func(t *testing.T)) {
	c.Helper()
	c.Check(m.tenant.name+": no request fails while "+what, func(t *testing.T) {
		// The first request needs an istiod; istiod's agent may be waiting to ask again.
		require.NoError(t, cluster.Eventually(patience, func() error {
			return m.caller.control(http.MethodPost, "/traffic", m.who.target(), nil)
		}))
		begin := time.Now()
		stop := func() (r traffic) {
			require.NoError(t, m.caller.control(http.MethodDelete, "/traffic", "", &r))
			return r
		}
		happened := false
		defer func() {
			if !happened {
				stop()
			}
		}()
		happens(t)
		happened = true
		r := stop()
		require.Empty(t, r.Failures)
		require.NotZero(t, r.Established)
		require.NotZero(t, r.New)
		c.Note("%s: while %s, in %.0f s, %d requests over an established connection and %d over new ones were answered.",
			m.tenant.name, what, time.Since(begin).Seconds(), r.Established, r.New)
	})
}

// answersAnew returns when calls have been answered over connections that were made
// since now.
func (m *mesh) answersAnew(t *testing.T) {
	var before, now traffic
	require.NoError(t, m.caller.control(http.MethodGet, "/traffic", "", &before))
	require.NoError(t, cluster.Eventually(patience, func() error {
		err := m.caller.control(http.MethodGet, "/traffic", "", &now)
		if err == nil && now.New < before.New+20 {
			err = fmt.Errorf("%d new connections, and then %d", before.New, now.New)
		}
		return err
	}))
}

// traffic is what the program in ./grpc says of the calls that it made.
type traffic struct {
	Established, New int
	Failures         []string
}

// kill ends a tenant's istiod at once, and returns when another one serves.
func (w *world) kill(of *tenant) error {
	before, err := w.istiods(of)
	if err != nil {
		return err
	}
	killed := map[string]bool{}
	for _, pod := range before {
		answer, err := w.node.Cluster.Admin.Do(http.MethodDelete, "/api/v1/namespaces/"+of.controlPlane+"/pods/"+pod.GetName()+"?gracePeriodSeconds=0", "")
		if err != nil {
			return err
		}
		if err := answer.Error(); err != nil {
			return err
		}
		killed[pod.GetName()] = true
	}
	return w.pods(of, 1, func(pod *cluster.Object) error {
		if killed[pod.GetName()] {
			return fmt.Errorf("%s is there", cluster.ID(pod))
		}
		return nil
	})
}

func (w *world) scale(of *tenant, replicas int) error {
	answer, err := w.node.Cluster.Admin.Do(http.MethodPatch, "/apis/apps/v1/namespaces/"+of.controlPlane+"/deployments/"+of.istiod()+"/scale",
		fmt.Sprintf(`{"spec":{"replicas":%d}}`, replicas))
	if err != nil {
		return err
	}
	return answer.Error()
}

// hasImage is what a Pod of istiod should be, and so is requests, of its CPU.
func hasImage(image string) func(*cluster.Object) error {
	return func(pod *cluster.Object) error {
		if found := discovery(pod)["image"]; found != image {
			return fmt.Errorf("%s has the image %v; want %s", cluster.ID(pod), found, image)
		}
		return nil
	}
}

func requests(cpu string) func(*cluster.Object) error {
	return func(pod *cluster.Object) error {
		if found, _, _ := unstructured.NestedString(discovery(pod), "resources", "requests", "cpu"); found != cpu {
			return fmt.Errorf("%s requests %q of the CPU; want %s", cluster.ID(pod), found, cpu)
		}
		return nil
	}
}

func isThere(*cluster.Object) error { return nil }

// discovery is the container of istiod.
func discovery(pod *cluster.Object) map[string]any {
	containers, _, _ := unstructured.NestedSlice(pod.Object, "spec", "containers")
	for _, c := range containers {
		if c := c.(map[string]any); c["name"] == "discovery" {
			return c
		}
	}
	return nil
}
