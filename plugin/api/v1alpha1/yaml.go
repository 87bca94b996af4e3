package v1alpha1

import "github.com/istio-tenancy/istio-tenancy/plugin/internal/strictyaml"

// parse reads the one YAML document of a configuration as JSON would hold it.
func parse(data []byte) (any, problems) {
	var p problems
	node, err := strictyaml.Document(data, "must be a YAML document with apiVersion, kind, metadata and spec")
	if err != nil {
		p.add("", "%s", err)
		return nil, p
	}
	tree, found := strictyaml.Value(node)
	for _, f := range found {
		p.add(f.Path, "%s", f.Message)
	}
	return tree, p
}
