// Package sidebyside_test uses on goroutines, side by side, what starts no
// goroutine itself, so that the race detector has something to find: a library's
// caller may do so.
package sidebyside_test

import (
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"sigs.k8s.io/kustomize/kyaml/kio"

	"github.com/istio-tenancy/istio-tenancy/plugin/api/v1alpha1"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/release"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/split"
	"github.com/istio-tenancy/istio-tenancy/plugin/tenant"
)

const head = "apiVersion: istio-tenancy.dev/v1alpha1\n"

// specs lead to each way to watch namespaces, and one is wrong.
var specs = []string{
	"{admins: [{kind: User, name: jo}]}",
	"{admins: [{kind: User, name: jo}], applicationNamespaces: [a, b], quota: {pods: 3}}",
	"{admins: [{kind: User, name: jo}], mtls: none, network: {policy: open}}",
	"{admins: []}",
}

// lay decodes a tenant and a release, renders the release, and lays the one over
// the other; what goes wrong is part of the text that it returns.
func lay(spec string) string {
	var told []string
	t, tenantErr := v1alpha1.DecodeTenant([]byte(head + "kind: IstioTenant\nmetadata: {name: sales}\nspec: " + spec + "\n"))
	r, releaseErr := v1alpha1.DecodeRelease([]byte(head + "kind: IstioRelease\nmetadata: {name: istio}\nspec: {part: control-plane}\n"))
	if err := errors.Join(tenantErr, releaseErr); err != nil {
		return err.Error()
	}
	base, err := release.Generator{Release: r}.Filter(nil)
	if err != nil {
		return err.Error()
	}
	laid, err := tenant.Transformer{Tenant: t, Warn: func(line string) { told = append(told, line) }}.Filter(base)
	if err != nil {
		return err.Error()
	}
	text, err := kio.StringAll(laid)
	if err != nil {
		return err.Error()
	}
	return strings.Join(append(told, text), "\n")
}

// manifest is a control plane as another tool renders it.
func manifest(t *testing.T) string {
	t.Helper()
	objects, err := release.Render(release.Options{Part: v1alpha1.PartControlPlane, Namespace: "istio-system"})
	require.NoError(t, err)
	text, err := kio.StringAll(objects)
	require.NoError(t, err)
	return text
}

func TestSideBySideIsAsOneByOne(t *testing.T) {
	upstream := manifest(t)
	dirs := []string{t.TempDir(), t.TempDir()}
	got, want := make([]string, len(specs)), make([]string, len(specs))
	errs := make([]error, len(dirs))
	var wait sync.WaitGroup
	for i, spec := range specs {
		wait.Go(func() { got[i] = lay(spec) })
	}
	for i, dir := range dirs {
		wait.Go(func() { _, errs[i] = split.Run(strings.NewReader(upstream), "istio.yaml", dir) })
	}
	wait.Wait()
	for i, spec := range specs {
		want[i] = lay(spec)
	}
	require.Equal(t, want, got)
	require.NoError(t, errors.Join(errs...))
}
