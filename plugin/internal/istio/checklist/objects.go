package checklist

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
)

// ofObjects adds the facts of rendered objects.
func ofObjects(objects []*yaml.RNode, facts *Facts) {
	for _, o := range objects {
		name := o.GetKind() + " " + placeholders(o.GetName(), namespace)
		switch o.GetKind() {
		case "CustomResourceDefinition":
			kind(o, facts)
			continue // its labels are generated
		case "ConfigMap":
			configuration(o, facts)
		case "ClusterRole", "Role":
			rights(o, objects, facts)
		}
		for _, at := range [][]string{{"metadata"}, {"spec", "template", "metadata"}} {
			for _, field := range []string{"labels", "annotations"} {
				for _, key := range keys(o, append(slices.Clone(at), field)...) {
					facts.Add(Fact{Topic: "label", Name: strings.TrimSuffix(field, "s") + " " + key})
				}
			}
		}
		for _, w := range object.List(o, "webhooks") {
			facts.Add(Fact{Topic: "webhook", Name: name + ": " + object.String(w, "name")})
			facts.Add(Fact{Topic: "port", Name: name + ": " + object.String(w, "clientConfig", "service", "name") + " " +
				object.String(w, "clientConfig", "service", "path"), Detail: object.String(w, "clientConfig", "service", "port")})
		}
		for _, p := range object.List(o, "spec", "ports") {
			facts.Add(Fact{Topic: "port", Name: name + ": " + object.String(p, "port"), Detail: oneLine(strings.Join([]string{
				object.String(p, "name"), object.String(p, "protocol"), object.String(p, "targetPort"), object.String(p, "appProtocol"),
			}, " "))})
		}
		for _, rule := range append(object.List(o, "spec", "ingress"), object.List(o, "spec", "egress")...) {
			for _, p := range object.List(rule, "ports") {
				facts.Add(Fact{Topic: "port", Name: name + ": " + object.String(p, "port")})
			}
		}
		for _, field := range []string{"initContainers", "containers"} {
			for _, c := range object.List(o, "spec", "template", "spec", field) {
				container(name+" "+object.String(c, "name"), c, facts)
			}
		}
		for _, v := range object.All(o, "spec", "template", "spec", "volumes", "[]", "projected", "sources", "[]", "serviceAccountToken") {
			facts.Add(Fact{Topic: "template", Name: name + ": token audience " + object.String(v, "audience")})
		}
	}
}

func kind(crd *yaml.RNode, facts *Facts) {
	var versions []string
	for _, v := range object.List(crd, "spec", "versions") {
		versions = append(versions, object.String(v, "name"))
	}
	slices.Sort(versions)
	facts.Add(Fact{
		Topic: "kind", Name: object.String(crd, "spec", "names", "kind") + " " + crd.GetName(),
		Detail: object.String(crd, "spec", "scope") + " " + strings.Join(versions, " "),
	})
}

// rights adds what the holders of a role may do.
func rights(role *yaml.RNode, objects []*yaml.RNode, facts *Facts) {
	var accounts []string
	for _, binding := range objects {
		if !strings.HasSuffix(binding.GetKind(), "RoleBinding") || object.String(binding, "roleRef", "kind") != role.GetKind() ||
			object.String(binding, "roleRef", "name") != role.GetName() {
			continue
		}
		for _, s := range object.List(binding, "subjects") {
			accounts = append(accounts, object.String(s, "name"))
		}
	}
	if len(accounts) == 0 {
		accounts = []string{"nobody"}
	}
	where := "in the cluster"
	if role.GetKind() == "Role" {
		where = "in its namespace"
	}
	for _, account := range accounts {
		for _, rule := range object.List(role, "rules") {
			verbs := object.Strings(rule, "verbs")
			for _, what := range subjectsOf(rule) {
				facts.Add(Fact{Topic: "right", Name: fmt.Sprintf("%s %s: %s", account, where, what), Detail: union(strings.Join(verbs, " "), "")})
			}
		}
	}
}

// subjectsOf are what a rule is about: resource.group, or a URL.
func subjectsOf(rule *yaml.RNode) []string {
	list := object.Strings(rule, "nonResourceURLs")
	for _, group := range object.Strings(rule, "apiGroups") {
		for _, resource := range object.Strings(rule, "resources") {
			what := resource
			if group != "" {
				what += "." + group
			}
			for _, name := range object.Strings(rule, "resourceNames") {
				list = append(list, what+" "+placeholders(name, namespace))
			}
			if len(object.Strings(rule, "resourceNames")) == 0 {
				list = append(list, what)
			}
		}
	}
	return list
}

func container(name string, c *yaml.RNode, facts *Facts) {
	args := append(object.Strings(c, "command"), object.Strings(c, "args")...)
	for i := 0; i < len(args); i++ {
		flag, value, joined := strings.Cut(args[i], "=")
		if !joined && strings.HasPrefix(flag, "-") && i+1 < len(args) && !strings.HasPrefix(args[i+1], "-") {
			i++
			value = args[i]
		}
		facts.Add(Fact{Topic: "argument", Name: name + ": " + flag, Detail: value})
	}
	for _, v := range object.List(c, "env") {
		detail := fmt.Sprintf("%q", placeholders(object.String(v, "value"), namespace))
		if from := object.String(v, "valueFrom", "fieldRef", "fieldPath"); from != "" {
			detail = "from " + from
		} else if len(keys(v, "valueFrom")) > 0 {
			detail = "from " + strings.Join(keys(v, "valueFrom"), " ")
		}
		facts.Add(Fact{Topic: "variable", Name: name + ": " + object.String(v, "name"), Detail: detail})
	}
	for _, p := range object.List(c, "ports") {
		facts.Add(Fact{Topic: "port", Name: name + ": " + object.String(p, "containerPort"),
			Detail: oneLine(object.String(p, "name") + " " + object.String(p, "protocol"))})
	}
}

// configuration adds the mesh's defaults and the injector's templates.
func configuration(o *yaml.RNode, facts *Facts) {
	if mesh := object.String(o, "data", "mesh"); mesh != "" {
		var fields map[string]any
		if yaml.Unmarshal([]byte(mesh), &fields) == nil {
			flat := map[string]string{}
			flatten("", fields, flat)
			for name, value := range flat {
				facts.Add(Fact{Topic: "mesh", Name: name, Detail: placeholders(value, namespace)})
			}
		}
	}
	var injector struct {
		DefaultTemplates []string          `yaml:"defaultTemplates"`
		Templates        map[string]string `yaml:"templates"`
	}
	if text := object.String(o, "data", "config"); text == "" || yaml.Unmarshal([]byte(text), &injector) != nil {
		return
	}
	for _, name := range slices.Sorted(maps.Keys(injector.Templates)) {
		facts.Add(Fact{Topic: "template", Name: name})
		for _, p := range parts {
			for _, match := range p.pattern.FindAllStringSubmatch(injector.Templates[name], -1) {
				facts.Add(Fact{Topic: "template", Name: name + ": " + p.name + " " + match[1]})
			}
		}
	}
}

// parts are what a template of the injector may bring. Templates are text of
// which istiod makes YAML, so that they are searched and not parsed.
var parts = []struct {
	name    string
	pattern *regexp.Regexp
}{
	{"kind", regexp.MustCompile(`(?m)^\s*kind: ([A-Z]\w+)\s*$`)},
	{"variable", regexp.MustCompile(`(?m)^\s*- name: ([A-Z][A-Z0-9_]+)\s*$`)},
	{"argument", regexp.MustCompile(`(?m)^\s*- "?(--?[a-zA-Z][\w-]*)`)},
	{"port", regexp.MustCompile(`(?m)^\s*-? ?(?:containerPort|port): (\d+)\s*$`)},
	{"audience", regexp.MustCompile(`(?m)^\s*audience: (.+?)\s*$`)},
	{"ConfigMap", regexp.MustCompile(`(?m)^\s*configMap:\s*\n\s*name: ([a-z0-9-]+)\s*$`)},
}

func keys(o *yaml.RNode, at ...string) []string {
	field, err := o.Pipe(yaml.Lookup(at...))
	if err != nil || field == nil || field.YNode().Kind != yaml.MappingNode {
		return nil
	}
	names, err := field.Fields()
	if err != nil {
		return nil
	}
	return names
}

// flatten writes the leaves of a mapping by their dotted paths, as JSON. An
// empty mapping is a leaf.
func flatten(at string, value any, flat map[string]string) {
	mapping, ok := value.(map[string]any)
	if !ok || len(mapping) == 0 && at != "" {
		text, err := json.Marshal(value)
		if err != nil {
			text = fmt.Append(nil, value)
		}
		flat[at] = string(text)
		return
	}
	for key, child := range mapping {
		path := key
		if at != "" {
			path = at + "." + key
		}
		flatten(path, child, flat)
	}
}
