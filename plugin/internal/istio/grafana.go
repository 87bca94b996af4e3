package istio

import (
	"strconv"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
)

// grafana is the addon that draws what Prometheus has collected. It asks nothing
// of Kubernetes. Sources: grafana/grafana 12, docs/sources/administration/provisioning, and
// docs/sources/setup-grafana/configure-grafana of its variables.
var grafana = Component{
	Name:           "Grafana",
	Images:         []string{"grafana"},
	Containers:     []string{"grafana"},
	Accounts:       []string{"grafana"},
	Addon:          true,
	Configurations: []Configuration{{Mark: "datasources:", Edit: editDataSources}},
	Opens: []Opening{
		{
			Name: "GF_AUTH_ANONYMOUS_ORG_ROLE", Usual: []string{"Viewer"},
			Why: "whoever connects, such as any Pod of the tenant, has that role, with which an Admin changes its data sources, and lets it send requests to other addresses: write Viewer",
		},
		{
			Name: "GF_SECURITY_ADMIN_PASSWORD",
			Why:  "whoever reads the output has the password of its administrator: take it from a Secret",
		},
	},
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
