package istio

import (
	"strconv"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
)

// grafana is the addon that draws what Prometheus has collected. It asks nothing
// of Kubernetes. Sources: grafana/grafana 12, docs/sources/administration/provisioning.
var grafana = Component{
	Name:           "Grafana",
	Images:         []string{"grafana"},
	Containers:     []string{"grafana"},
	Accounts:       []string{"grafana"},
	Addon:          true,
	Configurations: []Configuration{{Mark: "datasources:", Edit: editDataSources}},
}

// editDataSources has Grafana ask the tenant's own addons.
func editDataSources(config *yaml.RNode, v Values) (notes []string, err error) {
	for i, source := range object.List(config, "datasources") {
		found, err := ownAddress(source, "", v, "url")
		if err != nil {
			return nil, err
		}
		for _, note := range found {
			notes = append(notes, "datasources["+strconv.Itoa(i)+"]."+note)
		}
	}
	return notes, nil
}
