package setting

import (
	"fmt"
	"slices"
	"strings"

	"github.com/Masterminds/semver/v3"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/istio"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
)

// AudienceVariable is the variable with the audiences of a control plane of a version; "":
// it has none.
func AudienceVariable(version string) string {
	v, err := semver.NewVersion(version)
	if err != nil {
		return ""
	}
	for _, component := range istio.Of(v) {
		if component.Identity != nil && component.Identity.Holds(v) {
			return component.Identity.Audience
		}
	}
	return ""
}

// FromElsewhere says whether a container of a Deployment has variables from ConfigMaps or
// Secrets.
func FromElsewhere(deployment map[string]any) bool {
	pod := deployment
	for _, key := range []string{"spec", "template", "spec"} {
		pod, _ = pod[key].(map[string]any)
	}
	containers, _ := pod["containers"].([]any)
	return slices.ContainsFunc(containers, func(c any) bool {
		fields, _ := c.(map[string]any)
		from, _ := fields["envFrom"].([]any)
		env, _ := fields["env"].([]any)
		return len(from) > 0 || slices.ContainsFunc(env, func(v any) bool {
			variable, _ := v.(map[string]any)
			source, _ := variable["valueFrom"].(map[string]any)
			return source["configMapKeyRef"] != nil || source["secretKeyRef"] != nil
		})
	})
}

// Unknown says which variables of a container have values that are not known.
type Unknown struct {
	known map[string]bool   // those that are known for sure
	named map[string]string // where the value of a variable is
	any   string            // where there may be a value of each variable
}

// Of says where the value of a variable may be: "Secret settings (envFrom[0])"; "": it is known.
func (u Unknown) Of(variable string) string {
	if from := u.named[variable]; from != "" || u.known[variable] {
		return from
	}
	return u.any
}

// Resolve writes the values of ConfigMaps into the env of a container, as the kubelet does:
// of several values, that of env counts, and then the last one. It returns what is not known.
func Resolve(container *yaml.RNode, configMap func(name string) (data map[string]string, found bool)) Unknown {
	u := Unknown{known: map[string]bool{}, named: map[string]string{}}
	var values []*yaml.RNode
	set := func(name, value string) {
		u.known[name] = true
		delete(u.named, name)
		values = append(values, yaml.NewMapRNode(&map[string]string{"name": name, "value": value}))
	}
	for i, source := range object.List(container, "envFrom") {
		name := object.String(source, "configMapRef", "name")
		data, found := configMap(name)
		if name == "" || !found {
			kind, at := "ConfigMap", name
			if name == "" {
				kind, at = "Secret", object.String(source, "secretRef", "name")
			}
			u.any, u.known = fmt.Sprintf("%s %s (envFrom[%d])", kind, at, i), map[string]bool{}
			continue
		}
		for key, value := range data {
			set(object.String(source, "prefix")+key, strings.ReplaceAll(value, "$(", "$$("))
		}
	}
	for _, v := range object.List(container, "env") {
		name := object.String(v, "name")
		from := object.String(v, "valueFrom", "configMapKeyRef", "name")
		secret := object.String(v, "valueFrom", "secretKeyRef", "name")
		switch data, found := configMap(from); {
		case from != "" && found:
			set(name, strings.ReplaceAll(data[object.String(v, "valueFrom", "configMapKeyRef", "key")], "$(", "$$("))
		case from != "" || secret != "":
			set(name, "")
			u.named[name] = "ConfigMap " + from + " (env)"
			if secret != "" {
				u.named[name] = "Secret " + secret + " (env)"
			}
		default:
			u.known[name] = true
			delete(u.named, name)
			values = append(values, v)
		}
	}
	list := yaml.NewListRNode()
	for _, v := range values {
		list.YNode().Content = append(list.YNode().Content, v.YNode())
	}
	_ = container.PipeE(yaml.SetField("env", list)) // a map takes each field
	return u
}
