package object

import (
	"strconv"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"
)

// podSpecs are where kinds have the spec of their Pods.
var podSpecs = map[string][]string{
	"CronJob":               {"spec", "jobTemplate", "spec", "template", "spec"},
	"DaemonSet":             {"spec", "template", "spec"},
	"Deployment":            {"spec", "template", "spec"},
	"Job":                   {"spec", "template", "spec"},
	"Pod":                   {"spec"},
	"PodTemplate":           {"template", "spec"},
	"ReplicaSet":            {"spec", "template", "spec"},
	"ReplicationController": {"spec", "template", "spec"},
	"Rollout":               {"spec", "template", "spec"}, // Argo's
	"StatefulSet":           {"spec", "template", "spec"},
}

// PodSpec returns the spec of the Pods that a workload makes, or of a Pod, and
// where it is: "spec.template.spec". It is nil for other kinds.
func PodSpec(workload *yaml.RNode) (spec *yaml.RNode, path string) {
	fields, known := podSpecs[workload.GetKind()]
	if !known {
		return nil, ""
	}
	spec, err := workload.Pipe(yaml.Lookup(fields...))
	if err != nil || spec == nil {
		return nil, ""
	}
	return spec, strings.Join(fields, ".")
}

// PodContainers returns every container of a Pod's spec, by where it is there:
// "initContainers[0]".
func PodContainers(spec *yaml.RNode) (paths []string, containers []*yaml.RNode) {
	for _, field := range []string{"initContainers", "containers", "ephemeralContainers"} {
		for i, c := range List(spec, field) {
			paths, containers = append(paths, Index(field, i)), append(containers, c)
		}
	}
	return paths, containers
}

// PodAccount is the ServiceAccount that the Pods of a spec run as, and the field
// that says it.
func PodAccount(spec *yaml.RNode) (account, field string) {
	for _, field := range []string{"serviceAccountName", "serviceAccount"} { // the older name is read, too
		if account := String(spec, field); account != "" {
			return account, field
		}
	}
	return "default", "serviceAccountName"
}

// IsTrue says whether the field at a path is true, in any way in which a
// manifest may say it: the API's clients read YAML 1.1.
func IsTrue(n *yaml.RNode, path ...string) bool {
	switch strings.ToLower(String(n, path...)) {
	case "true", "yes", "on", "y":
		return true
	}
	return false
}

// Index is how messages name an element of a list: "containers[0]".
func Index(field string, i int) string { return field + "[" + strconv.Itoa(i) + "]" }
