package node_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/istio-tenancy/istio-tenancy/e2e/cluster"
	"github.com/stretchr/testify/require"
)

// canaryRevision is what the base of lab's second control plane states.
const canaryRevision = "next"

// The whole way of docs/operations.md, and back. The second istiod is of the same program,
// under the name of another image.
func TestTrafficOfAMeshGoesOnThroughACanary(t *testing.T) {
	c := claims(t, "A tenant gets a second control plane next to the first one, its namespaces move to it, the first one is removed, and everything is reverted. No request between Pods of the mesh fails, whichever of the two has injected them")
	w := theEnforcedWorld(t)
	c.Parallel()
	w.writeCanaryBase(t)
	lab := w.startLab(t)
	canary := lab.istiod() + "-" + canaryRevision
	m := newMesh(lab, nil)
	first, last := m.who.namespace, m.caller.namespace
	w.join(t, &m.who, lab.xds(lab.istiod()))
	w.join(t, &m.caller, lab.xds(lab.istiod()))

	var steps []func()
	change := func(bases []any, revisions ...any) []*cluster.Object {
		objects, restore := w.changeFiles(c.T, lab, map[string]func(map[string]any){
			"kustomization.yaml": func(content map[string]any) {
				content["resources"] = bases
			},
			"tenant.yaml": func(content map[string]any) {
				content["spec"].(map[string]any)["controlPlane"].(map[string]any)["revisions"] = revisions
			},
		})
		steps = append(steps, restore)
		return objects
	}
	const oldBase, newBase = "../../bases/istio/control-plane", "../../bases/istio-next"
	next := func(namespaces ...any) any {
		return map[string]any{"name": canaryRevision, "applicationNamespaces": append([]any{}, namespaces...)}
	}
	m.checkTraffic(c, "a second control plane arrives", func(t *testing.T) {
		change([]any{oldBase, newBase}, map[string]any{"name": "default"}, next())
		require.NoError(t, w.node.Available(lab.controlPlane, canary, patience))
		m.answersAnew(t)
	})

	moved := *m
	moved.caller, moved.who = member{namespace: last, name: "caller-next"}, member{namespace: first, name: "who-next"}
	m.checkTraffic(c, "a namespace moves", func(t *testing.T) {
		change([]any{oldBase, newBase}, map[string]any{"name": "default"}, next(last))
		w.join(c.T, &moved.caller, lab.xds(canary))
		m.answersAnew(t)
	})
	moved.who = m.who
	moved.checkOwnCall(c, "from the new to the old")
	moved.who = member{namespace: first, name: "who-next"}
	m.checkTraffic(c, "the other one moves", func(t *testing.T) {
		change([]any{oldBase, newBase}, map[string]any{"name": "default"}, next(first, last))
		w.join(c.T, &moved.who, lab.xds(canary))
		m.answersAnew(t)
	})
	back := *m
	back.who = moved.who
	back.checkOwnCall(c, "from the old to the new")

	moved.checkTraffic(c, "the first control plane leaves", func(t *testing.T) {
		objects := change([]any{newBase}, next(first, last))
		var gone []*cluster.Object
		for _, object := range lab.objects {
			if !(&tenant{objects: objects}).has(object) {
				gone = append(gone, object)
			}
		}
		require.NotEmpty(t, gone)
		require.NoError(t, w.node.Cluster.Admin.Delete(gone))
		require.NoError(t, cluster.Eventually(patience, func() error {
			pods, err := w.node.Cluster.Admin.Items("/api/v1/namespaces/" + lab.controlPlane + "/pods?labelSelector=istio.io/rev=" + lab.name)
			if err == nil && len(pods) > 0 {
				err = fmt.Errorf("%s is there", cluster.ID(pods[0]))
			}
			return err
		}))
		moved.answersAnew(t)
	})
	c.Check("the tag leads to the one that is left", func(*testing.T) {
		change([]any{newBase}, map[string]any{"name": canaryRevision})
		another := member{namespace: first, name: "who-by-tag"}
		w.join(c.T, &another, lab.xds(canary))
	})
	moved.checkTraffic(c, "the first control plane is back", func(t *testing.T) {
		change([]any{oldBase, newBase}, map[string]any{"name": "default"}, next(first, last))
		require.NoError(t, w.node.Available(lab.controlPlane, lab.istiod(), patience))
		moved.answersAnew(t)
	})
	m.checkTraffic(c, "all is taken back", func(t *testing.T) {
		for i := len(steps) - 1; i >= 0; i-- {
			steps[i]()
		}
		m.answersAnew(t)
	})
	m.checkOwnCall(c, "taken back")
}

// lab is a tenant that has no part in what other tests are about: as much happens to it
// as to all of those, so that it is beside them.
func newLab() *tenant {
	return &tenant{name: "lab", admin: "lab-admin", controlPlane: "istio-system5", applications: []string{"ns-7", "ns-8"}}
}

// startLab returns when lab's istiod is available.
func (w *world) startLab(t *testing.T) *tenant {
	lab := newLab()
	var err error
	lab.objects, err = w.source.Render("overlays/" + lab.name)
	require.NoError(t, err)
	_, err = w.node.Cluster.Admin.Apply(lab.objects)
	require.NoError(t, err)
	require.NoError(t, w.node.Available(lab.controlPlane, lab.istiod(), patience))
	return lab
}

// writeCanaryBase makes a base that states its revision.
func (w *world) writeCanaryBase(t *testing.T) {
	dir := filepath.Join(w.source.Dir, "bases/istio-next")
	require.NoError(t, os.MkdirAll(dir, 0o755))
	for name, text := range map[string]string{"kustomization.yaml": canaryKustomization, "release.yaml": canaryRelease} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644))
	}
}

const (
	canaryKustomization = `
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
generators: [release.yaml]
`
	canaryRelease = `
apiVersion: istio-tenancy.dev/v1alpha1
kind: IstioRelease
metadata:
  name: next
  annotations:
    config.kubernetes.io/function: "exec: {path: istio-tenancy}"
spec:
  part: control-plane
  revision: ` + canaryRevision + `
  tag: ` + nextTag + `
  apiProxy: {image: "` + apiProxyImage + `"}
  values:
    resources: {requests: {cpu: 10m, memory: 128Mi}}
`
)

// join makes a member, which goes with the test t, and looks at which istiod its proxy asks.
func (w *world) join(t *testing.T, m *member, istiod string) {
	t.Helper()
	objects, err := m.objects(true)
	require.NoError(t, err)
	_, err = w.node.Cluster.Admin.Apply(objects)
	require.NoError(t, err)
	t.Cleanup(func() {
		if err := w.node.Cluster.Admin.Delete(objects); err != nil {
			t.Log(err)
		}
	})
	m.place, err = w.ready(m.namespace, m.name)
	require.NoError(t, err)
	pod, err := w.node.Cluster.Admin.Get("/api/v1/namespaces/" + m.namespace + "/pods/" + m.name)
	require.NoError(t, err)
	text, err := pod.MarshalJSON()
	require.NoError(t, err)
	require.Contains(t, string(text), istiod)
}
