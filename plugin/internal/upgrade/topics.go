package upgrade

import (
	"path"
	"slices"
	"strings"
)

// topic is a sort of fields, with what the report calls it.
type topic struct {
	// name is the one in JSON, title the one in text.
	name, title string
	// most is how many lines of text it has.
	most   int
	fields []fields
	// first are the beginnings of names that come before others.
	first []string
}

// fields are those of some kinds at and below a path, whose elements are patterns of
// package path. A field is called by what stands for "*", and by what is below the path.
type fields struct {
	kind string
	path []string
	// is comes before the name, where the topic does not say it.
	is string
}

// container is where those of a Pod have a field.
func container(field string) fields {
	return fields{kind: "*", path: []string{podPath, "*ontainers", "*", field}}
}

// topics are in the order of what they may do to a tenant: a field is of the first
// that fits it.
var topics = []topic{
	{
		name: "webhooks", title: "Webhooks", most: 6, fields: []fields{{kind: "*WebhookConfiguration", path: []string{"webhooks", "*"}}},
		first: []string{"failurePolicy", "rules", "namespaceSelector", "objectSelector", "matchConditions", "timeoutSeconds", "reinvocationPolicy", "clientConfig"},
	},
	{name: "policies", title: "Admission policies", most: 3, fields: []fields{{kind: "ValidatingAdmissionPolic*", path: []string{"spec"}}}},
	{name: "network", title: "Network and identity", most: 4, fields: []fields{
		{kind: "*NetworkPolicy", path: []string{"spec"}}, {kind: "PeerAuthentication", path: []string{"spec"}}, {kind: "AuthorizationPolicy", path: []string{"spec"}},
	}},
	{name: "ports", title: "Ports", most: 3, fields: []fields{{kind: "Service", path: []string{"spec", "ports"}}, container("ports")}},
	{name: "arguments", title: "Arguments", most: 3, fields: []fields{container("args"), container("command")}},
	{name: "variables", title: "Environment variables", most: 5, fields: []fields{container("env"), container("envFrom")}},
	{name: "mesh", title: "Mesh configuration", most: 4, fields: []fields{
		{kind: "ConfigMap", path: []string{"data", "mesh"}}, {kind: "ConfigMap", path: []string{"data", "meshNetworks"}, is: "networks "},
	}},
	{name: "images", title: "Images", most: 3, fields: []fields{
		container("image"),
		{kind: "ConfigMap", path: []string{"data", "values", "global", "hub"}, is: "injected hub"},
		{kind: "ConfigMap", path: []string{"data", "values", "global", "tag"}, is: "injected tag"},
	}},
	{name: "injection", title: "Injection", most: 4, fields: []fields{
		{kind: "ConfigMap", path: []string{"data", "config"}}, {kind: "ConfigMap", path: []string{"data", "values"}, is: "value "},
	}},
	{name: "values", title: "Values of the charts", most: 2, fields: []fields{
		{kind: "ConfigMap", path: []string{"data", "original-values"}}, {kind: "ConfigMap", path: []string{"data", "merged-values"}},
	}},
	{name: "labels", title: "Labels and annotations", most: 2, fields: []fields{
		{kind: "*", path: []string{"metadata", "labels"}, is: "label "}, {kind: "*", path: []string{"metadata", "annotations"}, is: "annotation "},
		{kind: "*", path: []string{"spec", "template", "metadata", "labels"}, is: "Pods' label "},
		{kind: "*", path: []string{"spec", "template", "metadata", "annotations"}, is: "Pods' annotation "},
	}},
	{name: "other", title: "Other fields", most: 4, fields: []fields{{kind: "*"}}},
}

// topicOf is the place of a field's topic, the element that the field is of, and what it
// is called there.
func topicOf(kind string, at []string) (topic int, element, name string) {
	for i, t := range topics {
		for _, f := range t.fields {
			if matches(f.kind, kind) && len(at) >= len(f.path) && slices.EqualFunc(f.path, at[:len(f.path)], matches) {
				element, name = f.name(at)
				return i, element, name
			}
		}
	}
	return len(topics) - 1, "", strings.Join(at, ".")
}

func (f fields) name(at []string) (element, name string) {
	var of []string
	for i, pattern := range f.path {
		if pattern == "*" {
			of = append(of, at[i])
		}
	}
	return strings.Join(of, " "), f.is + strings.Join(at[len(f.path):], ".")
}

func topicNamed(name string) int {
	return slices.IndexFunc(topics, func(t topic) bool { return t.name == name })
}

// rank is how early a field is told in its topic.
func (t topic) rank(field string) int {
	n := slices.IndexFunc(t.first, func(word string) bool { return strings.HasPrefix(field, word) })
	if n < 0 {
		return len(t.first)
	}
	return n
}

func matches(pattern, s string) bool {
	ok, err := path.Match(pattern, s)
	return err == nil && ok
}

// immutable are fields that an API server lets nobody change once an object is there.
// Source: an API server of Kubernetes 1.36, which refused each. (It lets a
// PodDisruptionBudget, a Service and a ValidatingAdmissionPolicyBinding change what they select.)
var immutable = []fields{
	{kind: "Deployment", path: []string{"spec", "selector"}}, {kind: "DaemonSet", path: []string{"spec", "selector"}}, {kind: "ReplicaSet", path: []string{"spec", "selector"}},
	{kind: "StatefulSet", path: []string{"spec", "selector"}}, {kind: "StatefulSet", path: []string{"spec", "serviceName"}},
	{kind: "StatefulSet", path: []string{"spec", "volumeClaimTemplates"}}, {kind: "StatefulSet", path: []string{"spec", "podManagementPolicy"}},
	{kind: "Job", path: []string{"spec", "selector"}}, {kind: "Job", path: []string{"spec", "template"}}, {kind: "Job", path: []string{podPath}}, {kind: "Job", path: []string{"spec", "completionMode"}},
	{kind: "RoleBinding", path: []string{"roleRef"}}, {kind: "ClusterRoleBinding", path: []string{"roleRef"}},
	{kind: "Service", path: []string{"spec", "clusterIP"}}, {kind: "PersistentVolumeClaim", path: []string{"spec", "storageClassName"}},
	{kind: "Secret", path: []string{"type"}}, {kind: "GatewayClass", path: []string{"spec", "controllerName"}},
}

func isImmutable(kind string, at []string) bool {
	return slices.ContainsFunc(immutable, func(f fields) bool {
		return f.kind == kind && len(at) >= len(f.path) && slices.Equal(f.path, at[:len(f.path)])
	})
}
