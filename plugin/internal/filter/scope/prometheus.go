package scope

import (
	"fmt"
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
)

// prometheus limits what the tenant's Prometheus discovers: its configuration
// is YAML that a ConfigMap holds as text.
func (f Filter) prometheus(objects []*yaml.RNode) error {
	for _, o := range object.Of("ConfigMap", objects) {
		for key, text := range object.StringMap(o, "data") {
			if !strings.Contains(text, discoveries) || !isConfiguration(key, text) {
				continue
			}
			edited, err := editYAML(text, f.editPrometheus)
			if err != nil {
				return fmt.Errorf("%s: data[%s]: %w", object.IDOf(o), key, err)
			}
			if err := o.PipeE(yaml.Lookup("data", key), yaml.Set(yaml.NewStringRNode(edited))); err != nil {
				return err
			}
		}
	}
	return nil
}

// isConfiguration says whether text may be Prometheus': one document of YAML.
func isConfiguration(key, text string) bool {
	return (strings.HasSuffix(key, ".yml") || strings.HasSuffix(key, ".yaml")) && !strings.Contains(text, "\n---")
}

// discoveries is the field that lists what to discover in Kubernetes.
const discoveries = "kubernetes_sd_configs"

// editPrometheus limits every discovery to the tenant's namespaces, and drops
// the jobs of which nothing is left.
func (f Filter) editPrometheus(config *yaml.RNode) error {
	if jobs, err := config.Pipe(yaml.Lookup("scrape_configs")); err == nil && jobs != nil && jobs.YNode().Kind == yaml.SequenceNode {
		var left []*yaml.Node
		for _, job := range jobs.YNode().Content {
			keep, err := f.limitDiscoveries(yaml.NewRNode(job))
			if err != nil {
				return err
			}
			if keep && f.mayMatch(yaml.NewRNode(job)) {
				left = append(left, job)
			}
		}
		jobs.YNode().Content = left
	}
	for _, manager := range object.List(config, "alerting", "alertmanagers") {
		if _, err := f.limitDiscoveries(manager); err != nil {
			return err
		}
	}
	return nil
}

// limitDiscoveries limits the discoveries of a job, and says whether the job
// has any target left.
func (f Filter) limitDiscoveries(job *yaml.RNode) (bool, error) {
	list, err := job.Pipe(yaml.Lookup(discoveries))
	if err != nil || list == nil || list.YNode().Kind != yaml.SequenceNode {
		return true, err
	}
	var left []*yaml.Node
	for _, d := range list.YNode().Content {
		keep, err := f.limitDiscovery(yaml.NewRNode(d))
		if err != nil {
			return false, err
		}
		if keep {
			left = append(left, d)
		}
	}
	list.YNode().Content = left
	return len(left) > 0 || len(object.List(job, "static_configs")) > 0, nil
}

// limitDiscovery names the tenant's namespaces in a discovery: those of them
// that it named already, or all. It says whether any is left.
func (f Filter) limitDiscovery(d *yaml.RNode) (bool, error) {
	// A node, and what its kubelet knows, is every tenant's.
	if object.String(d, "role") == "node" {
		return false, nil
	}
	names := f.Tenant.Namespaces()
	if named := object.Strings(d, "namespaces", "names"); len(named) > 0 {
		names = slices.DeleteFunc(names, func(n string) bool { return !slices.Contains(named, n) })
	}
	if len(names) == 0 {
		return false, nil
	}
	// Labels of nodes need the right to list nodes.
	if err := d.PipeE(yaml.Lookup("attach_metadata"), yaml.Clear("node")); err != nil {
		return false, err
	}
	return true, object.Set(d, map[string]any{"names": names}, "namespaces")
}

// mayMatch is false for a job that keeps only targets of one other namespace,
// as Istio's own does for the API server: no target would be left.
func (f Filter) mayMatch(job *yaml.RNode) bool {
	for _, r := range object.List(job, "relabel_configs") {
		labels := object.Strings(r, "source_labels")
		if object.String(r, "action") != "keep" || len(labels) == 0 || labels[0] != "__meta_kubernetes_namespace" {
			continue
		}
		namespace, _, _ := strings.Cut(object.String(r, "regex"), ";")
		if isName(namespace) && !slices.Contains(f.Tenant.Namespaces(), namespace) {
			return false
		}
	}
	return true
}

// isName says whether a regular expression is a namespace's name.
func isName(regex string) bool {
	return regex != "" && strings.Trim(regex, "abcdefghijklmnopqrstuvwxyz0123456789-") == ""
}
