package isolate_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"sigs.k8s.io/kustomize/kyaml/yaml"
)

func TestNamespacesAreNotPruned(t *testing.T) {
	for stated, want := range map[string]map[string]string{
		"":          {"argocd.argoproj.io/sync-options": "Prune=false", "kustomize.toolkit.fluxcd.io/prune": "disabled"},
		"{team: a}": {"team": "a", "argocd.argoproj.io/sync-options": "Prune=false", "kustomize.toolkit.fluxcd.io/prune": "disabled"},
		"{argocd.argoproj.io/sync-options: ''}": {
			"argocd.argoproj.io/sync-options": "Prune=false", "kustomize.toolkit.fluxcd.io/prune": "disabled"},
		"{argocd.argoproj.io/sync-options: 'ServerSideApply=true, Delete=false'}": {
			"argocd.argoproj.io/sync-options": "ServerSideApply=true, Delete=false,Prune=false", "kustomize.toolkit.fluxcd.io/prune": "disabled"},
		"{argocd.argoproj.io/sync-options: 'ServerSideApply=true, Prune=confirm'}": {
			"argocd.argoproj.io/sync-options": "ServerSideApply=true, Prune=confirm", "kustomize.toolkit.fluxcd.io/prune": "disabled"},
		"{argocd.argoproj.io/sync-options: Prune=true, kustomize.toolkit.fluxcd.io/prune: enabled}": {
			"argocd.argoproj.io/sync-options": "Prune=true", "kustomize.toolkit.fluxcd.io/prune": "enabled"},
	} {
		t.Run(stated, func(t *testing.T) {
			brought := istiod
			if stated != "" {
				brought += "{apiVersion: v1, kind: Namespace, metadata: {name: ns-1, annotations: " + stated + "}}\n---\n"
			}
			got := run(t, filter(t, nil), brought)
			require.Equal(t, want, yaml.MustParse(got("Namespace ns-1")).GetAnnotations())
			require.Equal(t, map[string]string{"argocd.argoproj.io/sync-options": "Prune=false", "kustomize.toolkit.fluxcd.io/prune": "disabled"},
				yaml.MustParse(got("Namespace istio-system1")).GetAnnotations())
		})
	}
}
