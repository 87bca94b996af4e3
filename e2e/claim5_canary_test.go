package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/istio-tenancy/istio-tenancy/e2e/cluster"
	"github.com/istio-tenancy/istio-tenancy/e2e/xds"
	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// canary is a tenant of its own that goes from one version of Istio to another, each
// from a base of that version, as docs/operations.md says.
type canary struct {
	*world
	t       *testing.T
	objects []*cluster.Object // as applied last
	istiods map[string]*cluster.Istiod
}

// The bases are upstream's own manifest of 1.30, as split makes one of it, and the
// charts of 1.31.
const (
	old, next        = "roll-1-30", "roll-1-31"
	oldBase, newBase = "- ../../bases/istio-1.30/control-plane\n", "- ../../bases/istio-1.31\n"
)

func TestATenantIsUpgradedByACanary(t *testing.T) {
	c := claims(t, "A tenant is upgraded from istiod 1.30 to 1.31, with both versions side by side in one namespace and both behind the API proxy. A namespace is moved by one line and back, proxies of both versions see the same and trust each other, the versions do not conflict over locks, root certificates and webhooks, and nothing of the old version is left")
	w := theWorld(t)
	lab := &canary{world: w, t: t, istiods: map[string]*cluster.Istiod{}}
	w.tenants["roll"] = &tenant{name: "roll", admin: "roll-admin", controlPlane: "istio-roll", applications: []string{"roll-1", "roll-2"}}
	t.Cleanup(func() { delete(w.tenants, "roll") })
	lab.bases()
	t.Cleanup(lab.remove)

	lab.apply("    revisions:\n    - name: 1-30\n", oldBase)
	lab.start(old, "pilot-discovery-1.30")
	c.check("the tag leads to the only one", func(t *testing.T) {
		lab.injects(t, "roll-1", old)
		lab.injects(t, "roll-2", old)
		lab.settled(t)
	})
	before := lab.stored(t)
	lab.apply("    revisions:\n    - name: 1-30\n    - name: 1-31\n", oldBase+newBase)
	c.check("the second arrives, and nothing of the first changes", func(t *testing.T) {
		require.Equal(t, before, lab.unchanged(t, before))
	})
	lab.start(next, "pilot-discovery")
	c.check("both put their CA into their own webhooks", lab.settled)
	c.check("no namespace has moved", func(t *testing.T) {
		lab.injects(t, "roll-1", old)
		lab.injects(t, "roll-2", old)
	})
	calm := lab.fought(t)

	lab.apply("    revisions:\n    - name: 1-30\n    - name: 1-31\n      applicationNamespaces: [roll-2]\n", oldBase+newBase)
	c.check("one namespace moves", func(t *testing.T) {
		lab.injects(t, "roll-1", old)
		lab.injects(t, "roll-2", next)
	})
	for _, namespace := range []string{"roll-1", "roll-2"} {
		c.check("a proxy in "+namespace+" sees the same of both", func(t *testing.T) {
			deployBookinfo(t, w, namespace)
			require.NoError(t, w.cluster.RunPods())
			require.NoError(t, cluster.Eventually(patience, func() error {
				first, second := lab.sees(t, namespace, old), lab.sees(t, namespace, next)
				if !slices.Equal(first, second) || len(first) < 8 {
					return fmt.Errorf("by %s %q, by %s %q", old, first, next, second)
				}
				return nil
			}))
		})
	}
	c.check("a certificate of either is trusted by proxies of both", func(t *testing.T) {
		for _, namespace := range []string{"roll-1", "roll-2"} {
			roots := published(t, w, namespace)
			for _, istiod := range lab.istiods {
				require.NoError(t, verifies(signed(t, istiod, namespace), roots))
			}
		}
	})
	c.check("a configuration is validated once, by the first", func(t *testing.T) {
		answer := send(t, w.cluster.Admin, http.MethodPost, "/apis/networking.istio.io/v1/namespaces/roll-2/virtualservices?dryRun=All",
			object("networking.istio.io/v1", "VirtualService", "wrong", `"spec":{"hosts":["a"],"http":[{"route":[{"destination":{"host":"a"},"weight":-1}]}]}`))
		require.Contains(t, answer.Message(), "validation.istio.io")
	})

	lab.apply("    revisions:\n    - name: 1-30\n    - name: 1-31\n", oldBase+newBase)
	c.check("and moves back", func(t *testing.T) { lab.injects(t, "roll-2", old) })
	c.check("nobody has fought over anything", func(t *testing.T) {
		for _, namespace := range []string{"roll-1", "roll-2"} {
			deployBookinfo(t, w, namespace) // changes what both write about
		}
		require.Equal(t, calm, lab.fought(t))
	})

	before = lab.stored(t)
	lab.apply("    revisions:\n    - name: 1-31\n    - name: 1-30\n", oldBase+newBase)
	c.check("the tag leads to the next, and so do both namespaces; nothing but webhooks has changed", func(t *testing.T) {
		after := lab.unchanged(t, before)
		for id := range before {
			if !strings.Contains(id, "WebhookConfiguration") {
				require.Equal(t, before[id], after[id], id)
			}
		}
		lab.settled(t)
		lab.injects(t, "roll-1", next)
		lab.injects(t, "roll-2", next)
	})
	for _, namespace := range []string{"roll-1", "roll-2"} {
		lab.restarted(t, "--all -n "+namespace)
	}
	lab.istiods[old].Stop()
	delete(lab.istiods, old)
	lab.apply("    revisions:\n    - name: 1-31\n", newBase)
	lab.removeOld(t)
	lab.restarted(t, "-n istio-roll -l istio.io/rev="+old)
	c.check("of the old one nothing is left", func(t *testing.T) {
		require.NoError(t, cluster.Eventually(patience, func() error {
			if left := lab.mentions(t, old); len(left) > 0 {
				return fmt.Errorf("left is %q", left)
			}
			return nil
		}))
	})
	c.check("and the next one serves", func(t *testing.T) {
		require.NoError(t, w.cluster.RunPods())
		lab.injects(t, "roll-1", next)
		lab.settled(t)
		require.GreaterOrEqual(t, len(lab.sees(t, "roll-2", next)), 8)
	})
}

// bases makes both, and an overlay.
func (l *canary) bases() {
	t, dir := l.t, l.source.Dir
	command, err := filepath.Abs(filepath.Join(tools, "istio-tenancy"))
	require.NoError(t, err)
	const image = "registry.example/istio-tenancy:v1"
	split := exec.Command(command, "split", "-f", manifestOf(t, "1.30"), "-o", filepath.Join(dir, "bases/istio-1.30"), "--revision", "1-30", "--api-proxy-image", image)
	out, err := split.CombinedOutput()
	require.NoError(t, err, string(out))
	require.NoError(t, os.CopyFS(filepath.Join(dir, "bases/istio-1.31"), os.DirFS(filepath.Join(dir, "bases/istio/control-plane"))))
	for file, change := range map[string][2]string{
		"release.yaml":   {"  part: control-plane\n", "  part: control-plane\n  revision: 1-31\n  apiProxy: {image: " + image + "}\n"},
		"namespace.yaml": {"ISTIO_TENANT_NAMESPACE", "ISTIO_TENANT_NAMESPACE_1-31"},
	} {
		file = filepath.Join(dir, "bases/istio-1.31", file)
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		require.Contains(t, string(text), change[0])
		require.NoError(t, os.WriteFile(file, []byte(strings.ReplaceAll(string(text), change[0], change[1])), 0o644))
	}
	require.NoError(t, l.source.CopyTenant("sales", "roll", "sales", "roll", "istio-system1", "istio-roll", "- ns-1", "- roll-1\n  - roll-2"))
}

// apply lays the tenant with lines of its file over bases, and applies it.
func (l *canary) apply(lines, bases string) {
	t := l.t
	dir := filepath.Join(l.source.Dir, "overlays/roll")
	file := filepath.Join(dir, "tenant.yaml")
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	text = regexp.MustCompile(`(?m)^    revisions:\n(    - .*\n(      .*\n)*)*`).ReplaceAll(text, nil)
	require.NoError(t, os.WriteFile(file, []byte(strings.Replace(string(text), "  controlPlane:\n", "  controlPlane:\n"+lines, 1)), 0o644))
	file = filepath.Join(dir, "kustomization.yaml")
	text, err = os.ReadFile(file)
	require.NoError(t, err)
	text = regexp.MustCompile(`resources:\n(- .*\n)*`).ReplaceAll(text, []byte("resources:\n"+bases))
	require.NoError(t, os.WriteFile(file, text, 0o644))
	l.objects, err = l.source.Render("overlays/roll")
	require.NoError(t, err)
	_, err = l.cluster.Admin.Apply(l.objects)
	require.NoError(t, err)
}

// start runs the istiod of a revision.
func (l *canary) start(revision, program string) {
	var of []*cluster.Object
	for _, object := range l.objects {
		if object.GetKind() == "Deployment" && object.GetName() == "istiod-"+revision {
			of = append(of, object)
		}
	}
	istiod, err := l.cluster.StartVariant(of, cluster.Variant{Program: program})
	require.NoError(l.t, err)
	require.Equal(l.t, revision, istiod.Revision)
	l.istiods[revision] = istiod
}

// injects makes a Pod, and looks at whose proxy it gets.
func (l *canary) injects(t *testing.T, namespace, revision string) {
	t.Helper()
	pod := storedPod(t, l.world, namespace, "of-"+revision)
	require.Equal(t, revision, pod.GetAnnotations()["istio.io/rev"])
	require.Contains(t, mustText(t, pod), l.istiods[revision].Host+":15012")
	joins(t, l.world, l.istiods[revision], "roll", pod, false)
}

// settled waits until each webhook has its CA.
func (l *canary) settled(t *testing.T) {
	settled(t, l.cluster, &tenant{objects: l.objects})
}

// stored are the generations of what is applied, by name.
func (l *canary) stored(t *testing.T) map[string]int64 {
	generations := map[string]int64{}
	for _, object := range l.objects {
		stored, err := l.cluster.Admin.Read(object)
		require.NoError(t, err)
		generations[cluster.ID(object)] = stored.GetGeneration()
	}
	return generations
}

// unchanged is stored, of what was there before.
func (l *canary) unchanged(t *testing.T, before map[string]int64) map[string]int64 {
	now := l.stored(t)
	for id := range now {
		if _, was := before[id]; !was {
			delete(now, id)
		}
	}
	return now
}

// sees are the clusters that a proxy gets from the istiod of a revision.
func (l *canary) sees(t *testing.T, namespace, revision string) []string {
	t.Helper()
	caller, err := proxyIn(l.istiods[revision], namespace)
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	snapshot, err := caller.Ask(ctx, proxyOf(t, l.world, namespace, "reviews"), "9080")
	require.NoError(t, err)
	var own []string
	for _, name := range snapshot.Names(xds.Clusters) {
		if !strings.Contains(name, ".istio-roll.svc.") && strings.Contains(name, "|") {
			own = append(own, name)
		}
	}
	return own
}

// fought is what two istiods that fought would go on changing: who holds which lock, how
// often that has changed, and the versions of the root certificates and webhooks.
func (l *canary) fought(t *testing.T) map[string]string {
	t.Helper()
	state := map[string]string{}
	for _, path := range []string{
		"/apis/coordination.k8s.io/v1/namespaces/istio-roll/leases", "/api/v1/namespaces/istio-roll/configmaps",
		"/api/v1/namespaces/roll-1/configmaps", "/api/v1/namespaces/roll-2/configmaps", "/api/v1/namespaces/istio-roll/secrets",
		"/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations", "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations",
	} {
		items, err := l.cluster.Admin.Items(path)
		require.NoError(t, err)
		for _, item := range items {
			holder, _, _ := unstructured.NestedString(item.Object, "spec", "holderIdentity")
			lock := item.GetAnnotations()["control-plane.alpha.kubernetes.io/leader"]
			switch {
			case strings.Contains(path, "webhook") && item.GetLabels()["istio-tenancy.dev/tenant"] != "roll":
			case holder != "":
				transitions, _, _ := unstructured.NestedInt64(item.Object, "spec", "leaseTransitions")
				state[cluster.ID(item)] = fmt.Sprint(holder, " ", transitions)
			case lock != "":
				var record struct {
					HolderIdentity    string
					LeaderTransitions int
				}
				require.NoError(t, json.Unmarshal([]byte(lock), &record))
				state[cluster.ID(item)] = fmt.Sprint(record)
			case strings.Contains(path, "webhook"):
				state[cluster.ID(item)] = fmt.Sprint(item.GetGeneration())
			default:
				state[cluster.ID(item)] = item.GetResourceVersion()
			}
		}
	}
	require.Greater(t, len(state), 10)
	return state
}

// removeOld runs the commands of docs/operations.md.
func (l *canary) removeOld(t *testing.T) {
	t.Helper()
	page, err := os.ReadFile("../docs/operations.md")
	require.NoError(t, err)
	commands := regexp.MustCompile(`(?m)^kubectl (delete .*(?:-l istio-tenancy.dev/revision=sales|istio-gateway-.*-sales .*))$`).FindAllSubmatch(page, -1)
	require.Len(t, commands, 2)
	names := strings.NewReplacer("=sales", "="+old, "-sales ", "-"+old+" ", "istio-system1", "istio-roll")
	for _, command := range commands {
		l.kubectl(t, listing(t, l.cluster, strings.Fields(names.Replace(string(command[1]))))...)
	}
}

// restarted are the workloads of a namespace: what makes its Pods makes them anew.
func (l *canary) restarted(t *testing.T, selector string) {
	t.Helper()
	l.kubectl(t, strings.Fields("delete pods --force --grace-period=0 --wait=false "+selector)...) // there is no kubelet that would end them
}

func (l *canary) kubectl(t *testing.T, words ...string) {
	t.Helper()
	out, err := l.cluster.Kubectl(cluster.ClusterAdmin, words...)
	require.NoError(t, err, out)
}

// mentions are the objects that name a revision.
func (l *canary) mentions(t *testing.T, revision string) (found []string) {
	t.Helper()
	all, err := l.cluster.Admin.Everything()
	require.NoError(t, err)
	for _, object := range all {
		if object.GetKind() != "Event" && strings.Contains(mustText(t, object), revision) {
			found = append(found, cluster.ID(object))
		}
	}
	return found
}

// remove ends the tenant.
func (l *canary) remove() {
	for _, istiod := range l.istiods {
		istiod.Stop()
	}
	require.NoError(l.t, l.cluster.Admin.Delete(l.objects))
}
