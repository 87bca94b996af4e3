// Package pruning knows by which annotations Argo CD and Flux leave an object that
// is rendered no more:
//
//	argocd.argoproj.io/sync-options: Prune=false
//	kustomize.toolkit.fluxcd.io/prune: disabled
//
// Sources: https://argo-cd.readthedocs.io/en/stable/user-guide/sync-options/ and
// https://fluxcd.io/flux/components/kustomize/kustomizations/#controlling-the-apply-behavior-of-resources
package pruning

import (
	"fmt"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
)

const (
	// syncOptions has a list, such as "Prune=false,ServerSideApply=true".
	syncOptions = "argocd.argoproj.io/sync-options"
	fluxPrunes  = "kustomize.toolkit.fluxcd.io/prune"

	never    = "false"
	disabled = "disabled"

	// Kept names the annotations that keep an object.
	Kept = syncOptions + ": Prune=" + never + " and " + fluxPrunes + ": " + disabled
)

// Disable makes both tools keep an object. An object that already states whether it
// is pruned is not changed.
func Disable(o *yaml.RNode) error {
	stated, err := annotation(o, syncOptions)
	if err != nil {
		return err
	}
	if options := split(stated); prune(options) == "" {
		options = append(options, "Prune="+never)
		if err := object.Set(o, strings.Join(options, ","), "metadata", "annotations", syncOptions); err != nil {
			return err
		}
	}
	if stated, err = annotation(o, fluxPrunes); err != nil || stated != "" {
		return err
	}
	return object.Set(o, disabled, "metadata", "annotations", fluxPrunes)
}

// By are the tools that would delete an object with these labels and annotations when
// it is no longer rendered, if they prune at all. Flux reads labels as well, in upper
// or lower case.
func By(labels, annotations map[string]string) []string {
	var tools []string
	if prune(split(annotations[syncOptions])) != never {
		tools = append(tools, "Argo CD")
	}
	if !strings.EqualFold(annotations[fluxPrunes], disabled) && !strings.EqualFold(labels[fluxPrunes], disabled) {
		tools = append(tools, "Flux")
	}
	return tools
}

// annotation is the value of one, or "". The API server takes nothing but text.
func annotation(o *yaml.RNode, key string) (string, error) {
	value, err := o.Pipe(yaml.Lookup("metadata", "annotations", key))
	if err != nil || value.IsNilOrEmpty() {
		return "", err
	}
	if value.YNode().Kind != yaml.ScalarNode {
		return "", fmt.Errorf("%s: metadata.annotations: %s: must be text, such as %q", object.IDOf(o), key, "Prune="+never)
	}
	return value.YNode().Value, nil
}

// split returns the options of a list, without spaces.
func split(list string) []string {
	var options []string
	for option := range strings.SplitSeq(list, ",") {
		if option = strings.TrimSpace(option); option != "" {
			options = append(options, option)
		}
	}
	return options
}

// prune is the value of the option on what Argo CD prunes, or "". What it deletes with
// an Application, "Delete=false", is another thing.
func prune(options []string) string {
	for _, option := range options {
		if value, ok := strings.CutPrefix(option, "Prune="); ok {
			return value
		}
	}
	return ""
}
