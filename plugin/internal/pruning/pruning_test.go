package pruning_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/pruning"
)

const (
	options = "argocd.argoproj.io/sync-options"
	prune   = "kustomize.toolkit.fluxcd.io/prune"
)

func TestDisable(t *testing.T) {
	for stated, want := range map[string]map[string]string{
		"{}":        {options: "Prune=false", prune: "disabled"},
		"{team: a}": {"team": "a", options: "Prune=false", prune: "disabled"},
		"{argocd.argoproj.io/sync-options: '', kustomize.toolkit.fluxcd.io/prune: ''}":                  {options: "Prune=false", prune: "disabled"},
		"{argocd.argoproj.io/sync-options: null, kustomize.toolkit.fluxcd.io/prune: null}":              {options: "Prune=false", prune: "disabled"},
		"{argocd.argoproj.io/sync-options: 'ServerSideApply=true, Delete=false,'}":                      {options: "ServerSideApply=true,Delete=false,Prune=false", prune: "disabled"},
		"{argocd.argoproj.io/sync-options: 'ServerSideApply=true, Prune=confirm'}":                      {options: "ServerSideApply=true, Prune=confirm", prune: "disabled"},
		"{argocd.argoproj.io/sync-options: Prune=true, kustomize.toolkit.fluxcd.io/prune: enabled}":     {options: "Prune=true", prune: "enabled"},
		"{argocd.argoproj.io/sync-options: PruneLast=true, kustomize.toolkit.fluxcd.io/prune: enabled}": {options: "PruneLast=true,Prune=false", prune: "enabled"},
	} {
		t.Run(stated, func(t *testing.T) {
			o := yaml.MustParse("{apiVersion: v1, kind: Namespace, metadata: {name: ns-1, annotations: " + stated + "}}")
			require.NoError(t, pruning.Disable(o))
			require.Equal(t, want, o.GetAnnotations())
		})
	}
}

func TestAnAnnotationMustBeText(t *testing.T) {
	o := yaml.MustParse("{apiVersion: v1, kind: Namespace, metadata: {name: ns-1, annotations: {" + options + ": [Prune=true]}}}")
	require.EqualError(t, pruning.Disable(o), `Namespace ns-1: metadata.annotations: argocd.argoproj.io/sync-options: must be text, such as "Prune=false"`)
}

func TestBy(t *testing.T) {
	for name, c := range map[string]struct {
		labels, annotations map[string]string
		want                []string
	}{
		"none":         {nil, nil, []string{"Argo CD", "Flux"}},
		"both":         {nil, map[string]string{options: "A=b, Prune=false", prune: "disabled"}, nil},
		"Argo CD asks": {nil, map[string]string{options: "Prune=confirm", prune: "disabled"}, []string{"Argo CD"}},
		"Flux may":     {nil, map[string]string{options: "Prune=false", prune: "enabled"}, []string{"Flux"}},
		"in capitals":  {nil, map[string]string{options: "Prune=false", prune: "Disabled"}, nil},
		"by a label":   {map[string]string{prune: "disabled", options: "Prune=false"}, nil, []string{"Argo CD"}},
	} {
		require.Equal(t, c.want, pruning.By(c.labels, c.annotations), name)
	}
}
