package flux_test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/istio-tenancy/istio-tenancy/e2e/cluster"
	"github.com/istio-tenancy/istio-tenancy/e2e/gitops"
	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// long is for what hundreds of tenants take on a small machine.
const long = time.Hour

// BenchmarkTenants is what tenants cost with Flux: from zero, when some are added, when
// nothing has changed, and when one has. No tenant has a Pod. Unless others are stated,
// the components are those that the documentation has for many tenants.
func BenchmarkTenants(b *testing.B) {
	sizes, err := gitops.Sizes(*tenants)
	require.NoError(b, err)
	if !gitops.Given("components") {
		*components += ",many-tenants"
	}
	w := theWorld(b)
	require.NoError(b, w.Sleep())
	var measured []gitops.Controller
	for _, name := range controllers {
		measured = append(measured, gitops.Controller{Name: name, Namespace: fluxSystem, App: "app=" + name, Container: "manager"})
	}
	m := w.NewMeter(measured...)
	m.Counted = gitops.Lines{Name: "reconciliations", Of: measured[1], Text: "Reconciliation finished"}
	ended := false
	defer func() { // what a step that failed leaves to say
		if !ended {
			m.Stop()
			m.Cost(os.Stdout)
		}
	}()
	for i, size := range sizes {
		require.NoError(b, w.more(size))
		commit := w.commit(b, fmt.Sprintf("Have %d tenants", size))
		do, name := w.fetch, "added by a commit"
		if i == 0 {
			name = "from zero"
			do = func() error {
				out, err := w.Node.Cluster.Kubectl(cluster.ClusterAdmin, "apply", "-k", filepath.Join(w.Platform.Dir, "examples/flux"))
				if err != nil {
					err = fmt.Errorf("%w: %s", err, out)
				}
				return err
			}
		}
		err = m.Step(name, size, long, do, nil, func() error { return w.allAt(size, commit) })
		require.NoError(b, err)

		asked := time.Now().Format(time.RFC3339Nano)
		err = m.Step("nothing has changed", size, long, func() error { return w.ask(asked) }, nil, func() error { return w.answered(asked) })
		require.NoError(b, err)

		require.NoError(b, w.Quota(size))
		require.NoError(b, w.Render())
		commit = w.commit(b, "Change sales")
		err = m.Step("one has changed", size, long, w.fetch, func() error { return w.HasQuota(size) }, func() error { return w.allAt(size, commit) })
		require.NoError(b, err)
	}
	ended = true
	steps, err := m.Stop()
	m.Cost(os.Stdout)
	require.NoError(b, err)
	gitops.Report(b, steps)
}

// more has as many tenants in the repository, as README.md of the example says.
func (w *world) more(tenants int) error {
	added, err := w.Grow(tenants)
	if err != nil {
		return err
	}
	dir := filepath.Join(w.Platform.Dir, "examples/flux")
	of, err := os.ReadFile(filepath.Join(dir, "sales.yaml"))
	if err != nil {
		return err
	}
	for _, name := range added {
		if err := os.WriteFile(filepath.Join(dir, name+".yaml"), []byte(strings.ReplaceAll(string(of), "sales", name)), 0o644); err != nil {
			return err
		}
		into := filepath.Join(dir, "applications", name)
		if err := os.CopyFS(into, os.DirFS(filepath.Join(dir, "applications/sales"))); err != nil {
			return err
		}
		files, err := os.ReadDir(into)
		if err != nil {
			return err
		}
		for _, file := range files {
			if err := w.replace("examples/flux/applications/"+name+"/"+file.Name(), "sales", name, "ns-1", name+"-apps"); err != nil {
				return err
			}
		}
		if err := w.Platform.Edit("examples/flux/kustomization.yaml", "- sales.yaml\n", "- sales.yaml\n- "+name+".yaml\n"); err != nil {
			return err
		}
	}
	return w.Render()
}

// replace is Edit for words that need not be there.
func (w *world) replace(name string, words ...string) error {
	text, err := w.Platform.Read(name)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(w.Platform.Dir, name), []byte(strings.NewReplacer(words...).Replace(text)), 0o644)
}

func (w *world) commit(b *testing.B, subject string) string {
	commit, err := w.Platform.Commit(subject, nil)
	require.NoError(b, err)
	return commit
}

// fetch has Flux look at the repository, as a webhook of the Git server does.
func (w *world) fetch() error { return w.reconcile(sources(fluxSystem) + "/platform") }

// allAt says whether all Kustomizations of the platform, and of as many tenants, are at a
// commit, and those in the tenants' namespaces are ready.
func (w *world) allAt(tenants int, commit string) error {
	all, err := w.admin().Items("/apis/kustomize.toolkit.fluxcd.io/v1/kustomizations?resourceVersion=0")
	if err != nil {
		return err
	}
	if want := len(common) + 3*tenants; len(all) != want {
		return fmt.Errorf("there are %d Kustomizations of %d", len(all), want)
	}
	var off []string
	for _, object := range all {
		status, message, _ := readyOf(object)
		at, _, _ := unstructured.NestedString(object.Object, "status", "lastAppliedRevision")
		behind := object.GetNamespace() == fluxSystem && object.GetName() != fluxSystem && !strings.HasSuffix(at, commit)
		if status != "True" || behind {
			off = append(off, cluster.ID(object)+": "+message)
		}
	}
	if len(off) > 0 {
		return fmt.Errorf("%d Kustomizations are not at %s: %s", len(off), commit, strings.Join(off[:min(len(off), 5)], "; "))
	}
	return nil
}

// ask asks for all Kustomizations of the platform to be reconciled at once.
func (w *world) ask(token string) error {
	all, err := w.admin().Items(kustomizations(fluxSystem))
	if err != nil {
		return err
	}
	for _, object := range all {
		body := fmt.Sprintf(`{"metadata":{"annotations":{"reconcile.fluxcd.io/requestedAt":%q}}}`, token)
		answer, err := w.admin().Do(http.MethodPatch, kustomization(object.GetName()), body)
		if err == nil {
			err = answer.Error()
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (w *world) answered(token string) error {
	all, err := w.admin().Items(kustomizations(fluxSystem))
	if err != nil {
		return err
	}
	left := 0
	for _, object := range all {
		handled, _, _ := unstructured.NestedString(object.Object, "status", "lastHandledReconcileAt")
		if status, _, _ := readyOf(object); handled != token || status != "True" {
			left++
		}
	}
	if left > 0 {
		return fmt.Errorf("%d of %d Kustomizations have not been reconciled", left, len(all))
	}
	return nil
}
