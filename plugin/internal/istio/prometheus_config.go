package istio

import (
	"fmt"
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
)

// discoveries is the field that lists what to discover in Kubernetes.
const discoveries = "kubernetes_sd_configs"

// editPrometheus limits every discovery to the tenant's namespaces, and drops
// the jobs of which nothing is left.
func editPrometheus(config *yaml.RNode, v Values) (notes []string, err error) {
	if jobs, err := config.Pipe(yaml.Lookup("scrape_configs")); err == nil && jobs != nil && jobs.YNode().Kind == yaml.SequenceNode {
		var left []*yaml.Node
		for _, job := range jobs.YNode().Content {
			keep, err := limitDiscoveries(yaml.NewRNode(job), v.Namespaces())
			if err != nil {
				return nil, err
			}
			if keep && mayMatch(yaml.NewRNode(job), v.Namespaces()) {
				left = append(left, job)
				continue
			}
			notes = append(notes, fmt.Sprintf("scrape_configs: job %q reads data of every tenant: it is removed", object.String(yaml.NewRNode(job), "job_name")))
		}
		jobs.YNode().Content = left
	}
	for _, manager := range object.List(config, "alerting", "alertmanagers") {
		if _, err := limitDiscoveries(manager, v.Namespaces()); err != nil {
			return nil, err
		}
	}
	return notes, nil
}

// limitDiscoveries limits the discoveries of a job, and says whether the job
// has any target left.
func limitDiscoveries(job *yaml.RNode, tenant []string) (bool, error) {
	list, err := job.Pipe(yaml.Lookup(discoveries))
	if err != nil || list == nil || list.YNode().Kind != yaml.SequenceNode {
		return true, err
	}
	var left []*yaml.Node
	for _, d := range list.YNode().Content {
		keep, err := limitDiscovery(yaml.NewRNode(d), tenant)
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
func limitDiscovery(d *yaml.RNode, tenant []string) (bool, error) {
	// A node, and what its kubelet knows, is every tenant's.
	if object.String(d, "role") == "node" {
		return false, nil
	}
	names := slices.Clone(tenant)
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
func mayMatch(job *yaml.RNode, tenant []string) bool {
	for _, r := range object.List(job, "relabel_configs") {
		labels := object.Strings(r, "source_labels")
		if object.String(r, "action") != "keep" || len(labels) == 0 || labels[0] != "__meta_kubernetes_namespace" {
			continue
		}
		namespace, _, _ := strings.Cut(object.String(r, "regex"), ";")
		if isName(namespace) && !slices.Contains(tenant, namespace) {
			return false
		}
	}
	return true
}

// isName says whether a regular expression is a namespace's name.
func isName(regex string) bool {
	return regex != "" && strings.Trim(regex, "abcdefghijklmnopqrstuvwxyz0123456789-") == ""
}
