// Package istio is the catalogue: all that this project knows of Istio's
// programs and addons, as data.
//
// A component is a program that a tenant's control plane consists of, or that
// runs beside it. Each has a file of its own, and in it one value:
//
//	var mixer = Component{
//		Name:     "mixer",
//		Accounts: []string{"istio-mixer-service-account"},
//		Arguments: []Argument{{Name: "--configStoreURL", Value: "k8s://?ns={namespaces}", ...}},
//		Rights:   []Right{{Groups: []string{"config.istio.io"}, Resources: []string{"*"}, Read: ClusterException, ...}},
//	}
//
// The steps of the chain walk [Components]; none of them holds a name, a
// version or a port of its own. Everything that a version changes has a [Range].
package istio
