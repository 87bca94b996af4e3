package argocd_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/istio-tenancy/istio-tenancy/e2e/gitops"
	"github.com/stretchr/testify/require"
)

// long is for what hundreds of tenants take on a small machine.
const long = time.Hour

// measured are Argo CD's programs, of which the sidecar runs ours.
var measured = []gitops.Controller{
	{Name: "application-controller", Namespace: "argocd", App: "app.kubernetes.io/name=argocd-application-controller", Container: "argocd-application-controller"},
	{Name: "repo-server", Namespace: "argocd", App: "app.kubernetes.io/name=argocd-repo-server", Container: "argocd-repo-server"},
	{Name: "sidecar", Namespace: "argocd", App: "app.kubernetes.io/name=argocd-repo-server", Container: "istio-tenancy"},
	{Name: "applicationset-controller", Namespace: "argocd", App: "app.kubernetes.io/name=argocd-applicationset-controller", Container: "argocd-applicationset-controller"},
	{Name: "redis", Namespace: "argocd", App: "app.kubernetes.io/name=argocd-redis", Container: "redis"},
}

// BenchmarkTenants is what tenants cost with Argo CD: from zero, when some are added,
// when nothing has changed, and when one has. No tenant has a Pod. Unless others are
// stated, the component is the one that the documentation has for many tenants.
func BenchmarkTenants(b *testing.B) {
	sizes, err := gitops.Sizes(*tenants)
	require.NoError(b, err)
	if !gitops.Given("components") {
		*over = "changed-paths"
	}
	w := theWorld(b)
	require.NoError(b, w.Sleep())
	// Who has Argo CD run the program commits nothing that is rendered.
	require.NoError(b, os.RemoveAll(w.Platform.Dir+"/rendered"))
	m := w.NewMeter(measured...)
	m.Counted = gitops.Lines{Name: "renders", Of: measured[2], Text: "istio-tenancy render"}
	step := func(name string, size int, do, applied, done func() error) {
		require.NoError(b, m.Step(name, size, long, do, applied, done))
	}
	ended := false
	defer func() { // what a step that failed leaves to say
		if !ended {
			m.Stop()
			m.Cost(os.Stdout)
		}
	}()
	for i, size := range sizes {
		_, err := w.Grow(size)
		require.NoError(b, err)
		commit := w.commit(b, fmt.Sprintf("Have %d tenants", size))
		do, name := w.pushed, "added by a commit"
		if i == 0 {
			do, name = w.fromZero, "from zero"
		}
		step(name, size, do, nil, func() error { return w.allAt(size, commit) })
		step("nothing has changed", size, w.refreshAll, nil, w.refreshed)
		require.NoError(b, w.Quota(size))
		commit = w.commit(b, "Change sales")
		step("one has changed", size, w.refreshAll, func() error { return w.HasQuota(size) }, func() error { return w.allAt(size, commit) })
	}
	ended = true
	steps, err := m.Stop()
	m.Cost(os.Stdout)
	require.NoError(b, err)
	gitops.Report(b, steps)
}

func (w *world) commit(b *testing.B, subject string) string {
	commit, err := w.Platform.Commit(subject, nil)
	require.NoError(b, err)
	return commit
}

// pushed has Argo CD look at the repository, as a webhook of the Git server does.
func (w *world) pushed() error { return errors.Join(w.generate(), w.refreshAll()) }

func (w *world) all() (all []application, err error) {
	answer, err := w.admin().Do(http.MethodGet, applications+"?resourceVersion=0", "")
	if err := errors.Join(err, answer.Error()); err != nil {
		return nil, err
	}
	var list struct{ Items []application }
	return list.Items, json.Unmarshal(answer.Body, &list)
}

// refreshAll asks for all Applications to be compared with Git.
func (w *world) refreshAll() error {
	all, err := w.all()
	for _, app := range all {
		err = errors.Join(err, w.annotate(applicationPath(app.Metadata.Name), refresh, "normal"))
	}
	return err
}

// refreshed says whether all have been.
func (w *world) refreshed() error {
	all, err := w.all()
	left := 0
	for _, app := range all {
		if app.Metadata.Annotations[refresh] != "" {
			left++
		}
	}
	if left > 0 {
		err = errors.Join(err, fmt.Errorf("%d of %d Applications are not compared", left, len(all)))
	}
	return err
}

// allAt says whether the Applications of as many tenants are Synced and Healthy at a commit.
func (w *world) allAt(tenants int, commit string) error {
	all, err := w.all()
	if err != nil {
		return err
	}
	if want := len(shipped) - 4 + 2*tenants; len(all) != want {
		return fmt.Errorf("there are %d Applications of %d", len(all), want)
	}
	var off []string
	for _, app := range all {
		if app.Status.Sync.Status != "Synced" || app.Status.Health.Status != "Healthy" || !app.isAt(commit) {
			off = append(off, fmt.Sprintf("%s is %s and %s at %v: %s", app.Metadata.Name, app.Status.Sync.Status, app.Status.Health.Status, app.revisions(), app.says()))
		}
	}
	if len(off) > 0 {
		return fmt.Errorf("%d Applications are not at %s: %s", len(off), commit, strings.Join(off[:min(len(off), 3)], "\n"))
	}
	return nil
}
